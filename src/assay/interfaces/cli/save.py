"""`assay save IMAGE --out DIR`."""

import click

from assay import bootstrap
from assay.interfaces.cli import options
from assay.interfaces.cli.render.attached import carried


@click.command("save")
@click.argument("image")
@click.option("--out", "folder", required=True, metavar="DIR", help="OCI layout to write to; made if it is not there.")
@options.verbosity_options
def command(image: str, folder: str, quiet: bool, verbose: int) -> None:
    """Carry IMAGE, every platform of it, and everything attached to it into an OCI layout.

    Every byte is checked against its digest. Evidence is carried, not judged. `assay load` brings it to a registry.
    """
    del verbose
    done = bootstrap.save_image(image, folder, settings=options.settings(), progress=options.Console(quiet))
    click.echo(carried(done, folder))
