"""NuGet's older lists in a source tree: `packages.config` (NuGet documentation, "packages.config reference").

Every package that a project installs stands in it with its one version, those that others need as well; what needs
what, and a digest, does not.
"""

from collections.abc import Mapping
from functools import partial

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.dependencies.xmlevents import read_xml
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.inventory import Gap, Licence

_NO_LICENCE = Licence(reason="packages.config records no licence")
_CHARACTERS = 300


def catalogue(file: File) -> Fragment:
    """One list; in an image it is a wish, and nothing is read.

    Raises:
        MalformedError: not XML, a document type declaration, or no `packages`. UnsupportedError: more than
            `packages_count`.
    """
    if file.installed:
        return Fragment()
    found: dict[tuple[str, str], Package] = {}
    rows = _rows(file)
    for row in rows:
        name, version = row.get("id", "").strip(), row.get("version", "").strip()
        if name and version and max(len(name), len(version)) <= _CHARACTERS:
            found.setdefault((name.lower(), version), _package(name, version, row))
    lost = sum(not (row.get("id", "").strip() and row.get("version", "").strip()) for row in rows)
    why = f"{lost} packages without name or version"
    gaps = (Gap("unreadable", file.path, None, why, "nuget-config"),) if lost else ()
    return Fragment(packages=tuple(found[key] for key in sorted(found)), gaps=gaps)


def _package(name: str, version: str, row: Mapping[str, str]) -> Package:
    development = row.get("developmentDependency", "").strip().lower() == "true"
    return Package(
        ecosystem="nuget",
        name=name,
        version=version,
        licence=_NO_LICENCE,
        properties=(("nuget:dev", "true"),) if development else (),
        kind="lock-file",
        confidence="strong",
        provides=(f"{name}/{version}".lower(),),
    )


def _rows(file: File) -> list[Mapping[str, str]]:
    """The attributes of each `package` below `packages`; no recursion, no document type."""
    found: list[Mapping[str, str]] = []
    stack: list[str] = []
    roots: set[str] = set()

    def start(tag: str, attributes: Mapping[str, str]) -> None:
        roots.update(() if stack else (tag,))
        if tag == "package" and stack == ["packages"]:
            if len(found) == file.limits.packages_count:
                raise UnsupportedError("the list has too many entries", where=file.path, why=f"limit {len(found)}")
            found.append(dict(attributes))
        if len(stack) > 1:
            raise _bad(file, "elements inside a `package`")
        stack.append(tag)

    def end(_tag: str) -> None:
        stack.pop()

    read_xml(file.data(), partial(_bad, file), start=start, end=end)
    if roots != {"packages"}:
        raise _bad(file, "its root is no `packages`")
    return found


def _bad(file: File, why: str) -> MalformedError:
    return MalformedError("not a packages.config", where=file.path, why=why, remedy="restore it with NuGet")


CATALOGUER = Cataloguer(
    name="nuget-config",
    version=1,
    ecosystem="nuget",
    wants=Wanted(names=frozenset(["packages.config"]), limit="lock_file_bytes"),
    catalogue=catalogue,
)
