"""Entries of a locked source, laid where an `install` entry of the spec says."""

from collections.abc import Iterable, Iterator

import msgspec

from assay.build import lock as locks
from assay.build import spec as specs
from assay.formats import sourcearchive
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UsageError
from assay.model.limits import Limits
from assay.model.tree import OwnedEntry, Owner, TreeEntry
from assay.ports.stores import ContentStore, Spool

Items = Iterator[tuple[TreeEntry, Iterable[bytes]]]


def install(
    source: specs.Source,
    locked: locks.SourceLock,
    item: specs.Install,
    owner: Owner,
    store: ContentStore,
    spool: Spool,
    limits: Limits,
    *,
    epoch: int,
) -> Iterator[OwnedEntry]:
    """A source's entries at their places in the image, their bytes in the spool.

    A folder's content comes into `to`; a file becomes `to`, or lies in it where `to` ends with a slash.

    Raises:
        UsageError: `path` names nothing in the source. MalformedError, UntrustedError, UnavailableError.
    """
    digest, strip = _content(source, locked)
    timeless = isinstance(locked, locks.GitLock | locks.DirectoryLock | locks.FileLock)
    place = _Place(item, owner, epoch if timeless else None)
    with store.open(digest) as pieces:
        if isinstance(locked, locks.FileLock):
            name = locked.name.encode()
            entry = TreeEntry(path=name, size=locked.size)
            found = list(place.lay(iter([(entry, pieces)]), spool, name))
        else:
            entries = _stripped(sourcearchive.read(pieces, limits, where=owner.name), strip)
            found = list(place.lay(entries, spool, _relative(item.path or "")))
        for _ in pieces:  # to the end, where the store's own check stands
            pass
    if not found:
        raise UsageError(
            "nothing to install", where=item.from_, why=f"{item.path or 'the source'} is not there or empty",
            remedy="check `path` in the spec",
        )  # fmt: skip
    return iter(found)


def laid(entries: Iterable[OwnedEntry], item: specs.Install) -> Iterator[OwnedEntry]:
    """Entries that are in the spool already (a step's output, dependencies), at their places in the image.

    Raises:
        UsageError: `path` names nothing in them.
    """
    wanted, found = _relative(item.path or ""), False
    for one in entries:
        place = _Place(item, one.owner, None)
        path = place.path(one.entry.path, wanted, folder=one.entry.kind == "directory")
        if path is None or not path:
            continue
        link = one.entry.link
        if one.entry.kind == "hardlink":
            link = place.path(link, wanted, folder=False) or link
        found = True
        yield OwnedEntry(place.entry(one.entry, path, link), one.owner, one.span)
    if not found:
        raise UsageError(
            "nothing to install", where=item.from_, why=f"{item.path or 'it'} is not there or empty",
            remedy="check `path` in the spec",
        )  # fmt: skip


def _content(source: specs.Source, locked: locks.SourceLock) -> tuple[Digest, int]:
    """The blob, and how many leading folders its names lose."""
    if isinstance(locked, locks.GitLock | locks.DirectoryLock):
        return Digest.parse(locked.content), 0
    strip = source.strip if isinstance(source, specs.ArchiveSource) else 0
    return Digest.parse(locked.sha256), strip


def _stripped(items: Items, strip: int) -> Items:
    for entry, content in items:
        parts = entry.path.split(b"/")[strip:]
        if not parts or not parts[0]:
            continue
        link = entry.link
        if entry.kind == "hardlink":
            link = b"/".join(link.split(b"/")[strip:])
        yield msgspec.structs.replace(entry, path=b"/".join(parts), link=link), content


class _Place(msgspec.Struct, frozen=True):
    """Where an `install` entry lays things, and what they look like there."""

    item: specs.Install
    owner: Owner
    time: int | None
    """Time of every entry; None keeps what an archive says."""

    def lay(self, items: Items, spool: Spool, wanted: bytes) -> Iterator[OwnedEntry]:
        """The entries at or below `wanted`, at their places."""
        for entry, content in items:
            path = self.path(entry.path, wanted, folder=entry.kind == "directory")
            if path is None:
                continue
            if entry.kind not in ("file", "directory", "symlink", "hardlink"):
                raise MalformedError(
                    "an entry no image should hold", where=f"{self.owner} {_shown(entry.path)}",
                    why=f"it is a {entry.kind}", remedy="leave it out of the source",
                )  # fmt: skip
            link = entry.link
            if entry.kind == "hardlink":
                link = self.path(link, wanted, folder=False) or link
            span = spool.add(content) if entry.kind == "file" else None
            yield OwnedEntry(self.entry(entry, path, link), self.owner, span)

    def path(self, path: bytes, wanted: bytes, *, folder: bool) -> bytes | None:
        """Where a path comes to lie; None where it is not asked for."""
        to = _relative(self.item.to)
        if not wanted:
            return b"/".join(filter(None, (to, path)))
        if path == wanted:
            into = self.item.to.endswith("/") and not folder
            return b"/".join(filter(None, (to, wanted.rpartition(b"/")[2]))) if into else to
        if path.startswith(wanted + b"/"):
            return b"/".join(filter(None, (to, path[len(wanted) + 1 :])))
        return None

    def entry(self, entry: TreeEntry, path: bytes, link: bytes) -> TreeEntry:
        """The entry with the owner and modes the image gives it: what an archive says of them does not count."""
        mode = {"directory": 0o755, "symlink": 0o777}.get(entry.kind, 0o755 if entry.mode & 0o100 else 0o644)
        if self.item.mode is not None and entry.kind in ("file", "hardlink"):
            mode = int(self.item.mode, 8)
        return TreeEntry(
            path=path, kind=entry.kind, mode=mode, uid=self.item.uid, gid=self.item.gid,
            mtime=entry.mtime if self.time is None else self.time, size=entry.size, link=link,
        )  # fmt: skip


def _relative(path: str) -> bytes:
    return b"/".join(part for part in path.encode().split(b"/") if part not in (b"", b"."))


def _shown(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")
