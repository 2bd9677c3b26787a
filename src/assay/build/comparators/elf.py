"""ELF objects and programs, section by section: build-id, strings of the debug data, the producer, the rest as bytes.

A build-id is a hash over the rest, so alone it says nothing: it is named beside what else differs. The format is read
boundedly from the section table (gABI, chapter 4); compressed sections of debug data are inflated.
"""

import struct
from collections import Counter
from collections.abc import Iterator

import msgspec

from assay.build import causes
from assay.build.comparators import gzip
from assay.build.comparators.base import Comparator, Looking, Pair, bad, cause
from assay.model.comparison import Cause, CauseClass

MAGIC = b"\x7fELF"
_SECTIONS_COUNT = 20_000
_NOBITS, _COMPRESSED = 8, 0x800
_TABLES = (".debug_str", ".debug_line_str", ".comment", ".strtab", ".dynstr")
_DEBUG = (".debug_", ".rela.debug_", ".rel.debug_", ".symtab")
_ECHO = "follows from the strings: their order and places have changed"
_DERIVED = (".note.gnu.build-id", ".gnu_debuglink", ".gnu_debugaltlink")


class Section(msgspec.Struct, frozen=True):
    """A section and its bytes."""

    name: str
    data: bytes
    offset: int = 0
    size: int = 0
    """In the file."""


def sections(data: bytes, limit: int) -> dict[str, Section]:
    """By name; further sections of one name get a number.

    Raises:
        MalformedError: the table does not fit the file.
    """
    wide, order = data[4] == 2, "<" if data[5] == 1 else ">"
    try:
        place = struct.unpack_from(order + ("Q" if wide else "I"), data, 40 if wide else 32)[0]
        size, count, names_at = struct.unpack_from(order + "HHH", data, 58 if wide else 46)
        if count > _SECTIONS_COUNT or place + size * count > len(data) or size < (64 if wide else 40):
            raise bad("ELF", "the section table does not fit the file")
        rows = [
            struct.unpack_from(order + ("IIQQQQ" if wide else "IIIIII"), data, place + size * i) for i in range(count)
        ]
    except struct.error as error:
        raise bad("ELF", str(error)) from error
    if not rows or names_at >= count:
        raise bad("ELF", "it has no sections")
    names = data[rows[names_at][4] : rows[names_at][4] + rows[names_at][5]]
    found: dict[str, Section] = {}
    for name_at, kind, flags, _, offset, length in rows:
        if kind == 0:
            continue
        if kind != _NOBITS and offset + length > len(data):
            raise bad("ELF", "a section does not fit the file")
        name = names[name_at : name_at + 200].partition(b"\0")[0].decode("ascii", "replace")
        body = b"" if kind == _NOBITS else data[offset : offset + length]
        if flags & _COMPRESSED and kind != _NOBITS:
            body = gzip.inflated(body[24 if wide else 12 :], limit, 15, "compressed section")
        key, number = name, 1
        while key in found:
            number += 1
            key = f"{name}#{number}"
        found[key] = Section(name, body, offset, 0 if kind == _NOBITS else length)
    return found


def _compare(pair: Pair, at: Looking) -> Iterator[Cause]:
    limit = at.limits.compare_file_bytes
    old, new = sections(pair.before, limit), sections(pair.after, limit)
    told = False
    for name in [name for name in old if name not in new]:
        told = True
        yield cause(pair, "removed", name, "", member=name, by="elf")
    for name in [name for name in new if name not in old]:
        told = True
        yield cause(pair, "added", "", name, member=name, by="elf")
    seen: set[tuple[CauseClass, bytes, bytes]] = set()
    vague: list[Cause] = []
    for name in old:
        if name not in new or old[name].data == new[name].data:
            continue
        told = True
        a, b = old[name].data, new[name].data
        if name in _DERIVED:
            yield cause(pair, "build-id", a[-20:].hex(), b[-20:].hex(), member=name, by="elf")
            continue
        for one in _of_section(name, a, b, at):
            where = cause(pair, one.kind, one.before, one.after, shown=one.shown, member=name, by="elf")
            if one.kind == "unknown":
                vague.append(where)
            elif (one.kind, one.before, one.after) not in seen:
                seen.add((one.kind, one.before, one.after))
                yield where
    if not told:
        yield cause(pair, "unknown", by="elf", detail="the same sections, other headers or padding")
    moved = any(_moved(old[name].data, new[name].data) for name in _TABLES if name in old and name in new)
    for item in vague:
        # Debug data names strings by their place in a table, whose order follows from the strings themselves.
        echo = moved and seen and item.inner.rpartition(" > ")[2].startswith(_DEBUG)
        kind = min(seen)[0] if echo else item.kind
        yield msgspec.structs.replace(item, kind=kind, detail=_ECHO if echo else "")
    same_sizes = all(old[name].size == new[name].size for name in old.keys() & new.keys())
    if same_sizes and _outside(pair.before, old) != _outside(pair.after, new):
        yield cause(pair, "unknown", by="elf", detail="bytes outside of all sections")


def _of_section(name: str, before: bytes, after: bytes, at: Looking) -> list[causes.Found]:
    if name.partition("#")[0] not in _TABLES:
        return causes.binary(before, after, at.before, at.after)
    old, new = before.split(b"\0"), after.split(b"\0")
    gone, come = Counter(old) - Counter(new), Counter(new) - Counter(old)
    one, other = (sorted(side.elements(), key=_shape) for side in (gone, come))
    if not one and not other:
        return [causes.Found("archive-order", b"strings", b"strings")]
    if len(one) != len(other):
        return [causes.Found("unknown", b" ".join(one)[:200], b" ".join(other)[:200])]
    return [found for a, b in zip(one, other, strict=True) for found in _string(a, b, at)]


def _shape(value: bytes) -> tuple[bytes, bytes]:
    """What is left of a string without dates and made-up names: two of one shape belong together."""
    return causes.shape(value[:4096]), value


def _moved(before: bytes, after: bytes) -> bool:
    """Whether strings of one shape stand at other places."""
    old, new = before.split(b"\0"), after.split(b"\0")
    return len(before) != len(after) or any(
        a != b and causes.shape(a[:4096]) != causes.shape(b[:4096]) for a, b in zip(old, new, strict=False)
    )


def _string(before: bytes, after: bytes, at: Looking) -> list[causes.Found]:
    if not causes.is_text(before + after):
        return [causes.Found("unknown", before, after)]
    return causes.line(before, after, at.before, at.after)


def _outside(data: bytes, place: dict[str, Section]) -> bytes:
    """What lies in no section; the section table and what points to it left out, for they follow the sizes."""
    at, parts = 64, [data[16:24], data[36:40] if data[4] == 1 else data[48:52]]
    for start, end in sorted((section.offset, section.offset + section.size) for section in place.values()):
        parts.append(data[at:start].strip(b"\0"))
        at = max(at, end)
    return b"".join(parts)


def _fits(name: str, data: bytes) -> bool:
    return data.startswith(MAGIC) and len(data) >= 64 and data[4] in (1, 2) and data[5] in (1, 2)


ROW = Comparator(name="elf", fits=_fits, compare=_compare)
