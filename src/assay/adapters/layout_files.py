"""Writing into an OCI layout so that every file that has a name is whole, even after `kill -9`."""

import errno
import fcntl
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from assay.model.errors import UnavailableError

_POLL_SECONDS = 0.02
_PENDING = ".assay-pending"
"""The one temporary name in a folder, used under the lock only; the next writer removes what a killed one left."""
_NO_TMPFILE = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT})


@contextmanager
def locked(folder: Path, seconds: float) -> Iterator[None]:
    """Hold the layout for writing, against other threads and processes (the lock is on the folder: no lock file).

    Raises:
        UnavailableError: it cannot be opened, or others hold it for longer than `seconds`.
    """
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise _cannot(folder, error) from error
    try:
        _wait(handle, folder, time.monotonic() + seconds)
        yield
    finally:
        os.close(handle)


def write_whole(target: Path, data: bytes) -> None:
    """Put a file in place, or replace it, in one step; durable on return. Call it inside `locked`.

    Raises:
        UnavailableError: the folder cannot be written; the old file is untouched.
    """
    pending = target.parent / _PENDING
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        pending.unlink(missing_ok=True)
        try:
            _nameless(pending, data)
            pending.replace(target)
        except BaseException:
            with suppress(OSError):
                pending.unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)
    except OSError as error:
        raise _cannot(target, error) from error


def _nameless(pending: Path, data: bytes) -> None:
    """Write a file without a name, then name it: a killed writer leaves nothing, or a whole file to throw away."""
    try:
        handle = os.open(pending.parent, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o644)
    except OSError as error:
        if error.errno not in _NO_TMPFILE:
            raise
        handle = os.open(pending, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o644)
        with os.fdopen(handle, "wb") as file:
            _pour(file.fileno(), data)
        return
    with os.fdopen(handle, "wb") as file:
        _pour(file.fileno(), data)
        # With a directory descriptor CPython calls linkat, which alone follows the link in /proc (open(2), O_TMPFILE).
        os.link(f"/proc/self/fd/{file.fileno()}", pending, src_dir_fd=file.fileno(), follow_symlinks=True)


def stream_whole(target: Path, chunks: Iterable[bytes]) -> None:
    """Put a file of any size in place under its content's name; a file that is there already is left alone.

    Needs no lock: until it is whole it has no name, and a name of content can only ever mean the same bytes. What
    the chunks raise is passed on, and nothing of the file stays.

    Raises:
        UnavailableError: the folder cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(target.parent, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o644)
        except OSError as error:
            if error.errno not in _NO_TMPFILE:
                raise
            _stream_named(target, chunks)
            return
        with os.fdopen(handle, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(f"/proc/self/fd/{file.fileno()}", target, src_dir_fd=file.fileno(), follow_symlinks=True)
        _sync_folder(target.parent)
    except OSError as error:
        raise _cannot(target, error) from error


def _stream_named(target: Path, chunks: Iterable[bytes]) -> None:
    """Where files need names: one of this process's own, gone afterwards whatever happened."""
    pending = target.parent / f"{_PENDING}-{os.getpid()}-{target.name[:16]}"
    try:
        with pending.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        pending.replace(target)
    finally:
        pending.unlink(missing_ok=True)
    _sync_folder(target.parent)


def _pour(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]
    os.fsync(handle)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _wait(handle: int, folder: Path, end: float) -> None:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if time.monotonic() >= end:
                raise UnavailableError(
                    "another program is writing to the layout", where=folder.name, remedy="try again when it is done"
                ) from error
            time.sleep(_POLL_SECONDS)
        except OSError as error:
            raise _cannot(folder, error) from error


def _cannot(place: Path, error: OSError) -> UnavailableError:
    why = error.strerror or type(error).__name__
    return UnavailableError(
        "cannot write to the layout", where=place.name, why=why, remedy="check its permissions and the disk"
    )


def make_layout(folder: Path) -> None:
    """Make an empty OCI layout where there is nothing yet (image-spec 1.1, image-layout.md); else do nothing."""
    if (folder / "oci-layout").exists():
        return
    try:
        (folder / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot(folder, error) from error
    empty = b'{"manifests":[],"mediaType":"application/vnd.oci.image.index.v1+json","schemaVersion":2}'
    write_whole(folder / "index.json", empty)
    write_whole(folder / "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
