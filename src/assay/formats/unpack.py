"""Inflate an archive somebody pinned: what `codec` reads, and xz and bzip2, which sources still come in. Bounded."""

import bz2
import lzma
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Protocol

from assay.formats.codec import OUTPUT_BYTES, RATIO_FREE_BYTES, inflate
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import MIB, Limits

XZ_MEMORY_BYTES = 256 * MIB
"""`xz -9` needs 65 MiB; more is no ordinary archive."""
_RATIO = 10_000
"""Inflated bytes per compressed byte beyond the first 64 MiB: zeros in xz reach 7,000."""


class _Stream(Protocol):
    """What both of the standard library's decompressors are."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


def _xz() -> _Stream:
    return lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=XZ_MEMORY_BYTES)


def _bzip2() -> _Stream:
    return bz2.BZ2Decompressor()


_MAGIC: dict[bytes, Callable[[], _Stream]] = {b"\xfd7zXZ\0": _xz, b"BZh": _bzip2}
_HEAD_BYTES = 6
_ZIP = b"PK\3\4"


def unpack(chunks: Iterable[bytes], limits: Limits, *, where: str, limit: int) -> Iterator[bytes]:
    """Inflated bytes by the first bytes' word, in pieces; what has no magic is taken as it is.

    Raises:
        MalformedError: damaged, truncated, or followed by something else.
        UnsupportedError: more than `limit` bytes, too great a ratio or memory, another compression.
    """
    source = iter(chunks)
    head = b""
    while len(head) < _HEAD_BYTES and (more := next(source, None)) is not None:
        head += more
    for magic, make in _MAGIC.items():
        if head.startswith(magic):
            return _bounded(chain((head,), source), make, where, limit)
    if head.startswith(_ZIP):
        raise UnsupportedError(
            "a zip archive", where=where, why="a stream was asked for", remedy="name the tar of the same release"
        )
    return inflate(chain((head,), source), "", limits, where, limit=limit)


def _bounded(chunks: Iterable[bytes], make: Callable[[], _Stream], where: str, limit: int) -> Iterator[bytes]:
    """Stream after stream (xz(1) and bzip2(1) join files so), counted."""
    taken = given = 0
    stream: _Stream | None = None
    for chunk in chunks:
        data = chunk
        taken += len(chunk)
        while data or (stream is not None and not stream.needs_input):
            if stream is None:
                data = data.lstrip(b"\0")  # xz's stream padding
                if not data:
                    break
                stream = make()
            piece = _step(stream, data, where)
            given += len(piece)
            if given > limit or (given > RATIO_FREE_BYTES and given > taken * _RATIO):
                raise UnsupportedError(
                    "inflates beyond the limit", where=where, why=f"{given} bytes from {taken}, limit {limit}",
                    remedy="it may be a decompression bomb; raise the limit build_input_bytes if you trust it",
                )  # fmt: skip
            if piece:
                yield piece
            data = stream.unused_data if stream.eof else b""
            stream = None if stream.eof else stream
    if stream is not None:
        raise _bad(where, "it ends too soon")


def _step(stream: _Stream, data: bytes, where: str) -> bytes:
    try:
        return stream.decompress(data, OUTPUT_BYTES)
    except (lzma.LZMAError, OSError, EOFError, ValueError) as error:  # bz2 says OSError
        raise _bad(where, str(error)) from error


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("a damaged archive", where=where, why=why, remedy="fetch it again")
