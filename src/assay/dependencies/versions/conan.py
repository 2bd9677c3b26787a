"""Conan 2's order: items by number, or as text where either is text; zeros at the end do not count.

Text and numbers compare as text, which makes the order intransitive (`10` < `1a` < `2` < `10`): only versions of plain
numbers have keys (02 + number each, end 01); all others are compared one by one.
"""

import re
from itertools import zip_longest

from assay.dependencies.versions.scheme import VERSION_CHARACTERS, Scheme, guarded, num

_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_WHOLE = re.compile(r"([0-9A-Za-z_~.]+)(?:-([0-9A-Za-z_~.\-]+))?(?:\+([0-9A-Za-z_~.\-+]+))?")


def _items(text: str) -> list[str]:
    items = [item.lstrip("0") or "0" if item.isdigit() else item for item in text.split(".")]
    while items and items[-1] == "0":
        items.pop()
    return items


def _encode(version: str) -> bytes | None:
    if not _PLAIN.fullmatch(version):
        return None
    return b"".join(b"\x02" + num(digits) for digits in _items(version)) + b"\x01"


def _order(one: str, other: str) -> int:
    """Of two lists of items: the first that differ decide, else the longer list follows."""
    for mine, theirs in zip_longest(_items(one), _items(other)):
        if mine is None or theirs is None:
            return -1 if mine is None else 1
        if mine == theirs:
            continue
        if mine.isdigit() and theirs.isdigit():  # without zeros before them: the longer is the greater
            return 1 if (len(mine), mine) > (len(theirs), theirs) else -1
        return 1 if mine > theirs else -1
    return 0


def _compare(a: str, b: str) -> int | None:
    first, second = (_WHOLE.fullmatch(text.strip()) if len(text) <= VERSION_CHARACTERS else None for text in (a, b))
    if first is None or second is None:
        return None
    if order := _order(first[1], second[1]):
        return order
    if (first[2] is None) != (second[2] is None):
        return 1 if first[2] is None else -1  # a release follows its pre-releases
    if first[2] and second[2] and (order := _order(first[2], second[2])):
        return order
    if (first[3] is None) != (second[3] is None):
        return -1 if first[3] is None else 1
    return _order(first[3], second[3]) if first[3] and second[3] else 0


_key = guarded(_encode)
CONAN = Scheme("conan", 1, _key, _compare)
