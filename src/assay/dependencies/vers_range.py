"""Version ranges as text (`vers:npm/>=1.0|<2.0`, vers-spec) asked for one version."""

from functools import cmp_to_key, lru_cache
from itertools import pairwise
from urllib.parse import unquote

import msgspec

from assay.dependencies.versions.scheme import Scheme
from assay.dependencies.versions.table import GENERIC, scheme_of_type

_CHARACTERS = 8_192
_CONSTRAINTS_COUNT = 500
_COMPARATORS = ("!=", "<=", ">=", "<", ">", "=")


class _Constraint(msgspec.Struct, frozen=True):
    comparator: str
    version: str


@lru_cache(maxsize=4_096)
def contains(text: str, version: str) -> bool | None:
    """Whether a range holds a version; None when that cannot be told (no vers, unknown scheme, no order).

    >>> contains("vers:npm/>=1.0.0|<2.0.0", "1.5.0"), contains("vers:npm/>=1.0.0|<2.0.0", "2.0.0")
    (True, False)
    >>> contains("vers:deb/*", "1:3-4"), contains("vers:fortran/<2", "1")
    (True, None)
    """
    parsed = _parse(text)
    if parsed is None or not version:
        return None
    scheme, constraints = parsed
    if not constraints:
        return True
    return _within(scheme, constraints, version)


def is_comparable(text: str) -> bool:
    """Whether a range can be compared with some version: a scheme may know no `1`."""
    return any(contains(text, version) is not None for version in ("1", "1.0", "1.0.0", "0", "v1.0.0"))


@lru_cache(maxsize=4_096)
def _parse(text: str) -> tuple[Scheme, tuple[_Constraint, ...]] | None:
    """The scheme and its constraints, none for `*`; None for what is no range."""
    head, slash, rest = text.partition("/")
    prefix, colon, name = head.partition(":")
    if prefix.lower() != "vers" or not colon or not slash or len(text) > _CHARACTERS:
        return None
    scheme = scheme_of_type(name.lower())
    parts = [part.strip() for part in rest.strip().strip("|").split("|")]
    if parts == ["*"]:
        return scheme, ()
    if scheme is GENERIC or len(parts) > _CONSTRAINTS_COUNT:
        return None
    found = []
    for part in parts:
        comparator = next((c for c in _COMPARATORS if part.startswith(c)), "")
        version = unquote(part[len(comparator) :].strip())
        if not version or version == "*":
            return None
        found.append(_Constraint(comparator or "=", version))

    # vers-spec: sorted by version, each version once. Many write them otherwise; what cannot be sorted has no meaning.
    def order(a: _Constraint, b: _Constraint) -> int:
        return scheme.compare(a.version, b.version) or 0

    ordered = sorted(found, key=cmp_to_key(order))
    if any(scheme.compare(a.version, b.version) != -1 for a, b in pairwise(ordered)):
        return None
    return scheme, tuple(ordered)


def _within(scheme: Scheme, constraints: tuple[_Constraint, ...], version: str) -> bool | None:
    """vers-spec, "Checking if a version is contained within a range"."""
    orders = [scheme.compare(version, one.version) for one in constraints]
    if None in orders:
        return None
    pairs = [(one.comparator, order) for one, order in zip(constraints, orders, strict=True) if order is not None]
    if any(order == 0 and comparator == "!=" for comparator, order in pairs):
        return False
    if any(order == 0 and comparator in ("=", "<=", ">=") for comparator, order in pairs):
        return True
    bounds = [(comparator, order) for comparator, order in pairs if comparator not in ("=", "!=")]
    if not bounds:
        return all(comparator == "!=" for comparator, _ in pairs)
    # Constraints stand in ascending order, so the version lies between the last one below it and the first above it.
    below = [comparator for comparator, order in bounds if order > 0]
    above = [comparator for comparator, order in bounds if order < 0]
    if any(order == 0 for _, order in bounds):
        # On an exclusive bound: outside.
        return False
    if below and below[-1] in (">", ">="):
        return not above or above[0] in ("<", "<=")
    return not below and above[0] in ("<", "<=")
