"""A stored report brought up to date after the database changed, without the image: only what changed is asked again.

What was matched anew has neither VEX nor a look into programs behind it (the image is not there), so it is judged as
cautiously as an SBOM's; the verdict and what the user's ignore rules came to are dropped, as they spoke of the old
findings.
"""

from collections.abc import Sequence

import msgspec

from assay.dependencies import importing, lifecycle, origin, reachability, vex
from assay.dependencies.lifetimes import lifetimes
from assay.dependencies.matching import Matches
from assay.flows import freshness
from assay.flows.rematch import rematch
from assay.flows.scan import Knowledge
from assay.model.advisory_change import DatabaseDifference
from assay.model.errors import UnavailableError, UsageError
from assay.model.finding import Finding
from assay.model.report import Report, Sources


class Renewed(msgspec.Struct, frozen=True, kw_only=True):
    """The report of now, and what it took."""

    report: Report
    asked_count: int
    """Components asked about again."""
    came_count: int
    """Open findings the old report has not."""
    went_count: int
    reopened_count: int
    """Findings that VEX, evidence or an ignore rule had answered, and that were matched anew without it."""


def renew(report: Report, knowledge: Knowledge, difference: DatabaseDifference, now: str) -> Renewed:
    """Match again what the difference between two databases can touch.

    Args:
        report: made with the database `difference.old`.
        knowledge: of the database `difference.new`.
        difference: between the two.
        now: RFC 3339 time, for the age of the feeds and for ends of life.

    Raises:
        UsageError: the report was made with another database, or with CPE names, which are matched as a whole.
        UnavailableError: there is no database.
    """
    store = knowledge.store
    if store is None:
        raise UnavailableError(
            "the report cannot be matched again", why=knowledge.absent, remedy="run `assay db update`"
        )
    _demand(report, difference)
    before = Matches(findings=report.findings, uncovered=report.uncovered, code={})

    def weigh(matched: Matches) -> tuple[Finding, ...]:
        looked = reachability.apply(matched.findings, matched.code, report.components, None)
        looked = importing.carry(looked, report.findings)
        return vex.weigh(looked, (), report.subject, report.components, now).findings

    found = rematch(before, report.components, report.distro, store, difference, knowledge.deployment, weigh)
    asked = set(found.asked)
    findings = _placed(found.matches.findings, report, asked)
    status = store.status()
    known = knowledge.lifecycles
    life = lifecycle.judge(report.distro, known, now, knowledge.horizon) if known else None
    old, new = _open(report.findings), _open(findings)
    answered = {key(one) for one in report.findings if one.component in asked} - old
    return Renewed(
        report=msgspec.structs.replace(
            report,
            findings=findings,
            uncovered=found.matches.uncovered,
            sources=Sources(
                state="present",
                database=status.content_digest,
                built=freshness.newest_date(status.feeds, now),
                feeds=freshness.aged(status.feeds, now),
                warning=freshness.warning(status.feeds, now),
            ),
            end_of_life=life,
            lifetimes=lifetimes(report.components, life, known, now, knowledge.horizon) if known else None,
            vex_conflicts=tuple(one for one in report.vex_conflicts if one.component not in asked),
            verdict=None,
            ignores=None,
        ),
        asked_count=len(asked),
        came_count=len(new - old),
        went_count=len(old - new),
        reopened_count=len(answered & new),
    )


def _demand(report: Report, difference: DatabaseDifference) -> None:
    if report.sources.database != difference.old.content:
        raise UsageError(
            "the report was made with another database than OLD",
            where=report.subject.name,
            why=f"{report.sources.database or 'none'}, not {difference.old.content}",
            remedy="name the database it was made with, or scan again",
        )
    if any(finding.confidence for finding in report.findings):
        raise UsageError(
            "findings by CPE names are matched as a whole", where=report.subject.name, remedy="scan again with --cpe"
        )


def key(finding: Finding) -> tuple[str, str]:
    """What tells one finding of a report from another."""
    return finding.component, finding.id


def _open(findings: Sequence[Finding]) -> set[tuple[str, str]]:
    return {
        key(one) for one in findings if one.status != "not_affected" and one.suppressed is None and one.ignored is None
    }


def _placed(findings: Sequence[Finding], report: Report, asked: set[str]) -> tuple[Finding, ...]:
    """Those matched anew with the origin of their component."""
    whose = {c.key: origin.origin(c, report.base) for c in report.components if c.key in asked}
    return tuple(
        msgspec.structs.replace(one, origin=whose[one.component]) if one.component in whose else one for one in findings
    )
