"""Findings as CSV (RFC 4180): one line a finding, whatever became of it; no cell can be taken for a formula."""

import csv
import io

from assay.formats.answer import answer_of, state_of
from assay.formats.plaintext import cell
from assay.model.finding import Finding
from assay.model.inventory import Component
from assay.model.report import Report

COLUMNS = (
    "subject", "digest", "state", "severity", "category", "id", "aliases", "package", "installed", "fixed_in", "purl",
    "range", "kev", "epss", "epss_percentile", "ssvc", "ssvc_deployer", "reach", "layer", "origin", "path", "advisory",
    "feed", "answer", "summary",
)  # fmt: skip
_RANK = {name: rank for rank, name in enumerate(("critical", "high", "medium", "unknown", "low", "none"))}


def write(report: Report) -> bytes:
    """Every finding with its state: open first, then by severity, id and component."""
    text = io.StringIO(newline="")
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow(COLUMNS)
    components = {c.key: c for c in report.components}
    subject = (report.subject.name, str(report.subject.digest or ""))
    for finding in sorted(report.findings, key=_order):
        row = (*subject, *_row(finding, components.get(finding.component)))
        lines.writerow([cell(value) for value in row])
    return text.getvalue().encode()


def _order(finding: Finding) -> tuple[bool, bool, int, str, str]:
    rank = _RANK.get(finding.severity, len(_RANK))
    return state_of(finding) != "open", finding.category != "malicious", rank, finding.id, finding.component


def _row(finding: Finding, component: Component | None) -> tuple[str, ...]:
    decision = finding.ssvc
    paths = sorted({o.path for o in component.occurrences}) if component is not None else []
    return (
        state_of(finding),
        finding.severity,
        finding.category,
        finding.id,
        " ".join(finding.aliases),
        finding.name,
        finding.version,
        " ".join(finding.fixed_in),
        finding.purl,
        finding.matched_range,
        finding.kev.date_added or "yes" if finding.kev else "",
        f"{finding.epss.score:.5f}" if finding.epss else "",
        f"{finding.epss.percentile:.5f}" if finding.epss else "",
        _range(decision.coordinator.best, decision.coordinator.worst) if decision else "",
        _range(decision.deployer.best, decision.deployer.worst) if decision else "",
        finding.reach.state if finding.reach else "",
        "" if finding.layer is None else str(finding.layer),
        finding.origin,
        paths[0] if paths else "",
        finding.advisory,
        finding.feed,
        answer_of(finding),
        finding.summary,
    )


def _range(best: str, worst: str) -> str:
    return best if best == worst else f"{best} to {worst}"
