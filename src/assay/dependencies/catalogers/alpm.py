"""Arch Linux: packages of pacman's local database, and the files they own.

`var/lib/pacman/local/NAME-VERSION/desc` and `files` (alpm-db(7), alpm-db-descv2(5), alpm-db-files(5)): sections
`%NAME%`, each with its values a line until an empty one.
"""

from collections.abc import Iterator

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Ownership, Package, Wanted
from assay.dependencies.licences import licence
from assay.dependencies.lockfiles import malformed
from assay.dependencies.paths import path_hashes
from assay.model.errors import UnsupportedError
from assay.model.inventory import Licence, SourcePackage
from assay.model.patterns import lazy

_PLACE = lazy(r"var/lib/pacman/local/([^/]+)-[^/-]+-[^/-]+/(?:desc|files)")
_NAME = lazy(r"[A-Za-z0-9@_+][A-Za-z0-9@._+-]*")
_VERSION = lazy(r"(?:[0-9]+:)?[^\s:/-]+-[0-9]+(?:\.[0-9]+)?")
_NEED = lazy(r"[^<>=:\s]+")
_ASKED = {"": "true", "0": "true", "1": "false"}
"""`%REASON%`: absent or 0 for what somebody asked for, 1 for what came as a dependency."""


def catalogue(file: File) -> Fragment:
    """One package's description, or the list of its files.

    Raises:
        MalformedError: a description without a usable name or version.
        UnsupportedError: file names longer than `owned_paths_bytes` together.
    """
    place = _PLACE.fullmatch(file.path)
    if place is None:
        return Fragment()
    sections = dict(_sections(file.data()))
    if file.path.endswith("/files"):
        return Fragment(ownership=(_owned(file, place[1], sections.get(b"FILES", [])),))
    return Fragment(packages=(_package(file, {key: _texts(lines) for key, lines in sections.items()}),))


def _sections(data: bytes) -> Iterator[tuple[bytes, list[bytes]]]:
    """Name and lines of each section."""
    name, lines = b"", list[bytes]()
    for line in data.split(b"\n"):
        if line[:1] == b"%" == line[-1:] and len(line) > 2 and not lines:
            name = line[1:-1]
        elif line:
            lines.append(line)
        else:
            yield name, lines
            name, lines = b"", []
    yield name, lines


def _texts(lines: list[bytes]) -> list[str]:
    return [line.decode("utf-8", "replace").strip() for line in lines]


def _owned(file: File, name: str, lines: list[bytes]) -> Ownership:
    """Folders end in a slash and belong to many; a local modification of a file's sum stands behind a tab."""
    if sum(map(len, lines)) > file.limits.owned_paths_bytes:
        raise UnsupportedError(
            "the package lists too many files", where=file.path, why=f"limit {file.limits.owned_paths_bytes} bytes"
        )
    return Ownership("alpm", name, "", path_hashes(line for line in lines if not line.endswith(b"/")))


def _package(file: File, fields: dict[bytes, list[str]]) -> Package:
    name, version, base = (next(iter(fields.get(key, ())), "") for key in (b"NAME", b"VERSION", b"BASE"))
    if not (_NAME.fullmatch(name) and _VERSION.fullmatch(version)):
        raise malformed(file, "package description of pacman", f"name {name[:80]!r}, version {version[:80]!r}")
    asked = _ASKED.get(next(iter(fields.get(b"REASON", ())), ""), "")
    return Package(
        ecosystem="alpm",
        name=name,
        version=version,
        source=SourcePackage(base or name, version),
        architecture=next(iter(fields.get(b"ARCH", ())), ""),
        licence=_licence(fields.get(b"LICENSE", [])),
        maintainer=next(iter(fields.get(b"PACKAGER", ())), "")[:500],
        properties=(("alpm:explicit", asked),) if asked else (),
        kind="package-database",
        depends=tuple(sorted(set(_names(fields.get(b"DEPENDS", []))))),
        scope="runtime",
        provides=tuple(sorted(set(_names(fields.get(b"PROVIDES", []))))),
    )


def _names(texts: list[str]) -> Iterator[str]:
    """Without versions and reasons: `glibc>=2.38`, `libz.so=1-64`."""
    return (match[0] for text in texts if (match := _NEED.match(text)))


def _licence(texts: list[str]) -> Licence:
    """alpm-db-descv2(5): several values hold together."""
    return licence(texts, "pacman's database")


CATALOGUER = Cataloguer(
    name="alpm",
    version=1,
    ecosystem="alpm",
    wants=Wanted(names=frozenset(["desc", "files"]), within=("var/lib/pacman/local/",), limit="text_database_bytes"),
    catalogue=catalogue,
)
