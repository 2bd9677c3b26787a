"""Two images compared: first what they are made of, then each file that differs, until every difference has a cause.

Layers with one diffID are not opened. Others are read as streams (`trees`). What is held lies in a spool, bounded.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, get_args

import msgspec

from assay.build import causes as texts
from assay.build import comparators, entry_causes, trees
from assay.build.layers_of import Row
from assay.build.trees import Opened
from assay.formats import strictjson
from assay.model.comparison import Cause, CauseClass, Comparison, Conditions, LayerPair, Verdict
from assay.model.errors import MalformedError, UnsupportedError, UsageError
from assay.model.image import Image
from assay.model.limits import Limits
from assay.ports.stores import Spool

_FOLLOWS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "config": (("rootfs", "diff_ids"),),
    "manifest": (("layers",), ("config", "digest"), ("config", "size")),
}
"""The documents of an image, and what in them only repeats that layers or the config differ."""

Keys: TypeAlias = tuple[str | int, ...]
"""The way to a value of a JSON document: names of objects, numbers in lists."""


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two images."""

    image: Image
    manifest: bytes
    config: bytes
    layers: tuple[Opened, ...]
    """Each opens one layer, inflated; what was read is proven at its end."""
    conditions: Conditions = Conditions()
    owners: Mapping[bytes, str] = {}
    """Path → whose it is, where the build that made it is at hand."""


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What a comparison works with."""

    before: Side
    after: Side
    spool: Spool
    limits: Limits
    looking: comparators.Looking
    gaps: list[str]
    seen: list[int]
    """Entries and differing files, counted."""


def compare(before: Side, after: Side, spool: Spool, limits: Limits, *, allowed: Iterable[str] = ()) -> Comparison:
    """Compare two images.

    Args:
        before: A.
        after: B.
        spool: room for contents that differ.
        limits: `compare_…`, and those of tar archives.
        allowed: cause classes a policy lists as harmless; `unknown` is none.

    Raises:
        UsageError: `allowed` names no cause class, or `unknown`.
        UntrustedError: a layer is not what its digest says.
    """
    harmless = _checked(allowed)
    pairs = _pairs(before.image, after.image)
    if before.image.subject.digest is not None and before.image.subject.digest == after.image.subject.digest:
        return _answer(before, after, "identical", (), pairs, (0, 0), (), harmless, limits)
    looking = comparators.looking(before.conditions, after.conditions, limits)
    work = Work(before=before, after=after, spool=spool, limits=limits, looking=looking, gaps=[], seen=[0, 0])
    found = [*_documents(work), *_layers(work, pairs)]
    same = all(pair.same_content for pair in pairs)
    verdict = _verdict(found, work.gaps, harmless, same)
    return _answer(before, after, verdict, found, pairs, (work.seen[0], work.seen[1]), work.gaps, harmless, limits)


def _verdict(found: Sequence[Cause], gaps: Sequence[str], allowed: Sequence[str], same: bool) -> Verdict:
    kinds = {one.kind for one in found}
    if same and kinds <= {"compressor", "timestamp"}:
        return "same-content"
    if kinds - set(allowed):
        return "different"
    return "unknown" if gaps or not found else "equivalent"


def _answer(
    before: Side, after: Side, verdict: Verdict, found: Sequence[Cause], pairs: tuple[LayerPair, ...],
    seen: tuple[int, int], gaps: Sequence[str], allowed: tuple[str, ...], limits: Limits,
) -> Comparison:  # fmt: skip
    return Comparison(
        before=before.image.subject, after=after.image.subject, verdict=verdict,
        causes=tuple(sorted(found)[: limits.compare_causes_count]),
        counts=dict(sorted(Counter(one.kind for one in found).items())), layers=pairs, compared_entries_count=seen[0],
        differing_files_count=seen[1], gaps=tuple(gaps), allowed=allowed,
    )  # fmt: skip


def _checked(allowed: Iterable[str]) -> tuple[str, ...]:
    known = set(get_args(CauseClass)) - {"unknown"}
    if wrong := sorted(set(allowed) - known):
        raise UsageError(
            "not a cause that can be allowed", why=", ".join(wrong), remedy=f"choose among {', '.join(sorted(known))}"
        )
    return tuple(sorted(set(allowed)))


def _pairs(one: Image, other: Image) -> tuple[LayerPair, ...]:
    found = []
    for index in range(max(len(one.layers), len(other.layers))):
        a = one.layers[index] if index < len(one.layers) else None
        b = other.layers[index] if index < len(other.layers) else None
        same = a is not None and b is not None and a.diff_id is not None and a.diff_id == b.diff_id
        blob = same and a is not None and b is not None and a.digest == b.digest
        found.append(
            LayerPair(
                index=index,
                before=str(a.diff_id or "") if a else "",
                after=str(b.diff_id or "") if b else "",
                same_content=same,
                same_blob=blob,
            )
        )
    return tuple(found)


def _documents(work: Work) -> Iterator[Cause]:
    """What config and manifest say differently, value by value."""
    for name, follows in _FOLLOWS.items():
        old, new = (_values(getattr(side, name), name, work.limits) for side in (work.before, work.after))
        for path, keys in sorted(
            ((_path(keys), keys) for keys in old.keys() | new.keys()), key=lambda row: (row[0], repr(row))
        ):
            a, b = old.get(keys), new.get(keys)
            if a == b or any(keys[: len(those)] == those for those in follows):
                continue
            one, other = (value[1] if value else "" for value in (a, b))
            kinds: list[tuple[CauseClass, bool]] = [("unknown", False)]
            if a is None or b is None:
                kinds = [("added" if a is None else "removed", False)]
            elif one != other:
                looking = work.looking
                found = texts.text(one.encode(), other.encode(), looking.before, looking.after)
                kinds = [(item.kind, item.shown) for item in found]
            for kind, shown in kinds:
                yield Cause(
                    path=name, kind=kind, inner=path, comparator="json", shown=shown,
                    before=comparators.shorten(one), after=comparators.shorten(other),
                )  # fmt: skip


def _values(data: bytes, where: str, limits: Limits) -> dict[Keys, tuple[str, str]]:
    """Each value of a JSON document, its type and its text, by the names and numbers that lead to it.

    An empty object or list is a value too: a port or a volume of a config is the name of one.
    """
    found: dict[Keys, tuple[str, str]] = {}
    stack: list[tuple[Keys, Any]] = [((), strictjson.loads(data, where=where, limit=limits.config_bytes))]
    while stack:
        keys, value = stack.pop()
        if isinstance(value, dict) and value:
            stack += [((*keys, name), inner) for name, inner in value.items()]
        elif isinstance(value, list) and value:
            stack += [((*keys, number), inner) for number, inner in enumerate(value)]
        else:
            found[keys] = type(value).__name__, str(value)
    return found


def _path(keys: Keys) -> str:
    """Those names and numbers as people write them: `config.Entrypoint[0]`."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).lstrip(".")


def _layers(work: Work, pairs: Sequence[LayerPair]) -> Iterator[Cause]:
    for pair in pairs:
        if pair.same_content and not pair.same_blob:
            yield Cause(path=f"layer {pair.index}", kind="compressor", comparator="layers", detail="the same diffID")
    if all(pair.same_content for pair in pairs):
        return
    if len(work.before.layers) == len(work.after.layers):
        for pair in pairs:
            if not pair.same_content:
                yield from _trees(work, range(pair.index, pair.index + 1), range(pair.index, pair.index + 1))
        return
    yield from _trees(work, range(len(work.before.layers)), range(len(work.after.layers)))


def _trees(work: Work, one: range, other: range) -> Iterator[Cause]:
    """The same layer of both images, or all their layers merged."""
    where = f"layer {one.start}" if len(one) == 1 else "all layers"
    try:
        old, new = trees.both(work.before.layers, one, work.after.layers, other, work.spool, work.limits)
    except (MalformedError, UnsupportedError) as error:
        work.gaps.append(f"{where}: {error.line()}")
        return
    work.seen[0] += len(old.keys() | new.keys())
    found = list(_entries(work, old, new))
    if len(one) == len(other) == 1 and (moved := entry_causes.order(list(old), list(new))):
        found.append(_cause(work, moved[0], "archive-order", moved[0], moved[1], where))
    if not found:
        alike = len(one) == len(other) == 1
        detail = "tar headers in another form" if alike else "the same files, cut into other layers"
        found.append(Cause(path=where, kind="unknown", comparator="layers", detail=detail))
    yield from found


def _entries(work: Work, old: Mapping[bytes, Row], new: Mapping[bytes, Row]) -> Iterator[Cause]:
    removed, added = entry_causes.only(old, new)
    yield from (_cause(work, path, "removed", old[path].entry.kind, "", "entries") for path in removed)
    yield from (_cause(work, path, "added", "", new[path].entry.kind, "entries") for path in added)
    other_forms: dict[CauseClass, list[bytes]] = {}
    for path in sorted(old.keys() & new.keys()):
        a, b = old[path], new[path]
        if a is b or (a.entry == b.entry and a.digest == b.digest and a.form == b.form):
            continue
        for kind, x, y in entry_causes.differences(a.entry, b.entry):
            yield _cause(work, path, kind, x, y, "entries")
        for kind in entry_causes.forms(a.form, b.form) if a.entry.kind == b.entry.kind else ():
            other_forms.setdefault(kind, []).append(path)
        if a.entry.kind == b.entry.kind == "file" and a.digest != b.digest:
            work.seen[1] += 1
            yield from _contents(work, path, a, b)
    for kind, paths in other_forms.items():
        what = "names of owners" if kind == "owner" else "tar headers in another form"
        yield _cause(work, paths[0], kind, "", "", "entries", f"{what}, {len(paths)} entries")


def _contents(work: Work, path: bytes, a: Row, b: Row) -> Iterator[Cause]:
    if a.span is None or b.span is None:
        yield _cause(work, path, "unknown", a.digest.hex(), b.digest.hex(), "entries", "too large to be looked into")
        return
    before, after = (b"".join(work.spool.read(span)) for span in (a.span, b.span))
    name = _text(path)
    pair = comparators.Pair(path=name, name=name.rpartition("/")[2], before=before, after=after)
    try:
        work.looking.budget.take(len(before) + len(after))
        for one in comparators.explain(pair, work.looking):
            yield msgspec.structs.replace(one, owner=_owner(work, path))
    except UnsupportedError as error:
        work.gaps.append(f"{name}: {error.line()}")
        yield _cause(work, path, "unknown", "", "", "entries", error.what)


def _cause(
    work: Work, path: bytes, kind: CauseClass, before: object, after: object, by: str, detail: str = ""
) -> Cause:
    return Cause(
        path=_text(path), kind=kind, comparator=by, before=comparators.shorten(before), detail=detail,
        after=comparators.shorten(after), owner=_owner(work, path),
    )  # fmt: skip


def _owner(work: Work, path: bytes) -> str:
    return work.before.owners.get(path) or work.after.owners.get(path, "")


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")
