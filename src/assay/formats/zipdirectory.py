"""The central directory of a ZIP archive, bounded; members are inflated one by one, on demand.

APPNOTE.TXT 6.3.10. The central directory rules: what only local headers say is never believed. Refused, because two
readers would see different content: members that overlap, a directory that does not fit its own counts, sizes that
lie. Data before the first member (a launcher script) is allowed, as every reader allows it.
"""

import zlib
from collections.abc import Sequence
from contextlib import suppress
from struct import Struct

import msgspec

from assay.formats.chunks import ChunkView
from assay.formats.codec import gzip_module
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import Limits

_END = Struct("<4s4H2LH")  # APPNOTE 4.3.16
_END64_LOCATOR = Struct("<4sLQL")  # 4.3.15
_END64 = Struct("<4sQ2H2L4Q")  # 4.3.14
_CENTRAL = Struct("<L4x2H4x3L3H4x4xL")  # 4.3.12: signature, flags, method, crc, sizes, three lengths, offset
_CENTRAL_SIGNATURE = int.from_bytes(b"PK\x01\x02", "little")
_ATTRIBUTES = Struct("<4xBB6x2H12x3H4xL4x")  # the same: who made it, time and date, three lengths, external attributes
_LOCAL = Struct("<4s22x2H")  # 4.3.7: signature, two lengths
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_STORED, _DEFLATED = 0, 8
_ENCRYPTED = 0x2041
"""General purpose bits 0 (encrypted), 6 (strong encryption), 13 (masked directory)."""
_UTF8 = 0x800


class Member(msgspec.Struct, frozen=True, gc=False):
    """One entry of the central directory."""

    name: str
    method: int
    flags: int
    crc: int
    compressed: int
    size: int
    offset: int
    """Of the local header, in the view."""

    @property
    def encrypted(self) -> bool:
        """Whether the member cannot be read without a key."""
        return bool(self.flags & _ENCRYPTED)


class Directory(msgspec.Struct, frozen=True):
    """Everything the central directory says, in its order."""

    view: ChunkView
    members: tuple[Member, ...]
    start: int = 0
    """Where it begins, in the view."""


class Attributes(msgspec.Struct, frozen=True, gc=False):
    """What the central directory says of an entry beside its content."""

    name: bytes
    """As it is written."""
    system: int
    """Who made the entry (4.4.2.2): 3 is Unix, 19 macOS; only theirs have modes."""
    mode: int
    """File type and permissions of Unix: the upper half of the external attributes (4.4.15)."""
    time: int
    """MS-DOS date and time (4.4.6), the date in the upper half."""
    extra: bytes


def attributes(directory: Directory) -> tuple[Attributes, ...]:
    """Of every member of a directory that was read, in its order."""
    view, at = directory.view, directory.start
    found = []
    for _ in directory.members:
        _, system, time, date, names, extras, comments, external = _ATTRIBUTES.unpack(view.read(at, _ATTRIBUTES.size))
        at += _ATTRIBUTES.size
        name, extra = view.read(at, names), view.read(at + names, extras)
        found.append(Attributes(name, system, external >> 16, date << 16 | time, extra))
        at += names + extras + comments
    return tuple(found)


def read_directory(view: ChunkView, limits: Limits) -> Directory:
    """Read the central directory.

    Raises:
        MalformedError: no end record, a directory outside the file, members that overlap or lie outside.
        UnsupportedError: more entries than `archive_entries_count`, or an archive in several volumes.
    """
    count, size, offset, end = _locate(view)
    if count > limits.archive_entries_count:
        raise UnsupportedError(
            "the archive has too many entries",
            where=view.where,
            why=f"{count}, limit {limits.archive_entries_count}",
            remedy="raise `archive_entries_count` if the archive is trusted",
        )
    start = end - size
    shift = start - offset  # bytes put before the archive after it was made
    if start < 0 or shift < 0:
        raise _bad(view, f"central directory of {size} bytes at {offset}, end record at {end}")
    members = _members(view, view.read(start, size), count, shift)
    _refuse_overlap(view, members, start)
    return Directory(view, members, start)


def inflate(directory: Directory, member: Member, limit: int) -> bytes:
    """The content of a member, checked against the size and CRC-32 the directory declares.

    Raises:
        MalformedError: the data does not inflate, is longer or shorter than declared, or has another CRC.
        UnsupportedError: encrypted, a method other than stored and deflated, or larger than `limit` bytes.
    """
    view = directory.view
    where = f"{view.where}!/{member.name}"
    if member.encrypted:
        raise UnsupportedError("the archive member is encrypted", where=where, remedy="supply the archive unencrypted")
    if member.method not in (_STORED, _DEFLATED):
        raise UnsupportedError(
            "unknown compression method", where=where, why=str(member.method), remedy="repack with deflate"
        )
    if member.size > limit:
        raise UnsupportedError(
            "the archive member is too large",
            where=where,
            why=f"{member.size} bytes, limit {limit}",
            remedy="raise the limit if the archive is trusted",
        )
    signature, name_length, extra_length = _LOCAL.unpack(view.read(member.offset, _LOCAL.size))
    if signature != b"PK\x03\x04":
        raise _bad(view, f"no local header at {member.offset} for {member.name[:100]!r}")
    data = view.read(member.offset + _LOCAL.size + name_length + extra_length, member.compressed)
    if member.method == _DEFLATED:
        data = _inflate(data, member.size, where)
    if len(data) != member.size or zlib.crc32(data) != member.crc:
        raise MalformedError(
            "the archive member is not what the directory declares",
            where=where,
            why=f"{len(data)} bytes, declared {member.size}, or another CRC-32",
            remedy="the archive is damaged or forged",
        )
    return data


def _inflate(data: bytes, size: int, where: str) -> bytes:
    """The data by the fastest library, half of zlib's time; where it is not plainly right, zlib says what it is."""
    library = gzip_module()
    with suppress(library.error):
        quick = library.decompressobj(-15)
        found: bytes = quick.decompress(data, size + 1)
        if quick.eof and len(found) == size:
            return found
    inflater = zlib.decompressobj(-15)
    try:
        out = inflater.decompress(data, size + 1)
    except zlib.error as error:
        raise MalformedError("the archive member does not inflate", where=where, why=str(error)) from error
    if not inflater.eof and len(out) <= size:
        raise MalformedError("the archive member is truncated", where=where, why=f"{len(out)} of {size} bytes")
    return out


def _locate(view: ChunkView) -> tuple[int, int, int, int]:
    """(entries, bytes of the directory, its offset as written, where it ends) from the end record (4.3.16)."""
    for reach in (_END.size, _END.size + _FULL16):  # nearly every archive ends with it, without a comment
        tail_size = min(view.size, reach)
        tail = view.read(view.size - tail_size, tail_size)
        at = tail.rfind(b"PK\x05\x06")
        while at >= 0:
            if len(tail) - at >= _END.size and _END.unpack_from(tail, at)[7] <= len(tail) - at - _END.size:
                break
            at = tail.rfind(b"PK\x05\x06", 0, at)
        if at >= 0:
            break
    else:
        raise MalformedError(
            "not a ZIP archive", where=view.where, why="no end of central directory", remedy="the archive is truncated"
        )
    _, disk, first_disk, here, count, size, offset, _ = _END.unpack_from(tail, at)
    end = view.size - tail_size + at
    if _FULL16 in (here, count) or _FULL32 in (size, offset):
        wide = _locate64(view, end)
        if wide is not None:
            return wide
    if disk or first_disk or here != count:
        raise UnsupportedError("the archive has several volumes", where=view.where, remedy="join the volumes")
    return count, size, offset, end


def _locate64(view: ChunkView, end: int) -> tuple[int, int, int, int] | None:
    """The same from the ZIP64 records before `end` (4.3.14, 4.3.15), or None if there are none."""
    if end < _END64_LOCATOR.size + _END64.size:
        return None
    signature, _, offset, _ = _END64_LOCATOR.unpack(view.read(end - _END64_LOCATOR.size, _END64_LOCATOR.size))
    if signature != b"PK\x06\x07":
        return None
    for at in (offset, end - _END64_LOCATOR.size - _END64.size):  # the second: data was put before the archive
        if 0 <= at <= view.size - _END64.size:
            record = _END64.unpack(view.read(at, _END64.size))
            if record[0] == b"PK\x06\x06":
                return record[7], record[8], record[9], at
    raise _bad(view, "a ZIP64 locator without its record")


def _members(view: ChunkView, directory: bytes, count: int, shift: int) -> tuple[Member, ...]:
    """The entries in order. A long plain loop: archives of an image hold tens of thousands of them."""
    members: list[Member] = []
    unpack, header, total, append = _CENTRAL.unpack_from, _CENTRAL.size, len(directory), members.append
    text = directory.decode("latin-1")  # a name of it that is ASCII is read: nearly every one
    at = 0
    for _ in range(count):
        if at + header > total:
            raise _bad(view, f"{count} entries declared, {len(members)} found")
        signature, flags, method, crc, compressed, size, names, extras, comments, offset = unpack(directory, at)
        if signature != _CENTRAL_SIGNATURE:
            raise _bad(view, f"no entry at byte {at} of the central directory")
        at += header
        end = at + names
        name = text[at:end]
        if not name.isascii():
            name = _name(directory[at:end], flags)
        if _FULL32 in (compressed, size, offset):
            size, compressed, offset = _wide(view, directory[end : end + extras], size, compressed, offset)
        at = end + extras + comments
        append(Member(name, method, flags, crc, compressed, size, offset + shift))
    if at > total:
        raise _bad(view, "the last entry does not fit")
    return tuple(members)


def _name(raw: bytes, flags: int) -> str:
    """Beyond ASCII (4.4.17, appendix D): UTF-8 by flag; otherwise cp437, but jar tools write UTF-8 without the flag."""
    return raw.decode("utf-8", "surrogateescape" if flags & _UTF8 else "replace")


def _wide(view: ChunkView, extra: bytes, size: int, compressed: int, offset: int) -> tuple[int, int, int]:
    """The ZIP64 extra field (4.5.3): 8 bytes for each of the fields that is all ones, in this order."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = int.from_bytes(extra[at : at + 2], "little"), int.from_bytes(extra[at + 2 : at + 4], "little")
        if kind == 1:
            body = extra[at + 4 : at + 4 + length]
            values: list[int] = []
            for value in (size, compressed, offset):
                if value == _FULL32 and len(body) >= 8:
                    value, body = int.from_bytes(body[:8], "little"), body[8:]
                values.append(value)
            return values[0], values[1], values[2]
        at += 4 + length
    raise _bad(view, "a ZIP64 entry without its extra field")


def _refuse_overlap(view: ChunkView, members: Sequence[Member], limit: int) -> None:
    """No byte belongs to two members (the trick of the overlapping bomb), and all lie before the directory."""
    end = 0
    for member in members:  # nearly every archive lists its members as they lie: no need to sort
        if member.offset < end:
            break
        end = member.offset + 30 + member.compressed
    else:
        if end <= limit:
            return
    end = 0
    for offset, length in sorted([(member.offset, member.compressed) for member in members]):
        if offset < end:
            raise _bad(view, f"members overlap at byte {offset}")
        end = offset + 30 + length  # names and extra fields of the local header come on top: a lower bound
    if end > limit:
        raise _bad(view, "a member reaches into the central directory")


def _bad(view: ChunkView, why: str) -> MalformedError:
    return MalformedError("damaged ZIP archive", where=view.where, why=why, remedy="the archive is truncated or forged")
