"""An inventory as a table for a person."""

import click

from assay.dependencies import origin
from assay.dependencies.graph import Graph
from assay.interfaces.cli.render import locks
from assay.interfaces.cli.render.standing import base_line, share_line
from assay.interfaces.cli.render.text import cut, pad, safe, width, wrap
from assay.model.inventory import Inventory

_HEAD = ("NAME", "VERSION", "TYPE", "LICENCE")


def render(inventory: Inventory, *, columns: int, colour: bool) -> str:
    """Name, version, type and licence of every package in the final root, at most `columns` wide."""
    rows = [
        (safe(c.name), safe(c.version), safe(c.ecosystem or "?"), safe(c.licence.effective or f"({c.licence.reason})"))
        for c in inventory.components
        if c.removed_by is None
    ]
    widths = [max(width(row[i]) for row in [_HEAD, *rows]) for i in range(4)]
    widths[0] = min(widths[0], max(20, columns // 3))
    widths[1] = min(widths[1], max(16, columns // 4))
    widths[3] = max(8, columns - sum(widths[:3]) - 6)
    lines = ["  ".join(pad(cell, w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in [_HEAD, *rows]]
    if colour:
        lines[0] = click.style(lines[0], bold=True)
    lines.append(cut(f"\n{len(rows)} packages, {len(inventory.gaps)} gaps", columns + 1))
    summary = [share_line(Graph(inventory).shares())]
    if inventory.base is not None:
        summary.append(
            base_line(inventory.base, len(inventory.layers), origin.count(inventory.components, inventory.base))
        )
    lines += [line for text in summary for line in wrap(text, columns)]
    if inventory.locks:
        lines.append(cut(locks.line(inventory.locks), columns))
    return "\n".join(lines) + "\n"
