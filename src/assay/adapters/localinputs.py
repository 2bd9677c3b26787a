"""Inputs that lie beside a spec (`ports.inputs.LocalInputs`): nothing outside its folder, no link followed on the way.

The one exception are keyrings, the only part of a spec that may be an absolute path: whose signature counted stands in
the lock.

What a folder gives does not depend on umask, owner, times or the order the disk lists names in.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from assay.adapters.blobs import pieces
from assay.model.errors import UnavailableError, UnsupportedError, UsageError
from assay.model.limits import Limits
from assay.model.tree import TreeEntry

_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class FolderInputs:
    """A `LocalInputs` over the folder a spec lies in."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder, self._limits = folder, limits

    @contextmanager
    def file(self, path: str) -> Iterator[Iterator[bytes]]:
        """A file's bytes, in pieces. An absolute path means the machine's own, as a spec may name a keyring."""
        handle = self._of_machine(path) if path.startswith("/") else self._open(path)
        try:
            facts = os.fstat(handle)
            if not stat.S_ISREG(facts.st_mode):
                raise UsageError("not a file", where=path, remedy="name a regular file beside the spec")
            yield pieces(handle, 0, facts.st_size, where=path)
        finally:
            os.close(handle)

    def tree(self, path: str, leave_out: Callable[[bytes], bool]) -> Iterator[tuple[TreeEntry, Iterator[bytes]]]:
        """Everything in a folder, by the bytes of its paths."""
        handle = self._open(path)
        try:
            if not stat.S_ISDIR(os.fstat(handle).st_mode):
                raise UsageError("not a folder", where=path, remedy="name a folder beside the spec")
            most = self._limits.build_entries_count
            found = sorted(islice(self._walk(handle, b"", leave_out, 0), most + 1))
            if len(found) > most:
                raise _too_many(path, most)
            for name in found:
                yield from self._entry(handle, name, path)
        finally:
            os.close(handle)

    def _walk(self, root: int, folder: bytes, leave_out: Callable[[bytes], bool], depth: int) -> Iterator[bytes]:
        if depth > self._limits.path_depth_count:
            raise UnsupportedError(
                "folders nested too deep", where=folder[:200].decode("utf-8", "surrogateescape"),
                why=f"limit {self._limits.path_depth_count}", remedy="raise the limit path_depth_count",
            )  # fmt: skip
        handle = self._at(root, folder) if folder else os.dup(root)
        try:
            names = sorted(os.fsencode(name) for name in os.listdir(handle))
            for name in names:
                path = folder + b"/" + name if folder else name
                if leave_out(path):
                    continue
                yield path
                if stat.S_ISDIR(os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode):
                    yield from self._walk(root, path, leave_out, depth + 1)
        except OSError as error:
            raise _cannot(folder.decode("utf-8", "surrogateescape"), error) from error
        finally:
            os.close(handle)

    def _entry(self, root: int, path: bytes, where: str) -> Iterator[tuple[TreeEntry, Iterator[bytes]]]:
        shown = f"{where}/{path.decode('utf-8', 'surrogateescape')}"
        folder, _, name = path.rpartition(b"/")
        try:
            parent = self._at(root, folder) if folder else os.dup(root)
            try:
                facts = os.stat(name, dir_fd=parent, follow_symlinks=False)
                if stat.S_ISDIR(facts.st_mode):
                    yield TreeEntry(path=path, kind="directory", mode=0o755), iter(())
                elif stat.S_ISLNK(facts.st_mode):
                    link = os.fsencode(os.readlink(name, dir_fd=parent))
                    yield TreeEntry(path=path, kind="symlink", mode=0o777, link=link), iter(())
                elif stat.S_ISREG(facts.st_mode):
                    yield from self._file(parent, name, path, shown)
                else:
                    raise UnsupportedError(
                        "an entry no source should hold", where=shown, why="neither file, folder nor link",
                        remedy="list it under exclude",
                    )  # fmt: skip
            finally:
                os.close(parent)
        except OSError as error:
            raise _cannot(shown, error) from error

    def _file(self, parent: int, name: bytes, path: bytes, shown: str) -> Iterator[tuple[TreeEntry, Iterator[bytes]]]:
        handle = os.open(name, _OPEN, dir_fd=parent)
        try:
            facts = os.fstat(handle)
            mode = 0o755 if facts.st_mode & 0o100 else 0o644
            entry = TreeEntry(path=path, mode=mode, size=facts.st_size)
            yield entry, pieces(handle, 0, facts.st_size, where=shown)
        finally:
            os.close(handle)

    def _of_machine(self, path: str) -> int:
        """Links are followed here: distributions lay their keyrings under several names."""
        return FolderInputs(Path("/"), self._limits)._open(os.path.realpath(path).lstrip("/"))

    def _open(self, path: str) -> int:
        """A file or folder below the spec's folder; no part of the way may be a link."""
        try:
            root = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                return self._at(root, os.fsencode(path))
            finally:
                os.close(root)
        except FileNotFoundError as error:
            raise UsageError("no such file or folder", where=path, remedy="check the path in the spec") from error
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR):
                raise UsageError(
                    "a link on the way to an input", where=path, remedy="name the true place, beside the spec"
                ) from error
            raise _cannot(path, error) from error

    @staticmethod
    def _at(root: int, path: bytes) -> int:
        handle = os.dup(root)
        for part in path.split(b"/"):
            if part in (b"", b"."):
                continue
            if part == b"..":
                os.close(handle)
                raise UsageError("an input outside the spec's folder", where=path.decode("utf-8", "surrogateescape"))
            try:
                inner = os.open(part, _OPEN, dir_fd=handle)
            finally:
                os.close(handle)
            handle = inner
        return handle


def _too_many(path: str, limit: int) -> UnsupportedError:
    why = f"more entries than the limit of {limit}"
    return UnsupportedError("too many files in a folder", where=path, why=why, remedy="list some under exclude")


def _cannot(where: str, error: OSError) -> UnavailableError:
    why = error.strerror or type(error).__name__
    return UnavailableError("cannot read an input", where=where, why=why, remedy="check its permissions and the disk")
