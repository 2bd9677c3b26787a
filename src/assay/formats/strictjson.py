"""Strict JSON: UTF-8, no byte-order mark, no duplicate names, bounded depth and size.

RFC 8259 leaves duplicate names and depth to the reader; a claim with two readings is refused (trust boundary).
"""

import json
from typing import Any, NoReturn

from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS


def loads(data: bytes, *, where: str, limit: int, depth: int = DEFAULT_LIMITS.json_depth_count) -> Any:
    """Parse one JSON document.

    Args:
        data: the bytes as received.
        where: named in errors.
        limit: greatest number of bytes.
        depth: greatest nesting of arrays and objects.

    Raises:
        MalformedError: too long, too deep, not UTF-8, not JSON, a duplicate name, NaN or Infinity.
    """
    if len(data) > limit:
        raise _bad(where, f"{len(data)} bytes, limit {limit}")
    if data.startswith(b"\xef\xbb\xbf"):
        raise _bad(where, "begins with a byte-order mark")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _bad(where, f"not UTF-8 at byte {error.start}") from error
    check_depth(data, where=where, depth=depth)

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

    try:
        return json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
    except (ValueError, RecursionError) as error:
        raise _bad(where, f"not JSON: {error}") from error


def check_depth(data: bytes, *, where: str, depth: int) -> None:
    """Refuse nesting deeper than `depth` without recursion, before a parser sees the bytes."""
    if data.count(b"[") + data.count(b"{") <= depth:
        return
    level = 0
    in_string = escaped = False
    for byte in data:
        if in_string:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                in_string = False
        elif byte == 0x22:
            in_string = True
        elif byte in (0x5B, 0x7B):
            level += 1
            if level > depth:
                raise _bad(where, f"nested deeper than {depth}")
        elif byte in (0x5D, 0x7D):
            level -= 1


def canonical(value: Any) -> bytes:
    """Sorted names, no spaces, UTF-8, no escapes beyond the necessary: the same value gives the same bytes.

    Equals RFC 8785 for documents without fractions and with names inside the Basic Multilingual Plane.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not acceptable JSON", where=where, why=why, remedy="ask its author for a valid document")
