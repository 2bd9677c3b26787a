"""Licence texts, notices and references in free text to one SPDX expression: always a conclusion, never a declaration.

One pass: the text is normalised once, then searched for fixed phrases and for a few patterns of bounded length, so the
time is linear in the text. Nothing is guessed: a text that fits no phrase gives nothing.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from assay.dependencies.licence_choices import choices
from assay.dependencies.licence_phrases import (
    APPENDIX_BYTES,
    BODIES,
    CHOICE_BYTES,
    CHOICES,
    COMPOUNDS,
    NAMED_AS,
    PUBLIC_DOMAIN,
    PUBLIC_DOMAIN_PHRASES,
    REFERENCES,
    TEXTS,
    WITHIN,
    Text,
)
from assay.dependencies.licences import join
from assay.model.inventory import LicenceConfidence

TEXT, NOTICE, REFERENCE = "text", "notice", "reference"


class Conclusion(NamedTuple):
    """An SPDX expression with how surely and from what; all empty where nothing was recognised."""

    expression: str = ""
    confidence: LicenceConfidence = ""
    method: str = ""


_KEEP = bytes(
    byte + 32 if 65 <= byte <= 90 else byte if 97 <= byte <= 122 or 48 <= byte <= 57 else 32 for byte in range(256)
)
_VERSIONS = {
    "gpl": {"1": "1.0", "1 0": "1.0", "2": "2.0", "2 0": "2.0", "3": "3.0", "3 0": "3.0"},
    "lgpl": {"2": "2.0", "2 0": "2.0", "2 1": "2.1", "3": "3.0", "3 0": "3.0"},
    "agpl": {"1": "1.0", "3": "3.0", "3 0": "3.0"},
    "gfdl": {"1 1": "1.1", "1 2": "1.2", "1 3": "1.3"},
}
ANY_VERSION = {"gpl": "GPL-1.0-or-later", "lgpl": "LGPL-2.0-or-later", "gfdl": "GFDL-1.1-or-later"}
"""A GNU licence named without a version may be had in any (GPL-2.0 §9)."""
_FAMILIES = {b"": "gpl", b"library ": "lgpl", b"lesser ": "lgpl", b"affero ": "agpl"}
_TITLE = re.compile(
    rb"gnu (?:(library |lesser |affero |)general public|(free documentation)) licen[cs]es?(?: [la]?gpl)?"
)
_SHORT = tuple(re.compile(word + rb" ?(?:version |v |v)?(\d)(?: (\d))?\b") for word in (b"gpl", b"gfdl"))
"""One pattern a word: a pattern that begins with fixed letters is found many times faster."""
_VERSION = re.compile(rb"\b(?:version |versions |v |v)(\d)(?: (\d)\b)?")
_BEFORE = re.compile(
    rb"version (\d)(?: (\d))?(?: (?:or|and) (?:at your option )?(?:any )?(?:later|newer)(?: versions?)?)?"
    rb" of the $"
)
_LATER = re.compile(rb"\b(?:any|or) (?:later|newer|greater|higher|subsequent)\b|\bor at your option any later\b")
_ALTERNATIVELY = re.compile(
    rb"\balternatively (?:[a-z0-9]++ ){0,20}may be (?:re)?(?:distributed|used|licensed) under the terms of the "
)
"""A second licence beside the text of the first: then the first is not named again."""
_REFERENCE = re.compile(rb"common licen[cs]es (l?gpl|gfdl|apache|artistic|bsd|mpl|cc0)(?: (\d)(?: (\d)(?= |$))?)?\b")
_STOP = re.compile(rb"gnu |for more details|along with|can be found|a copy of|see the file")
_PACKAGING = re.compile(rb"debian (?:packaging|specific changes|modifications|package is)|packaging (?:itself|is) ")
_PACKAGING_BYTES = 320
_AHEAD_BYTES, _LATER_BYTES, _BEFORE_BYTES = 240, 110, 110
_NEAR_BYTES = 40
"""So near behind its title "can be found" tells where the text of that version lies."""


_COMMON = frozenset(
    b"license licensed permission granted version software distribute distributed distribution public purpose material "
    b"copyright including following modifications without documentation".split()
)
_ROWS = tuple((row, max((w for w in row.anchor.split() if w not in _COMMON), key=len)) for row in TEXTS)
"""Each kind of text with the word of its anchor that is looked for first: words are cheap to look up, phrases not."""
_TELLING = frozenset(word for _, word in _ROWS)


def normalise(text: bytes) -> bytes:
    """Lower case, one space between words of ASCII letters and digits; a plus sign means "or later" (`GPLv2+`)."""
    return b" ".join(_words(text))


def _words(text: bytes) -> list[bytes]:
    return text.replace(b"+", b" or later ").translate(_KEEP).split()


_REMEMBERED_COUNT, _REMEMBERED_BYTES = 64, 48 << 10
"""Texts whose conclusion is remembered, and the longest of them: many packages bring the very same file."""


def conclude(text: bytes) -> Conclusion:
    """The licences a free text states, all of which are taken to hold, but of those it offers as a choice only one.

    Args:
        text: a copyright or licence file; the caller bounds its size.

    Returns:
        `strong` for exactly one licence known by its text or notice; `weak` where several were found (how they combine
        is not read) or where there is only a reference to a file of them.
    """
    return _conclude(text) if len(text) <= _REMEMBERED_BYTES else _conclude.__wrapped__(text)


@lru_cache(maxsize=_REMEMBERED_COUNT)
def _conclude(text: bytes) -> Conclusion:
    listed = _words(text)
    body, words = b" ".join(listed), _TELLING.intersection(listed)
    found: dict[str, str] = {}
    for phrase, expression in COMPOUNDS:
        if phrase in body:
            found.setdefault(expression, NOTICE)
            body = body.replace(phrase, b" ")
    gnu = b"gpl" in body or b"gnu" in body or b"gfdl" in body
    whole: list[str] = []
    if gnu:
        for phrase in WITHIN:
            body = body.replace(phrase, b" ")
        body, whole = _without_bodies(body)
    copies: Counter[str] = Counter()
    for row, word in _ROWS:
        if word in words and row.anchor in body:
            names = list(_variants(body, row))
            found |= dict.fromkeys(names, TEXT)
            if row.reach > len(row.anchor):  # a text; a mere name may well stand there twice
                copies.update(names)
    if gnu:
        found |= {spdx: found.get(spdx, NOTICE) for spdx in _own(_notices(_REFERENCE.sub(b" ", body)), found)}
    for spdx in whole:
        if not _covered(spdx.partition("-")[0], spdx.removesuffix("-only"), found):
            found.setdefault(spdx, TEXT)
    found |= {spdx: REFERENCE for spdx in _own(_references(body), found) if not _covered(spdx.split("-")[0], "", found)}
    return _concluded(found, body, copies)


def _own(hits: Iterable[tuple[str, bool]], found: dict[str, str]) -> list[str]:
    """Hits without those for the packaging alone, which count only where there is nothing else (as in `from_dep5`)."""
    listed = list(hits)
    upstream = [spdx for spdx, packaging in listed if not packaging]
    return upstream or ([] if found else [spdx for spdx, _ in listed])


def _of_packaging(body: bytes, at: int) -> bool:
    return _PACKAGING.search(body, max(0, at - _PACKAGING_BYTES), at) is not None


def _concluded(found: dict[str, str], body: bytes, copies: Mapping[str, int]) -> Conclusion:
    if not found:
        stated = any(phrase in body for phrase in PUBLIC_DOMAIN_PHRASES)
        return Conclusion(PUBLIC_DOMAIN, "weak", NOTICE) if stated else Conclusion()
    methods = sorted(set(found.values()))
    strong = len(found) == 1 and methods != [REFERENCE]
    return Conclusion(_expression(found, body, copies), "strong" if strong else "weak", "+".join(methods))


def _expression(found: Iterable[str], body: bytes, copies: Mapping[str, int]) -> str:
    """All that was found, joined by AND; what a list of the text offers as a choice by OR.

    A licence whose text stands there more than once may be that of another part as well: it holds in any case, unless
    it is one of only two.
    """
    names = sorted(found)
    if _is_choice(names, body):
        return " OR ".join(names)
    if len(names) < 2:
        return join(names)
    whole = [name for name in names if " " not in name]
    groups = [
        group for group in choices(body, whole) if len(names) == 2 or all(copies.get(one, 0) < 2 for one in group)
    ]
    chosen = frozenset[str]().union(*groups)
    return join([*(" OR ".join(sorted(group)) for group in groups), *(name for name in names if name not in chosen)])


def _is_choice(found: list[str], body: bytes) -> bool:
    """Whether the text offers exactly these two for a choice, in one of the ways that need no list."""
    if len(found) != 2 or any(" " in expression for expression in found):
        return False
    if b"alternatively" in body and _ALTERNATIVELY.search(body):
        return True
    return any(_names_both(found, body, phrase) for phrase in CHOICES)


def _names_both(found: list[str], body: bytes, phrase: bytes) -> bool:
    at = body.find(phrase)
    if at < 0:
        return False
    near = body[max(0, at - CHOICE_BYTES) : at + CHOICE_BYTES]
    families = [spdx.partition("-")[0] for spdx in found]
    return all(any(word in near for word in NAMED_AS.get(one, (one.lower().encode(),))) for one in families)


def _covered(family: str, version: str, found: dict[str, str]) -> bool:
    """Whether a licence of the family, or of this version of it, was found by better evidence."""
    names = (word.strip("()") for expression in found for word in expression.split())
    wanted = version or f"{family.upper()}-"
    return any(name.upper().startswith(wanted.upper()) for name in names)


def _variants(body: bytes, row: Text) -> Iterator[str]:
    at = body.find(row.anchor)
    while at >= 0:
        following = body.find(row.anchor, at + len(row.anchor))
        end = at + row.reach if following < 0 else min(at + row.reach, following)
        part = body[at:end]
        for variant in row.variants:
            if all(need in part for need in variant.needs) and not any(no in part for no in variant.never):
                yield variant.spdx
                break
        at = following


def _without_bodies(body: bytes) -> tuple[bytes, list[str]]:
    """The text without whole GNU licences, which talk of themselves, and the names of those."""
    names = []
    for title, closing, spdx in BODIES:
        at = body.find(title)
        if at < 0:
            continue
        end = body.find(closing, at)
        if end >= 0:
            names.append(spdx)
            appendix = body.find(b"how to apply these terms", end, end + 200) >= 0
            body = body[:at] + b" " + body[end + len(closing) + (APPENDIX_BYTES if appendix else 0) :]
    return body, names


def _notices(body: bytes) -> Iterator[tuple[str, bool]]:
    """GNU licences with the version a notice names, before or after the title, or in short (`GPLv2 or later`).

    Each with whether it is for the packaging alone. A sentence that says where the text lies is a reference.
    """
    for match in _TITLE.finditer(body):
        family = "gfdl" if match[2] else _FAMILIES[match[1]]
        before = body[max(0, match.start() - _BEFORE_BYTES) : match.start()]
        ahead = body[match.end() : match.end() + _AHEAD_BYTES]
        stop = _STOP.search(ahead)
        if (stop and stop[0] == b"can be found" and stop.start() < _NEAR_BYTES) or before.endswith(
            (b"text of the ", b"version of the ")
        ):
            continue
        ahead = ahead[: stop.start()] if stop else ahead
        version = _BEFORE.search(before)
        if version is not None:
            later = bool(_LATER.search(version[0]))
        else:
            version = _VERSION.search(ahead)
            later = version is not None and bool(_LATER.search(ahead, version.end(), version.end() + _LATER_BYTES))
        if version is not None:
            names = _versioned(family, version[1], version[2], later=later, plain=b"no invariant" in ahead)
            yield from ((spdx, _of_packaging(body, match.start())) for spdx in names)
    for match in (match for short in _SHORT for match in short.finditer(body)):
        word = b"gfdl" if match[0].startswith(b"gfdl") else b"gpl"
        family = (body[body.rfind(b" ", 0, match.start()) + 1 : match.start()] + word).decode()
        if family not in _VERSIONS:
            continue
        later = bool(_LATER.match(body, match.end() + 1)) or body.startswith(b" or at your option", match.end())
        names = _versioned(family, match[1], match[2], later=later)
        yield from ((spdx, _of_packaging(body, match.start())) for spdx in names)


def _versioned(family: str, major: bytes, minor: bytes | None, *, later: bool, plain: bool = False) -> Iterator[str]:
    known = _VERSIONS[family]
    number = known.get(f"{major.decode()} {(minor or b'').decode()}") or known.get(major.decode())
    if number:
        invariant = "-no-invariants" if plain and family == "gfdl" else ""
        yield f"{family.upper()}-{number}{invariant}-{'or-later' if later else 'only'}"


def _references(body: bytes) -> Iterator[tuple[str, bool]]:
    """Files of `/usr/share/common-licenses` that are named; a GNU one without a version may be any."""
    for match in _REFERENCE.finditer(body):
        word, major, minor = match[1].decode(), match[2], match[3]
        if word in _VERSIONS:
            later = bool(_LATER.search(body, max(0, match.start() - 300), match.start()))
            exact = list(_versioned(word, major, minor, later=later)) if major else []
            yield exact[0] if exact else ANY_VERSION[word], _of_packaging(body, match.start())
            continue
        number = b" ".join(filter(None, (major, minor))).decode()
        spdx = REFERENCES.get(f"{word} {number}".strip()) or REFERENCES.get(word)
        if spdx:
            yield spdx, False
