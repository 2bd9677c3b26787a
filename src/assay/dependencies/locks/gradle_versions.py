"""Gradle's version constraints and its order of versions (Gradle User Manual, "Declaring Versions", "Rich Versions").

A rich version is written here as its terms joined by ` and `: `strictly [1.0,2.0[ and prefer 1.5 and reject 1.4`.
"""

import re
from itertools import zip_longest

from assay.model.patterns import lazy

_SEPARATORS = lazy(r"[0-9]+|[^0-9.\-_+]+")
_RANGE = lazy(r"([\[\](])([^,\[\]()]{0,300})(?:(,)([^,\[\]()]{0,300}))?([\[\])])")
_VERSION = lazy(r"[0-9A-Za-z_][0-9A-Za-z._+-]{0,300}")
_RANKS = {"dev": -1, "rc": 1, "snapshot": 2, "final": 3, "ga": 4, "release": 5, "sp": 6}
"""Words with a place of their own; all other words have rank 0 and go by the alphabet."""
_TERMS_COUNT = 50

_Part = tuple[int, int, str]
"""Kind (0 = word, 1 = number), number or rank, word."""


def compare(left: str, right: str) -> int:
    """-1, 0 or 1. A further number makes a version higher, a further word makes it lower.

    >>> compare("1.0-rc1", "1.0"), compare("1.1", "1.1.0"), compare("1.0-dev", "1.0-alpha"), compare("1_0", "1.0")
    (-1, -1, -1, 0)
    """
    for a, b in zip_longest(_parts(left), _parts(right)):
        if a is None or b is None:
            longer = a or b
            sign = 1 if longer is not None and longer[0] else -1
            return sign if b is None else -sign
        if a != b:
            return 1 if a > b else -1
    return 0


def _parts(version: str) -> list[_Part]:
    return [_part(word) for word in _SEPARATORS.findall(version[:1_000])]


def _part(word: str) -> _Part:
    if "0" <= word[0] <= "9":
        return (1, int(word), "")
    rank = _RANKS.get(word.lower(), 0)
    return (0, rank, "" if rank else word)


def allows(wanted: str, version: str) -> bool | None:
    """Whether a locked version is one that a declaration allows; None when that cannot be decided.

    A plain version and `require` are lower bounds: another dependency may raise them, even out of a range.

    >>> allows("1.5", "1.6"), allows("1.5", "1.4"), allows("[1.0,2.0[", "2.1"), allows("[1.0,2.0[!!1.5", "2.1")
    (True, False, None, False)
    """
    terms = _terms(wanted)
    if terms is None or not _VERSION.fullmatch(version):
        return None
    answers = [_TERMS[name](value, version) for name, value in terms]
    return False if False in answers else None if None in answers else True


def _terms(wanted: str) -> list[tuple[str, str]] | None:
    if "!!" in wanted:
        strict, _, preferred = wanted.partition("!!")
        return [("strictly", strict.strip()), *([("prefer", preferred.strip())] if preferred.strip() else [])]
    found = []
    for text in wanted.split(" and ")[:_TERMS_COUNT]:
        name, blank, value = text.strip().partition(" ")
        if name not in _TERMS or not blank:
            name, value = "require", text
        found.append((name, value.strip()))
    return found if wanted.count(" and ") < _TERMS_COUNT else None


def _strictly(selector: str, version: str) -> bool | None:
    if _dynamic(selector) or not selector:
        return None
    if match := _RANGE.fullmatch(selector):
        place = _place(match, version)
        return None if place is None else place == 0
    if selector.endswith("+"):
        return version.startswith(selector[:-1])
    return version == selector if _VERSION.fullmatch(selector) else None


_IN_A_RANGE = {-1: False, 0: True, 1: None}
"""Above the range another dependency may have raised it."""


def _require(selector: str, version: str) -> bool | None:
    if _dynamic(selector) or not selector:
        return None
    if match := _RANGE.fullmatch(selector):
        place = _place(match, version)
        return None if place is None else _IN_A_RANGE[place]
    if selector.endswith("+"):
        stem = selector[:-1]
        if version.startswith(stem):
            return True
        return False if compare(version, stem.rstrip(".")) < 0 else None
    return compare(version, selector) >= 0 if _VERSION.fullmatch(selector) else None


def _reject(selector: str, version: str) -> bool | None:
    answer = _strictly(selector, version)
    return None if answer is None else not answer


def _prefer(_selector: str, _version: str) -> bool | None:
    """Any stronger opinion wins: nothing a version could break."""
    return True


_TERMS = {"strictly": _strictly, "require": _require, "prefer": _prefer, "reject": _reject}


def _dynamic(selector: str) -> bool:
    return selector.startswith("latest.")


def _place(match: re.Match[str], version: str) -> int | None:
    """-1 below the range, 0 in it, 1 above; None for a range that is none."""
    opened, low, comma, high, closed = match[1], match[2].strip(), match[3], (match[4] or "").strip(), match[5]
    if not comma:
        same = opened == "[" and closed == "]" and _VERSION.fullmatch(low)
        return compare(version, low) if same else None
    if any(bound and not _VERSION.fullmatch(bound) for bound in (low, high)):
        return None
    if low and compare(version, low) < (0 if opened == "[" else 1):
        return -1
    if not high:
        return 0
    order = compare(version, high)
    if closed == "]":
        return 0 if order <= 0 else 1
    # an excluded upper bound leaves out what begins like it: 2.0-rc1 is not in [1.0,2.0[
    return 0 if order < 0 and _parts(version)[: len(_parts(high))] != _parts(high) else 1
