"""Archives and compression: tar and pax, gzip and zstd, ZIP."""

import bz2
import gzip
import lzma
import zlib
from collections.abc import Iterable

from assay.artifact import names, pax, tar, tarstream
from assay.formats import chunks, codec, deflated, zipdirectory
from assay.formats.chunks import ChunkView
from assay.model.errors import AssayError
from assay.model.limits import DEFAULT_LIMITS, Limits

from .shape import Harness

SMALL = Limits(layer_inflated_bytes=1 << 18, archive_inflated_bytes=1 << 22)
_PIECE = 700
"""Odd on purpose, so that every boundary falls into a header somewhere."""


def pieces(data: bytes, size: int = _PIECE) -> list[bytes]:
    """The bytes in chunks."""
    return [data[at : at + size] for at in range(0, len(data), size)]


def _walk(chunked: Iterable[bytes]) -> tuple[list[tar.Entry], str]:
    reader = tarstream.StreamReader(chunked, "x")
    seen: list[tar.Entry] = []
    try:
        for entry in tar.entries(reader, DEFAULT_LIMITS, "x"):
            seen.append(entry)
            assert entry.size >= 0
            if entry.size <= 1 << 16:
                reader.peek()
                assert sum(map(len, reader.content())) == (entry.stored if entry.sparse else entry.size)
        reader.rest()
    except AssayError as error:
        return seen, type(error).__name__
    return seen, ""


def check_tar(data: bytes) -> None:
    """How the bytes are cut changes nothing."""
    assert _walk([data] if data else []) == _walk(pieces(data))


def check_pax(data: bytes) -> None:
    """Records, and the numbers in them."""
    records = pax.parse_records(data, "x")
    assert pax.pax_size(records, b"size", 0, "x") >= 0


def check_name(data: bytes) -> None:
    """A clean name is its own clean name, and climbs nowhere."""
    name = names.clean(data)
    if name is not None:
        assert names.clean(name) == name
        assert b".." not in name.split(b"/")
        assert not name.startswith(b"/")


def _inflated(data: list[bytes], library: str) -> tuple[bytes, str]:
    out: list[bytes] = []
    try:
        for piece in codec.inflate(data, "", SMALL, "x", gzip_library=library):
            out.append(piece)
            assert sum(map(len, out)) <= SMALL.layer_inflated_bytes + codec.OUTPUT_BYTES
    except AssayError:
        return b"", "refused"  # damaged or too much: of what is both, one is told
    return b"".join(out), ""


def check_codec(data: bytes) -> None:
    """How the bytes are cut changes nothing, and every library says the same."""
    whole = _inflated([data], "")
    assert whole == _inflated(pieces(data, 7), "")
    assert whole == _inflated([data], "zlib")


def codec_seeds() -> Iterable[bytes]:
    """One of each kind, whole, cut, doubled, with rubbish behind it."""
    plain = b"a line of text\n" * 40
    zipped = gzip.compress(plain, mtime=0)
    yield from (zipped, zipped[:-5], zipped + zipped, zipped + bytes(20), zipped + b"x", plain)
    yield from (zlib.compress(plain), bz2.compress(plain), lzma.compress(plain), gzip.compress(bytes(1 << 19), mtime=0))
    try:
        from backports.zstd import compress
    except ImportError:
        return
    made = compress(plain)
    yield from (made, made[:-2], made + made, b"\x50\x2a\x4d\x18\x02\0\0\0ab" + made, compress(bytes(1 << 19)))


def check_zip(data: bytes) -> None:
    """A member gives as many bytes as its directory says, or an error."""
    directory = zipdirectory.read_directory(ChunkView(pieces(data), where="x"), SMALL)
    for member in directory.members[:8]:
        try:
            assert len(zipdirectory.inflate(directory, member, 1 << 20)) == member.size
        except AssayError:
            continue


def check_deflated(data: bytes) -> None:
    """Never more than was asked for, nothing of what is damaged; what was deflated comes back."""
    assert len(deflated.inflate(data, _PIECE)) <= _PIECE
    assert deflated.inflate(deflated.deflate(data), len(data) + 1) == data


def deflated_seeds() -> Iterable[bytes]:
    """Whole, cut, with rubbish behind it, and much in little."""
    made = zlib.compress(b"a line of text\n" * 40)
    yield from (made, made[:-5], made + b"x", made[:9] + b"\xff" + made[10:], zlib.compress(bytes(1 << 19)))


HARNESSES = (
    Harness(
        name="tar", check=check_tar, doors=(tar.entries, tarstream.StreamReader), bytes_limit=8192,
    ),
    Harness(name="pax", check=check_pax, doors=(pax.parse_records,)),
    Harness(name="entry-name", check=check_name, doors=(names.clean,), bytes_limit=512),
    Harness(name="codec", check=check_codec, doors=(codec.inflate,), seeds=codec_seeds),
    Harness(name="deflated", check=check_deflated, doors=(deflated.inflate,), seeds=deflated_seeds),
    Harness(name="zip", check=check_zip, doors=(zipdirectory.read_directory, chunks.ChunkView), bytes_limit=8192),
)  # fmt: skip
"""Rows of the table."""
