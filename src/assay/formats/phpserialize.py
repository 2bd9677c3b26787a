"""PHP's serialised values, as `serialize()` writes them, without objects and references.

PHP manual, "serialize": `N;`, `b:1;`, `i:5;`, `d:0.5;`, `s:LENGTH:"BYTES";`, `a:COUNT:{KEY VALUE …}`; lengths count
bytes.
An object would make a reader run code of its class: such a value is refused.
"""

import re
from typing import Any

from assay.model.errors import MalformedError

_HEAD = re.compile(rb"N;|([bi]):(-?[0-9]{1,20});|d:([0-9.eE+-]{1,40}|-?INF|NAN);|([sa]):([0-9]{1,9}):")
_DEPTH_COUNT = 32
"""Arrays in arrays; a channel's record has a dozen."""

Value = int | str | dict[str, Any] | None
"""A key that is a number is kept as its digits; a fraction as text; bytes that are no UTF-8 are replaced."""


def loads(data: bytes, *, where: str) -> Value:
    """The value of a whole file.

    Raises:
        MalformedError: not one serialised value, an object or a reference in it, or arrays too deep.
    """
    value, end = _value(data, 0, where, 0)
    if data[end:].strip():
        raise _bad(where, f"more follows after byte {end}")
    return value


def _value(data: bytes, at: int, where: str, depth: int) -> tuple[Value, int]:
    head = _HEAD.match(data, at)
    if head is None:
        raise _bad(where, f"no value of a known kind at byte {at}")
    kind, number, real, sized, count = head.groups()
    end = head.end()
    if sized == b"s":
        return _text(data, end, int(count), where)
    if sized == b"a":
        return _array(data, end, int(count), where, depth)
    if kind:
        return int(number), end
    return (real.decode() if real else None), end


def _text(data: bytes, at: int, size: int, where: str) -> tuple[str, int]:
    end = at + 1 + size
    if data[at : at + 1] != b'"' or data[end : end + 2] != b'";':
        raise _bad(where, f"a text at byte {at} is not as long as it says")
    return data[at + 1 : end].decode("utf-8", "replace"), end + 2


def _array(data: bytes, at: int, count: int, where: str, depth: int) -> tuple[dict[str, Any], int]:
    if depth >= _DEPTH_COUNT:
        raise _bad(where, f"arrays nested deeper than {_DEPTH_COUNT}")
    if data[at : at + 1] != b"{":
        raise _bad(where, f"an array at byte {at} does not open")
    found: dict[str, Any] = {}
    at += 1
    for _ in range(count):  # each turn takes bytes or fails, so a false count ends soon
        key, at = _value(data, at, where, depth + 1)
        found[str(key)], at = _value(data, at, where, depth + 1)
    if data[at : at + 1] != b"}":
        raise _bad(where, f"an array has more than its {count} entries at byte {at}")
    return found, at + 1


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not a serialised PHP value", where=where, why=why, remedy="let its tool write the file anew")
