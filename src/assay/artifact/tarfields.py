"""Fields of a tar header: numbers, checksums, names in two parts; what texts of numbers mean is remembered.

The tables are shared by all archives: the same sizes, modes and checksums come again in the next.
"""

from assay.model.errors import MalformedError

_PREFIX = slice(345, 500)
SPACES = 8 * 32
"""A checksum counts its own field as eight spaces."""
SIZES: dict[bytes, int] = {}
MODES: dict[bytes, int] = {}
SUMS: dict[bytes, int] = {}
"""1 + the sum of all bytes of a header, by the text of its checksum."""
_NUMBERS_COUNT = 20_000
"""Numbers remembered by their text."""
_MODES_COUNT = 1_000


def total_of(checksum: bytes, where: str) -> int:
    """1 + the sum of the bytes of a header with this checksum: what the low half of its adler32 is."""
    total = SUMS.get(checksum)
    if total is None:
        if len(SUMS) > _NUMBERS_COUNT:
            SUMS.clear()
        total = SUMS[checksum] = octal(checksum, where, "checksum") - SPACES + sum(checksum) + 1
    return total


def size_of(field: bytes, where: str) -> int:
    """A file's size in bytes."""
    size = SIZES.get(field)
    if size is None:
        if len(SIZES) > _NUMBERS_COUNT:
            SIZES.clear()
        size = SIZES[field] = number(field, where, "size")
    return size


def mode_of(field: bytes, where: str) -> int:
    """Permission bits."""
    mode = MODES.get(field)
    if mode is None:
        if len(MODES) > _MODES_COUNT:
            MODES.clear()
        mode = MODES[field] = number(field, where, "mode") & 0o7777
    return mode


def prefixed(name: bytes, block: bytes) -> bytes:
    """ustar: prefix, slash, name; star ends its headers with `tar\\0` and has a prefix of 131 bytes."""
    prefix = block[_PREFIX]
    if block[508:512] == b"tar\0":
        prefix = prefix[:131]
    prefix = prefix.partition(b"\0")[0]
    return prefix + b"/" + name if prefix else name


def number(field: bytes, where: str, what: str) -> int:
    """Octal text, or base-256 when the first bit is set (GNU); never negative."""
    if field[0] < 0x80:
        return octal(field, where, what)
    value = int.from_bytes(field, "big") - (1 << (8 * len(field) - 1))
    if field[0] & 0x40 or value >= 1 << 63:
        raise _bad_number(field, where, what)
    return value


def octal(field: bytes, where: str, what: str) -> int:
    """Octal text with spaces or NULs around it; empty is 0."""
    text = field.strip(b" \0")
    if not text:
        return 0
    if not text.isdigit():
        text = text.partition(b"\0")[0].rstrip(b" ")
        if not text.isdigit():
            raise _bad_number(field, where, what)
    try:
        return int(text, 8)
    except ValueError as error:
        raise _bad_number(field, where, what) from error


def _bad_number(field: bytes, where: str, what: str) -> MalformedError:
    why = f"a header's {what} is {field!r}"
    return MalformedError("damaged tar archive", where=where, why=why, remedy="fetch or build the image again")
