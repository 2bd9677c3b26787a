"""`assay sbom TARGET`."""

import click

from assay import bootstrap
from assay.interfaces.cli import ahead, options, output


@click.command("sbom")
@options.target_options
@options.output_option(tuple(output.SBOM_WRITERS), "cyclonedx-json")
@options.verbosity_options
def command(
    target: str,
    reading: bootstrap.Reading,
    outputs: tuple[str, ...],
    quiet: bool,
    verbose: int,
) -> None:
    """Take stock of TARGET and write its SBOM.

    TARGET is an image reference, or one of oci-dir:, oci-archive:, docker-archive:, docker:, podman:, registry:,
    dir:, rootfs:, sbom:, or - for an SBOM or an image archive on standard input.
    """
    wanted = options.parse_outputs(outputs, tuple(output.SBOM_WRITERS), "cyclonedx-json")
    console = options.Console(quiet or not verbose)
    inventories = bootstrap.take_stock(
        target, reading, settings=options.settings(), progress=console, ahead=ahead.modules(wanted)
    )
    output.emit(output.SBOM_WRITERS, wanted, tuple((inventory, None) for inventory in inventories))
