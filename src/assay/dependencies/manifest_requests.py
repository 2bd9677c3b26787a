"""Which locked packages the projects of a source tree ask for themselves: the record that makes a package direct.

Most locks name what was locked and not what was asked for; the manifest beside them does, or the lock remembers it.
Where a lock holds several versions of one package, the folder it is found from or the constraint chooses among them;
of several that a constraint allows, each is marked. A POM, a Dockerfile and a workflow name nothing but requests; so
does a `conanfile.txt`, of which what its lock answers is left to the lock, and a requirements file that leaves a
version open, for no tool writes one: what pins every line may be a list of all that was installed, and is direct only
where its `# via` marks or the file it was made from say so.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from assay.dependencies.cataloger import Package, Sighting
from assay.dependencies.locks import neighbours, reading
from assay.dependencies.locks.constraints import satisfies
from assay.dependencies.locks.pairing import Pair, Placed, pairs
from assay.dependencies.locks.wishes import alias
from assay.dependencies.sheets import Wish

_REQUESTS = frozenset({"dockerfile", "pom", "workflow-uses"})
"""Cataloguers all of whose packages somebody wrote down."""
_BY_HAND = frozenset({("manifest", "requirements"), ("manifest", "conan")})
"""Files that only people write, as role and tool of their sheets."""
_INDIRECT = "indirect"
_MANIFEST = "package.json"
Asked = dict[tuple[str, str], list[tuple[str, frozenset[str]]]]
"""(ecosystem, name) → for each wish its constraint, and the versions it is known to have led to (none: unknown)."""


def with_requests(sightings: Sequence[Sighting]) -> list[Sighting]:
    """The sightings of a source tree; what its projects ask for carries `ECOSYSTEM:direct`."""
    placed = [Placed(one.path, sheet) for one in sightings if one.removed_by is None for sheet in one.fragment.sheets]
    asked: dict[str, Asked] = {}
    for pair in pairs(neighbours.explained(placed)) if placed else ():
        if pair.lock is not None:
            _note(pair, pair.lock, asked.setdefault(pair.lock.path, {}))
    _note_central(placed, asked)
    written = {one.path for one in placed if (one.sheet.role, one.sheet.tool) in _BY_HAND}
    answered = _answered(placed)
    found = (_without(one, answered[one.path]) if one.path in answered else one for one in sightings)
    return [_marked(one, asked.get(one.path, {}), by_hand=one.path in written) for one in found]


def _answered(placed: Sequence[Placed]) -> dict[str, frozenset[str]]:
    """Manifest → what the lock beside it holds: a wish that was answered is no second package."""
    locks = {
        one.directory: frozenset(entry.name for entry in one.sheet.entries)
        for one in placed
        if (one.sheet.role, one.sheet.tool) == ("lock", "conan")
    }
    return {
        one.path: locks[one.directory]
        for one in placed
        if (one.sheet.role, one.sheet.tool) == ("manifest", "conan") and one.directory in locks
    }


def _without(sighting: Sighting, names: frozenset[str]) -> Sighting:
    return _with(sighting, tuple(one for one in sighting.fragment.packages if one.name not in names))


def with_installed(sightings: Sequence[Sighting]) -> list[Sighting]:
    """The sightings of any target: what a `package.json` asks for and has beside it, be there a lock or not."""
    asked = {
        f"{one.path.removesuffix(_MANIFEST)}node_modules/{wish.name}/{_MANIFEST}"
        for one in sightings
        if one.removed_by is None and one.path.endswith(_MANIFEST)
        for sheet in one.fragment.sheets
        if sheet.role == "manifest" and sheet.ecosystem == "npm"
        for wish in sheet.wishes
    }
    if not asked:
        return list(sightings)
    return [_all_marked(one) if one.path in asked else one for one in sightings]


def direct(package: Package) -> Package:
    """With the record that a project of the tree itself asks for it."""
    record = (f"{package.ecosystem}:direct", "true")
    return msgspec.structs.replace(package, properties=tuple(sorted({*package.properties, record})))


def _note(pair: Pair, lock: Placed, asked: Asked) -> None:
    places = {entry.place: entry.version for entry in lock.sheet.entries if entry.place}
    for member, wish in _wishes(pair, lock):
        if wish.group == _INDIRECT or wish.source == "local":
            continue
        name, wanted = alias(wish)
        versions = frozenset(_found(places, member, wish.name))
        asked.setdefault((lock.sheet.ecosystem, name), []).append(("" if wish.source else wanted, versions))


def _note_central(placed: Sequence[Placed], asked: dict[str, Asked]) -> None:
    """What projects ask for without a version stands, with it, in the nearest central list above them."""
    lists = {one.directory: one.path for one in placed if (one.sheet.role, one.sheet.tool) == ("catalog", "nuget")}
    for one in placed if lists else ():
        path = _nearest(one.directory, lists) if (one.sheet.role, one.sheet.tool) == ("manifest", "nuget") else ""
        for wish in one.sheet.wishes if path else ():
            if wish.source == "workspace":
                asked.setdefault(path, {}).setdefault(("nuget", wish.name), []).append(("", frozenset()))


def _nearest(folder: str, lists: Mapping[str, str]) -> str:
    """What lies in the folder or the first above it; "" for nothing."""
    while folder and folder not in lists:
        folder = folder.rpartition("/")[0]
    return lists.get(folder, "")


def _wishes(pair: Pair, lock: Placed) -> Iterator[tuple[str, Wish]]:
    """What the lock remembers, else what the manifest says now; each with the folder of the member that wishes."""
    if lock.sheet.recorded:
        yield from ((member, wish) for member, wishes in lock.sheet.recorded for wish in wishes)
    elif pair.manifest is not None:
        yield from ((pair.member, wish) for wish in pair.manifest.sheet.wishes)


def _found(places: Mapping[str, str], member: str, name: str) -> Iterator[str]:
    """The version that Node finds from the member's folder, where a lock says where packages lie."""
    while True:
        place = f"{member}/node_modules/{name}" if member else f"node_modules/{name}"
        if place in places:
            yield places[place]
            return
        if not member:
            return
        member = member.rpartition("/")[0]


def _marked(sighting: Sighting, asked: Asked, *, by_hand: bool) -> Sighting:
    if sighting.cataloguer in _REQUESTS or (by_hand and not any(p.provides for p in sighting.fragment.packages)):
        return _all_marked(sighting)
    packages = sighting.fragment.packages
    if not (asked and packages):
        return sighting
    return _with(sighting, tuple(_chosen(packages, asked)))


def _all_marked(sighting: Sighting) -> Sighting:
    packages = sighting.fragment.packages
    return _with(sighting, tuple(direct(package) for package in packages)) if packages else sighting


def _with(sighting: Sighting, packages: tuple[Package, ...]) -> Sighting:
    return msgspec.structs.replace(sighting, fragment=msgspec.structs.replace(sighting.fragment, packages=packages))


def _chosen(packages: Sequence[Package], asked: Asked) -> Iterator[Package]:
    named = [(package.ecosystem, reading.spelled(package.ecosystem, package.name)) for package in packages]
    alike: dict[tuple[str, str], int] = {}
    for name in named:
        alike[name] = alike.get(name, 0) + 1
    for package, name in zip(packages, named, strict=True):
        wishes = asked.get(name, ())
        meant = any(_leads(wanted, versions, package, only=alike[name] == 1) for wanted, versions in wishes)
        yield direct(package) if meant else package


def _leads(wanted: str, versions: frozenset[str], package: Package, *, only: bool) -> bool:
    if versions:
        return package.version in versions
    return only or not wanted or satisfies(package.ecosystem, wanted, package.version) is not False
