"""RPM headers as the package database stores them: an index of tags and a store of values (rpm, "Header format").

il (4 bytes)  dl (4 bytes)  il × (tag, type, offset, count: 4 bytes each)  dl bytes of values
"""

import struct
from collections.abc import Collection

from assay.model.errors import MalformedError

Value = tuple[int, ...] | tuple[str, ...] | bytes

NAME, VERSION, RELEASE, EPOCH, VENDOR, LICENSE, PACKAGER = 1000, 1001, 1002, 1003, 1011, 1014, 1015
ARCH, OLD_FILE_NAMES, FILE_MODES, SOURCE_RPM = 1022, 1027, 1030, 1044
PROVIDE_NAME, REQUIRE_NAME, DIR_INDEXES, BASE_NAMES, DIR_NAMES, MODULARITY_LABEL = 1047, 1049, 1116, 1117, 1118, 5096

_ENTRIES_COUNT, _DATA_BYTES = 0xFFFF, 0x0FFF_FFFF
"""rpm's own bounds (lib/header.c: hdrchkTags, hdrchkData)."""
_ENTRY = struct.Struct(">IIiI")
_INTEGERS = {1: "B", 2: "B", 3: "H", 4: "I", 5: "Q"}
_STRINGS = frozenset({6, 8, 9})
_BINARY = 7


def read(blob: bytes, wanted: Collection[int], *, where: str) -> dict[int, Value]:
    """The values of the wanted tags.

    Args:
        blob: one header, without the magic that a package file puts before it.
        wanted: tags; others are not looked at.
        where: named in errors.

    Returns:
        tag → a tuple of integers or strings, or bytes. Strings are UTF-8 with surrogate escapes.

    Raises:
        MalformedError: lengths that do not add up, or a value outside the store.
    """
    if len(blob) < 8:
        raise _bad(where, f"{len(blob)} bytes")
    entries, size = struct.unpack_from(">II", blob)
    if entries > _ENTRIES_COUNT or size > _DATA_BYTES or 8 + 16 * entries + size != len(blob):
        raise _bad(where, f"{entries} entries and {size} bytes of values in {len(blob)} bytes")
    start = 8 + 16 * entries
    found: dict[int, Value] = {}
    for tag, kind, offset, count in _ENTRY.iter_unpack(blob[8:start]):
        if tag in wanted and tag not in found:
            if not 0 <= offset < max(size, 1) or not 0 < count <= size:
                raise _bad(where, f"tag {tag} lies outside the store")
            found[tag] = _value(blob, start + offset, kind, count, where, tag)
    return found


def _value(blob: bytes, at: int, kind: int, count: int, where: str, tag: int) -> Value:
    if kind in _STRINGS:
        parts = blob[at:].split(b"\0", count)
        if len(parts) <= count:
            raise _bad(where, f"tag {tag} has fewer than {count} strings")
        return tuple([part.decode("utf-8", "surrogateescape") for part in parts[:count]])
    if kind == _BINARY:
        length, code = count, ""
    elif kind in _INTEGERS:
        code = f">{count}{_INTEGERS[kind]}"
        length = struct.calcsize(code)
    else:
        raise _bad(where, f"tag {tag} has type {kind}")
    if at + length > len(blob):
        raise _bad(where, f"tag {tag} runs over the end of the store")
    return struct.unpack_from(code, blob, at) if code else blob[at : at + length]


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError(
        "not a sound rpm header", where=where, why=why, remedy="rebuild the database: rpm --rebuilddb"
    )
