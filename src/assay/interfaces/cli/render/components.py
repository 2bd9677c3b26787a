"""An inventory as a table for a person."""

import click

from assay.interfaces.cli.render.text import cut, pad, safe, width
from assay.model.inventory import Inventory

_HEAD = ("NAME", "VERSION", "TYPE", "LICENCE")


def render(inventory: Inventory, *, columns: int, colour: bool) -> str:
    """Name, version, type and licence of every package in the final root, at most `columns` wide."""
    rows = [
        (safe(c.name), safe(c.version), safe(c.ecosystem or "?"), safe(c.licence.expression or f"({c.licence.reason})"))
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
    return "\n".join(lines) + "\n"
