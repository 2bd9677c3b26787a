"""Inflate layer blobs in a stream: gzip (several members), zstd (across frames), plain; bounded, all at equal result.

The codec is chosen by the media type; where that says nothing (archives of `docker save`), by the first bytes.
Libraries are imported when the first blob needs them: isal, else zlib-ng, else zlib; the standard library's zstd
(3.14), else `backports.zstd`.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Any, Literal, NoReturn

from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import MIB, Limits

Codec = Literal["gzip", "zstd", "plain"]

FEED_BYTES = 128 << 10
"""Compressed bytes handed to a codec at once: what fits the second-level cache beside its output (1 MiB costs 12 %)."""
OUTPUT_BYTES = 512 << 10
"""Greatest piece a codec gives at once: bounds memory on highly compressible input; hashed while still in the cache."""
RATIO_FREE_BYTES = 64 * MIB
"""The ratio is looked at only beyond this much output."""
ZSTD_WINDOW_LOG = 27
"""Greatest zstd window: 128 MiB, libzstd's own default for readers that do not know the writer."""

_OCI = "application/vnd.oci.image.layer."
_DOCKER = "application/vnd.docker.image.rootfs."
MEDIA_TYPES: dict[str, Codec] = {
    _OCI + "v1.tar": "plain",
    _OCI + "v1.tar+gzip": "gzip",
    _OCI + "v1.tar+zstd": "zstd",
    _OCI + "nondistributable.v1.tar": "plain",
    _OCI + "nondistributable.v1.tar+gzip": "gzip",
    _OCI + "nondistributable.v1.tar+zstd": "zstd",
    _DOCKER + "diff.tar": "plain",
    _DOCKER + "diff.tar.gzip": "gzip",
    _DOCKER + "diff.tar.zstd": "zstd",
    _DOCKER + "foreign.diff.tar": "plain",
    _DOCKER + "foreign.diff.tar.gzip": "gzip",
}
"""Layer media types of OCI image-spec 1.1 (layer.md, media-types.md) and of Docker's schema 2."""

_VAGUE = frozenset({"", "application/octet-stream", "application/x-tar"})
_MAGIC: tuple[tuple[bytes, Codec], ...] = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"))
_FOREIGN = ((b"BZh", "bzip2"), (b"\xfd7zXZ\x00", "xz"), (b"\x04\x22\x4d\x18", "lz4"))


def is_layer(media_type: str) -> bool:
    """Whether the media type names a file-system layer, encrypted ones included."""
    return media_type.removesuffix("+encrypted") in MEDIA_TYPES or media_type in _VAGUE


def codec_of(media_type: str, head: bytes, *, where: str) -> Codec:
    """The codec for a blob.

    Args:
        media_type: as the descriptor says; "" or a vague type leaves the choice to `head`.
        head: the first bytes of the blob (six or more, fewer only if the blob is shorter).
        where: named in errors.

    Raises:
        UnsupportedError: an encrypted layer, an unknown media type, or a compression this program does not read.
    """
    if media_type.endswith("+encrypted"):
        raise UnsupportedError(
            "the layer is encrypted",
            where=where,
            why=f"media type {media_type}",
            remedy="decrypt the image first (for example `skopeo copy --decryption-key …`) and scan the copy",
        )
    if media_type in MEDIA_TYPES:
        return MEDIA_TYPES[media_type]
    if media_type not in _VAGUE:
        raise UnsupportedError(
            "unknown layer media type",
            where=where,
            why=repr(media_type[:200]),
            remedy="rebuild the image with OCI or Docker layers (tar, gzip or zstd)",
        )
    return sniff(head, where=where)


def sniff(head: bytes, *, where: str) -> Codec:
    """The codec by magic bytes; what has none is plain.

    Raises:
        UnsupportedError: bzip2, xz or lz4.
    """
    for magic, codec in _MAGIC:
        if head.startswith(magic):
            return codec
    for magic, name in _FOREIGN:
        if head.startswith(magic):
            raise UnsupportedError(
                f"compressed with {name}",
                where=where,
                why=f"begins with {magic.hex()}",
                remedy="decompress it, or write it again with gzip or zstd",
            )
    # RFC 8878 §3.1.2: skippable frames, magic 0x184D2A50 to 0x184D2A5F, little-endian.
    if head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5:
        return "zstd"
    return "plain"


def inflate(
    chunks: Iterable[bytes],
    media_type: str,
    limits: Limits,
    where: str,
    *,
    limit: int | None = None,
    gzip_library: str = "",
) -> Iterator[bytes]:
    """Inflated bytes of one blob, in pieces of at most `OUTPUT_BYTES` (plain: as they come).

    Args:
        chunks: the blob as stored.
        media_type: of its descriptor, "" to go by magic.
        limits: `layer_inflated_bytes` and `inflate_ratio_count` hold.
        where: named in errors.
        limit: instead of `layer_inflated_bytes`.
        gzip_library: a module of `GZIP_LIBRARIES`, for tests; "" takes the best there is.

    Raises:
        MalformedError: damaged or truncated data, or data after its end that is not zero.
        UnsupportedError: see `codec_of`; or a limit is passed; or no zstd library is installed.
    """
    source = iter(chunks)
    first = b""
    while len(first) < 6:
        more = next(source, None)
        if more is None:
            break
        first = first + more if first else more
    codec = codec_of(media_type, first, where=where)
    meter = _Meter(limits, where, limits.layer_inflated_bytes if limit is None else limit)
    feed = meter.feed(first, source)
    if codec == "plain":
        pieces: Iterator[bytes] = feed
    elif codec == "gzip":
        pieces = _gunzip(feed, gzip_module(gzip_library), where)
    else:
        pieces = _unzstd(feed, _zstd_module(where), where)
    return meter.guard(pieces)


class _Meter:
    """Counts what goes in and what comes out, and stops a bomb before it costs more than the limits allow."""

    def __init__(self, limits: Limits, where: str, limit: int) -> None:
        self._limit, self._ratio, self._where = limit, limits.inflate_ratio_count, where
        self._taken = 0

    def feed(self, first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
        """The compressed bytes, in pieces of at most `FEED_BYTES`."""
        chunk: bytes | None = first
        while chunk is not None:
            if len(chunk) <= FEED_BYTES:
                self._taken += len(chunk)
                if chunk:
                    yield chunk
            else:
                for start in range(0, len(chunk), FEED_BYTES):
                    piece = chunk[start : start + FEED_BYTES]
                    self._taken += len(piece)
                    yield piece
            chunk = next(rest, None)

    def guard(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """The pieces, counted."""
        given = 0
        for piece in pieces:
            given += len(piece)
            if given > self._limit:
                self._refuse(f"more than {self._limit} bytes", "layer_inflated_bytes")
            if given > RATIO_FREE_BYTES and given > self._taken * self._ratio:
                self._refuse(f"{given} bytes from {self._taken}", "inflate_ratio_count")
            yield piece

    def _refuse(self, why: str, name: str) -> NoReturn:
        raise UnsupportedError(
            "inflates beyond the limit",
            where=self._where,
            why=why,
            remedy=f"it may be a decompression bomb; raise the limit {name} if you trust it",
        )


GZIP_LIBRARIES = ("isal.isal_zlib", "zlib_ng.zlib_ng", "zlib")
"""In order of preference; all three have zlib's interface."""


def gzip_module(name: str = "") -> ModuleType:
    """The gzip library called `name`, or the best that is installed (zlib always is)."""
    for candidate in (name,) if name else GZIP_LIBRARIES[:-1]:
        try:
            return import_module(candidate)
        except ImportError:
            if name:
                raise
    return import_module("zlib")


class _Tail:
    """zlib's own object, used as the others are: it keeps the input it has not used, and says when it needs more."""

    __slots__ = ("_inflate", "_left", "needs_input")

    def __init__(self, library: ModuleType) -> None:
        self._inflate = library.decompressobj(31)
        self._left, self.needs_input = b"", True

    @property
    def eof(self) -> bool:
        return bool(self._inflate.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._inflate.unused_data)

    def decompress(self, data: bytes, most: int) -> bytes:
        piece: bytes = self._inflate.decompress(self._left + data if self._left else data, most)
        self._left = self._inflate.unconsumed_tail
        self.needs_input = not self._left and len(piece) < most
        return piece


def _members_of(library: ModuleType) -> tuple[Callable[[], Any], type[Exception]]:
    """What makes a reader of one gzip member, and what it raises."""
    failure: type[Exception] = library.error
    if library.__name__ != GZIP_LIBRARIES[0]:
        return partial(_Tail, library), failure
    # Of isal's two readers the one that does not copy what is left of its input back and forth: 8 % faster.
    igzip = import_module("isal.igzip_lib")
    return partial(igzip.IgzipDecompressor, flag=igzip.DECOMP_GZIP), failure


def _gunzip(feed: Iterator[bytes], library: ModuleType, where: str) -> Iterator[bytes]:
    """RFC 1952: members one after another; zero padding after a member is ignored, anything else refused."""
    new, failure = _members_of(library)
    member = None
    members = 0
    held = b""
    for chunk in feed:
        data = held + chunk if held else chunk
        held = b""
        while data:
            if member is None:
                if members:
                    data = data.lstrip(b"\0")
                if len(data) < 4:
                    held = data
                    break
                # RFC 1952 §2.3: magic, method 8, reserved flags zero (isal does not look at those).
                if data[:3] != b"\x1f\x8b\x08" or data[3] & 0xE0:
                    raise _damaged("gzip", where, f"{data[:4].hex()} where a member should begin (1f8b08)")
                member = new()
                members += 1
            try:
                piece = member.decompress(data, OUTPUT_BYTES)
                while True:
                    if piece:
                        yield piece
                    if member.eof or member.needs_input:
                        break
                    piece = member.decompress(b"", OUTPUT_BYTES)
            except failure as error:
                raise _damaged("gzip", where, str(error)) from error
            data = b""
            if member.eof:
                data, member = member.unused_data, None
    if member is not None or held or not members:
        raise _damaged("gzip", where, "ends in the middle of a member" if members else "empty")


def _unzstd(feed: Iterator[bytes], library: ModuleType, where: str) -> Iterator[bytes]:
    """RFC 8878: frame after frame. A reader that stops at the first frame loses the rest without a word."""
    options = {library.DecompressionParameter.window_log_max: ZSTD_WINDOW_LOG}
    frame = None
    frames = 0
    for chunk in feed:
        data = chunk
        while data:
            if frame is None:
                frame = library.ZstdDecompressor(options=options)
                frames += 1
            try:
                piece = frame.decompress(data, OUTPUT_BYTES)
                while True:
                    if piece:
                        yield piece
                    if frame.eof or frame.needs_input:
                        break
                    piece = frame.decompress(b"", OUTPUT_BYTES)
            except library.ZstdError as error:
                raise _damaged("zstd", where, str(error)) from error
            data = b""
            if frame.eof:
                data, frame = frame.unused_data, None
    if frame is not None or not frames:
        raise _damaged("zstd", where, "ends in the middle of a frame" if frames else "empty")


def _zstd_module(where: str) -> ModuleType:
    for name in ("compression.zstd", "backports.zstd"):
        try:
            return import_module(name)
        except ImportError:
            continue
    raise UnsupportedError(
        "no zstd library on this machine",
        where=where,
        why="neither compression.zstd nor backports.zstd can be imported",
        remedy="install `backports.zstd`, or use Python 3.14",
    )


def _damaged(codec: str, where: str, why: str) -> MalformedError:
    return MalformedError(f"damaged {codec} data", where=where, why=why, remedy="fetch or build the image again")
