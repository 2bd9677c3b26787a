"""Where the advisory database lies: replaced whole or not at all. Implements `ports.feeds.DatabasePlace`.

A new file grows beside the old one under a hidden name, locked, is flushed to disk and renamed over it. A process that
dies leaves at most the hidden file, which the next one takes over.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path
from typing import BinaryIO

from assay.adapters.advisorydb import AdvisoryDatabase
from assay.adapters.advisorydb_writer import Writer
from assay.model.advisory import Feed
from assay.model.errors import UnavailableError, UntrustedError, UsageError
from assay.ports.stores import DatabaseStatus

_CHUNK_BYTES = 1 << 20
_ATTEMPTS = 10
_LINE_BYTES = 1_024


class DatabaseFile:
    """The database at `path`; `encoders` as for `AdvisoryDatabase`."""

    def __init__(self, path: Path, encoders: Mapping[str, int]) -> None:
        self._path, self._encoders = path, encoders

    def status(self) -> DatabaseStatus:
        """What it holds now; UnavailableError when there is none."""
        database = self.open()
        database.close()
        return database.status()

    def open(self) -> AdvisoryDatabase:
        """The database, to read."""
        return AdvisoryDatabase(self._path, self._encoders)

    @contextmanager
    def writer(self) -> Iterator["PlacedWriter"]:
        """A new database; put in place by its `finish`, else removed, and the old one stays.

        Raises:
            UnavailableError: the folder cannot be written, or another process is building there.
        """
        with _beside(self._path) as new:
            made = PlacedWriter(new.path, self._path)
            try:
                yield made
            finally:
                made.close()

    def export(self, target: str) -> DatabaseStatus:
        """Verify and copy to `target`, with its digest line beside it in `<target>.sha256`.

        Raises:
            UsageError: the target is the database itself.
            MalformedError: the database is damaged.
        """
        database = self.open()
        try:
            status = database.verify()
        finally:
            database.close()
        goal = Path(target)
        if goal.absolute() == self._path.absolute():
            raise UsageError("the target is the database itself", where=target, remedy="name another file")
        with _beside(goal) as new:
            digest = _copy(self._path, new.file)
            _settle(new.path, goal)
        with _beside(goal.with_name(goal.name + ".sha256")) as line:
            line.file.write(f"{digest}  {goal.name}\n".encode())
            line.file.flush()
            _settle(line.path, line.goal)
        return status

    def restore(self, source: str, digest: str) -> DatabaseStatus:
        """Verify `source` and put a copy in place. What is verified are the bytes that were copied, not the source.

        Args:
            source: a file made by `export`.
            digest: sha256 in hex it must have; empty = the line in `<source>.sha256` where there is one.

        Raises:
            UntrustedError: another digest.
            MalformedError, UnsupportedError: not a whole database, or one this program cannot read.
        """
        origin = Path(source)
        expected = digest.removeprefix("sha256:").lower() or _noted(origin)
        with _beside(self._path) as new:
            found = _copy(origin, new.file)
            if expected and found != expected:
                raise UntrustedError(
                    "the advisory database has another digest", where=source,
                    why=f"expected sha256:{expected}, found sha256:{found}", remedy="copy it again",
                    step="content", code="DIGEST_MISMATCH",
                )  # fmt: skip
            database = AdvisoryDatabase(new.path, self._encoders)
            try:
                status = database.verify()
            finally:
                database.close()
            _settle(new.path, self._path)
        return status


class PlacedWriter(Writer):
    """A writer whose `finish` puts the file in place."""

    def __init__(self, path: Path, goal: Path) -> None:
        self._goal = goal
        super().__init__(path)

    def finish(self, feeds: Sequence[Feed], encoders: Mapping[str, int], classes: Mapping[str, str]) -> DatabaseStatus:
        """Finish the file, flush it, rename it over the old one."""
        status = super().finish(feeds, encoders, classes)
        _settle(self._path, self._goal)
        return status


class _New:
    """A locked, empty, hidden file beside its goal."""

    def __init__(self, path: Path, goal: Path, file: BinaryIO) -> None:
        self.path, self.goal, self.file = path, goal, file


@contextmanager
def _beside(goal: Path) -> Iterator[_New]:
    path = goal.with_name(f".{goal.name}.new")
    try:
        goal.parent.mkdir(parents=True, exist_ok=True)
        file = _locked(path)
    except OSError as error:
        raise UnavailableError(
            "cannot write beside the advisory database", where=str(path), why=str(error), remedy="choose another place"
        ) from error
    with file:
        try:
            yield _New(path, goal, file)
        except OSError as error:
            raise UnavailableError(
                "cannot write the advisory database", where=str(path), why=str(error), remedy="make room for it"
            ) from error
        finally:
            if _is(path, file):
                path.unlink()


def _locked(path: Path) -> BinaryIO:
    """Open and lock; whoever held the file before may have renamed it meanwhile, then there is a new one to lock."""
    for _ in range(_ATTEMPTS):
        file = path.open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.close()
            raise UnavailableError(
                "the advisory database is being built", where=str(path), why="another process holds the new file",
                remedy="wait for it to end",
            ) from error  # fmt: skip
        if _is(path, file):
            file.truncate(0)
            return file
        file.close()
    raise OSError("the new file keeps changing")


def _is(path: Path, file: BinaryIO) -> bool:
    """Does the path still name the open file?"""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _settle(path: Path, goal: Path) -> None:
    """Flush file and folder, rename between."""
    for place, flags in ((path, os.O_RDONLY), (goal.parent, os.O_RDONLY | os.O_DIRECTORY)):
        handle = os.open(place, flags)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        if place == path:
            path.chmod(0o644)
            path.replace(goal)


def _copy(source: Path, target: BinaryIO) -> str:
    try:
        with source.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                target.write(chunk)
    except FileNotFoundError as error:
        raise UsageError("no such file", where=str(source), remedy="give a file made by `assay db export`") from error
    target.flush()
    with Path(target.name).open("rb") as written:
        return file_digest(written, "sha256").hexdigest()


def _noted(origin: Path) -> str:
    """The digest in `<origin>.sha256`, empty where there is none."""
    try:
        with origin.with_name(origin.name + ".sha256").open("rb") as file:
            words = file.read(_LINE_BYTES).decode("ascii", "replace").split()
    except OSError:
        return ""
    return words[0].lower() if words else ""
