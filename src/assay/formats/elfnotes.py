"""Notes of an ELF file, and whether it is a program at all (gABI 4 and 5: "Note Section", "Program Header").

Two notes say who a file is: the linker's build-id (owner `GNU`, type 3) and the package that built it (owner `FDO`,
type 0xcafe1a7e: systemd's "Package Metadata for Executable Files", a JSON object).
"""

import struct
from typing import Literal

import msgspec

from assay.formats.chunks import ChunkView
from assay.model.errors import MalformedError

_MAGIC = b"\x7fELF"
_EXEC, _DYN = 2, 3
_PT_DYNAMIC, _PT_INTERP, _PT_NOTE = 2, 3, 4
_DT_FLAGS_1, _DF_1_PIE = 0x6FFFFFFB, 0x08000000
_BUILD_ID, _PACKAGE, _GO_BUILD_ID = (b"GNU", 3), (b"FDO", 0xCAFE1A7E), (b"Go", 4)
_ROWS = {(e, wide): struct.Struct(e + ("II6Q" if wide else "8I")) for e in "<>" for wide in (True, False)}
"""One program header, by byte order and class."""
_NOTE = {e: struct.Struct(e + "III") for e in "<>"}
_HEADERS_COUNT, _SEGMENT_BYTES = 1024, 1 << 16
"""More headers or notes than any real file has; what lies beyond is left out."""
_UPX, _UPX_TAIL_BYTES = b"UPX!", 64
"""UPX sources, `l_info` and `PackHeader`: the mark stands 4 bytes behind the program headers, and close to the end."""


class ElfFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the headers and notes of an ELF file say."""

    program: bool
    """Something to start, not a library, module or object file."""
    build_id: str = ""
    """Hexadecimal."""
    package: bytes = b""
    """The package metadata note, JSON as it stands."""
    dynamic: bool = False
    """Whether it names an interpreter, which loads its libraries and those it is told to load before them."""
    from_go: bool = False
    """Whether Go's linker left its note."""
    packed: bool = False
    """Whether UPX compressed it: then neither its notes nor its texts are those of the program inside."""


def read_elf(view: ChunkView) -> ElfFacts | None:
    """The facts of a file, or None when it is no ELF file.

    Raises:
        MalformedError: headers that point outside the file.
    """
    start = view.read(0, min(view.size, 64))
    if start[:4] != _MAGIC:
        return None
    if len(start) < 52 or start[4] not in (1, 2) or start[5] not in (1, 2) or (start[4] == 2 and len(start) < 64):
        raise MalformedError("damaged program headers", where=view.where, why="the ELF header is cut short or unknown")
    wide, e = start[4] == 2, "<" if start[5] == 1 else ">"
    kind = struct.unpack_from(e + "H", start, 16)[0]
    offset, step, count = _table(start, e, wide)
    row = _ROWS[e, wide]
    if not count or not offset:
        return ElfFacts(program=kind == _EXEC, packed=_is_packed(view, 0))
    if step < row.size or count > _HEADERS_COUNT:
        raise MalformedError("damaged program headers", where=view.where, why=f"{count} headers of {step} bytes")
    table = view.read(offset, step * count)
    found: dict[tuple[bytes, int], bytes] = {}
    interpreter = pie = False
    for at in range(0, step * count, step):
        fields = row.unpack_from(table, at)
        place, size, align = (fields[2], fields[5], fields[7]) if wide else (fields[1], fields[4], fields[7])
        if fields[0] == _PT_INTERP:
            interpreter = True
        elif fields[0] == _PT_NOTE:
            _notes(view.read(place, min(size, _SEGMENT_BYTES)), e, 8 if align == 8 else 4, found)
        elif fields[0] == _PT_DYNAMIC and kind == _DYN:
            pie = _is_pie(view.read(place, min(size, _SEGMENT_BYTES)), e, wide)
    return ElfFacts(
        program=kind == _EXEC or (kind == _DYN and (interpreter or pie)),
        build_id=found.get(_BUILD_ID, b"").hex(),
        package=found.get(_PACKAGE, b"").rstrip(b"\0"),
        dynamic=interpreter,
        from_go=_GO_BUILD_ID in found,
        packed=_is_packed(view, offset + step * count),
    )


def _is_packed(view: ChunkView, after: int) -> bool:
    """Whether a mark of UPX stands where it puts them; `after`: the end of the program headers, 0 without any."""
    begin = max(0, view.size - _UPX_TAIL_BYTES)
    if _UPX in view.read(begin, view.size - begin):
        return True
    return 0 < after <= view.size - 8 and view.read(after + 4, 4) == _UPX


def _table(start: bytes, e: str, wide: bool) -> tuple[int, int, int]:
    """Offset, entry size and number of the program headers."""
    if wide:
        return (struct.unpack_from(e + "Q", start, 32)[0], *struct.unpack_from(e + "HH", start, 54))
    return (struct.unpack_from(e + "I", start, 28)[0], *struct.unpack_from(e + "HH", start, 42))


def _notes(data: bytes, e: str, align: int, found: dict[tuple[bytes, int], bytes]) -> None:
    """The first note of each owner and type; a note that runs over the end ends the list."""
    at = 0
    head = _NOTE[e].unpack_from
    while at + 12 <= len(data):
        name_bytes, value_bytes, kind = head(data, at)
        name_at = at + 12
        value_at = name_at + -(-name_bytes // 4) * 4
        value_at += -value_at % align
        end = value_at + value_bytes
        if end > len(data):
            return
        found.setdefault((data[name_at : name_at + name_bytes].rstrip(b"\0"), kind), data[value_at:end])
        at = end + -end % align


def _is_pie(data: bytes, e: str, wide: bool) -> bool:
    """Whether the dynamic section marks a position-independent program (a static one has no interpreter)."""
    order: Literal["little", "big"] = "little" if e == "<" else "big"
    word = 8 if wide else 4
    tag = _DT_FLAGS_1.to_bytes(word, order)
    at = data.find(tag)  # entries are a tag and a value, a word each
    while at >= 0:
        value = data[at + word : at + 2 * word]
        if at % (2 * word) == 0 and len(value) == word and int.from_bytes(value, order) & _DF_1_PIE:
            return True
        at = data.find(tag, at + 1)
    return False
