"""`assay score SBOM`."""

import shutil
from typing import TYPE_CHECKING, Any

import click
import msgspec

from assay import bootstrap
from assay.interfaces.cli import options

if TYPE_CHECKING:
    from assay.dependencies.score import Missing

FORMATS = ("table", "json")
_SHOWN = 20


@click.command("score")
@click.argument("target", metavar="SBOM")
@options.reading_options
@click.option("--profile", type=click.Choice(["ntia", "bsi"]), default="ntia", help="Which list of elements.")
@options.output_option(FORMATS, "table")
@options.verbosity_options
def command(
    target: str,
    reading: bootstrap.Reading,
    profile: str,
    outputs: tuple[str, ...],
    quiet: bool,
    verbose: int,
) -> None:
    """Say how complete an SBOM is: every element a profile asks for, what is missing, one number.

    SBOM is a CycloneDX or SPDX document in JSON; of an image the document Assay would write is scored. The number is
    the mean of the elements' shares: 100 / E x sum of (given / asked), rounded down to one decimal.
    """
    from assay.dependencies.score import score
    from assay.formats import sbom_elements, wire

    wanted = options.parse_outputs(outputs, FORMATS, "table")
    console = options.Console(quiet or not verbose)
    data, name = bootstrap.sbom_document(target, reading, settings=options.settings(), progress=console)
    found = score(sbom_elements.read(data, name), "bsi" if profile == "bsi" else "ntia")
    for output in wanted:
        if output.format == "json":
            text = wire.encode({"schema": "urn:assay:schema:score:1"} | msgspec.to_builtins(found, order="sorted"))
        else:
            columns = shutil.get_terminal_size((120, 24)).columns if not output.path else 120
            text = table(found, name, columns).encode()
        if output.path:
            bootstrap.write_file(output.path, text)
        else:
            click.echo(text, nl=False)


def table(found: Any, name: str, columns: int) -> str:
    """The elements with their counts, then the first incomplete components."""
    from assay.interfaces.cli.render.text import cut, pad, safe

    lines = [f"{safe(name)}: {found.number} of 100, {found.title}"]
    lines.append(f"{found.components} components, {found.complete} of them complete")
    for element in found.elements:
        counts = f"{element.given}/{element.asked}"
        lines.append(f"  {pad(element.of, 9)}  {pad(element.name, 13)}{counts:>13}  {element.clause}")
    if found.missing:
        lines.append("missing:")
    lines += [f"  {safe(_named(m))}: {', '.join(m.elements)}" for m in found.missing[:_SHOWN]]
    if len(found.missing) > _SHOWN:
        lines.append(f"  … {len(found.missing) - _SHOWN} more with -o json")
    return "\n".join(cut(line, columns) for line in lines) + "\n"


def _named(missing: "Missing") -> str:
    """A package URL where the document's own label is one, without what makes labels of peers unique; else the name."""
    if missing.label.startswith("pkg:"):
        return missing.label.partition("?package-id=")[0].partition("&package-id=")[0]
    return missing.name or missing.label
