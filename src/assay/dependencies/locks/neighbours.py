"""What a manifest leaves to the files beside it: names of a catalog or workspace, packages of the same project."""

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from assay.dependencies.locks.pairing import Placed
from assay.dependencies.sheets import Sheet, Wish

_CATALOG, _WORKSPACE = "catalog", "workspace"
PROPERTIES = "gradle-properties"
"""Tool of the sheet that holds the versions of a `gradle.properties`."""
_VARIABLE = re.compile(r"\$\{([\w.-]{1,200})\}")


def explained(placed: Sequence[Placed]) -> list[Placed]:
    """The sheets without catalogs: each manifest with what its neighbours know of it."""
    catalogs = [one for one in placed if one.sheet.role == _CATALOG or _shares(one.sheet)]
    rest = [one for one in placed if one.sheet.role != _CATALOG]
    own = {one.sheet.project[1]: "hackage" for one in rest if one.sheet.ecosystem == "hackage" and one.sheet.project[1]}
    named = any(wish.source == _CATALOG for one in rest for wish in one.sheet.wishes)
    if not (catalogs or own or named):
        return rest
    return [Placed(one.path, _sheet(one, catalogs, own)) if one.sheet.role == "manifest" else one for one in rest]


def _shares(sheet: Sheet) -> bool:
    """Whether it is the root of a workspace, whose lines its members take (`workspace = true`)."""
    return sheet.role == "manifest" and sheet.tool == "cargo" and bool(sheet.recorded)


def _sheet(one: Placed, catalogs: Sequence[Placed], own: dict[str, str]) -> Sheet:
    sheet = one.sheet
    catalog = _nearest(one, [c for c in catalogs if c.sheet.tool == sheet.tool])
    undecided = set(sheet.undecided)
    found = tuple(dict.fromkeys(_wishes(sheet.wishes, catalog, undecided)))
    if sheet.tool == "gradle" and any("${" in wish.wanted for wish in found):
        known = _properties(one, catalogs)
        found = tuple(_filled(wish, known) for wish in found)
    if own:
        found = tuple(_local(wish) if own.get(wish.name) == sheet.ecosystem else wish for wish in found)
    if catalog is not None and catalog.sheet.role == _CATALOG and catalog.sheet.undecided:
        found = tuple(_maybe(wish, catalog) for wish in found)
    return msgspec.structs.replace(sheet, wishes=found, undecided=tuple(sorted(undecided)))


def _properties(one: Placed, catalogs: Sequence[Placed]) -> dict[str, str]:
    """The versions of `gradle.properties` that hold for a script: its own before those of the folders above it."""
    known: dict[str, str] = {}
    for place in sorted((c for c in catalogs if c.sheet.tool == PROPERTIES), key=lambda c: len(c.directory)):
        if not place.directory or f"{one.directory}/".startswith(f"{place.directory}/"):
            known.update((name, wishes[0].wanted) for name, wishes in place.sheet.recorded)
    return known


def _filled(wish: Wish, known: dict[str, str]) -> Wish:
    wanted = _VARIABLE.sub(lambda match: known.get(match[1], match[0]), wish.wanted)
    return msgspec.structs.replace(wish, wanted=wanted)


def _local(wish: Wish) -> Wish:
    return msgspec.structs.replace(wish, source="local")


def _maybe(wish: Wish, catalog: Placed) -> Wish:
    """Of a wish that is not locked nobody can tell whether another place holds it."""
    return (
        wish if wish.marker else msgspec.structs.replace(wish, marker=f"{catalog.path}: {catalog.sheet.undecided[0]}")
    )


def _nearest(one: Placed, catalogs: Iterable[Placed]) -> Placed | None:
    """The catalog of the deepest folder at or above the manifest; Gradle keeps its own in `gradle/`."""
    found: list[tuple[int, Placed]] = []
    for catalog in catalogs:
        home = catalog.directory
        if catalog.sheet.tool == "gradle":
            home = home.rpartition("/")[0] if home.rpartition("/")[2] == "gradle" else home
        if not home or f"{one.directory}/".startswith(f"{home}/"):
            found.append((len(home), catalog))
    return max(found, key=lambda pair: (pair[0], pair[1].path), default=(0, None))[1]


def _wishes(wishes: Iterable[Wish], catalog: Placed | None, undecided: set[str]) -> Iterator[Wish]:
    """The wishes, names of the catalog replaced by what they stand for."""
    known = dict(catalog.sheet.recorded) if catalog is not None else {}
    for wish in wishes:
        if wish.source == _WORKSPACE and wish.name in known:
            yield from (Wish(real.name, real.wanted, real.source, wish.marker, wish.group) for real in known[wish.name])
            continue
        if wish.source != _CATALOG:
            yield wish
            continue
        meant = known.get(wish.name.partition(".")[2], ())
        if not meant or not wish.name.startswith("libs."):
            undecided.add(f"what {wish.name[:100]} stands for is not known here")
        for real in meant:
            yield Wish(real.name, wish.wanted or real.wanted, "", wish.marker, wish.group)
