"""What a person should look at, in lines: the weightiest suspicions with their reasons, and a count of all."""

from assay.dependencies.suspicion import tally
from assay.interfaces.cli.render.text import safe
from assay.model.index_state import IndexState
from assay.model.report import Report
from assay.model.suspicion import Suspicion

SHOWN = 10
MEANING = "reasons to look, not findings: they decide nothing"


def headline(report: Report) -> str:
    """`3 suspicions (1 high, 2 low; reasons to look, not findings: they decide nothing)`; empty without any."""
    found = report.suspicions
    if not found:
        return ""
    counts = ", ".join(f"{count} {level}" for level, count in tally(found).items())
    return f"{len(found)} suspicion{'s' * (len(found) != 1)} ({counts}; {MEANING})"


def lines(report: Report, *, everything: bool = False) -> tuple[tuple[str, str], ...]:
    """(level, text) of those to show: high and medium ones, at most ten; with `everything` all of them. Texts are safe.

    Low ones are common and honest for the most part; the headline counts them.
    """
    found = report.suspicions if everything else [one for one in report.suspicions if one.level != "low"][:SHOWN]
    return tuple((one.level, safe(text(one))) for one in found)


def text(suspicion: Suspicion) -> str:
    """`loadsh 1.0.0 looks like lodash: two neighbouring letters are swapped; …`."""
    what = f"{suspicion.name} {suspicion.version}".strip()
    return f"{what} {'; '.join(clue.says for clue in suspicion.clues)}"


def index_lines(report: Report) -> tuple[str, ...]:
    """What package indexes were asked; none where none was. Texts are safe.

    `pypi index: 2 of 40 packages yanked or deprecated, 1 unknown (no answer); asked 2026-01-02`
    """
    return tuple(safe(_index_line(state)) for state in report.indexes)


def _index_line(state: IndexState) -> str:
    said = f"{state.ecosystem} index: {state.withdrawn_count} of {state.packages_count} packages yanked or deprecated"
    if state.unknown_count:
        said += f", {state.unknown_count} unknown ({'; '.join(state.reasons[:2])})"
    return said + (f"; asked {state.asked[:10]}" if state.asked else "")
