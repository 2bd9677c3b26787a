"""`assay import-ignores FILE`."""

import click

from assay import bootstrap
from assay.interfaces.cli.render.text import safe


@click.command("import-ignores")
@click.argument("file", type=click.Path())
@click.option(
    "--from",
    "kind",
    type=click.Choice(["trivy", "trivy-yaml", "grype"]),
    help="What FILE is. Default: by its name, else by its content.",
)
@click.option("--until", metavar="YYYY-MM-DD", default="", help="Last day of rules that name none. Default: --days.")
@click.option(
    "--days", type=click.IntRange(1, 3_650), default=90, show_default=True, help="The same, counted from today."
)
@click.option("-o", "--output", metavar="FILE", default="", help="Write there. Default: standard output.")
def command(file: str, kind: str | None, until: str, days: int, output: str) -> int:
    """Turn FILE, a .trivyignore, .trivyignore.yaml or .grype.yaml, into an ignore file of Assay.

    Standard error lists what did not come over: rules narrower than ours can say are left out, never widened; a missing
    last day or reason is filled in. Review the result, then keep it as .assay/ignore.yaml.
    """
    data, taken = bootstrap.import_ignores(file, kind or "", until, days)
    if output:
        bootstrap.write_file(output, data)
    else:
        click.echo(data, nl=False)
    for loss in taken.losses:
        click.echo(safe(f"lost: {loss}"), err=True)
    click.echo(f"{len(taken.rules)} rules, {len(taken.losses)} losses", err=True)
    return 0
