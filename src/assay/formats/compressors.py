"""Compressors a build may use: a table. Each is pinned by what it makes of fixed vectors, not by its name.

"gzip level 6" of zlib, zlib-ng and libdeflate are three digests, and each library may change with a release. So a lock
holds the *golden digest* of a row: `golden` compresses the vectors with what is installed here, and a build whose lock
says otherwise is refused. Input is fed in pieces of one size, whatever the pieces it comes in.
"""

import hashlib
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from importlib import import_module, metadata
from types import ModuleType
from typing import Protocol

import msgspec

from assay.model.digest import Digest
from assay.model.errors import UnsupportedError, UsageError

PIECE_BYTES = 1 << 20
MEMBER_BYTES = 8 << 20
"""A library that compresses in one go is given so much at a time; each makes one gzip member (RFC 1952 §2.2)."""
_TAR = "application/vnd.oci.image.layer.v1.tar"
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""RFC 1952 §2.3: no flags, time 0, no extra flags, system 255 (unknown)."""


class Packer(Protocol):
    """One stream being compressed."""

    def compress(self, data: bytes, /) -> bytes:
        """More of it; may give nothing yet."""

    def flush(self) -> bytes:
        """The end."""


class Compressor(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the table."""

    name: str
    media_type: str
    """Of a layer it made (OCI image-spec 1.1, layer.md)."""
    level: int
    feeding: str
    """How input is handed to it, for the lock."""
    open: Callable[[int], Packer]
    version: Callable[[], str]
    """Of the library, for readers of the lock."""


class _Gzip:
    """zlib's deflate between a header and a trailer of our own."""

    def __init__(self, level: int) -> None:
        self._deflate = zlib.compressobj(level, zlib.DEFLATED, -15, 8, zlib.Z_DEFAULT_STRATEGY)
        self._sum, self._size, self._head = 0, 0, _GZIP_HEAD

    def compress(self, data: bytes, /) -> bytes:
        self._sum = zlib.crc32(data, self._sum)
        self._size += len(data)
        head, self._head = self._head, b""
        return head + self._deflate.compress(data)

    def flush(self) -> bytes:
        tail = self._deflate.flush() + struct.pack("<II", self._sum, self._size & 0xFFFFFFFF)
        return self._head + tail


class _Libdeflate:
    """libdeflate knows no streams: one gzip member for each piece of fixed size, head and trailer ours as above."""

    def __init__(self, level: int) -> None:
        self._pack: Callable[[bytes, int], bytes] = _module("deflate").deflate_compress
        self._level, self._held, self._any = level, bytearray(), False

    def compress(self, data: bytes, /) -> bytes:
        self._held += data
        out = b""
        while len(self._held) >= MEMBER_BYTES:
            out += self._member(bytes(self._held[:MEMBER_BYTES]))
            del self._held[:MEMBER_BYTES]
        return out

    def flush(self) -> bytes:
        return self._member(bytes(self._held)) if self._held or not self._any else b""

    def _member(self, data: bytes) -> bytes:
        self._any = True
        return _GZIP_HEAD + bytes(self._pack(data, self._level)) + struct.pack("<II", zlib.crc32(data), len(data))


class _Plain:
    """Nothing is done."""

    def compress(self, data: bytes, /) -> bytes:
        return data

    def flush(self) -> bytes:
        return b""


def _zstd(level: int) -> Packer:
    library = _module("compression.zstd", "backports.zstd")
    kinds = library.CompressionParameter
    options = {kinds.compression_level: level, kinds.checksum_flag: 1, kinds.nb_workers: 0}
    packer: Packer = library.ZstdCompressor(options=options)
    return packer


def _zstd_version() -> str:
    return str(_module("compression.zstd", "backports.zstd").zstd_version)


def _module(*names: str) -> ModuleType:
    for name in names:
        try:
            return import_module(name)
        except ImportError:
            continue
    raise UnsupportedError(
        "a compressor is not installed", why=f"none of {', '.join(names)} can be imported",
        remedy="install it, or choose another one under image.layers.compression",
    )  # fmt: skip


TABLE: dict[str, Compressor] = {
    row.name: row
    for row in (
        Compressor(
            name="gzip", media_type=_TAR + "+gzip", level=6, feeding=f"streamed {PIECE_BYTES}",
            open=_Gzip, version=lambda: f"zlib {zlib.ZLIB_RUNTIME_VERSION}",
        ),
        Compressor(
            name="zstd", media_type=_TAR + "+zstd", level=3, feeding=f"streamed {PIECE_BYTES}",
            open=_zstd, version=lambda: f"zstd {_zstd_version()}",
        ),
        Compressor(
            name="libdeflate", media_type=_TAR + "+gzip", level=6, feeding=f"one-shot {MEMBER_BYTES}",
            open=_Libdeflate, version=lambda: f"deflate {metadata.version('deflate')}",
        ),
        Compressor(name="none", media_type=_TAR, level=0, feeding="", open=lambda _: _Plain(), version=lambda: ""),
    )
}  # fmt: skip


def row(name: str) -> Compressor:
    """The row of a name.

    Raises:
        UsageError: there is none.
    """
    if name not in TABLE:
        raise UsageError("no such compressor", why=repr(name), remedy=f"choose among {', '.join(sorted(TABLE))}")
    return TABLE[name]


def compress(chunks: Iterable[bytes], by: Compressor, level: int | None = None) -> Iterator[bytes]:
    """The compressed bytes, in pieces that are not empty.

    Raises:
        UnsupportedError: its library is not installed.
    """
    packer = by.open(by.level if level is None else level)
    for piece in even(chunks, PIECE_BYTES):
        if packed := packer.compress(piece):
            yield packed
    if packed := packer.flush():
        yield packed


def even(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in pieces of one size, the last shorter."""
    held: list[bytes] = []
    count = 0
    for chunk in chunks:
        held.append(chunk)
        count += len(chunk)
        if count >= size:
            data = b"".join(held)
            end = count - count % size
            for start in range(0, end, size):
                yield data[start : start + size]
            held, count = [data[end:]], count - end
    if count:
        yield b"".join(held)


@lru_cache
def vectors() -> tuple[bytes, ...]:
    """What `golden` compresses: nothing, one byte, a MiB of text, a MiB no compressor makes smaller.

    The last is SHA-256 of the numbers 0 to 32,767, each as eight bytes with the lowest last. The text is words of the
    same bytes: byte b gives the b modulo 64th of 64 words, each word the decimal digits of its number's square.
    """
    noise = b"".join(hashlib.sha256(number.to_bytes(8, "big")).digest() for number in range(1 << 15))
    words = [b"%d " % (number * number) for number in range(64)]
    text = b"".join(words[byte & 63] for byte in noise)[: 1 << 20]
    return b"", b"a", text, noise


@lru_cache
def golden(name: str, level: int | None = None) -> Digest:
    """The golden digest of a row: SHA-256 over the SHA-256 of each compressed vector.

    Raises:
        UnsupportedError: its library is not installed.
    """
    total = hashlib.sha256()
    for vector in vectors():
        one = hashlib.sha256()
        for piece in compress((vector,), row(name), level):
            one.update(piece)
        total.update(one.digest())
    return Digest("sha256", total.hexdigest())
