"""Alpine and its kin: packages of apk's installed database, with their source package (origin), files and licences.

The database is text: records separated by blank lines, fields `X:value`; letters as apk-tools 2 and 3 write them.
"""

from collections.abc import Iterator

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.dependencies.licences import licence
from assay.dependencies.paths import path_hashes
from assay.model.errors import MalformedError
from assay.model.inventory import Gap, Licence, SourcePackage

_OPERATORS = "<>=~"


def catalogue(file: File) -> Fragment:
    """Installed packages. A virtual package (its name begins with a dot) is a list of wishes and left out.

    Raises:
        MalformedError: not one record has a name.
    """
    packages: list[Package] = []
    skipped = unlisted = 0
    allowance = file.limits.owned_paths_bytes
    for block in file.data().split(b"\n\n"):
        if not block.strip():
            continue
        package, cost = _package(block, allowance)
        allowance -= cost
        if package is None:
            skipped += 1
        elif not package.name.startswith("."):
            unlisted += allowance < 0
            packages.append(package)
    if skipped and not packages:
        raise MalformedError("not an apk database", where=file.path, why="no record with a name and a version")
    return Fragment(packages=tuple(packages), gaps=tuple(_gaps(file, skipped, unlisted)))


def _gaps(file: File, skipped: int, unlisted: int) -> Iterator[Gap]:
    if skipped:
        yield Gap("skipped", file.path, None, f"{skipped} records without name or version", "apk")
    if unlisted:
        limit = file.limits.owned_paths_bytes
        yield Gap("limit", file.path, None, f"files of {unlisted} packages: over {limit} bytes of paths", "apk")


def _package(block: bytes, allowance: int) -> tuple[Package | None, int]:
    """One record, and the bytes its paths take; past the allowance its paths are not kept.

    `F:` names a directory, `R:` a file in it.
    """
    cost = 0
    fields: dict[bytes, bytes] = {}
    owned: list[bytes] = []
    folder = b""
    for line in block.split(b"\n"):
        kind = line[:2]
        if kind == b"R:":
            cost += len(folder) + len(line)
            if cost <= allowance:
                owned.append(folder + line[2:])
        elif kind == b"F:":
            folder = line[2:] + b"/" if len(line) > 2 else b""
        elif line[1:2] == b":":
            fields.setdefault(line[:1], line[2:])
    name, version = _text(fields, b"P"), _text(fields, b"V")
    if not name or not version:
        return None, cost
    package = Package(
        ecosystem="apk",
        name=name,
        version=version,
        source=SourcePackage(_text(fields, b"o") or name, version),
        architecture=_text(fields, b"A"),
        licence=_licence(_text(fields, b"L")),
        maintainer=_text(fields, b"m"),
        properties=_properties(fields),
        kind="package-database",
        depends=_names(_text(fields, b"D")),
        provides=_names(_text(fields, b"p")),
        files=path_hashes(owned) if cost <= allowance else b"",
    )
    return package, cost


def _text(fields: dict[bytes, bytes], key: bytes) -> str:
    return fields.get(key, b"").decode("utf-8", "replace").strip()


def _properties(fields: dict[bytes, bytes]) -> tuple[tuple[str, str], ...]:
    commit = _text(fields, b"c")
    return (("apk:commit", commit),) if commit else ()


def _licence(field: str) -> Licence:
    """`L:` is an SPDX expression since Alpine 3.11; older records list names with spaces, all of which hold."""
    words = field.split()
    plain = len(words) > 1 and not any(word.upper() in ("AND", "OR", "WITH") for word in words)
    return licence(words if plain else [field], "the apk database")


def _names(field: str) -> tuple[str, ...]:
    """Names of dependencies or provisions (`so:libz.so.1>=1.2`, `cmd:sh=1.36`) without versions; conflicts left out."""
    found: dict[str, None] = {}
    for word in field.split():
        if word.startswith("!"):
            continue
        end = min((at for at in map(word.find, _OPERATORS) if at > 0), default=len(word))
        found[word[:end].partition("@")[0]] = None
    return tuple(found)


ROW = Cataloguer(
    name="apk",
    version=1,
    ecosystem="apk",
    wants=Wanted(paths=frozenset({"lib/apk/db/installed", "usr/lib/apk/db/installed"})),
    catalogue=catalogue,
)
