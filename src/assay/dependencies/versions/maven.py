"""Maven's order ("Version Order Specification" of the POM reference, as Maven 3.8 decides it).

The order is not transitive, so no key can be exact for every version. *Plain* versions have one: dotted numbers, then
at most one `-word`, `-word-N`, `-wordN` or `-N`. Key: 20h + number a part, trailing zeros dropped; then alpha 01,
beta 02, milestone 03, rc 04, snapshot 05, end 06, sp 07, other text 08 + text + 00, number 09; then the number N.
All other versions go the slow way, through `compare`.
"""

import re
from collections.abc import Sequence

from assay.dependencies.versions.scheme import VERSION_CHARACTERS, Scheme, guarded, num

_DEPTH = 100
"""Deepest nesting that is compared; each hyphen and each change between digits and letters opens one level."""

_PLAIN = re.compile(r"([0-9]+(?:\.[0-9]+)*)(?:-(?:([a-z]+)(?:-?([0-9]+))?|([0-9]+)))?")
_CODES = {
    "alpha": b"\x01", "beta": b"\x02", "milestone": b"\x03", "rc": b"\x04", "cr": b"\x04", "snapshot": b"\x05",
    "sp": b"\x07",
}  # fmt: skip
_ENDS = frozenset(("ga", "final", "release"))
_SHORT = {"a": "alpha", "b": "beta", "m": "milestone"}
"""One letter stands for the word only directly before a digit."""

_RANKS = {"alpha": "0", "beta": "1", "milestone": "2", "rc": "3", "cr": "3", "snapshot": "4", "sp": "6"}
_RELEASE = "5"
_TOKENS = re.compile(r"[0-9]+|[^0-9.-]+|[.-]")

_MARKS = frozenset(".-")
_Item = int | str | list["_Item"]


def _encode(version: str) -> bytes | None:
    match = _PLAIN.fullmatch(version.lower())
    if not match:
        return None
    numbers, word, word_n, bare_n = match.groups()
    parts = numbers.split(".")
    while parts and not parts[-1].strip("0"):
        parts.pop()
    head = b"".join(b"\x20" + num(part) for part in parts)
    if bare_n is not None:
        return head + (b"\x09" + num(bare_n) if bare_n.strip("0") else b"\x06")
    if word is None:
        return head + b"\x06"
    if word in _SHORT and word_n is not None and version[-len(word_n) - 1] != "-":
        word = _SHORT[word]
    if word in _ENDS:
        return None if word_n is not None else head + b"\x06"
    code = _CODES.get(word) or b"\x08" + word.encode("ascii") + b"\x00"
    return head + code + num(word_n or "0")


def _parse(version: str) -> list[_Item] | None:
    """Nested lists of numbers and ranked qualifiers; None when nested too deep.

    A hyphen, and each change between digits and letters, opens a new list; an empty place is zero.
    """
    root: list[_Item] = []
    stack = [root]
    tokens = _TOKENS.findall(version.lower())
    previous = "."
    for token, following in zip(tokens, [*tokens[1:], ""], strict=True):
        if token in _MARKS:
            if previous in _MARKS:
                stack[-1].append(0)
            if token == "-":  # noqa: S105  (a version's hyphen)
                _open(stack)
        else:
            if previous not in _MARKS:
                _open(stack)
            if "0" <= token[0] <= "9":
                stack[-1].append(int(token))
            else:
                if following not in _MARKS and stack[-1]:
                    _open(stack)  # 1.0.X1 is read as 1.0-X1, 1.0.X.1 is not (MNG-7559)
                stack[-1].append(_rank(token, following[:1].isdigit()))
        previous = token
        if len(stack) > _DEPTH:
            return None
    for opened in reversed(stack):
        _normalise(opened)
    return root


def _open(stack: list[list[_Item]]) -> None:
    opened: list[_Item] = []
    stack[-1].append(opened)
    stack.append(opened)


def _rank(word: str, before_digit: bool) -> str:
    """A qualifier as the text Maven compares: a rank, or `7-word` for an unknown one."""
    if before_digit:
        word = _SHORT.get(word, word)
    return _RELEASE if word in _ENDS else _RANKS.get(word, f"7-{word}")


def _normalise(items: list[_Item]) -> None:
    """Drop what says nothing (0, release, empty list) from the end, looking past lists that say something."""
    for place in range(len(items) - 1, -1, -1):
        item = items[place]
        if item in (0, _RELEASE, []):
            del items[place]
        elif not isinstance(item, list):
            break


def _sign(left: int | str, right: int | str) -> int:
    if isinstance(left, int) and isinstance(right, int):
        return (left > right) - (left < right)
    a, b = str(left), str(right)
    return (a > b) - (a < b)


def _against_nothing(item: _Item) -> int:
    if isinstance(item, int):
        return int(item != 0)
    if isinstance(item, str):
        return _sign(item, _RELEASE)
    return next((sign for sign in map(_against_nothing, item) if sign), 0)


_KINDS = {str: 0, list: 1, int: 2}
"""A qualifier is less than a list, a list less than a number."""


def _items(left: Sequence[_Item], right: Sequence[_Item]) -> int:
    for place in range(max(len(left), len(right))):
        if place >= len(left):
            sign = -_against_nothing(right[place])
        elif place >= len(right):
            sign = _against_nothing(left[place])
        else:
            sign = _pair(left[place], right[place])
        if sign:
            return sign
    return 0


def _pair(left: _Item, right: _Item) -> int:
    if isinstance(left, list) and isinstance(right, list):
        return _items(left, right)
    if not isinstance(left, list) and not isinstance(right, list) and type(left) is type(right):
        return _sign(left, right)
    return 1 if _KINDS[type(left)] > _KINDS[type(right)] else -1


def _compare(a: str, b: str) -> int | None:
    sides = []
    for version in (a.strip(), b.strip()):
        if not version or len(version) > VERSION_CHARACTERS or not version.isascii():
            return None
        parsed = _parse(version)
        if parsed is None:
            return None
        sides.append(parsed)
    return _items(sides[0], sides[1])


MAVEN = Scheme("maven", 1, guarded(_encode), _compare)
