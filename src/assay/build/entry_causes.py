"""Two lists of tar entries compared by what they say of each path; contents are somebody else's."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from assay.formats.tarread import Form
from assay.model.comparison import CauseClass
from assay.model.tree import TreeEntry

Told = tuple[CauseClass, str, str]
"""(class, in A, in B)"""


def differences(before: TreeEntry, after: TreeEntry) -> Iterator[Told]:
    """What two entries of one path say differently; sizes are left to whoever reads the contents."""
    if before.kind != after.kind:
        yield "link", f"{before.kind} {_text(before.link)}".strip(), f"{after.kind} {_text(after.link)}".strip()
        return
    if before.mode != after.mode:
        yield "mode", f"{before.mode:04o}", f"{after.mode:04o}"
    if (before.uid, before.gid) != (after.uid, after.gid):
        yield "owner", f"{before.uid}:{before.gid}", f"{after.uid}:{after.gid}"
    if before.mtime != after.mtime:
        yield "time", str(before.mtime), str(after.mtime)
    if before.link != after.link:
        yield "link", _text(before.link), _text(after.link)
    if before.xattrs != after.xattrs:
        yield "xattr", _attributes(before), _attributes(after)


def forms(before: Form, after: Form) -> Iterator[CauseClass]:
    """What headers of one path differ in beside what entries say: names of owners, anything else.

    Whether there is an extended header at all follows from what it says.
    """
    if before[0] != after[0]:
        yield "owner"
    if before[1] != after[1] or (before[2] and after[2] and before[2] != after[2]):
        yield "unknown"


def order(before: Sequence[bytes], after: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """The first place where the paths both lists have stand in another order."""
    old, new = set(before), set(after)
    one = [path for path in dict.fromkeys(before) if path in new]
    other = [path for path in dict.fromkeys(after) if path in old]
    return next(((a, b) for a, b in zip(one, other, strict=True) if a != b), None)


def only(before: Mapping[bytes, object], after: Mapping[bytes, object]) -> tuple[list[bytes], list[bytes]]:
    """Paths of one side alone: removed and added, sorted."""
    return sorted(before.keys() - after.keys()), sorted(after.keys() - before.keys())


def latest(entries: Iterable[TreeEntry]) -> dict[bytes, TreeEntry]:
    """By path; of several the last counts, as when it is unpacked."""
    return {entry.path: entry for entry in entries}


def _attributes(entry: TreeEntry) -> str:
    return ", ".join(f"{_text(name)}={value.hex()[:40]}" for name, value in entry.xattrs)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")
