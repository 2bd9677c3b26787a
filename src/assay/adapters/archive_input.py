"""Where an image archive's bytes come from: is a file one, and one on standard input, kept in a nameless file."""

import functools
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from assay.adapters.blobs import too_large
from assay.artifact.reference import STANDARD_INPUT
from assay.artifact.tarstream import BLOCK
from assay.model.errors import MalformedError, UnavailableError
from assay.model.limits import Limits

_PIECE_BYTES = 1 << 20


def is_archive(path: str) -> bool:
    """Whether a file is a tar, plain or compressed, by its first block; False for what is no regular file.

    `-` is standard input (`./-` a file): what lies there stays to be read.
    """
    if path == STANDARD_INPUT:
        return _from_input(sys.stdin.buffer) is not None
    if not Path(path).is_file():
        return False
    with open(path, "rb") as file:
        return _begins_archive(file.read(BLOCK))


def _begins_archive(head: bytes) -> bool:
    return head[257:262] == b"ustar" or head[:2] == b"\x1f\x8b" or head[:4] == b"\x28\xb5\x2f\xfd"


def spooled(parts: Iterable[bytes], what: str, where: str, remedy: str) -> int:
    """A descriptor of a nameless temporary file with these bytes.

    Raises:
        UnavailableError: `what`, `where` and `remedy`, if there is no place or no room for them.
        Else what `parts` raises.
    """
    try:
        with tempfile.TemporaryFile(prefix="assay-") as spool:
            for piece in parts:
                spool.write(piece)
            spool.flush()
            return os.dup(spool.fileno())
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UnavailableError(what, where=where, why=why, remedy=remedy) from error


@functools.cache
def _from_input(stdin: BinaryIO) -> list[int] | None:
    """Room for the one descriptor that will hold an archive on standard input; None for anything else.

    Looked at once, since a pipe gives its bytes once. A writer that begins with less than a tar's header in one piece
    is not known for an archive: then the text of an SBOM is looked for, and refused.
    """
    return [] if _begins_archive(_ahead(stdin)) else None


def _ahead(stdin: BinaryIO) -> bytes:
    if stdin.seekable():
        at = stdin.tell()
        head = stdin.read(BLOCK)
        stdin.seek(at)
        return head
    peek = getattr(stdin, "peek", None)
    return bytes(peek(BLOCK))[:BLOCK] if peek is not None else b""


def input_again(limits: Limits) -> int:
    """A descriptor of the archive on standard input; a second reader of the same run gets the same bytes."""
    room = _from_input(sys.stdin.buffer)
    if room is None:
        raise MalformedError("not an image archive", where="standard input", remedy="give what `docker save` writes")
    if not room:
        parts = _bounded(sys.stdin.buffer, limits)
        room.append(spooled(parts, "cannot keep the archive", "standard input", "set TMPDIR elsewhere"))
    return os.dup(room[0])


def _bounded(stdin: BinaryIO, limits: Limits) -> Iterator[bytes]:
    size = 0
    while piece := stdin.read(_PIECE_BYTES):
        size += len(piece)
        if size > limits.image_archive_bytes:
            raise too_large("standard input", limits.image_archive_bytes)
        yield piece
