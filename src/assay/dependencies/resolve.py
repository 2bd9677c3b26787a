"""Relations: names a package requires become edges to the components that answer to them.

In an image a lock file gives edges and no packages: it says which of its entries need which, and an edge stands where
both ends are installed in exactly the locked version.

Every lookup is by table: a hostile database may repeat one name a million times.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice

from assay.dependencies.cataloger import Package, Sighting
from assay.dependencies.gather import Group
from assay.dependencies.identity import DISTRIBUTED, Seen
from assay.dependencies.ownership import Owners
from assay.formats.edges import one_each
from assay.model.inventory import Relation

_MODULES = "node_modules"
_METADATA_FOLDERS = (".dist-info", ".egg-info", "EGG-INFO")


def relations(
    groups: Sequence[Group], owners: Owners, limit: int, locked: Iterable[Relation] = ()
) -> tuple[tuple[Relation, ...], bool]:
    """`owned_by`, `contains` and `depends_on`, sorted, one between two components, and whether the limit was met.

    Removed packages have no `depends_on`. `locked` are the edges that lock files know (`locked_edges`).
    """
    visible = [group for group in groups if group.removed_by is None]
    by_ecosystem: dict[str, list[Group]] = {}
    for group in visible:
        by_ecosystem.setdefault(group.ecosystem, []).append(group)
    owned = (Relation(group.key, "owned_by", group.owner) for group in groups if group.owner)
    needed = (_needed(ecosystem, members, owners) for ecosystem, members in sorted(by_ecosystem.items()))
    every = chain(owned, _contained(groups), chain.from_iterable(needed), locked)
    between = (relation for relation in every if relation.source != relation.target)
    first = list(islice(between, limit + 1))
    if len(first) <= limit:
        return one_each(first), False
    found: set[Relation] = set()
    for relation in chain(first, between):  # what is said twice counts once
        if relation not in found and len(found) == limit:
            return one_each(found), True
        found.add(relation)
    return one_each(found), False


def locked_edges(
    groups: Iterable[Group], sightings: Iterable[Sighting], write: Callable[[Package], str]
) -> Iterator[Relation]:
    """The edges of an image's lock files, between visible components only.

    Args:
        groups: every component.
        sightings: every fragment; the packages of lock files among them are read.
        write: from draft to package URL (`identity.purl_writer`).
    """
    installed = {group.key for group in groups if group.removed_by is None}
    for sighting in sightings:
        entries = [one for one in sighting.fragment.packages if one.kind == "lock-file"]
        if entries and sighting.removed_by is None:
            yield from _lock(entries, installed, write)


def _lock(entries: Sequence[Package], installed: set[str], write: Callable[[Package], str]) -> Iterator[Relation]:
    """A name several entries answer to says nothing: locks that hold several versions name them exactly."""
    real: dict[str, set[str]] = {}
    provided: dict[str, set[str]] = {}
    keys = [write(entry) for entry in entries]
    for entry, key in zip(entries, keys, strict=True):
        for name in {entry.name, entry.purl_name or entry.name}:
            real.setdefault(name, set()).add(key)
        for name in entry.provides:
            provided.setdefault(name, set()).add(key)
    for entry, key in zip(entries, keys, strict=True):
        if key not in installed:
            continue
        for name, scope in _wants(entry).items():
            answers = real.get(name) or provided.get(name) or set()
            if len(answers) == 1 and (other := next(iter(answers))) in installed:
                yield Relation(key, "depends_on", other, scope)


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
        self._real: dict[tuple[str, str], list[Group]] = defaultdict(list)
        self._provided: dict[tuple[str, str], list[Group]] = defaultdict(list)

    def add(self, group: Group, places: Iterable[str], *, scoped: bool = False) -> None:
        """`scoped`: a package's own name is the whole one (`@types/node` is not `node`)."""
        package = group.seen[0].package
        names = {package.name} if scoped or not package.purl_name else {package.name, package.purl_name}
        provided = {name for one in group.seen for name in one.package.provides}
        for place in {"", *places}:
            for name in names:
                self._real[name, place].append(group)
            for name in provided:
                self._provided[name, place].append(group)

    def find(self, name: str, place: str = "") -> Sequence[Group]:
        return self._real.get((name, place)) or self._provided.get((name, place)) or ()

    def nearest(self, name: str, place: str) -> Sequence[Group]:
        """By name in the place, by name anywhere, by provision in the place, by provision anywhere."""
        for table in (self._real, self._provided):
            found = table.get((name, place)) or table.get((name, ""))
            if found:
                return found
        return ()


def _wants(package: Package) -> Mapping[str, str]:
    """Name → scope of all a package requires, in order."""
    wanted = dict.fromkeys(package.depends, package.scope)
    wanted.update(package.scoped)
    return wanted


def _requires(group: Group) -> Mapping[str, str]:
    """The same for a component; its first record wins."""
    if len(group.seen) == 1:
        return _wants(group.seen[0].package)
    found: dict[str, str] = {}
    for one in group.seen:
        for name, scope in _wants(one.package).items():
            found.setdefault(name, scope)
    return found


def _distributed(groups: Sequence[Group], owners: Owners) -> Iterator[Relation]:
    """Of several architectures the same one answers, where it can. A path is answered by its owner."""
    names = _Names()
    for group in groups:
        names.add(group, [group.seen[0].package.architecture])
    for group in groups:
        architecture = group.seen[0].package.architecture
        for name, scope in _requires(group).items():
            found = names.nearest(name, architecture)
            for other in found:
                yield Relation(group.key, "depends_on", other.key, scope)
            if not found and name.startswith("/") and (owner := owners.of(name)):
                yield Relation(group.key, "depends_on", owner, scope)


def _languages(groups: Sequence[Group]) -> Iterator[Relation]:
    """The package of that name in the same folder of packages, else the only one there is; else nothing is said."""
    needs = [(group, wanted) for group in groups if (wanted := _requires(group))]
    if not needs:  # as where programs and archives are all there is
        return
    names = _Names()
    folders = {group.key: sorted({_folder(one.path) for one in group.seen}) for group in groups}
    for group in groups:
        names.add(group, folders[group.key])
    for group, wanted in needs:
        for name, scope in wanted.items():
            anywhere = names.find(name)
            near = [other for folder in folders[group.key] for other in names.find(name, folder)] if anywhere else []
            for other in near or (anywhere if len(anywhere) == 1 else ()):
                yield Relation(group.key, "depends_on", other.key, scope)


def _folder(path: str) -> str:
    """The folder that holds the packages: `site-packages` of `site-packages/x.dist-info/METADATA`."""
    directory = path.rpartition("/")[0]
    return directory.rpartition("/")[0] if directory.endswith(_METADATA_FOLDERS) else directory


def _npm(groups: Sequence[Group]) -> Iterator[Relation]:
    """Node's own search: `node_modules/NAME` in the package's folder, then in each folder above it."""
    names, at = _Names(), {}
    for group in groups:
        names.add(group, (), scoped=True)
        for one in group.seen:
            at[one.path.rpartition("/")[0]] = group
    roots = {directory.rpartition(f"{_MODULES}/")[0] for directory in at}
    known: dict[str, list[str]] = {}
    for group in groups:
        for one in group.seen:
            wanted = _wants(one.package)
            if not wanted:
                continue
            own = one.path.rpartition("/")[0] + "/"
            beside = own[: own.rfind("/", 0, -1) + 1]  # one folder for most packages: what is above it is asked once
            above = known.get(beside)
            if above is None:
                above = known[beside] = list(_above(beside, roots))
            if own in roots:
                above = [own, *above]
            for name, scope in wanted.items():
                other = _nearest(name, above, at, names)
                if other is not None:
                    yield Relation(group.key, "depends_on", other.key, scope)


def _nearest(name: str, above: Iterable[str], at: Mapping[str, Group], names: _Names) -> Group | None:
    """What Node finds from a package with these folders above it, else the only one of the name there is."""
    anywhere = names.find(name)
    if not anywhere:
        return None
    for root in above:
        found = at.get(f"{root}{_MODULES}/{name}")
        if found is not None:
            return found
    return anywhere[0] if len(anywhere) == 1 else None


def _above(directory: str, roots: set[str]) -> Iterator[str]:
    """The directory and those above it, each with its closing slash, that have a `node_modules` with packages."""
    while directory:
        if directory in roots:
            yield directory
        directory = directory[: directory.rfind("/", 0, -1) + 1]
    if "" in roots:
        yield ""
