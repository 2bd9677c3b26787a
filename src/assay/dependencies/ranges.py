"""Whether a version lies in what an advisory names, in three values: yes, no, cannot be compared (None).

OSV schema, "Evaluation": affected if listed in `versions`, or inside a range.
"""

from collections.abc import Iterable
from functools import cmp_to_key

from assay.dependencies.versions import Scheme
from assay.ports.stores import AdvisoryHit

UNSPECIFIED = "unspecified"
"""State of a package that an advisory names without saying which versions."""


def contains(scheme: Scheme, version: str, hit: AdvisoryHit) -> bool | None:
    """Whether `version` is one that the hit names; None when nobody can tell.

    A keyed hit was already decided by the store's index.
    """
    if hit.keyed:
        return True
    if hit.versions:
        return _listed(scheme, version, hit.versions)
    if hit.state == UNSPECIFIED:
        return None
    answers = [
        _holds(scheme, version, bound, allowed)
        for bound, allowed in (
            (hit.introduced, (0, 1)),
            (hit.fixed, (-1,)),
            (hit.last_affected, (-1, 0)),
            (hit.limit, (-1,)),
        )
        if bound
    ]
    if False in answers:
        return False
    return None if None in answers else True


def _holds(scheme: Scheme, version: str, bound: str, allowed: tuple[int, ...]) -> bool | None:
    order = scheme.compare(version, bound)
    return None if order is None else order in allowed


def _listed(scheme: Scheme, version: str, versions: tuple[str, ...]) -> bool | None:
    """A list names versions one by one: the same text, or equal in the ecosystem's order.

    A version that is none in this order may be another spelling of any of them.
    """
    if version in versions:
        return True
    if not version or scheme.compare(version, version) is None:
        return None
    return any(scheme.compare(version, listed) == 0 for listed in versions)


def describe(hits: Iterable[AdvisoryHit]) -> str:
    """The hits as one readable text, e.g. `>= 1.0, < 1.2.3 or = 1.3`."""
    return " or ".join(dict.fromkeys(map(_one, hits)))


_LISTED_COUNT = 5


def _one(hit: AdvisoryHit) -> str:
    if hit.versions:
        shown = ", ".join(hit.versions[:_LISTED_COUNT])
        more = len(hit.versions) - _LISTED_COUNT
        return f"= {shown}" + (f" and {more} more" if more > 0 else "")
    if hit.state == UNSPECIFIED:
        return "versions not said"
    bounds = (">= ", hit.introduced), ("< ", hit.fixed), ("<= ", hit.last_affected), ("< ", hit.limit)
    return ", ".join(sign + bound for sign, bound in bounds if bound) or "every version"


def fixes(scheme: Scheme, hits: Iterable[AdvisoryHit]) -> tuple[str, ...]:
    """The versions that fix it, once each, in the ecosystem's order; incomparable ones by text."""

    def order(a: str, b: str) -> int:
        return scheme.compare(a, b) or 0

    return tuple(sorted(sorted({hit.fixed for hit in hits if hit.fixed}), key=cmp_to_key(order)))
