"""Fragments of all layers become one inventory: components, relations, gaps, the distribution.

Everything is sorted: the same sightings in any order give the same result.
"""

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from assay.dependencies import claims
from assay.dependencies.beside import Facts
from assay.dependencies.cataloger import Sighting
from assay.dependencies.egg_requirements import with_requirements
from assay.dependencies.gather import Group, base_path, gather
from assay.dependencies.identity import DISTRIBUTED, Seen, purl_writer, see
from assay.dependencies.locks import join as locks
from assay.dependencies.manifest_requests import with_installed, with_requests
from assay.dependencies.manifest_scopes import with_scopes
from assay.dependencies.maven_repository import with_coordinates
from assay.dependencies.ownership import Owners
from assay.dependencies.published import without_published
from assay.dependencies.resolve import locked_edges, relations, required_paths
from assay.model.image import Layer
from assay.model.inventory import Component, Distro, Gap, Licence, Relation
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.lock import LockState

T = TypeVar("T", str, tuple[str, str])
_BY = "assemble"
VENDOR = "os-release:name"
"""The note that names the distribution, at the path of the file itself."""


class Assembled(msgspec.Struct, frozen=True, kw_only=True):
    """What `assemble` found; every tuple is sorted."""

    components: tuple[Component, ...]
    relations: tuple[Relation, ...]
    gaps: tuple[Gap, ...]
    distro: Distro | None
    locks: tuple[LockState, ...] = ()


def assemble(
    sightings: Sequence[Sighting], layers: Sequence[Layer], *, installed: bool, limits: Limits = DEFAULT_LIMITS
) -> Assembled:
    """Join what the cataloguers saw.

    Args:
        sightings: every fragment of every layer, with the layer that hides it.
        layers: the image's layers, lowest first; empty for a directory.
        limits: `packages_count`, `relations_count`; what is over them is a gap.
        installed: an image or an unpacked root; False for a source tree, where lock files are packages.
    """
    ordered = sorted(sightings, key=lambda s: (s.path, -1 if s.layer is None else s.layer, s.cataloguer))
    ordered = with_installed(with_coordinates(with_requirements(ordered)))
    if not installed:
        ordered = with_requests(with_scopes(without_published(ordered)))
    distro = _distro(ordered)
    seen = see(ordered, distro, installed=installed)
    bounded: set[Gap] = set()
    if len(seen) > limits.packages_count:
        bounded.add(Gap("limit", "", None, f"{len(seen)} packages, limit {limits.packages_count}", _BY))
        seen = seen[: limits.packages_count]
    recorded, weaker = claims.parted(seen)
    asked = {base_path(one.path) for one in recorded if one.package.ecosystem not in DISTRIBUTED}
    asked.update(base_path(one.path) for one in weaker)
    asked.update(
        path
        for s in ordered
        for gap in s.fragment.gaps
        if gap.kind == claims.UNKNOWN
        for path in (base_path(gap.path), s.path)
    )
    projects = locks.speaking(ordered)
    asked.update(one.path for one in projects)
    owners = Owners(recorded, ordered, asked | required_paths(recorded))
    seen = [*recorded, *claims.standing(recorded, weaker, owners, distro)]
    groups = gather(seen, owners)
    facts = Facts(ordered, groups)
    locked = locked_edges(groups, ordered, purl_writer(distro)) if installed else ()
    related, more = relations(groups, owners, limits.relations_count, locked)
    if more:
        bounded.add(Gap("limit", "", None, f"more than {limits.relations_count} relations", _BY))
    vendor = _vendor(ordered)
    components = [_component(group, facts, vendor) for group in groups]
    packaged = any(one.package.ecosystem in DISTRIBUTED and one.visible for one in recorded)
    if installed and distro is not None and not packaged:
        bounded.add(_no_packages(distro))
    judged, unjudged = locks.judge(
        projects, recorded, lambda path: bool(owners.of(path)), installed=installed, limits=limits
    )
    bounded.update(unjudged)
    return Assembled(
        components=tuple(components),
        relations=related,
        gaps=tuple(sorted(bounded | _gaps(ordered, seen, owners), key=_order)),
        distro=distro,
        locks=judged,
    )


def _distro(sightings: Sequence[Sighting]) -> Distro | None:
    """os-release(5): `/etc/os-release` takes precedence; only the final root counts."""
    found = {s.path: s.fragment.distro for s in sightings if s.fragment.distro is not None and s.removed_by is None}
    return found[min(found)] if found else None


def _no_packages(distro: Distro) -> Gap:
    """A distribution without packages: its database was removed, hidden behind a link, or is of a kind unknown here.

    Then nobody knows what is installed: an empty list would look like a clean one.
    """
    name = distro.name or distro.id
    return Gap("unreadable", "", None, f"the system is {name[:100]}, but no package database of it could be read", _BY)


def _vendor(sightings: Sequence[Sighting]) -> str:
    """What the distribution calls itself (os-release(5), `NAME`), by the same file as `_distro`."""
    found = {s.path: n.value for s in sightings if s.removed_by is None for n in s.fragment.notes if n.name == VENDOR}
    return found[min(found)] if found else ""


def _component(group: Group, facts: Facts, vendor: str) -> Component:
    best = _best(group.seen)
    package = best.package
    packages = [one.package for one in group.seen]
    return Component(
        key=group.key,
        purl=group.purl,
        ecosystem=package.ecosystem,
        name=package.name,
        version=package.version,
        source=package.source,
        architecture=package.architecture,
        licence=_licence(package.licence, facts, group),
        maintainer=package.maintainer,
        supplier=package.supplier or (vendor if package.ecosystem in DISTRIBUTED else ""),
        cataloguer=best.sighting.cataloguer,
        occurrences=group.places,
        introduced=group.introduced,
        removed_by=group.removed_by,
        owner=group.owner,
        hashes=_together([one.hashes for one in packages]),
        properties=_together([*(one.properties for one in packages), tuple(facts.properties(group))]),
    )


def _together(parts: Sequence[tuple[T, ...]]) -> tuple[T, ...]:
    """All parts in one, sorted, each value once."""
    filled = [part for part in parts if part]
    if not filled:
        return ()
    return filled[0] if len(filled) == 1 == len(filled[0]) else tuple(sorted({one for part in filled for one in part}))


def _best(seen: Sequence[Seen]) -> Seen:
    """The sighting that speaks for the group: one with a licence, the first by path."""
    if len(seen) == 1:
        return seen[0]
    return min(seen, key=lambda one: (not one.package.licence.expression, one.path, -one.layer))


def _licence(own: Licence, facts: Facts, group: Group) -> Licence:
    if own.expression:
        return own
    noted = facts.licence(group)
    if noted is None:
        return own
    if own.declared and noted.reason and not noted.expression:
        return msgspec.structs.replace(own, reason=f"{own.reason}; {noted.reason}")
    if noted.expression or noted.reason:
        return noted
    return msgspec.structs.replace(
        own, concluded=noted.concluded, confidence=noted.confidence, method=noted.method, evidence=noted.evidence
    )


def _gaps(sightings: Sequence[Sighting], seen: Sequence[Seen], owners: Owners) -> set[Gap]:
    """Every fragment's gaps with their layer; those of hidden files say so. Names that make no purl are gaps too.

    A program or archive an OS package owns is known by its owner (dep. 2.8: unknown = no owner and no identity).
    """
    found: set[Gap] = set()
    places, listed = claims.identified(seen), claims.recorded(sightings)
    for sighting in sightings:
        for gap in sighting.fragment.gaps:
            if gap.kind != claims.UNKNOWN or not claims.is_known(gap, sighting, owners, places, listed):
                found.add(_placed(gap, sighting))
    for one in seen:
        if not one.purl:
            reason = f"no package URL can be written for {one.package.name[:100]!r}"
            found.add(_placed(Gap("unreadable", one.path, None, reason, one.sighting.cataloguer), one.sighting))
    return found


def _order(gap: Gap) -> tuple[str, str, int, str, str]:
    return (gap.kind, gap.path, -1 if gap.layer is None else gap.layer, gap.reason, gap.by)


def _placed(gap: Gap, sighting: Sighting) -> Gap:
    hidden = sighting.removed_by
    reason = gap.reason if hidden is None else f"{gap.reason} (the file is hidden by layer {hidden})"
    return Gap(gap.kind, gap.path, sighting.layer, reason, gap.by or sighting.cataloguer)
