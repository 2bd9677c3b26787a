"""From what an advisory says about a package to the intervals that are kept: keys where there are keys.

A range whose bounds have keys becomes an interval of keys, half-open, so that a lookup is an index scan; a listed
version with a key becomes the interval of that one version, unless the record's own ranges hold it already (most of
PyPI's lists repeat its ranges). Everything else is kept as text and compared one by one.
"""

from collections.abc import Callable, Iterator

from assay.dependencies.names import canonical_name
from assay.model.advisory import Affected, VersionRange
from assay.ports.feeds import StoredRange

Key = Callable[[str], bytes | None]
_Bounds = tuple[bytes, bytes]


def stored_ranges(affected: Affected, *, advisory: str, feed: str, key: Key) -> Iterator[StoredRange]:
    """Every interval of one affected package.

    Args:
        affected: as parsed.
        advisory: the record's id.
        feed: where it came from.
        key: the ecosystem's order-preserving key, None for a version that has none.
    """
    ecosystem, name, state = affected.ecosystem, canonical_name(affected.ecosystem, affected.name), affected.state
    kept: list[_Bounds] = []
    for item in affected.ranges:
        pair = bounds(item, key)
        if pair is not None:
            kept.append(pair)
        yield StoredRange(
            ecosystem=ecosystem, name=name, advisory=advisory, feed=feed, state=state,
            lo=pair and pair[0], hi=pair and pair[1], introduced=item.introduced, fixed=item.fixed,
            last_affected=item.last_affected, limit=item.limit,
        )  # fmt: skip
    keyless = []
    for version in affected.versions:
        value = key(version)
        if value is None:
            keyless.append(version)
        elif not any(lo <= value and (not hi or value < hi) for lo, hi in kept):
            yield StoredRange(
                ecosystem=ecosystem, name=name, advisory=advisory, feed=feed, state=state,
                lo=value, hi=value + b"\0", versions=(version,),
            )  # fmt: skip
    if keyless or not (affected.ranges or affected.versions):
        yield StoredRange(
            ecosystem=ecosystem, name=name, advisory=advisory, feed=feed, state=state, versions=tuple(keyless)
        )


def bounds(item: VersionRange, key: Key) -> _Bounds | None:
    """Keys [lo, hi) of a range: lo b"" = from the first version, hi b"" = no end; None when a bound has no key.

    None too where it ends before it begins: nobody can tell what was meant, and as an interval it would hold nothing.

    An inclusive upper bound is its key + 00: nothing lies between. Of several upper bounds the lowest counts.
    """
    low = key(item.introduced) if item.introduced else b""
    highs = [key(item.fixed)] if item.fixed else []
    if item.last_affected:
        last = key(item.last_affected)
        highs.append(None if last is None else last + b"\0")
    if low and any(high is not None and high < low for high in highs):
        return None
    if item.limit:
        highs.append(key(item.limit))
    known = [high for high in highs if high is not None]
    if low is None or len(known) != len(highs):
        return None
    return low, min(known, default=b"")
