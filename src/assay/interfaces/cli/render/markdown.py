"""Markdown for pull requests and step summaries; nothing in a package name can become markup."""

from assay.formats.plaintext import markdown as escape
from assay.interfaces.cli.render import locks, suspicions
from assay.interfaces.cli.render.ignores import ignore_lines
from assay.interfaces.cli.render.standing import base_line, share_line, sources_line
from assay.interfaces.cli.render.text import safe
from assay.interfaces.cli.render.vex import vex_lines
from assay.interfaces.cli.render.view import View, distro_line, ending_word, endings, headline, marks, tallies, view
from assay.model.finding import Finding
from assay.model.report import Report
from assay.policy import explain

__all__ = ["escape", "render"]

_SHOWN = 500


def render(report: Report) -> str:
    """The report as Markdown, at most 500 findings listed; a cut is stated."""
    seen = view(report)
    lines = [f"## {escape(report.subject.name)}", ""]
    inferred = f", {seen.inferred} identified by inference" if seen.inferred else ""
    lines.append(" · ".join(f"`{safe(fact).replace('`', '')}`" for fact in headline(report)))
    lines += ["", f"{escape(distro_line(report))} · {seen.components} packages{inferred}", ""]
    said = (share_line(report.shares), base_line(report.base, len(report.layers), report.origins))
    lines += [part for text in said if text for part in (escape(text), "")]
    if report.verdict is not None:
        lines += [f"**Verdict:** {escape(explain.summary(report.verdict))}", ""]
        lines += ["| rule | outcome | why | remedy |", "| --- | --- | --- | --- |"]
        for reason in explain.ordered(report.verdict):
            failing = explain.refuses(reason)
            why = "; ".join(escape(m) for m in reason.messages[:3]) if failing else ""
            outcome = reason.outcome.replace("_", " ") + (" (warning)" if failing and not reason.enforced else "")
            lines.append(f"| {escape(reason.rule)} | {outcome} | {why} | {escape(reason.remedy) if failing else ''} |")
        lines.append("")
    if report.sources.state != "present":
        lines += [f"**No advisory data was used:** {escape(report.sources.reason)}", ""]
    if seen.open:
        lines += ["| severity | id | package | installed | fixed in | note |", "| --- | --- | --- | --- | --- | --- |"]
        lines += [_row(finding) for finding in seen.open[:_SHOWN]]
        if len(seen.open) > _SHOWN:
            lines.append(f"\n{len(seen.open) - _SHOWN} more findings are in the JSON report.")
        lines.append("")
    if report.lifetimes:
        lines += _endings(report)
    if report.suspicions:
        lines += [f"**Suspicions:** {escape(suspicions.headline(report))}", ""]
        lines += [f"- {level}: {escape(text)}" for level, text in suspicions.lines(report)]
        lines += [""] if suspicions.lines(report) else []
    lines.append(_summary(report, seen))
    if any(feed.age_days is not None for feed in report.sources.feeds):
        lines += ["", escape(sources_line(report.sources))]
    if report.sources.warning:
        lines += ["", f"**{escape(report.sources.warning)}**"]
    lines += [part for line in ignore_lines(report) for part in ("", escape(line))]
    lines += ["", escape(locks.line(report.locks))] if report.locks else []
    lines += [part for line in suspicions.index_lines(report) for part in ("", escape(line))]
    lines += [part for line in vex_lines(report) for part in ("", escape(line.strip()))]
    return "\n".join(lines) + "\n"


def _summary(report: Report, seen: View) -> str:
    gaps = f"{len(report.gaps)} gap{'s' * (len(report.gaps) != 1)}"
    if report.sources.state != "present":
        return f"Nothing here says that a package is free of vulnerabilities; {gaps}."
    counted = ", ".join(f"{n} {name}" for name, n in seen.counts.items()) or "none"
    total = len(seen.open)
    beside = (f"{count} {what}" for count, what in tallies(report, seen))
    return "; ".join((f"{total} finding{'s' * (total != 1)} ({counted})", *beside, gaps)) + "."


def _endings(report: Report) -> list[str]:
    """End of life of runtimes and frameworks: those that are not plainly supported, and a count of all."""
    shown, summary = endings(report)
    lines = [f"**End of life:** {escape(summary)}", ""]
    if shown:
        lines += ["| state | product | version | why |", "| --- | --- | --- | --- |"]
    for life in shown[:_SHOWN]:
        cells = (ending_word(life), f"{life.title or life.product} {life.cycle}", ", ".join(life.versions), life.reason)
        lines.append("| " + " | ".join(escape(cell) for cell in cells) + " |")
    return [*lines, ""] if shown else lines


def _row(finding: Finding) -> str:
    cells = (
        finding.severity if finding.category != "malicious" else "malicious",
        finding.id,
        finding.name,
        finding.version,
        ", ".join(finding.fixed_in) or "none known",
        marks(finding),
    )
    return "| " + " | ".join(escape(cell) for cell in cells) + " |"
