"""Which OS package owns a path: answered for the few paths asked, without a table of all names."""

import sys
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from assay.dependencies.cataloger import Ownership, Sighting
from assay.dependencies.identity import DISTRIBUTED, Seen
from assay.dependencies.paths import HASH_BYTES, canonical, path_hash

_ONE_FILE_EACH = "var/lib/dpkg/status.d/"
"""Distroless: the file's name links a package and its list, and need not be the package's name."""


_DIVERSIONS = "var/lib/dpkg/diversions"


class Blob(NamedTuple):
    """Path hashes and the package that owns them."""

    purl: str
    name: str
    files: bytes


class Owners:
    """Answers which package owns a path, in the final root and in what the layers hid."""

    def __init__(self, seen: Sequence[Seen], sightings: Sequence[Sighting], paths: Iterable[str]) -> None:
        """`paths` are all paths that will ever be asked."""
        self._moved = _diversions(sightings)
        asked = {_number(path) for path in (*paths, *(named for named, _ in self._moved.values()))}
        visible, hidden = _blobs(seen, sightings)
        self._visible, self._hidden = _find(visible, asked), _find(hidden, asked)
        self._kept = dict(self._moved.values())

    def of(self, path: str) -> str:
        """Purl of the owner in the final root; empty when nobody owns the path.

        A diverted file belongs to the package that names its old place, and that place to the diverting package.
        """
        place = canonical(path)
        if place in self._moved:
            named, package = self._moved[place]
            return next((b.purl for b in self._visible.get(_number(named), ()) if b.name != package), "")
        found = self._visible.get(_number(place), ())
        if place in self._kept:
            found = [blob for blob in found if blob.name == self._kept[place]]
        return found[0].purl if found else ""

    def before(self, path: str) -> str:
        """Purl of the owner of a path that a layer hid: in the databases of lower layers, else in the last one."""
        found = self._hidden.get(_number(path))
        return found[0].purl if found else self.of(path)


def _number(path: str) -> int:
    return int.from_bytes(path_hash(path), sys.byteorder)


def _diversions(sightings: Sequence[Sighting]) -> dict[str, tuple[str, str]]:
    """Real place → (the path packages name, the diverting package), of the final root."""
    found: dict[str, tuple[str, str]] = {}
    for sighting in sightings:
        if sighting.path == _DIVERSIONS and sighting.removed_by is None:
            for note in sighting.fragment.notes:
                package, _, named = note.value.partition("\n")
                found[note.name] = (named, package)
    return found


def _find(blobs: Iterable[Blob], asked: set[int]) -> dict[int, list[Blob]]:
    """Asked hash → the blobs that hold it. Hot: the intersection runs over every owned path, in C."""
    found: dict[int, list[Blob]] = {}
    if not asked:
        return found
    for blob in blobs:
        whole = memoryview(blob.files)[: len(blob.files) // HASH_BYTES * HASH_BYTES]
        for number in asked.intersection(whole.cast("Q")):
            found.setdefault(number, []).append(blob)
    return found


def _blobs(seen: Sequence[Seen], sightings: Sequence[Sighting]) -> tuple[list[Blob], list[Blob]]:
    visible: list[Blob] = []
    hidden: list[Blob] = []
    named: dict[tuple[str, str], list[Seen]] = {}
    for one in seen:
        if one.package.ecosystem in DISTRIBUTED:
            named.setdefault((one.package.ecosystem, one.package.name), []).append(one)
            if one.path.startswith(_ONE_FILE_EACH):
                named.setdefault((one.package.ecosystem, one.path.removeprefix(_ONE_FILE_EACH)), []).append(one)
            if one.package.files:
                (visible if one.visible else hidden).append(Blob(one.purl, one.package.name, one.package.files))
    for sighting in sightings:
        for owned in sighting.fragment.ownership:
            owner = _owner(owned, sighting, named)
            if owner:
                (visible if sighting.removed_by is None else hidden).append(Blob(owner, owned.name, owned.files))
    return visible, hidden


def _owner(owned: Ownership, sighting: Sighting, named: dict[tuple[str, str], list[Seen]]) -> str:
    """The package a list speaks of: same architecture where it names one, in force where the list lies."""
    candidates = [
        one
        for one in named.get((owned.ecosystem, owned.name), ())
        if not owned.architecture or owned.architecture == one.package.architecture
    ]
    if sighting.removed_by is None:
        candidates = [one for one in candidates if one.visible] or candidates
    else:
        layer = sighting.layer or 0
        candidates = [one for one in candidates if one.layer <= layer] or candidates
    return max(candidates, key=lambda one: (one.layer, one.purl)).purl if candidates else ""
