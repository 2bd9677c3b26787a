"""The ladder of evidence of one vulnerability in one report."""

import click

from assay.dependencies import explain
from assay.dependencies.graph import Graph
from assay.interfaces.cli.render.text import cut, safe, wrap
from assay.interfaces.cli.render.view import group_of, urgency
from assay.model.finding import Finding
from assay.model.inventory import Inventory
from assay.model.report import Report

_GROUPS = {
    "open": "affected",
    "suppressed": "suppressed by VEX",
    "ignored": "affected, ignored by a rule of yours",
    "undetermined": "cannot be determined",
}


_INDENT = 14


def render(report: Report, identifier: str, *, colour: bool, columns: int = 120) -> tuple[str, bool]:
    """The text, no line wider than `columns`, and whether anything matched.

    Ids are compared without regard to case, aliases included; the most urgent finding comes first.
    """
    wanted = identifier.casefold()
    found = [f for f in report.findings if wanted in {i.casefold() for i in (f.id, f.advisory, *f.aliases)}]
    if not found:
        return _nothing(report, identifier, columns), False
    graph = Graph(
        Inventory(
            subject=report.subject,
            components=report.components,
            relations=report.relations,
            layers=report.layers,
            base=report.base,
        )
    )
    found.sort(key=urgency)
    return "\n".join(_one(report, finding, graph, colour, columns) for finding in found), True


def _one(report: Report, finding: Finding, graph: Graph, colour: bool, columns: int) -> str:
    group = group_of(finding)
    title = f"{finding.id} in {finding.name} {finding.version}: {_GROUPS.get(group, 'not affected')}"
    lines = [click.style(cut(safe(title), columns), bold=True) if colour else cut(safe(title), columns)]
    if finding.aliases:
        lines += wrap(f"also known as {safe(', '.join(finding.aliases))}", columns, "  ")
    lines += wrap(safe(finding.summary), columns, "  ")
    for step in explain.ladder(finding, graph.components.get(finding.component), report.layers, report.base, graph):
        source = f"  [{safe(step.source)}]" if step.source else ""
        first, *more = wrap(safe(step.says) + source, columns, " " * _INDENT) or [" " * _INDENT]
        lines += [f"  {step.rung:>10}  {first[_INDENT:]}", *more]
    return "\n".join(lines) + "\n"


def _nothing(report: Report, identifier: str, columns: int) -> str:
    if report.sources.state != "present":
        text = f"{identifier}: unknown, no advisory data was used: {report.sources.reason}"
    else:
        text = (
            f"{identifier}: no package of {report.subject.name} matches it in {len(report.sources.feeds)} feeds "
            f"({len(report.uncovered)} packages are covered by none of them)"
        )
    return "\n".join(wrap(safe(text), columns)) + "\n"
