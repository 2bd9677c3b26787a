"""What a program is by its own texts: the rules of `classifiers.toml`, read once and applied to bytes.

A rule costs nothing for a program of another name; for one of its names the literal is looked for with `bytes.find`,
and only the bytes around it meet the regular expression.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from assay.formats import purl as purls
from assay.formats.chunks import ChunkView
from assay.model.errors import MalformedError
from assay.model.inventory import Confidence
from assay.model.limits import DEFAULT_LIMITS
from assay.model.purl import Purl

_AROUND_BYTES, _LITERAL_BYTES = 128, 64
_LEAST_BYTES = 4
"""A shorter literal stands at too many places of a program; of a text file the beginning is searched anyway."""
_HITS_COUNT = 2_000
"""Places of one literal in one program that are looked at."""
_PIECE_BYTES = 1 << 20
_NUMBER = "{#}"
_HEADS = ([b"[[classifier]]"], [b"[[", b"classifier", b"]]"])


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


def read_rules(data: bytes, where: str) -> tuple[Rule, ...]:
    """Rules of a data file.

    Args:
        data: its bytes; TOML with one table `[[classifier]]` a rule.
        where: named in errors, with the line a rule begins at.

    Raises:
        MalformedError: not TOML, a field that is missing or unknown, a pattern without `version`, a purl that is none.
    """
    from assay.formats import toml  # heavy, and the usual rules are read only when a program is met

    document = toml.loads(data, where=where, limit=DEFAULT_LIMITS.classifiers_bytes)
    listed = document.pop("classifier", [])
    if document or not isinstance(listed, list):
        raise _bad(where, f"unexpected {', '.join(sorted(document)) or 'classifier'}: each rule is a [[classifier]]")
    if len(listed) > DEFAULT_LIMITS.classifiers_count:
        raise _bad(where, f"{len(listed)} rules, limit {DEFAULT_LIMITS.classifiers_count} (classifiers_count)")
    lines = [n for n, line in enumerate(data.splitlines(), 1) if line.split(b"#")[0].split() in _HEADS]
    rules = []
    for number, item in enumerate(listed):
        # Where a rule hides in a text of several lines, or in an inline table, lines and rules do not pair.
        place = f"{where} line {lines[number]}" if len(lines) == len(listed) else f"{where} rule {number + 1}"
        rules.append(_rule(item, place))
    return tuple(rules)


def _rule(item: object, place: str) -> Rule:
    try:
        rule = msgspec.convert(item, Rule)
        if not rule.files or not all(rule.files) or any("/" in name for name in rule.files):
            raise ValueError("`files` are base names, at least one")
        if rule.text and any(letter in name for name in rule.files for letter in "#*"):
            raise ValueError("a text file is named in full, without # or *")
        if "version" not in re.compile(rule.pattern.replace(_NUMBER, "1").encode()).groupindex:
            raise ValueError("the pattern has no group `version`")
        least = 1 if rule.text else _LEAST_BYTES
        if not least <= len(rule.literal) <= _LITERAL_BYTES:
            raise ValueError(f"a literal of {len(rule.literal)} letters; it has {least} to {_LITERAL_BYTES}")
        purls.parse(rule.purl.replace("{version}", "1"))
    except MalformedError as error:
        raise _bad(place, f"its purl {error.why}") from error
    except (ValueError, RecursionError, OverflowError, re.error) as error:  # ValidationError is a ValueError
        name = item.get("name") if isinstance(item, dict) else ""
        raise _bad(place, f"{str(name)[:60]!a}: {str(error)[:300]}" if name else str(error)[:300]) from error
    return rule


def _bad(where: str, why: str) -> MalformedError:
    remedy = "write it as the classifiers that come with Assay are written"
    return MalformedError("not a file of classifiers", where=where, why=why, remedy=remedy)


class Classifiers:
    """The rules, ready to be asked."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.rules = rules
        self._exact: dict[str, list[Rule]] = {}
        self._patterned: list[tuple[str, str, Rule]] = []
        for rule in rules:
            for name in rule.files:
                if "#" in name or "*" in name:
                    self._patterned.append((name.partition("#")[0].partition("*")[0], name, rule))
                else:
                    self._exact.setdefault(name, []).append(rule)
        self._starts = tuple({start for start, _, _ in self._patterned})

    def named(self, base: str, *, text: bool) -> list[tuple[Rule, str]]:
        """The rules for a base name, each with what `#` stood for."""
        found = [(rule, "") for rule in self._exact.get(base, ()) if rule.text == text]
        if not base.startswith(self._starts):  # nearly every library
            return found
        for start, name, rule in self._patterned:
            if base.startswith(start) and rule.text == text and (match := _name_pattern(name).fullmatch(base)):
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
    """The classifiers of the data file that comes with Assay.

    They hold what `read_rules` asks of a user's; to compile each pattern for that alone took 2 ms of every run.
    """
    source = Path(__file__).with_name("classifiers.toml")  # importlib.resources would load zipfile and tempfile
    return Classifiers(msgspec.convert(_plain(source.read_text("utf-8")), tuple[Rule, ...]))


def _plain(text: str) -> list[dict[str, object]]:
    """The rules of our own file, which keeps to a form as plain as this: to load a reader of all of TOML takes 4 ms.

    Each value stands on one line: 'as it is', or a text, a list or a truth value as JSON writes them too.
    """
    rules: list[dict[str, object]] = []
    for line in text.splitlines():
        if line == "[[classifier]]":
            rules.append({})
        elif line and not line.startswith("#"):
            key, _, value = line.partition(" = ")
            rules[-1][key] = value[1:-1] if value.startswith("'") else msgspec.json.decode(value)
    return rules


def joined(own: tuple[Rule, ...]) -> Classifiers:
    """A user's rules before the usual ones; those of one name are replaced by the user's."""
    names = {rule.name for rule in own}
    return Classifiers((*own, *(rule for rule in builtin().rules if rule.name not in names)))


@lru_cache(maxsize=1024)
def _compiled(pattern: str, number: str) -> re.Pattern[bytes]:
    return re.compile(pattern.replace(_NUMBER, re.escape(number)).encode())


@lru_cache(maxsize=1024)
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
