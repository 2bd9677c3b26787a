"""One tree from what several owners bring: every entry has one owner, one meaning and a time that tells nothing.

Times: a file keeps its own, at most the epoch; every directory has the epoch, for a directory that two packages share
would otherwise change when one of them leaves.
"""

from collections.abc import Iterable

import msgspec

from assay.model.errors import MalformedError
from assay.model.tree import OwnedEntry, Owner, TreeEntry

PARENTS = Owner("rule", "parents")
"""Owner of folders nobody brought."""


def compose(entries: Iterable[OwnedEntry], *, epoch: int) -> tuple[OwnedEntry, ...]:
    """The tree, sorted by the bytes of its paths; the same entries in any order give the same tree.

    Raises:
        MalformedError: two owners disagree on a path, a path leads through what is no folder, a hard link to nothing.
    """
    tree: dict[bytes, OwnedEntry] = {}
    for item in sorted(entries, key=lambda item: (item.entry.path, item.owner)):
        path = item.entry.path
        if not path:
            continue  # the root is the runtime's
        found = tree.get(path)
        tree[path] = item if found is None else _settled(found, item)
    _link(tree)
    for path in list(tree):
        _parents(tree, path)
    return tuple(_timed(tree[path], epoch) for path in sorted(tree))


def _settled(first: OwnedEntry, second: OwnedEntry) -> OwnedEntry:
    """Two owners may share a folder, and a file if they mean the very same one; the first by name keeps it."""
    if _meaning(first) != _meaning(second):
        raise MalformedError(
            "two owners of one path disagree", where=_shown(first.entry.path),
            why=f"{first.owner} has a {_told(first)}, {second.owner} a {_told(second)}",
            remedy="leave it out of one of them",
        )  # fmt: skip
    return first


def _meaning(item: OwnedEntry) -> tuple[object, ...]:
    entry = item.entry
    content = item.span.digest if item.span else ""
    return (entry.kind, entry.mode, entry.uid, entry.gid, entry.link, entry.xattrs, entry.size, content)


def _told(item: OwnedEntry) -> str:
    entry = item.entry
    content = f" sha256:{item.span.digest[:12]}…" if item.span else f" to {_shown(entry.link)}" if entry.link else ""
    return f"{entry.kind} {entry.mode:04o} {entry.uid}:{entry.gid}{content}"


def _link(tree: dict[bytes, OwnedEntry]) -> None:
    """The first path of a hard-linked file, by its bytes, is the file; the others link to it.

    A link across owners becomes a file of its own: owners may end in different layers.
    """
    groups: dict[tuple[bytes, Owner], list[bytes]] = {}
    for path, item in tree.items():
        if item.entry.kind != "hardlink":
            continue
        target = tree.get(item.entry.link)
        if target is None or target.entry.kind != "file":
            raise MalformedError(
                "a hard link to nothing", where=_shown(path), why=f"{_shown(item.entry.link)} is no file of the tree",
                remedy="bring the file too",
            )  # fmt: skip
        groups.setdefault((item.entry.link, item.owner), []).append(path)
    for (target_path, owner), paths in groups.items():
        target = tree[target_path]
        family = sorted([*paths, target_path] if target.owner == owner else paths)
        for path in family:
            file = msgspec.structs.replace(target.entry, path=path)
            if path != family[0]:
                file = msgspec.structs.replace(file, kind="hardlink", link=family[0], size=0)
            tree[path] = OwnedEntry(file, owner, target.span if path == family[0] else None)


def _parents(tree: dict[bytes, OwnedEntry], path: bytes) -> None:
    """Add the folders above a path that nobody brought."""
    while path := path.rpartition(b"/")[0]:
        found = tree.get(path)
        if found is None:
            tree[path] = OwnedEntry(TreeEntry(path=path, kind="directory", mode=0o755), PARENTS)
        elif found.entry.kind != "directory":
            raise MalformedError(
                "a path leads through what is no folder", where=_shown(path),
                why=f"{found.owner} has a {_told(found)} there", remedy="bring it under the folder's true path",
            )  # fmt: skip
        else:
            return  # its own parents are looked at when its turn comes


def _timed(item: OwnedEntry, epoch: int) -> OwnedEntry:
    entry = item.entry
    time = epoch if entry.kind == "directory" or item.owner.kind == "rule" else max(0, min(entry.mtime, epoch))
    return OwnedEntry(msgspec.structs.replace(entry, mtime=time), item.owner, item.span)


def _shown(path: bytes) -> str:
    return "/" + path.decode("utf-8", "surrogateescape")
