"""Unix archives as Debian packages are (deb(5), ar(5) "common" format): members one after another, from a stream."""

from collections.abc import Iterable, Iterator

import msgspec

from assay.model.errors import MalformedError, UnsupportedError

MAGIC = b"!<arch>\n"
_HEAD = 60
_DIGITS = frozenset(b"0123456789")


class Member(msgspec.Struct, frozen=True):
    """One member; `name` without trailing spaces and slash."""

    name: str
    size: int


def members(
    chunks: Iterable[bytes], *, where: str, limit: int, count: int = 16
) -> Iterator[tuple[Member, Iterator[bytes]]]:
    """Members in order, each with its content; what the caller does not read of it is skipped.

    Args:
        chunks: the archive.
        where: named in errors.
        limit: greatest size of one member, in bytes.
        count: greatest number of members.

    Raises:
        MalformedError: not such an archive, or one that ends early.
        UnsupportedError: a long name (GNU, BSD), a thin archive, more than a limit.
    """
    stream = _Stream(chunks, where)
    if stream.exactly(len(MAGIC), "its first line") != MAGIC:
        raise _bad(where, "it does not begin with !<arch>")
    seen = 0
    while head := stream.up_to(_HEAD):
        if len(head) < _HEAD:
            raise _bad(where, "it ends in a member's header")
        member = _member(head, where)
        seen += 1
        if member.size > limit or seen > count:
            raise UnsupportedError(
                "archive over its limits", where=f"{where} {member.name}",
                why=f"member {seen} of {member.size} bytes, limits {count} and {limit}", remedy="raise the limit",
            )  # fmt: skip
        content = stream.content(member)
        yield member, content
        for _ in content:
            pass
        # ar(5): members begin at even places. Some writers leave the last pad byte out.
        if member.size % 2 and stream.up_to(1) not in (b"", b"\n", b"\0"):
            raise _bad(where, f"no padding after {member.name}")


def _member(head: bytes, where: str) -> Member:
    name, size, end = head[:16].rstrip(b" "), head[48:58].rstrip(b" "), head[58:]
    if end != b"`\n":
        raise _bad(where, "a member's header does not end as it should")
    if not size or not _DIGITS.issuperset(size):
        raise _bad(where, f"a member's size is {size!r}")
    if name.startswith((b"/", b"#1/")):
        raise UnsupportedError(
            "archive with long names", where=where, why=repr(name), remedy="Debian packages have none: fetch it again"
        )
    plain = name.removesuffix(b"/")
    if not plain or not plain.isascii() or not plain.decode().isprintable():
        raise _bad(where, f"a member's name is {name!r}")
    return Member(plain.decode(), int(size))


class _Stream:
    """Bytes on demand from chunks."""

    def __init__(self, chunks: Iterable[bytes], where: str) -> None:
        self._next = iter(chunks)
        self._held, self._where = b"", where

    def up_to(self, size: int) -> bytes:
        """`size` bytes, fewer at the end."""
        while len(self._held) < size:
            more = next(self._next, None)
            if more is None:
                break
            self._held += more
        data, self._held = self._held[:size], self._held[size:]
        return data

    def exactly(self, size: int, what: str) -> bytes:
        data = self.up_to(size)
        if len(data) < size:
            raise _bad(self._where, f"it ends in {what}")
        return data

    def content(self, member: Member) -> Iterator[bytes]:
        """The content of the current member, in pieces."""
        left = member.size
        while left:
            while not self._held:
                more = next(self._next, None)
                if more is None:
                    raise _bad(self._where, f"it ends in {member.name}")
                self._held = more
            piece, self._held = self._held[:left], self._held[left:]
            left -= len(piece)
            yield piece


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not a Unix archive", where=where, why=why, remedy="fetch the package again")
