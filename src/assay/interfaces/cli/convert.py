"""`assay convert SBOM`."""

import click

from assay import bootstrap
from assay.interfaces.cli import options, output
from assay.model.inventory import Inventory

FORMATS = tuple(name for name in output.SBOM_WRITERS if name != "table")


@click.command("convert")
@click.argument("target", metavar="SBOM")
@options.reading_options
@options.output_option(FORMATS, "cyclonedx-json")
@click.option(
    "--enrich",
    multiple=True,
    metavar="SBOM",
    help="Fill licences, digests and suppliers that are missing from this SBOM; adds no component. Repeatable.",
)
@options.verbosity_options
def command(
    target: str,
    reading: bootstrap.Reading,
    outputs: tuple[str, ...],
    enrich: tuple[str, ...],
    quiet: bool,
    verbose: int,
) -> None:
    """Write an SBOM in another form; what does not survive is listed on standard error, a line each.

    An SBOM written by Assay loses nothing: what a form has no field for travels in properties. With -q the list is
    not shown. A component of a foreign SBOM without a package URL gets the one the document itself suggests, with the
    confidence (properties sbom:purl-confidence and sbom:purl-clue); each is listed too. What --enrich fills is named in
    properties enriched:FACT with the document it comes from; a licence from there is concluded, never declared.
    """
    from assay.formats import foreign, losses, sbom
    from assay.interfaces.cli.render.text import safe

    if (target, *enrich).count("-") > 1:
        raise click.UsageError("standard input can be read only once")
    wanted = options.parse_outputs(outputs, FORMATS, "cyclonedx-json")
    console = options.Console(quiet or not verbose)
    data, name = bootstrap.sbom_document(target, reading, settings=options.settings(), progress=console)
    inventory = sbom.read(data, name)
    lost = losses.losses(data, name, inventory)
    for place in enrich:
        inventory = _enriched(inventory, place, reading, console)
    output.emit(output.SBOM_WRITERS, wanted, ((inventory, None),))
    if not quiet:
        for line in lost:
            click.echo(f"lost: {safe(line)}", err=True)
        for component in inventory.components:
            facts = dict(component.properties)
            if foreign.INFERRED in facts:
                how = f"{facts[foreign.INFERRED]}: {facts.get(foreign.CLUE, '')}"
                click.echo(f"inferred: {safe(component.purl)} ({safe(how)})", err=True)


def _enriched(inventory: Inventory, place: str, reading: bootstrap.Reading, console: options.Console) -> Inventory:
    """The inventory with what the SBOM at `place` knows beyond it."""
    from assay.dependencies.enrich import enrich
    from assay.formats import sbom

    data, name = bootstrap.sbom_document(place, reading, settings=options.settings(), progress=console)
    found = enrich(inventory, sbom.read(data, name), name)
    said = ", ".join(f"{word} of {count}" for word, count in found.counts) or "nothing"
    console.stage(f"from {name}: {said}")
    return found.inventory
