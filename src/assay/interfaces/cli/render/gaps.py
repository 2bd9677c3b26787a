"""What was seen and not understood, as lines for a person."""

from collections.abc import Sequence

from assay.interfaces.cli.render.text import cut, safe, width, wrap
from assay.model.inventory import Gap

_SHOWN = 5


def gap_lines(gaps: Sequence[Gap], columns: int, whole: str = "json") -> list[str]:
    """How many there are and the first of them, at most `columns` wide; `whole` is the form that holds all of them."""
    if not gaps:
        return []
    lines = [f"{len(gaps)} gap{'s' * (len(gaps) != 1)} (seen, but not understood):"]
    for gap in gaps[:_SHOWN]:
        lines += _gap(gap, columns)
    if len(gaps) > _SHOWN:
        lines.append(f"  … {len(gaps) - _SHOWN} more with -o {whole}")
    return lines


def _gap(gap: Gap, columns: int) -> list[str]:
    """Place and reason on one line, or the reason below it: a reason that is cut helps nobody."""
    place = f"{safe(gap.path)}: " if gap.path else ""
    line = f"  {place}{safe(gap.reason)}"
    if width(line) <= columns:
        return [line]
    where = [cut(f"  {safe(gap.path)}", columns)] if gap.path else []
    return [*where, *wrap(safe(gap.reason), columns, "    ")]
