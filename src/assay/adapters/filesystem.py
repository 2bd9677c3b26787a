"""`dir:` and `rootfs:`: regular files of a directory tree; no link is followed, other file systems not entered.

Every step opens one name relative to an open directory with O_NOFOLLOW, so nothing that changes meanwhile leads out.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from assay.adapters.blobs import pieces, too_large
from assay.model.errors import UnavailableError, UsageError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.content import TreeEntry

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_DEPTH_COUNT = 256
"""Directories open at once; deeper ones are reported, not read."""


class DirectoryTree:
    """A `FileTree` of a directory on this machine.

    Raises:
        UsageError: it is no directory, or cannot be opened.
    """

    def __init__(self, path: Path, limits: Limits = DEFAULT_LIMITS) -> None:
        self._path, self._limits = path, limits
        self.name = path.resolve().name or "root"
        self._unreadable: list[tuple[str, str]] = []
        if not path.is_dir():
            raise UsageError("not a directory", where=str(path), remedy="check the path")

    def walk(self) -> Iterator[TreeEntry]:
        """Regular files, sorted by path; symbolic links, devices and pipes are left out."""
        self._unreadable = []
        count = 0
        root = self._open_root()
        try:
            for entry in self._folder(root, "", os.fstat(root).st_dev, 0):
                count += 1
                if count > self._limits.layer_entries_count:
                    self._unreadable.append((entry.path, f"more than {count - 1} files (layer_entries_count)"))
                    return
                yield entry
        finally:
            os.close(root)

    def read(self, entry: TreeEntry, limit: int) -> Iterator[bytes]:
        """The file's bytes, reached from the root without following a link.

        Raises:
            UnsupportedError: more than `limit` bytes. UnavailableError: it vanished or cannot be read.
        """
        *parents, name = entry.path.split("/")
        if not {"", ".", ".."}.isdisjoint((*parents, name)):
            raise UnavailableError("cannot read", where=entry.path, why="not a path inside the tree")
        folder = self._open_root()
        try:
            for part in parents:
                inner = os.open(part, _FOLDER, dir_fd=folder)
                os.close(folder)
                folder = inner
            handle = os.open(name, _FILE, dir_fd=folder)
        except OSError as error:
            raise _unreadable(entry.path, error) from error
        finally:
            os.close(folder)
        try:
            facts = os.fstat(handle)
            if not stat.S_ISREG(facts.st_mode):
                raise UnavailableError("the file changed", where=entry.path, why="no longer a regular file")
            if facts.st_size > limit:
                raise too_large(entry.path, limit)
            yield from pieces(handle, 0, facts.st_size, where=entry.path)
        finally:
            os.close(handle)

    def unreadable(self) -> tuple[tuple[str, str], ...]:
        """(path, reason) of what the walk could not read."""
        return tuple(sorted(self._unreadable))

    def _open_root(self) -> int:
        try:
            return os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise UsageError("cannot open the directory", where=str(self._path), why=why, remedy="check it") from error

    def _folder(self, handle: int, prefix: str, device: int, depth: int) -> Iterator[TreeEntry]:
        try:
            with os.scandir(handle) as found:
                # A directory sorts as if its name ended in a slash: then paths come out in their own order.
                items = sorted((item.name + "/" * item.is_dir(follow_symlinks=False), item) for item in found)
        except OSError as error:
            self._note(prefix.rstrip("/"), error.strerror)
            return
        for _, item in items:
            path = prefix + item.name
            try:
                facts = item.stat(follow_symlinks=False)
            except OSError as error:
                self._note(path, error.strerror)
                continue
            if stat.S_ISREG(facts.st_mode):
                yield TreeEntry(path, facts.st_size, stat.S_IMODE(facts.st_mode))
            elif stat.S_ISDIR(facts.st_mode):
                if facts.st_dev != device:
                    self._note(path, "another file system is mounted here; name it on its own to read it")
                elif depth >= _DEPTH_COUNT or len(path) > self._limits.path_bytes:
                    self._note(path, "directories nested too deep")
                else:
                    yield from self._inner(handle, item.name, path, device, depth)

    def _inner(self, handle: int, name: str, path: str, device: int, depth: int) -> Iterator[TreeEntry]:
        try:
            inner = os.open(name, _FOLDER, dir_fd=handle)
        except OSError as error:
            self._note(path, error.strerror)
            return
        try:
            yield from self._folder(inner, path + "/", device, depth + 1)
        finally:
            os.close(inner)

    def _note(self, path: str, reason: str | None) -> None:
        self._unreadable.append((path, reason or "cannot be read"))


def _unreadable(path: str, error: OSError) -> UnavailableError:
    why = error.strerror or type(error).__name__
    return UnavailableError("cannot read", where=path, why=why, remedy="check its permissions")
