"""xz: the content inside, else the compressor itself."""

import lzma
from collections.abc import Iterator

from assay.build.comparators.base import Comparator, Looking, Pair, bad, cause
from assay.model.comparison import Cause

MAGIC = b"\xfd7zXZ\x00"
_MEMORY_BYTES = 256 << 20


def _content(data: bytes, limit: int) -> bytes:
    parts, rest = [], data
    try:
        while rest:
            stream = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY_BYTES)
            part = stream.decompress(rest, limit + 1)
            limit -= len(part)
            if limit < 0 or not stream.eof:
                raise bad("xz", "it is cut short, or inflates to more than compare_file_bytes")
            parts.append(part)
            rest = stream.unused_data.lstrip(b"\0")
    except (lzma.LZMAError, MemoryError) as error:
        raise bad("xz", str(error)) from error
    return b"".join(parts)


def _compare(pair: Pair, at: Looking) -> Iterator[Cause]:
    one, other = (_content(data, at.limits.compare_file_bytes) for data in (pair.before, pair.after))
    if one != other:
        yield from at.into(pair, "content", one, other)
    else:
        yield cause(
            pair, "compressor", f"{len(pair.before)} bytes", f"{len(pair.after)} bytes", by="xz",
            detail="the same content, other compressed bytes",
        )  # fmt: skip


ROW = Comparator(name="xz", fits=lambda name, data: data.startswith(MAGIC), compare=_compare)
