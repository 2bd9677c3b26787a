"""`assay explain ID TARGET`."""

import shutil

import click

from assay import bootstrap
from assay.interfaces.cli import options
from assay.interfaces.cli.render import ladder, silence
from assay.interfaces.cli.vex_options import vex_options
from assay.model.errors import UnavailableError


@click.command("explain")
@click.argument("identifier", metavar="ID")
@options.target_options
@options.db_option
@click.option(
    "--vex",
    multiple=True,
    metavar="FILE|repo:URL",
    help="VEX document (OpenVEX, CycloneDX, CSAF) to apply, or a VEX repository to look into; repeatable.",
)
@vex_options
@options.ssvc_option
@options.verbosity_options
def command(
    identifier: str,
    target: str,
    reading: bootstrap.Reading,
    db: str | None,
    vex: tuple[str, ...],
    search: bootstrap.VexSearch,
    ssvc: str,
    quiet: bool,
    verbose: int,
) -> int:
    """Print why ID (a CVE, GHSA or other advisory id) concerns TARGET, rung by rung, or why it does not.

    Where nothing matches, it says for each installed package that an advisory of ID names what the advisory says (the
    fix it has, not affected, withdrawn), or that no such package is installed, or that the database does not know ID.

    Exits 0 when something is said about ID, 1 when nothing in TARGET matches it, 75 without an advisory database.
    """
    settings = options.with_ssvc(options.settings(db), ssvc)
    look = bootstrap.SecondLook(target, reading, settings, options.Console(True), fetch=True)
    inventories = bootstrap.take_stock(
        target, reading, settings=settings, progress=options.Console(quiet or not verbose), look=look
    )
    reports = bootstrap.report_on(
        inventories,
        settings=settings,
        vex_paths=vex,
        vex_search=search,
        policy_path=None,
        progress=options.Console(True),
        reader=look,
    )
    columns, colour = shutil.get_terminal_size((120, 24)).columns, options.colour_wanted("")
    hits = []
    for report in reports:
        text, hit = ladder.render(report, identifier, colour=colour, columns=columns)
        hits.append(hit)
        click.echo(text, nl=False)
        if not hit and report.sources.state == "present":
            known = bootstrap.why_silent(identifier, report, settings=settings)
            click.echo(silence.render(known, columns) if known is not None else "", nl=False)
    if not any(hits) and any(report.sources.state != "present" for report in reports):
        return UnavailableError.exit_code
    return 0 if any(hits) else 1
