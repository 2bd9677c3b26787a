"""Files of a log on disk (`ports.logs.DurableFiles`): whole or not there, durable before `write` returns.

Every file is written under a temporary name, synced, renamed, and its folder synced. All of it goes through `Disk`,
a door of few steps, so that a test can cut the power at each of them.
"""

import fcntl
import os
import re
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from assay.model.errors import MalformedError, UnavailableError
from assay.model.limits import DEFAULT_LIMITS

_POLL_SECONDS = 0.002
_PENDING = ".pending"
_NAME = re.compile(r"[A-Za-z0-9_-]+(?:[./][A-Za-z0-9_-]+)*", re.ASCII)
"""No name leads out of the folder, or to a temporary file."""


class Disk:
    """The steps of which durable writing is made, on this machine's files."""

    def create(self, path: Path, data: bytes) -> int:
        """Write a new file (or one left over); nothing of it is durable yet. Its descriptor."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        handle = os.open(path, flags, 0o644)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(handle, view) :]
        except BaseException:
            os.close(handle)
            raise
        return handle

    def sync(self, handle: int) -> None:
        """Make the bytes durable and close the file."""
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def rename(self, source: Path, target: Path) -> None:
        """Give the file its name, in one step."""
        source.replace(target)

    def make_folder(self, path: Path) -> None:
        """Make one folder."""
        with suppress(FileExistsError):
            path.mkdir()

    def sync_folder(self, path: Path) -> None:
        """Make the names in a folder durable."""
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def read(self, path: Path, limit: int) -> bytes | None:
        """At most `limit` + 1 bytes; None where there is no such file."""
        try:
            with path.open("rb") as file:
                return file.read(limit + 1)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    def remove(self, path: Path) -> None:
        """Remove a file or a folder, if it is there."""
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


class TileStore:
    """A folder of durable files.

    Args:
        folder: made if need be (its parent must exist).
        seconds: how long another process may hold the folder.
        disk: where the steps are done.
    """

    def __init__(self, folder: Path, *, seconds: float = DEFAULT_LIMITS.lock_seconds, disk: Disk | None = None) -> None:
        self._folder, self._seconds, self._disk = folder, seconds, disk or Disk()
        self._known: set[Path] = set()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the folder alone, against other threads and processes; a process that dies lets it go.

        Raises:
            UnavailableError: it cannot be opened, or another one holds it for too long.
        """
        try:
            self._make(self._folder)
            handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise _cannot("open", self._folder, error) from error
        try:
            self._wait(handle)
            yield
        finally:
            os.close(handle)

    def read(self, name: str, limit: int) -> bytes | None:
        """A file's bytes; None where there is none.

        Raises:
            MalformedError: more than `limit` bytes.
            UnavailableError: it cannot be read.
        """
        try:
            data = self._disk.read(self._path(name), limit)
        except OSError as error:
            raise _cannot("read", self._folder / name, error) from error
        if data is not None and len(data) > limit:
            raise MalformedError("a file of the log is too long", where=name, why=f"more than {limit} bytes")
        return data

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write all files, in their order; every one is whole, and durable when this returns.

        Raises:
            UnavailableError: the disk is full or the folder cannot be written.
        """
        disk = self._disk
        paths = {self._path(name): data for name, data in files.items()}
        pending: list[tuple[int, Path, Path]] = []
        try:
            for folder in dict.fromkeys(path.parent for path in paths):
                self._make(folder)
            for path, data in paths.items():
                temporary = path.with_name(f"{_PENDING}-{path.name}")
                pending.append((disk.create(temporary, data), temporary, path))
            while pending:
                handle, temporary, path = pending.pop(0)
                disk.sync(handle)
                disk.rename(temporary, path)
            for folder in dict.fromkeys(path.parent for path in paths):
                disk.sync_folder(folder)
        except OSError as error:
            for handle, _, _ in pending:
                with suppress(OSError):
                    os.close(handle)
            raise _cannot("write", self._folder, error) from error

    def discard(self, names: Iterable[str]) -> None:
        """Remove files or folders nobody needs."""
        for name in names:
            path = self._path(name)
            self._known.discard(path)
            with suppress(OSError):
                self._disk.remove(path)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError(f"no name of a file of a log: {name[:100]!r}")
        return self._folder / name

    def _make(self, folder: Path) -> None:
        """Make a folder and those above it up to the store's own; each durable in the one above.

        One that is there may have been made by a process that died before it synced, so the first look syncs.
        """
        if folder in self._known:
            return
        if folder != self._folder:
            self._make(folder.parent)
        self._disk.make_folder(folder)
        self._disk.sync_folder(folder.parent)
        self._known.add(folder)

    def _wait(self, handle: int) -> None:
        end = time.monotonic() + self._seconds
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError as error:
                if time.monotonic() >= end:
                    raise UnavailableError(
                        "another program holds the log", where=self._folder.name, remedy="try again when it is done"
                    ) from error
                time.sleep(_POLL_SECONDS)


def _cannot(verb: str, path: Path, error: OSError) -> UnavailableError:
    why = error.strerror or type(error).__name__
    return UnavailableError(
        f"cannot {verb} the log's files", where=path.name, why=why, remedy="check its permissions and the disk"
    )
