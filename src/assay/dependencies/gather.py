"""What was seen, grouped into components: one per purl, with every place, the layer that brought it, its fate.

Removed packages, and copies an OS package owns, are kept apart from what is visible and nobody's.
"""

from collections.abc import Iterable, Sequence

from assay.dependencies.identity import DISTRIBUTED, Seen
from assay.dependencies.ownership import Owners
from assay.model.inventory import Occurrence

_NESTED = "!/"


class Group:
    """The sightings that make one component; filled step by step while assembling."""

    __slots__ = ("ecosystem", "introduced", "key", "owner", "places", "purl", "removed_by", "seen")

    def __init__(self, purl: str, seen: list[Seen], *, owner: str = "", removed_by: int | None = None) -> None:
        self.purl, self.seen, self.owner, self.removed_by = purl, seen, owner, removed_by
        self.key = purl
        self.ecosystem = seen[0].package.ecosystem
        """The purl type."""
        self.introduced: int | None = None
        self.places: tuple[Occurrence, ...] = ()


def base_path(path: str) -> str:
    """The file in the image that holds a nested path: `a.war` of `a.war!/WEB-INF/lib/b.jar`."""
    return path.partition(_NESTED)[0]


def gather(seen: Sequence[Seen], owners: Owners) -> list[Group]:
    """Groups with unique keys, in the order of their keys."""
    by_purl: dict[str, list[Seen]] = {}
    for one in seen:
        identity = one.purl or f"{one.package.ecosystem}:{one.package.name}@{one.package.version}"
        by_purl.setdefault(identity, []).append(one)
    groups: list[Group] = []
    for identity, members in by_purl.items():
        distributed = members[0].package.ecosystem in DISTRIBUTED
        for group in [_distributed(members)] if distributed else _languages(members, owners):
            group.key = identity
            groups.append(group)
    _name(groups)
    return sorted(groups, key=lambda group: group.key)


def _distributed(members: list[Seen]) -> Group:
    """dep. 2.2: a database is one file every layer rewrites; the first layer that names the package brought it."""
    visible = [one for one in members if one.visible]
    group = Group(members[0].purl, visible or members, removed_by=None if visible else _gone(members))
    first: dict[str, Seen] = {}
    for one in members:
        known = first.get(one.path)
        if known is None or one.layer < known.layer:
            first[one.path] = one
    paths = {one.path for one in group.seen}
    group.places = _occurrences(one for path, one in first.items() if path in paths)
    group.introduced = _first(members)
    return group


def _languages(members: list[Seen], owners: Owners) -> list[Group]:
    """One group for each owner, and one for what was removed; a lower version of a visible file is its history."""
    if len(members) == 1:  # as nearly all are
        return [_alone(members[0], owners)]
    visible_paths = {one.path for one in members if one.visible}
    parts: dict[tuple[str, bool], list[Seen]] = {}
    for one in members:
        if one.visible:
            parts.setdefault((owners.of(base_path(one.path)), True), []).append(one)
        elif one.path not in visible_paths:
            parts.setdefault((owners.before(base_path(one.path)), False), []).append(one)
    groups = []
    for (owner, visible), part in sorted(parts.items(), key=lambda item: (not item[0][1], item[0][0])):
        group = Group(part[0].purl, part, owner=owner, removed_by=None if visible else _gone(part))
        group.places = _occurrences(part)
        paths = {one.path for one in part}
        group.introduced = _first(one for one in members if one.path in paths)
        groups.append(group)
    return groups


def _alone(one: Seen, owners: Owners) -> Group:
    """The group of what was seen at one place only."""
    path = base_path(one.path)
    owner = owners.of(path) if one.visible else owners.before(path)
    group = Group(one.purl, [one], owner=owner, removed_by=one.sighting.removed_by)
    group.places = (_occurrence(one),)
    group.introduced = one.sighting.layer
    return group


def _name(groups: Iterable[Group]) -> None:
    """Unique keys: the visible unowned component has the plain purl, its doubles say what sets them apart."""
    taken: set[str] = set()
    for group in groups:
        if group.key in taken and group.owner:
            group.key += f"|owned-by={group.owner}"
        if group.key in taken and group.removed_by is not None:
            group.key += f"|removed-by={group.removed_by}"
        taken.add(group.key)


def _gone(members: Iterable[Seen]) -> int | None:
    return max((one.sighting.removed_by for one in members if one.sighting.removed_by is not None), default=None)


def _first(members: Iterable[Seen]) -> int | None:
    return min((one.sighting.layer for one in members if one.sighting.layer is not None), default=None)


def _occurrences(members: Iterable[Seen]) -> tuple[Occurrence, ...]:
    places = {_occurrence(one) for one in members}
    if len(places) == 1:
        return tuple(places)
    return tuple(sorted(places, key=lambda place: (place.path, place.layer or 0, place.kind, place.confidence)))


def _occurrence(one: Seen) -> Occurrence:
    return Occurrence(one.path, one.sighting.layer, one.package.kind, one.package.confidence)
