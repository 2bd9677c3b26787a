"""`assay who-has PURL_OR_NAME TARGET…`."""

import json
import shutil

import click

from assay import bootstrap
from assay.interfaces.cli import completing, options
from assay.interfaces.cli.render.text import cut, cut_middle, pad, safe, width
from assay.interfaces.cli.why import check
from assay.model.errors import AssayError
from assay.settings import Settings


@click.command("who-has")
@click.argument("package", metavar="PURL_OR_NAME")
@click.argument("targets", metavar="TARGET...", nargs=-1, required=True, shell_complete=completing.targets)
@options.reading_options
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table", help="Format.")
@options.verbosity_options
def command(
    package: str, targets: tuple[str, ...], reading: bootstrap.Reading, output: str, quiet: bool, verbose: int
) -> int:
    """Say which of the TARGETs hold a package, in which versions, and where.

    PURL_OR_NAME is written as for `assay why`, also with a range: 'pkg:npm/axios?vers=vers:npm/<1.13.5'. TARGETs are
    images, trees or SBOMs. What only a lower layer holds is said apart. Exits 0 when one holds it, 1 when none does,
    75 when one could not be read.
    """
    settings, console = options.settings(), options.Console(quiet or not verbose)
    check(package)
    rows = [row for target in targets for row in _ask(package, target, reading, settings, console)]
    if output == "json":
        click.echo(json.dumps(rows, indent=2, ensure_ascii=True))
    else:
        click.echo("\n".join(_lines(rows, shutil.get_terminal_size((120, 24)).columns)))
    states = {str(row["state"]) for row in rows}
    unread = "unknown" in states
    return 75 if unread else 0 if "yes" in states else 1


def _ask(
    package: str, target: str, reading: bootstrap.Reading, settings: Settings, console: options.Console
) -> list[dict[str, object]]:
    """One row a subject; a target that cannot be read is a row too, for the others have answers."""
    from assay.dependencies.graph import find

    try:
        inventories = bootstrap.take_stock(target, reading, settings=settings, progress=console)
    except (AssayError, OSError) as error:
        why = error.line() if isinstance(error, AssayError) else f"{type(error).__name__}: {error}"
        return [{"target": target, "subject": "", "digest": "", "state": "unknown", "why": why, "packages": []}]
    rows: list[dict[str, object]] = []
    for inventory in inventories:
        packages = [
            {
                "purl": c.purl,
                "name": c.name,
                "version": c.version,
                "visible": c.removed_by is None,
                "paths": sorted({o.path for o in c.occurrences}),
            }
            for c in find(inventory.components, package)
        ]
        state = "yes" if any(p["visible"] for p in packages) else "removed" if packages else "no"
        digest = str(inventory.subject.digest or "")
        rows.append(
            {"target": target, "subject": inventory.subject.name, "digest": digest, "state": state, "why": "",
             "packages": packages}
        )  # fmt: skip
    return rows


_SAYS = {"yes": "has it", "no": "has it not", "removed": "only in lower layers", "unknown": "could not be read"}


def _lines(rows: list[dict[str, object]], columns: int) -> list[str]:
    """Lines at most `columns` wide; a target or path is cut in its middle, what is said of it is not."""
    states = max(map(width, _SAYS.values()))
    room = min(max(width(safe(str(row["target"]))) for row in rows), 60, max(columns - states - 2, 12))
    lines = []
    for row in rows:
        why = f": {safe(str(row['why']))}" if row["why"] else ""
        lines.append(f"{pad(cut_middle(safe(str(row['target'])), room), room)}  {_SAYS[str(row['state'])]}{why}")
        for p in row["packages"] if isinstance(row["packages"], list) else []:
            hidden = "  (removed above)" if not p["visible"] else ""
            more = f" +{len(p['paths']) - 1}" if len(p["paths"]) > 1 else ""
            head = f"  {safe(p['name'])} {safe(p['version'])}"
            spare = columns - width(head) - width(more) - width(hidden) - 2
            place = f"  {cut_middle(safe(p['paths'][0]), max(spare, 12))}" if p["paths"] else ""
            lines.append(cut(f"{head}{place}{more}", max(columns - width(hidden), 1)) + hidden)
    return [cut(line, columns) for line in lines]
