"""How well the versions of a library fit the classes of a folder: by their checksums, or by their names alone.

What a copy lacks counts less than what contradicts it: a copy may be minimised, but it holds no class that its version
does not have.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, compress
from typing import NamedTuple

from assay.formats.fingerprints import Block

_LEAST_CLASSES = 4
"""Unchanged classes before a version is named (all, of a library that has fewer)."""
_SOME_SHARE, MOST_SHARE = 0.25, 0.5
"""Share of a version's features: the least, and that of a strong finding."""
_NAMES_SHARE, _LEAST_NAMES = 0.85, 8
"""The same for names alone."""


class Score(NamedTuple):
    """How one version fits: features that must be there, are there, are there with other content."""

    total: int
    hits: int
    conflicts: int


def by_classes(block: Block, present: dict[int, set[int]], versions: int) -> list[Score]:
    """One score a version; `present` has the CRC-32s of the classes there by the number of their name."""
    hits, conflicts = ([0] * len(block.masks) for _ in range(2))
    for name, there in enumerate(map(present.get, block.names)):  # few of a library's names are in one archive
        if there:
            start = bisect_left(block.class_names, name)
            end = bisect_right(block.class_names, name, start)
            for crc, mask in zip(block.classes[start:end], block.class_masks[start:end], strict=True):
                if crc in there:
                    hits[mask] += 1
                else:
                    conflicts[mask] += 1
    if sum(hits) < min(_LEAST_CLASSES, len(block.classes)):
        return [Score(1, 0, 0)] * versions  # compiled anew: nothing to tell the versions by
    return _scores(block.masks, versions, _totals(block.masks, block.class_masks, versions), hits, conflicts)


def by_names(block: Block, present: dict[int, set[int]], versions: int) -> list[Score]:
    """The same by names alone: nothing contradicts."""
    hits = [0] * len(block.masks)
    for mask in compress(block.name_masks, map(present.__contains__, block.names)):
        hits[mask] += 1
    if sum(hits) < _NAMES_SHARE * _LEAST_NAMES:
        return [Score(1, 0, 0)] * versions
    return _scores(block.masks, versions, _totals(block.masks, block.name_masks, versions), hits, [0] * len(hits))


def _scores(
    masks: Sequence[bytes], versions: int, totals: Sequence[int], hits: Sequence[int], conflicts: Sequence[int]
) -> list[Score]:
    """Counts for each mask summed for each version. Of the masks of a library few speak of one archive."""
    said = (_summed(masks, counts, versions) for counts in (hits, conflicts))
    return [Score(*values) for values in zip(totals, *said, strict=True)]


@lru_cache(maxsize=32)  # a library that is in one archive is mostly in others, too
def _totals(masks: tuple[bytes, ...], used: tuple[int, ...], versions: int) -> list[int]:
    """How many features each version has; `used` names the mask of each feature."""
    counted = Counter(used)
    return _summed(masks, [counted[mask] for mask in range(len(masks))], versions)


def _summed(masks: Sequence[bytes], counts: Sequence[int], versions: int) -> list[int]:
    """For each version the sum over the masks it is in.

    Masks are mostly runs of neighbouring versions: a run adds its count where it starts and takes it where it ends.
    """
    changes = [0] * (versions + 1)
    every = (1 << versions) - 1
    for mask, count in zip(masks, counts, strict=True):
        if not count:
            continue
        bits = int.from_bytes(mask, "little") & every
        while bits:
            start = (bits & -bits).bit_length() - 1
            bits += 1 << start  # carries through the run
            end = (bits & -bits).bit_length() - 1
            bits ^= 1 << end
            changes[start] += count
            changes[end] -= count
    return list(accumulate(changes[:-1]))


def unchanged(scores: Sequence[Score]) -> list[int]:
    """The versions nothing contradicts and most classes speak for, if these are enough; a complete one goes first."""
    able = [
        index
        for index, score in enumerate(scores)
        if not score.conflicts
        and score.hits >= min(_LEAST_CLASSES, score.total)
        and score.hits
        and score.hits >= _SOME_SHARE * score.total
    ]
    most = max((scores[index].hits for index in able), default=0)
    best = [index for index in able if scores[index].hits == most]
    complete = [index for index in best if scores[index].total == most]
    return complete or best


def alike(scores: Sequence[Score]) -> list[int]:
    """The versions whose names are there most completely, if they are nearly all there; the larger ones first."""
    able = [index for index, score in enumerate(scores) if score.total >= _LEAST_NAMES]
    most = max((scores[index].hits / scores[index].total for index in able), default=0.0)
    best = [index for index in able if most >= _NAMES_SHARE and scores[index].hits / scores[index].total == most]
    hits = max((scores[index].hits for index in best), default=0)
    return [index for index in best if scores[index].hits == hits]
