"""Relations: names a package requires become edges to the components that answer to them.

Every lookup is by table: a hostile database may repeat one name a million times.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from assay.dependencies.gather import Group
from assay.dependencies.identity import DISTRIBUTED, Seen
from assay.dependencies.ownership import Owners
from assay.model.inventory import Relation

_MODULES = "node_modules"
_METADATA_FOLDERS = (".dist-info", ".egg-info", "EGG-INFO")


def relations(groups: Sequence[Group], owners: Owners, limit: int) -> tuple[tuple[Relation, ...], bool]:
    """`owned_by`, `contains` and `depends_on`, sorted and distinct, and whether there are more than the limit.

    Removed packages have no `depends_on`.
    """
    visible = [group for group in groups if group.removed_by is None]
    by_ecosystem: dict[str, list[Group]] = {}
    for group in visible:
        by_ecosystem.setdefault(group.ecosystem, []).append(group)
    owned = (Relation(group.key, "owned_by", group.owner) for group in groups if group.owner)
    needed = (_needed(ecosystem, members, owners) for ecosystem, members in sorted(by_ecosystem.items()))
    found: set[Relation] = set()
    for relation in chain(owned, _contained(groups), chain.from_iterable(needed)):
        if relation.source != relation.target:
            found.add(relation)
            if len(found) > limit:
                return tuple(sorted(found - {relation})), True
    return tuple(sorted(found)), False


def required_paths(seen: Iterable[Seen]) -> set[str]:
    """Files that OS packages require by path (`/bin/sh`)."""
    return {
        name
        for one in seen
        if one.package.ecosystem in DISTRIBUTED and one.visible
        for name in one.package.depends
        if name.startswith("/")
    }


def _needed(ecosystem: str, groups: Sequence[Group], owners: Owners) -> Iterator[Relation]:
    if ecosystem in DISTRIBUTED:
        return _distributed(groups, owners)
    return _npm(groups) if ecosystem == "npm" else _languages(groups)


def _contained(groups: Iterable[Group]) -> Iterator[Relation]:
    keys = {(id(one.sighting), one.position): group.key for group in groups for one in group.seen}
    for group in groups:
        for one in group.seen:
            if one.package.parent is not None:
                parent = keys.get((id(one.sighting), one.package.parent))
                if parent:
                    yield Relation(parent, "contains", group.key)


class _Names:
    """Who answers to a name in a place (an architecture, a folder, or "" for anywhere): the packages of that name,
    else those that provide it.
    """

    def __init__(self) -> None:
        self._real: dict[tuple[str, str], list[Group]] = {}
        self._provided: dict[tuple[str, str], list[Group]] = {}

    def add(self, group: Group, places: Iterable[str]) -> None:
        package = group.seen[0].package
        names = {package.name, package.purl_name or package.name}
        provided = dict.fromkeys(name for one in group.seen for name in one.package.provides)
        for place in {"", *places}:
            for name in names:
                self._real.setdefault((name, place), []).append(group)
            for name in provided:
                self._provided.setdefault((name, place), []).append(group)

    def find(self, name: str, place: str = "") -> Sequence[Group]:
        return self._real.get((name, place)) or self._provided.get((name, place)) or ()

    def nearest(self, name: str, place: str) -> Sequence[Group]:
        """By name in the place, by name anywhere, by provision in the place, by provision anywhere."""
        for table in (self._real, self._provided):
            found = table.get((name, place)) or table.get((name, ""))
            if found:
                return found
        return ()


def _requires(group: Group) -> Iterable[str]:
    if len(group.seen) == 1:
        return group.seen[0].package.depends
    return dict.fromkeys(name for one in group.seen for name in one.package.depends)


def _distributed(groups: Sequence[Group], owners: Owners) -> Iterator[Relation]:
    """Of several architectures the same one answers, where it can. A path is answered by its owner."""
    names = _Names()
    for group in groups:
        names.add(group, [group.seen[0].package.architecture])
    for group in groups:
        architecture = group.seen[0].package.architecture
        for name in _requires(group):
            found = names.nearest(name, architecture)
            for other in found:
                yield Relation(group.key, "depends_on", other.key)
            if not found and name.startswith("/") and (owner := owners.of(name)):
                yield Relation(group.key, "depends_on", owner)


def _languages(groups: Sequence[Group]) -> Iterator[Relation]:
    """The package of that name in the same folder of packages, else the only one there is; else nothing is said."""
    names = _Names()
    folders = {group.key: sorted({_folder(one.path) for one in group.seen}) for group in groups}
    for group in groups:
        names.add(group, folders[group.key])
    for group in groups:
        for name in _requires(group):
            anywhere = names.find(name)
            near = [other for folder in folders[group.key] for other in names.find(name, folder)] if anywhere else []
            for other in near or (anywhere if len(anywhere) == 1 else ()):
                yield Relation(group.key, "depends_on", other.key)


def _folder(path: str) -> str:
    """The folder that holds the packages: `site-packages` of `site-packages/x.dist-info/METADATA`."""
    directory = path.rpartition("/")[0]
    return directory.rpartition("/")[0] if directory.endswith(_METADATA_FOLDERS) else directory


def _npm(groups: Sequence[Group]) -> Iterator[Relation]:
    """Node's own search: `node_modules/NAME` in the package's folder, then in each folder above it."""
    names, at = _Names(), {}
    for group in groups:
        names.add(group, ())
        at.update({one.path.rpartition("/")[0]: group for one in group.seen})
    roots = {directory.rpartition(f"{_MODULES}/")[0] for directory in at}
    for group in groups:
        for one in group.seen:
            above = list(_above(one.path.rpartition("/")[0] + "/", roots))
            for name in one.package.depends:
                anywhere = names.find(name)
                near = (at.get(f"{root}{_MODULES}/{name}") for root in above) if anywhere else ()
                other = next(filter(None, near), anywhere[0] if len(anywhere) == 1 else None)
                if other is not None:
                    yield Relation(group.key, "depends_on", other.key)


def _above(directory: str, roots: set[str]) -> Iterator[str]:
    """The directory and those above it, each with its closing slash, that have a `node_modules` with packages."""
    while directory:
        if directory in roots:
            yield directory
        directory = directory[: directory.rfind("/", 0, -1) + 1]
    if "" in roots:
        yield ""
