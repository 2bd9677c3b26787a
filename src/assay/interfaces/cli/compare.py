"""`assay compare A B`."""

from collections.abc import Mapping
from typing import Any, get_args

import click

from assay import bootstrap
from assay.interfaces.cli import completing, options
from assay.model.comparison import CauseClass, Comparison
from assay.model.errors import UsageError
from assay.model.stripdown import Stripdown

FORMATS = ("text", "json")
CAUSES = tuple(kind for kind in get_args(CauseClass) if kind != "unknown")


@click.command("compare")
@click.argument("old", metavar="A", shell_complete=completing.targets)
@click.argument("new", metavar="B", shell_complete=completing.targets)
@click.option("--allow", multiple=True, type=click.Choice(CAUSES), help="A cause that is harmless; repeatable.")
@click.option("--diffoscope", is_flag=True, help="Let diffoscope, where it is installed, tell the rest.")
@click.option("--all", "every", is_flag=True, help="List every cause, not the first of each class.")
@click.option(
    "--report",
    type=click.Choice(("causes", "stripdown")),
    default="causes",
    help="stripdown: what each carries, side by side (packages, bytes, shells, set-id files, …).",
)
@click.option(
    "--rebuilt",
    multiple=True,
    metavar="FILE",
    help="JSON report of `assay rebuild`, for the strip-down report's word on it; repeatable.",
)
@click.option("--db", metavar="PATH", help="Advisory database: the strip-down report counts findings too.")
@options.reading_options
@options.output_option(FORMATS, "text")
@options.verbosity_options
def command(
    old: str, new: str, allow: tuple[str, ...], diffoscope: bool, every: bool, report: str, rebuilt: tuple[str, ...],
    db: str | None, reading: bootstrap.Reading, outputs: tuple[str, ...], quiet: bool, verbose: int,
) -> int:  # fmt: skip
    """Say whether two images are the same to the byte, and name the cause of every difference.

    The verdict is identical, same-content, equivalent (only causes that --allow lists), different or unknown. Exit
    code 0 for the first three, 1 for different, 75 for unknown. `--report stripdown` counts and compares what two
    images of one application carry, and exits 0.
    """
    wanted = options.parse_outputs(outputs, FORMATS, "text")
    of_causes = {"--allow": allow, "--diffoscope": diffoscope, "--all": every}
    _check_words(report, of_stripdown={"--rebuilt": rebuilt, "--db": db}, of_causes=of_causes)
    settings, asked = options.settings(db), reading.platform
    if report == "stripdown":
        console = options.Console(quiet or not verbose)
        carried = bootstrap.stripdown(old, new, reading, settings, matched=bool(db), progress=console, rebuilt=rebuilt)
        for output in wanted:
            write(output, _stripdown(carried, output.format))
        return 0
    found = bootstrap.compare_images(old, new, settings, platform=asked, allowed=allow)
    for output in wanted:
        write(output, render(found, output.format, every=every))
    if diffoscope and found.verdict not in ("identical", "same-content"):
        click.echo(bootstrap.foreign_differences(old, new, found, settings, asked))
    return exit_code(found.verdict)


def _check_words(report: str, *, of_stripdown: Mapping[str, object], of_causes: Mapping[str, object]) -> None:
    """Refuse an option that the other of the two reports has: it would be taken and change nothing."""
    foreign = of_causes if report == "stripdown" else of_stripdown
    if idle := [name for name, value in foreign.items() if value]:
        raise UsageError(
            f"an option of the other report: {', '.join(idle)}",
            remedy="leave it out" if report == "stripdown" else "add --report stripdown, or leave it out",
        )


def render(found: Comparison, form: str, *, every: bool) -> bytes:
    """The comparison in the format asked for."""
    if form == "json":
        from assay.formats import comparison

        return comparison.write(found)
    from assay.interfaces.cli.render.comparison import text

    return text(found, every=every).encode()


def _stripdown(carried: Stripdown, form: str) -> bytes:
    if form == "json":
        from assay.formats import stripdown

        return stripdown.write(carried)
    from assay.interfaces.cli.render.stripdown import text

    return text(carried).encode()


def write(output: Any, data: bytes) -> None:
    """To a file or to standard output."""
    if output.path:
        bootstrap.write_file(output.path, data)
    else:
        click.echo(data, nl=False)


def exit_code(verdict: str) -> int:
    """0 where nothing harmful differs, 1 where something does, 75 where nobody could tell."""
    return {"different": 1, "unknown": 75}.get(verdict, 0)
