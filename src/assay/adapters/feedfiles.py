"""Feed files in a folder; implements `ports.feeds.FeedFolder` and `ports.feeds.Spool`.

Everything streams and is bounded: bytes as they lie, bytes inflated, bytes a record, members of a zip, of a tar, of a
folder.
"""

from __future__ import annotations

import bz2
import gzip
import io
import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import file_digest, sha256
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from assay.formats.codec import inflate
from assay.model.errors import MalformedError, UnavailableError, UsageError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.feeds import FeedFile

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

FOLDER = "/"
"""Ends the name of a feed that is a folder of JSON documents."""
_CHUNK_BYTES = 1 << 17
_LINE_LIMITS = 8
"""A line this many times longer than a record may be is no bad record but a bomb: its end is not looked for."""
_TARS = (".tar", ".tar.gz", ".tar.bz2", ".tar.zst")


class FeedDirectory:
    """The files of one folder; a folder inside it that holds JSON documents is one feed. Hidden ones are not seen.

    Raises:
        UsageError: the path is no folder.
    """

    def __init__(self, path: Path, limits: Limits = DEFAULT_LIMITS) -> None:
        self._path, self._limits = path, limits
        if not path.is_dir():
            raise UsageError("not a folder of advisory feeds", where=str(path), remedy="give a folder after --from")

    def files(self) -> Sequence[FeedFile]:
        """Sorted by name, with size and sha256."""
        with self._reading(""):
            seen = [item for item in self._path.iterdir() if item.name[0] != "."]
            names = sorted(item.name for item in seen if item.is_file())
            folders = sorted(item.name for item in seen if item.is_dir() and not item.is_symlink())
            return [*map(self._file, names), *(self._folder(name) for name in folders if self._documents(name))]

    def _file(self, name: str) -> FeedFile:
        with (self._path / name).open("rb") as file:
            return FeedFile(name, os.fstat(file.fileno()).st_size, file_digest(file, "sha256").hexdigest())

    def _folder(self, name: str) -> FeedFile:
        """A folder's digest is that of its documents' paths and digests."""
        whole, size = sha256(), 0
        for path in self._documents(name):
            with path.open("rb") as file:
                size += os.fstat(file.fileno()).st_size
                place = os.fsencode(path.relative_to(self._path))
                whole.update(f"{file_digest(file, 'sha256').hexdigest()}  ".encode() + place + b"\n")
        return FeedFile(name + FOLDER, size, whole.hexdigest())

    def _documents(self, name: str) -> list[Path]:
        """JSON documents at any depth, sorted; symbolic links are not followed."""
        found: list[Path] = []
        for folder, _, files in os.walk(self._path / name):
            found += [
                path for file in files if file.endswith(".json") and not (path := Path(folder, file)).is_symlink()
            ]
            if len(found) > self._limits.feed_records_count:
                raise _bad(name, f"more than {self._limits.feed_records_count} documents")
        return sorted(found)

    def records(self, name: str, limit: int) -> Iterator[bytes]:
        """Lines, or the documents of a zip, a tar, a folder; see the port."""
        if name.endswith(FOLDER):
            return self._walk(name, limit)
        if name.endswith(".zip"):
            return self._members(name, limit)
        return self._archived(name, limit) if name.endswith(_TARS) else self._lines(name, limit)

    def _walk(self, name: str, limit: int) -> Iterator[bytes]:
        total = 0
        with self._reading(name):
            for path in self._documents(name.removesuffix(FOLDER)):
                with path.open("rb") as file:
                    data = file.read(limit + 1)
                total += len(data)
                self._bound(name, total)
                yield data

    def _archived(self, name: str, limit: int) -> Iterator[bytes]:
        """JSON members of a tar, in its order: sorting would mean to hold them all."""
        total = count = 0
        with self._reading(name), self._open(name) as file, tarfile.open(fileobj=file, mode="r|") as archive:
            for member in archive:
                count += 1
                total += member.size
                self._bound(name, total)
                if count > self._limits.feed_records_count:
                    raise _bad(name, f"more than {self._limits.feed_records_count} members")
                content = archive.extractfile(member) if member.isreg() and member.name.endswith(".json") else None
                if content is not None:
                    yield content.read(limit + 1)

    def _lines(self, name: str, limit: int) -> Iterator[bytes]:
        total = 0
        with self._reading(name), self._open(name) as file:
            while line := file.readline(limit + 1):
                total += len(line)
                self._bound(name, total)
                whole, length = line, len(line)
                while not line.endswith(b"\n") and (line := file.readline(limit)):
                    total += len(line)
                    length += len(line)
                    if length > _LINE_LIMITS * limit + _CHUNK_BYTES:
                        raise _bad(name, f"a line of more than {_LINE_LIMITS * limit} bytes")
                    self._bound(name, total)
                if whole.strip():
                    yield whole.rstrip(b"\r\n") if whole.endswith(b"\n") else whole

    def _members(self, name: str, limit: int) -> Iterator[bytes]:
        total = 0
        with self._reading(name), zipfile.ZipFile(self._path / name) as archive:
            members = sorted(item for item in archive.namelist() if item.endswith(".json"))
            if len(members) > self._limits.feed_records_count:
                raise _bad(name, f"{len(members)} members, limit {self._limits.feed_records_count}")
            for member in members:
                with archive.open(member) as file:
                    data = file.read(limit + 1)
                total += len(data)
                self._bound(name, total)
                yield data

    def document(self, name: str, limit: int) -> bytes:
        """The whole file, inflated."""
        with self._reading(name), self._open(name) as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise _bad(name, f"more than {limit} bytes")
        return data

    def raw(self, name: str) -> Iterator[bytes]:
        """The bytes as they lie there."""
        with self._reading(name), (self._path / name).open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk

    @contextmanager
    def _open(self, name: str) -> Iterator[BinaryIO]:
        path = self._path / name
        if path.stat().st_size > self._limits.feed_bytes:
            raise _bad(name, f"more than {self._limits.feed_bytes} bytes")
        if name.endswith(".gz"):
            with gzip.open(path, "rb") as inflated:
                yield cast(BinaryIO, inflated)
        elif name.endswith(".bz2"):
            with bz2.open(path, "rb") as inflated_too:
                yield cast(BinaryIO, inflated_too)
        else:
            with path.open("rb") as plain:
                yield _zstd(plain, name, self._limits) if name.endswith(".zst") else plain

    def _bound(self, name: str, total: int) -> None:
        if total > self._limits.feed_inflated_bytes:
            raise _bad(name, f"more than {self._limits.feed_inflated_bytes} bytes inflated")

    @contextmanager
    def _reading(self, name: str) -> Iterator[None]:
        try:
            yield
        except _DAMAGED as error:
            raise _bad(name, f"damaged compression: {error}") from error
        except OSError as error:
            if error.errno is None:  # bz2's word for damage
                raise _bad(name, f"damaged compression: {error}") from error
            raise UnavailableError(
                "cannot read a feed", where=str(self._path / name), why=str(error), remedy="check the folder's rights"
            ) from error


_DAMAGED = (
    gzip.BadGzipFile, EOFError, zlib.error, zipfile.BadZipFile, tarfile.TarError, NotImplementedError, RuntimeError,
)  # fmt: skip


class _Pieces(io.RawIOBase):
    """Inflated pieces as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._held = pieces, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        held = self._held or next(self._pieces, b"")
        size = min(len(held), memoryview(buffer).nbytes)
        memoryview(buffer)[:size] = held[:size]
        self._held = held[size:]
        return size


def _zstd(file: BinaryIO, name: str, limits: Limits) -> BinaryIO:
    chunks = iter(lambda: file.read(_CHUNK_BYTES), b"")
    return io.BufferedReader(_Pieces(inflate(chunks, "", limits, name, limit=limits.feed_inflated_bytes)))


class SpoolDirectory:
    """A folder of our own for feeds on their way in; its owner removes it."""

    def __init__(self, path: Path, limits: Limits = DEFAULT_LIMITS) -> None:
        self._path, self._limits = path, limits

    def put(self, name: str, chunks: Iterator[bytes]) -> None:
        """Write one file; `name` is a plain file name from the feed table."""
        if Path(name).name != name:
            raise UsageError("not a file name", where=name, remedy="correct the feed table")
        try:
            with (self._path / name).open("xb") as file:
                for chunk in chunks:
                    file.write(chunk)
        except OSError as error:
            raise UnavailableError(
                "cannot store a feed", where=str(self._path / name), why=str(error), remedy="make room for it"
            ) from error

    def folder(self) -> FeedDirectory:
        """What was put."""
        return FeedDirectory(self._path, self._limits)


def _bad(name: str, why: str) -> MalformedError:
    return MalformedError("a feed file cannot be read", where=name, why=why, remedy="fetch it again")
