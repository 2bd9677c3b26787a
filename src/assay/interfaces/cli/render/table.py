"""The default output: a table for a person at a terminal, from 80 columns up; no colour when piped."""

from collections.abc import Callable, Sequence

import click

from assay.interfaces.cli.render import locks, suspicions
from assay.interfaces.cli.render.gaps import gap_lines
from assay.interfaces.cli.render.ignores import ignore_lines
from assay.interfaces.cli.render.standing import base_line, share_line, sources_line
from assay.interfaces.cli.render.text import cut, cut_middle, cut_start, joined, pad, safe, width, wrap
from assay.interfaces.cli.render.vex import vex_lines
from assay.interfaces.cli.render.view import (
    View,
    distro_line,
    ending_word,
    endings,
    headline,
    marks,
    tallies,
    view,
    weighed,
    why_not,
)
from assay.model.finding import Finding
from assay.model.report import Report
from assay.model.verdict import Reason, Verdict
from assay.policy import explain

_STYLE: dict[str, dict[str, object]] = {
    "critical": {"fg": "magenta", "bold": True},
    "high": {"fg": "red"},
    "medium": {"fg": "yellow"},
    "low": {"fg": "cyan"},
}
_COLUMNS = ("SEVERITY", "ID", "PACKAGE", "INSTALLED", "FIXED IN", "FROM", "NOTE")
_FROM = _COLUMNS.index("FROM")
_FROM_COLUMNS = 100
"""From this width up a row says whether the package came with the base image."""
_ORIGINS = {"base": "base", "application": "app", "unknown": "?"}
_ID = _COLUMNS.index("ID")
_ID_WISHED = 24
"""Columns of the longest usual ids (`DEBIAN-CVE-2025-100000`); one that is a whole sentence takes no more of a row."""
_PACKAGE, _NOTE = _COLUMNS.index("PACKAGE"), _COLUMNS.index("NOTE")
_VERSIONS = (_COLUMNS.index("INSTALLED"), _COLUMNS.index("FIXED IN"))
_MINIMUM = {"PACKAGE": 12, "INSTALLED": 10, "FIXED IN": 10, "NOTE": 9}
"""Beside an id of 19 characters they fill 80 columns: `exploited` is never squeezed out there."""
_FLEX = (_PACKAGE, *_VERSIONS)
_NOTE_WISHED = 11
"""`code linked` whole, where the other columns leave room for it."""
_ENDINGS_SHOWN = 10


def render(report: Report, *, columns: int, colour: bool, everything: bool = False) -> str:
    """The report as text.

    Args:
        columns: width of the terminal; lines never exceed it.
        colour: whether to write ANSI colours.
        everything: also list suppressed, undetermined and not-affected findings one by one.
    """
    seen = view(report)
    style = _styler(colour)
    parts = [_head(report, seen, columns, style)]
    if seen.open:
        parts.append(_findings(seen.open, columns, style))
    if everything:
        for title, group in (
            ("Cannot be determined", seen.undetermined),
            ("Suppressed by VEX", seen.suppressed),
            ("Ignored by rules of yours", seen.ignored),
            ("Not affected", seen.not_affected),
        ):
            if group:
                parts.append(style(title, bold=True) + "\n" + _findings(group, columns, style))
    if report.lifetimes:
        parts.append(_endings(report, columns, style, everything=everything))
    if report.suspicions:
        parts.append(_suspicions(report, columns, style, everything=everything))
    parts.append(_summary(report, seen, columns, style))
    if report.verdict is not None:
        parts.append(_verdict(report.verdict, columns, style))
    return "\n\n".join(parts) + "\n"


def render_verdict(verdict: Verdict, *, columns: int, colour: bool) -> str:
    """A verdict alone, one block a rule."""
    return _verdict(verdict, columns, _styler(colour))


def _styler(colour: bool) -> Callable[..., str]:
    def style(text: str, **how: object) -> str:
        return click.style(text, **how) if colour else text  # type: ignore[arg-type]

    return style


def _head(report: Report, seen: View, columns: int, style: Callable[..., str]) -> str:
    lines = [style(cut(safe(report.subject.name), columns), bold=True)]
    lines.extend(joined(map(safe, headline(report)), columns))
    shape = f"{seen.components} package{'s' * (seen.components != 1)}"
    if seen.owned:
        shape += f" (+{seen.owned} owned by them)"
    if seen.removed:
        shape += f", {seen.removed} removed in upper layers"
    if seen.inferred:
        shape += f", {seen.inferred} identified by inference"
    if report.layers:
        shape += f", {len(report.layers)} layer{'s' * (len(report.layers) != 1)}"
    lines.extend(joined((safe(distro_line(report)), shape), columns))
    lines.extend(wrap(share_line(report.shares), columns, ""))
    lines.extend(wrap(base_line(report.base, len(report.layers), report.origins), columns, ""))
    return "\n".join(lines)


def _row(finding: Finding) -> tuple[str, ...]:
    return tuple(
        safe(cell)
        for cell in (
            finding.severity if finding.category != "malicious" else "MALICIOUS",
            finding.id,
            finding.name,
            finding.version,
            ", ".join(finding.fixed_in) or "none known",
            _ORIGINS[finding.origin],
            why_not(finding) or marks(finding) or finding.summary,
        )
    )


def _findings(findings: Sequence[Finding], columns: int, style: Callable[..., str]) -> str:
    rows = [_row(f) for f in findings]
    natural = [max(width(row[i]) for row in [_COLUMNS, *rows]) for i in range(len(_COLUMNS))]
    if columns < _FROM_COLUMNS or all(finding.origin == "unknown" for finding in findings):
        natural[_FROM] = 0
    widths = _fit(natural, columns)
    lines = [style(_line(_COLUMNS, widths), bold=True)]
    for finding, row in zip(findings, rows, strict=True):
        key = "critical" if finding.category == "malicious" else finding.severity
        first = pad(row[0], widths[0])
        rest = _line(row, widths)[width(first) :]
        lines.append(((style(first, **_STYLE[key]) if key in _STYLE else first) + rest).rstrip())
    return "\n".join(lines)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (_cell(i, c, w) for i, (c, w) in enumerate(zip(row, widths, strict=True)))
    return "  ".join(pad(cell, w) for cell, w in zip(cells, widths, strict=True) if w).rstrip()


def _cell(column: int, text: str, columns: int) -> str:
    """The text cut where it tells least: of a version the middle, of a path-like name or a Maven one its start."""
    if column in _VERSIONS:
        return cut_middle(text, columns)
    return cut_start(text, columns) if column == _PACKAGE and ("/" in text or ":" in text) else text


def _fit(natural: list[int], columns: int) -> list[int]:
    """Shrink the flexible columns, widest first, until the row fits; an id of a sentence and the note go first."""
    widths = list(natural)
    floor = [_MINIMUM.get(name, w) for name, w in zip(_COLUMNS, natural, strict=True)]

    def excess() -> int:
        used = [w for w in widths if w]
        return sum(used) + 2 * (len(used) - 1) - columns

    if excess() > 0:
        widths[_ID] = max(min(widths[_ID], _ID_WISHED), widths[_ID] - excess())
    if excess() > 0:
        widths[_NOTE] = max(min(widths[_NOTE], _NOTE_WISHED), widths[_NOTE] - excess())
    while excess() > 0:
        candidates = [i for i in _FLEX if widths[i] > floor[i]] or [i for i in (_NOTE,) if widths[i] > floor[i]]
        if not candidates and widths[_NOTE]:
            widths[:] = [*natural[:_ID], widths[_ID], *natural[_ID + 1 : _NOTE], 0]  # what it took, others may have
            continue
        if not candidates:
            candidates = [i for i, w in enumerate(widths) if w]
        widest = max(candidates, key=lambda i: widths[i])
        widths[widest] -= 1
    return widths


def _endings(report: Report, columns: int, style: Callable[..., str], *, everything: bool) -> str:
    """End of life of runtimes and frameworks; with `everything` also those that are supported."""
    shown, summary = endings(report)
    if everything:
        shown = report.lifetimes or ()
    first, *more = wrap(f"End of life: {summary}", columns, "")
    lines = [style(first, bold=bool(shown)), *more]
    for life in shown if everything else shown[:_ENDINGS_SHOWN]:
        versions = ", ".join(life.versions[:3]) + (" …" if len(life.versions) > 3 else "")
        word = ending_word(life)
        colour = {"ended": "red", "unknown": None, "supported": None}.get(word, "yellow")
        text = cut(safe(f"{life.title or life.product} {versions}: {life.reason}"), max(columns - 14, 8))
        lines.append(f"  {style(pad(word, 10), fg=colour)}  {text}")
    if not everything and len(shown) > _ENDINGS_SHOWN:
        lines.append(f"  … {len(shown) - _ENDINGS_SHOWN} more with -v or -o json")
    return "\n".join(lines)


def _suspicions(report: Report, columns: int, style: Callable[..., str], *, everything: bool) -> str:
    """The weightiest, each with its reasons; with `everything` also the low ones."""
    shown = suspicions.lines(report, everything=everything)
    first, *more = wrap(suspicions.headline(report), columns, "")
    lines = [style(first, bold=bool(shown)), *more]
    for level, text in shown:
        told = wrap(text, max(columns - 10, 20), "")
        word = style(pad(level, 6), fg="red" if level == "high" else None)
        lines.extend([f"  {word}  {told[0]}", *(" " * 10 + line for line in told[1:])])
    unseen = len(report.suspicions) - len(shown)
    if shown and unseen:
        lines.append(f"  … {unseen} more with -v or -o json")
    return "\n".join(lines)


def _summary(report: Report, seen: View, columns: int, style: Callable[..., str]) -> str:
    lines: list[str] = []
    if report.sources.state != "present":
        lines.append(style("No advisory data was used", bold=True) + f": {safe(report.sources.reason)}")
        lines.append("Nothing here says that a package is free of vulnerabilities.")
    else:
        counted = ", ".join(f"{n} {name}" for name, n in seen.counts.items()) or "none"
        total = len(seen.open)
        lines.append(style(f"{total} finding{'s' * (total != 1)}", bold=True) + (f": {counted}" if total else ""))
        lines.extend(joined((f"{n} {what}" for n, what in tallies(report, seen)), columns))
        lines.extend(wrap(sources_line(report.sources), columns, ""))
    for line in ignore_lines(report):
        lines.extend(wrap(safe(line), columns, ""))
    for line in suspicions.index_lines(report):
        lines.extend(wrap(line, columns, ""))
    for line in vex_lines(report):
        lines.extend(wrap(line, columns, "  " if line.startswith(" ") else ""))
    lines.extend(wrap(locks.line(report.locks), columns, ""))
    lines.extend(gap_lines(report.gaps, columns))
    return "\n".join(line for line in lines if line)


_MARK = {
    "pass": "✓",
    "violated": "✗",
    "evidence_missing": "✗",
    "could_not_check": "?",
    "waived": "~",
    "not_applicable": "-",
}


def _verdict(verdict: Verdict, columns: int, style: Callable[..., str]) -> str:
    word = verdict.decision.upper()
    first, *more = wrap(f"Verdict: {safe(explain.summary(verdict))}", columns, "")
    mark = style(word, bold=True, fg="green" if verdict.decision == "allow" else "red")
    lines = [first.replace(word, mark, 1), *more]
    lines.append(cut(f"policy {verdict.policy_digest[:19]}…, engine {safe(verdict.engine)}", columns))
    against, others = weighed(verdict)
    for reason in against:
        lines.extend(_reason(reason, columns, style))
    for outcome, colour in (("pass", "green"), ("waived", None), ("not_applicable", None)):
        rules = [reason.rule for reason in others if reason.outcome == outcome]
        if rules:
            text = f"{_MARK[outcome]} {outcome.replace('_', ' ')}: {', '.join(rules)}"
            lines.extend(style(line, fg=colour) for line in wrap(text, columns, ""))
    return "\n".join(lines)


def _reason(reason: Reason, columns: int, style: Callable[..., str]) -> list[str]:
    """A rule that speaks against: what it saw and what to do."""
    mark = _MARK[reason.outcome] if reason.enforced else "!"
    head = f"{mark} {reason.rule}: {reason.outcome.replace('_', ' ')}" + ("" if reason.enforced else " (warning)")
    lines = [style(cut(head, columns), fg="red" if reason.enforced else "yellow")]
    for message in reason.messages[:3]:
        lines.extend(wrap(safe(message), columns, "    "))
    if len(reason.messages) > 3:
        lines.append(f"    … {len(reason.messages) - 3} more")
    if reason.remedy:
        lines.extend(wrap(f"remedy: {safe(reason.remedy)}", columns, "    "))
    return lines
