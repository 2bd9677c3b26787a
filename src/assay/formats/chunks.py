"""Random access over a file that lies in chunks: a 150 MB program is never joined into one piece."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from assay.model.errors import MalformedError


class ChunkView:
    """Reads byte ranges of a sequence of chunks by bisection; copies only what is asked for."""

    __slots__ = ("_chunks", "_ends", "learnt", "size", "where")

    def __init__(self, chunks: Sequence[bytes], *, where: str) -> None:
        """View `chunks` as one file; `where` is named in errors."""
        self._chunks = chunks
        self._ends = list(accumulate(map(len, chunks)))
        self.size = self._ends[-1] if self._ends else 0
        self.where = where
        self.learnt: object = None
        """What a reader of headers found in them, for whoever reads the same view next."""

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes at `offset`.

        Raises:
            MalformedError: the range is not inside the file.
        """
        end = offset + length
        if offset < 0 or length < 0 or end > self.size:
            raise MalformedError(
                "the file points outside itself",
                where=self.where,
                why=f"bytes {offset} to {end} of {self.size}",
                remedy="the file is truncated or forged",
            )
        if not length:
            return b""
        index = bisect_right(self._ends, offset)
        start = offset - (self._ends[index - 1] if index else 0)
        chunk = self._chunks[index]
        if start + length <= len(chunk):
            return chunk[start : start + length]
        parts = [chunk[start:]]
        missing = length - len(parts[0])
        while missing:
            index += 1
            part = self._chunks[index][:missing]
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def part(self, offset: int, length: int) -> "ChunkView":
        """A range as a view of its own; its bytes are copied.

        Raises:
            MalformedError: the range is not inside the file.
        """
        if offset < 0 or length < 0 or offset + length > self.size:
            self.read(offset, length)
        return ChunkView([self.read(at, size) for at, size in self.pieces(offset, length)], where=self.where)

    def pieces(self, offset: int, length: int, step: int = 1 << 20) -> "list[tuple[int, int]]":
        """Offsets and lengths that cover a range in steps, for a search that must not join it."""
        end = min(offset + length, self.size)
        return [(at, min(step, end - at)) for at in range(offset, end, step)]
