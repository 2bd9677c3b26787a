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
from assay.model.tree import OwnedEntry, Span, TreeEntry
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
            laying = _Laying(place, read, epoch)
            try:
                for item in entries:
                    laying.lay(item)
                for path, mode in reversed(laying.folders):
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


class _Laying:
    """Entries on their way into one folder, in the order of their paths."""

    def __init__(self, place: str, read: Read, epoch: int) -> None:
        self._place, self._read, self._epoch = place, read, epoch
        self._real = {place}
        """Folders no link leads to. One that was found so stays so: nothing here takes a folder's place."""
        self.folders: list[tuple[str, int]] = []
        """Those that were laid, with the mode each gets at the end."""

    def lay(self, item: OwnedEntry) -> None:
        """One entry, below folders that are here already."""
        entry = item.entry
        path = f"{self._place}/{os.fsdecode(entry.path)}"
        if b".." in entry.path.split(b"/"):
            raise MalformedError("an entry outside of its folder", where=path, why="it climbs")
        self._check(path.rpartition("/")[0], path)
        if entry.kind == "directory":
            self._folder(path, entry.mode)
        elif entry.kind == "symlink":
            os.symlink(os.fsdecode(entry.link), path)
            os.utime(path, (self._epoch, self._epoch), follow_symlinks=False)
        elif entry.kind == "hardlink":
            os.link(f"{self._place}/{os.fsdecode(entry.link)}", path, follow_symlinks=False)
        elif item.span is not None:
            self._file(path, entry.mode, item.span)

    def _check(self, parent: str, path: str) -> None:
        if parent in self._real:
            return
        if os.path.realpath(parent) != parent:
            raise MalformedError("an entry behind a link", where=path, why=f"{parent} is a link")
        self._real.add(parent)

    def _folder(self, path: str, mode: int) -> None:
        if os.path.islink(path):
            raise MalformedError("a folder where a link lies", where=path, why="two inputs disagree")
        os.makedirs(path, mode=0o755, exist_ok=True)
        self.folders.append((path, mode | 0o555))

    def _file(self, path: str, mode: int, span: Span) -> None:
        """Without a buffer of its own: the pieces are large, and a root has thousands of files."""
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            for piece in self._read(span):
                rest = memoryview(piece)
                while rest:
                    rest = rest[os.write(handle, rest) :]
            os.fchmod(handle, (mode & 0o777) | 0o444)
            os.utime(handle, (self._epoch, self._epoch))
        finally:
            os.close(handle)


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
