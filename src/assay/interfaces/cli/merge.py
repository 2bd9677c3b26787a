"""`assay merge A B …`."""

import click

from assay import bootstrap
from assay.interfaces.cli import options, output


@click.command("merge")
@click.argument("targets", metavar="A B...", nargs=-1, required=True)
@options.reading_options
@options.output_option(tuple(output.SBOM_WRITERS), "cyclonedx-json")
@options.verbosity_options
def command(
    targets: tuple[str, ...],
    reading: bootstrap.Reading,
    outputs: tuple[str, ...],
    quiet: bool,
    verbose: int,
) -> None:
    """Join SBOMs (or images) into one SBOM; each is written as for `assay sbom`.

    The same package URL with the same digests becomes one component. Every subject becomes a component of its own
    that contains what it contained, with its edges, layers and config. The result does not depend on the order, nor on
    how often a document is given, nor on merging in steps.
    """
    from assay.dependencies.merge import merge

    wanted = options.parse_outputs(outputs, tuple(output.SBOM_WRITERS), "cyclonedx-json")
    if targets.count("-") > 1:
        raise click.UsageError("standard input can be read only once")
    console, settings = options.Console(quiet or not verbose), options.settings()
    inventories = [
        inventory
        for target in targets
        for inventory in bootstrap.take_stock(target, reading, settings=settings, progress=console)
    ]
    output.emit(output.SBOM_WRITERS, wanted, ((merge(inventories), None),))
