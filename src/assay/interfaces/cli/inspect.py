"""`assay inspect IMAGE`."""

import json
import shutil

import click
import msgspec

from assay import bootstrap
from assay.interfaces.cli import options, trusting
from assay.interfaces.cli.render import attached
from assay.model.errors import UnavailableError


@click.command("inspect")
@click.argument("image")
@trusting.trusted_options
@trusting.search_options
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="Format.")
def command(image: str, trusted: bootstrap.Trusted, search: bootstrap.Search, output: str) -> int:
    """List everything attached to IMAGE, the index and every platform, verified or not, in a tree.

    With a key, an identity or a profile each is also judged. Exits 0 once it is listed, whatever it is; 75 if a list
    could not be read, for then nobody knows what is attached.
    """
    if search.platform is None:
        search = msgspec.structs.replace(search, everything=True)
    trees = bootstrap.inspect_image(image, trusted, search, options.settings())
    if output == "json":
        click.echo(json.dumps([attached.tree_document(tree) for tree in trees], indent=2, sort_keys=True))
    else:
        columns = shutil.get_terminal_size((120, 24)).columns
        click.echo(attached.trees(trees, columns=columns, colour=options.colour_wanted("")), nl=False)
    broken = [tree.error for tree in trees if tree.error is not None]
    return max((error.exit_code for error in broken), default=0) and UnavailableError.exit_code
