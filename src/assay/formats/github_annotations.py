"""Findings as GitHub workflow commands: `::error title=…::…` lines that become annotations of a run.

GitHub shows ten errors, ten warnings and ten notices a step; what is past that is counted in one last notice.
"""

from assay.formats.answer import sentence, severity_of, state_of
from assay.formats.plaintext import safe
from assay.model.finding import Finding
from assay.model.report import Report

SHOWN_COUNT = 10
_LEVELS = {"malicious": "error", "critical": "error", "high": "error", "low": "notice", "none": "notice"}
_RANK = {name: rank for rank, name in enumerate(("malicious", "critical", "high", "medium", "unknown", "low", "none"))}
_TEXT_CHARACTERS = 1_000


def write(report: Report) -> bytes:
    """Lines for a step's log: open findings, what is malicious or known to be exploited first, then the most severe."""
    if report.sources.state != "present":
        return _line("error", "No advisory data", report.sources.reason or "nothing was matched").encode()
    found = [f for f in report.findings if state_of(f) == "open"]
    found.sort(
        key=lambda f: (f.category != "malicious", f.kev is None, _RANK.get(severity_of(f), 4), f.id, f.component)
    )
    shown = {"error": 0, "warning": 0, "notice": 0}
    lines, left = [], 0
    for finding in found:
        level = "error" if finding.kev is not None else _LEVELS.get(severity_of(finding), "warning")
        room = SHOWN_COUNT - (level == "notice")
        if shown[level] >= room:
            left += 1
            continue
        shown[level] += 1
        lines.append(_line(level, f"{finding.id} in {finding.name}", sentence(finding)))
    rest = f", {left} of them not shown here" if left else ""
    undetermined = sum(state_of(f) == "undetermined" for f in report.findings)
    unclear = f"; {undetermined} more cannot be determined" if undetermined else ""
    lines.append(_line("notice", f"Assay: {report.subject.name}", f"{len(found)} open findings{rest}{unclear}"))
    return "".join(lines).encode()


def _urgency(finding: Finding) -> tuple[bool, bool, int, str, str]:
    rank = _RANK.get(severity_of(finding), 4)
    return (finding.category != "malicious", finding.kev is None, rank, finding.id, finding.component)


def _line(level: str, title: str, message: str) -> str:
    return f"::{level} title={_property(title)}::{_data(message)}\n"


def _data(text: str) -> str:
    """A message (actions/toolkit, `escapeData`); no other line can begin in it."""
    return safe(text[:_TEXT_CHARACTERS]).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """A property (`escapeProperty`): colon and comma would end it."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
