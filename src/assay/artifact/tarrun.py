"""Runs of plain tar headers, column by column: entries that lie whole in one chunk, read without a turn for each.

Most entries of an image are small files side by side. What makes one special (extended headers, names beyond ASCII,
hard links, sparse files, content that reaches into the next chunk) ends a run, and the walker of `tar` reads it. Nine
of ten entries of an image of 1.2 GB lie in runs, of 25 on average; the walk of them takes a sixth less time so.
"""

from collections.abc import Callable, Sequence
from struct import Struct
from typing import NamedTuple

from assay.artifact.tarfields import MODES, SIZES, SUMS, mode_of, prefixed, size_of, total_of
from assay.artifact.tarstream import BLOCK
from assay.model.errors import MalformedError

FILE_FLAG, LINK_FLAG, FOLDER_FLAG = ord("0"), ord("2"), ord("5")
_FEWEST_COUNT = 4
"""Entries that make a run: fewer are read one by one as fast."""
_FIELDS = Struct("100s8s16x12s12x8sB188xB166x")
"""Name, mode, size, checksum, type, first byte of the prefix."""
_EMPTY = (FOLDER_FLAG, LINK_FLAG)
_USTAR = b"ustar\x0000"


class Run(NamedTuple):
    """Regular files, directories and symbolic links in their order; all columns are of one length.

    Every header is ASCII with a sound checksum. No name holds NUL.
    """

    names: list[bytes]
    flags: Sequence[int]
    sizes: list[int]
    """Of the content; 0 for a directory or link."""
    modes: list[int]
    starts: list[int]
    """Where in the chunk the content begins; all of it lies there."""
    end: int
    """Where the next header begins: in the chunk, or right behind it."""


def run_of(chunk: bytes, at: int, quick_sum: Callable[[bytes], int], where: str) -> Run | None:
    """The run that begins at a header, or None where the next few entries are better read one by one.

    A header that is damaged makes no run: the walker gets to it, and says what is wrong.

    Args:
        chunk: what lies ready.
        at: where in it a header begins.
        quick_sum: adler32.
        where: the archive.
    """
    try:
        return _run_of(chunk, at, quick_sum, where)
    except MalformedError:
        return None


def _run_of(chunk: bytes, at: int, quick_sum: Callable[[bytes], int], where: str) -> Run | None:
    known, total, fields = SIZES, len(chunk), _FIELDS.unpack
    blocks: list[bytes] = []
    headers: list[tuple[bytes, bytes, bytes, bytes, int, int]] = []
    sizes: list[int] = []
    starts: list[int] = []
    while (start := at + BLOCK) <= total:  # hot: one turn an entry
        block = chunk[at:start]
        header = fields(block)
        raw_size, flag = header[2], header[4]
        size = known.get(raw_size)
        if size is None:
            size = size_of(raw_size, where)
        if flag == FILE_FLAG:
            end = start + (size + 511 & -512)
            if end > total:
                break
        elif flag in _EMPTY:
            size, end = 0, start
        else:
            break
        if not block.isascii():
            break
        blocks.append(block)
        headers.append(header)
        sizes.append(size)
        starts.append(start)
        at = end
    if len(blocks) < _FEWEST_COUNT:
        return None
    raw_names, raw_modes, _, checksums, flags, prefixes = zip(*headers, strict=True)
    totals = list(map(SUMS.get, checksums))
    if None in totals:
        totals = [total_of(checksum, where) for checksum in checksums]
    if [found & 0xFFFF for found in map(quick_sum, blocks)] != totals:
        return None
    known_modes = MODES
    modes = [known_modes[raw] if raw in known_modes else mode_of(raw, where) for raw in raw_modes]
    names = [name.partition(b"\0")[0] for name in raw_names]
    if any(prefixes):
        names = [
            prefixed(name, block) if prefix and block[257:265] == _USTAR else name
            for name, prefix, block in zip(names, prefixes, blocks, strict=True)
        ]
    return Run(names, flags, sizes, modes, starts, at)
