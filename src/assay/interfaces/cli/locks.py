"""`assay locks TARGET`."""

import shutil
from collections.abc import Callable

import click
import msgspec

from assay import bootstrap
from assay.interfaces.cli import options
from assay.model.inventory import Inventory
from assay.model.lock import LockState

FORMATS = ("table", "json")
_COULD_NOT_TELL = 75
_Test = Callable[[LockState], bool]
_THRESHOLDS: dict[str, tuple[_Test, _Test]] = {
    "any": (lambda one: one.missing or one.unbound or one.drifted, lambda one: one.undecided),
    "missing": (lambda one: one.missing, lambda one: one.present == "unknown"),
    "unhashed": (lambda one: one.unbound, lambda one: one.hashed == "unknown"),
    "drift": (lambda one: one.drifted, lambda one: "unknown" in (one.with_manifest, one.with_installed)),
}
"""Threshold → (what fails it, what leaves it open)."""


@click.command("locks")
@options.target_options
@options.output_option(FORMATS, "table")
@click.option(
    "--fail-on",
    multiple=True,
    type=click.Choice(tuple(_THRESHOLDS)),
    help="Exit 1 when a lock is missing, binds no content, or is out of step; 75 when that cannot be told. Repeatable.",
)
@options.verbosity_options
def command(
    target: str,
    reading: bootstrap.Reading,
    outputs: tuple[str, ...],
    fail_on: tuple[str, ...],
    quiet: bool,
    verbose: int,
) -> int:
    """Say of every project in TARGET whether its lock is there, hashed, and in step with manifest and disk.

    TARGET is a source tree (dir:), an image, or an SBOM that Assay wrote. Each disagreement is named: what was
    expected, what was found, where. What cannot be decided is `unknown`, with the reason.
    """
    wanted = options.parse_outputs(outputs, FORMATS, "table")
    progress = options.Console(quiet or not verbose)
    inventories = bootstrap.take_stock(target, reading, settings=options.settings(), progress=progress)
    for output in wanted:
        data = _json(inventories) if output.format == "json" else _table(inventories, output, everything=verbose > 0)
        if output.path:
            bootstrap.write_file(output.path, data)
        else:
            click.echo(data, nl=False)
    return _code([one for inventory in inventories for one in inventory.locks], fail_on)


def _json(inventories: tuple[Inventory, ...]) -> bytes:
    from assay.formats import wire
    from assay.model.lock import counts

    subjects = [
        {
            "name": inventory.subject.name,
            "digest": str(inventory.subject.digest or ""),
            "counts": counts(inventory.locks),
            "locks": msgspec.to_builtins(inventory.locks, order="sorted"),
        }
        for inventory in inventories
    ]
    return wire.encode({"schema": "urn:assay:schema:locks:1", "subjects": subjects})


def _table(inventories: tuple[Inventory, ...], output: options.Output, *, everything: bool) -> bytes:
    from assay.interfaces.cli.render import locks

    columns = shutil.get_terminal_size((120, 24)).columns if not output.path else 120
    colour = options.colour_wanted(output.path)
    texts = (
        locks.render(one.locks, name, columns=columns, colour=colour, everything=everything)
        for one, name in zip(inventories, _names(inventories), strict=True)
    )
    return "\n".join(texts).encode()


def _names(inventories: tuple[Inventory, ...]) -> list[str]:
    """What tells the subjects apart: the name, of several platforms with the platform."""
    several = len(inventories) > 1
    return [f"{one.subject.name} {(several and one.subject.platform) or ''}".rstrip() for one in inventories]


def _code(locks: list[LockState], thresholds: tuple[str, ...]) -> int:
    """1 as soon as one fails; else 75 when one might."""
    tests = [_THRESHOLDS[name] for name in thresholds]
    if any(fails(one) for fails, _ in tests for one in locks):
        return 1
    return _COULD_NOT_TELL if any(open_(one) for _, open_ in tests for one in locks) else 0
