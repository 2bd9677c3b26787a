"""A tar writer whose bytes are our own: ustar where it fits, pax records in one fixed order where it does not.

`tarfile` changed the device fields of ordinary files between versions of Python, so its bytes cannot be promised. Here:
device numbers are octal zeros, user and group names empty, two zero blocks end the archive and nothing pads it
further (POSIX.1-2001, "pax Interchange Format" and "ustar Interchange Format").

    >>> from assay.model.tree import TreeEntry
    >>> len(b"".join(write([(TreeEntry(path=b"a", size=1), [b"x"])])))
    2048
"""

from collections.abc import Iterable, Iterator

from assay.model.errors import MalformedError, UnsupportedError
from assay.model.tree import TreeEntry

VERSION = "1"
"""Number of the form; it changes whenever any byte of any archive would."""
BLOCK = 512
END = bytes(2 * BLOCK)

_FLAGS = {"file": b"0", "hardlink": b"1", "symlink": b"2", "directory": b"5"}
_MAX_ID, _MAX_SIZE = 0o7777777, 0o77777777777
_MAGIC_TO_DEVICES = b"ustar\x00" + b"00" + bytes(64) + b"0000000\0" * 2
"""Magic, version, empty user and group names, and device numbers of zero, as octal digits."""


def write(items: Iterable[tuple[TreeEntry, Iterable[bytes]]]) -> Iterator[bytes]:
    """The archive's bytes.

    Args:
        items: entries in the order of their paths' bytes, each directory before what is in it, each hard link after
            its file; with the content of files.

    Raises:
        MalformedError: another order, a missing parent or target, content of another size than the entry says, a
            name a container runtime reads as a deletion (`.wh.…`, OCI image-spec 1.1, layer.md, "Whiteouts").
        UnsupportedError: a kind of entry no image should hold.
    """
    guard = _Guard()
    for entry, content in items:
        guard.look(entry)
        yield header(entry)
        if entry.kind == "file":
            yield from _content(entry, content)
    yield END


def header(entry: TreeEntry) -> bytes:
    """The header blocks of one entry, pax ones first."""
    flag = _FLAGS.get(entry.kind)
    if flag is None:
        raise UnsupportedError(
            "an entry no image should hold", where=_shown(entry.path), why=f"it is a {entry.kind} device or pipe",
            remedy="leave it out: runtimes make what is needed under /dev",
        )  # fmt: skip
    path = entry.path + b"/" if entry.kind == "directory" else entry.path
    records: list[tuple[bytes, bytes]] = []
    name, prefix = _split(path)
    if not name:
        records.append((b"path", path))
        name = _ascii(path)
    link = entry.link
    if len(link) > 100 or not link.isascii():
        records.append((b"linkpath", link))
        link = _ascii(link)
    size = entry.size if entry.kind == "file" else 0
    for key, value, most in (
        (b"gid", entry.gid, _MAX_ID),
        (b"mtime", entry.mtime, _MAX_SIZE),
        (b"size", size, _MAX_SIZE),
        (b"uid", entry.uid, _MAX_ID),
    ):
        if not 0 <= value <= most:
            records.append((key, b"%d" % value))
    records += [(b"SCHILY.xattr." + key, value) for key, value in entry.xattrs]
    uid, gid = _within(entry.uid, _MAX_ID), _within(entry.gid, _MAX_ID)
    size, mtime = _within(size, _MAX_SIZE), _within(entry.mtime, _MAX_SIZE)
    block = _block(name, entry.mode & 0o7777, uid, gid, size, mtime, flag, link, prefix)
    return _pax(records) + block if records else block


def _content(entry: TreeEntry, content: Iterable[bytes]) -> Iterator[bytes]:
    left = entry.size
    for piece in content:
        left -= len(piece)
        if left < 0:
            break
        yield piece
    if left:
        raise MalformedError(
            "a file is not as long as its entry says", where=_shown(entry.path),
            why=f"{'more' if left < 0 else 'less'} than {entry.size} bytes", remedy="do not change inputs in a build",
        )  # fmt: skip
    if entry.size % BLOCK:
        yield bytes(-entry.size % BLOCK)


def _block(
    name: bytes, mode: int, uid: int, gid: int, size: int, mtime: int, flag: bytes, link: bytes, prefix: bytes
) -> bytes:
    """One header block (POSIX.1-2001, "ustar Interchange Format"); the checksum counts itself as eight spaces."""
    head = name.ljust(100, b"\0") + b"%07o\0%07o\0%07o\0%011o\0%011o\0" % (mode, uid, gid, size, mtime)
    tail = flag + link.ljust(100, b"\0") + _MAGIC_TO_DEVICES + prefix.ljust(167, b"\0")
    total = sum(head) + sum(tail) + 8 * 32
    return head + b"%06o\0 " % total + tail


def _pax(records: list[tuple[bytes, bytes]]) -> bytes:
    """An extended header: `hdrcharset` first where a name is no UTF-8, then by keyword."""
    if not all(_is_utf8(value) for key, value in records if key in (b"path", b"linkpath")):
        records = [(b"hdrcharset", b"BINARY"), *sorted(records)]
    else:
        records = sorted(records)
    data = b"".join(_record(key, value) for key, value in records)
    return _block(b"././@PaxHeader", 0o644, 0, 0, len(data), 0, b"x", b"", b"") + data + bytes(-len(data) % BLOCK)


def _record(key: bytes, value: bytes) -> bytes:
    """`%d %s=%s\\n`; the number counts the whole record, itself included."""
    rest = len(key) + len(value) + 3
    length = rest + len(str(rest))
    if len(str(length)) + rest != length:
        length += 1
    return b"%d %b=%b\n" % (length, key, value)


def _split(path: bytes) -> tuple[bytes, bytes]:
    """Name and prefix, or nothing where ustar cannot hold the path."""
    if not path.isascii():
        return b"", b""
    if len(path) <= 100:
        return path, b""
    if len(path) > 256:
        return b"", b""
    # The leftmost slash that leaves a name of at most 100 bytes; a directory's own last slash is no place to cut.
    cut = path.find(b"/", len(path) - 101, len(path) - 1)
    return (path[cut + 1 :], path[:cut]) if 0 < cut <= 155 else (b"", b"")


def _ascii(text: bytes) -> bytes:
    """What stands in a field whose true value is a pax record."""
    return text[:100].decode("ascii", "replace").replace("\ufffd", "_").encode()


def _within(value: int, most: int) -> int:
    return value if 0 <= value <= most else 0


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


class _Guard:
    """Refuses what would make two readers see two trees."""

    def __init__(self) -> None:
        self._last: bytes | None = None
        self._directories: set[bytes] = {b""}
        self._files: set[bytes] = set()

    def look(self, entry: TreeEntry) -> None:
        path = entry.path
        parent, _, name = path.rpartition(b"/")
        if self._last is not None and path <= self._last:
            raise _bad(path, f"it comes after {_shown(self._last)}", "sort entries by the bytes of their paths")
        if not name or name in (b".", b"..") or b"\0" in path or path.startswith(b"/"):
            raise _bad(path, "no such name can be unpacked", "give it a plain relative path")
        if name.startswith(b".wh."):
            raise _bad(path, "runtimes read such a name as a deletion", "give it another name")
        if parent not in self._directories:
            raise _bad(path, "its folder has no entry before it", "add the folder")
        if entry.kind == "hardlink" and entry.link not in self._files:
            raise _bad(path, f"its file {_shown(entry.link)} has no entry before it", "link to the first by path")
        if entry.kind == "directory":
            self._directories.add(path)
        elif entry.kind == "file":
            self._files.add(path)
        self._last = path


def _bad(path: bytes, why: str, remedy: str) -> MalformedError:
    return MalformedError("an entry cannot be written", where=_shown(path), why=why, remedy=remedy)


def _shown(path: bytes) -> str:
    return path[:300].decode("utf-8", "surrogateescape")
