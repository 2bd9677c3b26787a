"""What a manifest leaves to the files beside it: names of a catalog or workspace, packages of the same project."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from assay.dependencies.locks.pairing import Placed
from assay.dependencies.sheets import Sheet, Wish
from assay.model.patterns import lazy

_CATALOG, _WORKSPACE = "catalog", "workspace"
PROPERTIES = "gradle-properties"
"""Tool of the sheet that holds the versions of a `gradle.properties`."""
_VARIABLE = lazy(r"\$\{([\w.-]{1,200})\}")


Meanings = Mapping[str, Sequence[Wish]]


class _Shelf:
    """Catalogs by tool and by the folder they hold for; every lookup walks up from a folder."""

    def __init__(self, catalogs: Iterable[Placed]) -> None:
        self._at: dict[tuple[str, str], tuple[Placed, Meanings]] = {}
        for one in catalogs:
            self._at[one.sheet.tool, _home(one)] = (one, dict(one.sheet.recorded))

    def above(self, tool: str, directory: str) -> Iterator[tuple[Placed, Meanings]]:
        """Those of a tool that hold for a folder, the nearest first."""
        while True:
            found = self._at.get((tool, directory))
            if found is not None:
                yield found
            if not directory:
                return
            directory = directory.rpartition("/")[0]


def _home(catalog: Placed) -> str:
    """The folder a catalog holds for: Gradle keeps its own in `gradle/`."""
    above, _, base = catalog.directory.rpartition("/")
    return above if catalog.sheet.tool == "gradle" and base == "gradle" else catalog.directory


def explained(placed: Sequence[Placed]) -> list[Placed]:
    """The sheets without catalogs: each manifest with what its neighbours know of it."""
    catalogs = [one for one in placed if one.sheet.role == _CATALOG or _shares(one.sheet)]
    rest = [one for one in placed if one.sheet.role != _CATALOG]
    own = {one.sheet.project[1]: "hackage" for one in rest if one.sheet.ecosystem == "hackage" and one.sheet.project[1]}
    named = any(wish.source == _CATALOG for one in rest for wish in one.sheet.wishes)
    if not (catalogs or own or named):
        return rest
    shelf = _Shelf(catalogs)
    return [Placed(one.path, _sheet(one, shelf, own)) if one.sheet.role == "manifest" else one for one in rest]


def _shares(sheet: Sheet) -> bool:
    """Whether it is the root of a workspace, whose lines its members take (`workspace = true`)."""
    return sheet.role == "manifest" and sheet.tool == "cargo" and bool(sheet.recorded)


def _sheet(one: Placed, shelf: _Shelf, own: Mapping[str, str]) -> Sheet:
    sheet = one.sheet
    catalog, known = next(shelf.above(sheet.tool, one.directory), (None, {}))
    undecided = set(sheet.undecided)
    found = tuple(dict.fromkeys(_wishes(sheet.wishes, known, undecided)))
    if catalog is not None and catalog.sheet.role == _CATALOG and catalog.sheet.wishes:
        found = tuple(dict.fromkeys((*found, *_everywhere(catalog, sheet))))
    if sheet.tool == "gradle" and any("${" in wish.wanted for wish in found):
        places = [meanings for _, meanings in shelf.above(PROPERTIES, one.directory)]
        found = tuple(_filled(wish, places) for wish in found)
    if own:
        found = tuple(_local(wish) if own.get(wish.name) == sheet.ecosystem else wish for wish in found)
    if catalog is not None and catalog.sheet.role == _CATALOG and catalog.sheet.undecided:
        found = tuple(_maybe(wish, catalog) for wish in found)
    return msgspec.structs.replace(sheet, wishes=found, undecided=tuple(sorted(undecided)))


def _filled(wish: Wish, places: Sequence[Meanings]) -> Wish:
    """A wish with the versions of `gradle.properties`: the script's own before those of the folders above it."""

    def value(match: re.Match[str]) -> str:
        return next((place[match[1]][0].wanted for place in places if match[1] in place), match[0])

    return msgspec.structs.replace(wish, wanted=_VARIABLE.sub(value, wish.wanted))


def _everywhere(catalog: Placed, sheet: Sheet) -> Iterator[Wish]:
    """What a catalog asks for in the name of every project: for sure only of one that takes its versions from there."""
    obeys = any(wish.source == _WORKSPACE for wish in sheet.wishes)
    for wish in catalog.sheet.wishes:
        yield wish if obeys or wish.marker else msgspec.structs.replace(wish, marker=f"whether {catalog.path} counts")


def _local(wish: Wish) -> Wish:
    return msgspec.structs.replace(wish, source="local")


def _maybe(wish: Wish, catalog: Placed) -> Wish:
    """Of a wish that is not locked nobody can tell whether another place holds it."""
    return (
        wish if wish.marker else msgspec.structs.replace(wish, marker=f"{catalog.path}: {catalog.sheet.undecided[0]}")
    )


def _wishes(wishes: Iterable[Wish], known: Meanings, undecided: set[str]) -> Iterator[Wish]:
    """The wishes, names of the catalog replaced by what they stand for."""
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
