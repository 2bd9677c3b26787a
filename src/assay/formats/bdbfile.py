"""Berkeley DB hash files (rpm's `Packages` before 4.16), read page by page without Berkeley DB (db_page.h, hash.h).

Page 0 describes the table: buckets 0 to `max_bucket`, and for each doubling of the table where its pages begin
(`spares`). A bucket is a chain of pages; a page holds keys and values in turn, each in place or in a chain of overflow
pages. Both byte orders occur: a file has that of the machine that made it.

The file comes out of an image: every page is used once (a cycle or a shared page is refused), every length is checked.
"""

from collections.abc import Iterator
from typing import Literal

from assay.model.errors import MalformedError, UnsupportedError

HASH_MAGIC = 0x00061561
_OTHERS = {0x00053162: "a b-tree", 0x00042253: "a queue", 0x00074582: "a heap"}
_META_BYTES, _HEADER_BYTES = 512, 26
_VERSIONS = range(8, 11)
_SPARES_AT, _SPARES_COUNT = 96, 32
_HASH_META, _OVERFLOW = 8, 7
_HASH_PAGES = frozenset({2, 13})
"""P_HASH_UNSORTED (before 4.6) and P_HASH."""
_IN_PLACE, _OFF_PAGE, _OFF_PAGE_BYTES = 1, 3, 12


class BdbHash:
    """A hash database in memory."""

    def __init__(self, data: bytes, where: str) -> None:
        """Check the file's first page.

        Raises:
            MalformedError: not a Berkeley DB. UnsupportedError: another access method, version, or encrypted.
        """
        self._data, self._where = data, where
        if len(data) < _META_BYTES:
            raise self._bad(f"{len(data)} bytes")
        self._order: Literal["little", "big"] = "little"
        if int.from_bytes(data[12:16], "big") in {HASH_MAGIC, *_OTHERS}:
            self._order = "big"
        magic, version = self._number(12), self._number(16)
        if magic in _OTHERS:
            raise self._not_read(f"it is {_OTHERS[magic]}, not a hash table")
        if magic != HASH_MAGIC:
            raise self._bad("no Berkeley DB header")
        if version not in _VERSIONS:
            raise self._not_read(f"hash version {version}")
        if data[24]:
            raise self._not_read("it is encrypted")
        self._page_bytes = self._number(20)
        if not 512 <= self._page_bytes <= 65_536 or self._page_bytes & (self._page_bytes - 1):
            raise self._bad(f"pages of {self._page_bytes} bytes")
        self._pages = len(data) // self._page_bytes
        self._last_bucket = self._number(72)
        if data[25] != _HASH_META or self._last_bucket >= self._pages:
            raise self._bad(f"{self._last_bucket + 1} buckets in {self._pages} pages")
        self._spares = [self._number(_SPARES_AT + 4 * index) for index in range(_SPARES_COUNT)]
        self._visited: set[int] = set()

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Every key and value, bucket by bucket. To be asked once.

        Raises:
            MalformedError: a page used twice, missing or of the wrong type; an entry that does not fit.
        """
        for bucket in range(self._last_bucket + 1):
            number = bucket + self._spares[bucket.bit_length()]
            while number:
                at = self._page(number, _HASH_PAGES)
                entries = self._entries(at)
                for index in range(0, len(entries) - 1, 2):
                    yield self._entry(*entries[index]), self._entry(*entries[index + 1])
                number = self._number(at + 16)

    def _page(self, number: int, kinds: frozenset[int]) -> int:
        """Where a page begins."""
        if not 0 < number < self._pages:
            raise self._bad(f"page {number} of {self._pages}")
        if number in self._visited:
            raise self._bad(f"page {number} is reached twice")
        self._visited.add(number)
        at = number * self._page_bytes
        if self._data[at + 25] not in kinds or self._number(at + 8) != number:
            raise self._bad(f"page {number} is of type {self._data[at + 25]}, or another page")
        return at

    def _entries(self, at: int) -> list[tuple[int, int]]:
        """Place and length of each entry of a hash page, which is filled from its end."""
        count = self._short(at + 20)
        floor = _HEADER_BYTES + 2 * count
        if count % 2 or floor > self._page_bytes:
            raise self._bad(f"a page with {count} entries")
        found: list[tuple[int, int]] = []
        end = self._page_bytes
        for index in range(count):
            start = self._short(at + _HEADER_BYTES + 2 * index)
            if not floor <= start < end:
                raise self._bad("an entry that does not fit its page")
            found.append((at + start, end - start))
            end = start
        return found

    def _entry(self, at: int, length: int) -> bytes:
        kind = self._data[at]
        if kind == _IN_PLACE:
            return self._data[at + 1 : at + length]
        if kind == _OFF_PAGE and length == _OFF_PAGE_BYTES:
            return self._overflow(self._number(at + 4), self._number(at + 8))
        raise self._bad(f"an entry of type {kind} and {length} bytes")

    def _overflow(self, number: int, length: int) -> bytes:
        parts: list[bytes] = []
        missing = length
        while missing > 0:
            at = self._page(number, frozenset({_OVERFLOW}))
            size = self._short(at + 22)
            if not 0 < size <= min(missing, self._page_bytes - _HEADER_BYTES):
                raise self._bad(f"an overflow page of {size} bytes where {missing} are missing")
            parts.append(self._data[at + _HEADER_BYTES : at + _HEADER_BYTES + size])
            missing -= size
            number = self._number(at + 16)
        return b"".join(parts)

    def _number(self, at: int) -> int:
        return int.from_bytes(self._data[at : at + 4], self._order)

    def _short(self, at: int) -> int:
        return int.from_bytes(self._data[at : at + 2], self._order)

    def _not_read(self, why: str) -> UnsupportedError:
        return UnsupportedError(
            "a Berkeley DB of a kind that is not read",
            where=self._where,
            why=why,
            remedy="rebuild it as sqlite: rpm --rebuilddb with rpm 4.16",
        )

    def _bad(self, why: str) -> MalformedError:
        return MalformedError(
            "not a sound Berkeley DB", where=self._where, why=why, remedy="rebuild it: rpm --rebuilddb"
        )
