"""For each VEX statement: that it matched, or the first field that kept it from it (`vex_match.FIELDS`)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from assay.dependencies.vex import is_sound, who_said
from assay.dependencies.vex_match import FIELDS, Miss, parsed, product_fit
from assay.dependencies.vex_review import AGAIN, instant, is_ahead, is_expired
from assay.formats.vex_words import CAUTION
from assay.model.finding import Finding
from assay.model.image import Subject
from assay.model.inventory import Component, Inventory
from assay.model.vex import VexStatement

_SHOWN_COUNT = 3


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one statement."""

    document: str
    """The file it came from."""
    number: int
    """Its place in the document, from 1."""
    vulnerability: str
    status: str
    author: str = ""
    outcome: Literal["matched", "failed"]
    field: str
    """`matched`, or the first field that failed."""
    says: str
    findings: tuple[str, ...] = ()
    """Package URLs of the findings it speaks of."""


def explain(
    document: str,
    statements: Sequence[VexStatement],
    inventory: Inventory,
    findings: Sequence[Finding],
    *,
    now: str,
    others: Sequence[VexStatement] = (),
    refused: Miss | None = None,
) -> tuple[Explained, ...]:
    """Hold each statement of a document against a subject.

    Args:
        document: its name.
        statements: in its order.
        inventory: what is there.
        findings: of the inventory, no VEX applied.
        now: RFC 3339 time.
        others: every statement that was given, those of this document too.
        refused: why the document does not count at all (`signature`, `author's scope`).
    """
    court = _Court(inventory, findings, others or statements, now)
    return tuple(_row(document, n, said, refused, court) for n, said in enumerate(statements, 1))


class _Court:
    """The subject and everything that was said, looked up by name once."""

    def __init__(
        self, inventory: Inventory, findings: Sequence[Finding], said: Sequence[VexStatement], now: str
    ) -> None:
        self.subject: Subject = inventory.subject
        self.components: Sequence[Component] = inventory.components
        self.by_key: Mapping[str, Component] = {component.key: component for component in inventory.components}
        self.now = now
        self.by_package: dict[str, list[Component]] = defaultdict(list)
        for component in inventory.components:
            purl = parsed(component.purl)
            source = component.source.name if component.source is not None else ""
            for name in {purl.name if purl is not None else "", source} - {""}:
                self.by_package[name].append(component)
        self.by_name: dict[str, list[Finding]] = defaultdict(list)
        for finding in findings:
            for name in {name.casefold() for name in (finding.id, finding.advisory, *finding.aliases)}:
                self.by_name[name].append(finding)
        self.said: dict[str, list[VexStatement]] = defaultdict(list)
        for statement in said:
            for name in _names(statement):
                self.said[name].append(statement)

    def findings_of(self, said: VexStatement) -> list[Finding]:
        """Every finding of the vulnerability, once."""
        return list({f.component + f.id: f for name in _names(said) for f in self.by_name.get(name, ())}.values())

    def fit(self, said: VexStatement, finding: Finding) -> str | Miss:
        """How the statement's products name the finding, or the miss that came farthest."""
        component = self.by_key.get(finding.component)
        best: Miss | None = None
        for product in said.products:
            how = product_fit(product, self.subject, component, finding.purl, self.by_key)
            if isinstance(how, str):
                return how
            best = how if best is None else max(best, how, key=_rank)
        return best or Miss("product type", "it names no product")


def _names(said: VexStatement) -> set[str]:
    return {name.casefold() for name in (said.vulnerability, *said.aliases)} - {""}


def _rank(miss: Miss) -> int:
    return FIELDS.index(miss.field)


def _row(document: str, number: int, said: VexStatement, refused: Miss | None, court: _Court) -> Explained:
    matched: list[Finding] = []
    misses: list[Miss] = []
    for finding in court.findings_of(said) if refused is None else ():
        how = court.fit(said, finding)
        if isinstance(how, Miss):
            misses.append(how)
        else:
            matched.append(finding)
    miss = refused or _miss(said, matched, misses, court)
    purls = tuple(sorted({finding.purl for finding in matched}))
    return Explained(
        document=document,
        number=number,
        vulnerability=said.vulnerability,
        status=said.status,
        author=said.author,
        outcome="failed" if miss else "matched",
        field=miss.field if miss else "matched",
        says=miss.says if miss else _spoken(purls),
        findings=purls,
    )


def _spoken(purls: Sequence[str]) -> str:
    more = f" and {len(purls) - _SHOWN_COUNT} more" if len(purls) > _SHOWN_COUNT else ""
    return ", ".join(purls[:_SHOWN_COUNT]) + more


def _miss(said: VexStatement, matched: Sequence[Finding], misses: Iterable[Miss], court: _Court) -> Miss | None:
    """The first field that failed, for the finding that came nearest; None where it matched."""
    if not matched:
        nearest = max(misses, key=_rank, default=None)
        return nearest or Miss("vulnerability alias", _unknown(said, court))
    late = [_overruled(said, finding, court) for finding in matched]
    if None not in late:
        return max(filter(None, late), key=_rank)
    if is_ahead(said, court.now):
        return Miss("time", f"it is made at {said.timestamp}, which is still to come: it suppresses nothing till then")
    if is_expired(said, court.now):
        return Miss("expiry", f"it held until {said.expires}, it counts as under_investigation: {AGAIN}")
    if not is_sound(said):
        return Miss("status rule", "not_affected without justification and impact statement suppresses nothing")
    return None


def _unknown(said: VexStatement, court: _Court) -> str:
    """No finding of this name; whether its product is there all the same."""
    named = {part for product in said.products for part in (*product.identifiers, *product.subcomponents)}
    names = {purl.name for purl in map(parsed, named) if purl is not None}
    for component in (one for name in sorted(names) for one in court.by_package[name]):
        for product in said.products:
            how = product_fit(product, court.subject, component, component.purl, court.by_key)
            if isinstance(how, str):
                return f"nothing here is known to be concerned by it, though {how} is here: {component.purl}"
    return "nothing here is known to be concerned by it under any of its names"


def _overruled(said: VexStatement, finding: Finding, court: _Court) -> Miss | None:
    """Whether another statement about this finding takes this one's place."""
    names = {name.casefold() for name in (finding.id, finding.advisory, *finding.aliases)}
    rivals = {other: None for name in sorted(names) for other in court.said.get(name, ()) if other != said}
    for other in rivals:
        if isinstance(court.fit(other, finding), Miss):
            continue
        same = who_said(other) == who_said(said)
        newer = instant(other.timestamp) > instant(said.timestamp)
        if same and newer:
            return Miss("time", f"the same author said {other.status} later, {other.timestamp}")
        heavier = CAUTION[other.status] > CAUTION[said.status]
        if heavier and not is_expired(other, court.now) and (not same or other.timestamp == said.timestamp):
            return Miss("status rule", f"{other.author or 'another'} says {other.status}: the more cautious word holds")
    return None
