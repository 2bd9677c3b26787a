"""Zip archives, wheels and jars among them: times, modes and order of members, their contents, else the compressor."""

import io
import zipfile
import zlib
from collections.abc import Iterator

from assay.build import entry_causes
from assay.build.comparators.base import Comparator, Looking, Pair, bad, cause
from assay.model.comparison import Cause

_ERRORS = (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OSError, zlib.error, RuntimeError)
_UNIX_TIME, _NTFS_TIME = 0x5455, 0x000A


def _opened(data: bytes, count: int) -> tuple[zipfile.ZipFile, dict[bytes, zipfile.ZipInfo]]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _ERRORS as error:
        raise bad("zip", str(error)) from error
    if len(archive.infolist()) > count:
        raise bad("zip", f"more than {count} members")
    named = {info.filename.encode("utf-8", "surrogateescape"): info for info in archive.infolist()}
    if len(named) != len(archive.infolist()):
        raise bad("zip", "two members of one name")
    return archive, named


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> bytes:
    try:
        with archive.open(info) as file:
            data = file.read(limit + 1)
    except _ERRORS as error:
        raise bad("zip member", str(error)) from error
    if len(data) > limit:
        raise bad("zip member", "it inflates to more than compare_file_bytes")
    return data


def _fields(extra: bytes) -> tuple[bytes, bytes]:
    """The extra fields that hold times (APPNOTE 4.5), and the others."""
    times, others, at = b"", b"", 0
    while at + 4 <= len(extra):
        kind, size = int.from_bytes(extra[at : at + 2], "little"), int.from_bytes(extra[at + 2 : at + 4], "little")
        field = extra[at : at + 4 + size]
        if kind in (_UNIX_TIME, _NTFS_TIME):
            times += field
        else:
            others += field
        at += 4 + size
    return times, others + extra[at:]


def _rest(data: bytes, info: zipfile.ZipInfo) -> str:
    """What else a member's two headers say, in the directory and before its content (APPNOTE 4.3.7)."""
    local = data[info.header_offset : info.header_offset + 30]
    name_size, extra_size = int.from_bytes(local[26:28], "little"), int.from_bytes(local[28:30], "little")
    start = info.header_offset + 30 + name_size
    own = (info.flag_bits, info.internal_attr, info.extract_version, info.comment, _fields(info.extra)[1])
    before = (local[4:8].hex(), data[start - name_size : start], _fields(data[start : start + extra_size])[1])
    fields = (*own, *before)
    return " ".join(str(field) for field in fields)


def _compare(pair: Pair, at: Looking) -> Iterator[Cause]:
    count = at.limits.archive_entries_count
    (old_zip, old), (new_zip, new) = _opened(pair.before, count), _opened(pair.after, count)
    removed, added = entry_causes.only(old, new)
    yield from (cause(pair, "removed", name, "", member=_text(name), by="zip") for name in removed)
    yield from (cause(pair, "added", "", name, member=_text(name), by="zip") for name in added)
    if moved := entry_causes.order(list(old), list(new)):
        yield cause(pair, "archive-order", *moved, by="zip")
    first, other = (pair.before[: _start(old)], pair.after[: _start(new)])
    if first != other:
        yield cause(pair, "unknown", first[:64], other[:64], by="zip", detail="what stands before the archive")
    if old_zip.comment != new_zip.comment:
        yield cause(pair, "unknown", old_zip.comment, new_zip.comment, by="zip", detail="the archive's comment")
    told = bool(removed or added or moved) or old_zip.comment != new_zip.comment or first != other
    for name in sorted(old.keys() & new.keys()):
        a, b, member = old[name], new[name], _text(name)
        if a.date_time != b.date_time or _fields(a.extra)[0] != _fields(b.extra)[0]:
            told = True
            yield cause(pair, "zip-time", _date(a), _date(b), member=member, by="zip")
        if a.external_attr != b.external_attr:
            told = True
            yield cause(
                pair, "mode", f"{a.external_attr >> 16:06o}", f"{b.external_attr >> 16:06o}", member=member, by="zip"
            )
        forms = _rest(pair.before, a), _rest(pair.after, b)
        if forms[0] != forms[1]:
            told = True
            yield cause(pair, "unknown", *forms, member=member, by="zip", detail="other header fields")
        if (a.CRC, a.file_size) != (b.CRC, b.file_size):
            told = True
            limit = at.limits.compare_file_bytes
            yield from at.into(pair, member, _content(old_zip, a, limit), _content(new_zip, b, limit))
        elif (a.compress_type, a.compress_size, a.create_system) != (b.compress_type, b.compress_size, b.create_system):
            told = True
            yield cause(pair, "compressor", _form(a), _form(b), member=member, by="zip")
    if not told:
        yield cause(pair, "compressor", by="zip", detail="the same members, other bytes around them")


def _start(members: dict[bytes, zipfile.ZipInfo]) -> int:
    return min((info.header_offset for info in members.values()), default=0)


def _date(info: zipfile.ZipInfo) -> str:
    return "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}".format(*info.date_time)


def _form(info: zipfile.ZipInfo) -> str:
    return f"method {info.compress_type}, {info.compress_size} bytes, system {info.create_system}"


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


ROW = Comparator(name="zip", fits=lambda name, data: data[:4] in (b"PK\x03\x04", b"PK\x05\x06"), compare=_compare)
