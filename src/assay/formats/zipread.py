"""Every entry of a ZIP archive with all it says, for inputs of a build: strict and bounded, as `tarread` is for tar.

APPNOTE.TXT 6.3.10. Two readers must see the same: one goes by the central directory, one by the local headers as they
come, so an archive where the two disagree is refused, and so is a name that stands twice.
"""

import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from struct import Struct

from assay.formats import tarread
from assay.formats.chunks import ChunkView
from assay.formats.codec import OUTPUT_BYTES, RATIO_FREE_BYTES
from assay.formats.zipdirectory import Attributes, Directory, Member, attributes, read_directory
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import Limits
from assay.model.tree import EntryKind, TreeEntry

MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
"""How an archive begins, with entries and without."""
_LOCAL = Struct("<4s2x2H4x3L2H")  # 4.3.7: signature, flags, method, crc, sizes, two lengths
_UNIX = frozenset({3, 19})
_TYPES: dict[int, EntryKind] = {
    0o10: "file", 0o04: "directory", 0o12: "symlink", 0o01: "fifo", 0o02: "character", 0o06: "block",
}  # fmt: skip
_STORED, _DEFLATED = 0, 8
_DESCRIPTOR, _UTF8 = 0x8, 0x800
_FULL32 = 0xFFFFFFFF
_EXTENDED_TIME = 0x5455


def read(view: ChunkView, limits: Limits, *, where: str, limit: int) -> Iterator[tuple[TreeEntry, Iterator[bytes]]]:
    """Entries in the directory's order, each with its content, which is read once and checked at its end.

    Times without a zone are taken as UTC: the same archive means the same everywhere.

    Args:
        view: the archive.
        limits: `build_entries_count`, `path_bytes`, `inflate_ratio_count`.
        where: named in errors.
        limit: of all content together, in bytes.

    Raises:
        MalformedError: damaged, a path that leads out or stands twice, local headers that disagree.
        UnsupportedError: encrypted, another compression, a name of unknown encoding, more than a limit.
    """
    directory = read_directory(view, limits)
    _bounded(directory, limits, where, limit)
    seen: set[bytes] = set()
    for member, facts in zip(directory.members, attributes(directory), strict=True):
        entry = _entry(member, facts, limits, where)
        if entry.path in seen:
            raise _bad(where, f"{_shown(facts.name)} stands twice: readers disagree which of the two counts")
        seen.add(entry.path)
        at = _start(view, member, facts, where)
        content = _content(view, member, at, f"{where} {_shown(facts.name)}")
        if entry.kind == "symlink":
            entry, content = _link(entry, b"".join(content), where), iter(())
        yield entry, content
        for _ in content:  # to the end, where its check stands
            pass


def _bounded(directory: Directory, limits: Limits, where: str, limit: int) -> None:
    """Before anything is inflated: what is declared holds, for content longer or shorter than declared is refused."""
    total = sum(member.size for member in directory.members)
    packed = sum(member.compressed for member in directory.members)
    count = len(directory.members)
    if count > limits.build_entries_count:
        raise _over(where, f"{count} entries, limit {limits.build_entries_count}")
    if total > limit or (total > RATIO_FREE_BYTES and total > packed * limits.inflate_ratio_count):
        raise UnsupportedError(
            "inflates beyond the limit", where=where, why=f"{total} bytes from {packed}, limit {limit}",
            remedy="it may be a decompression bomb; raise the limit build_input_bytes if you trust it",
        )  # fmt: skip
    for member in directory.members:
        if member.encrypted:
            raise UnsupportedError(
                "an encrypted zip archive", where=f"{where} {member.name[:300]}", remedy="name one that is not"
            )
        if member.method not in (_STORED, _DEFLATED):
            raise UnsupportedError(
                "unknown compression method", where=f"{where} {member.name[:300]}", why=str(member.method),
                remedy="name an archive that is stored or deflated",
            )  # fmt: skip


def _entry(member: Member, facts: Attributes, limits: Limits, where: str) -> TreeEntry:
    name = facts.name
    if not name.isascii():
        _check_encoding(name, where)
    if b"\\" in name:
        raise _bad(where, f"{_shown(name)} holds a backslash, which some readers take for a slash")
    path = tarread.clean(name, limits, where)
    unix = facts.mode if facts.system in _UNIX else 0
    is_folder = name.endswith(b"/")
    kind = _TYPES.get(unix >> 12) if unix >> 12 else "directory" if is_folder else "file"
    if kind is None or (is_folder and kind != "directory"):
        raise _bad(where, f"{_shown(name)} is of no kind known (mode {unix:o})")
    if kind not in ("file", "symlink") and member.size:
        raise _bad(where, f"{_shown(name)} is a {kind} with content")
    mode = unix & 0o7777 or (0o755 if kind == "directory" else 0o644)
    size = member.size if kind == "file" else 0
    return TreeEntry(path=path, kind=kind, mode=mode, mtime=_time(facts), size=size)


def _check_encoding(name: bytes, where: str) -> None:
    """With or without the flag, UTF-8 is what today's tools write; else nobody knows which code page (appendix D)."""
    try:
        name.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnsupportedError(
            "a name in an unknown encoding", where=f"{where} {_shown(name)}", why="it is not UTF-8",
            remedy="write the archive again with UTF-8 names",
        ) from error  # fmt: skip


def _time(facts: Attributes) -> int:
    """Unix seconds: the extended timestamp's, else the MS-DOS time's; 0 where neither is one."""
    extra, at = facts.extra, 0
    while at + 4 <= len(extra):
        kind, length = int.from_bytes(extra[at : at + 2], "little"), int.from_bytes(extra[at + 2 : at + 4], "little")
        body = extra[at + 4 : at + 4 + length]
        if kind == _EXTENDED_TIME and len(body) >= 5 and body[0] & 1:
            return int.from_bytes(body[1:5], "little", signed=True)
        at += 4 + length
    date, time = facts.time >> 16, facts.time & 0xFFFF
    try:
        moment = datetime(
            1980 + (date >> 9), date >> 5 & 15, date & 31, time >> 11, time >> 5 & 63, (time & 31) * 2, tzinfo=UTC
        )
    except ValueError:
        return 0
    return int(moment.timestamp())


def _start(view: ChunkView, member: Member, facts: Attributes, where: str) -> int:
    """Where the content begins; a reader that goes by local headers must see the same entry."""
    signature, flags, method, crc, packed, size, names, extras = _LOCAL.unpack(view.read(member.offset, _LOCAL.size))
    told = view.read(member.offset + _LOCAL.size, names)
    same = signature == MAGICS[0] and told == facts.name and method == member.method
    same = same and not (flags ^ member.flags) & (_DESCRIPTOR | _UTF8 | 1)
    if same and not flags & _DESCRIPTOR:
        same = crc == member.crc and packed in (member.compressed, _FULL32) and size in (member.size, _FULL32)
    elif same:  # told behind the content; here zeros, or the same
        same = (
            crc in (0, member.crc) and packed in (0, member.compressed, _FULL32) and size in (0, member.size, _FULL32)
        )
    if not same:
        raise _bad(where, f"{_shown(facts.name)}: its own header and the directory disagree")
    return member.offset + _LOCAL.size + int(names) + int(extras)


def _content(view: ChunkView, member: Member, at: int, where: str) -> Iterator[bytes]:
    """Inflated bytes in pieces; as many as declared, of the declared CRC-32."""
    crc = given = 0
    for piece in _pieces(view, member, at, where):
        given += len(piece)
        if given > member.size:
            break
        crc = zlib.crc32(piece, crc)
        yield piece
    if given != member.size or crc != member.crc:
        raise MalformedError(
            "an archive member is not what the directory declares", where=where,
            why=f"{given} bytes, declared {member.size}, or another CRC-32", remedy="do not use this archive",
        )  # fmt: skip


def _pieces(view: ChunkView, member: Member, at: int, where: str) -> Iterator[bytes]:
    if member.method == _STORED:
        for offset, length in view.pieces(at, member.compressed, OUTPUT_BYTES):
            yield view.read(offset, length)
        return
    state = zlib.decompressobj(-15)
    for offset, length in view.pieces(at, member.compressed):
        data = view.read(offset, length)
        while data and not state.eof:
            try:
                piece = state.decompress(data, OUTPUT_BYTES)
            except zlib.error as error:
                raise MalformedError("an archive member does not inflate", where=where, why=str(error)) from error
            yield piece
            data = state.unconsumed_tail
    if not state.eof or state.unused_data:
        raise MalformedError("an archive member does not inflate", where=where, why="it ends too soon, or not in time")


def _link(entry: TreeEntry, target: bytes, where: str) -> TreeEntry:
    if not target or b"\0" in target:
        raise _bad(where, f"{_shown(entry.path)} is a link to nothing")
    return TreeEntry(path=entry.path, kind="symlink", mode=entry.mode, mtime=entry.mtime, link=target)


def _shown(name: bytes) -> str:
    return name[:300].decode("utf-8", "backslashreplace").replace("\0", "\\0")


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not an acceptable zip archive", where=where, why=why, remedy="do not use this archive")


def _over(where: str, why: str) -> UnsupportedError:
    return UnsupportedError("zip over its limits", where=where, why=why, remedy="raise the limit if you trust it")
