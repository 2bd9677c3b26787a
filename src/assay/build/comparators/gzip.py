"""gzip (RFC 1952): time, name and system of the header; the content inside; else the compressor itself."""

import zlib
from collections.abc import Iterator

import msgspec

from assay.build.comparators.base import Comparator, Looking, Pair, bad, cause
from assay.model.comparison import Cause

MAGIC = b"\x1f\x8b"
_HEAD = 10
_CRC, _EXTRA, _NAME, _COMMENT = 2, 4, 8, 16


class Opened(msgspec.Struct, frozen=True):
    """The first member's header, and all members' content."""

    method: int
    mtime: int
    extra_flags: int
    system: int
    extra: bytes
    name: bytes
    comment: bytes
    content: bytes


def opened(data: bytes, limit: int) -> Opened:
    """Read it.

    Raises:
        MalformedError: it is none, or inflates to more than `limit` bytes.
    """
    return _header(data, inflated(data, limit, 31, "gzip"))


def inflated(data: bytes, limit: int, window: int, what: str) -> bytes:
    """All members of a gzip or zlib stream, at most `limit` bytes.

    Raises:
        MalformedError: damaged, or longer.
    """
    parts, left, rest = [], limit, data
    try:
        while rest:
            member = zlib.decompressobj(window)
            part = member.decompress(rest, left + 1)
            left -= len(part)
            if left < 0 or not member.eof:
                raise bad(what, "it is cut short, or inflates to more than compare_file_bytes")
            parts.append(part)
            rest = member.unused_data.lstrip(b"\0")
    except zlib.error as error:
        raise bad(what, str(error)) from error
    return b"".join(parts)


def _header(data: bytes, content: bytes) -> Opened:
    flags, at = data[3], _HEAD
    extra = name = comment = b""
    if flags & _EXTRA:
        size = int.from_bytes(data[at : at + 2], "little")
        extra, at = data[at + 2 : at + 2 + size], at + 2 + size
    if flags & _NAME:
        end = data.find(b"\0", at)
        name, at = data[at:end], end + 1
    if flags & _COMMENT:
        end = data.find(b"\0", at)
        comment = data[at:end]
    return Opened(data[2], int.from_bytes(data[4:8], "little"), data[8], data[9], extra, name, comment, content)


_FIELDS = ("mtime", "name", "comment", "extra")


def _compare(pair: Pair, at: Looking) -> Iterator[Cause]:
    one, other = (opened(data, at.limits.compare_file_bytes) for data in (pair.before, pair.after))
    told = False
    for field in _FIELDS:
        old, new = getattr(one, field), getattr(other, field)
        if old != new:
            told = True
            yield cause(pair, "gzip-header", old, new, member=field, by="gzip")
    inside = one.content != other.content
    if inside:
        yield from at.into(pair, "content", one.content, other.content)
    if (one.extra_flags, one.system) != (other.extra_flags, other.system) or not (told or inside):
        yield cause(
            pair, "compressor", f"flags {one.extra_flags}, system {one.system}, {len(pair.before)} bytes",
            f"flags {other.extra_flags}, system {other.system}, {len(pair.after)} bytes", by="gzip",
            detail="another program or level, by the header" if inside else "the same content, other compressed bytes",
        )  # fmt: skip


ROW = Comparator(name="gzip", fits=lambda name, data: data[:3] == MAGIC + b"\x08" and len(data) >= 18, compare=_compare)
