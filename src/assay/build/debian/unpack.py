"""One package's tree as entries that have an owner, and the traces it leaves for scanners."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator

import msgspec

from assay.build.debian import deb, paths, scripts
from assay.build.debian.deb import Control
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.tree import OwnedEntry, Owner, Span, TreeEntry

Spool = Callable[[Iterable[bytes]], Span]
"""Keeps the bytes of a file and says where."""
_STATUS = b"var/lib/dpkg/status.d"
_KINDS = frozenset({"file", "directory", "symlink", "hardlink"})


class Unpacked(msgspec.Struct, frozen=True, kw_only=True):
    """A package, unpacked and not installed."""

    control: Control
    entries: tuple[OwnedEntry, ...]
    wishes: tuple[scripts.Alternative, ...] = ()
    """Alternatives its postinst would have registered."""


def unpack(
    chunks: Iterable[bytes],
    *,
    name: str,
    version: str,
    architecture: str,
    spool: Spool,
    strip: Collection[str] = (),
    where: str,
    limits: Limits = DEFAULT_LIMITS,
) -> Unpacked:
    """Read a `.deb` whose bytes are those of its pin.

    Args:
        chunks: the file.
        name: as pinned.
        version: as pinned.
        architecture: as pinned: the image's, or `all`.
        spool: keeps files.
        strip: what is left out.
        where: named in errors.
        limits: on sizes and counts.

    Raises:
        MalformedError, UnsupportedError: see `deb.read`. UntrustedError: not what the pin names.
    """
    owner = Owner("package", name)
    entries: list[OwnedEntry] = []
    sums: list[bytes] = []

    def take(control: Control, found: deb.Entries) -> None:
        deb.check(control, name=name, version=version, architecture=architecture, where=where)
        entries.extend(_entries(found, owner, spool, strip, sums, where))

    control = deb.read(chunks, where=where, take=take, limits=limits)
    text = control.text.rstrip("\n").encode() + b"\nStatus: install ok installed\n"
    place = _STATUS + b"/" + control.name.encode()
    entries.append(_file(place, text, owner, spool))
    entries.append(_file(place + b".md5sums", b"".join(sums), owner, spool))
    return Unpacked(control=control, entries=tuple(entries), wishes=scripts.alternatives(control.postinst))


def _entries(
    found: deb.Entries, owner: Owner, spool: Spool, strip: Collection[str], sums: list[bytes], where: str
) -> Iterator[OwnedEntry]:
    for entry, content in found:
        if not entry.path:
            continue
        if entry.kind not in _KINDS:
            raise UnsupportedError(
                "a package with a device or pipe", where=f"{where} {entry.path.decode('utf-8', 'replace')}",
                why=f"it is a {entry.kind} entry", remedy="no image should hold one: leave the package out",
            )  # fmt: skip
        path = paths.merged(entry.path)
        if paths.is_stripped(path, strip) or _is_merged_folder(entry, where):
            continue
        link = paths.merged(entry.link) if entry.kind == "hardlink" else entry.link
        moved = msgspec.structs.replace(entry, path=path, link=link)
        if moved.kind == "file":
            state = hashlib.md5(usedforsecurity=False)  # as dpkg lists files; nothing is believed because of it
            span = spool(_summed(content, state))
            sums.append(state.hexdigest().encode() + b"  " + path + b"\n")
            if span.size != entry.size:
                raise MalformedError("a file ends too soon", where=where, why=path.decode("utf-8", "replace"))
            yield OwnedEntry(moved, owner, span)
        else:
            yield OwnedEntry(moved, owner)


def _is_merged_folder(entry: TreeEntry, where: str) -> bool:
    """`/bin` and its like, as a folder or as the link: the image's own rule makes them."""
    if b"/" in entry.path or paths.merged(entry.path) == entry.path:
        return False
    if entry.kind not in ("directory", "symlink"):
        raise MalformedError(
            "a file where a folder of every system lies", where=where, why=f"/{entry.path.decode()} is a {entry.kind}",
            remedy="leave the package out",
        )  # fmt: skip
    return True


def _summed(content: Iterable[bytes], state: "hashlib._Hash") -> Iterator[bytes]:
    for piece in content:
        state.update(piece)
        yield piece


def _file(path: bytes, data: bytes, owner: Owner, spool: Spool) -> OwnedEntry:
    return OwnedEntry(TreeEntry(path=path, mode=0o644, size=len(data)), owner, spool([data]))
