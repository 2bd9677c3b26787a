"""Strict JSON: UTF-8, no byte-order mark, no duplicate names, bounded depth and size.

RFC 8259 leaves duplicate names and depth to the reader; a claim with two readings is refused (trust boundary).
"""

import json
from array import array
from itertools import accumulate
from typing import Any, NoReturn

import msgspec

from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS
from assay.model.patterns import lazy

_STEPS = bytes.maketrans(b'[{]}"', b"\x01\x01\xff\xff\x00")
"""An opening bracket is a step down (+1), a closing one a step up (-1 as a signed byte)."""
_OTHERS = bytes(set(range(256)) - set(b'"[]{}'))
_SURROGATE = lazy(rb"\\u[dD][89a-fA-F]")
_HALF = lazy("[\ud800-\udfff]")
_STRING = lazy(rb'"[^"]*"')
_CONTAINERS = frozenset({dict, list})
_INFINITE = frozenset({float("inf"), float("-inf")})
_IN_DOUBT = object()
_INDENT = 2
_INDENTED = (b"{\n  ", b"[\n  ")


def loads(data: bytes, *, where: str, limit: int, depth: int = DEFAULT_LIMITS.json_depth_count) -> Any:
    """Parse one JSON document.

    Args:
        data: the bytes as received.
        where: named in errors.
        limit: greatest number of bytes.
        depth: greatest nesting of arrays and objects.

    Raises:
        MalformedError: too long, too deep, not UTF-8, not JSON, a duplicate name, NaN, Infinity or a number beyond what
            a double can hold (which readers make into Infinity), half of a surrogate pair (RFC 8259 §8.2: what readers
            make of it is unpredictable, and no UTF-8 can hold it).
    """
    if len(data) > limit:
        raise _bad(where, f"{len(data)} bytes, limit {limit}")
    value, indented = _at_once(data)
    if value is _IN_DOUBT:
        return _with_care(data, where, depth)
    if not (indented and b"\n" + _INDENT * b" " * depth not in data) and _is_deeper(value, depth):
        raise _bad(where, f"nested deeper than {depth}")
    return value


def _at_once(data: bytes) -> tuple[Any, bool]:
    """The value of a document that stands there as we would write it, spaces aside; of any other `_IN_DOUBT`.

    What is written again has each name once: if the bytes are the same, no name stood twice, and no number and no text
    can be read in another way. It takes half the time.

    Returns:
        Also whether it is indented as we indent: a line then begins with spaces by its depth, and with none else, since
        no text holds a line's end. To look for a line that begins with too many takes next to no time.
    """
    try:
        value = msgspec.json.decode(data)
        written = msgspec.json.encode(value)
        if data.startswith(_INDENTED) and data.startswith(msgspec.json.format(written, indent=_INDENT)):
            return value, True  # what follows is space, or it had not been decoded
        same = written == msgspec.json.format(data, indent=-1)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return _IN_DOUBT, False
    return (value if same else _IN_DOUBT), False


def _with_care(data: bytes, where: str, depth: int) -> Any:
    """The value of any document that is acceptable at all, or why it is not."""
    if data.startswith(b"\xef\xbb\xbf"):
        raise _bad(where, "begins with a byte-order mark")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _bad(where, f"not UTF-8 at byte {error.start}") from error

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(items)
        if len(value) != len(items):
            seen: set[str] = set()
            for name, _ in items:
                if name in seen:
                    raise _bad(where, f"duplicate name {name[:100]!r}")
                seen.add(name)
        return value

    def constant(name: str) -> NoReturn:
        raise _bad(where, f"{name} is not JSON")

    def number(text: str) -> float:
        value = float(text)
        if value in _INFINITE:
            raise _bad(where, f"the number {text[:40]} is too large")
        return value

    try:
        value = json.loads(text, object_pairs_hook=pairs, parse_constant=constant, parse_float=number)
    except ValueError as error:
        raise _bad(where, f"not JSON: {error}") from error
    except RecursionError as error:  # the interpreter's own bound, far above ours; its scanner is in C and heeds it
        raise _bad(where, f"nested deeper than {depth}") from error
    if _is_deeper(value, depth):
        raise _bad(where, f"nested deeper than {depth}")
    if _SURROGATE.search(data) and _HALF.search(json.dumps(value, ensure_ascii=False)):
        raise _bad(where, "half of a surrogate pair in a text")
    return value


def _is_deeper(value: Any, depth: int) -> bool:
    """Whether a value nests deeper than `depth`, level by level: a third of what looking at the bytes costs."""
    level = [value] if type(value) in _CONTAINERS else []
    for _ in range(depth):
        if not level:
            return False
        level = [
            child
            for item in level
            for child in (item.values() if type(item) is dict else item)
            if type(child) in _CONTAINERS
        ]
    return bool(level)


def check_depth(data: bytes, *, where: str, depth: int) -> None:
    """Refuse nesting deeper than `depth` without recursion, before a parser sees the bytes."""
    if data.count(b"[") + data.count(b"{") <= depth:
        return
    # All but brackets and strings' quotes is deleted first, in C: 3 MB take 20 ms, a loop over every byte 300.
    bare = data.replace(b"\\\\", b"").replace(b'\\"', b"").translate(None, _OTHERS)
    bare = bare.replace(
        b'""', b""
    )  # a string without brackets, or the seam between two: neither changes what is inside
    steps = array("b", _STRING.sub(b"", bare).translate(_STEPS))
    if max(accumulate(steps), default=0) > depth:
        raise _bad(where, f"nested deeper than {depth}")


def canonical(value: Any) -> bytes:
    """Sorted names, no spaces, UTF-8, no escapes beyond the necessary: the same value gives the same bytes.

    Equals RFC 8785 for documents without fractions and with names inside the Basic Multilingual Plane.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not acceptable JSON", where=where, why=why, remedy="ask its author for a valid document")
