"""Declared licences: raw texts in, one SPDX expression out, or the reason why there is none.

Never a guess: a text is an SPDX expression, a spelling of the alias table, or it is unknown and said to be so.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from assay.dependencies.licence_expressions import EXPRESSION_CHARACTERS, NAME_CHARACTERS, expression_of, fold
from assay.dependencies.licence_names import FAMILIES, NOT_LICENCES, STATEMENTS
from assay.model.inventory import Licence

_DECLARED_COUNT, _DECLARED_CHARACTERS = 200, 500
_CLASSIFIER = "license :: "


class _Reading(NamedTuple):
    """What one text says: an expression, or the family it only hints at, or a problem."""

    expression: str = ""
    family: str = ""
    problem: str = ""
    statement: bool = False
    """It adds no licence to the others (public domain)."""
    silent: bool = False
    """It says that nothing is said (NOASSERTION)."""


def licence(declared: Iterable[str], what: str) -> Licence:
    """Read the declared licence texts of one package.

    Args:
        declared: raw texts (SPDX expressions, old short names, trove classifiers, titles). Several texts all hold:
            they are joined with AND. A family word ("BSD") is covered by a named member of it ("BSD-3-Clause").
        what: where they were found, for the reason, e.g. "METADATA".

    Returns:
        A Licence with either an expression or a reason, never both; NOASSERTION and NONE count as nothing said.
    """
    return _licence(tuple(sorted({clean for text in declared if (clean := _clip(text))})), what)


@lru_cache(maxsize=4_096)
def _licence(texts: tuple[str, ...], what: str) -> Licence:
    """What distinct texts, sorted, say together; thousands of packages declare the same few."""
    if len(texts) > _DECLARED_COUNT:
        kept = tuple(sorted({text[:_DECLARED_CHARACTERS] for text in texts[:_DECLARED_COUNT]}))
        return Licence(declared=kept, reason=f"{what}: {len(texts)} licence names, limit {_DECLARED_COUNT}")
    readings = [(text, _read(text)) for text in texts]
    spoken = [(text, reading) for text, reading in readings if not reading.silent]
    kept = tuple(sorted({text[:_DECLARED_CHARACTERS] for text, _ in spoken}))
    if not spoken:
        said = f"{what} says {texts[0][:80]}" if texts else f"no licence recorded in {what}"
        return Licence(reason=said)
    known = sorted({reading.expression for _, reading in spoken if reading.expression})
    problems = [r.problem for _, r in spoken if r.problem and not (known and (r.statement or _covered(r, known)))]
    if problems:
        return Licence(declared=kept, reason=f"{what}: {_some(problems)}")
    return Licence(expression=join(known), declared=kept)


def join(expressions: Iterable[str]) -> str:
    """AND of valid expressions: operands of ANDs and duplicates merged, sorted, alternatives in parentheses."""
    parts: set[str] = set()
    for expression in expressions:
        parts.update(expression.split(" AND ") if "(" not in expression and " OR " not in expression else [expression])
    if len(parts) == 1:
        return parts.pop()
    return " AND ".join(f"({part})" if " OR " in part and not _wrapped(part) else part for part in sorted(parts))


def from_dep5(text: bytes) -> Licence:
    """Read a Debian copyright file (machine-readable debian/copyright, format 1.0).

    The licences of all `Files` paragraphs hold together, except those for the packaging alone (`Files: debian/*`),
    which are read only where there is nothing else. A free-form file gives a reason: its text is not interpreted.
    """
    names = names_of(text)
    if names is None:
        return Licence(reason="the copyright file is not machine-readable (DEP-5)")
    return licence(names, "copyright")


def names_of(text: bytes) -> set[str] | None:
    """The short names a DEP-5 file declares, as `from_dep5` chooses among them; None for a free-form file."""
    head = text[:4096].lstrip().lower()
    if not head.startswith((b"format:", b"format-specification:")):
        return None
    found: dict[str, set[str]] = {"upstream": set(), "packaging": set(), "header": set()}
    for place, name in _synopses(text):
        found[place].add(name)
    return found["upstream"] or found["packaging"] or found["header"]


def is_silent(name: str) -> bool:
    """Whether a name says that nothing is said (`none`, NOASSERTION)."""
    folded = fold(name)
    return not folded or folded in NOT_LICENCES


def is_statement(name: str) -> bool:
    """Whether a name states a right without being a licence (public domain)."""
    return fold(name) in STATEMENTS


_FIELD = re.compile(rb"\n(?:(files|license):[ \t]*([^\n]*)|[ \t]*\r?(?=\n))", re.IGNORECASE)
"""A `Files` or `License` field with its first line, or the blank line that ends a paragraph.

It begins with the end of the line before: what begins with a fixed letter is found many times faster.
"""


def _synopses(text: bytes) -> Iterable[tuple[str, str]]:
    """(place, licence short name) of the header and of each `Files` paragraph; bare `License` paragraphs are texts."""
    place, name = "header", b""
    for match in _FIELD.finditer(b"\n" + text + b"\n\n"):
        field, value = match.groups()
        if field is None:
            if place and name:
                yield place, name.decode("utf-8", "replace")
            place, name = "", b""
        elif field[0] in b"fF":
            place = "packaging" if value.startswith(b"debian/") else "upstream"
        else:
            name = value.strip()


def _clip(text: str) -> str:
    """The text in one line; of a text of several lines (a whole licence) its first line, its title.

    A line too long to read ends in an ellipsis, so that no part of it is taken for the whole.
    """
    stripped = text.strip().lstrip("\ufeff")
    first, _, rest = stripped.partition("\n")
    if rest and len(stripped) <= NAME_CHARACTERS:
        return " ".join(stripped.split())
    return first.strip() if len(first) <= EXPRESSION_CHARACTERS else first[:EXPRESSION_CHARACTERS] + "…"


@lru_cache(maxsize=8_192)
def _read(text: str) -> _Reading:
    if text.lower().startswith(_CLASSIFIER):
        text = text.rsplit("::", 1)[-1].strip()
    folded = fold(text)
    if not folded or folded in NOT_LICENCES:
        return _Reading(silent=True)
    if folded in STATEMENTS:
        return _Reading(statement=True, problem=f"{text!r} is a statement, not a licence")
    if family := FAMILIES.get(folded):
        return _Reading(family=family, problem=f"{text!r} names a family of licences")
    expression = "" if text.endswith("…") else expression_of(text)
    if expression:
        return _Reading(expression=expression)
    shown = text if len(text) <= 80 else text[:77] + "..."
    return _Reading(problem=f"unknown licence {shown!r}")


def _covered(reading: _Reading, known: list[str]) -> bool:
    """Whether a family word is made precise by another text."""
    if not reading.family:
        return False
    names = (word.strip("()") for expression in known for word in expression.split())
    return any(name.startswith(reading.family) for name in names)


def _wrapped(part: str) -> bool:
    """Whether one pair of parentheses encloses the whole part."""
    if not (part.startswith("(") and part.endswith(")")):
        return False
    level = 0
    for index, letter in enumerate(part):
        level += (letter == "(") - (letter == ")")
        if level == 0 and index < len(part) - 1:
            return False
    return True


def _some(problems: list[str]) -> str:
    shown = "; ".join(problems[:4])
    return shown if len(problems) <= 4 else f"{shown}; and {len(problems) - 4} more"
