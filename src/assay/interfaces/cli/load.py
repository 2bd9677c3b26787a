"""`assay load DIR IMAGE`."""

import click

from assay import bootstrap
from assay.interfaces.cli import options
from assay.interfaces.cli.render.attached import carried


@click.command("load")
@click.argument("folder", metavar="DIR")
@click.argument("image")
@options.verbosity_options
def command(folder: str, image: str, quiet: bool, verbose: int) -> None:
    """Carry an image of the OCI layout DIR[:tag] and everything attached to it to a registry, under the name IMAGE."""
    del verbose
    done = bootstrap.load_image(folder, image, settings=options.settings(), progress=options.Console(quiet))
    click.echo(carried(done, image))
