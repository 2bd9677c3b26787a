"""Names of functions in a Rust program, from the symbol table that ELF programs keep until they are stripped.

Rust mangles names in two ways: like C++ (`_ZN…17h<hash>E`, "legacy"), and by RFC 2603 (`_R…`, "v0"). What is not here
may be inlined or stripped all the same, so a name that is missing means nothing.
"""

import re

from assay.formats.chunks import ChunkView
from assay.formats.executable import read_program
from assay.model.errors import MalformedError
from assay.model.limits import Limits
from assay.model.patterns import lazy

_HASH = lazy(r"h[0-9a-f]{16}")
_ESCAPES = {
    "$SP$": "@", "$BP$": "*", "$RF$": "&", "$LT$": "<", "$GT$": ">", "$LP$": "(", "$RP$": ")", "$C$": ",", "..": "::",
    "$u20$": " ", "$u27$": "'", "$u5b$": "[", "$u5d$": "]", "$u7b$": "{", "$u7d$": "}", "$u7e$": "~",
}  # fmt: skip
_ESCAPE = lazy("|".join(map(re.escape, _ESCAPES)))
_NAME_CHARACTERS = 4_096
_DEPTH_COUNT = 64
_STEPS_COUNT = 2_000
"""Paths one name may take apart: a reference back is followed each time it stands, so a name can grow without end."""


def read_rust_functions(view: ChunkView, limits: Limits) -> tuple[str, ...]:
    """Paths such as `smallvec::SmallVec::insert_many`, sorted, each once; none for a stripped or another program.

    Raises:
        MalformedError: headers that point outside the file, or more names than the limits allow.
    """
    program = read_program(view, b".strtab", b"")
    if program is None or not program.exact or not program.places:
        return ()
    place = program.places[0]
    if place.size > limits.go_functions_bytes:
        raise _bad(view, f"{place.size} bytes of names, limit {limits.go_functions_bytes}")
    data = view.read(place.offset, place.size)
    if data.count(0) > limits.go_functions_count:
        raise _bad(view, f"{data.count(0)} names, limit {limits.go_functions_count}")
    mangled = (name for name in data.split(b"\0") if name.startswith((b"_ZN", b"_R")) and name.isascii())
    return tuple(sorted({path for name in mangled if (path := demangle(name.decode("ascii")))}))


def demangle(name: str) -> str:
    """The path of a function without generic arguments and hash; empty for what is none of Rust's names."""
    if len(name) > _NAME_CHARACTERS or not name.isascii():
        return ""
    if name.startswith("_ZN"):
        return _legacy(name)
    parts = _V0(name).path(0) if name.startswith("_R") else None
    return "::".join(parts) if parts and len(parts) > 1 else ""


def _legacy(name: str) -> str:
    parts: list[str] = []
    at = 3
    while at < len(name) and name[at].isdigit():
        end = at
        while end < len(name) and name[end].isdigit():
            end += 1
        length = int(name[at:end])
        if end - at > 4 or end + length > len(name):
            return ""
        parts.append(name[end : end + length])
        at = end + length
    if len(parts) < 2 or not _HASH.fullmatch(parts[-1]):
        return ""
    return "::".join(filter(None, map(_plain, parts[:-1])))


def _plain(part: str) -> str:
    """One element without escapes and generic arguments; of `<a::B as c::D>` and `<impl a::B>` only `a::B`."""
    text = _ESCAPE.sub(lambda match: _ESCAPES[match[0]], part)
    text = text.removeprefix("_") if text.startswith("_<") else text
    if text.startswith("<"):
        text = text[1:].removeprefix("impl ").partition(" as ")[0]
        text = text.partition(" for ")[2] or text
    return text.partition("<")[0].rstrip(">").lstrip("&*")


class _V0:
    """The paths of RFC 2603; types and constants are not followed: a name that needs them has no path."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._steps = text, 2, 0

    def path(self, depth: int) -> list[str] | None:
        """`C` crate, `N` nested, `I` with generic arguments, `M`, `X`, `Y` in an implementation, `B` seen before."""
        self._steps += 1
        if depth > _DEPTH_COUNT or self._steps > _STEPS_COUNT:
            self._at = len(self._text)  # whoever reads on finds the end
            return None
        tag = self._next()
        if tag == "C":
            return self._named()
        if tag == "N":
            self._next()
            return self._joined(self.path(depth + 1))
        if tag == "I":
            found = self.path(depth + 1)
            self._arguments(depth + 1)
            return found
        if tag == "M":
            self._disambiguator()
            self.path(depth + 1)
            return self.path(depth + 1)  # the type, where it is a path
        if tag == "B":
            return self._before(depth)
        return None

    def _joined(self, parent: list[str] | None) -> list[str] | None:
        own = self._named()
        return None if parent is None or own is None else [*parent, *(name for name in own if name)]

    def _named(self) -> list[str] | None:
        """An identifier, with its disambiguator: decimal length, an underscore where it begins with a digit."""
        self._disambiguator()
        start = self._at
        while self._at < len(self._text) and self._text[self._at].isdigit() and self._at - start < 5:
            self._at += 1
        if start == self._at:
            return None
        length = int(self._text[start : self._at])
        self._at += self._text[self._at : self._at + 1] == "_"
        name = self._text[self._at : self._at + length]
        self._at += length
        return [name] if len(name) == length else None

    def _disambiguator(self) -> None:
        if self._text[self._at : self._at + 1] == "s":
            end = self._text.find("_", self._at)
            self._at = end + 1 if end >= 0 else len(self._text)

    def _arguments(self, depth: int) -> None:
        """Over the arguments of a generic path; one of a kind that is not known here ends the name."""
        opened = 1
        while opened and self._at < len(self._text):
            tag = self._next()
            if tag in "CNIMXYB":
                self._at -= 1
                self.path(depth + 1)
            elif tag in "LK":
                self._at = self._text.find("_", self._at) + 1 or len(self._text)
            elif tag in "TE":
                opened += 1 if tag == "T" else -1
            elif not (tag.islower() or tag in "RQPOS"):
                self._at = len(self._text)

    def _before(self, depth: int) -> list[str] | None:
        """A place counted from behind `_R`, in base 62, one more than written."""
        end = self._text.find("_", self._at)
        if end < 0 or end - self._at > 4:
            return None
        place = 0
        for letter in self._text[self._at : end]:
            place = place * 62 + _BASE62.index(letter) if letter in _BASE62 else 1 << 30
        place = place + 1 if end > self._at else 0
        after, here = end + 1, self._at
        if 2 + place >= here:
            return None
        self._at = 2 + place
        found = self.path(depth + 1)
        self._at = after if self._steps <= _STEPS_COUNT else len(self._text)
        return found

    def _next(self) -> str:
        self._at += 1
        return self._text[self._at - 1 : self._at]


_BASE62 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _bad(view: ChunkView, why: str) -> MalformedError:
    return MalformedError("the symbol table cannot be read", where=view.where, why=why, remedy="the program is forged")
