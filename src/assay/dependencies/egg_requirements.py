"""An egg's requirements stand in a file of their own (`requires.txt`): they join the package beside it (`PKG-INFO`).

setuptools documentation, "The .egg-info format"; a `METADATA` of a wheel holds its requirements itself.
"""

from collections.abc import Sequence

import msgspec

from assay.dependencies.cataloger import Fragment, Package, Sighting

REQUIRES = "pypi:requires"
"""Name of the note that carries them: normalised names, one a line."""
_METADATA = "/PKG-INFO"


def with_requirements(sightings: Sequence[Sighting]) -> list[Sighting]:
    """The sightings, with each egg's package requiring what the newest note of its folder says; the notes are used up.

    A note of the final root counts for what is in the final root, one that a layer hid for what was hidden.
    """
    notes = {
        (note.directory, sighting.removed_by is None): note.value
        for sighting in sightings
        for note in sighting.fragment.notes
        if note.name == REQUIRES
    }
    return [_joined(sighting, notes) for sighting in sightings] if notes else list(sightings)


def _joined(sighting: Sighting, notes: dict[tuple[str, bool], str]) -> Sighting:
    fragment = sighting.fragment
    if any(note.name == REQUIRES for note in fragment.notes):
        rest = tuple(note for note in fragment.notes if note.name != REQUIRES)
        return _with(sighting, msgspec.structs.replace(fragment, notes=rest))
    visible = sighting.removed_by is None
    said = notes.get((sighting.path.removesuffix(_METADATA), visible)) if sighting.path.endswith(_METADATA) else None
    if said is None:
        return sighting
    packages = tuple(_requiring(package, said.split("\n")) for package in fragment.packages)
    return _with(sighting, msgspec.structs.replace(fragment, packages=packages))


def _requiring(package: Package, names: Sequence[str]) -> Package:
    return msgspec.structs.replace(package, depends=tuple(sorted({*package.depends, *names})))


def _with(sighting: Sighting, fragment: Fragment) -> Sighting:
    return msgspec.structs.replace(sighting, fragment=fragment)
