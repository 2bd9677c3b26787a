"""What every JSON document we write or read has in common: encoding, escapes, identifiers, times.

Lone surrogates. A file name in an image may hold bytes outside UTF-8; in a value they are surrogate escapes
(U+DC80-U+DCFF). JSON in UTF-8 cannot carry them, and readers disagree about an escape `\\udcff` on the level of JSON.
So on the level of the *text* each lone surrogate is written as its six characters `\\udcff`, and a run of backslashes
that stands before such a thing is doubled. `unescape` undoes exactly that; `tests/properties` holds the law.
XML and tag-value cannot carry control characters and trim lines either: `escape_line` writes those the same way.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal, TypeVar

import msgspec

from assay.formats import strictjson
from assay.model.errors import MalformedError
from assay.model.patterns import lazy

T = TypeVar("T")

_LITERAL = b"\\\\ud"
"""How a text backslash followed by `ud` looks in JSON bytes: only then can a text hold an escape or its look-alike."""
# The look-behind and the possessive runs keep both linear in a megabyte of backslashes.
_ESCAPE = "(?<!\\\\)(\\\\*+)([\ud800-\udfff]|ud[89a-f][0-9a-f]{2})"
_UNESCAPE = lazy(r"(?<!\\)(\\++)(ud[89a-f][0-9a-f]{2})")
_NO_LINE = "[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u2028-\u202e\u2066-\u2069]|<(?=/?text>)|u[0-9a-f]{4}"
_LINE_ESCAPE = f"(?<!\\\\)(\\\\*+)({_NO_LINE}|\\A | \\Z)"
_WORD_ESCAPE = f"(?<!\\\\)(\\\\*+)({_NO_LINE}| )"
_LINE_UNESCAPE = r"(?<!\\)(\\++)(u[0-9a-f]{4})"
# C1 controls and DEL drive terminals, U+2028-202E and U+2066-2069 reorder what a person reads. JSON lets them stand
# raw; we write them as JSON escapes, which every reader undoes.
_HOSTILE = lazy(rb"\x7f|\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]|\xe2\x81[\xa6-\xa9]")

_HOSTILE_FIRSTS = (b"\x7f", b"\xc2", b"\xe2")
"""A byte each of these begins with: megabytes in which there are few of them are not searched by a pattern."""
_FEW = 10_000

_NAMESPACE = bytes.fromhex("7b1c0a3e5f6d4c8e9a2b1d0f3e5c7a91")
"""Name space of our version 5 UUIDs."""
_EPOCH = "1970-01-01T00:00:00Z"
_INSTANT = lazy(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII
)  # RFC 3339 §5.6, date-time


def encode(document: Any, *, order: Literal["sorted"] | None = None) -> bytes:
    """A document of plain values or structs as indented JSON with a final newline, fit for UTF-8 and for terminals.

    Names stand as they do in the document, or sorted.
    """
    try:
        data = msgspec.json.encode(document, order=order)
        lossless = _LITERAL not in data
    except UnicodeEncodeError:
        lossless = False
    if not lossless:
        data = msgspec.json.encode(_walk(msgspec.to_builtins(document, order=order), escape))
    data = msgspec.json.format(data, indent=2)
    if _is_hostile(data):
        data = _HOSTILE.sub(_json_escape, data)
    return data + b"\n"


def _is_hostile(data: bytes) -> bool:
    """Whether the pattern is worth its time: something of it is there, or so much that may be that it is quicker."""
    met = 0
    for first in _HOSTILE_FIRSTS:
        at = data.find(first)
        while at >= 0:
            met += 1
            if met > _FEW or _HOSTILE.match(data, at):
                return True
            at = data.find(first, at + 1)
    return False


def decode(data: bytes, *, where: str, limit: int) -> Any:
    """Strict JSON to plain values, as the document says them (`unescape_all` is the caller's, for documents of ours).

    Raises:
        MalformedError: as `strictjson.loads`.
    """
    return strictjson.loads(data, where=where, limit=limit)


def unescape_all(document: Any, data: bytes) -> Any:
    """Undo `escape` in every text of a decoded document of ours; `data` are its bytes (a cheap look saves the walk)."""
    return _walk(document, unescape) if may_be_escaped(data) else document


def may_be_escaped(data: bytes) -> bool:
    """Whether any text in a document of these bytes may hold an escape."""
    return _LITERAL in data


def convert(document: Any, kind: type[T], *, where: str, what: str) -> T:
    """Plain values to a wire struct.

    Raises:
        MalformedError: they do not fit; the place is a JSON path such as `$.components[3].hashes[0].alg`.
    """
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        why, _, path = str(error).partition(" - at ")
        place = f"{where} {path.strip('`')}" if path else where
        why = why[:300].encode("ascii", "backslashreplace").decode()
        raise MalformedError(what, where=place, why=why, remedy="ask its author for a valid document") from error
    except UnicodeEncodeError as error:
        raise MalformedError(
            what, where=where, why="a lone surrogate in a name", remedy="ask its author for a valid document"
        ) from error


def escape(text: str) -> str:
    """The text without lone surrogates; reversible."""
    return _pattern(_ESCAPE).sub(_escape_one, text)


def unescape(text: str) -> str:
    """The inverse of `escape`."""
    return _UNESCAPE.sub(_unescape_one, text) if "\\" in text else text


def escape_line(text: str) -> str:
    """The text on one line: no control character, lone surrogate or space at an end, no `<text>`; reversible."""
    if text.isascii() and text.isprintable() and "\\" not in text and "<" not in text and text == text.strip(" "):
        return text
    return _pattern(_LINE_ESCAPE).sub(_escape_one, text)


def escape_word(text: str) -> str:
    """As `escape_line`, with no space at all; the inverse is the same."""
    return _pattern(_WORD_ESCAPE).sub(_escape_one, text)


def unescape_line(text: str) -> str:
    """The inverse of `escape_line`."""
    return _pattern(_LINE_UNESCAPE).sub(_unescape_one, text) if "\\" in text else text


def change_all(document: Any, change: Callable[[str], str]) -> Any:
    """The same document of plain values with every text changed."""
    return _walk(document, change)


def uuid5(data: bytes) -> str:
    """A version 5 UUID (RFC 9562 §5.5) of the bytes: the same content has the same identifier."""
    hashed = hashlib.sha1(_NAMESPACE, usedforsecurity=False)
    hashed.update(data)
    digest = bytearray(hashed.digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


@lru_cache(maxsize=64)
def is_instant(text: str) -> bool:
    """Whether the text is an RFC 3339 date-time."""
    if not _INSTANT.fullmatch(text):
        return False
    try:
        _parse(text)
    except (ValueError, OverflowError):
        return False
    return True


def instant(text: str) -> str:
    """An RFC 3339 time in UTC with whole seconds, `2026-01-02T03:04:05Z`; empty text means the epoch.

    Raises:
        MalformedError: not an RFC 3339 date-time.
    """
    if not text:
        return _EPOCH
    if not is_instant(text):
        raise MalformedError("not a time", why=repr(text[:60]), remedy="expected RFC 3339, 2026-01-02T03:04:05Z")
    return _parse(text).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


@lru_cache(maxsize=8)
def _pattern(text: str) -> re.Pattern[str]:
    """Compiled when first needed: with their ranges these take a millisecond, and most runs need none."""
    return re.compile(text)


def _parse(text: str) -> datetime:
    text = re.sub(r"\.\d+", "", text.upper())
    leap = text[17:19] == "60"  # RFC 3339 allows a leap second, datetime does not
    return datetime.fromisoformat(text[:17] + "59" + text[19:] if leap else text).astimezone(UTC)


def _walk(value: Any, change: Any) -> Any:
    """The same document with every text changed; no recursion deeper than the document (64 by the reader's bound)."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(k): _walk(v, change) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_walk(v, change) for v in value]
    return value


def _escape_one(match: re.Match[str]) -> str:
    run, thing = match.groups()
    if len(thing) == 1:
        return f"{run}{run}\\u{ord(thing):04x}"
    return f"{run}{run}{thing}"


def _unescape_one(match: re.Match[str]) -> str:
    run, thing = match.groups()
    half = run[: len(run) // 2]
    return half + chr(int(thing[1:], 16)) if len(run) % 2 else half + thing


def _json_escape(match: re.Match[bytes]) -> bytes:
    return b"\\u%04x" % ord(match[0].decode("utf-8"))
