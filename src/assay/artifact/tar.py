"""A tar header walker of our own: headers of an uncompressed stream, content only where someone asks for it.

Reads v7, ustar (POSIX.1-1988), pax (POSIX.1-2001), star and GNU archives. Where readers of tar disagree, it reads as
Go's `archive/tar` does, since container runtimes unpack with that; where a runtime would ignore what another reader
obeys (a global pax header that renames files), the archive is refused. About 20 times faster than `tarfile`.

    reader = StreamReader(chunks, where)
    for entry in entries(reader, limits, where):
        if entry.kind == FILE and wanted(entry.name):
            content = reader.content()          # at most once, before the next entry; else it is skipped
"""

from collections.abc import Iterator
from struct import Struct
from typing import cast
from zlib import adler32

import msgspec

from assay.artifact.pax import SPARSE_KEYS, parse_records, pax_size
from assay.artifact.tarfields import MODES, SIZES, SPACES, SUMS, mode_of, number, octal, prefixed, size_of, total_of
from assay.artifact.tarrun import Run, run_of
from assay.artifact.tarstream import BLOCK, Reader, truncated
from assay.formats.codec import gzip_module
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import Limits

FILE, DIRECTORY, HARD_LINK, SYMLINK, OTHER, UNKNOWN = "file", "directory", "hard link", "symlink", "other", "unknown"

_ZERO = bytes(BLOCK)
_FIELDS = Struct("100s8s16x12s12x8s1s355x")
"""Name, mode, size, checksum, type; what most headers leave empty is looked at by place."""
_LINK, _MAGIC = slice(157, 257), slice(257, 265)
_KINDS = {
    b"0": FILE,
    b"\0": FILE,  # v7; a trailing slash makes it a directory
    b"7": FILE,  # contiguous
    b"S": FILE,  # old GNU sparse
    b"5": DIRECTORY,
    b"1": HARD_LINK,
    b"2": SYMLINK,
    b"3": OTHER,
    b"4": OTHER,
    b"6": OTHER,
}
_META = frozenset((b"L", b"K", b"x", b"X", b"g"))
_NO_CONTENT = frozenset((DIRECTORY, HARD_LINK, SYMLINK, OTHER))
_USTAR, _GNU = b"ustar\x0000", b"ustar  \0"


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One entry. `name` and `link` are the bytes as written, neither cleaned nor checked.

    `size` is the size of the file once unpacked; `stored` the bytes in the archive (they differ for sparse files).
    """

    name: bytes
    kind: str
    size: int
    mode: int
    link: bytes = b""
    sparse: bool = False
    stored: int = 0


def entries(reader: Reader, limits: Limits, where: str) -> Iterator[Entry]:
    """The entries of an archive, in order; metadata headers are applied, not shown. Missing end blocks are no error.

    Between two entries the caller may read content from the reader; the walker skips what is left of it.

    Raises:
        MalformedError: a bad checksum, number, extended header or end mark; the archive ends inside a file.
        UnsupportedError: a global pax header that renames or resizes files; an extended header over its limit.
    """
    return cast("Iterator[Entry]", entries_and_runs(reader, limits, where, runs=False))


def entries_and_runs(reader: Reader, limits: Limits, where: str, *, runs: bool = True) -> Iterator[Entry | Run]:
    """The same, with runs of plain entries (`tarrun`) instead of these, wherever they lie whole in a chunk.

    The caller may move in the chunk while it works on a run; the walker goes on behind it. This is a hot loop (one turn
    an entry, 50,000 and more an image), hence long and plain.
    """
    unpack, kinds, block_of, skip = _FIELDS.unpack, _KINDS, reader.block, reader.skip
    sizes, modes, sums = SIZES, MODES, SUMS
    quick_sum = gzip_module().adler32  # of what inflates: a third of zlib's time
    records: dict[bytes, bytes] = {}
    long_name = long_link = b""
    pending = False
    while True:
        at = reader.at
        if runs and not pending:
            chunk = reader.chunk
            run = run_of(chunk, at, quick_sum, where)
            if run is not None:
                yield run
                reader.chunk, reader.left = chunk, 0
                reader.at = at = run.end  # what ended it is no part of a run
        block = reader.chunk[at : at + BLOCK]
        if len(block) == BLOCK:
            reader.at = at + BLOCK
        else:
            block = block_of()
        if not block or (not block[0] and block == _ZERO):
            break
        raw_name, raw_mode, raw_size, checksum, flag = unpack(block)
        # A table before a call: the same few thousand sums and sizes come again and again.
        total = sums.get(checksum) or total_of(checksum, where)
        # What cannot reach adler32's modulus (65,521), as 512 bytes of ASCII cannot, has 1 + sum as its low half.
        if (quick_sum(block) & 0xFFFF if block.isascii() else _sum_of_halves(block)) != total:
            _check_signed(block, checksum, where)
        size = sizes.get(raw_size)
        if size is None:
            size = size_of(raw_size, where)
        if flag in _META:
            if size > limits.pax_header_bytes:
                raise _over(where, size, limits)
            data = reader.read(size + -size % BLOCK)[:size]
            if flag == b"g" and pending:
                raise _between(where)
            pending = flag != b"g"
            if flag == b"L":
                long_name = data.partition(b"\0")[0]
            elif flag == b"K":
                long_link = data.partition(b"\0")[0]
            elif flag == b"g":
                _check_global(parse_records(data, where), where)
            else:
                records = parse_records(data, where)
            continue
        kind = kinds.get(flag, UNKNOWN)
        mode = modes.get(raw_mode)
        if mode is None:
            mode = mode_of(raw_mode, where)
        name = raw_name.partition(b"\0")[0]
        if block[345] and block[_MAGIC] == _USTAR:
            name = prefixed(name, block)
        link = block[_LINK].partition(b"\0")[0] if block[157] else b""
        sparse = flag == b"S"
        stored = size
        if pending:
            if records:
                name = records.get(b"path") or name
                link = records.get(b"linkpath") or link
                size = stored = pax_size(records, b"size", size, where)
                if not SPARSE_KEYS.isdisjoint(records):
                    sparse = True
                    name = records.get(b"GNU.sparse.name") or name
                    size = pax_size(records, b"GNU.sparse.size", size, where)
                    size = pax_size(records, b"GNU.sparse.realsize", size, where)
            name, link = long_name or name, long_link or link
            records, long_name, long_link, pending = {}, b"", b"", False
        if flag == b"\0" and name.endswith(b"/"):
            kind = DIRECTORY
        if kind in _NO_CONTENT:
            size = stored = 0
            sparse = False
        elif flag == b"S":
            size = _old_sparse(reader, block, where)
        reader.left = stored
        yield Entry(name, kind, size, mode, link, sparse, stored)
        if stored:
            end = reader.at + reader.left + -stored % BLOCK
            if end <= len(reader.chunk):
                reader.at = end
            else:
                skip(reader.left, -stored % BLOCK)
    if pending:
        raise truncated(where, "ends after an extended header")
    if block:
        _check_end(reader.block(), where)


def _check_end(block: bytes, where: str) -> None:
    """POSIX: two zero blocks end an archive. One followed by data has two readings, so it is refused."""
    if block and block != _ZERO:
        raise MalformedError(
            "damaged tar archive", where=where, why="data after a single zero block", remedy="build the image again"
        )


def _sum_of_halves(block: bytes) -> int:
    """1 + the sum of the bytes: neither half can reach adler32's modulus."""
    return (adler32(block[:256]) & 0xFFFF) + (adler32(block[256:]) & 0xFFFF) - 1


def _check_signed(block: bytes, checksum: bytes, where: str) -> None:
    """Some old writers summed signed bytes (Sun tar): the second chance before an archive is damaged."""
    wanted = octal(checksum, where, "checksum")
    rest = block[:148] + block[156:]
    if sum(byte - 256 if byte > 127 else byte for byte in rest) + SPACES != wanted:
        raise MalformedError(
            "damaged tar archive",
            where=where,
            why="a header's checksum does not hold",
            remedy="fetch or build the image again",
        )


def _old_sparse(reader: Reader, block: bytes, where: str) -> int:
    """Old GNU sparse: read past the extension headers; the file's real size."""
    if block[257:265] != _GNU:
        raise MalformedError("damaged tar archive", where=where, why="a sparse file outside the GNU format")
    size = number(block[483:495], where, "real size")
    extended = block[482]
    while extended:
        more = reader.block()
        if not more:
            raise truncated(where, "ends in the middle of a sparse map")
        extended = more[504]
    return size


def _check_global(records: dict[bytes, bytes], where: str) -> None:
    """A global header may carry comments. One that renames or resizes has two readings: POSIX obeys it, Go does not."""
    names = [key for key in records if key in {b"path", b"linkpath", b"size"} or key in SPARSE_KEYS]
    if names:
        raise UnsupportedError(
            "a global pax header changes what files are",
            where=where,
            why=f"it sets {names[0].decode('utf-8', 'replace')}; container runtimes ignore it, other readers obey it",
            remedy="build the image with a tar that writes local headers",
        )


def _between(where: str) -> MalformedError:
    why = "a global header between an extended header and its entry; readers disagree about what that means"
    return MalformedError("damaged tar archive", where=where, why=why, remedy="build the image again")


def _over(where: str, size: int, limits: Limits) -> UnsupportedError:
    return UnsupportedError(
        "an extended tar header is over the limit",
        where=where,
        why=f"{size} bytes, limit {limits.pax_header_bytes}",
        remedy="raise the limit pax_header_bytes if you trust the image",
    )
