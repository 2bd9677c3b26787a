"""The little of ELF, PE and Mach-O that is needed to find one section and to follow an address. Headers only.

System V gABI chapters 4 and 5 (ELF), the Microsoft PE format, Mach-O's `loader.h` and `fat.h`. A program
without the section asked for is answered from a few hundred bytes, whatever its size.
"""

from struct import Struct
from typing import Literal, NamedTuple

import msgspec

from assay.formats.chunks import ChunkView
from assay.model.errors import MalformedError

ByteOrder = Literal["little", "big"]

_TABLE_BYTES = 1 << 20
"""Longest table of headers or names that is read; real programs stay under a tenth."""
_ELF_NOBITS = 8
_PE_DATA = 0xC0000040
"""IMAGE_SCN_CNT_INITIALIZED_DATA | MEM_READ | MEM_WRITE."""
_MACHO_ORDER: dict[bytes, tuple[ByteOrder, bool]] = {
    b"\xce\xfa\xed\xfe": ("little", False),
    b"\xcf\xfa\xed\xfe": ("little", True),
    b"\xfe\xed\xfa\xce": ("big", False),
    b"\xfe\xed\xfa\xcf": ("big", True),
}
_ELF_LAYOUTS: tuple[tuple[ByteOrder, str, bool], ...] = (
    ("little", "<", True),
    ("little", "<", False),
    ("big", ">", True),
    ("big", ">", False),
)
_ELF_HEADER = {(o, wide): Struct(e + ("QQ6x5H" if wide else "II6x5H")) for o, e, wide in _ELF_LAYOUTS}
"""By byte order and class, from `e_phoff`: both offsets, then sizes and numbers of the two tables (gABI 4)."""
_ELF_SECTION = {(o, wide): Struct(e + ("4xI8xQQQ" if wide else "4xI4xIII")) for o, e, wide in _ELF_LAYOUTS}
"""Type, address, offset, size of a section."""
_ELF_SEGMENT = {(o, wide): Struct(e + ("IIQQ8xQ" if wide else "III4xI4xI")) for o, e, wide in _ELF_LAYOUTS}
"""Type, flags, offset, address, size of a segment; in 32 bits the flags come last."""
_FAT = {b"\xca\xfe\xba\xbe": False, b"\xca\xfe\xba\xbf": True}
"""Universal files, and whether their table is of 64 bits."""
_JAVA_MAJOR = 45
PROGRAM_MAGIC = frozenset([b"\x7fELF", b"MZ\x90\x00", *_MACHO_ORDER, *_FAT])
"""First four bytes of every file `read_program` may know; of Java classes too, which it does not."""


class Region(msgspec.Struct, frozen=True):
    """Bytes of the file that are mapped at an address."""

    address: int
    offset: int
    size: int


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """An executable: where its segments lie, and the places where the wanted section's content may be.

    `exact` tells that `places` is the section itself; otherwise it is writable data to be searched.
    """

    view: ChunkView
    order: ByteOrder
    segments: tuple[Region, ...]
    places: tuple[Region, ...]
    exact: bool

    def at(self, address: int, length: int) -> bytes:
        """The bytes mapped at an address.

        Raises:
            MalformedError: no segment holds them.
        """
        for segment in self.segments:
            start = address - segment.address
            if start >= 0 and start + length <= segment.size:
                return self.view.read(segment.offset + start, length)
        raise _bad(self.view, f"no segment holds address {address:#x}")


class _Elf(NamedTuple):
    """The headers of an ELF file as far as every search for a section needs them; kept at the view."""

    order: ByteOrder
    wide: bool
    segments: tuple[int, int, int]
    """Offset, entry size and number of the program headers."""
    listed: bool
    """Whether there are section headers."""
    step: int
    table: bytes
    """The section headers."""
    names: bytes
    """A NUL and the section names; empty without such a table."""


def read_program(view: ChunkView, section: bytes, macho_section: bytes) -> Program | None:
    """Recognise the file and look for a section; None when it is no program of the three kinds.

    Raises:
        MalformedError: headers that point outside the file.
    """
    start = view.read(0, min(view.size, 64))
    if start[:4] == b"\x7fELF":
        return _elf(view, start, section)
    if start[:4] in _MACHO_ORDER:
        return _macho(view, start, macho_section)
    if start[:4] in _FAT:
        part = _first_of_fat(view, start)
        return _macho(part, part.read(0, min(part.size, 64)), macho_section) if part is not None else None
    if start[:2] == b"MZ" and len(start) == 64:
        return _pe(view, start, section)
    return None


def _elf(view: ChunkView, start: bytes, wanted: bytes) -> Program:
    elf = view.learnt
    if not isinstance(elf, _Elf):
        view.learnt = elf = _elf_headers(view, start)
    place: Region | None = None
    if elf.listed:
        place = _elf_section(elf, wanted)
        if place is None:
            return Program(view=view, order=elf.order, segments=(), places=(), exact=True)
    segments, writable = _elf_segments(view, *elf.segments, elf.wide, elf.order)
    places = (place,) if place else writable[:1]
    return Program(view=view, order=elf.order, segments=segments, places=places, exact=place is not None)


def _elf_headers(view: ChunkView, start: bytes) -> _Elf:
    """The file header, the section headers and their names (gABI 4)."""
    if len(start) < 52 or start[4] not in (1, 2) or start[5] not in (1, 2):
        raise _bad(view, "ELF header cut short or of unknown class")
    wide, order = start[4] == 2, _ORDERS[start[5]]
    if wide and len(start) < 64:
        raise _bad(view, "ELF header cut short")
    header = _ELF_HEADER[order, wide]
    phoff, shoff, phsize, phnum, shsize, shnum, names_at = header.unpack_from(start, 32 if wide else 28)
    listed = bool(shoff and shnum)
    table = names = b""
    if listed:
        if shsize < (64 if wide else 40):
            raise _bad(view, f"section headers of {shsize} bytes")
        table = view.read(shoff, shsize * shnum)
        if names_at * shsize < len(table):
            _, _, offset, size = _ELF_SECTION[order, wide].unpack_from(table, names_at * shsize)
            names = b"\0" + view.read(offset, _bounded(view, size))
    return _Elf(order, wide, (phoff, phsize, phnum), listed, shsize, table, names)


def _elf_section(elf: _Elf, wanted: bytes) -> Region | None:
    """The section of this name (gABI 4, "Sections"), from the name table alone when it does not occur there."""
    found = elf.names.find(b"\0" + wanted + b"\0")
    if found < 0:
        return None
    name, table, step = found.to_bytes(4, elf.order), elf.table, elf.step
    row = _ELF_SECTION[elf.order, elf.wide]
    for base in range(0, len(table) - step + 1, step):
        if table[base : base + 4] == name:
            kind, address, offset, size = row.unpack_from(table, base)
            if kind != _ELF_NOBITS:
                return Region(address, offset, size)
    return None


def _elf_segments(
    view: ChunkView, phoff: int, step: int, count: int, wide: bool, order: ByteOrder
) -> tuple[tuple[Region, ...], tuple[Region, ...]]:
    """All PT_LOAD segments, and the writable ones that are not executable (gABI 5, "Program Header")."""
    if not (phoff and count):
        return (), ()
    if step < (56 if wide else 32):
        raise _bad(view, f"program headers of {step} bytes")
    table, row = view.read(phoff, step * count), _ELF_SEGMENT[order, wide]
    segments: list[Region] = []
    writable: list[Region] = []
    for base in range(0, step * count, step):
        if wide:
            kind, flags, offset, address, size = row.unpack_from(table, base)
        else:
            kind, offset, address, size, flags = row.unpack_from(table, base)
        if kind != 1:
            continue
        region = Region(address, offset, size)
        segments.append(region)
        if flags & 3 == 2:
            writable.append(region)
    return tuple(segments), tuple(writable)


def _pe(view: ChunkView, start: bytes, wanted: bytes) -> Program | None:
    """PE/COFF: the section of this name where eight letters hold it, else the writable data section: there Go puts its
    information first.
    """
    number = _Numbers(start, "little")
    header = number(0x3C, 4)
    if header + 24 > view.size:
        return None
    coff = view.read(header, 24)
    if coff[:4] != b"PE\0\0":
        return None
    number = _Numbers(coff, "little")
    count, optional = number(6, 2), number(20, 2)
    base = 0
    if optional >= 32:
        words = _Numbers(view.read(header + 24, 32), "little")
        base = words(24, 8) if words(0, 2) == 0x20B else words(28, 4)
    rows = view.read(header + 24 + optional, 40 * count)
    number = _Numbers(rows, "little")
    segments: list[Region] = []
    places: list[Region] = []
    named: list[Region] = []
    for at in range(0, 40 * count, 40):
        region = Region(base + number(at + 12, 4), number(at + 20, 4), min(number(at + 8, 4), number(at + 16, 4)))
        segments.append(region)
        if rows[at : at + 8].rstrip(b"\0") == wanted:
            named.append(region)
        elif number(at + 36, 4) & _PE_DATA == _PE_DATA:
            places.append(region)
    places = named or places
    return Program(view=view, order="little", segments=tuple(segments), places=tuple(places[:1]), exact=bool(named))


def _macho(view: ChunkView, start: bytes, wanted: bytes) -> Program:
    order, wide = _MACHO_ORDER[start[:4]]
    header = 32 if wide else 28
    if len(start) < header:
        raise _bad(view, "Mach-O header cut short")
    number = _Numbers(start, order)
    count = number(16, 4)
    table = view.read(header, _bounded(view, number(20, 4)))
    number = _Numbers(table, order)
    segments: list[Region] = []
    writable: list[Region] = []
    found: list[Region] = []
    at = 0
    for _ in range(count):
        length = number(at + 4, 4)
        if length < 8 or at + length > len(table):
            raise _bad(view, f"load command of {length} bytes at {at}")
        if number(at, 4) == (0x19 if wide else 1) and length >= (72 if wide else 56):
            segment, can_write = _macho_segment(number, at, wide)
            segments.append(segment)
            if can_write:
                writable.append(segment)
            found += _macho_sections(table[at : at + length], order, wide, wanted)
        at += length
    return Program(
        view=view, order=order, segments=tuple(segments), places=tuple((found or writable)[:1]), exact=bool(found)
    )


def _first_of_fat(view: ChunkView, start: bytes) -> ChunkView | None:
    """The first program of a universal file: it was built of the same packages as the others (`fat.h`).

    Java classes have the same magic; what follows is their version, 45 or more (JVMS 4.1).
    """
    count, wide = int.from_bytes(start[4:8], "big"), _FAT[start[:4]]
    if not 0 < count < _JAVA_MAJOR or len(start) < 32:
        return None
    number = _Numbers(start, "big")
    offset, size = (number(16, 8), number(24, 8)) if wide else (number(16, 4), number(20, 4))
    if view.read(offset, 4) not in _MACHO_ORDER:
        raise _bad(view, f"no program at byte {offset} of a universal file")
    return view.part(offset, size)


def _macho_segment(number: "_Numbers", at: int, wide: bool) -> tuple[Region, bool]:
    """One LC_SEGMENT: what it maps, and whether it is readable and writable but not executable."""
    width = 8 if wide else 4
    address, offset, size = (number(at + 24 + width * index, width) for index in (0, 2, 3))
    return Region(address, offset, size), number(at + 28 + 4 * width, 4) == 3


def _macho_sections(command: bytes, order: ByteOrder, wide: bool, wanted: bytes) -> list[Region]:
    """The sections of one LC_SEGMENT that bear the name."""
    number, width = _Numbers(command, order), 8 if wide else 4
    step = 80 if wide else 68
    return [
        Region(number(at + 32, width), number(at + 32 + 2 * width, 4), number(at + 32 + width, width))
        for at in range(40 + 4 * width, len(command) - step + 1, step)
        if command[at : at + 16].rstrip(b"\0") == wanted
    ]


_ORDERS: dict[int, ByteOrder] = {1: "little", 2: "big"}


class _Numbers:
    """Unsigned numbers of a header in its byte order."""

    __slots__ = ("_data", "_order")

    def __init__(self, data: bytes, order: ByteOrder) -> None:
        self._data, self._order = data, order

    def __call__(self, at: int, width: int) -> int:
        return int.from_bytes(self._data[at : at + width], self._order)


def _bounded(view: ChunkView, size: int) -> int:
    if size > _TABLE_BYTES:
        raise _bad(view, f"a table of {size} bytes")
    return size


def _bad(view: ChunkView, why: str) -> MalformedError:
    return MalformedError(
        "damaged program headers", where=view.where, why=why, remedy="the file is truncated or forged"
    )
