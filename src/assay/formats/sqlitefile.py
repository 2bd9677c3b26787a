"""SQLite database files, read page by page: tables only, no SQL (sqlite.org/fileformat2.html).

The rooms that parse bytes may not load `sqlite3`; and a database out of an image is an attacker's file. Here every
page is visited once (a cycle is refused), every length is checked, indexes, views and free pages are never touched.
The write-ahead log is another file: a reader of the main file alone sees the state of the last checkpoint.
"""

from collections.abc import Iterator
from typing import NamedTuple

from assay.model.errors import MalformedError, UnsupportedError

Value = None | int | float | str | bytes
_MAGIC = b"SQLite format 3\0"
_FILE_HEADER_BYTES = 100
_INTERIOR, _LEAF = 0x05, 0x0D
_COLUMNS_COUNT = 2_000
"""SQLite's own default limit of columns (SQLITE_MAX_COLUMN)."""
_INTEGER_BYTES = (0, 1, 2, 3, 4, 6, 8)
_UTF8 = 1
WAL_HEADER_BYTES = 32


class Row(NamedTuple):
    """One row of a table; an `INTEGER PRIMARY KEY` column reads None, its value is `rowid`."""

    rowid: int
    values: tuple[Value, ...]


class SqliteFile:
    """A database in memory."""

    def __init__(self, data: bytes, where: str) -> None:
        """Check the file's header.

        Raises:
            MalformedError: not a SQLite 3 database. UnsupportedError: text in UTF-16.
        """
        self._data, self._where = data, where
        if len(data) < _FILE_HEADER_BYTES or not data.startswith(_MAGIC):
            raise self._bad("no SQLite 3 header")
        size = int.from_bytes(data[16:18], "big")
        self._page_bytes = 65_536 if size == 1 else size
        if self._page_bytes < 512 or self._page_bytes & (self._page_bytes - 1):
            raise self._bad(f"page size {size}")
        self._usable = self._page_bytes - data[20]
        if self._usable < 480:
            raise self._bad(f"{data[20]} reserved bytes a page")
        if int.from_bytes(data[56:60], "big") not in (0, _UTF8):
            raise UnsupportedError("a SQLite database in UTF-16", where=where, remedy="export it as UTF-8")
        self._pages = len(data) // self._page_bytes

    def tables(self) -> dict[str, int]:
        """Table names → root pages, from the schema table on page 1."""
        found: dict[str, int] = {}
        for row in self.rows(1):
            if len(row.values) < 4:
                raise self._bad("a row of the schema table is too short")
            kind, name, _, root = row.values[:4]
            if kind == "table" and isinstance(name, str) and isinstance(root, int) and root > 0:
                found[name] = root
        return found

    def rows(self, root: int) -> Iterator[Row]:
        """Every row of the table whose b-tree begins at page `root`, in order of rowid.

        Raises:
            MalformedError: a page that is visited twice, that does not exist or is no table page; a cell or record
                that does not fit.
        """
        visited: set[int] = set()
        stack = [root]
        while stack:
            number = stack.pop()
            page = self._page(number, visited)
            start = _FILE_HEADER_BYTES if number == 1 else 0
            kind = page[start]
            cells = self._cells(page, start, number)
            if kind == _LEAF:
                for cell in cells:
                    yield self._row(page, cell, number, visited)
            else:
                children = [self._integer(page, cell, number) for cell in cells]
                children.append(self._integer(page, start + 8, number))
                stack.extend(reversed(children))

    def _page(self, number: int, visited: set[int]) -> bytes:
        if not 1 <= number <= self._pages:
            raise self._bad(f"page {number} of {self._pages}")
        if number in visited:
            raise self._bad(f"page {number} is reached twice")
        visited.add(number)
        begin = (number - 1) * self._page_bytes
        return self._data[begin : begin + self._usable]

    def _cells(self, page: bytes, start: int, number: int) -> list[int]:
        """Offsets of a b-tree page's cells."""
        if page[start] not in (_INTERIOR, _LEAF):
            raise self._bad(f"page {number} is no table page (type {page[start]})")
        count = int.from_bytes(page[start + 3 : start + 5], "big")
        first = start + (12 if page[start] == _INTERIOR else 8)
        if first + 2 * count > len(page):
            raise self._bad(f"page {number} has {count} cells")
        return [int.from_bytes(page[at : at + 2], "big") for at in range(first, first + 2 * count, 2)]

    def _integer(self, page: bytes, at: int, number: int) -> int:
        if at + 4 > len(page):
            raise self._bad(f"a cell of page {number} lies outside it")
        return int.from_bytes(page[at : at + 4], "big")

    def _row(self, page: bytes, cell: int, number: int, visited: set[int]) -> Row:
        size, at = self._varint(page, cell)
        rowid, at = self._varint(page, at)
        if size > len(self._data):
            raise self._bad(f"a row of {size} bytes")
        return Row(rowid - (1 << 64) if rowid >> 63 else rowid, self._record(self._payload(page, at, size, visited)))

    def _payload(self, page: bytes, at: int, size: int, visited: set[int]) -> bytes:
        """A row's bytes: wholly in the page, or its beginning here and the rest in a chain of overflow pages."""
        usable = self._usable
        local = size
        if size > usable - 35:
            least = (usable - 12) * 32 // 255 - 23
            local = least + (size - least) % (usable - 4)
            local = local if local <= usable - 35 else least
        if at + local > len(page):
            raise self._bad("a row lies outside its page")
        if local == size:
            return page[at : at + size]
        parts = [page[at : at + local]]
        missing, following = size - local, int.from_bytes(page[at + local : at + local + 4], "big")
        while missing > 0:
            overflow = self._page(following, visited)
            part = overflow[4 : 4 + missing]
            parts.append(part)
            missing -= len(part)
            following = int.from_bytes(overflow[:4], "big")
        return b"".join(parts)

    def _record(self, payload: bytes) -> tuple[Value, ...]:
        end, at = self._varint(payload, 0)
        if end > len(payload):
            raise self._bad("a record's header is longer than the record")
        kinds: list[int] = []
        while at < end:
            kind, at = self._varint(payload, at)
            kinds.append(kind)
            if len(kinds) > _COLUMNS_COUNT:
                raise self._bad("too many columns")
        values: list[Value] = []
        for kind in kinds:
            value, end = self._value(payload, kind, end)
            values.append(value)
        return tuple(values)

    def _value(self, payload: bytes, kind: int, at: int) -> tuple[Value, int]:
        """One value by its serial type, and where the next begins (fileformat2, "Record Format")."""
        if kind == 0:
            return None, at
        if kind in (8, 9):
            return kind - 8, at
        if kind in (10, 11):
            raise self._bad(f"serial type {kind}")
        length = (kind - 12) // 2 if kind >= 12 else 8 if kind == 7 else _INTEGER_BYTES[kind]
        raw = payload[at : at + length]
        if len(raw) != length:
            raise self._bad("a value is longer than its record")
        at += length
        if kind >= 12:
            return (raw.decode("utf-8", "replace") if kind & 1 else raw), at
        if kind == 7:
            return _float(raw), at
        return int.from_bytes(raw, "big", signed=True), at

    def _varint(self, data: bytes, at: int) -> tuple[int, int]:
        """A big-endian integer of 7 bits a byte, at most nine bytes, the ninth whole."""
        value = 0
        for count in range(9):
            if at >= len(data):
                break
            byte = data[at]
            at += 1
            if count == 8:
                return (value << 8) | byte, at
            value = (value << 7) | (byte & 0x7F)
            if byte < 0x80:
                return value, at
        raise self._bad("a number runs over the end of its page")

    def _bad(self, why: str) -> MalformedError:
        return MalformedError("not a sound SQLite database", where=self._where, why=why, remedy="check its origin")


def _float(raw: bytes) -> float:
    import struct

    return float(struct.unpack(">d", raw)[0])
