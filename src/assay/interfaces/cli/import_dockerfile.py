"""`assay import-dockerfile FILE`."""

import json
import os
import shutil

import click
import msgspec

from assay import bootstrap
from assay.interfaces.cli import options
from assay.interfaces.cli.render import imported


@click.command("import-dockerfile")
@click.argument("file", default="Dockerfile")
@click.option("--output", metavar="SPEC", help="Where the spec is written; `-` for standard output.")
@click.option("--name", default="", help="Name of the image. Default: that of the context's folder.")
@click.option("--version", default="0", show_default=True, help="Version of the image.")
@click.option("--context", default="", metavar="DIR", help="Build context. Default: the Dockerfile's folder.")
@click.option("--epoch", type=click.IntRange(0), default=0, show_default=True, help="Time of the image, Unix seconds.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the report.")
def command(file: str, output: str | None, name: str, version: str, context: str, epoch: int, form: str) -> int:
    """Judge each instruction of a Dockerfile and write a spec of what could be taken over.

    Each instruction is translated, translated and in need of a lock, in need of a person, or dropped, with the reason.
    Nothing is made up: a missing digest or version stays a hole that no build accepts. Exits 1 while a person is
    needed.
    """
    folder = context or ("." if file == "-" else os.path.dirname(file) or ".")
    spec = output if output and output != "-" else os.path.join(folder, "assay.yaml")
    found = bootstrap.import_dockerfile(file, name=name, version=version, context=folder, spec=spec, epoch=epoch)
    if output == "-":
        click.echo(found.spec, nl=False)
    elif output:
        bootstrap.write_file(output, found.spec)
    if form == "json":
        document = {
            "schema": "urn:assay:schema:dockerfile-import:1",
            "verdicts": msgspec.to_builtins(found.verdicts),
            "remarks": msgspec.to_builtins(found.remarks),
            "score": {
                **msgspec.to_builtins(found.score),
                "total": found.score.total,
                "automatic": round(found.score.automatic, 4),
                "buildable": found.score.is_buildable,
            },
        }
        click.echo(json.dumps(document, indent=2, sort_keys=True), err=output == "-")
    else:
        columns = shutil.get_terminal_size((120, 24)).columns
        text = imported.table(found, file, columns=columns, colour=options.colour_wanted(""))
        click.echo(text, nl=False, err=output == "-")
    return 0 if found.score.is_buildable else 1
