"""What the edges of a lock are for, where only the manifest beside it says so: Cargo and Gradle, in source trees.

`Cargo.lock` names what a member of the workspace needs, be it for its tests; `gradle.lockfile` has no edges at all, and
the project itself stands in neither. So the manifests' own lines say it: by the name of the package, and, where a lock
holds several versions of one, by the constraint.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from assay.dependencies.cataloger import Package, Sighting
from assay.dependencies.catalogers.gradle_lock import SCOPE, configured
from assay.dependencies.locks import neighbours, reading
from assay.dependencies.locks.constraints import satisfies
from assay.dependencies.locks.pairing import Placed
from assay.dependencies.manifest_requests import direct
from assay.dependencies.sheets import Sheet, Wish
from assay.formats.edges import strongest
from assay.formats.javameta import coordinate
from assay.model.inventory import Licence

_CARGO_LOCK, _GRADLE_LOCK = "cargo-lock", "gradle-lock"
_LOCAL = ("cargo:source", "local")
_GROUPS = {"": "runtime", "dev": "dev", "build": "build", "optional": "optional"}
_SAME_NAMES_COUNT = 100
"""Manifests of one name in a tree; of more, none speaks."""
_PROJECT = Licence(reason="a build script records no licence")


def with_scopes(sightings: Sequence[Sighting]) -> list[Sighting]:
    """The sightings of a source tree; packages of their locks know what they need for what."""
    if not any(one.cataloguer in (_CARGO_LOCK, _GRADLE_LOCK) for one in sightings):
        return list(sightings)
    found = neighbours.explained(
        [Placed(one.path, sheet) for one in sightings if one.removed_by is None for sheet in one.fragment.sheets]
    )
    crates: dict[str, list[Placed]] = {}
    scripts: dict[str, list[Sheet]] = {}
    for one in found:
        if one.sheet.tool == "cargo" and one.sheet.role != "lock":
            crates.setdefault(one.sheet.project[1], []).append(one)
        elif one.sheet.tool == "gradle" and one.sheet.role == "manifest":
            scripts.setdefault(one.directory, []).append(one.sheet)
    return [_joined(sighting, crates, scripts) for sighting in sightings]


def _joined(
    sighting: Sighting, crates: Mapping[str, Sequence[Placed]], scripts: Mapping[str, Sequence[Sheet]]
) -> Sighting:
    packages = sighting.fragment.packages
    if sighting.cataloguer == _CARGO_LOCK:
        packages = tuple(_cargo(packages, sighting.path, crates))
    elif sighting.cataloguer == _GRADLE_LOCK:
        packages = _gradle(packages, sighting.path, scripts)
    if packages == sighting.fragment.packages:
        return sighting
    return msgspec.structs.replace(sighting, fragment=msgspec.structs.replace(sighting.fragment, packages=packages))


def _cargo(packages: Sequence[Package], path: str, crates: Mapping[str, Sequence[Placed]]) -> Iterator[Package]:
    """Members of the workspace, and crates vendored beside the lock, with the scopes their manifests name.

    What a member needs, be it for its tests, is marked as direct.
    """
    home = path.rpartition("/")[0]
    asked = {needed for package in packages if _LOCAL in package.properties for needed in package.depends}
    for package in packages:
        local = _LOCAL in package.properties
        if not local and not asked.isdisjoint((package.name, *package.provides)):
            package = direct(package)
        named = crates.get(package.name, ())
        sheets = [
            one.sheet
            for one in (named if len(named) <= _SAME_NAMES_COUNT else ())
            if one.sheet.project[2] in ("", package.version)
            and (one.sheet.role == "manifest") == local
            and (not home or f"{one.directory}/".startswith(f"{home}/"))
        ]
        scoped = tuple(_edges(package.depends, sheets[0].wishes)) if len(sheets) == 1 else ()
        yield msgspec.structs.replace(package, scoped=scoped) if scoped else package


def _edges(depends: Iterable[str], wishes: Iterable[Wish]) -> Iterator[tuple[str, str]]:
    by_name: dict[str, list[Wish]] = {}
    for wish in wishes:
        by_name.setdefault(wish.name, []).append(wish)
    for needed in depends:
        name, _, version = needed.partition(" ")
        able = by_name.get(reading.spelled("cargo", name), ())
        meant = [w for w in able if not w.wanted or not version or satisfies("cargo", w.wanted, version) is not False]
        if meant:
            yield needed, strongest(_GROUPS.get(wish.group, "") for wish in meant)


def _gradle(packages: tuple[Package, ...], path: str, scripts: Mapping[str, Sequence[Sheet]]) -> tuple[Package, ...]:
    """The modules, those the script asks for marked; and the project itself, where group and name are written out."""
    home = path.rpartition("/")[0]
    sheets = scripts.get(home, ())
    if len(sheets) != 1 or path.rpartition("/")[2] != "gradle.lockfile":
        return packages
    asked = _asked(sheets[0].wishes, {package.name: dict(package.properties).get(SCOPE, "") for package in packages})
    marked = tuple(direct(package) if package.name in asked else package for package in packages)
    group, name, version = sheets[0].project
    name = name or home.rpartition("/")[2]
    if not (coordinate(group) and coordinate(name) and asked):
        return marked
    project = Package(
        ecosystem="maven",
        name=f"{group}:{name}",
        version=version if coordinate(version) else "",
        namespace=group,
        purl_name=name,
        licence=_PROJECT,
        properties=(("maven:source", "local"),),
        kind="lock-file",
        confidence="strong",
        scoped=tuple(sorted(asked.items())),
    )
    return (*marked, project)


def _asked(wishes: Iterable[Wish], locked: Mapping[str, str]) -> Mapping[str, str]:
    """Module → what the script wants it for, of those that are locked; what is compiled against is mostly run too."""
    found: dict[str, set[str]] = {}
    for wish in wishes:
        if wish.name in locked:
            scope = configured(wish.group)
            ran = scope == "provided" and locked[wish.name] == "runtime"
            found.setdefault(wish.name, set()).add("runtime" if ran else scope)
    return {name: strongest(scopes) for name, scopes in found.items()}
