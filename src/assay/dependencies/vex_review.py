"""When a VEX statement has to be looked at again: it expired, or what it was made for has changed.

A statement past its expiry counts as `under_investigation` (OpenVEX 0.2.0 has no expiry; this is what its author would
have to publish then). One that was made for another version of the same package, or for another digest of the same
image, does not apply; the finding says so, that nobody has to wonder where the decision went. One that is dated in the
future suppresses nothing before its day, for it would overrule every later word of its author until then.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import msgspec

from assay.dependencies.vex_match import REPOSITORY, Miss, package_fit, parsed, subject_fit
from assay.model.finding import Step
from assay.model.image import Subject
from assay.model.inventory import Component
from assay.model.vex import VexProduct, VexStatement

AGAIN = "review again"
EXPIRED = "assay:expired"
"""Name of the word that keeps the status a statement had before it expired."""
AHEAD = "assay:ahead"
"""Name of the word that keeps the status of a statement whose time is still to come."""
_SKEW_SECONDS = 24 * 3600
"""How far a clock, or a time without its zone, may be ahead."""
_STEPS_COUNT = 5
"""Outdated statements told of one finding."""


def instant(text: str) -> float:
    """Seconds since the epoch; what is no time at all lies before every time."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return float("-inf")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def is_expired(statement: VexStatement, now: str) -> bool:
    """Whether its time is over; an expiry nobody can read is over, and without a present time nothing is.

    >>> old = VexStatement(vulnerability="CVE-2024-1", status="fixed", expires="2024-06-01T00:00:00Z")
    >>> is_expired(old, "2024-05-31T23:59:59Z"), is_expired(old, "2024-06-01T00:00:00Z")
    (False, True)
    """
    return bool(now and statement.expires) and instant(statement.expires) <= instant(now)


def is_ahead(statement: VexStatement, now: str) -> bool:
    """Whether it would suppress and its time is still to come, by more than clocks differ.

    >>> early = VexStatement(vulnerability="CVE-2024-1", status="fixed", timestamp="2024-06-03T00:00:00Z")
    >>> is_ahead(early, "2024-06-01T00:00:00Z"), is_ahead(early, "2024-06-02T00:00:00Z")
    (True, False)
    """
    if not now or statement.status not in _SUPPRESSES:
        return False
    return instant(statement.timestamp) > instant(now) + _SKEW_SECONDS


def aged(statement: VexStatement, now: str) -> VexStatement:
    """The statement as it counts at a time (RFC 3339): past its expiry or before its time `under_investigation`."""
    if is_expired(statement, now):
        return _doubtful(statement, EXPIRED, f"it said {statement.status} until {statement.expires}")
    if is_ahead(statement, now):
        return _doubtful(statement, AHEAD, f"it says {statement.status} from {statement.timestamp}")
    return statement


def _doubtful(statement: VexStatement, word: str, why: str) -> VexStatement:
    return msgspec.structs.replace(
        statement,
        status="under_investigation",
        justification="",
        impact="",
        action=why,
        words=tuple(sorted({*statement.words, (word, statement.status)})),
    )


def outdated(
    statements: Iterable[VexStatement], subject: Subject, component: Component | None, purl: str
) -> tuple[Step, ...]:
    """A step for each statement that was made for another version of this package or another build of this image.

    Args:
        statements: that name the finding's vulnerability and do not speak of the finding.
        subject: the image.
        component: the finding's.
        purl: the finding's package URL.
    """
    steps = []
    for statement in statements:
        miss = next(filter(None, (_changed(product, subject, component, purl) for product in statement.products)), None)
        if miss is not None and statement.status in _SUPPRESSES:
            who = statement.author or "an unnamed author"
            text = f"{who} says {statement.status}, but not of this {_WHAT[miss.field]} ({miss.says}): {AGAIN}"
            steps.append(Step("review", text, statement.document))
    return tuple(sorted(steps, key=lambda step: (step.says, step.source))[:_STEPS_COUNT])


def lapsed(statement: VexStatement) -> Step | None:
    """The step that asks for review of a statement that `aged` found expired or ahead; None for any other."""
    words = dict(statement.words)
    who = statement.author or "an unnamed author"
    if EXPIRED in words:
        return Step("review", f"{who} said {words[EXPIRED]} until {statement.expires}: {AGAIN}", statement.document)
    if AHEAD in words:
        says = f"{who} says {words[AHEAD]} from {statement.timestamp}, which is still to come: {AGAIN}"
        return Step("review", says, statement.document)
    return None


_SUPPRESSES = frozenset({"not_affected", "fixed"})
_WHAT: Mapping[str, str] = {"version": "version", "index versus platform digest": "build"}


def _changed(product: VexProduct, subject: Subject, component: Component | None, purl: str) -> Miss | None:
    """What changed since, if that alone keeps the product from matching."""
    if not product.subcomponents:
        found = [package_fit(identifier, purl, component) for identifier in product.identifiers]
        miss = next((miss for miss in found if miss is not None and miss.field == "version"), None)
        return miss or _rebuilt(product, subject)
    inside = [package_fit(identifier, purl, component) for identifier in product.subcomponents]
    if any(miss is None for miss in inside):
        return _rebuilt(product, subject)
    image = any(subject_fit(identifier, subject) is None for identifier in product.identifiers)
    older = next((miss for miss in inside if miss is not None and miss.field == "version"), None)
    return older if image or _rebuilt(product, subject) else None


def _rebuilt(product: VexProduct, subject: Subject) -> Miss | None:
    """Another digest of the same repository: an oci package URL says which; a bare digest does not."""
    for identifier in product.identifiers:
        wanted = parsed(identifier)
        if wanted is None or identifier.startswith(REPOSITORY):
            continue
        miss = subject_fit(identifier, subject)
        if miss is not None and miss.field == "index versus platform digest":
            return miss
    return None
