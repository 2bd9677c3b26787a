"""Feed files in a folder; implements `ports.feeds.FeedFolder` and `ports.feeds.Spool`.

Everything streams and is bounded: bytes as they lie, bytes inflated, bytes a record, members of a zip.
"""

import gzip
import os
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path
from typing import BinaryIO, cast

from assay.model.errors import MalformedError, UnavailableError, UsageError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.feeds import FeedFile


class FeedDirectory:
    """The regular files of one folder; folders inside it and hidden files are not looked at.

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
            names = sorted(item.name for item in self._path.iterdir() if item.is_file() and item.name[0] != ".")
            return [self._file(name) for name in names]

    def _file(self, name: str) -> FeedFile:
        with (self._path / name).open("rb") as file:
            return FeedFile(name, os.fstat(file.fileno()).st_size, file_digest(file, "sha256").hexdigest())

    def records(self, name: str, limit: int) -> Iterator[bytes]:
        """Lines, or a zip's members; see the port."""
        return self._members(name, limit) if name.endswith(".zip") else self._lines(name, limit)

    def _lines(self, name: str, limit: int) -> Iterator[bytes]:
        total = 0
        with self._reading(name), self._open(name) as file:
            while line := file.readline(limit + 1):
                total += len(line)
                self._bound(name, total)
                whole = line
                while not line.endswith(b"\n") and (line := file.readline(limit)):
                    total += len(line)
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

    @contextmanager
    def _open(self, name: str) -> Iterator[BinaryIO]:
        path = self._path / name
        if path.stat().st_size > self._limits.feed_bytes:
            raise _bad(name, f"more than {self._limits.feed_bytes} bytes")
        if not name.endswith(".gz"):
            with path.open("rb") as plain:
                yield plain
            return
        with gzip.open(path, "rb") as inflated:
            yield cast(BinaryIO, inflated)

    def _bound(self, name: str, total: int) -> None:
        if total > self._limits.feed_inflated_bytes:
            raise _bad(name, f"more than {self._limits.feed_inflated_bytes} bytes inflated")

    @contextmanager
    def _reading(self, name: str) -> Iterator[None]:
        try:
            yield
        except (gzip.BadGzipFile, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            raise _bad(name, f"damaged compression: {error}") from error
        except OSError as error:
            raise UnavailableError(
                "cannot read a feed", where=str(self._path / name), why=str(error), remedy="check the folder's rights"
            ) from error


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
