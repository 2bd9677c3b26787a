"""PyPI: installed distributions (`*.dist-info`, `*.egg-info`), and what stands beside them.

Core metadata (packaging.python.org, "Core metadata specifications" 2.5), PEP 376 and 627 (the installed database),
PEP 610 (`direct_url.json`), PEP 639 (licence expressions), PEP 503 (normalised names).

The facts of neighbouring files become `Note`s named like the property they are: `pypi:requested`, `pypi:installer`,
`pypi:direct-url`, `pypi:editable`, `pypi:commit`.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import urlsplit, urlunsplit

import msgspec

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Note, Package, Wanted
from assay.dependencies.egg_requirements import REQUIRES
from assay.dependencies.licences import licence
from assay.model.errors import MalformedError
from assay.model.inventory import Gap, Licence
from assay.model.patterns import lazy

_FIELDS = frozenset(
    [
        "name",
        "version",
        "license",
        "license-expression",
        "classifier",
        "requires-dist",
        "author",
        "author-email",
        "maintainer",
        "maintainer-email",
    ]
)
_REQUIREMENT = lazy(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")
_EXTRA = lazy(r"\bextra\s*==")
_LONG_LICENCE = 250
_VENDORS = frozenset(["_vendor", "vendor", "_vendored", "vendored", "_vendored_packages"])
"""Folders in which a distribution keeps copies of others (setuptools does): there, but not installed by themselves."""


def normalised(name: str) -> str:
    """PEP 503: runs of `-`, `_` and `.` are one `-`; lower case."""
    return re.sub(r"[-_.]+", "-", name).lower()


def catalogue(file: File) -> Fragment:
    """One file of a `site-packages` folder.

    Raises:
        MalformedError: metadata without name or version, or JSON that is none.
    """
    directory, _, name = file.path.rpartition("/")
    folder = directory.rpartition("/")[2]
    if name in _NOTES:
        return Fragment(notes=_NOTES[name](file, directory)) if folder.endswith(".dist-info") else Fragment()
    if name == "requires.txt":
        egg = folder.endswith(".egg-info") or folder == "EGG-INFO"
        return Fragment(notes=tuple(_egg_requirements(file, directory))) if egg else Fragment()
    if not _is_metadata(name, folder):
        return Fragment()
    if folder.startswith("~") or name.startswith("~"):
        reason = "left behind by an interrupted installation (`~` names are not installed)"
        return Fragment(gaps=(Gap(kind="skipped", path=file.path, layer=None, reason=reason, by="pypi"),))
    return Fragment(packages=(_package(file),))


def _is_metadata(name: str, folder: str) -> bool:
    if name == "METADATA":
        return folder.endswith(".dist-info")
    if name == "PKG-INFO":
        return folder.endswith(".egg-info") or folder == "EGG-INFO"
    return name.endswith(".egg-info")


def _package(file: File) -> Package:
    fields = read_headers(file.data(), _FIELDS)
    name, version = _one(fields, "name"), _one(fields, "version")
    if not name or not version or not _REQUIREMENT.fullmatch(name):
        raise MalformedError(
            "Python metadata without a usable name or version",
            where=file.path,
            why=f"Name {name[:80]!r}, Version {version[:80]!r}",
            remedy="reinstall the distribution",
        )
    purl_name = normalised(name)
    return Package(
        ecosystem="pypi",
        name=name,
        version=version,
        purl_name=purl_name,
        licence=_licence(fields, file.path.rpartition("/")[2]),
        maintainer=_person(fields),
        depends=tuple(sorted(set(_requirements(fields.get("requires-dist", ()))))),
        scope="runtime",
        provides=(purl_name,) if purl_name != name else (),
        confidence="strong" if _VENDORS.intersection(file.path.split("/")[:-2]) else "certain",
    )


def read_headers(data: bytes, wanted: frozenset[str]) -> dict[str, list[str]]:
    """The wanted fields of the header block (RFC 822 with folding), names in lower case, values in file order.

    The block ends at the first empty line; bytes that are not UTF-8 are replaced. A continuation line keeps its
    line break and loses its indentation.
    """
    end = re.search(rb"\n\r?\n", data)
    text = data[: end.start() if end else len(data)].decode("utf-8", "replace").removeprefix("\ufeff")
    fields: dict[str, list[list[str]]] = {}
    lines: list[str] = []
    for line in text.split("\n"):
        if line[:1] in (" ", "\t"):
            lines.append(line.strip())
            continue
        name, colon, value = line.partition(":")
        lines = [value.strip()]
        if colon and name.isascii() and name.lower() in wanted:
            fields.setdefault(name.lower(), []).append(lines)
    return {name: ["\n".join(value).strip() for value in values] for name, values in fields.items()}


def _one(fields: dict[str, list[str]], name: str) -> str:
    """The first value of a field; a field without a value, or `UNKNOWN` as old tools write it, is empty."""
    value = fields.get(name, [""])[0]
    return "" if value == "UNKNOWN" else value


def _licence(fields: dict[str, list[str]], what: str) -> Licence:
    """PEP 639: `License-Expression` rules. Else a compound expression in `License`; else `License` and the classifiers
    together; where they make no expression, the first of the two that does alone. A whole text in `License` yields to
    classifiers.
    """
    expression = _one(fields, "license-expression")
    if expression:
        return licence([expression], what)
    text = _one(fields, "license")
    classifiers = [value for value in fields.get("classifier", ()) if value.startswith("License ::")]
    if len(text) > _LONG_LICENCE and classifiers:
        text = ""
    both = licence(filter(None, [text, *classifiers]), what)
    if not (text and classifiers):
        return both
    field = licence([text], what)
    compound = " OR " in field.expression or " AND " in field.expression
    order = (field, both) if compound else (both, field, licence(classifiers, what))
    chosen = next((reading for reading in order if reading.expression), both)
    return msgspec.structs.replace(chosen, declared=both.declared)


def _person(fields: dict[str, list[str]]) -> str:
    for name in ("maintainer", "maintainer-email", "author", "author-email"):
        if value := _one(fields, name):
            return value.split("\n", 1)[0][:500]
    return ""


def _requirements(lines: Iterable[str]) -> Iterator[str]:
    """Normalised names of PEP 508 requirements; those of extras are not installed with the distribution itself."""
    for line in lines:
        match = _REQUIREMENT.match(line)
        if match and not _EXTRA.search(line.partition(";")[2]):
            yield normalised(match[1])


def _egg_requirements(file: File, directory: str) -> Iterator[Note]:
    """`requires.txt`: requirements, then sections `[extra]`, `[:marker]`, `[extra:marker]`; extras are left out."""
    wanted, lines = True, []
    for line in file.data().decode("utf-8", "replace").splitlines():
        line = line.strip()
        if line.startswith("["):
            wanted = line.startswith("[:")
        elif wanted and not line.startswith("#"):
            lines.append(line)
    if names := sorted(set(_requirements(lines))):
        yield Note(directory, REQUIRES, "\n".join(names))


def _requested(_file: File, directory: str) -> tuple[Note, ...]:
    return (Note(directory, "pypi:requested", "true"),)


def _installer(file: File, directory: str) -> tuple[Note, ...]:
    value = file.data()[:200].decode("utf-8", "replace").strip()
    return (Note(directory, "pypi:installer", value),) if value else ()


class _DirInfo(msgspec.Struct):
    editable: bool = False


class _VcsInfo(msgspec.Struct):
    vcs: str = ""
    commit_id: str = ""


class _DirectUrl(msgspec.Struct):
    """PEP 610."""

    url: str
    dir_info: _DirInfo | None = None
    vcs_info: _VcsInfo | None = None


def _direct_url(file: File, directory: str) -> tuple[Note, ...]:
    try:
        origin = msgspec.json.decode(file.data(), type=_DirectUrl)
        notes = [Note(directory, "pypi:direct-url", without_credentials(origin.url))]
    except (ValueError, RecursionError) as error:
        raise MalformedError(
            "not a PEP 610 origin", where=file.path, why=str(error)[:200], remedy="reinstall the distribution"
        ) from error
    if origin.dir_info and origin.dir_info.editable:
        notes.append(Note(directory, "pypi:editable", "true"))
    if origin.vcs_info and origin.vcs_info.commit_id:
        notes.append(Note(directory, "pypi:commit", origin.vcs_info.commit_id[:200]))
    return tuple(notes)


def without_credentials(url: str) -> str:
    """The URL without user and password: a report never repeats them.

    Raises:
        ValueError: not a URL.
    """
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


_NOTES: dict[str, Callable[[File, str], tuple[Note, ...]]] = {
    "REQUESTED": _requested,
    "INSTALLER": _installer,
    "direct_url.json": _direct_url,
}


CATALOGUER = Cataloguer(
    name="pypi",
    version=3,
    ecosystem="pypi",
    wants=Wanted(
        names=frozenset(["METADATA", "PKG-INFO", "requires.txt", *_NOTES]),
        suffixes=frozenset([".egg-info"]),
        limit="metadata_bytes",
    ),
    catalogue=catalogue,
)
