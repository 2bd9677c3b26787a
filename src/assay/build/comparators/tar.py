"""Tar archives: what entries say, their order, their contents."""

from collections.abc import Iterator

from assay.build import entry_causes
from assay.build.comparators.base import Comparator, Looking, Pair, bad, cause
from assay.formats import tarread
from assay.model.comparison import Cause
from assay.model.limits import Limits
from assay.model.tree import TreeEntry

_MAGIC_AT = 257


def _read(data: bytes, limits: Limits, where: str) -> dict[bytes, tuple[TreeEntry, bytes, tarread.Form]]:
    found, forms = {}, list[tarread.Form]()
    for entry, content in tarread.read((data,), limits, where=where, forms=forms):
        found[entry.path] = entry, b"".join(content), forms.pop()
        if len(found) > limits.archive_entries_count:
            raise bad("tar", f"more than {limits.archive_entries_count} entries")
    return found


def _compare(pair: Pair, at: Looking) -> Iterator[Cause]:
    old, new = (_read(data, at.limits, pair.path) for data in (pair.before, pair.after))
    removed, added = entry_causes.only(old, new)
    yield from (cause(pair, "removed", path, "", member=_text(path), by="tar") for path in removed)
    yield from (cause(pair, "added", "", path, member=_text(path), by="tar") for path in added)
    moved = entry_causes.order(list(old), list(new))
    if moved:
        yield cause(pair, "archive-order", *moved, by="tar")
    told = bool(removed or added or moved)
    for path in sorted(old.keys() & new.keys()):
        (a, before, form), (b, after, other_form) = old[path], new[path]
        for kind in entry_causes.forms(form, other_form) if a.kind == b.kind else ():
            told = True
            yield cause(pair, kind, member=_text(path), by="tar", detail="the header's names or form")
        for kind, x, y in entry_causes.differences(a, b):
            told = True
            yield cause(pair, kind, x, y, member=_text(path), by="tar")
        told = told or before != after
        yield from at.into(pair, _text(path), before, after)
    if not told:
        yield cause(pair, "compressor", by="tar", detail="the same entries in another form of header or padding")


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")


ROW = Comparator(
    name="tar",
    fits=lambda name, data: data[_MAGIC_AT : _MAGIC_AT + 5] == b"ustar" and len(data) >= 1024,
    compare=_compare,
)
