"""`assay build SPEC --output oci-dir:PATH`."""

from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from assay import bootstrap
from assay.interfaces.cli import options
from assay.interfaces.cli.compare import exit_code
from assay.interfaces.cli.ending import unwound
from assay.interfaces.cli.lock import with_store
from assay.interfaces.cli.render import archives
from assay.interfaces.cli.render.text import safe
from assay.model.errors import UsageError

if TYPE_CHECKING:
    from assay.bootstrap.builds import Finished

_LABELS = {
    "native": "code of this platform ran",
    "cross": "its outputs come from steps that ran on another platform",
    "assembled": "no code of this platform ran",
}
"""What an image of several platforms is called, in words."""


@click.command("build")
@click.argument("spec")
@click.option("--output", metavar="oci-dir:PATH[:TAG]", required=True, help="OCI layout to build into.")
@click.option("--lock", "lock_file", metavar="PATH", default="", help="Place of the lock; else beside the spec.")
@click.option("--store", metavar="PATH", help="Content store; else that of the settings.")
@click.option(
    "--builder-id", default="", metavar="URI", callback=options.absolute_uri,
    help="Who builds; else a workstation nobody vouches for.",
)  # fmt: skip
@click.option("--logs", metavar="DIR", help="Write each step's log to DIR as NAME.log.")
@click.option(
    "--rebuild/--no-rebuild",
    "rebuilt",
    default=None,
    help="Build again before publishing; else where the spec writes assurance.rebuild.",
)
@click.option("--no-cache", is_flag=True, help="Run every step, and keep no results.")
@options.db_option
@options.key_option
@options.passphrase_option
@options.keyless_options
@options.verbosity_options
def command(
    spec: str,
    output: str,
    lock_file: str,
    store: str | None,
    builder_id: str,
    logs: str | None,
    rebuilt: bool | None,
    no_cache: bool,
    db: str | None,
    key: str | None,
    passphrase_file: str | None,
    words: bootstrap.KeylessWords | None,
    quiet: bool,
    verbose: int,
) -> int:
    """Build SPEC from its lock and the content store, without any network, into an OCI layout.

    The same spec, lock and store give the same bytes on any machine. Run `assay lock SPEC` first. The digest of what
    was built is printed. With --key (or a keyless identity) the image leaves with its evidence attached: signature,
    provenance of every step, SBOM, scan, VEX, verdict, test results and the build's record. Exits 1 when a test of
    the image fails. A spec that writes `assurance.rebuild` is built again under the conditions it names; where that
    differs, `on-difference: fail` publishes nothing and exits as `assay rebuild` does, `warn` publishes and says so.
    What a step left is taken from an earlier build where its text, root, inputs, environment and isolation are the
    same (--no-cache: never); the provenance says so, and a build that is built again runs every step.
    """
    console, settings = options.Console(quiet), with_store(store)
    with ExitStack() as stack:
        maker = None
        if key is not None:  # read before hours of building, so that a wrong path is told at once
            prompt = options.prompt_passphrase
            maker = stack.enter_context(bootstrap.bundle_maker(key, passphrase_file, prompt, words, settings))
        elif words is not None and not words.is_identity:
            raise UsageError("nobody to sign as", why="services are named, an identity is not", remedy="add --key")
        with unwound():
            done = bootstrap.build_spec(
                spec, output, settings, lock=lock_file, builder_id=builder_id, rebuilt=rebuilt, cached=not no_cache
            )
        _tell(done, console, logs)
        if done.failed:
            click.echo(f"not published: {', '.join(done.failed)} failed", err=True)
            return 1
        if done.report is not None and not _accepted(done, console):
            return exit_code(done.report.verdict)
        click.echo(str(done.built.root.digest))
        settings = options.settings(db)
        if maker is None and words is not None:  # a token does not outlast a build
            maker = stack.enter_context(bootstrap.bundle_maker(None, None, None, words, settings))
        if maker is not None:
            from assay.interfaces.cli.render import evidence

            for attached in bootstrap.attest_build(done, settings, maker, console):
                click.echo(evidence.attached(attached))
    return 0


def _tell(done: "Finished", console: options.Console, logs: str | None) -> None:
    """What was built and how; each step's log into the folder that was asked for."""
    for name in done.outdated:
        console.warn(
            f"source {name}: its folder has changed; the image has what the lock pins (`assay lock` renews it)"
        )
    for step in done.built.steps:
        taken = ", result of an earlier build" if step.left is not None and step.left.when is not None else ""
        console.stage(f"step {step.name}: {step.isolation.level} by {step.isolation.tool}{taken}")
        for one in step.hardening:
            if one.missing:
                console.stage(f"step {step.name}: {one.path} lacks {', '.join(one.missing)}")
        if logs is not None:
            bootstrap.write_file(f"{logs}/{step.name}.log", step.log)
    for line in archives.of_build(done.context.lock, done.sources):
        console.stage(safe(line))
    for name, joined in done.sources.items():
        for found in joined.findings:
            if found.severity in ("critical", "high"):
                console.warn(f"{name}: {found.severity} {found.code} {found.path}: {found.why} ({joined.state})")
    for image in done.built.images:
        if len(done.built.images) > 1:
            console.stage(f"{image.platform} {image.label}: {_LABELS[image.label]}")
        for layer in image.layers:
            size = layer.descriptor.size or 0
            console.stage(f"{image.platform} layer {layer.name}: {layer.entries_count} entries, {size} bytes")
    for test in done.built.tests:
        console.stage(f"test {test.name}: {'passed' if test.passed else 'FAILED'}")
        if not test.passed:
            click.echo(safe(test.log.decode("utf-8", "replace"))[-2000:], err=True)


def _accepted(done: "Finished", console: options.Console) -> bool:
    """Say what the rebuilds found; whether the image was published."""
    from assay.interfaces.cli.render.rebuilding import text

    report = done.report
    assert report is not None  # noqa: S101
    told = text(report)
    if report.is_same:
        for line in told.splitlines():
            console.stage(f"rebuild: {line.strip()}")
        return True
    click.echo(told, err=True, nl=False)
    if done.refused:
        click.echo(f"not published: a second build is {report.verdict} (build.rebuild-mismatch)", err=True)
        return False
    if done.context.spec.assurance.rebuild.on_difference == "warn":
        console.warn(f"published although a second build is {report.verdict}")
    return True
