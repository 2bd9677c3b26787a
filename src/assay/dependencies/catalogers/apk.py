"""Alpine and its kin: packages of apk's installed database, with their source package (origin), files and licences.

The database is text: records separated by blank lines, fields `X:value`; letters as apk-tools 2 and 3 write them.
`etc/apk/world` lists what was asked for (apk-world(5)): `Note`s whose directory is that file.
"""

from collections.abc import Iterator

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Note, Package, Wanted
from assay.dependencies.licences import licence
from assay.dependencies.paths import path_hashes
from assay.model.errors import MalformedError
from assay.model.inventory import Gap, Licence, SourcePackage

WORLD = "etc/apk/world"
_DATABASES = frozenset({"lib/apk/db/installed", "usr/lib/apk/db/installed"})
_OPERATORS = "<>=~"
_BATCH_COUNT = 1_000


def catalogue(file: File) -> Fragment:
    """Installed packages, or the words of `world`.

    A virtual package (its name begins with a dot) is a list of wishes: left out, but what it wishes for is noted.

    Raises:
        MalformedError: not one record has a name.
    """
    if file.path == WORLD:
        return Fragment(notes=tuple(Note(WORLD, name, "") for name in _names(file.data().decode("utf-8", "replace"))))
    packages: list[Package] = []
    wishes: list[Note] = []
    skipped = unlisted = 0
    allowance = file.limits.owned_paths_bytes
    for block in file.data().split(b"\n\n"):
        if not block.strip():
            continue
        package, cost = _package(block, allowance)
        allowance -= cost
        if package is None:
            skipped += 1
        elif package.name.startswith("."):
            wishes += (Note(file.path, name, package.name) for name in package.depends)
        else:
            unlisted += allowance < 0
            packages.append(package)
    if skipped and not packages:
        raise MalformedError("not an apk database", where=file.path, why="no record with a name and a version")
    return Fragment(packages=tuple(packages), notes=tuple(wishes), gaps=tuple(_gaps(file, skipped, unlisted)))


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
    fields: dict[bytes, bytes] = {}
    owned = _Owned(allowance)
    for line in block.split(b"\n"):
        kind = line[:2]
        if kind == b"R:":
            owned.file(line[2:])
        elif kind == b"F:":
            owned.folder(line[2:])
        elif line[1:2] == b":":
            fields.setdefault(line[:1], line[2:])
    name, version = _text(fields, b"P"), _text(fields, b"V")
    if not name or not version:
        return None, owned.cost
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
        scope="runtime",
        provides=_names(_text(fields, b"p")),
        files=owned.hashes(),
    )
    return package, owned.cost


class _Owned:
    """The paths of one record as hashes; a folder's files are hashed together, and never kept as text."""

    def __init__(self, allowance: int) -> None:
        self.cost = 0
        self._allowance = allowance
        self._folder = b""
        self._names: list[bytes] = []
        self._hashes = bytearray()

    def folder(self, path: bytes) -> None:
        self._flush()
        self._folder = path + b"/" if path else b""

    def file(self, name: bytes) -> None:
        self._names.append(name)
        if len(self._names) >= _BATCH_COUNT:
            self._flush()

    def hashes(self) -> bytes:
        """All of them, or none where the paths are over the allowance."""
        self._flush()
        return bytes(self._hashes) if self.cost <= self._allowance else b""

    def _flush(self) -> None:
        if self._names:
            folder, names = self._folder, self._names
            self.cost += len(folder) * len(names) + sum(map(len, names))
            if self.cost <= self._allowance:
                self._hashes += path_hashes(folder + name for name in names)
            self._names = []


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
    version=3,
    ecosystem="apk",
    wants=Wanted(paths=_DATABASES | {WORLD}),
    catalogue=catalogue,
)
