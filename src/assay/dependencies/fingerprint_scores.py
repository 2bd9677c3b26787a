"""How well the versions of a library fit the classes of a folder: by their checksums, or by their names alone.

What a copy lacks counts less than what contradicts it: a copy may be minimised, but it holds no class that its version
does not have.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
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
    found = list(map(present.get, block.names))
    for crc, there, mask in zip(
        block.classes, map(found.__getitem__, block.class_names), block.class_masks, strict=True
    ):
        if there is not None:
            if crc in there:
                hits[mask] += 1
            else:
                conflicts[mask] += 1
    if sum(hits) < min(_LEAST_CLASSES, len(block.classes)):
        return [Score(1, 0, 0)] * versions  # compiled anew: nothing to tell the versions by
    counted = Counter(block.class_masks)
    return _scores(block, versions, [counted[mask] for mask in range(len(block.masks))], hits, conflicts)


def by_names(block: Block, present: dict[int, set[int]], versions: int) -> list[Score]:
    """The same by names alone: nothing contradicts."""
    total, hits = ([0] * len(block.masks) for _ in range(2))
    for name, mask in zip(block.names, block.name_masks, strict=True):
        total[mask] += 1
        hits[mask] += name in present
    if sum(hits) < _NAMES_SHARE * _LEAST_NAMES:
        return [Score(1, 0, 0)] * versions
    return _scores(block, versions, total, hits, [0] * len(total))


def _scores(
    block: Block, versions: int, total: Sequence[int], hits: Sequence[int], conflicts: Sequence[int]
) -> list[Score]:
    """Counts for each mask summed for each version.

    Masks are mostly runs of neighbouring versions: a run adds its counts where it starts and takes them where it ends.
    """
    changes = [[0] * (versions + 1) for _ in range(3)]
    first, second, third = changes
    every = (1 << versions) - 1
    for mask, one, two, three in zip(block.masks, total, hits, conflicts, strict=True):
        bits = int.from_bytes(mask, "little") & every
        while bits:
            start = (bits & -bits).bit_length() - 1
            bits += 1 << start  # carries through the run
            end = (bits & -bits).bit_length() - 1
            bits ^= 1 << end
            first[start] += one
            first[end] -= one
            if two:
                second[start] += two
                second[end] -= two
            if three:
                third[start] += three
                third[end] -= three
    return [Score(*values) for values in zip(*(accumulate(change[:-1]) for change in changes), strict=True)]


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
