"""`assay diff A B`."""

import shutil

import click

from assay import bootstrap
from assay.dependencies.conditions import parse
from assay.interfaces.cli import completing, options
from assay.interfaces.cli.failing import Gate, fails
from assay.interfaces.cli.options import Output
from assay.model.difference import Difference

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
    metavar="SEVERITY|EXPRESSION",
    shell_complete=completing.conditions,
    help="Exit 1 when B has an open finding that A has not and that meets it (as `scan --fail-on`) or is malicious.",
)
@click.option(
    "--policy", metavar="DIR", help="Also compare what this policy decides of both (`default`: the shipped one)."
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
    policy: str | None,
    quiet: bool,
    verbose: int,
) -> int:
    """Say what changed from A to B: packages, licences, layers, distribution, base, config; with --db also findings.

    A and B are images or SBOMs in any mixture, written as for `assay sbom`. Differences alone exit 0; --fail-on-new
    exits 1 on new findings and 75 when there is no advisory data to tell.
    """
    wanted = options.parse_outputs(outputs, FORMATS, "table")
    gate = Gate(condition=parse(fail_on_new, where="--fail-on-new"), baseline=old) if fail_on_new else None
    console = options.Console(quiet or not verbose)
    difference, reports = bootstrap.compare_targets(
        old,
        new,
        reading,
        settings=options.settings(db),
        matched=bool(db or fail_on_new or policy),
        vex_paths=vex,
        progress=console,
        policy_path=policy,
    )
    for output in wanted:
        data = render(difference, output)
        if output.path:
            bootstrap.write_file(output.path, data)
        else:
            click.echo(data, nl=False)
    if gate is None or reports is None:
        return 0
    return int(fails(reports[1], gate, reports[:1], console))


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
