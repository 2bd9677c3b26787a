"""What two images carry, side by side, for a person's eyes."""

from assay.interfaces.cli.render.text import safe
from assay.model.stripdown import Figure, Measure, Stripdown, Unit

_FEW = 3


def text(report: Stripdown) -> str:
    """One line a figure; the files behind each are in the JSON form."""
    figures = [(one.name, _shown(one.before, one.unit), _shown(one.after, one.unit)) for one in report.figures]
    rows = [("", "A", "B"), *figures]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    sides = (("A", report.before), ("B", report.after))
    lines = [*(f"{name} {safe(subject.name)} {subject.digest}" for name, subject in sides), ""]
    lines += [f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}".rstrip() for row in rows]
    lines += [safe(note) for one in report.figures for note in _notes(one)]
    lines += [safe(f"not looked into: {gap}") for gap in report.gaps]
    return "\n".join(lines) + "\n"


def _shown(measure: Measure, unit: Unit) -> str:
    if measure.value is None:
        return "unknown"
    if unit == "percent":
        return f"{measure.value:.1f} %"
    return f"{measure.value:,.0f}"


def _notes(figure: Figure) -> list[str]:
    found = []
    for name, measure in (("A", figure.before), ("B", figure.after)):
        if measure.value is None and measure.note:
            found.append(f"{figure.name} of {name}: {measure.note}")
        elif figure.name in ("shells", "package managers", "set-id files") and measure.items:
            more = f", and {len(measure.items) - _FEW} more" if len(measure.items) > _FEW else ""
            found.append(f"{figure.name} of {name}: {', '.join(measure.items[:_FEW])}{more}")
    return found
