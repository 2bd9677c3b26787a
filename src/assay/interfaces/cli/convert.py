"""`assay convert SBOM`."""

import click

from assay import bootstrap
from assay.interfaces.cli import options, output

FORMATS = tuple(name for name in output.SBOM_WRITERS if name != "table")


@click.command("convert")
@click.argument("target", metavar="SBOM")
@options.reading_options
@options.output_option(FORMATS, "cyclonedx-json")
@options.verbosity_options
def command(
    target: str,
    reading: bootstrap.Reading,
    outputs: tuple[str, ...],
    quiet: bool,
    verbose: int,
) -> None:
    """Write an SBOM in another form; what does not survive is listed on standard error, a line each.

    An SBOM written by Assay loses nothing: what a form has no field for travels in properties. With -q the list is
    not shown. A component of a foreign SBOM without a package URL gets the one the document itself suggests, with the
    confidence (properties sbom:purl-confidence and sbom:purl-clue); each is listed too.
    """
    from assay.formats import foreign, losses, sbom
    from assay.interfaces.cli.render.text import safe

    wanted = options.parse_outputs(outputs, FORMATS, "cyclonedx-json")
    console = options.Console(quiet or not verbose)
    data, name = bootstrap.sbom_document(target, reading, settings=options.settings(), progress=console)
    inventory = sbom.read(data, name)
    lost = losses.losses(data, name, inventory)
    output.emit(output.SBOM_WRITERS, wanted, ((inventory, None),))
    if not quiet:
        for line in lost:
            click.echo(f"lost: {safe(line)}", err=True)
        for component in inventory.components:
            facts = dict(component.properties)
            if foreign.INFERRED in facts:
                how = f"{facts[foreign.INFERRED]}: {facts.get(foreign.CLUE, '')}"
                click.echo(f"inferred: {safe(component.purl)} ({safe(how)})", err=True)
