"""An inventory as a table for a person."""

import click

from assay.dependencies import origin
from assay.dependencies.graph import Graph
from assay.interfaces.cli.render import locks
from assay.interfaces.cli.render.gaps import gap_lines
from assay.interfaces.cli.render.standing import base_line, share_line
from assay.interfaces.cli.render.text import cut, pad, safe, width, wrap
from assay.model.image import Subject
from assay.model.inventory import Component, Inventory

_HEAD = ("NAME", "VERSION", "TYPE", "FROM", "LICENCE")
_FROM_COLUMNS = 100
"""From this width up a row says whether the package came with the base image."""
_ORIGINS = {"base": "base", "application": "app", "unknown": "?"}


def heading(subject: Subject, columns: int) -> str:
    """Which of several subjects the lines below are of: name, platform and digest."""
    words = (subject.name, str(subject.platform or ""), str(subject.digest or ""))
    return cut("  ".join(safe(word) for word in words if word), columns)


def render(inventory: Inventory, *, columns: int, colour: bool) -> str:
    """Name, version, type and licence of every package in the final root, at most `columns` wide.

    Where there is room and the base is known, each also says whether it came with it. What another package owns has
    its row, and is counted apart.
    """
    rows = [_row(component, inventory) for component in inventory.components if component.removed_by is None]
    widths = [max(width(row[i]) for row in [_HEAD, *rows]) for i in range(len(_HEAD))]
    if columns < _FROM_COLUMNS or inventory.base is None or inventory.base.layers_count is None:
        widths[3] = 0
    widths[0] = min(widths[0], max(20, columns // 3))
    widths[1] = min(widths[1], max(16, columns // 4))
    widths[4] = max(8, columns - sum(widths[:4]) - 2 * sum(1 for w in widths[:4] if w))
    lines = [
        "  ".join(pad(cell, w) for cell, w in zip(row, widths, strict=True) if w).rstrip() for row in [_HEAD, *rows]
    ]
    if colour:
        lines[0] = click.style(lines[0], bold=True)
    owned = sum(1 for c in inventory.components if c.removed_by is None and c.owner)
    count = _counted(len(rows) - owned, "package") + (f" (+{owned} owned by them)" if owned else "")
    lines.append(cut(f"\n{count}, {_counted(len(inventory.gaps), 'gap')}", columns + 1))
    summary = [share_line(Graph(inventory).shares())]
    if inventory.base is not None:
        summary.append(
            base_line(inventory.base, len(inventory.layers), origin.count(inventory.components, inventory.base))
        )
    lines += [line for text in summary for line in wrap(text, columns)]
    if inventory.locks:
        lines.append(cut(locks.line(inventory.locks), columns))
    lines += gap_lines(inventory.gaps, columns, "cyclonedx-json")
    return "\n".join(lines) + "\n"


def _row(component: Component, inventory: Inventory) -> tuple[str, ...]:
    licence = component.licence.effective or f"({component.licence.reason})"
    origins = _ORIGINS[origin.origin(component, inventory.base)]
    return (
        safe(component.name),
        safe(component.version),
        safe(component.ecosystem or "?"),
        origins,
        safe(licence),
    )


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
