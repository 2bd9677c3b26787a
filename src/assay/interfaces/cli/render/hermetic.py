"""A judgement of hermeticity: a row for each check, and what nothing vouches for."""

import click
import msgspec

from assay.build.hermetic import Judgement, Row
from assay.interfaces.cli.render.text import safe

MARKS = {"proved": "✓", "failed": "✗", "unknown": "?", "not-covered": "–"}
_COLOURS = {"proved": "green", "failed": "red", "unknown": "yellow", "not-covered": "yellow"}
_WORDS = {
    "proved": "hermetic: proved from the evidence",
    "failed": "hermetic: no",
    "unknown": "hermetic: unknown",
    "not-covered": "hermetic: not proved",
}


def document(judged: Judgement) -> dict[str, object]:
    """For programs."""
    return {
        "state": judged.state,
        "codes": list(judged.codes),
        "notCovered": list(judged.uncovered),
        "rows": [msgspec.to_builtins(row) for row in judged.rows],
    }


def lines(judged: Judgement, *, colour: bool) -> str:
    """For people."""
    told = [_line(row, colour=colour) for row in judged.rows]
    summary = _WORDS[judged.state]
    if judged.uncovered:
        summary += f"; nothing vouches for: {', '.join(map(safe, judged.uncovered))}"
    return "\n".join(["", *told, summary, ""])


def _line(row: Row, *, colour: bool) -> str:
    mark = click.style(MARKS[row.state], fg=_COLOURS[row.state]) if colour else MARKS[row.state]
    name = f"{row.step} {row.check}" if row.step else row.check
    code = f" [{row.code}]" if row.code else ""
    return f"{mark} {safe(name)}: {row.state}{code} · {safe(row.why)}"


def exit_code(judged: Judgement) -> int:
    """0 only where it is proved."""
    return 0 if judged.state == "proved" else 1
