"""`assay build SPEC --output oci-dir:PATH`."""

import click

from assay import bootstrap
from assay.interfaces.cli import options
from assay.interfaces.cli.lock import with_store


@click.command("build")
@click.argument("spec")
@click.option("--output", metavar="oci-dir:PATH[:TAG]", required=True, help="OCI layout to build into.")
@click.option("--lock", "lock_file", metavar="PATH", default="", help="Place of the lock; else beside the spec.")
@click.option("--store", metavar="PATH", help="Content store; else that of the settings.")
@options.verbosity_options
def command(spec: str, output: str, lock_file: str, store: str | None, quiet: bool, verbose: int) -> None:
    """Build SPEC from its lock and the content store, without any network, into an OCI layout.

    The same spec, lock and store give the same bytes on any machine. Run `assay lock SPEC` first. The digest of what
    was built is printed.
    """
    done = bootstrap.build_spec(spec, output, with_store(store), lock=lock_file)
    console = options.Console(quiet)
    for image in done.images:
        for layer in image.layers:
            size = layer.descriptor.size or 0
            console.stage(f"{image.platform} layer {layer.name}: {layer.entries_count} entries, {size} bytes")
    click.echo(str(done.root.digest))
