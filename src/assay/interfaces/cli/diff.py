"""`assay diff A B`."""

import shutil

import click

from assay import bootstrap
from assay.interfaces.cli import options
from assay.interfaces.cli.options import Output
from assay.interfaces.cli.render.view import SEVERITIES, at_least
from assay.model.difference import Difference, FindingChange

FORMATS = ("table", "json", "markdown")


@click.command("diff")
@click.argument("old", metavar="A")
@click.argument("new", metavar="B")
@options.reading_options
@options.output_option(FORMATS, "table")
@click.option("--db", metavar="PATH", help="Advisory database: also compare findings, both sides matched with it.")
@click.option(
    "--vex",
    multiple=True,
    metavar="FILE",
    help="VEX document (OpenVEX, CycloneDX, CSAF) to apply to both sides; repeatable.",
)
@click.option(
    "--fail-on-new",
    type=click.Choice(SEVERITIES[:4]),
    help="Exit 1 when B has a finding that A has not and that is at least this severe (or malicious).",
)
@options.verbosity_options
def command(
    old: str,
    new: str,
    reading: bootstrap.Reading,
    outputs: tuple[str, ...],
    db: str | None,
    vex: tuple[str, ...],
    fail_on_new: str | None,
    quiet: bool,
    verbose: int,
) -> int:
    """Say what changed from A to B: packages, licences, layers, distribution, config; with --db also findings.

    A and B are images or SBOMs in any mixture, written as for `assay sbom`. Differences alone exit 0; --fail-on-new
    exits 1 on new findings and 75 when there is no advisory data to tell.
    """
    wanted = options.parse_outputs(outputs, FORMATS, "table")
    difference = bootstrap.compare_targets(
        old,
        new,
        reading,
        settings=options.settings(db),
        matched=bool(db or fail_on_new),
        vex_paths=vex,
        progress=options.Console(quiet or not verbose),
    )
    for output in wanted:
        data = render(difference, output)
        if output.path:
            bootstrap.write_file(output.path, data)
        else:
            click.echo(data, nl=False)
    return int(fail_on_new is not None and any(_counts(change, fail_on_new) for change in difference.introduced))


def render(difference: Difference, output: Output) -> bytes:
    """The difference in the format asked for."""
    if output.format == "json":
        from assay.formats import difference as format_

        return format_.write(difference)
    from assay.interfaces.cli.render import changes

    if output.format == "markdown":
        return changes.markdown(difference).encode()
    columns = shutil.get_terminal_size((120, 24)).columns if not output.path else 120
    return changes.table(difference, columns=columns, colour=options.colour_wanted(output.path)).encode()


def _counts(change: FindingChange, threshold: str) -> bool:
    """As `scan --fail-on`: affected and severe enough, or malicious whatever its severity."""
    if change.status != "affected":
        return False
    return change.category == "malicious" or at_least(change.severity, threshold)
