"""METADATA comments of Rego modules, read without a YAML library: a small subset, bounded, anything else refused.

The subset: `key: value` lines two spaces deep at most; a value is plain text, "quoted text", `[a, b]`, or nothing where
an indented block follows. OPA reads the same comments as YAML and agrees on this subset.
"""

import re
from typing import get_args

from assay.model.errors import MalformedError
from assay.model.policy import Rule, RuleState

_LINE = re.compile(r"(?P<indent> *)(?P<key>[A-Za-z_][A-Za-z0-9_]*):(?: +(?P<value>\S.*?))? *", re.ASCII)
_PACKAGE = re.compile(r"^package +([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*) *$", re.MULTILINE | re.ASCII)
_CODE = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*", re.ASCII)
_SECTION = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_LINES = 60
_SEVERITIES = ("critical", "high", "medium", "low")
_NAMES = frozenset({"code", "severity", "state", "needs", "uses", "remedy", "parameters", "page"})

Value = str | list[str]


def package(path: str, text: str) -> str:
    """The module's package.

    Raises:
        MalformedError: none, or more than one.
    """
    found = _PACKAGE.findall(text)
    if len(found) != 1:
        raise _bad(path, f"{len(found)} package lines, expected one in lower case")
    name: str = found[0]
    return name


def rule(path: str, text: str, named: str = "") -> Rule:
    """The rule a module declares of itself.

    Args:
        path: of the module, for messages and the result.
        text: the Rego source.
        named: its package, where that was read already.

    Raises:
        MalformedError: no METADATA comment, a line outside the subset, a missing or unknown field.
    """
    document, custom = _block(path, text)
    title = _text(path, document, "title")
    if unknown := sorted(set(custom) - _NAMES):
        raise _bad(path, f"unknown field custom.{unknown[0]}")
    code, severity = _text(path, custom, "code"), _text(path, custom, "severity")
    if not _CODE.fullmatch(code):
        raise _bad(path, f"code {code!r} is not like vuln.threshold")
    if severity not in _SEVERITIES:
        raise _bad(path, f"severity {severity!r} is none of {', '.join(_SEVERITIES)}")
    return Rule(
        code=code,
        title=title,
        severity=severity,
        needs=_sections(path, custom, "needs"),
        uses=_sections(path, custom, "uses"),
        remedy=_text(path, custom, "remedy"),
        state=state(path, _text(path, custom, "state")),
        package=named or package(path, text),
        path=path,
    )


def state(path: str, word: str) -> RuleState:
    """A rule's state.

    Raises:
        MalformedError: no such state.
    """
    for known in get_args(RuleState):
        if word == known:
            return known  # type: ignore[no-any-return]
    raise _bad(path, f"state {word!r} is none of {', '.join(get_args(RuleState))}")


def _block(path: str, text: str) -> tuple[dict[str, Value], dict[str, Value]]:
    """The fields of the first METADATA comment: those at the left, and those under `custom`."""
    lines = text.splitlines()
    try:
        start = lines.index("# METADATA")
    except ValueError as error:
        raise _bad(path, "no METADATA comment") from error
    top: dict[str, Value] = {}
    custom: dict[str, Value] = {}
    inside = False
    for number, line in enumerate(lines[start + 1 :], start + 2):
        if not line.startswith("#"):
            break
        if number - start > _LINES:
            raise _bad(path, f"METADATA comment longer than {_LINES} lines")
        match = _LINE.fullmatch(line.removeprefix("#").removeprefix(" "))
        if match is None:
            raise _bad(path, f"line {number} is outside the subset read here")
        indent, key, value = len(match["indent"]), match["key"], match["value"]
        if indent == 0 and key == "custom" and value is None:
            inside = True
            continue
        if indent not in ((0, 2) if inside else (0,)) or value is None:
            raise _bad(path, f"line {number}: unexpected indentation or no value")
        inside = inside and indent == 2
        target = custom if indent == 2 else top
        if key in target:
            raise _bad(path, f"line {number}: {key} is given twice")
        target[key] = _value(path, number, value)
    return top, custom


def _value(path: str, number: int, text: str) -> Value:
    if text.startswith("["):
        if not text.endswith("]"):
            raise _bad(path, f"line {number}: a list must close on its line")
        return [item.strip() for item in text[1:-1].split(",") if item.strip()]
    if text.startswith('"'):
        if len(text) < 2 or not text.endswith('"') or '"' in text[1:-1] or "\\" in text:
            raise _bad(path, f"line {number}: quoted text without inner quotes or backslashes only")
        return text[1:-1]
    if text[0] in "'{&*!|>%@`" or ": " in text or " #" in text:
        raise _bad(path, f"line {number}: quote this text")
    return text


def _text(path: str, fields: dict[str, Value], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value:
        raise _bad(path, f"field {name} is missing or is no text")
    return value


def _sections(path: str, fields: dict[str, Value], name: str) -> tuple[str, ...]:
    value = fields.get(name, [])
    if not isinstance(value, list) or not all(_SECTION.fullmatch(item) for item in value):
        raise _bad(path, f"field {name} is no list of fact sections")
    return tuple(value)


def _bad(path: str, why: str) -> MalformedError:
    return MalformedError(
        "not a rule", where=path, why=why, remedy="see the METADATA comment of any rule in policies/default"
    )
