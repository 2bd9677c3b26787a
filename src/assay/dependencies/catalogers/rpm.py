"""RPM: packages of the database Fedora, RHEL and SUSE keep, read without rpm and without SQL.

`rpmdb.sqlite` (rpm 4.16 and later), SUSE's ndb and the older Berkeley DB hold the same headers. Azure Linux's
distroless images keep a text list instead of a database.
"""

import stat
from collections.abc import Callable, Iterator

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.dependencies.licences import licence
from assay.dependencies.paths import path_hashes
from assay.formats import rpmheader as tags
from assay.formats.bdbfile import BdbHash
from assay.formats.ndbfile import NdbFile
from assay.formats.sqlitefile import WAL_HEADER_BYTES, SqliteFile
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.inventory import Gap, Licence, SourcePackage

_FOLDERS = ("var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm")
_WAL = "rpmdb.sqlite-wal"
_MANIFEST = "var/lib/rpmmanifest/container-manifest-2"
_WANTED = frozenset(
    {
        tags.NAME,
        tags.VERSION,
        tags.RELEASE,
        tags.EPOCH,
        tags.VENDOR,
        tags.PACKAGER,
        tags.LICENSE,
        tags.ARCH,
        tags.SOURCE_RPM,
        tags.PROVIDE_NAME,
        tags.REQUIRE_NAME,
        tags.OLD_FILE_NAMES,
        tags.FILE_MODES,
        tags.DIR_INDEXES,
        tags.BASE_NAMES,
        tags.DIR_NAMES,
        tags.MODULARITY_LABEL,
    }
)


def catalogue(file: File) -> Fragment:
    """Installed packages; `gpg-pubkey` entries are keys and left out. A damaged header is skipped and counted.

    Raises:
        MalformedError: not a database. UnsupportedError: another kind of database, or unapplied changes beside it.
    """
    name = file.path.rpartition("/")[2]
    if name == _WAL:
        return _write_ahead_log(file)
    if file.path == _MANIFEST:
        return Fragment(packages=tuple(_manifest(file)))
    packages: list[Package] = []
    damaged = unlisted = 0
    allowance = file.limits.owned_paths_bytes
    for blob in _DATABASES[name](file.data(), file.path):
        try:
            header = tags.read(blob, _WANTED, where=file.path)
            listing = _Listing(header)
            allowance -= listing.cost
            package = _package(header, path_hashes(listing.paths()) if allowance >= 0 else b"")
        except MalformedError:
            damaged += 1
            continue
        if package is not None:
            unlisted += allowance < 0
            packages.append(package)
    return Fragment(packages=tuple(packages), gaps=tuple(_gaps(file, damaged, unlisted)))


def _gaps(file: File, damaged: int, unlisted: int) -> Iterator[Gap]:
    if damaged:
        yield Gap("skipped", file.path, None, f"{damaged} damaged package headers", "rpm")
    if unlisted:
        limit = file.limits.owned_paths_bytes
        yield Gap("limit", file.path, None, f"files of {unlisted} packages: over {limit} bytes of paths", "rpm")


def _write_ahead_log(file: File) -> Fragment:
    """fileformat2, "The Write-Ahead Log": a log of its header alone holds no change."""
    if file.size <= WAL_HEADER_BYTES:
        return Fragment()
    raise UnsupportedError(
        "changes beside the rpm database are not read",
        where=file.path,
        why=f"a write-ahead log of {file.size} bytes",
        remedy="run `rpm --rebuilddb` while building the image",
    )


def _sqlite(data: bytes, where: str) -> Iterator[bytes]:
    database = SqliteFile(data, where)
    root = database.tables().get("Packages")
    if root is None:
        raise MalformedError("not an rpm database", where=where, why="it has no table Packages")
    for row in database.rows(root):
        blob = row.values[1] if len(row.values) > 1 else None
        yield blob if isinstance(blob, bytes) else b""


def _ndb(data: bytes, where: str) -> Iterator[bytes]:
    for blob in NdbFile(data, where).blobs():
        yield b"" if blob is None else blob


def _bdb(data: bytes, where: str) -> Iterator[bytes]:
    """Keys are header numbers in native order; number 0 holds the highest number given so far."""
    for key, blob in BdbHash(data, where).items():
        if any(key):
            yield blob


_DATABASES: dict[str, Callable[[bytes, str], Iterator[bytes]]] = {
    "rpmdb.sqlite": _sqlite,
    "Packages.db": _ndb,
    "Packages": _bdb,
}
"""File name → the header blobs of such a database; a blob that cannot be read is empty."""


def _package(header: dict[int, tags.Value], files: bytes) -> Package | None:
    """One header; None for a public key.

    Raises:
        MalformedError: no name or no version.
    """
    name, version = _text(header, tags.NAME), _text(header, tags.VERSION)
    if name == "gpg-pubkey":
        return None
    if not name or not version:
        raise MalformedError("an rpm header without name or version")
    release, epoch = _text(header, tags.RELEASE), header.get(tags.EPOCH)
    full = f"{version}-{release}" if release else version
    prefix = f"{epoch[0]}:" if epoch and epoch[0] else ""
    label = _text(header, tags.MODULARITY_LABEL)
    return Package(
        ecosystem="rpm",
        name=name,
        version=prefix + full,
        source=_source(_text(header, tags.SOURCE_RPM), full, prefix),
        architecture=_text(header, tags.ARCH),
        licence=licence([_text(header, tags.LICENSE)], "the rpm header"),
        maintainer=_text(header, tags.PACKAGER) or _text(header, tags.VENDOR),
        supplier=_text(header, tags.VENDOR),
        properties=(("rpm:modularitylabel", label),) if label else (),
        kind="package-database",
        depends=tuple(dict.fromkeys(_requirements(header))),
        scope="runtime",
        provides=tuple(dict.fromkeys(_texts(header, tags.PROVIDE_NAME))),
        files=files,
    )


def _text(header: dict[int, tags.Value], tag: int) -> str:
    values = header.get(tag)
    return _plain(str(values[0])) if isinstance(values, tuple) and values else ""


def _texts(header: dict[int, tags.Value], tag: int) -> tuple[str, ...]:
    values = header.get(tag)
    return tuple(map(_plain, map(str, values))) if isinstance(values, tuple) else ()


def _plain(text: str) -> str:
    """Bytes outside UTF-8 replaced: these are names people read, not paths."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").strip()


def _source(field: str, version: str, prefix: str) -> SourcePackage | None:
    """`bash-5.1.8-6.el9.src.rpm` → (bash, 5.1.8-6.el9). A source's epoch is not recorded: it is taken from the binary
    package where both have the same version and release.
    """
    stem = field.removesuffix(".rpm").rpartition(".")[0]
    parts = stem.rsplit("-", 2)
    if len(parts) != 3 or not all(parts):
        return None
    full = f"{parts[1]}-{parts[2]}"
    return SourcePackage(parts[0], prefix + full if full == version else full)


def _requirements(header: dict[int, tags.Value]) -> Iterator[str]:
    """Names required; not features of rpm itself, and not boolean expressions (`(a if b)`)."""
    for name in _texts(header, tags.REQUIRE_NAME):
        if not name.startswith(("rpmlib(", "(")):
            yield name


class _Listing:
    """The paths of one header, without leading slash; directories are left out where the modes tell."""

    def __init__(self, header: dict[int, tags.Value]) -> None:
        """Raises MalformedError: lists of different lengths, an index of no directory, an endless directory."""
        self._bases = header.get(tags.BASE_NAMES, ()) or header.get(tags.OLD_FILE_NAMES, ())
        old = tags.BASE_NAMES not in header
        self._starts = [b""] if old else [_raw(str(folder)) for folder in header.get(tags.DIR_NAMES, ())]
        self._indexes = [0] * len(self._bases) if old else _integers(header, tags.DIR_INDEXES)
        modes = _integers(header, tags.FILE_MODES)
        self._modes = modes if len(modes) == len(self._bases) else [stat.S_IFREG] * len(self._bases)
        lengths = [len(start) for start in self._starts]
        if len(self._indexes) != len(self._bases) or (self._bases and max(self._indexes) >= len(lengths)):
            raise MalformedError("an rpm header with a file list that does not add up")
        self.cost = sum(map(lengths.__getitem__, self._indexes))
        """Bytes of all paths, roughly: the directories' part, which alone can outgrow the header."""

    def paths(self) -> Iterator[bytes]:
        starts = self._starts
        for base, index, mode in zip(self._bases, self._indexes, self._modes, strict=True):
            if not stat.S_ISDIR(mode):
                yield starts[index] + _raw(str(base))


def _integers(header: dict[int, tags.Value], tag: int) -> list[int]:
    return [value for value in header.get(tag, ()) if isinstance(value, int)]


def _raw(path: str) -> bytes:
    return path.lstrip("/").encode("utf-8", "surrogateescape")


def _manifest(file: File) -> Iterator[Package]:
    """Azure Linux: name, version-release, two times, vendor, epoch, size, architecture, epoch number, source rpm.

    Raises:
        MalformedError: a line of another form.
    """
    for line in file.data().decode("utf-8", "replace").splitlines():
        if not line.strip():
            continue
        fields = line.split("\t")
        if len(fields) != 10 or not fields[0] or not fields[1]:
            raise MalformedError("not an rpm manifest", where=file.path, why=f"a line of {len(fields)} fields")
        prefix = f"{fields[8]}:" if fields[8].isascii() and fields[8].isdigit() and fields[8].strip("0") else ""
        if fields[0] != "gpg-pubkey":
            yield Package(
                ecosystem="rpm",
                name=fields[0],
                version=prefix + fields[1],
                source=_source(fields[9], fields[1], prefix),
                architecture=fields[7],
                licence=Licence(reason="the rpm manifest records no licence"),
                maintainer=fields[4] if fields[4] != "(none)" else "",
                supplier=fields[4] if fields[4] != "(none)" else "",
                kind="package-database",
            )


ROW = Cataloguer(
    name="rpm",
    version=4,
    ecosystem="rpm",
    wants=Wanted(
        paths=frozenset({_MANIFEST, *(f"{folder}/{name}" for folder in _FOLDERS for name in (_WAL, *_DATABASES))}),
        limit="rpm_database_bytes",
    ),
    catalogue=catalogue,
)
