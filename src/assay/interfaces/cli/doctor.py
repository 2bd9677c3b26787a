"""`assay doctor IMAGE`."""

import json
import shutil

import click

from assay import bootstrap
from assay.interfaces.cli import options, trusting
from assay.interfaces.cli.render import attached


@click.command("doctor")
@click.argument("image")
@trusting.search_options
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="Format.")
def command(image: str, search: bootstrap.Search, output: str) -> None:
    """Say which programs find the signatures and attestations of IMAGE, by a dated table; nothing is verified."""
    found = bootstrap.doctor_image(image, search, options.settings())
    if output == "json":
        click.echo(json.dumps([attached.diagnosis_document(one) for one in found], indent=2, sort_keys=True))
        return
    columns = shutil.get_terminal_size((120, 24)).columns
    for one in found:
        click.echo(attached.diagnosis(one, columns=columns), nl=False)
