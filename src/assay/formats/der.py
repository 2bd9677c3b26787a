"""A little DER (ITU-T X.690 §10-11): enough to cut certificates and timestamps apart, and to write them.

Reading is strict and lazy: one value is one header and its contents, opened one level at a time by who needs it, so
that nothing here recurses; lengths are definite and minimal, tags have one octet. Writing gives the only spelling.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from assay.model.errors import MalformedError

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
UTF8, PRINTABLE, IA5, UTC_TIME, GENERALIZED_TIME = 0x0C, 0x13, 0x16, 0x17, 0x18
SEQUENCE, SET = 0x30, 0x31

_TIME = re.compile(r"(\d{14})(?:\.(\d{0,8}[1-9]))?Z", re.ASCII)  # X.690 §11.7: UTC, seconds, no trailing zeros
_FIELDS = ((0, 4), (4, 6), (6, 8), (8, 10), (10, 12), (12, 14))
_OID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]{0,140})){1,65}", re.ASCII)
_INTEGER_BYTES = 513
"""An RSA modulus of 4,096 bits and its sign octet; serials and nonces are far shorter."""
_OID_BYTES = 64


class Element(msgspec.Struct, frozen=True):
    """One value: its identifier octet, its contents, and all of its bytes."""

    tag: int
    value: bytes
    raw: bytes


class Reader:
    """The values of one contents, one after another.

    Args:
        data: the contents of a constructed value, or a whole document.
        where: named in errors.
    """

    def __init__(self, data: bytes, *, where: str) -> None:
        self._data, self._at, self._where = data, 0, where

    def peek(self) -> int | None:
        """The next identifier octet; None at the end."""
        return self._data[self._at] if self._at < len(self._data) else None

    def take(self, tag: int | None = None) -> Element:
        """The next value, which must have this tag (None: any).

        Raises:
            MalformedError: none left, another tag, a long tag, an indefinite, oversized or overlong length, cut short.
        """
        data, start = self._data, self._at
        if start + 2 > len(data):
            raise bad(self._where, "ends before a value")
        found, length, at = data[start], data[start + 1], start + 2
        if found & 0x1F == 0x1F:
            raise bad(self._where, f"a tag of several octets at byte {start}")
        if length >= 0x80:
            octets = length & 0x7F
            if not 1 <= octets <= 4 or at + octets > len(data):
                raise bad(self._where, f"a length of {octets} octets at byte {start}")
            length = int.from_bytes(data[at : at + octets], "big")
            if length < 0x80 or length >> 8 * (octets - 1) == 0:
                raise bad(self._where, f"an overlong length at byte {start}")
            at += octets
        if length > len(data) - at:
            raise bad(self._where, f"a value of {length} bytes at byte {start}, {len(data) - at} are left")
        if tag is not None and found != tag:
            raise bad(self._where, f"tag {found:#04x} at byte {start}, expected {tag:#04x}")
        self._at = at + length
        return Element(found, data[at : self._at], data[start : self._at])

    def optional(self, tag: int) -> Element | None:
        """The next value if it has this tag, else None and nothing is read."""
        return self.take(tag) if self.peek() == tag else None

    def end(self) -> None:
        """Nothing is left.

        Raises:
            MalformedError: something is.
        """
        if self._at != len(self._data):
            raise bad(self._where, f"{len(self._data) - self._at} bytes after the last value")


def one(data: bytes, tag: int | None = None, *, where: str) -> Element:
    """Exactly one value, and nothing after it."""
    reader = Reader(data, where=where)
    element = reader.take(tag)
    reader.end()
    return element


def open_(element: Element, *, where: str) -> Reader:
    """A reader of a value's contents."""
    return Reader(element.value, where=where)


def children(element: Element, *, where: str, limit: int = 64) -> tuple[Element, ...]:
    """All values inside, at most `limit`."""
    reader = open_(element, where=where)
    found: list[Element] = []
    while reader.peek() is not None:
        if len(found) == limit:
            raise bad(where, f"more than {limit} values")
        found.append(reader.take())
    return tuple(found)


def read_integer(element: Element, *, where: str) -> int:
    """INTEGER (§8.3): minimal octets."""
    value = _tagged(element, INTEGER, where).value
    if not value or len(value) > _INTEGER_BYTES or (len(value) > 1 and _is_padded(value)):
        raise bad(where, "an INTEGER that is empty, too long or not minimal")
    return int.from_bytes(value, "big", signed=True)


def read_boolean(element: Element, *, where: str) -> bool:
    """BOOLEAN (§11.1): false is 00, true is FF."""
    value = _tagged(element, BOOLEAN, where).value
    if value not in {b"\x00", b"\xff"}:
        raise bad(where, "a BOOLEAN that is neither 00 nor FF")
    return value == b"\xff"


def read_oid(element: Element, *, where: str) -> str:
    """OBJECT IDENTIFIER as dotted text."""
    value = _tagged(element, OID, where).value
    if not value or len(value) > _OID_BYTES or value[-1] & 0x80:
        raise bad(where, "an OBJECT IDENTIFIER that is empty, too long or cut short")
    arcs, arc, is_first = [], 0, True
    for octet in value:
        if is_first and octet == 0x80:
            raise bad(where, "an OBJECT IDENTIFIER with an overlong arc")
        arc, is_first = arc << 7 | octet & 0x7F, not octet & 0x80
        if is_first:
            arcs.append(arc)
            arc = 0
    top = min(arcs[0] // 40, 2)
    return ".".join(map(str, (top, arcs[0] - 40 * top, *arcs[1:])))


def read_utf8(element: Element, *, where: str) -> str:
    """UTF8String."""
    try:
        return _tagged(element, UTF8, where).value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise bad(where, f"not UTF-8 at byte {error.start}") from error


def read_bits(element: Element, *, where: str) -> bytes:
    """BIT STRING of whole octets."""
    value = _tagged(element, BIT_STRING, where).value
    if not value or value[0] != 0:
        raise bad(where, "a BIT STRING that is not of whole octets")
    return value[1:]


def read_time(element: Element, *, where: str) -> datetime:
    """GeneralizedTime in UTC; what is finer than a microsecond is cut off."""
    text = _tagged(element, GENERALIZED_TIME, where).value.decode("latin-1")
    match = _TIME.fullmatch(text)
    if match is None:
        raise bad(where, f"{text[:40]!r} is not a GeneralizedTime in DER")
    year, month, day, hour, minute, second = (int(match[1][a:b]) for a, b in _FIELDS)
    try:
        whole = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError as error:
        raise bad(where, f"{text[:40]!r} is no time") from error
    return whole.replace(microsecond=int((match[2] or "")[:6].ljust(6, "0")))


def tlv(tag: int, *parts: bytes) -> bytes:
    """A value: identifier octet, minimal length, contents."""
    size = sum(map(len, parts))
    if size < 0x80:
        return bytes((tag, size)) + b"".join(parts)
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + b"".join(parts)


def sequence(*parts: bytes) -> bytes:
    """SEQUENCE of the encoded parts."""
    return tlv(SEQUENCE, *parts)


def set_of(parts: Iterable[bytes], tag: int = SET) -> bytes:
    """SET OF: the parts in the order of their encodings (§11.6)."""
    return tlv(tag, *sorted(parts))


def context(number: int, *parts: bytes) -> bytes:
    """A constructed value with a context-specific tag."""
    return tlv(0xA0 | number, *parts)


def integer(value: int) -> bytes:
    """INTEGER."""
    return tlv(INTEGER, value.to_bytes(((value if value >= 0 else ~value).bit_length() // 8) + 1, "big", signed=True))


def boolean(value: bool) -> bytes:
    """BOOLEAN."""
    return tlv(BOOLEAN, b"\xff" if value else b"\x00")


def octets(value: bytes) -> bytes:
    """OCTET STRING."""
    return tlv(OCTET_STRING, value)


def bits(value: bytes) -> bytes:
    """BIT STRING of whole octets."""
    return tlv(BIT_STRING, b"\x00", value)


def null() -> bytes:
    """NULL."""
    return tlv(NULL)


def utf8(value: str) -> bytes:
    """UTF8String."""
    return tlv(UTF8, value.encode())


def oid(text: str) -> bytes:
    """OBJECT IDENTIFIER from dotted text.

    Raises:
        ValueError: not dotted text of an identifier; callers write constants.
    """
    if not _OID.fullmatch(text):
        raise ValueError(f"not an object identifier: {text!r}")
    first, second, *rest = map(int, text.split("."))
    if first < 2 and second > 39:
        raise ValueError(f"not an object identifier: {text!r}")
    return tlv(OID, *(_arc(arc) for arc in (40 * first + second, *rest)))


def time(value: datetime) -> bytes:
    """GeneralizedTime in UTC, with a fraction only where there is one."""
    value = value.astimezone(UTC)
    fraction = f".{value.microsecond:06d}".rstrip("0") if value.microsecond else ""
    whole = f"{value.year:04d}" + value.strftime("%m%d%H%M%S")
    return tlv(GENERALIZED_TIME, f"{whole}{fraction}Z".encode())


def bad(where: str, why: str) -> MalformedError:
    """What every refusal of this file looks like."""
    return MalformedError("not acceptable DER", where=where, why=why, remedy="ask its author for a valid document")


def _tagged(element: Element, tag: int, where: str) -> Element:
    if element.tag != tag:
        raise bad(where, f"tag {element.tag:#04x}, expected {tag:#04x}")
    return element


def _is_padded(value: bytes) -> bool:
    return (value[0] == 0 and value[1] < 0x80) or (value[0] == 0xFF and value[1] >= 0x80)


def _arc(value: int) -> bytes:
    """Base 128, most significant first, all but the last octet marked."""
    parts = [value & 0x7F]
    while value := value >> 7:
        parts.append(0x80 | value & 0x7F)
    return bytes(reversed(parts))
