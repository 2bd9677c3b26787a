"""Folders of a build on disk (`ports.workshop.Workshop`)."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from assay.adapters.localinputs import FolderInputs
from assay.model.errors import MalformedError, UnavailableError, UnsupportedError
from assay.model.limits import Limits
from assay.model.tree import OwnedEntry, TreeEntry
from assay.ports.workshop import Read

_ENTERED = 0o755
"""Mode of the folders above: a launcher run by root becomes somebody else first."""


class FolderWorkshop:
    """Room under the temporary folder."""

    def __init__(self, limits: Limits, folder: str | None = None) -> None:
        self._limits, self._folder = limits, folder

    @contextmanager
    def lay(self, entries: Iterable[OwnedEntry], read: Read, *, epoch: int) -> Iterator[str]:
        """A folder with these entries."""
        with self.empty() as place:
            folders: list[tuple[str, int]] = []
            try:
                for item in entries:
                    _lay(place, item, read, epoch, folders)
                for path, mode in reversed(folders):
                    os.chmod(path, mode)
                    os.utime(path, (epoch, epoch))
            except OSError as error:
                raise _cannot(error) from error
            yield place

    @contextmanager
    def empty(self) -> Iterator[str]:
        """An empty folder."""
        try:
            above = os.path.realpath(tempfile.mkdtemp(prefix="assay-build-", dir=self._folder))
            os.chmod(above, _ENTERED)
            place = os.path.join(above, "place")
            os.mkdir(place)
            os.chmod(place, _ENTERED)  # whatever the umask
        except OSError as error:
            raise _cannot(error) from error
        try:
            yield place
        finally:
            shutil.rmtree(above, onerror=_open_and_retry)

    def tree(self, folder: str) -> Iterator[tuple[TreeEntry, Iterator[bytes]]]:
        """What lies in a folder."""
        for path, _, files in os.walk(folder):
            for name in files:
                facts = os.lstat(os.path.join(path, name))
                if stat.S_ISREG(facts.st_mode) and facts.st_mode & (stat.S_ISUID | stat.S_ISGID):
                    raise UnsupportedError(
                        "a step's output has a set-id bit", where=name, why=f"mode {stat.S_IMODE(facts.st_mode):04o}",
                        remedy="take it away in the step, and say in the spec what needs it",
                    )  # fmt: skip
        return FolderInputs(Path(folder), self._limits).tree(".", lambda _: False)


def _lay(place: str, item: OwnedEntry, read: Read, epoch: int, folders: list[tuple[str, int]]) -> None:
    entry = item.entry
    path = os.path.join(place, os.fsdecode(entry.path))
    if b".." in entry.path.split(b"/"):
        raise MalformedError("an entry outside of its folder", where=path, why="it climbs")
    parent = os.path.dirname(path)
    if os.path.realpath(parent) != parent:
        raise MalformedError("an entry behind a link", where=path, why=f"{os.path.dirname(path)} is a link")
    if entry.kind == "directory":
        if os.path.islink(path):
            raise MalformedError("a folder where a link lies", where=path, why="two inputs disagree")
        os.makedirs(path, mode=0o755, exist_ok=True)
        folders.append((path, entry.mode | 0o555))
        return
    if entry.kind == "symlink":
        os.symlink(os.fsdecode(entry.link), path)
        os.utime(path, (epoch, epoch), follow_symlinks=False)
    elif entry.kind == "hardlink":
        os.link(os.path.join(place, os.fsdecode(entry.link)), path, follow_symlinks=False)
    elif item.span is not None:
        with open(path, "xb") as file:
            for piece in read(item.span):
                file.write(piece)
            os.fchmod(file.fileno(), (entry.mode & 0o777) | 0o444)
        os.utime(path, (epoch, epoch))


def _open_and_retry(function: object, path: str, error: object) -> None:
    """A folder without rights is opened and removed; what still stays is the temporary folder's business."""
    try:
        os.chmod(os.path.dirname(path), 0o700)
        os.chmod(path, 0o700, follow_symlinks=False) if not os.path.islink(path) else None
        shutil.rmtree(path, ignore_errors=True) if os.path.isdir(path) else os.unlink(path)
    except (OSError, NotImplementedError):
        return


def _cannot(error: OSError) -> UnavailableError:
    return UnavailableError(
        "no room to build in",
        where=os.path.basename(str(error.filename or "")),
        why=error.strerror or type(error).__name__,
        remedy="make room in the temporary folder, or set TMPDIR",
    )
