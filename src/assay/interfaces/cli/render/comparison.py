"""A comparison of two images for a person's eyes."""

from itertools import groupby

from assay.interfaces.cli.render.text import safe
from assay.model.comparison import Cause, Comparison

_EACH_COUNT = 20
_MEANING = {
    "identical": "identical: the manifests are the same",
    "same-content": "same-content: every layer's content is the same, the manifests are not",
    "equivalent": "equivalent: they differ only in what was allowed",
    "different": "different",
    "unknown": "unknown: not everything could be looked into",
}


def text(comparison: Comparison, *, every: bool = False) -> str:
    """Verdict first, then causes by class, then what could not be seen."""
    lines = [_MEANING[comparison.verdict]]
    for name, subject in (("A", comparison.before), ("B", comparison.after)):
        lines.append(f"  {name} {subject.digest} {safe(subject.name)}")
    for pair in comparison.layers:
        if not pair.same_content:
            lines.append(f"  layer {pair.index}: {pair.before or 'none'} | {pair.after or 'none'}")
    if comparison.note:
        lines.append(f"  {safe(comparison.note)}")
    if comparison.causes:
        counts = ", ".join(f"{kind} {count}" for kind, count in comparison.counts.items())
        lines += ["", f"{sum(comparison.counts.values())} causes: {counts}"]
    for kind, group in groupby(sorted(comparison.causes, key=lambda one: one.kind), key=lambda one: one.kind):
        found = list(group)
        lines += ["", kind + (" (allowed)" if kind in comparison.allowed else "")]
        lines += [_line(one) for one in (found if every else found[:_EACH_COUNT])]
        if not every and len(found) > _EACH_COUNT:
            lines.append(f"  … and {len(found) - _EACH_COUNT} more")
    lines += [f"not looked into: {safe(gap)}" for gap in comparison.gaps]
    return "\n".join(lines) + "\n"


def _line(one: Cause) -> str:
    place = f"{one.path} > {one.inner}" if one.inner else one.path
    values = f": {one.before} | {one.after}" if one.before or one.after else ""
    marks = [mark for mark in ("shown" if one.shown else "", one.owner, one.detail) if mark]
    return safe(f"  {place}{values}" + (f" ({'; '.join(marks)})" if marks else ""))
