"""VEX statements met findings (OpenVEX 0.2.0). Nothing disappears: a suppressed finding stays, with who said so.

Of one author the latest statement counts; of authors who disagree the more cautious status holds. `not_affected` and
`fixed` suppress; `affected` and `under_investigation` only annotate.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from assay.dependencies.vex_contrary import contrary, is_repetition, revocation
from assay.dependencies.vex_match import speaks_of
from assay.dependencies.vex_review import aged, instant, lapsed, outdated
from assay.formats.vex_words import CAUTION
from assay.model.finding import Finding, Step, Suppression
from assay.model.image import Subject
from assay.model.inventory import Component
from assay.model.vex import VexConflict, VexObservation, VexRevocation, VexStatement, VexWord

_SUPPRESSES = frozenset({"not_affected", "fixed"})


class Weighed(msgspec.Struct, frozen=True):
    """Findings with what was said of them, and where the authors disagree."""

    findings: tuple[Finding, ...]
    conflicts: tuple[VexConflict, ...] = ()
    revocations: tuple[VexRevocation, ...] = ()
    """Automatic statements that today's evidence contradicts: they are not applied."""


class _Said(msgspec.Struct, frozen=True):
    """A statement that speaks of a finding, and how its product matches."""

    statement: VexStatement
    product: str


def apply(
    findings: Iterable[Finding],
    statements: Sequence[VexStatement],
    subject: Subject,
    components: Sequence[Component],
    now: str = "",
) -> tuple[Finding, ...]:
    """The findings of `weigh` alone."""
    return weigh(findings, statements, subject, components, now).findings


def weigh(
    findings: Iterable[Finding],
    statements: Sequence[VexStatement],
    subject: Subject,
    components: Sequence[Component],
    now: str = "",
    observations: Iterable[VexObservation] = (),
) -> Weighed:
    """The findings with what the statements say of them, and every disagreement.

    Args:
        findings: of one subject.
        statements: of documents the caller has decided to believe; their order does not matter.
        subject: the image: products may name it by digest or package URL.
        components: of the same inventory.
        now: RFC 3339 time; past its expiry a statement counts as `under_investigation`. "" = nothing expires.
        observations: verified runtime evidence, which may contradict automatic statements.
    """
    by_name: dict[str, list[VexStatement]] = defaultdict(list)
    for statement in (aged(statement, now) for statement in statements):
        for name in {statement.vulnerability.casefold(), *(alias.casefold() for alias in statement.aliases)} - {""}:
            by_name[name].append(statement)
    if not by_name:
        return Weighed(tuple(findings))
    by_key = {component.key: component for component in components}
    seen = {one.component: one for one in observations if not one.vulnerability}
    judged: list[tuple[Finding, VexConflict | None]] = []
    revoked: list[VexRevocation] = []
    for finding in findings:
        told, said = _speaking(finding, by_name, subject, by_key)
        standing, contradicted = _standing(told, said, by_key.get(told.component), seen.get(told.component))
        steps = [*map(_revoked, contradicted), *(_repeated(one) for one in said if is_repetition(one.statement))]
        if steps:
            told = msgspec.structs.replace(told, reasons=(*told.reasons, *sorted(steps, key=repr)))
            revoked += contradicted
        judged.append(_judged(told, standing))
    conflicts = (conflict for _, conflict in judged if conflict is not None)
    return Weighed(tuple(finding for finding, _ in judged), tuple(conflicts), tuple(revoked))


def _standing(
    finding: Finding, said: Iterable[_Said], component: Component | None, observation: VexObservation | None
) -> tuple[list[_Said], list[VexRevocation]]:
    """The statements that stand, and the automatic ones that today's evidence contradicts."""
    standing, revoked = [], []
    for one in said:
        why = contrary(one.statement, finding, component, observation)
        if why:
            revoked.append(revocation(one.statement, finding, why))
        elif not is_repetition(one.statement):
            standing.append(one)
    return standing, sorted(revoked, key=repr)


def _repeated(one: _Said) -> Step:
    says = f"{_who(one.statement)} said {one.statement.status} by a scan; this scan answers anew"
    return Step("vex", says, one.statement.document)


def _revoked(one: VexRevocation) -> Step:
    return Step("vex", f"the automatic statement {one.status} is revoked: {one.why}", one.document)


def _speaking(
    finding: Finding, by_name: Mapping[str, Sequence[VexStatement]], subject: Subject, by_key: Mapping[str, Component]
) -> tuple[Finding, list[_Said]]:
    """The finding, told which statements were made for an earlier version of it, and the ones that speak of it."""
    names = {name.casefold() for name in (finding.id, finding.advisory, *finding.aliases)}
    said: dict[VexStatement, str] = {}
    component = by_key.get(finding.component)
    for name in names & by_name.keys():
        for statement in by_name[name]:
            for product in statement.products:
                how = speaks_of(product, subject, component, finding.purl, by_key)
                if how:
                    said.setdefault(statement, how)
    named = {statement: None for name in sorted(names & by_name.keys()) for statement in by_name[name]}
    spoken = {who_said(statement) for statement in said}  # whoever speaks of it now has decided again
    older = (s for s in named if s not in said and who_said(s) not in spoken)
    again = outdated(older, subject, component, finding.purl)
    if again:
        finding = msgspec.structs.replace(finding, reasons=(*finding.reasons, *again))
    return finding, [_Said(statement, how) for statement, how in said.items()]


def _judged(finding: Finding, said: list[_Said]) -> tuple[Finding, VexConflict | None]:
    if not said:
        return finding, None
    last = sorted(_latest(said), key=_caution)
    chosen = last[-1]
    steps = [_step(one) for one in reversed(last)]
    steps += [step for one in reversed(last) if (step := lapsed(one.statement)) is not None]
    conflict = None
    if len({CAUTION[one.statement.status] for one in last}) > 1:
        conflict = _conflict(finding, chosen, last)
        text = f"the authors disagree: the more cautious word of {_who(chosen.statement)} holds"
        steps.append(Step("vex", text, chosen.statement.document))
    reasons = (*finding.reasons, *steps)
    if not _may_suppress(chosen.statement):
        return msgspec.structs.replace(finding, reasons=reasons), conflict
    suppressed = _suppression(chosen.statement)
    return msgspec.structs.replace(finding, reasons=reasons, status="not_affected", suppressed=suppressed), conflict


def _conflict(finding: Finding, chosen: _Said, last: Iterable[_Said]) -> VexConflict:
    return VexConflict(
        vulnerability=finding.id,
        component=finding.component,
        purl=finding.purl,
        holds=_word(chosen.statement),
        others=tuple(sorted(_word(one.statement) for one in last if one is not chosen)),
    )


def _word(statement: VexStatement) -> VexWord:
    return VexWord(_who(statement), statement.status, statement.document, statement.timestamp)


def _latest(said: Iterable[_Said]) -> list[_Said]:
    """The last word of each author (a nameless one is its document); at the same time the more cautious word."""
    found: dict[str, _Said] = {}
    for one in said:
        who = who_said(one.statement)
        known = found.get(who)
        if known is None or _recency(one) > _recency(known):
            found[who] = one
    return list(found.values())


def who_said(statement: VexStatement) -> str:
    """Whose word it is: the author's, or a nameless one's of this document."""
    return statement.author or statement.document or statement.digest


def _recency(one: _Said) -> tuple[float, int, str]:
    return (instant(one.statement.timestamp), *_caution(one))


def _caution(one: _Said) -> tuple[int, str]:
    """A `not_affected` without a reason suppresses nothing: it is no less cautious than no word at all.

    The statement's own text breaks ties, so that the order of the documents never matters.
    """
    statement = one.statement
    weight = CAUTION[statement.status] if is_sound(statement) else CAUTION["under_investigation"]
    return (weight, repr(statement))


def is_sound(statement: VexStatement) -> bool:
    """OpenVEX 0.2.0, "Status": `not_affected` needs a justification or an impact statement."""
    return statement.status != "not_affected" or bool(statement.justification or statement.impact)


def _may_suppress(statement: VexStatement) -> bool:
    return statement.status in _SUPPRESSES and is_sound(statement)


def _suppression(statement: VexStatement) -> Suppression:
    return Suppression(
        by=statement.author or statement.document,
        status=statement.status,
        justification=statement.justification,
        impact=statement.impact,
        document=statement.document,
        digest=statement.digest,
        timestamp=statement.timestamp,
    )


def _who(statement: VexStatement) -> str:
    return statement.author or "an unnamed author"


def _step(one: _Said) -> Step:
    statement = one.statement
    says = f"{_who(statement)} says {statement.status} of {one.product}"
    detail = statement.justification or statement.impact or statement.action
    if detail:
        says += f": {detail}"
    if not is_sound(statement):
        says += "; not applied, it gives neither justification nor impact"
    return Step("vex", says, statement.document)
