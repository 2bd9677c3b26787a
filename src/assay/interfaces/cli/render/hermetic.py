"""A judgement of hermeticity: a row for each check, and what nothing vouches for."""

from collections.abc import Sequence

import click
import msgspec

from assay.build.hermetic import Judgement, Row
from assay.build.levels import Supported
from assay.interfaces.cli.render.text import hanging, safe

MARKS = {"proved": "✓", "failed": "✗", "unknown": "?", "not-covered": "–"}
_COLOURS = {"proved": "green", "failed": "red", "unknown": "yellow", "not-covered": "yellow"}
_WORDS = {
    "proved": "hermetic: proved from the evidence",
    "failed": "hermetic: no",
    "unknown": "hermetic: unknown",
    "not-covered": "hermetic: not proved",
}


def document(judged: Judgement, levels: Sequence[Supported] = ()) -> dict[str, object]:
    """For programs."""
    return {
        "state": judged.state,
        "codes": list(judged.codes),
        "notCovered": list(judged.uncovered),
        "rows": [msgspec.to_builtins(row) for row in judged.rows],
        "levels": [msgspec.to_builtins(one) for one in levels],
    }


def lines(judged: Judgement, levels: Sequence[Supported] = (), *, columns: int, colour: bool) -> str:
    """For people; no line is wider than `columns`."""
    told = [line for row in judged.rows for line in _lines(row, columns, colour=colour)]
    summary = _WORDS[judged.state]
    if judged.uncovered:
        summary += f"; nothing vouches for: {', '.join(map(safe, judged.uncovered))}"
    closing = [line for text in (summary, *map(_level, levels)) for line in hanging(text, columns)]
    return "\n".join(["", *told, *closing, ""])


def _level(one: Supported) -> str:
    more = f"; {one.missing}" if one.missing else ""
    return f"Build L{one.level}: {safe('; '.join(one.why))}{more}; evidence beyond: {safe('; '.join(one.beyond))}"


def _lines(row: Row, columns: int, *, colour: bool) -> list[str]:
    mark = MARKS[row.state]
    name = f"{row.step} {row.check}" if row.step else row.check
    code = f" [{row.code}]" if row.code else ""
    first, *rest = hanging(f"{mark} {safe(name)}: {row.state}{code} · {safe(row.why)}", columns)
    if colour:
        first = first.replace(mark, click.style(mark, fg=_COLOURS[row.state]), 1)
    return [first, *rest]


def exit_code(judged: Judgement) -> int:
    """0 only where it is proved."""
    return 0 if judged.state == "proved" else 1
