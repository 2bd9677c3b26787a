"""The table of comparators: the first row that fits both sides and can read them says why they differ."""

from collections.abc import Iterator

from assay.build.comparators import ar, elf, gzip, plain, pyc, records, tar, xz, zipped
from assay.build.comparators.base import Budget, Comparator, Looking, Pair, shorten
from assay.model.comparison import Cause, Conditions
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import Limits

TABLE: tuple[Comparator, ...] = (
    records.ROW, gzip.ROW, xz.ROW, zipped.ROW, ar.ROW, pyc.ROW, elf.ROW, tar.ROW, plain.TEXT, plain.BINARY,
)  # fmt: skip
"""Plain text and plain bytes come last: the one fits what is text, the other everything."""

__all__ = ["TABLE", "Budget", "Comparator", "Looking", "Pair", "explain", "looking", "shorten"]


def looking(one: Conditions, other: Conditions, limits: Limits) -> Looking:
    """What a comparison starts with."""
    return Looking(before=one, after=other, limits=limits, budget=Budget(limits.compare_held_bytes), look=explain)


def explain(pair: Pair, at: Looking) -> Iterator[Cause]:
    """Why two contents differ; at least one cause, at worst `unknown`. Nothing when they do not differ."""
    if pair.before == pair.after:
        return
    deep = at.depth >= at.limits.compare_depth_count
    rows = TABLE[-2:] if deep else TABLE
    for row in rows:
        if not (row.fits(pair.name, pair.before) and row.fits(pair.name, pair.after)):
            continue
        try:
            found = list(row.compare(pair, at))
        except (MalformedError, UnsupportedError):
            continue
        if found:
            yield from found
            return
