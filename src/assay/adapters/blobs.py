"""Bytes of regular files on this machine, in pieces of one size; nothing is followed, judged or kept."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from assay.model.errors import MalformedError, UnavailableError, UnsupportedError, UsageError

CHUNK_BYTES = 128 << 10


def open_regular(path: Path, *, missing: str = "") -> int:
    """A descriptor of a regular file; never blocks on a pipe or a device.

    Args:
        path: the file.
        missing: what to call it when it is not there (then a MalformedError: part of a larger whole); empty makes
            it a UsageError, for what the user named.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError) as error:
        if missing:
            raise MalformedError(missing, where=path.name, why="no such file", remedy="copy the image again") from error
        raise UsageError("no such file", where=str(path), remedy="check the path") from error
    except OSError as error:
        raise _cannot_read(str(path), error) from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        if missing:
            raise MalformedError(missing, where=path.name, why="not a regular file", remedy="copy the image again")
        raise UsageError("not a file", where=str(path), remedy="name a regular file")
    return handle


def whole(handle: int, limit: int, *, where: str) -> bytes:
    """The file's bytes.

    Raises:
        UnsupportedError: more than `limit`.
    """
    data = b"".join(pieces(handle, 0, limit + 1, where=where, exact=False))
    if len(data) > limit:
        raise too_large(where, limit)
    return data


def pieces(handle: int, start: int, size: int, *, where: str, exact: bool = True) -> Iterator[bytes]:
    """`size` bytes from `start`, by position: several threads may share the descriptor.

    Raises:
        MalformedError: the file ends before (with `exact`). UnavailableError: the disk does not answer.
    """
    end = start + size
    while start < end:
        try:
            piece = os.pread(handle, min(CHUNK_BYTES, end - start), start)
        except OSError as error:
            raise _cannot_read(where, error) from error
        if not piece:
            if exact:
                raise MalformedError("truncated file", where=where, why="it ends too soon", remedy="copy it again")
            return
        start += len(piece)
        yield piece


def too_large(where: str, limit: int) -> UnsupportedError:
    """The error for a document over its bound."""
    return UnsupportedError("too large", where=where, why=f"more than {limit} bytes", remedy="raise the limit")


def _cannot_read(where: str, error: OSError) -> UnavailableError:
    why = error.strerror or type(error).__name__
    return UnavailableError("cannot read", where=where, why=why, remedy="check its permissions and the disk")
