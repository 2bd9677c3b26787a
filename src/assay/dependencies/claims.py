"""What counts only where nothing better is known: programs recognised by their bytes, and a vendor's own SBOM.

Such findings never own files, and never stand beside what a package database or a cataloguer of the ecosystem saw.
"""

from collections.abc import Container, Iterable, Sequence
from itertools import chain
from struct import iter_unpack

import msgspec

from assay.dependencies.cataloger import Sighting
from assay.dependencies.gather import base_path
from assay.dependencies.identity import DISTRIBUTED, Seen
from assay.dependencies.ownership import Owners
from assay.dependencies.paths import HASH_BYTES, path_hash
from assay.model.inventory import Distro, Gap

RECOGNISED = frozenset({"classifier", "elf-note"})
CLAIMED = "sbom"
WEAKER = RECOGNISED | {CLAIMED}
"""Kinds of evidence that give way to any other."""
UNKNOWN = "unknown-program"

Place = tuple[str, int]


def parted(seen: Sequence[Seen]) -> tuple[list[Seen], list[Seen]]:
    """What was recorded, and what is only recognised or claimed."""
    recorded: list[Seen] = []
    weaker: list[Seen] = []
    for one in seen:
        (weaker if one.package.kind in WEAKER else recorded).append(one)
    return recorded, weaker


def standing(recorded: Sequence[Seen], weaker: Sequence[Seen], owners: Owners, distro: Distro | None) -> list[Seen]:
    """The weaker findings that nothing better replaces.

    Recognised: not where an OS package owns the file, nor where another cataloguer names the same package in it.
    Claimed: not where a package of the same purl (but for qualifiers) was seen.
    """
    if not weaker:
        return []
    known: set[str] = set()
    if any(one.package.kind == CLAIMED for one in weaker):
        known = {_bare(one.purl) for one in recorded if one.visible or one.package.ecosystem in DISTRIBUTED}
    named = {(_place(one), one.package.ecosystem, one.package.name) for one in recorded if one.package.version}
    found = []
    for one in weaker:
        package = one.package
        if package.kind == CLAIMED:
            if _bare(one.purl) not in known:
                found.append(one)
        elif not owner_of(one.path, owners, visible=one.visible) and (
            (_place(one), package.ecosystem, package.name) not in named
        ):
            found.append(_foreign(one) if _elsewhere(one, distro) else one)
    return found


def identified(seen: Iterable[Seen]) -> set[Place]:
    """Files (a nested archive is one of its own) in which some cataloguer found a package."""
    return {(one.path, one.layer) for one in seen}


def recorded(sightings: Iterable[Sighting]) -> set[bytes]:
    """Path hashes of what distributions of a language say they installed (`RECORD` of a wheel)."""
    files = [
        owned.files[: len(owned.files) // HASH_BYTES * HASH_BYTES]
        for sighting in sightings
        for owned in sighting.fragment.ownership
        if owned.ecosystem not in DISTRIBUTED
    ]
    return set(chain.from_iterable(iter_unpack(f"{HASH_BYTES}s", b"".join(files))))


def is_known(
    gap: Gap, sighting: Sighting, owners: Owners, places: set[Place], listed: Container[bytes] = frozenset()
) -> bool:
    """Whether a program without identity of its own is known all the same: by an owner, by another cataloguer, or by
    the list of a distribution that installed it (`listed`).

    A hard link's fragment speaks of its target: both names are asked for.
    """
    visible, layer = sighting.removed_by is None, sighting.layer or 0
    names = {gap.path} if base_path(gap.path) != gap.path else {gap.path, sighting.path}
    return any(
        (name, layer) in places or path_hash(name) in listed or owner_of(name, owners, visible=visible)
        for name in names
    )


def owner_of(path: str, owners: Owners, *, visible: bool) -> str:
    """Purl of the OS package that owns a file, now or (for a hidden file) at its time; empty when none does."""
    return owners.of(base_path(path)) if visible else owners.before(base_path(path))


def _place(one: Seen) -> Place:
    return base_path(one.path), one.layer


def _bare(purl: str) -> str:
    return purl.partition("?")[0]


def _elsewhere(one: Seen, distro: Distro | None) -> bool:
    """A distribution's program in another distribution: the advisories of this one do not speak of it."""
    package = one.package
    return package.ecosystem in DISTRIBUTED and distro is not None and package.namespace != distro.id


def _foreign(one: Seen) -> Seen:
    """The same as a generic package that says what it was."""
    package = msgspec.structs.replace(
        one.package,
        ecosystem="generic",
        namespace="",
        qualifiers=(),
        architecture="",
        properties=tuple(sorted([*one.package.properties, ("elf:package", one.purl)])),
    )
    return one._replace(package=package, purl=f"pkg:generic/{one.purl.partition('?')[0].rpartition('/')[2]}")
