"""A file that grows beside its goal under a hidden name, locked, and is renamed over it when it is whole.

Used for the advisory database and what lies with it. A process that dies leaves at most the hidden file, which the
next one takes over. The hidden name is never followed if it is a link, and what is renamed is what was locked.
"""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from assay.model.errors import UnavailableError

_ATTEMPTS = 10


class NewFile:
    """A locked, empty, hidden file beside its goal."""

    def __init__(self, path: Path, goal: Path, file: BinaryIO) -> None:
        self.path, self.goal, self.file = path, goal, file

    def settle(self) -> None:
        """Flush file and folder, rename between.

        Raises:
            UnavailableError: the hidden name no longer names the file that was locked and looked at.
        """
        self.file.flush()
        if not _is(self.path, self.file):
            raise UnavailableError(
                "somebody else changed the new file", where=str(self.path), remedy="choose a folder of your own"
            )
        os.fsync(self.file.fileno())
        os.fchmod(self.file.fileno(), 0o644)
        self.path.replace(self.goal)
        handle = os.open(self.goal.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def beside(goal: Path) -> Iterator[NewFile]:
    """A new file for `goal`; gone at the end unless `settle` renamed it.

    Raises:
        UnavailableError: the folder cannot be written, or another process holds the hidden file.
    """
    if goal.name in ("", ".."):
        raise UnavailableError("a folder stands where the file should be", where=str(goal), remedy="name a file")
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
            yield NewFile(path, goal, file)
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
        file = _opened(path)
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


def _opened(path: Path) -> BinaryIO:
    """The hidden file, made if need be; a link, a pipe, or a second name of somebody's file was planted there."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    handle = os.open(path, flags, 0o600)
    facts = os.fstat(handle)
    if not stat.S_ISREG(facts.st_mode) or facts.st_nlink > 1:
        os.close(handle)
        raise OSError("something else lies under the new file's name")
    return os.fdopen(handle, "r+b")


def _is(path: Path, file: BinaryIO) -> bool:
    """Does the path still name the open file?"""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.lstat())
    except FileNotFoundError:
        return False
