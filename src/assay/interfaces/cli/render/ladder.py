"""The ladder of evidence of one vulnerability in one report."""

import click

from assay.dependencies import explain
from assay.interfaces.cli.render.text import safe
from assay.interfaces.cli.render.view import group_of
from assay.model.finding import Finding
from assay.model.report import Report

_GROUPS = {
    "open": "affected",
    "suppressed": "suppressed by VEX",
    "ignored": "affected, ignored by a rule of yours",
    "undetermined": "cannot be determined",
}


def render(report: Report, identifier: str, *, colour: bool) -> tuple[str, bool]:
    """The text, and whether anything matched. Ids are compared without regard to case, aliases included."""
    wanted = identifier.casefold()
    found = [f for f in report.findings if wanted in {i.casefold() for i in (f.id, f.advisory, *f.aliases)}]
    if not found:
        return _nothing(report, identifier), False
    return "\n".join(_one(report, finding, colour) for finding in found), True


def _one(report: Report, finding: Finding, colour: bool) -> str:
    group = group_of(finding)
    title = f"{finding.id} in {finding.name} {finding.version}: {_GROUPS.get(group, 'not affected')}"
    lines = [click.style(safe(title), bold=True) if colour else safe(title)]
    if finding.aliases:
        lines.append(f"  also known as {safe(', '.join(finding.aliases))}")
    if finding.summary:
        lines.append(f"  {safe(finding.summary)}")
    component = next((c for c in report.components if c.key == finding.component), None)
    for step in explain.ladder(finding, component, report.layers, report.base):
        source = f"  [{safe(step.source)}]" if step.source else ""
        lines.append(f"  {step.rung:>10}  {safe(step.says)}{source}")
    return "\n".join(lines) + "\n"


def _nothing(report: Report, identifier: str) -> str:
    if report.sources.state != "present":
        return f"{safe(identifier)}: unknown, no advisory data was used: {safe(report.sources.reason)}\n"
    return (
        f"{safe(identifier)}: no package of {safe(report.subject.name)} matches it "
        f"in {len(report.sources.feeds)} feeds ({len(report.uncovered)} packages are covered by none of them)\n"
    )
