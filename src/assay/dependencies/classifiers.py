"""What a program is by its own texts: the rules of `classifiers.toml`, read once and applied to bytes.

A rule costs nothing for a program of another name; for one of its names the literal is looked for with `bytes.find`,
and only the bytes around it meet the regular expression.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

import msgspec

from assay.formats import purl as purls
from assay.formats.chunks import ChunkView
from assay.model.errors import MalformedError
from assay.model.inventory import Confidence
from assay.model.purl import Purl

_AROUND_BYTES, _LITERAL_BYTES = 128, 64
_HITS_COUNT = 2_000
"""Places of one literal in one program that are looked at."""
_PIECE_BYTES = 1 << 20
_NUMBER = "{#}"


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One classifier as the data file says it; the file's head explains the fields."""

    name: str
    files: tuple[str, ...]
    literal: str
    pattern: str
    purl: str
    cpe: str = ""
    confidence: Confidence = "weak"
    text: bool = False


class Found(NamedTuple):
    """A program that was recognised."""

    rule: Rule
    version: str
    purl: Purl

    @property
    def cpe(self) -> str:
        """The CPE name of this version, or empty."""
        return self.rule.cpe.replace("{version}", self.version)


class _File(msgspec.Struct):
    classifier: tuple[Rule, ...]


def read_rules(data: bytes, where: str) -> tuple[Rule, ...]:
    """Rules of a data file.

    Raises:
        MalformedError: not TOML, a field that is missing or unknown, a pattern without `version`, a purl that is none.
    """
    import tomllib

    try:
        rules = msgspec.convert(tomllib.loads(data.decode()), _File).classifier
        for rule in rules:
            if "version" not in re.compile(rule.pattern.replace(_NUMBER, "1").encode()).groupindex:
                raise ValueError(f"{rule.name}: the pattern has no group `version`")
            if not 4 <= len(rule.literal) <= _LITERAL_BYTES:
                raise ValueError(f"{rule.name}: a literal of {len(rule.literal)} letters")
            purls.parse(rule.purl.replace("{version}", "1"))
    except (ValueError, re.error) as error:  # UnicodeDecodeError, TOMLDecodeError, ValidationError are ValueErrors
        raise MalformedError("not a file of classifiers", where=where, why=str(error)[:300]) from error
    return rules


class Classifiers:
    """The rules, ready to be asked."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._exact: dict[str, list[Rule]] = {}
        self._patterned: list[tuple[re.Pattern[str], Rule]] = []
        for rule in rules:
            for name in rule.files:
                if "#" in name or "*" in name:
                    self._patterned.append((_name_pattern(name), rule))
                else:
                    self._exact.setdefault(name, []).append(rule)

    def named(self, base: str, *, text: bool) -> list[tuple[Rule, str]]:
        """The rules for a base name, each with what `#` stood for."""
        found = [(rule, "") for rule in self._exact.get(base, ()) if rule.text == text]
        for pattern, rule in self._patterned:
            match = pattern.fullmatch(base)
            if match and rule.text == text:
                found.append((rule, next(iter(match.groups()), "").strip(".")))
        return found

    def classify(self, base: str, view: ChunkView, *, text: bool = False) -> Found | None:
        """What the file is, by the first rule that holds; None when no rule does."""
        for rule, number in self.named(base, text=text):
            pattern = _compiled(rule.pattern, number)
            for window in _windows(view, rule.literal.replace(_NUMBER, number).encode(), whole=rule.text):
                match = pattern.search(window)
                if match is not None:
                    version = match["version"].decode("ascii", "replace")
                    return Found(rule, version, purls.parse(rule.purl.replace("{version}", version)))
        return None


@lru_cache(maxsize=1)
def builtin() -> Classifiers:
    """The classifiers of the data file that comes with Assay."""
    source = files("assay.dependencies") / "classifiers.toml"
    return Classifiers(read_rules(source.read_bytes(), "classifiers.toml"))


@lru_cache(maxsize=256)
def _compiled(pattern: str, number: str) -> re.Pattern[bytes]:
    return re.compile(pattern.replace(_NUMBER, re.escape(number)).encode())


def _name_pattern(name: str) -> re.Pattern[str]:
    parts = {"#": r"([0-9][0-9.]*)", "*": ".*"}
    return re.compile("".join(parts.get(letter, re.escape(letter)) for letter in name), re.DOTALL)


def _windows(view: ChunkView, literal: bytes, *, whole: bool) -> Iterator[bytes]:
    """The bytes around each place of a literal; of a text file its beginning."""
    if whole:
        yield view.read(0, min(view.size, _PIECE_BYTES))
        return
    hits = 0
    for at, length in view.pieces(0, view.size, _PIECE_BYTES):
        begin = max(0, at - _AROUND_BYTES)
        # A piece reaches over its end so that a literal on the seam is seen, and seen once.
        piece = view.read(begin, min(at + length + _LITERAL_BYTES + _AROUND_BYTES, view.size) - begin)
        place = piece.find(literal, at - begin)
        while 0 <= place < at - begin + length:
            yield piece[max(0, place - _AROUND_BYTES) : place + len(literal) + _AROUND_BYTES]
            hits += 1
            if hits >= _HITS_COUNT:
                return
            place = piece.find(literal, place + 1)
