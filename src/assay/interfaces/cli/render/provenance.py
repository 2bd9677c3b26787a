"""What became of each provenance that was measured by an expectation."""

from collections.abc import Sequence

import click
import msgspec

from assay.flows.provenance import ProvenanceRow
from assay.interfaces.cli.render.text import cut, safe, wrap

NONE = "no provenance verified, so none is as expected"


def document(rows: Sequence[ProvenanceRow]) -> list[dict[str, object]]:
    """For programs: one object each, `as_expected` and why, or why not."""
    return [_object(row) for row in rows]


def lines(rows: Sequence[ProvenanceRow], *, columns: int, colour: bool, everything: bool = False) -> str:
    """For people: one line each and the reason; no line is wider than `columns`.

    Args:
        rows: as measured.
        columns: width of the terminal.
        colour: whether to write ANSI colours; every mark also has its word.
        everything: also each check.
    """
    said: list[str] = []
    for row in rows:
        head, good = f"✗ provenance {safe(row.place)}", False
        below = [f"{row.code} {row.reason}"]
        if row.judged is not None:
            level = row.judged.level
            head, good = f"✓ provenance {safe(row.place)}", True
            below = [f"as expected; built by {row.judged.provenance.builder_id}, Build level {level.build}"]
        head = cut(head, columns)
        said.append(click.style(head, fg="green" if good else "red") if colour else head)
        if everything and row.judged is not None:
            below += [f"{check.outcome} {check.step}: {check.reason}" for check in row.checks]
        for text in below:
            said += wrap(safe(text), columns, "    ")
    return "\n".join(said or wrap(NONE, columns)) + "\n"


def _object(row: ProvenanceRow) -> dict[str, object]:
    found = row.judged
    return {
        "place": row.place,
        "as_expected": found is not None,
        "code": row.code,
        "reason": row.reason,
        "checks": msgspec.to_builtins(row.checks),
        "builder": found.provenance.builder_id if found else "",
        "level": found.level.build if found else None,
        "level_by": found.level.row if found else "",
    }
