"""Statements by evidence alone: for each finding the weakest status its evidence defends, never a stronger one.

One table, `LADDER`: the first rung whose evidence is there gives status, justification and confidence. Observation
alone never says `vulnerable_code_not_present`: only a static proof does. A statement names its evidence by digest, the
image by digest as its product, the package as its subcomponent, and ends after 30 days; past that it counts as
`under_investigation` (OpenVEX 0.2.0 itself has no expiry).
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from assay.dependencies.vex_contrary import REFUTED_BY_OPENING, RUNG
from assay.formats.openvex_write import subject_identifiers
from assay.formats.vex_words import CAUTION
from assay.model.finding import Finding
from assay.model.inventory import Component
from assay.model.report import Report
from assay.model.vex import (
    VexConfidence,
    VexObservation,
    VexProduct,
    VexRevocation,
    VexStatement,
    VexStatus,
)

EXPIRY_DAYS = 30


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A finding and everything known of it."""

    finding: Finding
    component: Component | None
    observation: VexObservation | None = None
    opts_in: bool = False
    """Whether policy accepts `vulnerable_code_not_in_execute_path` where opening is denied."""


class Rung(msgspec.Struct, frozen=True, kw_only=True):
    """One rung: which evidence it takes, and what that evidence defends."""

    name: str
    holds: Callable[[Case], bool]
    status: VexStatus
    justification: str = ""
    confidence: VexConfidence
    text: Callable[[Case], str]
    """The action of `affected`; the impact of the others."""
    notes: Callable[[Case], str] = lambda _: ""


def _opened(case: Case) -> bool:
    return case.observation is not None and case.observation.opened


def _unopened(case: Case) -> bool:
    """Watched from before the start, without loss, and never opened: less than that says nothing."""
    seen = case.observation
    return seen is not None and not seen.opened and seen.complete


def _absent(case: Case) -> bool:
    return case.component is not None and case.component.removed_by is not None and not _opened(case)


def _unlinked(case: Case) -> bool:
    reach = case.finding.reach
    proven = reach is not None and reach.state == "not_linked" and reach.justification == "vulnerable_code_not_present"
    return proven and _is_flaw(case)


def _is_flaw(case: Case) -> bool:
    """A malicious package is no flaw in code: that some of it is unused or guarded excuses nothing."""
    return case.finding.category != "malicious"


def _stated(case: Case) -> bool:
    """Somebody who counts said so, and nothing seen contradicts it."""
    said = case.finding.suppressed
    return said is not None and not (_opened(case) and said.justification in REFUTED_BY_OPENING)


def _enforced(case: Case) -> bool:
    denied = case.observation is not None and case.observation.enforced
    return denied and _unopened(case) and case.opts_in and _is_flaw(case)


def _blocked(case: Case) -> bool:
    return case.observation is not None and bool(case.observation.blocked_by)


def _drilled(case: Case) -> bool:
    return case.observation is not None and bool(case.observation.drill) and _is_flaw(case)


def _update(case: Case) -> str:
    fixed = " or ".join(case.finding.fixed_in)
    return f"Update {case.finding.name} to {fixed}." if fixed else "No fixed version is known."


def _mitigated(case: Case) -> str:
    control = case.observation.blocked_by if case.observation is not None else ""
    return f"Keep in force: {control}. {_update(case)}"


def _removed(case: Case) -> str:
    by = case.component.removed_by if case.component is not None else None
    return f"Layer {by} removes the component: its files are not in the final file system."


def _reach(case: Case) -> str:
    return case.finding.reach.reason if case.finding.reach is not None else ""


def _window(case: Case) -> str:
    seen = case.observation
    return f"Not opened while watched ({seen.window or 'window unknown'})." if seen is not None else ""


def _last_reason(case: Case) -> str:
    says = [step.says for step in case.finding.reasons]
    return says[-1] if says else "The scan found it not affected."


def _nothing(_: Case) -> str:
    return ""


LADDER: tuple[Rung, ...] = (
    Rung(
        name="absent",
        holds=_absent,
        status="not_affected",
        justification="component_not_present",
        confidence="certain",
        text=_removed,
    ),
    Rung(
        name="static",
        holds=_unlinked,
        status="not_affected",
        justification="vulnerable_code_not_present",
        confidence="strong",
        text=_reach,
    ),
    Rung(
        name="drill",
        holds=_drilled,
        status="not_affected",
        justification="inline_mitigations_already_exist",
        confidence="strong",
        text=lambda case: f"The drill {case.observation.drill if case.observation else ''} passed.",
    ),
    Rung(
        name="stated",
        holds=_stated,
        status="not_affected",
        confidence="",
        text=lambda case: "",
    ),
    Rung(name="opened", holds=_opened, status="affected", confidence="certain", text=_update),
    Rung(
        name="version",
        holds=lambda case: case.finding.status == "not_affected" and case.finding.suppressed is None,
        status="not_affected",
        confidence="strong",
        text=_last_reason,
    ),
    Rung(
        name="enforced",
        holds=_enforced,
        status="not_affected",
        justification="vulnerable_code_not_in_execute_path",
        confidence="strong",
        text=lambda case: "It was never opened, and opening it is denied.",
        notes=_window,
    ),
    Rung(name="blocked", holds=_blocked, status="affected", confidence="strong", text=_mitigated),
    Rung(
        name="observed", holds=_unopened, status="under_investigation", confidence="weak", text=_nothing, notes=_window
    ),
    Rung(
        name="affected",
        holds=lambda case: case.finding.status == "affected",
        status="affected",
        confidence="strong",
        text=_update,
    ),
    Rung(name="unknown", holds=lambda _: True, status="under_investigation", confidence="weak", text=_nothing),
)
"""Strongest claim first, each only with its own evidence; the last rung always holds."""
_OBSERVED = frozenset({"enforced", "observed", "drill", "blocked"})


def rung_of(case: Case) -> Rung:
    """The first rung whose evidence is there."""
    return next(rung for rung in LADDER if rung.holds(case))


def statements(
    report: Report, *, now: str, observations: Iterable[VexObservation] = (), opts_in: bool = False
) -> tuple[VexStatement, ...]:
    """What a report's findings say, one statement for all components of which the same is said on the same evidence.

    Args:
        report: what was found.
        now: RFC 3339 UTC; the statements are dated with its day, so that one day's statements are the same bytes.
        observations: verified runtime evidence, at most one a component and vulnerability.
        opts_in: whether policy accepts that code that cannot be opened is not in the execute path.
    """
    day = now[:10]
    by_key = {component.key: component for component in report.components}
    seen = {(one.component, one.vulnerability): one for one in observations}
    revoked = {(one.vulnerability, one.component): one for one in report.vex_revocations}
    words: list[tuple[VexStatement, str]] = []
    for finding in report.findings:
        case = Case(
            finding=finding,
            component=by_key.get(finding.component),
            observation=seen.get((finding.component, finding.id)) or seen.get((finding.component, "")),
            opts_in=opts_in,
        )
        said = _said(case, report, day, revoked.get((finding.id, finding.component)))
        words.append((said, finding.purl))
    groups: dict[VexStatement, set[str]] = {}
    for said, purl in _most_cautious(words):
        groups.setdefault(said, set()).add(purl)
    image = subject_identifiers(report.subject)
    result = []
    for said, found in groups.items():
        packages = tuple(sorted(found - {""}))
        products = (VexProduct(image, packages),) if image else tuple(VexProduct((purl,)) for purl in packages)
        result.append(msgspec.structs.replace(said, products=products))
    return tuple(sorted(result, key=lambda s: (s.vulnerability, s.status, s.justification, repr(s))))


def _most_cautious(words: list[tuple[VexStatement, str]]) -> Iterator[tuple[VexStatement, str]]:
    """Of statements about one package URL the gravest alone: a copy that is not affected does not speak for the others.

    Several copies of a package in an image share their URL, and nothing in a statement tells them apart. Without a
    package the statement is about the image, and what is said of any package of it is graver.
    """
    gravest: dict[tuple[str, str], int] = {}
    for said, purl in words:
        for place in {(said.vulnerability, purl), (said.vulnerability, "")}:
            gravest[place] = max(gravest.get(place, 0), CAUTION[said.status])
    return ((said, purl) for said, purl in words if CAUTION[said.status] == gravest[said.vulnerability, purl])


def _said(case: Case, report: Report, day: str, revoked: VexRevocation | None) -> VexStatement:
    """The statement of one finding, without products."""
    finding, rung = case.finding, rung_of(case)
    status, justification, text = rung.status, rung.justification, rung.text(case)
    if rung.name == "stated" and finding.suppressed is not None:
        said = finding.suppressed
        status = "fixed" if said.status == "fixed" else "not_affected"
        justification = said.justification
        text = " ".join(filter(None, (said.impact, f"Stated by {said.by}.")))
    notes = rung.notes(case)
    if revoked is not None:
        what = f"{revoked.status} of {revoked.timestamp or 'an unknown time'} ({revoked.document})"
        notes = f"Revokes {what}: {revoked.why}. {notes}".rstrip()
    return VexStatement(
        vulnerability=finding.id,
        aliases=tuple(sorted(set(finding.aliases) - {finding.id})),
        status=status,
        justification=justification,
        impact="" if status in ("affected", "under_investigation") else text,
        action=text if status == "affected" else "",
        timestamp=f"{day}T00:00:00Z",
        notes=notes,
        expires=_expiry(day),
        scope="image" if report.subject.digest is not None else "component",
        confidence=rung.confidence,
        evidence=_evidence(case, rung, report),
        words=((RUNG, rung.name),),
    )


def _evidence(case: Case, rung: Rung, report: Report) -> tuple[str, ...]:
    """Digests of what the statement rests on: image, layer, program, advisories, statement, observation."""
    found = [str(report.subject.digest)] if report.subject.digest is not None else []
    if rung.name == "absent" and case.component is not None:
        by = case.component.removed_by
        found += [str(layer.diff_id) for layer in report.layers if layer.index == by and layer.diff_id is not None]
    if rung.name == "static" and case.component is not None:
        found += sorted(case.component.hashes)
    if rung.name == "stated" and case.finding.suppressed is not None:
        found += [case.finding.suppressed.digest]
    if case.observation is not None and rung.name in (*_OBSERVED, "opened"):
        found += case.observation.evidence
    if rung.name not in ("absent", "stated"):
        found += [report.sources.database]
    return tuple(dict.fromkeys(filter(None, found)))


def _expiry(day: str) -> str:
    """30 days after the beginning of a day; nothing for what is no day.

    >>> _expiry("2026-12-31")
    '2027-01-30T00:00:00Z'
    """
    try:
        moment = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=EXPIRY_DAYS)
    except (ValueError, OverflowError):
        return ""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
