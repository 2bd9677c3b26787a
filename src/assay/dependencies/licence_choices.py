"""Which of the licences that a text states it offers as a choice: where it says `or`, `either`, `dual`, `your choice`.

A list is read behind the words that begin one, as far as nothing else stands between the names. Every licence that is
in no such list still holds: where the text does not say it, no duty is forgotten.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

_MANY_COUNT = 99
_COUNTED = {b"dual": 2, b"tri": 3, b"triple": 3, b"multi": _MANY_COUNT}
"""Words that say how many licences follow."""
_UNDER = ("licen[cs]ed", "released", "distributed", "redistributed", "available", "provided", "used")
_BEGINS = re.compile(
    " (?:{})(?= )".format(
        "|".join(
            [
                *(f"{word.decode()} licen[cs](?:ed?|ing)" for word in _COUNTED),
                *(f"{word} of the following(?: [a-z]{{1,20}})? licen[cs]es?()" for word in ("either", "any", "one")),
                *(f"{word} choice of(?: licen[cs]es?)?()" for word in ("your", "the", "a")),
                "choose (?:between|either|one of)()",
                *(f"{word} under" for word in _UNDER),
                "under the terms of",
            ]
        )
    ).encode()
)
"""Each way begins with letters, not with a group: one that does not fit is left at the first, in half the time."""
_LISTS_COUNT = 50
_LIST_BYTES = 700
_NAMES: Mapping[str, str] = {
    "mit": "MIT", "expat": "MIT", "apache": "Apache", "bsd": "BSD", "gpl": "GPL", "lgpl": "LGPL", "agpl": "AGPL",
    "mpl": "MPL", "mozilla": "MPL", "zlib": "Zlib", "isc": "ISC", "artistic": "Artistic", "epl": "EPL",
    "eclipse": "EPL", "cddl": "CDDL", "boost": "BSL", "bsl": "BSL", "unlicense": "Unlicense", "cc0": "CC0",
    "wtfpl": "WTFPL", "ofl": "OFL", "upl": "UPL", "ncsa": "NCSA",
}  # fmt: skip
"""How a list names a licence → first word of its SPDX identifier."""
_GNU = {"lesser": "LGPL", "library": "LGPL", "affero": "AGPL"}
_FAMILIES = frozenset(_NAMES.values())
_FILLERS = frozenset({
    "0", "1", "2", "3", "4", "5", "a", "affero", "an", "and", "any", "as", "at", "both", "by", "choice", "clause",
    "com", "either", "ever", "file", "files", "foundation", "free", "general", "gnu", "html", "http", "https",
    "identifier", "j", "later", "lesser", "library", "licence", "licences", "license", "licensed", "licenses", "md",
    "modified", "net", "new", "newer", "of", "opensource", "option", "or", "org", "original", "prefer", "public",
    "published", "revised", "see", "simplified", "software", "spdx", "style", "terms", "that", "the", "these",
    "this", "txt", "under", "v", "version", "versions", "which", "whichever", "www", "x", "x11", "you", "your",
})  # fmt: skip
"""Words that may stand between the names of a list."""
_SHORT = re.compile(r"([a-z]{2,12}?)v?[0-9.]{0,3}")


class _Listed(NamedTuple):
    """The licences of one list, what parts each from the one before, and whether `either` stands before the first."""

    names: tuple[str, ...]
    parted: tuple[frozenset[str], ...]
    either: bool


def choices(body: bytes, found: Collection[str]) -> list[frozenset[str]]:
    """The sets of licences of which one may be chosen, each of two or more of `found`; they have none in common.

    Args:
        body: a text as `licence_texts.normalise` leaves it.
        found: SPDX identifiers that the text states.

    Returns:
        None of the sets if two lists name the same licence and others beside it: then nobody can tell.
    """
    families: dict[str, list[str]] = {}
    for spdx in found:
        families.setdefault(spdx.partition("-")[0], []).append(spdx)
    if sum(len(names) == 1 and family in _FAMILIES for family, names in families.items()) < 2:
        return []
    groups: set[frozenset[str]] = set()
    for listed in _lists(body):
        if all(len(families.get(name, ())) == 1 for name in listed):
            groups.add(frozenset(families[name][0] for name in listed))
    largest = [group for group in groups if not any(group < other for other in groups)]
    several = sum(len(group) for group in largest) > len(frozenset().union(*largest))
    return [] if several else sorted(largest, key=sorted)


def _lists(body: bytes) -> Iterator[tuple[str, ...]]:
    body = b" " + body  # a space before every word: with a fixed letter ahead the search is twice as fast
    for number, match in enumerate(_BEGINS.finditer(body)):
        if number == _LISTS_COUNT:
            return
        if body[max(1, match.start() - 11) : match.start() + 1].endswith((b" not ", b" never ", b" nor ")):
            continue
        counted = _COUNTED.get(match[0].split()[0])
        words = body[match.end() : match.end() + _LIST_BYTES].decode("ascii", "replace").split()
        listed = _listed(words, counted or _MANY_COUNT)
        if len(listed.names) < 2:
            continue
        if counted or match.lastindex or _is_choice(listed):
            yield listed.names


def _is_choice(listed: _Listed) -> bool:
    """`A or B`, `A, B or C`: an `or` before the last name, and no `and` between any two; of two, `either` is enough."""
    if "and" in frozenset[str]().union(*listed.parted):
        return False
    return "or" in listed.parted[-1] or (listed.either and len(listed.names) == 2)


def _listed(words: list[str], most: int) -> _Listed:
    """Names up to the first word that belongs to no list of licences; a dual licence ends with its second."""
    names: list[str] = []
    parted: list[frozenset[str]] = []
    between: set[str] = set()
    either = False
    for at, word in enumerate(words):
        name = _name(words, at)
        if name and name not in names:
            if len(names) == most:
                break
            if names:
                parted.append(frozenset(between))
            names.append(name)
            between = set()
        elif not name and word not in _FILLERS:
            break
        elif word == "either":
            either = either or not names
        elif word == "and" or (word == "or" and not _is_of_versions(words, at)):
            between.add(word)
    return _Listed(tuple(names), tuple(parted), either)


def _is_of_versions(words: list[str], at: int) -> bool:
    """Whether an `or` joins versions (`or any later`, `or, at your option, any later`) or places, and no licences."""
    following = words[at + 1 : at + 6]
    if following[:3] == ["at", "your", "option"]:
        following = following[3:]
    return not following or following[0] in ("later", "newer", "any", "http", "https", "version")


def _name(words: list[str], at: int) -> str:
    """The licence a word names; `general public` goes by the word before it."""
    word = words[at]
    if word == "general" and words[at + 1 : at + 2] == ["public"]:
        return _GNU.get(words[at - 1] if at else "", "GPL")
    match = _SHORT.fullmatch(word)
    return _NAMES.get(match[1], "") if match else ""
