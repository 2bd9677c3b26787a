"""`assay rebuild IMAGE|PROVENANCE|SPEC`."""

from collections.abc import Iterable
from contextlib import ExitStack
from typing import get_args

import click

from assay import bootstrap
from assay.interfaces.cli import completing, options
from assay.interfaces.cli.compare import CAUSES, exit_code, write
from assay.interfaces.cli.ending import unwound
from assay.interfaces.cli.lock import with_store
from assay.interfaces.cli.render import evidence
from assay.model.errors import UsageError
from assay.model.rebuilding import RebuildReport, VariationName

FORMATS = ("text", "json")


@click.command("rebuild")
@click.argument("target", shell_complete=completing.targets)
@click.option("--spec", metavar="PATH", default="", help="The spec of IMAGE, where the image does not carry it.")
@click.option("--lock", "lock_file", metavar="PATH", default="", help="Place of the lock; else beside the spec.")
@click.option("--image", metavar="IMAGE", default="", help="Compare with this image instead of a first build of SPEC.")
@click.option("--vary", multiple=True, type=click.Choice(get_args(VariationName)), help="Only this; repeatable.")
@click.option("--times", type=click.IntRange(1, 10), help="How many rebuilds (else as the spec says).")
@click.option("--bisect", is_flag=True, help="When they differ, build again with each condition changed alone.")
@click.option("--allow", multiple=True, type=click.Choice(CAUSES), help="A cause that is harmless; repeatable.")
@click.option("--platform", metavar="OS/ARCH[/VARIANT]", help="Which image of an index.")
@click.option("--all", "every", is_flag=True, help="List every cause, not the first of each class.")
@click.option("--store", metavar="PATH", help="Content store; else that of the settings.")
@click.option(
    "--builder-id",
    metavar="URI",
    default="",
    callback=options.absolute_uri,
    help="Who builds again, for the signed statement.",
)
@options.key_option
@options.passphrase_option
@options.keyless_options
@options.output_option(FORMATS, "text")
@options.verbosity_options
def command(
    target: str, spec: str, lock_file: str, image: str, vary: tuple[VariationName, ...], times: int | None,
    bisect: bool, allow: tuple[str, ...], platform: str | None, every: bool, store: str | None, builder_id: str,
    key: str | None, passphrase_file: str | None, words: bootstrap.KeylessWords | None, outputs: tuple[str, ...],
    quiet: bool, verbose: int,
) -> int:  # fmt: skip
    """Build TARGET again under other conditions and name the cause of every difference.

    TARGET is a spec (built twice), or an image or a file of provenance (built once more from the spec and lock it
    names). What this machine cannot vary is said. Exit code 0 for identical, same-content and equivalent, 1 for
    different, 75 for unknown. With --key or --keyless the verdict is signed and attached to the image.
    """
    wanted = options.parse_outputs(outputs, FORMATS, "text")
    settings = with_store(store)
    wish = bootstrap.RebuildWish(
        vary=vary, times=times or 0, bisect=bisect, allowed=allow, platform=options.parse_platform(platform)
    )
    if bootstrap.is_spec(target):
        recipe = bootstrap.recipe_of(target, lock_file)
    else:
        recipe, image = bootstrap.recipe_beside(target, spec, lock_file, image, settings)
    signs = key is not None or words is not None
    if signs and not image:
        raise UsageError("which image is the verdict about?", remedy="name it with --image, or rebuild the image")
    with ExitStack() as stack:
        prompt, maker = options.prompt_passphrase, None
        if key is not None:  # read first, so that a wrong path is told before anything is built
            maker = stack.enter_context(bootstrap.bundle_maker(key, passphrase_file, prompt, words, settings))
        with unwound():
            report = bootstrap.rebuild(recipe, image, wish, settings)
        _tell(report, wanted, every)
        if words is not None and maker is None and report.verdict != "unknown":  # a token does not outlast a build
            maker = stack.enter_context(bootstrap.bundle_maker(None, None, None, words, settings))
        if maker is not None and report.verdict != "unknown":
            for attached in bootstrap.attest_rebuild(report, image, maker, settings, builder_id=builder_id):
                click.echo(evidence.attached(attached), err=True)
    return exit_code(report.verdict)


def _tell(report: RebuildReport, wanted: Iterable[options.Output], every: bool) -> None:
    """The report in each form that was asked for."""
    for output in wanted:
        if output.format == "json":
            from assay.formats import rebuilding

            write(output, rebuilding.write(report))
        else:
            from assay.interfaces.cli.render.rebuilding import text

            write(output, text(report, every=every).encode())
