"""Whether a version lies in what an advisory names, in three values: yes, no, cannot be compared (None).

OSV schema, "Evaluation": affected if listed in `versions`, or inside a range.
"""

from collections.abc import Iterable, Sequence
from functools import cmp_to_key

from assay.dependencies.versions import SCHEMES, Scheme
from assay.ports.stores import AdvisoryHit

RPM = SCHEMES["rpm"]

UNSPECIFIED = "unspecified"
"""State of a package that an advisory names without saying which versions."""


UNDECIDED = frozenset({UNSPECIFIED, "undetermined", "under-investigation"})
"""States of a package of which nobody has decided yet whether it is affected."""

CONTRADICTORY = "contradictory"
"""State of a range that ends before it begins."""

MODULE = ".module"
"""In the release of an rpm that belongs to a module stream (`…-1.module_el8.5.0+119+9a9ec082`)."""


def judge(scheme: Scheme, version: str, hits: Sequence[AdvisoryHit]) -> tuple[tuple[AdvisoryHit, ...], bool | None]:
    """What one record says of a version: the hits that hold it and True, those that nobody can tell and None, else
    nothing and False.

    An erratum lists one build for each module stream: a modular rpm is fixed when the build of its own upstream
    version is, and an rpm of no module is not comparable with builds that belong to one.
    """
    if len(hits) == 1 and hits[0].keyed and scheme is not RPM and hits[0].state not in UNDECIDED:  # as nearly always
        return (hits[0],), True
    answers = [(contains(scheme, version, hit), hit) for hit in hits]
    modular = MODULE in version
    if modular and scheme is RPM and any(answer is False and _same_upstream(version, hit) for answer, hit in answers):
        return (), False
    if not modular and scheme is RPM:
        answers = [(None if answer and MODULE in hit.fixed else answer, hit) for answer, hit in answers]
    for wanted in (True, None):
        found = [hit for answer, hit in answers if answer is wanted]
        if found:
            found.sort(key=lambda hit: (hit.introduced, hit.fixed, hit.last_affected, hit.limit, hit.versions))
            return tuple(found), wanted
    return (), False


def _same_upstream(version: str, hit: AdvisoryHit) -> bool:
    return hit.fixed.rpartition("-")[0] == version.rpartition("-")[0]


def contains(scheme: Scheme, version: str, hit: AdvisoryHit) -> bool | None:
    """Whether `version` is one that the hit names; None when nobody can tell.

    A keyed hit was already decided by the store's index.
    """
    if hit.state in UNDECIDED:
        return None
    if hit.keyed:
        return True
    if hit.versions:
        return _listed(scheme, version, hit.versions)
    if contradicts_itself(scheme, hit):
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


def contradicts_itself(scheme: Scheme, hit: AdvisoryHit) -> bool:
    """Whether a hit ends before it begins: one of the two is wrong, and nobody can tell which."""
    if hit.keyed or not hit.introduced:
        return False
    return any(scheme.compare(end, hit.introduced) == -1 for end in (hit.fixed, hit.last_affected) if end)


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
    """The hits as one readable text, e.g. `>= 1.0, < 1.2.3 or = 1.3`; of many the first, and their number."""
    texts = tuple(dict.fromkeys(map(_one, hits)))
    more = len(texts) - _RANGES_COUNT
    return " or ".join(texts[:_RANGES_COUNT]) + (f" or {more} ranges more" if more > 0 else "")


_LISTED_COUNT = 5
_RANGES_COUNT = 50
"""Ranges of one record that a person is shown."""


def _one(hit: AdvisoryHit) -> str:
    if hit.versions:
        shown = ", ".join(hit.versions[:_LISTED_COUNT])
        more = len(hit.versions) - _LISTED_COUNT
        return f"= {shown}" + (f" and {more} more" if more > 0 else "")
    if hit.state == UNSPECIFIED:
        return "versions not said"
    bounds = (">= ", hit.introduced), ("< ", hit.fixed), ("<= ", hit.last_affected), ("< ", hit.limit)
    return ", ".join(sign + bound for sign, bound in bounds if bound) or "every version"


_COMPARED_COUNT = 500
"""Fixed versions that are sorted by comparing them one by one; more stay in the order of their text."""


def fixes(scheme: Scheme, hits: Iterable[AdvisoryHit]) -> tuple[str, ...]:
    """The versions that fix it, once each, in the ecosystem's order; incomparable ones by text.

    A range that contradicts itself names none: its fix would come before the flaw.
    """

    def order(a: str, b: str) -> int:
        return scheme.compare(a, b) or 0

    found = sorted({hit.fixed for hit in hits if hit.fixed and not contradicts_itself(scheme, hit)})
    if len(found) < 2:
        return tuple(found)
    keys = {version: scheme.key(version) for version in found}
    if None not in keys.values():
        return tuple(sorted(found, key=lambda version: keys[version] or b""))
    return tuple(sorted(found[:_COMPARED_COUNT], key=cmp_to_key(order))) + tuple(found[_COMPARED_COUNT:])
