"""Fingerprints out of known archives: which of a library's classes are remembered, and by which it is recognised.

A version holds thousands of classes; enough are chosen to tell it from every other version three times over, and some
more that stand for the whole. The choice depends on the archives alone, so the same archives give the same bytes.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from assay.dependencies.fingerprints import CLASS, classes_of, name_of
from assay.dependencies.versions import GENERIC, scheme_for
from assay.formats.chunks import ChunkView
from assay.formats.fingerprints import Block, Library, class_sum, write_block
from assay.formats.zipdirectory import read_directory
from assay.model.limits import Limits

_TELLING_ROUNDS = 3
"""How often each version is told from each other one: a copy may lack some classes."""
_STANDING_COUNT = 128
"""Features of each version that stand for the whole, chosen by their hash: the same names in every version."""
_ROOT_SHARE = 0.95
"""Share of a version's classes that must lie below the root."""
_ANCHORS_COUNT = 24
"""Anchors that each version should have."""
_ANCHOR_LETTERS = 8
"""The shortest base name of an anchor, `.class` not counted."""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One known version of a library."""

    group: str
    artifact: str
    version: str
    sha1: bytes
    classes: tuple[tuple[str, int], ...]
    """Path and CRC-32 of each class file outside `META-INF/`, sorted."""


class _Feature(NamedTuple):
    """Something some versions have: for a class its name and its CRC-32, for a name only the name."""

    name: int
    crc: int


def sample(group: str, artifact: str, version: str, data: bytes, limits: Limits) -> Sample:
    """What one archive is made of; only its central directory is read.

    Raises:
        MalformedError, UnsupportedError: as `read_directory`.
    """
    members = read_directory(ChunkView((data,), where=f"{group}:{artifact}:{version}"), limits).members
    return Sample(
        group=group,
        artifact=artifact,
        version=version,
        sha1=hashlib.sha1(data, usedforsecurity=False).digest(),
        classes=tuple(sorted({member.name: member.crc for member in classes_of(members)}.items())),
    )


def make_libraries(samples: Sequence[Sample]) -> list[Library]:
    """The libraries of all samples; versions without any class are left out.

    A base name that classes of two libraries share is no anchor of either.
    """
    by_name: dict[tuple[str, str], dict[str, Sample]] = {}
    for one in samples:
        if one.classes:
            by_name.setdefault((one.group, one.artifact), {})[one.version] = one
    owners = Counter(
        base
        for found in by_name.values()
        for base in {_base(path) for one in found.values() for path, _ in one.classes}
    )
    return [_library(name, found, owners) for name, found in sorted(by_name.items())]


def _library(name: tuple[str, str], found: Mapping[str, Sample], owners: Mapping[str, int]) -> Library:
    scheme = scheme_for("Maven") or GENERIC
    versions = sorted(found, key=lambda version: (scheme.key(version) or b"", version))
    root = root_of([path for path, _ in found[version].classes] for version in versions)
    held: list[dict[str, int]] = [
        {path.removeprefix(root): crc for path, crc in found[version].classes if path.startswith(root)}
        for version in versions
    ]
    return Library(
        group=name[0],
        artifact=name[1],
        root=root,
        versions=tuple(versions),
        anchors=_anchors(held, owners),
        block=write_block(_block(held, b"".join(found[version].sha1 for version in versions))),
    )


def root_of(versions: Iterable[Sequence[str]]) -> str:
    """The deepest folder that holds nearly all classes of every version, with its closing slash."""
    roots = [_root(paths) for paths in versions]
    shared = roots[0]
    for root in roots[1:]:
        while not root.startswith(shared):
            shared = shared[: shared.rfind("/", 0, len(shared) - 1) + 1]
    return shared


def _root(paths: Sequence[str]) -> str:
    below: Counter[str] = Counter()
    for path in paths:
        at = path.find("/")
        while at >= 0:
            below[path[: at + 1]] += 1
            at = path.find("/", at + 1)
    return max((folder for folder, count in below.items() if count >= _ROOT_SHARE * len(paths)), key=len, default="")


def _anchors(held: Sequence[Mapping[str, int]], owners: Mapping[str, int]) -> tuple[str, ...]:
    """Greedily, until each version has its share: the best of each folder first, as a minimised copy lacks folders.

    Within a folder names of many versions come first, then the longer ones.
    """
    spread = Counter(path for paths in held for path in paths)
    able = sorted(
        (path for path in spread if "$" not in path and len(_base(path)) >= _ANCHOR_LETTERS + len(CLASS)),
        key=lambda path: (owners.get(_base(path), 0) > 1, -spread[path], -len(_base(path)), path),
    )
    ranks: Counter[str] = Counter()
    order: dict[str, tuple[bool, int]] = {}
    for path in able:
        folder = path.rpartition("/")[0]
        order[path] = (owners.get(_base(path), 0) > 1, ranks[folder])
        ranks[folder] += 1
    able.sort(key=order.__getitem__)
    chosen: list[str] = []
    bases: set[str] = set()
    wanting = {index: min(_ANCHORS_COUNT, len(paths)) for index, paths in enumerate(held)}
    for path in able:
        helped = [index for index in wanting if path in held[index]]
        if helped and _base(path) not in bases:
            chosen.append(path)
            bases.add(_base(path))
            for index in helped:
                wanting[index] -= 1
                if not wanting[index]:
                    del wanting[index]
        if not wanting:
            break
    return tuple(sorted(chosen))


def _base(path: str) -> str:
    return path.rpartition("/")[2]


def _block(held: Sequence[Mapping[str, int]], digests: bytes) -> Block:
    names: dict[_Feature, int] = {}
    classes: dict[_Feature, int] = {}
    for index, paths in enumerate(held):
        for path, crc in paths.items():
            name = name_of(path)
            names[_Feature(name, 0)] = names.get(_Feature(name, 0), 0) | 1 << index
            classes[_Feature(name, crc)] = classes.get(_Feature(name, crc), 0) | 1 << index
    kept_classes = _choose(classes, len(held))
    kept_names = sorted({feature.name for feature in kept_classes} | {f.name for f in _choose(names, len(held))})
    place = {name: index for index, name in enumerate(kept_names)}
    name_sets = [names[_Feature(name, 0)] for name in kept_names]
    class_sets = [classes[feature] for feature in kept_classes]
    masks = sorted({*name_sets, *class_sets})
    mask_place = {mask: index for index, mask in enumerate(masks)}
    return Block(
        digests=digests,
        counts=tuple(len(paths) for paths in held),
        sums=tuple(word for paths in held for word in _words(paths)),
        masks=tuple(mask.to_bytes((mask.bit_length() + 7) // 8, "little") for mask in masks),
        names=tuple(kept_names),
        name_masks=tuple(mask_place[mask] for mask in name_sets),
        classes=tuple(feature.crc for feature in kept_classes),
        class_names=tuple(place[feature.name] for feature in kept_classes),
        class_masks=tuple(mask_place[mask] for mask in class_sets),
    )


def _words(paths: Mapping[str, int]) -> tuple[int, int]:
    total = sum(class_sum(name_of(path), crc) for path, crc in paths.items())
    return total & 0xFFFFFFFF, total >> 32 & 0xFFFFFFFF


def _choose(features: Mapping[_Feature, int], versions: int) -> list[_Feature]:
    """Features that tell each version from every other that lacks something of it, and those that stand for all."""
    by_mask: dict[int, list[_Feature]] = {}
    for feature in sorted(features):
        by_mask.setdefault(features[feature], []).append(feature)
    chosen: set[_Feature] = set()
    for index in range(versions):
        mine = sorted(mask for mask in by_mask if mask >> index & 1)
        for turn in range(_TELLING_ROUNDS):
            left = (1 << versions) - 1 & ~(1 << index)
            while left:
                mask = max(mine, key=lambda mask: (left & ~mask).bit_count())
                if not left & ~mask:
                    break  # the rest holds everything that this version holds
                found = by_mask[mask]
                chosen.add(found[min(turn, len(found) - 1)])
                left &= mask
        standing = sorted((f for mask in mine for f in by_mask[mask]), key=lambda f: (f.name, f.crc))
        chosen.update(standing[:_STANDING_COUNT])
    return sorted(chosen)
