"""`assay rebuilders IMAGE`."""

import shutil

import click

from assay import bootstrap
from assay.interfaces.cli import completing, options, trusting
from assay.interfaces.cli.render.text import hanging, safe

_CODES = {"reproduced": 0, "denied": 1, "unknown": 75}


@click.command("rebuilders")
@click.argument("target", shell_complete=completing.targets)
@click.option("--threshold", type=click.IntRange(1, 100), default=2, show_default=True, help="How many must agree.")
@trusting.trusted_options
@trusting.search_options
@options.verbosity_options
def command(
    target: str, threshold: int, trusted: bootstrap.Trusted, search: bootstrap.Search, quiet: bool, verbose: int
) -> int:
    """Say whether at least --threshold independent builders made TARGET, byte for byte.

    Signed provenance of the image and signed verdicts of rebuilds count, by signers you trust; two by one signer or
    under one builder's id count once. Exit code 0 when enough agree, 1 when one of them says it differs, 75 when fewer
    agree: then nobody knows.
    """
    states = []
    for subject, found in bootstrap.rebuilders_of(target, trusted, search, threshold, options.settings()):
        click.echo(f"{found.state} {len(found.counted)}/{found.needed} {subject.digest}")
        for one in found.counted:
            _tell(f"{one.kind} by {one.builder} signed by {' '.join(one.signer)} {one.evidence}")
        for digest, why in found.others:
            _tell(f"not counted {digest}: {why}")
        if found.why:
            _tell(found.why)
        states.append(found.state)
    return next((_CODES[state] for state in ("denied", "unknown") if state in states), 0)


def _tell(text: str) -> None:
    """A row, over as many lines as the terminal needs for it."""
    columns = shutil.get_terminal_size((120, 24)).columns
    for line in hanging(safe(text), columns - 2):
        click.echo(f"  {line}")
