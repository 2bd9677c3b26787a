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
from importlib import import_module
from types import ModuleType
from typing import Protocol, TypeVar

import msgspec

from assay.model.digest import Digest
from assay.model.errors import UnsupportedError, UsageError

A = TypeVar("A")
PIECE_BYTES = 1 << 20
MEMBER_BYTES = 4 << 20
"""A library that compresses in one go is given so much at a time."""
_WINDOW_BYTES = 32 << 10
_TAR = "application/vnd.oci.image.layer.v1.tar"
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""RFC 1952 §2.3: no flags, time 0, no extra flags, system 255 (unknown)."""


class Packer(Protocol):
    """One stream being compressed."""

    def compress(self, data: bytes, /) -> bytes:
        """More of it; may give nothing yet."""

    def flush(self) -> bytes:
        """The end."""


class Block(msgspec.Struct, frozen=True, gc=False):
    """A piece of the input that can be compressed without what comes before it but its last 32 KiB."""

    data: bytes
    before: bytes
    last: bool
    level: int


class Ahead(Protocol):
    """Works on items while the next ones are still being made; results come in the items' order."""

    def __call__(self, function: Callable[[A], bytes], items: Iterable[A], *, together: bool) -> Iterator[bytes]:
        """`together`: calls may run side by side; else one after another, only beside whoever makes the items."""


def in_turn(function: Callable[[A], bytes], items: Iterable[A], *, together: bool) -> Iterator[bytes]:
    """An `Ahead` without threads."""
    return map(function, items)


class Compressor(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the table: a stream, or blocks, which several threads may compress with the same result."""

    name: str
    media_type: str
    """Of a layer it made (OCI image-spec 1.1, layer.md)."""
    level: int
    feeding: str
    """How input is handed to it, for the lock."""
    version: Callable[[], str]
    """Of the library, for readers of the lock."""
    open: Callable[[int], Packer] | None = None
    block: Callable[[Block], bytes] | None = None
    block_bytes: int = PIECE_BYTES
    framed: bool = False
    """Whether the blocks together are one gzip member, and need its header and trailer."""


def _deflate(block: Block) -> bytes:
    """A part of a deflate stream that ends at a byte (RFC 1951 §3.2.4: the empty stored block of a sync flush)."""
    kind = (block.level, zlib.DEFLATED, -15, 8, zlib.Z_DEFAULT_STRATEGY)
    packer = zlib.compressobj(*kind, zdict=block.before) if block.before else zlib.compressobj(*kind)
    return packer.compress(block.data) + packer.flush(zlib.Z_FINISH if block.last else zlib.Z_SYNC_FLUSH)


def _member(block: Block) -> bytes:
    """libdeflate knows no streams: a gzip member for each block (RFC 1952 §2.2), header and trailer of our own."""
    library = _module("deflate")
    packed: bytearray = library.deflate_compress(block.data, block.level)
    return b"".join((_GZIP_HEAD, packed, _trailer(library.crc32(block.data), len(block.data))))


def _trailer(checksum: int, size: int) -> bytes:
    return struct.pack("<II", checksum, size & 0xFFFFFFFF)


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
        remedy="install it, or choose another one under image.layers.compression: `zlib` is always there",
    )  # fmt: skip


_GZIP = Compressor(
    name="gzip", media_type=_TAR + "+gzip", level=6, feeding=f"members of {MEMBER_BYTES}",
    block=_member, block_bytes=MEMBER_BYTES, version=lambda: f"deflate {_module('deflate').__version__}",
)  # fmt: skip
TABLE: dict[str, Compressor] = {
    row.name: row
    for row in (
        _GZIP,
        msgspec.structs.replace(_GZIP, name="libdeflate"),  # what it was called while `gzip` was zlib's
        Compressor(
            name="zlib", media_type=_TAR + "+gzip", level=6, feeding=f"blocks of {PIECE_BYTES}",
            block=_deflate, framed=True, version=lambda: f"zlib {zlib.ZLIB_RUNTIME_VERSION}",
        ),
        Compressor(
            name="zstd", media_type=_TAR + "+zstd", level=3, feeding=f"streamed {PIECE_BYTES}",
            open=_zstd, version=lambda: f"zstd {_zstd_version()}",
        ),
        Compressor(name="none", media_type=_TAR, level=0, feeding="", open=lambda _: _Plain(), version=lambda: ""),
    )
}  # fmt: skip
_CALLED_BEFORE = {"gzip": ("zlib",)}
"""Rows that had a name once: a lock of that time says by its golden digest which one it means."""


def row(name: str) -> Compressor:
    """The row of a name.

    Raises:
        UsageError: there is none.
    """
    if name not in TABLE:
        raise UsageError("no such compressor", why=repr(name), remedy=f"choose among {', '.join(sorted(TABLE))}")
    return TABLE[name]


def compress(
    chunks: Iterable[bytes], by: Compressor, level: int | None = None, *, ahead: Ahead = in_turn
) -> Iterator[bytes]:
    """The compressed bytes, in pieces that are not empty; the same however `ahead` shares the work out.

    Args:
        chunks: the input, in pieces of any size.
        by: the row.
        level: instead of the row's.
        ahead: applies a function to piece after piece, perhaps beside the making of the next ones.

    Raises:
        UnsupportedError: its library is not installed.
    """
    use = by.level if level is None else level
    pieces = even(chunks, by.block_bytes)
    if by.block is not None:
        yield from _in_blocks(pieces, by, by.block, use, ahead)
        return
    packer = by.open(use) if by.open is not None else _Plain()
    yield from filter(None, ahead(packer.compress, pieces, together=False))
    if packed := packer.flush():
        yield packed


def _in_blocks(
    pieces: Iterator[bytes], by: Compressor, pack: Callable[[Block], bytes], level: int, ahead: Ahead
) -> Iterator[bytes]:
    checksum = size = 0

    def blocks() -> Iterator[Block]:
        nonlocal checksum, size
        before, piece = b"", next(pieces, b"")
        while True:
            following = next(pieces, None)
            if by.framed:
                checksum, size = zlib.crc32(piece, checksum), size + len(piece)
            yield Block(piece, before, following is None, level)
            if following is None:
                return
            before, piece = piece[-_WINDOW_BYTES:], following

    if by.framed:
        yield _GZIP_HEAD
    yield from ahead(pack, blocks(), together=True)
    if by.framed:
        yield _trailer(checksum, size)


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
    """What `golden` compresses: nothing, one byte, a MiB of text, a MiB no compressor makes smaller, both in part.

    The noise is SHA-256 of the numbers 0 to 32,767, each as eight bytes with the lowest last. The text is words of the
    same bytes: byte b gives the b modulo 64th of 64 words, each word the decimal digits of its number's square and a
    space. The last vector is the text and 64 KiB of the noise: more than one block.
    """
    sha256 = hashlib.sha256
    noise = b"".join([sha256(number.to_bytes(8, "big")).digest() for number in range(1 << 15)])
    words = [b"%d " % (number * number) for number in range(64)]
    few = noise[: 1 << 18].translate(bytes(byte & 63 for byte in range(256)))  # each gives some four bytes
    text = b"".join(map(words.__getitem__, few))[: 1 << 20]
    return b"", b"a", text, noise, text + noise[: 1 << 16]


@lru_cache
def golden(name: str, level: int | None = None) -> Digest:
    """The golden digest of a row: SHA-256 over its feeding and the SHA-256 of each compressed vector.

    Raises:
        UnsupportedError: its library is not installed.
    """
    total = hashlib.sha256(row(name).feeding.encode())
    for vector in vectors():
        one = hashlib.sha256()
        for piece in compress((vector,), row(name), level):
            one.update(piece)
        total.update(one.digest())
    return Digest("sha256", total.hexdigest())


def pinned(name: str, promise: Digest | None) -> Compressor:
    """The row that makes what a golden digest promises: the one of that name now, or one that had the name before.

    Where none does, the one of that name now: whoever compares golden digests then says what differs.

    Raises:
        UsageError: no such name. UnsupportedError: its library is not installed, and no other row keeps the promise.
    """
    missing: UnsupportedError | None = None
    for one in (name, *_CALLED_BEFORE.get(name, ())):
        try:
            if golden(one) == promise:
                return row(one)
        except UnsupportedError as error:
            missing = error
    if missing is not None:
        raise missing
    return row(name)
