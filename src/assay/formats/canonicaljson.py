"""RFC 8785 (JSON Canonicalization Scheme): numbers as ECMAScript writes them, names in UTF-16 order.

`strictjson.canonical` gives the same bytes for all but a few documents, many times faster: those with a fraction that
Python spells another way (`9.0`, `1e-07`), or with characters beyond the Basic Multilingual Plane in them.
"""

import math
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import msgspec

from assay.formats import strictcheck, strictjson
from assay.model.limits import DEFAULT_LIMITS
from assay.model.patterns import lazy

_UNUSUAL = lazy(rb"[:,\[]-?[0-9]++(?:\.0(?=[,\]}])|(?:\.[0-9]++)?e[-+])")
"""A number Python spells its own way, as it stands between a document's signs; a text that looks so costs time only."""
_HIGH = lazy(rb"[\xf0-\xf4]")
"""The first byte of a character beyond the Basic Multilingual Plane."""
_SMALL_BYTES = 1 << 16
"""Values of this much text take no memory worth saving."""


def dumps(value: Any) -> bytes:
    """The canonical bytes of a JSON value; integers keep all their digits.

    >>> dumps({"b": 9.0, "a": [1e-07, "x"]})
    b'{"a":[1e-7,"x"],"b":9}'

    Raises:
        ValueError: NaN, an infinity, or half of a surrogate pair.
    """
    return b"".join(_pieces(value))


def document(data: bytes, *, where: str, limit: int, depth: int = DEFAULT_LIMITS.json_depth_count) -> bytes:
    """The canonical bytes of a JSON document, part by part: as values a large one takes five times its size.

    Args:
        data: the document.
        where: named in errors.
        limit: greatest number of bytes.
        depth: greatest nesting of arrays and objects.

    Raises:
        MalformedError: as `strictjson.loads`.
    """
    strictcheck.check(data, where=where, limit=limit, depth=depth)
    written = BytesIO()  # a list of the parts would take the same once more
    for part in _parts(data, where):
        written.write(part)
    return written.getvalue()


def _parts(data: bytes | memoryview, where: str) -> Iterator[bytes]:
    """The canonical bytes of strict JSON; only what is small is made into values."""
    first = b"" if len(data) <= _SMALL_BYTES else bytes(data[:64]).lstrip()[:1]
    if first == b"{":
        members = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        if not members:
            yield b"{"
        for index, name in enumerate(sorted(members, key=_order)):
            yield (b"," if index else b"{") + strictjson.canonical(name) + b":"
            yield from _parts(memoryview(members[name]), where)
        yield b"}"
    elif first == b"[":
        items = msgspec.json.decode(data, type=list[msgspec.Raw])
        if not items:
            yield b"["
        for index, item in enumerate(items):
            yield b"," if index else b"["
            yield from _parts(memoryview(item), where)
        yield b"]"
    else:
        yield from _pieces(strictjson.loads(bytes(data), where=where, limit=len(data)))


def number(value: float) -> str:
    """A double as ECMAScript writes it (ECMA-262, Number::toString; RFC 8785 §3.2.2.3).

    >>> number(1e21), number(1e20), number(-0.0), number(0.000001)
    ('1e+21', '100000000000000000000', '0', '0.000001')
    """
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    return sign + _placed(digits, point)


def _placed(digits: str, point: int) -> str:
    """Digits with the decimal point behind the first `point` of them."""
    if len(digits) <= point <= 21:
        return digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e{point - 1:+d}"


def _pieces(value: Any) -> Iterator[bytes]:
    """The bytes, in pieces: whole where both ways agree, else part by part."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("NaN and infinity are no JSON")
        yield number(value).encode()
        return
    data = strictjson.canonical(value)
    if not isinstance(value, dict | list | tuple) or not _differs(value, data):
        yield data
    elif isinstance(value, dict):
        # RFC 8785 §3.2.3: names are sorted as arrays of UTF-16 code units.
        for index, name in enumerate(sorted(value, key=_order)):
            yield (b"," if index else b"{") + strictjson.canonical(name) + b":"
            yield from _pieces(value[name])
        yield b"}"
    else:
        for index, item in enumerate(value):
            yield b"," if index else b"["
            yield from _pieces(item)
        yield b"]"


def _order(name: str) -> bytes:
    return name.encode("utf-16-be")


def _differs(value: Any, data: bytes) -> bool:
    return _UNUSUAL.search(data) is not None or (_HIGH.search(data) is not None and _has_high_name(value))


def _has_high_name(value: Any) -> bool:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if any(max(name, default="") > "\uffff" for name in item):
                return True
            waiting.extend(item.values())
        elif isinstance(item, list | tuple):
            waiting.extend(item)
    return False
