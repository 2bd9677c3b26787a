"""`assay prune IMAGE`."""

import json
import shutil

import click

from assay import bootstrap
from assay.interfaces.cli import options, trusting
from assay.interfaces.cli.render import attached


@click.command("prune")
@click.argument("image")
@trusting.trusted_options
@trusting.search_options
@click.option("--keep", type=click.IntRange(1, 1000), default=1, show_default=True, help="How many stay of each.")
@click.option("--delete", is_flag=True, help="Take them away; else it is only said what would go.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="Format.")
def command(
    image: str, trusted: bootstrap.Trusted, search: bootstrap.Search, keep: int, delete: bool, output: str
) -> None:
    """Take old evidence off IMAGE: of each predicate type by each signer the newest --keep stay.

    Only what verifies by the key or identity given is touched; what is foreign or unreadable stays. A list of
    referrers that is not complete stops it before anything is taken away.
    """
    plans = bootstrap.prune_image(image, trusted, search, options.settings(), keep=keep, delete=delete)
    if output == "json":
        click.echo(json.dumps([attached.plan_document(one, done=delete) for one in plans], indent=2, sort_keys=True))
        return
    columns = shutil.get_terminal_size((120, 24)).columns
    for one in plans:
        click.echo(attached.plan(one, columns=columns, done=delete), nl=False)
