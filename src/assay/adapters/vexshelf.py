"""VEX repositories kept between runs; implements `ports.repositories.RepositoryShelf`.

An archive that comes is rewritten into a zip of its own, so nothing it names ever becomes a path on this machine: tar
in any compression through the strict reader of sources, zip through the standard library; both bounded. What is known
of the copy is written last; without it the copy is as good as absent.
"""

import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from itertools import chain
from pathlib import Path

import msgspec

from assay.adapters.files import write_file
from assay.adapters.vexfolder import SIGNATURE
from assay.formats import tarread
from assay.formats.unpack import unpack
from assay.model.errors import MalformedError, UnavailableError, UnsupportedError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.content import DocumentFolder
from assay.ports.repositories import KeptRepository

_STATE_BYTES = 64 << 10
_END_BYTES = 22 + 0xFFFF
"""APPNOTE 4.3.16: the end of a zip with the longest comment."""
_DIRECTORY_BYTES = 32 << 20
_CHUNK_BYTES = 1 << 17
_ZIP = b"PK\3\4"
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)
_EPOCH = (1980, 1, 1, 0, 0, 0)


class VexShelf:
    """The copies in the folder at `path`, which is made when the first one is kept."""

    def __init__(self, path: Path, limits: Limits = DEFAULT_LIMITS) -> None:
        self._path, self._limits = path, limits

    def kept(self, address: str) -> KeptRepository | None:
        """What is known of the copy; None where there is none, or a damaged one."""
        try:
            with self._place(address, ".json").open("rb") as file:
                found = msgspec.json.decode(file.read(_STATE_BYTES), type=KeptRepository)
            with zipfile.ZipFile(self._place(address, ".zip")):
                return found
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError, zipfile.BadZipFile):
            return None

    def note(self, address: str, kept: KeptRepository) -> None:
        """Remember something else of a copy that stays."""
        with self._writing():
            write_file(str(self._place(address, ".json")), msgspec.json.encode(kept, order="sorted") + b"\n")

    def keep(self, address: str, kept: KeptRepository, chunks: Iterator[bytes], folder: str) -> None:
        """Replace the copy; see the port."""
        with self._writing(), tempfile.TemporaryDirectory(dir=self._path, prefix=".new-") as beside:
            new = Path(beside, "copy.zip")
            with zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as copy:
                self._copy(_documents(chunks, Path(beside), self._limits, address), folder, copy, address)
            self._place(address, ".json").unlink(missing_ok=True)
            os.replace(new, self._place(address, ".zip"))
        self.note(address, kept)

    def folder(self, address: str) -> DocumentFolder:
        """The copy, to read."""
        return ZipFolder(self._place(address, ".zip"))

    def _copy(
        self, members: Iterator[tuple[str, Iterable[bytes]]], folder: str, copy: zipfile.ZipFile, where: str
    ) -> None:
        prefix, total, names = f"{folder}/" if folder else "", 0, set[str]()
        for path, content in members:
            name = path.removeprefix(prefix)
            if not path.startswith(prefix) or not name.endswith(".json"):
                continue
            if name in names:
                raise _bad(where, f"{name[:200]} is there twice")
            names.add(name)
            if len(names) > self._limits.vex_repository_files_count:
                raise _over(where, f"more than {self._limits.vex_repository_files_count} documents")
            with copy.open(zipfile.ZipInfo(name, _EPOCH), "w") as file:
                for chunk in content:
                    total += len(chunk)
                    if total > self._limits.vex_repository_bytes:
                        raise _over(where, f"more than {self._limits.vex_repository_bytes} bytes")
                    file.write(chunk)
        if "index.json" not in names:
            raise _bad(where, f"it has no {prefix}index.json")

    def _place(self, address: str, ending: str) -> Path:
        return self._path / (sha256(address.encode()).hexdigest()[:40] + ending)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            self._path.mkdir(parents=True, exist_ok=True, mode=0o700)
            yield
        except OSError as error:
            raise UnavailableError(
                "cannot keep a VEX repository",
                where=str(self._path),
                why=str(error),
                remedy="make room, or check rights",
            ) from error


class ZipFolder:
    """A zip of our own as a folder (`ports.content.DocumentFolder`)."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def exists(self) -> bool:
        """Whether it is there."""
        return self._path.is_file()

    def names(self, limit: int) -> tuple[str, ...]:
        """Documents at its root."""
        with self._reading("") as archive:
            found = sorted(n for n in archive.namelist() if "/" not in n and not n.endswith(SIGNATURE))
        return tuple(found[: limit + 1])

    def read(self, name: str, limit: int) -> bytes:
        """A document.

        Raises:
            MalformedError: it is missing, damaged, or larger than `limit`.
        """
        with self._reading(name) as archive:
            try:
                with archive.open(name) as file:
                    data = file.read(limit + 1)
            except KeyError as error:
                raise _bad(name, "the index names it, and it is not there") from error
        if len(data) > limit:
            raise _bad(name, f"more than {limit} bytes")
        return data

    def signature(self, name: str, limit: int) -> bytes:
        """The Sigstore bundle beside a document; empty where there is none."""
        with self._reading(name) as archive:
            if name + SIGNATURE not in archive.namelist():
                return b""
        return self.read(name + SIGNATURE, limit)

    @contextmanager
    def _reading(self, name: str) -> Iterator[zipfile.ZipFile]:
        try:
            with zipfile.ZipFile(self._path) as archive:
                yield archive
        except (*_DAMAGED, OSError) as error:
            raise _bad(name, f"the copy is damaged: {error}") from error


def _documents(
    chunks: Iterator[bytes], beside: Path, limits: Limits, where: str
) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Regular files of an archive with their content, in its order; the compressed size is bounded too."""
    bounded = _bounded(chunks, limits.vex_repository_bytes, where)
    head = next(bounded, b"")
    received = chain((head,), bounded)
    if head.startswith(_ZIP):
        yield from _of_zip(received, beside / "came.zip", where)
        return
    unpacked = unpack(received, limits, where=where, limit=limits.vex_repository_bytes + limits.vex_found_bytes)
    for entry, content in tarread.read(unpacked, limits, where=where):
        if entry.kind == "file":
            yield os.fsdecode(entry.path), content


def _of_zip(chunks: Iterable[bytes], path: Path, where: str) -> Iterator[tuple[str, Iterable[bytes]]]:
    with path.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
    try:
        _check_directory(path, where)
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if member.is_dir():
                    continue
                with archive.open(member) as content:
                    yield member.filename, iter(lambda: content.read(_CHUNK_BYTES), b"")
    except _DAMAGED as error:
        raise _bad(where, str(error)[:200]) from error


def _check_directory(path: Path, where: str) -> None:
    """The library holds the whole central directory before it gives the first member: refuse a large one unread."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _END_BYTES))
        tail = file.read()
    end = tail.rfind(b"PK\5\6")
    if end < 0 or len(tail) < end + 22:
        raise _bad(where, "it has no end")
    directory = int.from_bytes(tail[end + 12 : end + 16], "little")
    if directory > _DIRECTORY_BYTES or b"PK\6\7" in tail[max(0, end - 20) : end]:
        raise _over(where, f"a directory of more than {_DIRECTORY_BYTES} bytes")


def _bounded(chunks: Iterator[bytes], limit: int, where: str) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise _over(where, f"more than {limit} bytes")
        yield chunk


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not the archive of a VEX repository", where=where, why=why, remedy="ask who publishes it")


def _over(where: str, why: str) -> UnsupportedError:
    return UnsupportedError("a VEX repository beyond the limits", where=where, why=why, remedy="ask who publishes it")
