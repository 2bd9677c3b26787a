"""Every entry of a tar with all it says, for inputs of a build: strict, bounded, from a stream.

`artifact.tar` walks layers of images others made, and reads as runtimes do. Here an archive is an input that somebody
pinned: what two readers could read differently is refused. POSIX.1-2001 (ustar, pax) and GNU's long names and numbers.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import Limits
from assay.model.tree import EntryKind, TreeEntry

_BLOCK = 512
_KINDS: dict[bytes, EntryKind] = {
    b"0": "file", b"\0": "file", b"7": "file", b"1": "hardlink", b"2": "symlink", b"3": "character", b"4": "block",
    b"5": "directory", b"6": "fifo",
}  # fmt: skip
_META = frozenset((b"x", b"g", b"L", b"K"))
_XATTR = b"SCHILY.xattr."
_TOLD = frozenset((b"path", b"linkpath", b"uid", b"gid", b"size", b"mtime", b"atime", b"ctime", b"uname", b"gname"))
"""Records an entry says, and times it leaves out."""
Form = tuple[bytes, bytes, bytes]
"""Names of the user and the group; device numbers, version and further records; the extended headers' own headers."""

_NO_FORM: Form = (b"", b"", b"")
Headers = dict[bytes, tuple[TreeEntry, Form]]
"""Header of an entry that has no extended ones → what it says."""
_HEADERS_COUNT = 64


def read(
    chunks: Iterable[bytes],
    limits: Limits,
    *,
    where: str,
    forms: list[Form] | None = None,
    headers: Headers | None = None,
) -> Iterator[tuple[TreeEntry, Iterator[bytes]]]:
    """Entries in order, each with its content; what the caller does not read of it is skipped.

    Paths are cleaned of `./` and doubled slashes; the entry of the root itself has the empty path.

    Args:
        chunks: the archive, inflated.
        limits: `build_entries_count`, `path_bytes`, `pax_header_bytes`.
        where: named in errors.
        forms: gets, before each entry is given, what its headers hold beside what the entry says.
        headers: empty, given with `forms` to the readers of two archives in step: what the one has read the other
            takes from here, the same entry where the bytes of its header are the same.

    Raises:
        MalformedError: a damaged archive, or a path that is absolute, climbs, or holds NUL.
        UnsupportedError: sparse files, unknown kinds of entries, more than a limit.
    """
    stream = _Stream(chunks, where)
    records: dict[bytes, bytes] = {}
    count, form = 0, b""
    while (block := stream.block()) and any(block):
        known = headers.pop(block, None) if headers and not form else None
        flag, size = block[156:157], 0
        if known is None:
            _check_sum(block, where)
            size = _number(block[124:136], where)
        if flag in _META:
            if size > limits.pax_header_bytes:
                raise _over(where, f"an extended header of {size} bytes, limit {limits.pax_header_bytes}")
            _meta(flag, stream.exactly(size + -size % _BLOCK)[:size], records, where)
            form += block[:100] + block[156:265] + block[329:]
            continue
        count += 1
        if count > limits.build_entries_count:
            raise _over(where, f"more than {limits.build_entries_count} entries")
        if known is None:
            said = _form(block, records, form) if forms is not None else _NO_FORM
            known = _entry(block, flag, size, records, limits, where), said
            if headers is not None and not form:
                _remember(headers, block, known)
        entry = known[0]
        if forms is not None:
            forms.append(known[1])
        records, form = {}, b""
        content = stream.content(entry.size)
        yield entry, content
        for _ in content:
            pass
        stream.exactly(-entry.size % _BLOCK)


def _form(block: bytes, records: dict[bytes, bytes], form: bytes) -> Form:
    more = sorted(item for item in records.items() if item[0] not in _TOLD and not item[0].startswith(_XATTR))
    names = block[265:329] + b"".join(records.get(key, b"") for key in (b"uname", b"gname"))
    return names, block[257:265] + block[329:345] + repr(more).encode(), form


def _remember(headers: Headers, block: bytes, known: tuple[TreeEntry, Form]) -> None:
    if len(headers) >= _HEADERS_COUNT:  # the other reader is at another place: begin again
        headers.clear()
    headers[block] = known


def _meta(flag: bytes, data: bytes, records: dict[bytes, bytes], where: str) -> None:
    if flag == b"L":
        records[b"path"] = data.partition(b"\0")[0]
    elif flag == b"K":
        records[b"linkpath"] = data.partition(b"\0")[0]
    elif flag == b"x":
        records.update(_records(data, where))
    elif not _records(data, where).keys() <= {b"comment"}:  # `git archive` writes the commit there
        raise UnsupportedError(
            "a global pax header", where=where, why="readers disagree whether it holds for all that follows",
            remedy="write the archive again without one",
        )  # fmt: skip


def _entry(block: bytes, flag: bytes, size: int, records: dict[bytes, bytes], limits: Limits, where: str) -> TreeEntry:
    name, link = _text(block[:100]), _text(block[157:257])
    if block[257:263] == b"ustar\0" and block[345]:
        name = _text(block[345:500]) + b"/" + name
    name, link = records.get(b"path", name), records.get(b"linkpath", link)
    kind = _KINDS.get(flag)
    if kind == "file" and flag == b"\0" and name.endswith(b"/"):
        kind = "directory"
    if kind is None or any(key.startswith(b"GNU.sparse.") for key in records):
        raise UnsupportedError(
            "an entry no reader agrees on", where=f"{where} {_shown(name)}", why=f"of kind {flag!r}, or sparse",
            remedy="write the archive again as plain ustar or pax",
        )  # fmt: skip
    path = clean(name, limits, where)
    mode, uid = _number(block[100:108], where), _number(block[108:116], where)
    gid, mtime = _number(block[116:124], where), _number(block[136:148], where)
    xattrs: tuple[tuple[bytes, bytes], ...] = ()
    if records:
        uid, gid = _record(records, b"uid", uid, where), _record(records, b"gid", gid, where)
        mtime = _record(records, b"mtime", mtime, where)
        size = _record(records, b"size", size, where) if kind == "file" else 0
        xattrs = tuple(sorted((key[len(_XATTR) :], text) for key, text in records.items() if key.startswith(_XATTR)))
    return TreeEntry(
        path=path,
        kind=kind,
        mode=mode & 0o7777,
        uid=uid,
        gid=gid,
        mtime=mtime,
        size=size if kind == "file" else 0,
        link=clean(link, limits, where) if kind == "hardlink" else link if kind == "symlink" else b"",
        xattrs=xattrs,
    )


def clean(name: bytes, limits: Limits, where: str) -> bytes:
    """A path without `./`, doubled and trailing slashes.

    Raises:
        MalformedError: absolute, climbing, with NUL. UnsupportedError: longer than `path_bytes`.
    """
    if len(name) > limits.path_bytes:
        raise _over(where, f"a path of {len(name)} bytes, limit {limits.path_bytes}")
    plain = name.removeprefix(b"./")
    if plain and plain[0] not in b"./" and b"//" not in plain and b"/." not in plain and b"\0" not in plain:
        return plain.removesuffix(b"/")  # nearly every path
    parts = [part for part in name.split(b"/") if part not in (b"", b".")]
    if name.startswith(b"/") or b".." in parts or b"\0" in name or not name:
        raise MalformedError(
            "a path that leads out of the archive", where=f"{where} {_shown(name)}",
            why="it is absolute, climbs, or holds NUL", remedy="do not use this archive",
        )  # fmt: skip
    return b"/".join(parts)


def _records(data: bytes, where: str) -> dict[bytes, bytes]:
    """Records of an extended header: `%d %s=%s\\n`."""
    found: dict[bytes, bytes] = {}
    pos = 0
    while pos < len(data):
        space = data.find(b" ", pos, pos + 12)
        digits = data[pos:space] if space > 0 else b""
        end = pos + int(digits) if digits.isdigit() else 0
        if end <= space + 1 or end > len(data) or data[end - 1] != 0x0A:
            raise _bad(where, "a pax record's length does not fit")
        key, sign, value = data[space + 1 : end - 1].partition(b"=")
        if not sign or not key or key in found:
            raise _bad(where, "a pax record without keyword, or twice")
        found[key] = value
        pos = end
    return found


def _record(records: dict[bytes, bytes], key: bytes, default: int, where: str) -> int:
    """A number of a record; fractions of a second are dropped."""
    text = records.get(key)
    if text is None:
        return default
    whole = text.partition(b".")[0] if key == b"mtime" else text
    if not whole.removeprefix(b"-").isdigit() or len(whole) > 18 or (whole.startswith(b"-") and key != b"mtime"):
        raise _bad(where, f"{key.decode()} is {text[:30]!r}")
    return int(whole)


def _number(field: bytes, where: str) -> int:
    """Octal digits, or GNU's base 256."""
    if field[0] & 0x80:
        value = int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
        if field[0] & 0x40 or value >= 1 << 62:
            raise _bad(where, "a negative or enormous number")
        return value
    value = _octal(field)
    if value < 0:
        raise _bad(where, f"a number is {field!r}")
    return value


@lru_cache(maxsize=4096)
def _octal(field: bytes) -> int:
    """Octal digits between blanks and NULs, most of them those of the entry before; -1 for anything else."""
    digits = field.strip(b" \0")
    if digits and (not digits.isdigit() or b"8" in digits or b"9" in digits):
        return -1
    return int(digits or b"0", 8)


def _check_sum(block: bytes, where: str) -> None:
    told = _number(block[148:156], where)
    if told == sum(block) - sum(block[148:156]) + 8 * 0x20:
        return
    rest = block[:148] + b" " * 8 + block[156:]
    if told != sum(byte - 256 if byte > 127 else byte for byte in rest):
        raise _bad(where, "a header's checksum does not match")


class _Stream:
    """Bytes on demand from chunks."""

    def __init__(self, chunks: Iterable[bytes], where: str) -> None:
        self._next, self._where = iter(chunks), where
        self._held, self._at = b"", 0

    def block(self) -> bytes:
        data = self._take(_BLOCK)
        if data and len(data) < _BLOCK:
            raise _bad(self._where, "it ends in the middle of a block")
        return data

    def exactly(self, size: int) -> bytes:
        data = self._take(size)
        if len(data) < size:
            raise _bad(self._where, "it ends too soon")
        return data

    def content(self, size: int) -> Iterator[bytes]:
        """So many bytes, in the pieces they come in."""
        while size:
            while self._at == len(self._held):
                more = next(self._next, None)
                if more is None:
                    raise _bad(self._where, "it ends in the middle of a file")
                self._held, self._at = more, 0
            piece = self._held[self._at : self._at + size]
            self._at += len(piece)
            size -= len(piece)
            yield piece

    def _take(self, size: int) -> bytes:
        data = self._held[self._at : self._at + size]
        self._at += len(data)
        while len(data) < size:
            more = next(self._next, None)
            if more is None:
                break
            missing = size - len(data)
            data += more[:missing]
            self._held, self._at = more, min(missing, len(more))
        return data


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _shown(path: bytes) -> str:
    return path[:300].decode("utf-8", "surrogateescape").replace("\0", "\\0")


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("damaged tar", where=where, why=why, remedy="fetch the archive again")


def _over(where: str, why: str) -> UnsupportedError:
    return UnsupportedError("tar over its limits", where=where, why=why, remedy="raise the limit if you trust it")
