"""`assay config`."""

import json
import shutil
from collections.abc import Callable
from typing import Any

import click

from assay import bootstrap
from assay.interfaces.cli import options
from assay.interfaces.cli.render.text import cut, pad, safe
from assay.settings import DEFAULT, TABLE, Chosen

_FLAGGED = [row for row in TABLE if row.flag]


def _flags(function: Callable[..., Any]) -> Callable[..., Any]:
    for row in reversed(_FLAGGED):
        function = click.option(f"--{row.key}", f"flag_{row.field}", metavar="VALUE", help=f"As if given: {row.says}.")(
            function
        )
    return function


@click.command("config")
@_flags
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table", help="Format.")
def command(output: str, **flags: str | None) -> int:
    """Print each setting, its value and where it came from.

    Flags go before the environment (ASSAY_…), that before assay.toml, that before [tool.assay] of pyproject.toml, both
    of the working folder, that before the defaults. ASSAY_CONFIG=FILE names another assay.toml; `none` reads no file.
    """
    given = {row.key: text for row in _FLAGGED if (text := flags[f"flag_{row.field}"]) is not None}
    chosen = bootstrap.chosen_settings(given)
    if output == "json":
        rows = [{"setting": c.key, "value": c.value, "origin": c.origin} for c in chosen]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=True))
    else:
        columns = shutil.get_terminal_size((120, 24)).columns
        click.echo("\n".join(_lines(chosen, columns, options.colour_wanted(""))))
    return 0


def _lines(chosen: tuple[Chosen, ...], columns: int, colour: bool) -> list[str]:
    rows = [("SETTING", "ORIGIN", "VALUE"), *((c.key, c.origin, _shown(c.value)) for c in chosen)]
    first, second = (max(len(row[i]) for row in rows) for i in (0, 1))
    lines = []
    for number, row in enumerate(rows):
        text = cut(f"{pad(row[0], first)}  {pad(safe(row[1]), second)}  {safe(row[2])}", columns).rstrip()
        bold = colour and (number == 0 or row[1] != DEFAULT)
        lines.append(click.style(text, bold=True) if bold else text)
    return lines


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if value != "" else "-"
