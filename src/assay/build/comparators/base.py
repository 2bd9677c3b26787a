"""What a comparator is: a row and a file. It looks at two contents of one name and says why they differ."""

import codecs
from collections.abc import Callable, Iterator

import msgspec

from assay.model.comparison import Cause, CauseClass, Conditions
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import DEFAULT_LIMITS, Limits

SHOWN_CHARACTERS = 120


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two contents of one name that differ."""

    path: str
    """The file in the image."""
    name: str
    """Its own name, or the member's: what a comparator goes by besides the first bytes."""
    before: bytes
    after: bytes
    inner: tuple[str, ...] = ()


class Budget:
    """What is left of the bytes a comparison may inflate."""

    def __init__(self, left: int) -> None:
        self._left = left

    def take(self, size: int) -> None:
        """Take some.

        Raises:
            UnsupportedError: there is not so much left.
        """
        self._left -= size
        if self._left < 0:
            raise UnsupportedError(
                "the comparison is over its limits", why="archives inflate to more than compare_held_bytes",
                remedy="raise the limit if you trust both images",
            )  # fmt: skip


class Looking(msgspec.Struct, frozen=True, kw_only=True):
    """What comparators work with."""

    before: Conditions = Conditions()
    after: Conditions = Conditions()
    limits: Limits = DEFAULT_LIMITS
    budget: Budget
    depth: int = 0
    look: Callable[[Pair, "Looking"], Iterator[Cause]]
    """Compare what is inside: picks the comparator again."""

    def into(self, pair: Pair, member: str, before: bytes, after: bytes) -> Iterator[Cause]:
        """Causes inside a member; nothing when both are the same.

        Raises:
            UnsupportedError: deeper than `compare_depth_count`.
        """
        if before == after:
            return
        self.budget.take(len(before) + len(after))
        inner = Pair(
            path=pair.path, name=member.rpartition("/")[2] or member, before=before, after=after,
            inner=(*pair.inner, member),
        )  # fmt: skip
        yield from self.look(inner, msgspec.structs.replace(self, depth=self.depth + 1))


class Comparator(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the table."""

    name: str
    fits: Callable[[str, bytes], bool]
    """Whether it knows such a file, by name and content; asked of both sides."""
    compare: Callable[[Pair, Looking], Iterator[Cause]]
    """May raise `MalformedError` or `UnsupportedError`: then the next row is tried."""


def cause(
    pair: Pair, kind: CauseClass, before: object = "", after: object = "", *, shown: bool = False, detail: str = "",
    member: str = "", by: str = "",
) -> Cause:  # fmt: skip
    """A cause at this place."""
    inner = (*pair.inner, member) if member else pair.inner
    return Cause(
        path=pair.path, kind=kind, inner=" > ".join(inner), comparator=by, before=shorten(before),
        after=shorten(after), shown=shown, detail=detail,
    )  # fmt: skip


def shorten(value: object) -> str:
    """A value as short printable text; bytes as text where they are, else as hexadecimal digits."""
    if isinstance(value, bytes):
        text = _text(value[: 4 * SHOWN_CHARACTERS + 4])  # a character has four bytes at most
        if text is None or not all(char.isprintable() or char in "\t " for char in text):
            text = value[: SHOWN_CHARACTERS // 2].hex()
    else:
        text = "".join(char if char.isprintable() else "?" for char in str(value)[: 2 * SHOWN_CHARACTERS])
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


def _text(data: bytes) -> str | None:
    """What begins as UTF-8 does, be its last character cut off; None where it is something else."""
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return None


def bad(what: str, why: str) -> MalformedError:
    """A content that is not what its name or first bytes say."""
    return MalformedError(f"damaged {what}", why=why, remedy="it is compared byte by byte instead")
