"""The language of `--fail-on`: `severity >= high and fixable and not base or kev or epss >= 0.5`.

`or` binds weakest, then `and`, then `not`; parentheses group. A test is a field alone (those that are true or false),
or a field, an operator and a value. A severity alone (`high`) is short for `severity >= high`. Length and depth are
bounded, and an error names the column (from 1).
"""

import difflib
import re
from collections.abc import Callable, Mapping
from typing import Literal, NoReturn, TypeAlias

import msgspec

from assay.model.errors import UsageError
from assay.model.limits import DEFAULT_LIMITS, Limits

Operator = Literal["=", "!=", "<", "<=", ">", ">="]


class Comparison(msgspec.Struct, frozen=True, tag=True):
    """One comparison; a field alone is `= true`."""

    field: str
    operator: Operator
    value: str


class Not(msgspec.Struct, frozen=True, tag=True):
    """The opposite; what cannot be told stays so."""

    inner: "Condition"


class Both(msgspec.Struct, frozen=True, tag=True):
    """All of them."""

    parts: tuple["Condition", ...]


class Either(msgspec.Struct, frozen=True, tag=True):
    """At least one of them."""

    parts: tuple["Condition", ...]


Condition: TypeAlias = Comparison | Not | Both | Either


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """What may be compared: a flag, a number, one of some words (in their order), or any word."""

    kind: Literal["flag", "number", "words", "ordered", "text"]
    words: tuple[str, ...] = ()
    """Allowed values; of `ordered` from least to greatest. `unknown` is a word that no order reaches."""


SEVERITIES = ("none", "low", "medium", "high", "critical")
COORDINATOR = ("track", "track*", "attend", "act")
DEPLOYER = ("defer", "scheduled", "out-of-cycle", "immediate")
FIELDS: Mapping[str, Field] = {
    "severity": Field(kind="ordered", words=(*SEVERITIES, "unknown")),
    "kev": Field(kind="flag"),
    "epss": Field(kind="number"),
    "ssvc": Field(kind="ordered", words=(*COORDINATOR, *DEPLOYER, "unknown")),
    "reach": Field(kind="words", words=("linked", "not_linked", "unknown")),
    "imported": Field(kind="words", words=("imported", "not_imported", "unknown")),
    "fixable": Field(kind="flag"),
    "layer": Field(kind="number"),
    "status": Field(kind="words", words=("affected", "undetermined")),
    "category": Field(kind="words", words=("vulnerability", "malicious", "informational")),
    "origin": Field(kind="words", words=("base", "application", "unknown")),
    "base": Field(kind="flag"),
    "app": Field(kind="flag"),
    "ecosystem": Field(kind="text"),
}
"""Fields by name; `dependencies.threshold` says where each comes from."""

_TOKEN = re.compile(r"[ \t\n]*+(?:(?P<op>==|!=|<=|>=|<|>|=)|(?P<mark>[()])|(?P<word>[A-Za-z0-9_.*%+-]++))")
_NUMBER = re.compile(r"(\d{1,6}(?:\.\d{1,9})?)(%?)", re.ASCII)
_KEYWORDS = frozenset({"and", "or", "not"})


class _Token(msgspec.Struct, frozen=True):
    kind: str
    text: str
    column: int


def parse(text: str, *, where: str = "--fail-on", limits: Limits = DEFAULT_LIMITS) -> Condition:
    """Read an expression.

    Args:
        text: what the user wrote.
        where: the option, named in errors.
        limits: how long and how deep it may be.

    Raises:
        UsageError: it does not follow the grammar, names no field or value there is, or passes a bound.
    """
    if len(text) > limits.condition_characters_count:
        why = f"{len(text)} characters, limit {limits.condition_characters_count}"
        raise UsageError("the expression is too long", where=where, why=why, remedy="say it shorter")
    return _Parser(text, where, limits.condition_depth_count).whole()


def fields_of(condition: Condition) -> frozenset[str]:
    """Names of the fields an expression asks for."""
    if isinstance(condition, Comparison):
        return frozenset({condition.field})
    if isinstance(condition, Not):
        return fields_of(condition.inner)
    return frozenset().union(*(fields_of(part) for part in condition.parts))


class _Parser:
    """Precedence climbing over a list of tokens that ends with `end`."""

    def __init__(self, text: str, where: str, depth: int) -> None:
        self._where, self._limit, self._depth, self._at = where, depth, 0, 0
        self._tokens = self._lex(text)

    def _lex(self, text: str) -> list[_Token]:
        found: list[_Token] = []
        at = 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                rest = text[at:].lstrip(" \t\n")
                if not rest:
                    break
                self._fail(len(text) - len(rest) + 1, f"{rest[0]!a} begins nothing")
            kind = match.lastgroup or ""
            word = match[kind]
            if kind == "word" and word.lower() in _KEYWORDS:
                kind, word = word.lower(), word.lower()
            found.append(_Token(kind, word, match.start(match.lastgroup or 0) + 1))
            at = match.end()
        return [*found, _Token("end", "", len(text) + 1)]

    def whole(self) -> Condition:
        found = self._either()
        token = self._peek()
        if token.kind != "end":
            self._fail(token.column, f"{token.text!a} where `and`, `or` or the end was expected")
        return found

    def _peek(self) -> _Token:
        return self._tokens[self._at]

    def _next(self) -> _Token:
        token = self._tokens[self._at]
        self._at += token.kind != "end"
        return token

    def _either(self) -> Condition:
        parts = [self._both()]
        while self._peek().kind == "or":
            self._next()
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Condition:
        parts = [self._not()]
        while self._peek().kind == "and":
            self._next()
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _not(self) -> Condition:
        token = self._peek()
        if token.kind == "not":
            self._next()
            return Not(self._deeper(token, self._not))
        if (token.kind, token.text) == ("mark", "("):
            self._next()
            inner = self._deeper(token, self._either)
            closing = self._next()
            if (closing.kind, closing.text) != ("mark", ")"):
                self._fail(closing.column, f"the parenthesis of column {token.column} is not closed here")
            return inner
        return self._test()

    def _deeper(self, token: _Token, read: Callable[[], Condition]) -> Condition:
        self._depth += 1
        if self._depth > self._limit:
            self._fail(token.column, f"nested deeper than {self._limit}")
        inner = read()
        self._depth -= 1
        return inner

    def _test(self) -> Condition:
        token = self._next()
        if token.kind != "word":
            self._fail(
                token.column, f"{token.text!a} where a field was expected" if token.text else "a field is missing"
            )
        name = token.text.lower()
        if name in SEVERITIES[1:] and self._peek().kind != "op":
            return Comparison("severity", ">=", name)
        field = FIELDS.get(name)
        if field is None:
            self._fail(token.column, f"there is no field {token.text[:40]!a}", _near(name, FIELDS))
        if self._peek().kind != "op":
            if field.kind != "flag":
                self._fail(self._peek().column, f"{name} must be compared, e.g. `{_example(name, field)}`")
            return Comparison(name, "=", "true")
        return self._comparison(name, field)

    def _comparison(self, name: str, field: Field) -> Comparison:
        sign = self._next()
        operator: Operator = "=" if sign.text == "==" else sign.text  # type: ignore[assignment]  # the lexer's six
        token = self._next()
        if token.kind != "word":
            self._fail(token.column, f"a value for {name} is missing")
        value = token.text.lower()
        if field.kind not in ("ordered", "number") and operator not in ("=", "!="):
            self._fail(sign.column, f"{name} has no order", "use = or !=")
        if field.kind == "ordered" and value == "unknown" and operator not in ("=", "!="):
            self._fail(token.column, "unknown has no place in the order", f"write {name} = unknown")
        if field.kind == "number":
            value = self._number(name, token)
        allowed = ("true", "false") if field.kind == "flag" else field.words
        if allowed and value not in allowed:
            remedy = _near(value, allowed) or f"one of {', '.join(allowed)}"
            self._fail(token.column, f"{token.text[:40]!a} is no value of {name}", remedy)
        return Comparison(name, operator, value)

    def _number(self, name: str, token: _Token) -> str:
        match = _NUMBER.fullmatch(token.text)
        if match is None:
            self._fail(token.column, f"{token.text[:40]!a} is no number", "write e.g. 0.5 or 50%")
        value = float(match[1]) / (100 if match[2] else 1)
        if name == "epss" and value > 1:
            self._fail(token.column, "an EPSS score is a probability", "write 0 to 1, or 0% to 100%")
        return repr(value)

    def _fail(self, column: int, why: str, remedy: str = "") -> NoReturn:
        raise UsageError(
            "the expression cannot be read",
            where=f"{self._where}, column {column}",
            why=why,
            remedy=remedy or f"fields: {', '.join(FIELDS)}",
        )


def _near(word: str, known: Mapping[str, object] | tuple[str, ...]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {near[0]}" if near else ""


def _example(name: str, field: Field) -> str:
    if field.kind == "number":
        return f"{name} >= {'0.5' if name == 'epss' else '1'}"
    return f"{name} = {field.words[-2] if field.words else 'npm'}"
