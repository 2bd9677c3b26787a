"""The names of all functions in a Go program, from the table its run time unwinds the stack with.

Go's `debug/gosym`, `cmd/link/internal/ld/pcln.go` and `runtime/symtab.go`: four layouts, told by their magic (Go 1.2,
1.16, 1.18, 1.20). The table survives stripping (`-s -w`). From Go 1.16 on the names stand in one block, with those of
functions that exist only inlined into others; before, they lie between other data, so a name may be found there that
is none, and none can be missed.
"""

import re
import sys
from array import array
from collections.abc import Sequence
from itertools import compress
from operator import itemgetter, lt, ne

import msgspec

from assay.formats.chunks import ChunkView
from assay.formats.executable import ByteOrder, read_program
from assay.model.errors import MalformedError
from assay.model.limits import Limits
from assay.model.patterns import lazy

_SECTIONS = (b".gopclntab", b".data.rel.ro.gopclntab")
"""ELF: of a plain and of a position-independent program."""
_MACHO_SECTION = b"__gopclntab"
_LAYOUTS = {0xFFFFFFFB: "1.2", 0xFFFFFFFA: "1.16", 0xFFFFFFF0: "1.18", 0xFFFFFFF1: "1.20"}
_MAGIC: re.Pattern[bytes] = lazy(
    rb"[\xfb\xfa\xf0\xf1]\xff\xff\xff\0\0[\1\2\4][\4\x08]|\xff\xff\xff[\xfb\xfa\xf0\xf1]\0\0[\1\2\4][\4\x08]"
)
"""Magic, two zero bytes, the smallest instruction's size, an address's size."""
_HEADER_BYTES = 8
_NAME_BYTES = 4
"""A name's offset."""
_STEP = 1 << 20
_UNPRINTABLE = bytes(0 if n == 0 else 10 if n < 0x21 else n for n in range(256))
"""Every control character and blank as a line feed."""
_SHORTEST_BYTES = 3
"""Before Go 1.16: of text that ends in a zero byte, what is no shorter than `a.b`."""


class FunctionNames(msgspec.Struct, frozen=True, kw_only=True):
    """The names in one table."""

    layout: str
    """The first Go release of the layout: `1.2`, `1.16`, `1.18`, `1.20`."""
    names: tuple[bytes, ...]
    """In UTF-8, none of more than one line; sorted, each once."""
    exact: bool
    """False where a name may have other bytes before it (Go before 1.16)."""
    functions_count: int
    """Functions with code of their own."""


class _Table(msgspec.Struct, frozen=True):
    """A table's place in the file, and how its numbers are written."""

    view: ChunkView
    at: int
    size: int
    layout: str
    order: ByteOrder
    width: int

    def words(self, at: int, count: int) -> list[int]:
        raw = self.view.read(self.at + at, count * self.width)
        return [int.from_bytes(raw[n : n + self.width], self.order) for n in range(0, len(raw), self.width)]


def read_functions(view: ChunkView, limits: Limits) -> FunctionNames | None:
    """The names of a program's functions; None where there is no such table.

    Raises:
        MalformedError: a table that points outside itself, names that are cut off, more than one table where no
            section says which is the program's, or a table past the limit.
    """
    table = _find(view)
    if table is None:
        return None
    return _old(table, limits) if table.layout == "1.2" else _new(table, limits)


def _find(view: ChunkView) -> _Table | None:
    """By its section; without one (PE has none, sections can be stripped) by its first bytes, if they are unique."""
    for section in _SECTIONS:
        program = read_program(view, section, _MACHO_SECTION)
        if program is None:
            return None
        if program.exact and program.places:
            place = program.places[0]
            found = _table(program.view, place.offset, place.size)
            if found is None:
                raise _bad(view, "its section does not begin with one")
            return found
    candidates = _search(view)
    if len(candidates) > 1:
        raise _bad(view, f"{len(candidates)} of them, and no section says which is the program's")
    return candidates[0] if candidates else None


def _search(view: ChunkView) -> list[_Table]:
    """Every place, 4-aligned, that begins like a table and whose numbers fit the file; two are enough."""
    found: list[_Table] = []
    for at, length in view.pieces(0, view.size, _STEP):
        piece = view.read(at, min(length + _HEADER_BYTES - 1, view.size - at))
        for match in _MAGIC.finditer(piece):
            place = at + match.start()
            table = _table(view, place, view.size - place) if not place % 4 else None
            if table is not None and _plausible(table):
                found.append(table)
                if len(found) > 1:
                    return found
    return found


def _table(view: ChunkView, at: int, size: int) -> _Table | None:
    head = view.read(at, min(_HEADER_BYTES, size))
    if _MAGIC.fullmatch(head) is None:
        return None
    order: ByteOrder = "big" if head[0] == 0xFF else "little"
    return _Table(view, at, size, _LAYOUTS[int.from_bytes(head[:4], order)], order, head[7])


def _plausible(table: _Table) -> bool:
    try:
        if table.layout == "1.2":
            return 0 < table.words(_HEADER_BYTES, 1)[0] < table.size // (2 * table.width)
        _offsets(table)
    except MalformedError:
        return False
    return True


def _offsets(table: _Table) -> tuple[int, int, int, int]:
    """(functions, start of their names, end of the names, start of the functions' table).

    1.16: counts of functions and files, then five offsets; from 1.18 the start of the program's text before them.
    """
    count, _, *rest = table.words(_HEADER_BYTES, 7 if table.layout == "1.16" else 8)
    names, units, files, programs, functions = rest[-5:]
    ordered = names < units <= files <= programs <= functions < table.size
    if not ordered or not 0 < count < table.size // 8 or names < _HEADER_BYTES:
        raise _bad(table.view, f"its header does not describe {table.size} bytes")
    return count, names, units, functions


def _new(table: _Table, limits: Limits) -> FunctionNames:
    count, start, end, functions = _offsets(table)
    _bounded(table, end - start, limits)
    block = table.view.read(table.at + start, end - start)
    _counted(table, block.count(0), limits)
    wide = table.width if table.layout == "1.16" else 4
    _check(table, block, functions, count, wide, limits)
    return FunctionNames(layout=table.layout, names=_alone(table, block), exact=True, functions_count=count)


def _check(table: _Table, block: bytes, functions: int, count: int, wide: int, limits: Limits) -> None:
    """Every function's name begins a name of the block: then the table is whole, and this is its block.

    The table has an address and an offset a function; at the offset stand the function's address and its name's offset.
    """
    raw = table.view.read(table.at + functions, count * 2 * wide)
    offsets = _numbers(raw, wide, table.order)[1::2].tolist()
    if not all(map(lt, offsets, offsets[1:])) or offsets[0] < len(raw):
        raise _bad(table.view, "its functions are not in order")
    _bounded(table, offsets[-1], limits)
    data = table.view.read(table.at + functions, offsets[-1] + wide + _NAME_BYTES)
    if not block.endswith(b"\0"):
        raise _bad(table.view, "its names are cut off")
    low = raw[wide :: 2 * wide] if table.order == "little" else raw[2 * wide - 1 :: 2 * wide]
    if any(byte % _NAME_BYTES for byte in set(low)):
        names = tuple(int.from_bytes(data[at + wide : at + wide + _NAME_BYTES], table.order) for at in offsets)
    else:  # as the linker aligns them
        words = _numbers(data[wide:], _NAME_BYTES, table.order)
        names = _picked(words, [offset // _NAME_BYTES for offset in offsets])
    beyond = max(names)
    if beyond >= len(block):
        raise _bad(table.view, f"the name of a function is none: offset {beyond} of {len(block)}")
    if any(_picked(b"\0" + block, names)):
        raise _bad(table.view, f"the name of a function is none: an offset inside one, of {len(block)}")


def _picked(values: "array[int] | bytes", places: Sequence[int]) -> tuple[int, ...]:
    """The values at these places."""
    found: tuple[int, ...] = itemgetter(*places, 0)(values)[: len(places)]
    return found


def _numbers(data: bytes, width: int, order: ByteOrder) -> "array[int]":
    """Unsigned numbers of four or eight bytes each; what is left over at the end is none."""
    numbers = array("I" if width == _NAME_BYTES else "Q", data[: len(data) // width * width])
    if order != sys.byteorder:
        numbers.byteswap()
    return numbers


def _old(table: _Table, limits: Limits) -> FunctionNames:
    """Go 1.2 to 1.15: counts, then the table; names are offsets from the start of it all."""
    width, order = table.width, table.order
    count = table.words(_HEADER_BYTES, 1)[0]
    first = _HEADER_BYTES + width
    if not 0 < count < table.size // (2 * width):
        raise _bad(table.view, f"{count} functions in {table.size} bytes")
    _bounded(table, count * 2 * width, limits)
    raw = table.view.read(table.at + first, count * 2 * width)
    for at in range(width, len(raw), 2 * width):
        offset = int.from_bytes(raw[at : at + width], order)
        if offset + width + 4 > table.size:
            raise _bad(table.view, f"a function at {offset} of {table.size} bytes")
        name = int.from_bytes(table.view.read(table.at + offset + width, 4), order)
        if name >= table.size:
            raise _bad(table.view, f"the name of a function is none: offset {name} of {table.size}")
    _bounded(table, table.size, limits)
    data = table.view.read(table.at, table.size)
    return FunctionNames(
        layout=table.layout,
        names=_sorted(b"\n".join(_texts(table, data, limits)).decode("utf-8", "replace").encode().split(b"\n")),
        exact=False,
        functions_count=count,
    )


def _texts(table: _Table, data: bytes, limits: Limits) -> list[bytes]:
    """What precedes a zero byte without a blank or control character in it."""
    found: list[bytes] = []
    at = 0
    text = data.translate(_UNPRINTABLE)
    while (end := text.find(0, at)) >= 0:
        start = max(at, text.rfind(b"\n", at, end) + 1)
        if end - start >= _SHORTEST_BYTES:
            found.append(data[start:end])
            _counted(table, len(found), limits)
        at = end + 1
    return found


def _counted(table: _Table, count: int, limits: Limits) -> None:
    if count > limits.go_functions_count:
        raise _bad(table.view, f"{count} names, limit {limits.go_functions_count}")


def _alone(table: _Table, block: bytes) -> tuple[bytes, ...]:
    try:
        block.decode()
    except UnicodeDecodeError as error:
        raise _bad(table.view, "a name is not UTF-8") from error
    return _sorted(block.replace(b"\n", b"\0").split(b"\0"))


def _sorted(names: list[bytes]) -> tuple[bytes, ...]:
    """Sorted, none empty, each once. They come in runs, which sorting makes use of, and a set would tear apart."""
    names.sort()
    return tuple(compress(names, map(ne, names, [b"", *names])))


def _bounded(table: _Table, size: int, limits: Limits) -> None:
    if size > limits.go_functions_bytes:
        raise _bad(table.view, f"{size} bytes, limit {limits.go_functions_bytes}")


def _bad(view: ChunkView, why: str) -> MalformedError:
    return MalformedError(
        "the Go function table cannot be read", where=view.where, why=why, remedy="the program is damaged or forged"
    )
