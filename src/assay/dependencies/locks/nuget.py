"""NuGet: project files (`PackageReference`, NuGet documentation), `Directory.Packages.props`, `packages.lock.json`.

MSBuild computes: what a property or a condition decides is not followed but said.
"""

from collections.abc import Iterator, Mapping
from functools import partial

import msgspec

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Wanted
from assay.dependencies.catalogers import dotnet, nuget_central
from assay.dependencies.locks import reading
from assay.dependencies.sheets import Sheet, Wish
from assay.dependencies.xmlevents import read_xml
from assay.model.errors import MalformedError

_DEPTH = 64
_SUFFIXES = (".csproj", ".fsproj", ".vbproj")


class _Reference(msgspec.Struct):
    names: str
    version: str
    conditional: bool


def catalogue(file: File) -> Fragment:
    """One project file or lock.

    Raises:
        MalformedError, UnsupportedError: a damaged lock, or more references than any project has.
    """
    if reading.foreign(file.path) or {"obj", "bin"} & set(file.path.split("/")[:-1]):
        return Fragment()
    if file.path.endswith(".json"):
        entries = reading.entries(file, dotnet.catalogue_lock)
        return reading.fragment(Sheet(role="lock", ecosystem="nuget", tool="nuget", entries=entries))
    if file.path.endswith(f"/{nuget_central.NAME}") or file.path == nuget_central.NAME:
        return reading.fragment(_catalog(file))
    return reading.fragment(_manifest(file))


def _catalog(file: File) -> Sheet:
    """The versions of the projects below, and as `wishes` what each of them asks for with no word of its own.

    Where only a condition or a property would tell a version the name stays out: then it stays unknown.
    """
    every, _ = nuget_central.read(file)
    said: dict[str, set[nuget_central.Central]] = {}
    for one in every:
        said.setdefault(reading.spelled("nuget", one.name), set()).add(one)
    known = tuple((name, (_told(name, only),)) for name, (only, *more) in sorted(said.items()) if not more)
    return Sheet(
        role="catalog",
        ecosystem="nuget",
        tool="nuget",
        recorded=tuple((name, told) for name, told in known if told[0].wanted and not told[0].marker),
        wishes=reading.bounded((told[0] for name, told in known for one in said[name] if one.everywhere), file),
    )


def _told(name: str, one: nuget_central.Central) -> Wish:
    wanted = "" if "$" in one.wanted else one.wanted
    return Wish(name, wanted, marker="a condition of MSBuild" if one.conditional else "")


def _manifest(file: File) -> Sheet | None:
    if b"PackageReference" not in file.data():
        return None
    try:
        references = _read(file)
        undecided: list[str] = []
        wishes = reading.bounded(_wishes(references, undecided), file)
    except MalformedError as error:
        return Sheet(role="manifest", ecosystem="nuget", tool="nuget", damaged=error.why[:300])
    if not references:
        return None
    said = tuple(sorted(set(undecided)))
    return Sheet(role="manifest", ecosystem="nuget", tool="nuget", wishes=wishes, undecided=said)


def _wishes(references: list[_Reference], undecided: list[str]) -> Iterator[Wish]:
    """Without a version here one stands in a file above (central package management)."""
    for one in references:
        if any(letter in one.names for letter in "$@%"):
            undecided.append("MSBuild decides on names of packages")
            continue
        for name in filter(None, map(str.strip, one.names.split(";"))):
            marker = "a condition of MSBuild" if one.conditional else ""
            if "$" in one.version:
                undecided.append("MSBuild decides on versions")
                yield Wish(reading.spelled("nuget", name), marker=marker)
            else:
                source = "" if one.version else "workspace"
                yield Wish(reading.spelled("nuget", name), one.version, source=source, marker=marker)


def _read(file: File) -> list[_Reference]:
    """`PackageReference Include=` with its version as attribute or element; no recursion, no document type."""
    found: list[_Reference] = []
    stack: list[str] = []
    conditions: list[bool] = []
    text: list[str] = []

    def start(tag: str, attributes: Mapping[str, str]) -> None:
        if len(stack) == _DEPTH:
            raise _bad(file, f"nested deeper than {_DEPTH}")
        name = tag.rpartition(":")[2]
        conditions.append("Condition" in attributes or name in ("When", "Otherwise", "Target"))
        if name == "PackageReference" and attributes.get("Include"):
            version = attributes.get("VersionOverride") or attributes.get("Version", "")
            found.append(_Reference(attributes["Include"], version.strip(), any(conditions)))
        stack.append(name)
        text.clear()

    def end(_tag: str) -> None:
        if stack[-1] in ("Version", "VersionOverride") and stack[-2:-1] == ["PackageReference"] and found:
            found[-1].version = "".join(text).strip()
        stack.pop()
        conditions.pop()
        text.clear()

    read_xml(file.data(), partial(_bad, file), start=start, end=end, text=text.append)
    return found


def _bad(file: File, why: str) -> MalformedError:
    return MalformedError("not a readable project file", where=file.path, why=why, remedy="open it with its own tool")


ROW = Cataloguer(
    name="locks-nuget",
    version=2,
    ecosystem="nuget",
    wants=Wanted(
        names=frozenset(["packages.lock.json", nuget_central.NAME]),
        suffixes=frozenset(_SUFFIXES),
        limit="lock_file_bytes",
    ),
    catalogue=catalogue,
)
