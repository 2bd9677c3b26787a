"""Version ranges as vers-spec writes them, `vers:npm/>=1.0.0|<2.0.0`: read strictly, or put into canonical form.

Whether a version lies inside is `vers_range`'s question.
"""

import re
from collections.abc import Sequence
from functools import cmp_to_key
from itertools import pairwise
from urllib.parse import quote, unquote

import msgspec

from assay.dependencies.versions.scheme import Scheme
from assay.dependencies.versions.table import GENERIC, scheme_of_type
from assay.model.errors import MalformedError

RANGE_CHARACTERS = 8_192
CONSTRAINTS_COUNT = 500
_SCHEME = re.compile(r"vers:([a-z][a-z0-9.\-]*)/(.*)", re.DOTALL)
_COMPARATORS = ("!=", "<=", ">=", "<", ">", "=")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})?")
_UNESCAPED = "-._~:+!"
"""Signs that stand for themselves in a version, beside letters and digits (purl-spec, "Character encoding")."""
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})")


class Constraint(msgspec.Struct, frozen=True, order=True):
    """`comparator` is `=`, `!=`, `<`, `<=`, `>`, `>=`, or `*` with an empty version."""

    comparator: str
    version: str


class Range(msgspec.Struct, frozen=True):
    """A scheme's name and constraints in ascending order."""

    scheme: str
    constraints: tuple[Constraint, ...]

    def __str__(self) -> str:
        return f"vers:{self.scheme}/{'|'.join(map(_written, self.constraints))}"


def parse(text: str) -> Range:
    """Read a range in canonical form.

    >>> parse("vers:npm/>=1.0.0|<2.0.0").constraints[1]
    Constraint(comparator='<', version='2.0.0')

    Raises:
        MalformedError: any other form; `why` says which rule it breaks.
    """
    if any(sign.isspace() for sign in text[:RANGE_CHARACTERS]):
        raise _bad(text, "whitespace is not permitted")
    name, rest = _split(text)
    for wrong, why in (
        (rest.startswith("|"), "leading pipe is not permitted"),
        (rest.endswith("|"), "trailing pipe is not permitted"),
        ("||" in rest, "consecutive pipes are not permitted"),
    ):
        if wrong:
            raise _bad(text, why)
    constraints = _constraints(name, rest, text)
    for constraint, raw in zip(constraints, rest.split("|"), strict=True):
        _check_spelling(name, constraint, raw, text)
    scheme = scheme_of_type(name)
    if any((scheme.compare(a.version, b.version) or 0) > 0 for a, b in pairwise(constraints)):
        raise _bad(text, "constraints are not sorted by version")
    return Range(name, constraints)


def canonical(text: str) -> Range:
    """Read a range in any order, with white space and stray pipes, and put it into canonical form.

    >>> str(canonical("vers:pypi/ 0.2 | 0.1"))
    'vers:pypi/0.1|0.2'

    Raises:
        MalformedError: no range, or versions of which nobody can tell the order.
    """
    name, rest = _split("".join(text[: RANGE_CHARACTERS + 1].split()))
    constraints = _constraints(name, "|".join(filter(None, rest.split("|"))), text)
    return Range(name, _sorted(scheme_of_type(name), constraints, text))


def _split(text: str) -> tuple[str, str]:
    match = _SCHEME.fullmatch(text) if len(text) <= RANGE_CHARACTERS else None
    if match is None:
        raise _bad(text, "not vers:SCHEME/CONSTRAINTS")
    return match[1], match[2]


def _constraints(name: str, rest: str, text: str) -> tuple[Constraint, ...]:
    if rest == "*":
        return (Constraint("*", ""),)
    parts = rest.split("|")
    if len(parts) > CONSTRAINTS_COUNT:
        raise _bad(text, f"more than {CONSTRAINTS_COUNT} constraints")
    found = []
    for part in parts:
        comparator = next((sign for sign in _COMPARATORS if part.startswith(sign)), "")
        version = part[len(comparator) :]
        if not version or "*" in version:
            raise _bad(text, "a constraint without a version")
        if any(escape[1] is None for escape in _ESCAPE.finditer(version)):
            raise _bad(text, "invalid percent-encoding in version")
        found.append(Constraint(comparator or "=", unquote(version)))
    return tuple(found)


def _check_spelling(name: str, constraint: Constraint, raw: str, text: str) -> None:
    """The version is encoded where it must be, and nowhere else."""
    if constraint.comparator == "*":
        return
    if any(escape[1] != escape[1].upper() for escape in _ESCAPE.finditer(raw)):
        raise _bad(text, "percent-encoding in version is not canonical")
    if name == "datetime":
        if "%3A" in raw:
            raise _bad(text, "datetime time colons must be unencoded")
        if not _INSTANT.fullmatch(constraint.version):
            raise _bad(text, "datetime must use uppercase T and Z")
    if raw != _written(constraint):
        raise _bad(text, "percent-encoding in version is not canonical")


def _sorted(scheme: Scheme, constraints: Sequence[Constraint], text: str) -> tuple[Constraint, ...]:
    """In ascending order; those of one version stay as they stood."""
    if len(constraints) < 2:
        return tuple(constraints)
    if scheme is GENERIC or any(scheme.compare(one.version, one.version) is None for one in constraints):
        raise _bad(text, "the order of its versions is not known")

    def order(a: Constraint, b: Constraint) -> int:
        return scheme.compare(a.version, b.version) or 0

    return tuple(sorted(constraints, key=cmp_to_key(order)))


def _written(constraint: Constraint) -> str:
    if constraint.comparator == "*":
        return "*"
    sign = "" if constraint.comparator == "=" else constraint.comparator
    return sign + quote(constraint.version, safe=_UNESCAPED)


def _bad(text: str, why: str) -> MalformedError:
    return MalformedError(
        "not a canonical version range", where=text[:100], why=f"non-canonical VERS: {why}", remedy="see vers-spec"
    )
