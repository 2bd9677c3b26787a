"""`assay lock SPEC`."""

import json
from typing import TYPE_CHECKING

import click
import msgspec

from assay import bootstrap
from assay.interfaces.cli import options
from assay.interfaces.cli.ending import unwound
from assay.interfaces.cli.render.text import safe
from assay.settings import Settings

if TYPE_CHECKING:
    from assay.bootstrap.locking import Locked


@click.command("lock")
@click.argument("spec")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when the lock would change.")
@click.option("--update", metavar="SOURCE", default="", help="Look at one source again; leave the others as they are.")
@click.option("--lock", "lock_file", metavar="PATH", default="", help="Place of the lock; else beside the spec.")
@click.option("--store", metavar="PATH", help="Content store; else that of the settings.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Form of what changed.")
@options.verbosity_options
def command(
    spec: str, check: bool, update: str, lock_file: str, store: str | None, form: str, quiet: bool, verbose: int
) -> None:
    """Pin every input of SPEC by digest, and bring it into the content store.

    What changed against the lock that was there is printed, line by line; so is what an archive holds that the tag it
    claims to be does not. Exit code 1: --check, and it would change; or a file of high weight in an archive that the
    lock which was there did not hold: what stands in a lock somebody has seen.
    """
    settings = with_store(store)
    with unwound():
        done = bootstrap.lock_spec(spec, settings, check=check, update=update, lock=lock_file)
    console = options.Console(quiet)
    for advice in done.advice:
        console.warn(f"{advice.where}: {advice.code}: {advice.why}. {advice.remedy}")
    if form == "json":
        click.echo(json.dumps(_document(done), indent=2, sort_keys=True))
    else:
        _print(done, console)
    if check and (done.first or done.changes):
        if done.first:
            click.echo(f"there is no lock at {done.path}", err=form == "json")
        raise click.exceptions.Exit(1)
    console.stage(f"{done.inputs_count} inputs {'are as' if check else 'are'} locked in {done.path}")
    if done.alarming:
        raise click.exceptions.Exit(1)


def _print(done: "Locked", console: options.Console) -> None:
    for change in done.changes:
        click.echo(change.line())
    for name, found in done.compared:
        generated = f", {len(found.generated)} generated" if found.generated else ""
        console.stage(f"{name}: {found.same_count} files are those of the tag{generated}")
        for one in found.differences:
            click.echo(f"{one.severity:<6} {one.code} {safe(name)}: {safe(one.path)}: {one.why}")


def _document(done: "Locked") -> dict[str, object]:
    return {
        "schema": "urn:assay:schema:lock-report:1",
        "lock": done.path,
        "first": done.first,
        "inputs": done.inputs_count,
        "changes": msgspec.to_builtins(done.changes),
        "advice": msgspec.to_builtins(done.advice),
        "compared": {name: msgspec.to_builtins(found) for name, found in done.compared},
    }


def with_store(store: str | None) -> Settings:
    """The settings with `--store` over them."""
    found = options.settings()
    return msgspec.structs.replace(found, store=store) if store else found
