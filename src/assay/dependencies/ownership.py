"""Which package of the OS or of conda owns a path: answered for the few paths asked, without a table of all names."""

import sys
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from assay.dependencies.cataloger import Ownership, Sighting
from assay.dependencies.identity import DISTRIBUTED, Seen
from assay.dependencies.paths import HASH_BYTES, canonical, path_hash

_ONE_FILE_EACH = "var/lib/dpkg/status.d/"
"""Distroless: the file's name links a package and its list, and need not be the package's name."""


_IN_FORCE = -1
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
        self._hashed = {path: _number(path) for path in {*paths, *(named for named, _ in self._moved.values())}}
        asked = set(self._hashed.values())
        visible, hidden = _blobs(seen, sightings)
        self._visible, self._hidden = _find(visible, asked), _find(hidden, asked)
        self._kept = dict(self._moved.values())

    def of(self, path: str) -> str:
        """Purl of the owner in the final root; empty when nobody owns the path.

        A diverted file belongs to the package that names its old place, and that place to the diverting package.
        """
        found: Sequence[Blob] = self._visible.get(self._asked(path), ())
        if self._moved:
            place = canonical(path)
            if place in self._moved:
                named, package = self._moved[place]
                return next((b.purl for b in self._visible.get(self._asked(named), ()) if b.name != package), "")
            if place in self._kept:
                found = [blob for blob in found if blob.name == self._kept[place]]
        return found[0].purl if found else ""

    def before(self, path: str) -> str:
        """Purl of the owner of a path that a layer hid: in the databases of lower layers, else in the last one."""
        found = self._hidden.get(self._asked(path))
        return found[0].purl if found else self.of(path)

    def _asked(self, path: str) -> int:
        number = self._hashed.get(path)
        return _number(path) if number is None else number


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


class _Register:
    """OS packages by ecosystem, name and architecture ("" = any); of each the one in force, and by layer."""

    def __init__(self) -> None:
        self._table: dict[tuple[str, str, str], dict[int, Seen]] = {}

    def add(self, one: Seen, name: str) -> None:
        for architecture in {"", one.package.architecture}:
            versions = self._table.setdefault((one.package.ecosystem, name, architecture), {})
            for place in (one.layer, _IN_FORCE) if one.visible else (one.layer,):
                known = versions.get(place)
                if known is None or (known.layer, known.purl) < (one.layer, one.purl):
                    versions[place] = one

    def find(self, owned: Ownership, sighting: Sighting) -> str:
        """Purl of the package a list speaks of: the one in force, or for a hidden list the one of its time."""
        versions = self._table.get((owned.ecosystem, owned.name, owned.architecture))
        if not versions:
            return ""
        if sighting.removed_by is None and _IN_FORCE in versions:
            return versions[_IN_FORCE].purl
        layer = sighting.layer or 0
        return versions[max((at for at in versions if 0 <= at <= layer), default=max(versions))].purl


def _blobs(seen: Sequence[Seen], sightings: Sequence[Sighting]) -> tuple[list[Blob], list[Blob]]:
    visible: list[Blob] = []
    hidden: list[Blob] = []
    register = _Register()
    for one in seen:
        package = one.package
        if package.ecosystem in DISTRIBUTED:
            register.add(one, package.name)
            if one.path.startswith(_ONE_FILE_EACH):
                register.add(one, one.path.removeprefix(_ONE_FILE_EACH))
        if package.files:
            (visible if one.visible else hidden).append(Blob(one.purl, package.name, package.files))
    for sighting in sightings:
        for owned in sighting.fragment.ownership:
            purl = register.find(owned, sighting)
            if purl:
                (visible if sighting.removed_by is None else hidden).append(Blob(purl, owned.name, owned.files))
    return visible, hidden
