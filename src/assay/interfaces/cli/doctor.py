"""`assay doctor [IMAGE]`."""

import json
import shutil

import click

from assay import bootstrap
from assay.interfaces.cli import options, trusting
from assay.interfaces.cli.render import attached, machine


@click.command("doctor")
@click.argument("image", required=False)
@trusting.search_options
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="Format.")
@click.option("--json", "as_json", is_flag=True, help="The same as -o json.")
def command(image: str | None, search: bootstrap.Search, output: str, as_json: bool) -> int:
    """Say what this machine can build; or of IMAGE which programs find its signatures and attestations.

    Without IMAGE: the programs a build can use, what each enables and how it is had, and how well steps are sealed off
    here, by canaries that try each way out. Exits 1 where not every way out is closed. With IMAGE the answer comes from
    a dated table; nothing is verified.
    """
    output = "json" if as_json else output
    if image is None:
        return _machine(output)
    found = bootstrap.doctor_image(image, search, options.settings())
    if output == "json":
        click.echo(json.dumps([attached.diagnosis_document(one) for one in found], indent=2, sort_keys=True))
        return 0
    columns = shutil.get_terminal_size((120, 24)).columns
    for one in found:
        click.echo(attached.diagnosis(one, columns=columns), nl=False)
    return 0


def _machine(output: str) -> int:
    found = bootstrap.doctor_machine()
    if output == "json":
        click.echo(json.dumps(machine.document(found), indent=2, sort_keys=True))
    else:
        click.echo(machine.text(found), nl=False)
    return 0 if found.is_sealed else 1
