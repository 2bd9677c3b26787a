"""`assay store gc | verify | fetch | export | import`."""

import os

import click

from assay import bootstrap
from assay.interfaces.cli.lock import with_store
from assay.model.errors import UsageError
from assay.settings import Settings

_store_option = click.option("--store", metavar="PATH", help="Content store; else that of the settings.")


def _of(store: str | None) -> Settings:
    """The settings with a store that is there: of one that is not, nothing is well and nothing is exported.

    Raises:
        UsageError: the store that was named is no folder.
    """
    if store and not os.path.isdir(store):
        raise UsageError("no such content store", where=store, remedy="check the path")
    return with_store(store)


@click.group("store")
def command() -> None:
    """Look after the content store, which holds every input of builds by its digest."""


@command.command("gc")
@click.argument("locks", nargs=-1)
@click.option("--everything", is_flag=True, help="Remove everything: there are no locks any more.")
@click.option("--dry-run", is_flag=True, help="Remove nothing; list what would go.")
@_store_option
def gc(locks: tuple[str, ...], everything: bool, dry_run: bool, store: str | None) -> None:
    """Remove what none of the LOCKS needs. Name every lock whose builds shall stay possible."""
    if bool(locks) == everything:
        raise UsageError("which locks shall stay?", remedy="name lock files, or give --everything")
    done = bootstrap.clean_store(locks, _of(store), dry_run=dry_run)
    for blob in done.removed:
        click.echo(f"{'would remove' if dry_run else 'removed'} {blob.digest} {blob.size}")
    for digest in done.missing:
        click.echo(f"missing {digest}")
    click.echo(
        f"{len(done.removed)} blobs, {sum(blob.size for blob in done.removed)} bytes "
        f"{'would go' if dry_run else 'gone'}; {done.kept_count} blobs, {done.kept_bytes} bytes stay"
    )


@command.command("verify")
@click.argument("locks", nargs=-1)
@_store_option
def verify(locks: tuple[str, ...], store: str | None) -> None:
    """Read every blob (or what LOCKS need) to its end. Exit code 3 when one is missing or has changed."""
    good, bad = bootstrap.verify_store(locks, _of(store))
    for rot in bad:
        click.echo(f"{rot.digest} {rot.why}")
    click.echo(f"{good} blobs are well, {len(bad)} are not")
    if bad:
        raise click.exceptions.Exit(3)


@command.command("fetch")
@click.argument("lock")
@_store_option
def fetch(lock: str, store: str | None) -> None:
    """Bring what LOCK pins into the store, by digest; the lock stays as it is. Exit code 75: something is missing."""
    done = bootstrap.fetch_locked(lock, with_store(store))
    for one in done.missing:
        click.echo(f"missing {one.digest} {one.why}")
    click.echo(
        f"{done.brought_count} inputs, {done.brought_bytes} bytes brought; {done.present_count} were there, "
        f"{len(done.missing)} are missing"
    )
    if done.missing:
        raise click.exceptions.Exit(75)


@command.command("export")
@click.argument("locks", nargs=-1)
@click.option("--output", metavar="oci-dir:PATH", required=True, help="OCI layout to write into.")
@_store_option
def export(locks: tuple[str, ...], output: str, store: str | None) -> None:
    """Write the store, or what LOCKS need of it, as one OCI artifact."""
    done = bootstrap.export_store(output, locks, _of(store))
    click.echo(f"{done.manifest} {done.count} blobs, {done.bytes} bytes")


@command.command("import")
@click.argument("target")
@_store_option
def import_(target: str, store: str | None) -> None:
    """Take the blobs of an exported store: oci-dir:PATH, oci-archive:PATH or a reference."""
    done = bootstrap.import_store(target, with_store(store))
    click.echo(f"{done.manifest} {done.count} blobs, {done.bytes} bytes")
