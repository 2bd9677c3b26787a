"""`assay why PURL_OR_NAME TARGET`."""

import difflib
import shutil

import click

from assay import bootstrap
from assay.interfaces.cli import options
from assay.model.errors import MalformedError, UsageError
from assay.model.inventory import Inventory


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
    from assay.interfaces.cli.render.components import heading
    from assay.interfaces.cli.render.text import safe

    progress = options.Console(quiet or not verbose)
    inventories = bootstrap.take_stock(target, reading, settings=options.settings(), progress=progress)
    columns = shutil.get_terminal_size((120, 24)).columns
    hit = False
    for place, inventory in enumerate(inventories):
        if len(inventories) > 1 and output != "json":
            click.echo(("\n" if place else "") + heading(inventory.subject, columns))
        found = find(inventory.components, package)
        graph = Graph(inventory)
        answers = [graph.why(component.key) for component in found]
        if output == "json":
            click.echo(paths.as_json(answers, graph), nl=False)
        elif answers:
            click.echo(paths.render(answers, graph, columns=columns, colour=options.colour_wanted("")), nl=False)
        if not answers:
            check(package)
            hint = _hint(package, inventory)
            click.echo(safe(f"{package}: no such package in {inventory.subject.name}{hint}"), err=True)
        hit = hit or bool(answers)
    return 0 if hit else 1


def check(package: str) -> None:
    """Refuse what begins as a package URL and is none: that nothing has it would be true, and no answer.

    Raises:
        UsageError: no name at all, no package URL, or a range of versions nobody can compare.
    """
    from assay.dependencies.vers_range import is_comparable
    from assay.formats import purl

    if not package.strip():
        raise UsageError("no package is named", remedy="give a name, or pkg:TYPE/NAME[@VERSION]")
    if package.startswith("pkg:"):
        try:
            ranges = [value for key, value in purl.parse(package).qualifiers if key == "vers"]
            if not all(map(is_comparable, ranges)):
                raise UsageError(
                    "not a range of versions", where=package, remedy="write ?vers=vers:TYPE/RANGE, as vers:npm/<2.0.0"
                )
        except MalformedError as error:
            raise UsageError(
                "not a package URL", where=package, why=error.why or error.what, remedy="write pkg:TYPE/NAME[@VERSION]"
            ) from error


def _hint(package: str, inventory: Inventory) -> str:
    """What the person may have meant: the same package in another version, else names that are nearly the same."""
    from assay.dependencies.graph import find

    bare = package.partition("?")[0]
    at = bare.rfind("@")
    if package.startswith("pkg:") and at > bare.rfind("/"):
        others = sorted({c.version for c in find(inventory.components, bare[:at]) if c.version})
        if others:
            return f"; there in version {', '.join(others[:5])}"
    near = difflib.get_close_matches(package, sorted({c.name for c in inventory.components}), n=3)
    return f"; near: {', '.join(near)}" if near else ""
