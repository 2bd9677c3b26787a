"""What the tar walker reads from: a stream of chunks, passed once, or whatever else can do the same."""

from collections.abc import Iterable
from typing import Protocol

from assay.model.errors import MalformedError

BLOCK = 512


class Reader(Protocol):
    """What the walker needs of a stream or a file. All sizes are those of the archive's own bytes."""

    left: int
    """Content of the current entry not yet read; set by the walker, lowered by whoever reads content."""
    chunk: bytes
    """What lies ready; the walker takes a whole block and passes over content in it without asking."""
    at: int
    """Where in the chunk the reader stands."""

    def block(self) -> bytes:
        """The next 512 bytes, or b"" at the end; a part of a block is a MalformedError."""

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes (small), or MalformedError."""

    def skip(self, size: int, pad: int) -> None:
        """Pass over content; its end must exist, the padding after it may be missing at the end of the archive."""


class StreamReader:
    """Reads an iterable of chunks once. `content` and `peek` serve the current entry."""

    __slots__ = ("_next", "_where", "at", "chunk", "left")

    def __init__(self, chunks: Iterable[bytes], where: str) -> None:
        self._next = iter(chunks).__next__
        self.chunk, self.at, self._where, self.left = b"", 0, where, 0

    def block(self) -> bytes:
        """See `Reader`."""
        pos = self.at
        end = pos + BLOCK
        block = self.chunk[pos:end]
        if len(block) == BLOCK:
            self.at = end
            return block
        block = self._gather(BLOCK)
        if block and len(block) < BLOCK:
            raise truncated(self._where, "ends in the middle of a block")
        return block

    def read(self, size: int) -> bytes:
        """See `Reader`."""
        data = self._gather(size)
        if len(data) < size:
            raise truncated(self._where, "ends in the middle of an extended header")
        return data

    def peek(self) -> bytes:
        """The first four bytes of the content, fewer if it is shorter. Nothing is consumed."""
        size = 4 if self.left > 3 else self.left
        head = self.chunk[self.at : self.at + size]
        if len(head) < size:
            rest = self._gather(size)
            self.chunk, self.at = rest + self.chunk[self.at :], 0
            return rest
        return head

    def content(self) -> tuple[bytes, ...]:
        """The content of the current entry, in chunks that are not joined."""
        pieces: list[bytes] = []
        left = self.left
        while left:
            chunk, pos = self.chunk, self.at
            have = len(chunk) - pos
            if have > left:
                pieces.append(chunk[pos : pos + left])
                self.at = pos + left
                break
            if have:
                pieces.append(chunk[pos:] if pos else chunk)
                left -= have
            if not left:
                self.chunk, self.at = b"", 0
                break
            self._advance("ends in the middle of a file")
        self.left = 0
        return tuple(pieces)

    def skip(self, size: int, pad: int) -> None:
        """See `Reader`."""
        target = self.at + size + pad
        have = len(self.chunk)
        if target <= have:
            self.at = target
            return
        target -= have
        try:
            while True:
                chunk = self._next()
                have = len(chunk)
                if target <= have:
                    break
                target -= have
        except StopIteration:
            self.chunk, self.at = b"", 0
            if target > pad:
                raise truncated(self._where, "ends in the middle of a file") from None
            return
        self.chunk, self.at = chunk, target

    def rest(self) -> bool:
        """Read to the end of the stream; whether anything but zeros was there."""
        dirty = bool(self.chunk[self.at :].strip(b"\0"))
        self.chunk, self.at = b"", 0
        while True:
            try:
                chunk = self._next()
            except StopIteration:
                return dirty
            dirty = dirty or chunk.count(0) != len(chunk)

    def _gather(self, size: int) -> bytes:
        """Up to `size` bytes across chunks."""
        parts = [self.chunk[self.at : self.at + size]]
        self.at += len(parts[0])
        missing = size - len(parts[0])
        while missing:
            try:
                self.chunk = self._next()
            except StopIteration:
                self.chunk, self.at = b"", 0
                break
            parts.append(self.chunk[:missing])
            self.at = len(parts[-1])
            missing -= self.at
        return b"".join(parts)

    def _advance(self, why: str) -> None:
        try:
            self.chunk, self.at = self._next(), 0
        except StopIteration:
            self.chunk, self.at = b"", 0
            raise truncated(self._where, why) from None


def truncated(where: str, why: str) -> MalformedError:
    """The archive ends too soon."""
    return MalformedError("truncated tar archive", where=where, why=why, remedy="fetch or build the image again")
