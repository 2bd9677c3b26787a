"""Relations: names a package requires become edges to the components that answer to them."""

from collections.abc import Iterable, Iterator, Sequence

from assay.dependencies.gather import Group
from assay.dependencies.identity import DISTRIBUTED, Seen
from assay.dependencies.ownership import Owners
from assay.model.inventory import Relation

_MODULES = "node_modules"


def relations(groups: Sequence[Group], owners: Owners) -> tuple[Relation, ...]:
    """`depends_on`, `contains` and `owned_by`, sorted and distinct. Removed packages have no `depends_on`."""
    found: set[Relation] = set(_contained(groups))
    found.update(Relation(group.key, "owned_by", group.owner) for group in groups if group.owner)
    visible = [group for group in groups if group.removed_by is None]
    by_ecosystem: dict[str, list[Group]] = {}
    for group in visible:
        by_ecosystem.setdefault(group.ecosystem, []).append(group)
    for ecosystem, members in by_ecosystem.items():
        if ecosystem in DISTRIBUTED:
            found.update(_distributed(members, owners))
        elif ecosystem == "npm":
            found.update(_npm(members))
        else:
            found.update(_languages(members))
    return tuple(sorted(relation for relation in found if relation.source != relation.target))


def required_paths(seen: Iterable[Seen]) -> set[str]:
    """Files that OS packages require by path (`/bin/sh`)."""
    return {
        name
        for one in seen
        if one.package.ecosystem in DISTRIBUTED and one.visible
        for name in one.package.depends
        if name.startswith("/")
    }


def _contained(groups: Iterable[Group]) -> Iterator[Relation]:
    keys = {(id(one.sighting), one.position): group.key for group in groups for one in group.seen}
    for group in groups:
        for one in group.seen:
            if one.package.parent is not None:
                parent = keys.get((id(one.sighting), one.package.parent))
                if parent:
                    yield Relation(parent, "contains", group.key)


class _Names:
    """Who answers to a name: the packages of that name, else those that provide it."""

    def __init__(self, groups: Iterable[Group]) -> None:
        self.real: dict[str, list[Group]] = {}
        self.provided: dict[str, list[Group]] = {}
        for group in groups:
            package = group.seen[0].package
            for name in {package.name, package.purl_name or package.name}:
                self.real.setdefault(name, []).append(group)
            for name in dict.fromkeys(name for one in group.seen for name in one.package.provides):
                self.provided.setdefault(name, []).append(group)

    def find(self, name: str) -> list[Group]:
        return self.real.get(name) or self.provided.get(name, [])


def _requires(group: Group) -> Iterable[str]:
    if len(group.seen) == 1:
        return group.seen[0].package.depends
    return dict.fromkeys(name for one in group.seen for name in one.package.depends)


def _distributed(groups: Sequence[Group], owners: Owners) -> Iterator[Relation]:
    """Of several architectures the same one answers, where it can."""
    names = _Names(groups)
    for group in groups:
        architecture = group.seen[0].package.architecture
        for name in _requires(group):
            found = names.find(name)
            if not found and name.startswith("/"):
                owner = owners.of(name)
                if owner:
                    yield Relation(group.key, "depends_on", owner)
                continue
            same = [other for other in found if other.seen[0].package.architecture == architecture]
            for other in same or found:
                yield Relation(group.key, "depends_on", other.key)


def _languages(groups: Sequence[Group]) -> Iterator[Relation]:
    """The package of that name in the same folder of packages, else the only one there is; else nothing is said."""
    names = _Names(groups)
    folders = {group.key: {_folder(one.path) for one in group.seen} for group in groups}
    for group in groups:
        for name in _requires(group):
            found = names.find(name)
            near = [other for other in found if folders[group.key] & folders[other.key]]
            chosen = near or (found if len(found) == 1 else [])
            for other in chosen:
                yield Relation(group.key, "depends_on", other.key)


def _folder(path: str) -> str:
    """The folder that holds the packages: `site-packages` of `site-packages/x.dist-info/METADATA`."""
    directory = path.rpartition("/")[0]
    return directory.rpartition("/")[0] if directory.endswith((".dist-info", ".egg-info", "EGG-INFO")) else directory


def _npm(groups: Sequence[Group]) -> Iterator[Relation]:
    """Node's own search: `node_modules/NAME` in the package's folder, then in each folder above it."""
    at = {one.path.rpartition("/")[0]: group for group in groups for one in group.seen}
    names = _Names(groups)
    for group in groups:
        for one in group.seen:
            for name in one.package.depends:
                other = _upwards(one.path.rpartition("/")[0], name, at)
                if other is None:
                    found = names.find(name)
                    other = found[0] if len(found) == 1 else None
                if other is not None:
                    yield Relation(group.key, "depends_on", other.key)


def _upwards(directory: str, name: str, at: dict[str, Group]) -> Group | None:
    while True:
        if directory.rpartition("/")[2] != _MODULES:
            candidate = f"{directory}/{_MODULES}/{name}" if directory else f"{_MODULES}/{name}"
            if candidate in at:
                return at[candidate]
        if not directory:
            return None
        directory = directory.rpartition("/")[0]
