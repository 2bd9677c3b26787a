"""`assay why PURL_OR_NAME TARGET`."""

import difflib
import shutil

import click

from assay import bootstrap
from assay.interfaces.cli import options


@click.command("why")
@click.argument("package", metavar="PURL_OR_NAME")
@options.target_options
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table", help="Format.")
@options.verbosity_options
def command(package: str, target: str, reading: bootstrap.Reading, output: str, quiet: bool, verbose: int) -> int:
    """Print why a package is in TARGET: direct or transitive, the shortest paths to it, layer, instruction, owner.

    PURL_OR_NAME is a package URL (version and qualifiers may be left out), a name, or a component's key. "Direct" is
    said only where a record says so. Exits 0 when the package is there, 1 when it is not.
    """
    from assay.dependencies.graph import Graph, find
    from assay.interfaces.cli.render import paths
    from assay.interfaces.cli.render.text import safe

    progress = options.Console(quiet or not verbose)
    inventories = bootstrap.take_stock(target, reading, settings=options.settings(), progress=progress)
    columns = shutil.get_terminal_size((120, 24)).columns
    hit = False
    for inventory in inventories:
        found = find(inventory.components, package)
        graph = Graph(inventory)
        answers = [graph.why(component.key) for component in found]
        if output == "json":
            click.echo(paths.as_json(answers, graph), nl=False)
        elif answers:
            click.echo(paths.render(answers, graph, columns=columns, colour=options.colour_wanted("")), nl=False)
        if not answers:
            near = difflib.get_close_matches(package, sorted({c.name for c in inventory.components}), n=3)
            hint = f"; near: {', '.join(near)}" if near else ""
            click.echo(safe(f"{package}: no such package in {inventory.subject.name}{hint}"), err=True)
        hit = hit or bool(answers)
    return 0 if hit else 1
