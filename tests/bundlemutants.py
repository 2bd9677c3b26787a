"""Every one-field mutant of a bundle: each value changed, emptied, retyped, removed, doubled; each name misspelt."""

import json
import re
from collections.abc import Iterator
from typing import Any

Path = tuple[str | int, ...]
REMOVED = "(removed)"
_NUMBER = re.compile(r"[0-9]{1,19}")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{4,}={0,2}")


def mutants(data: bytes) -> Iterator[tuple[Path, str, bytes]]:
    """Place, what was done there, and the mutant's bytes."""
    document = json.loads(data)
    for path, value in list(_places(document, ())):
        for what, other in _others(value):
            if other != value:
                yield path, what, _with(data, path, other)
        yield path, "removed", _with(data, path, REMOVED)
        if isinstance(path[-1], str):
            yield path, "misspelt", _renamed(data, path)


def _places(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if path:
        yield path, value
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from _places(child, (*path, key))


def _others(value: Any) -> Iterator[tuple[str, Any]]:
    yield "null", None
    yield "number", 7
    if isinstance(value, dict):
        yield "emptied", {}
        yield "another name inside", {**value, "colour": "red"}
        yield "listed", [value]
    elif isinstance(value, list):
        yield "emptied", []
        yield "doubled", value * 2
        yield "reversed", value[::-1]
        yield "shortened", value[:-1]
    elif isinstance(value, str):
        yield from _texts(value)


def _texts(value: str) -> Iterator[tuple[str, Any]]:
    yield "emptied", ""
    yield "with a blank", value + " "
    yield "with a line break", value + "\n"
    if _NUMBER.fullmatch(value):
        yield "one more", str(int(value) + 1)
        yield "one less", str(int(value) - 1)
        yield "leading zero", "0" + value
        yield "fraction", value + ".0"
        yield "as a number", int(value)
        yield "huge", str(1 << 64)
    elif _BASE64.fullmatch(value):
        for place in {0, len(value) // 3, len(value) // 2, len(value.rstrip("=")) - 1}:
            yield f"other at {place}", value[:place] + _next(value[place]) + value[place + 1 :]
        yield "unpadded", value.rstrip("=")
        yield "padded more", value + "="
        yield "longer", value.rstrip("=") + "AAAA"
        yield "shorter", value[:-4]
        yield "URL alphabet", value.replace("+", "-").replace("/", "_")
    elif not value:
        yield "filled", "x"
    else:
        yield "other first", _next(value[0]) + value[1:]
        yield "other last", value[:-1] + _next(value[-1])
        yield "upper case", value.upper()
        yield "doubled", value * 2
        lines = value.split("\n")
        for number in range(len(lines) if len(lines) > 1 else 0):
            yield f"without line {number}", "\n".join(lines[:number] + lines[number + 1 :])
            yield f"line {number} changed", "\n".join([*lines[:number], lines[number] + "x", *lines[number + 1 :]])


def _next(character: str) -> str:
    return {"9": "0", "z": "a", "Z": "A", "=": "A", "/": "+"}.get(character) or chr(ord(character) + 1)


def _with(data: bytes, path: Path, value: Any) -> bytes:
    document = json.loads(data)
    place = document
    for step in path[:-1]:
        place = place[step]
    if value == REMOVED:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return json.dumps(document).encode()


def _renamed(data: bytes, path: Path) -> bytes:
    document = json.loads(data)
    place = document
    for step in path[:-1]:
        place = place[step]
    snake = re.sub(r"([A-Z])", lambda m: "_" + m[1].lower(), str(path[-1]))
    place[snake if snake != path[-1] else str(path[-1]).upper()] = place.pop(path[-1])
    return json.dumps(document).encode()
