"""`assay db build|update|pull|push|status|verify|diff|rematch|delta|export|import|fingerprints`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from assay import bootstrap
from assay.interfaces.cli import options
from assay.interfaces.cli.render import database, database_diff
from assay.model.errors import UsageError
from assay.model.inventory import Inventory

if TYPE_CHECKING:
    from assay.flows.db import Wish
    from assay.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])


@click.group("db")
def command() -> None:
    """The advisory database: one file, replaced whole or not at all."""


def making_options(function: F) -> F:
    """Options of commands that make a database."""
    number = click.option(
        "--build-number",
        type=click.IntRange(1, 999_999_999_999_999),
        metavar="N",
        help="Number of the database. Default: one more than the newest seen here; the same for the same content.",
    )
    return number(options.key_option(options.passphrase_option(rollback_option(function))))


rollback_option = click.option("--allow-rollback", is_flag=True, help="Take a database older than one seen here.")
verify_key_option = click.option(
    "--verify-key",
    "verify_key",
    metavar="FILE",
    default="",
    help="Public key that must have signed it (else ASSAY_DB_KEY; without both, a signature is not asked for).",
)


def _wish(
    found: "Settings", key: str | None, passphrase_file: str | None, number: int | None, rollback: bool
) -> "Wish":
    signer = bootstrap.signer(key, passphrase_file, options.prompt_passphrase) if key else None
    return bootstrap.wish_of(found, number=number, signer=signer, allow_rollback=rollback)


@command.command("build")
@click.option("--from", "folder", required=True, metavar="DIR", help="Folder of feeds (OSV, KEV, EPSS, lifecycle).")
@click.option("--out", metavar="FILE", help="The database to write (else --db's default).")
@making_options
@options.verbosity_options
def build(
    folder: str,
    out: str | None,
    build_number: int | None,
    key: str | None,
    passphrase_file: str | None,
    allow_rollback: bool,
    quiet: bool,
    verbose: int,
) -> None:
    """Build the database from a folder of feeds; sign it with --key."""
    progress = options.Console(quiet or not verbose)
    found = options.settings(out)
    wish = _wish(found, key, passphrase_file, build_number, allow_rollback)
    click.echo(database.built(bootstrap.build_database(folder, found, wish, progress)), nl=False)


@command.command("update")
@options.db_option
@making_options
@click.option("--allow-shrink", is_flag=True, help="Take a feed that lost more than half of its records.")
@click.option(
    "--from",
    "locations",
    multiple=True,
    metavar="LOCATION",
    help="Take a ready database: a registry reference, oci-dir:PATH, a file. Repeatable; the first that answers "
    "(else ASSAY_DB_FROM).",
)
@verify_key_option
@options.verbosity_options
def update(
    db: str | None,
    build_number: int | None,
    key: str | None,
    passphrase_file: str | None,
    allow_rollback: bool,
    allow_shrink: bool,
    locations: tuple[str, ...],
    verify_key: str,
    quiet: bool,
    verbose: int,
) -> None:
    """Fetch the public feeds that changed and build the database anew; without a network the old file stays.

    With --from, or ASSAY_DB_FROM, take a ready one instead; of it only what changed, where deltas are published.
    """
    found = options.settings(db)
    making = bool(key or build_number or allow_shrink)
    locations = locations or (() if making else found.database_sources)
    if locations:
        if making:
            raise UsageError("a ready database is neither signed nor numbered here", remedy="leave --from or these out")
        _pull(locations, found, verify_key, allow_rollback, options.Console(quiet))
        return
    wish = _wish(found, key, passphrase_file, build_number, allow_rollback)
    report = bootstrap.update_database(found, wish, options.Console(quiet), allow_shrink=allow_shrink)
    click.echo(database.built(report), nl=False)


@command.command("pull")
@click.argument("locations", nargs=-1, required=True, metavar="LOCATION...")
@options.db_option
@verify_key_option
@rollback_option
@options.verbosity_options
def pull(
    locations: tuple[str, ...], db: str | None, verify_key: str, allow_rollback: bool, quiet: bool, verbose: int
) -> None:
    """Fetch a ready database from the first LOCATION that answers, verify it, put it in place.

    A LOCATION is a registry reference, oci-dir:PATH or a file. What lies ends the search; only silence goes on.
    """
    _pull(locations, options.settings(db), verify_key, allow_rollback, options.Console(quiet))


def _pull(
    locations: tuple[str, ...], found: "Settings", verify_key: str, rollback: bool, console: options.Console
) -> None:
    wish = bootstrap.wish_of(found, key=verify_key, allow_rollback=rollback)
    location, pulled = bootstrap.pull_database(locations, found, wish, console)
    click.echo(database.pulled(location, pulled), nl=False)


@command.command("push")
@click.argument("target", metavar="REFERENCE")
@options.db_option
@options.key_option
@options.passphrase_option
@click.option(
    "--delta-from",
    "bases",
    multiple=True,
    metavar="LOCATION",
    help="Push also what leads here from an earlier database: a file, a reference (REFERENCE itself), oci-dir:PATH.",
)
@options.verbosity_options
def push(
    target: str,
    db: str | None,
    key: str | None,
    passphrase_file: str | None,
    bases: tuple[str, ...],
    quiet: bool,
    verbose: int,
) -> None:
    """Verify the database and push it, with its signature, to a registry REFERENCE or oci-dir:PATH.

    With --delta-from, whoever has that earlier database fetches only what changed. Deltas pushed there before are kept
    as long as they lead here in fewer bytes than half the database.
    """
    found = options.settings(db)
    wish = _wish(found, key, passphrase_file, None, False)
    pushed, status = bootstrap.push_database(target, found, wish, bases, options.Console(quiet or not verbose))
    click.echo(database.pushed(target, pushed, status), nl=False)


@command.command("status")
@options.db_option
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table", help="Format.")
def status(db: str | None, output: str) -> None:
    """Show what the database holds: feeds, dates, ages, counts, licences; and whether it is old."""
    import shutil

    found, warning = bootstrap.database_status(options.settings(db))
    columns = shutil.get_terminal_size((120, 24)).columns
    text = database.as_json(found) if output == "json" else database.as_table(found, warning, columns=columns)
    click.echo(text, nl=False)


@command.command("verify")
@options.db_option
@verify_key_option
def verify(db: str | None, verify_key: str) -> None:
    """Check the database: form, key encoders, SQLite's integrity, digests, number, signature."""
    found = options.settings(db)
    click.echo(database.verified(bootstrap.verify_database(found, bootstrap.wish_of(found, key=verify_key))), nl=False)


@command.command("export")
@click.argument("file")
@options.db_option
@options.key_option
@options.passphrase_option
def export(file: str, db: str | None, key: str | None, passphrase_file: str | None) -> None:
    """Verify the database and copy it to FILE, digest and signature beside it, for a machine without network."""
    settings = options.settings(db)
    found = bootstrap.export_database(file, settings, _wish(settings, key, passphrase_file, None, False))
    click.echo(f"{file}: build {found.build}, {found.advisories} advisories, content {found.content_digest}")


@command.command("import")
@click.argument("file", required=False)
@click.option("--delta", metavar="FILE", help="A delta from the database in place, instead of a whole one.")
@click.option("--digest", default="", metavar="sha256:HEX", help="Digest the file must have.")
@options.db_option
@verify_key_option
@rollback_option
def import_(
    file: str | None, delta: str | None, digest: str, db: str | None, verify_key: str, allow_rollback: bool
) -> None:
    """Check an exported FILE (signature, digest, form, content) and put it in place, or what a delta leads to."""
    settings = options.settings(db)
    wish = bootstrap.wish_of(settings, key=verify_key, allow_rollback=allow_rollback)
    if (file is None) == (delta is None) or (delta is not None and digest):
        raise UsageError("either FILE or --delta FILE, and --digest only with FILE", remedy="see --help")
    if delta is not None:
        found = bootstrap.import_delta(delta, settings, wish)
    else:
        found = bootstrap.import_database(file or "", digest, settings, wish)
    click.echo(f"in place: build {found.build}, {found.advisories} advisories, content {found.content_digest}")


@command.command("diff")
@click.argument("old")
@click.argument("new")
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table", help="Format.")
def diff(old: str, new: str, output: str) -> None:
    """Show what differs between the database files OLD and NEW: advisories, fixes, scores, exploitation, packages."""
    found = bootstrap.database_difference(old, new)
    click.echo(database_diff.as_json(found) if output == "json" else database_diff.as_table(found), nl=False)


REMATCH_FORMATS = ("json", "table", "markdown", "html", "sarif", "csv", "junit")


@command.command("rematch")
@click.argument("old")
@click.argument("new")
@click.argument("report")
@options.output_option(REMATCH_FORMATS, "json")
@options.verbosity_options
def rematch(old: str, new: str, report: str, outputs: tuple[str, ...], quiet: bool, verbose: int) -> None:
    """Bring the JSON report REPORT, made with the database file OLD, up to date with NEW, without its image.

    Only packages that the change between the databases can touch are asked about again. What is matched anew has no
    VEX, no ignore rule and no look into programs behind it, as for an SBOM. The verdict is left out; `scan` makes one.
    """
    from assay.interfaces.cli import output

    wanted = options.parse_outputs(outputs, REMATCH_FORMATS, "json")
    found = bootstrap.renew_report(report, old, new, options.settings())
    renewed = found.report
    inventory = Inventory(subject=renewed.subject, created=renewed.created)
    output.emit(output.REPORT_WRITERS, wanted, ((inventory, renewed),))
    if not quiet:
        said = f"{found.asked_count} of {len(renewed.components)} packages asked again"
        said += f", {found.came_count} findings came, {found.went_count} went"
        if found.reopened_count:
            said += f"; {found.reopened_count} that were answered are open until the image is scanned again"
        click.echo(said, err=True)


@command.command("delta")
@click.argument("old")
@click.argument("new")
@click.option("--out", required=True, metavar="FILE", help="The delta to write.")
def delta(old: str, new: str, out: str) -> None:
    """Write what leads from the database file OLD to NEW, with NEW's signature, for `db import --delta`."""
    click.echo(f"{out}: {bootstrap.write_delta(old, new, out):,} bytes")


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
