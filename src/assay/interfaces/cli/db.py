"""`assay db build|fingerprints|status|export|import|update`."""

import click

from assay import bootstrap
from assay.interfaces.cli import options
from assay.interfaces.cli.render import database


@click.group("db")
def command() -> None:
    """The advisory database: one file, replaced whole or not at all."""


@command.command("build")
@click.option("--from", "folder", required=True, metavar="DIR", help="Folder of feeds (OSV, KEV, EPSS, lifecycle).")
@click.option("--out", metavar="FILE", help="The database to write (else --db's default).")
@options.verbosity_options
def build(folder: str, out: str | None, quiet: bool, verbose: int) -> None:
    """Build the database from a folder of feeds."""
    progress = options.Console(quiet or not verbose)
    report = bootstrap.build_database(folder, options.settings(out), progress)
    click.echo(database.built(report), nl=False)


@command.command("update")
@options.db_option
@options.verbosity_options
def update(db: str | None, quiet: bool, verbose: int) -> None:
    """Fetch the public feeds and build the database anew; without a network the old file stays."""
    report = bootstrap.update_database(options.settings(db), options.Console(quiet))
    click.echo(database.built(report), nl=False)


@command.command("status")
@options.db_option
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table", help="Format.")
def status(db: str | None, output: str) -> None:
    """Show what the database holds: feeds, dates, licences, counts."""
    found = bootstrap.database_status(options.settings(db))
    click.echo(database.as_json(found) if output == "json" else database.as_table(found), nl=False)


@command.command("export")
@click.argument("file")
@options.db_option
def export(file: str, db: str | None) -> None:
    """Verify the database and copy it to FILE, its digest beside it, for a machine without network."""
    found = bootstrap.export_database(file, options.settings(db))
    click.echo(f"{file}: {found.advisories} advisories, content {found.content_digest}")


@command.command("import")
@click.argument("file")
@click.option("--digest", default="", metavar="sha256:HEX", help="Digest the file must have.")
@options.db_option
def import_(file: str, digest: str, db: str | None) -> None:
    """Check an exported FILE (digest, form, content) and put it in place."""
    found = bootstrap.import_database(file, digest, options.settings(db))
    click.echo(f"in place: {found.advisories} advisories, content {found.content_digest}")


@command.command("fingerprints")
@click.argument("names", nargs=-1, metavar="[GROUP:ARTIFACT]...")
@click.option("--from", "folder", required=True, metavar="DIR", help="A Maven repository's folder (GROUP/ARTIFACT/…).")
@click.option("--out", required=True, metavar="FILE", help="The file to write.")
@options.verbosity_options
def fingerprints(names: tuple[str, ...], folder: str, out: str, quiet: bool, verbose: int) -> None:
    """Make fingerprints of the Java libraries in DIR, or of those that are named, for `--fingerprints`."""
    made = bootstrap.make_fingerprints(folder, names, options.Console(quiet or not verbose))
    bootstrap.write_file(out, made.data)
    for path, reason in made.skipped:
        click.echo(f"skipped {path}: {reason}", err=True)
    click.echo(f"{out}: {made.libraries} libraries, {made.versions} versions, {len(made.data)} bytes")
