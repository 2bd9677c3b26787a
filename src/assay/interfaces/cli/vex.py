"""`assay vex make|merge|lint|explain`."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import click
import msgspec

from assay import bootstrap
from assay.interfaces.cli import options
from assay.interfaces.cli.options import Output
from assay.model.errors import UnavailableError, UsageError
from assay.model.vex import VexProduct, VexScope, VexStatement, VexStatus

FORMS = ("openvex", "csaf", "cyclonedx-vex")
_JUSTIFICATIONS = (
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
)


@click.group("vex")
def command() -> None:
    """Say which vulnerability matters and which does not, and see what became of what was said."""


@command.command("make")
@click.option("--vuln", required=True, metavar="ID", help="The vulnerability, by its CVE where it has one.")
@click.option("--alias", "aliases", multiple=True, metavar="ID", help="Another name of it; repeatable.")
@click.option(
    "--product",
    "products",
    multiple=True,
    required=True,
    metavar="ID",
    help="Image by digest or oci package URL, package URL (?vers=vers:TYPE/RANGE for a range of versions), or "
    "urn:assay:repository:NAME for all images of a repository and below it; repeatable.",
)
@click.option("--subcomponent", "parts", multiple=True, metavar="PURL", help="The package in them; repeatable.")
@click.option("--status", required=True, type=click.Choice(get_args(VexStatus)))
@click.option("--justification", type=click.Choice(_JUSTIFICATIONS), default=None, help="Why it is not affected.")
@click.option("--impact", default="", metavar="TEXT", help="Why it is not affected, in words.")
@click.option("--action", default="", metavar="TEXT", help="What to do where it is affected.")
@click.option("--notes", default="", metavar="TEXT", help="How the status was come to.")
@click.option("--reason", default="", metavar="TEXT", help="Why it was decided so.")
@click.option("--scope", type=click.Choice([s for s in get_args(VexScope) if s]), help="How far the decision reaches.")
@click.option("--expires", default="", metavar="WHEN", help="RFC 3339 time, date, or 30d: then it asks for review.")
@click.option("--evidence", multiple=True, metavar="URI", help="Digest or URI it rests on; repeatable.")
@click.option("--author", default="", metavar="NAME", help="Who says it; an existing document has one already.")
@click.option("--id", "identifier", default="", metavar="IRI", help="Id of a new document. Default: by its content.")
@click.option("--into", default="", metavar="FILE", help="Document to write, or to write on. Default: standard output.")
def make(
    vuln: str,
    products: tuple[str, ...],
    parts: tuple[str, ...],
    justification: str | None,
    scope: VexScope | None,
    expires: str,
    evidence: tuple[str, ...],
    identifier: str,
    into: str,
    **words: Any,
) -> int:
    """Write a VEX statement (OpenVEX 0.2).

    A document that exists gets its next version; a statement about the same vulnerability and products is replaced,
    and one that says nothing new changes nothing. Flaws are told on standard error.
    """
    from assay.interfaces.cli.render import vexes

    said = VexStatement(
        vulnerability=vuln,
        aliases=tuple(sorted(set(words.pop("aliases")) - {vuln})),
        products=tuple(VexProduct((product,), tuple(sorted(set(parts)))) for product in sorted(set(products))),
        justification=justification or "",
        scope=scope or "",
        expires=_moment(expires),
        evidence=tuple(sorted(set(evidence))),
        **words,
    )
    written = bootstrap.make_vex(said, into=into, identifier=identifier)
    click.echo(vexes.flaws(into or "statement", written.flaws), err=True, nl=False)
    if not into:
        click.echo(written.data, nl=False)
    elif written.changed:
        bootstrap.write_file(into, written.data)
    return 0


def _moment(text: str) -> str:
    """A time as RFC 3339; `30d` is so many days from now, a date its first second."""
    if text.endswith("d") and text[:-1].isascii() and text[:-1].isdigit() and len(text) < 7:
        now = datetime.fromisoformat(bootstrap.now())
        return (now + timedelta(days=int(text[:-1]))).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    full = f"{text}T00:00:00Z" if len(text) == 10 else text
    try:
        moment = datetime.fromisoformat(full) if full else None
    except ValueError as error:
        remedy = "give 2026-12-31, an RFC 3339 time, or 30d"
        raise UsageError("not a time", why=f"{text[:40]!a}", remedy=remedy) from error
    if moment is not None and moment.tzinfo is None:
        raise UsageError("a time without its zone", why=f"{text[:40]!a}", remedy="end it in Z")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""


@command.command("merge")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--author", default="", metavar="NAME", help="Who publishes the whole; needed where authors differ.")
@options.output_option(FORMS, "openvex")
def merge(files: tuple[str, ...], author: str, outputs: tuple[str, ...]) -> int:
    """Join VEX documents of any form into one; the first author of each statement is kept.

    The result does not depend on the order of FILEs, nor on how often one is given, nor on merging in steps.
    """
    said = bootstrap.merge_vex(files, author)
    for output in options.parse_outputs(outputs, FORMS, "openvex"):
        data = bootstrap.vex_document(said, output.format, output.version)
        _put(output, data)
    return 0


def _put(output: Output, data: bytes) -> None:
    if output.path:
        bootstrap.write_file(output.path, data)
    else:
        click.echo(data, nl=False)


@command.command("lint")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
def lint(files: tuple[str, ...]) -> int:
    """Name every flaw of VEX documents, with its place: unreadable, never matching, without its reason, expired.

    Exits 0 when there is nothing to mend (notes aside), else 1.
    """
    from assay.interfaces.cli.render import vexes

    errors = 0
    for file in files:
        found = bootstrap.lint_vex(file)
        errors += sum(flaw.severity == "error" for flaw in found)
        click.echo(vexes.flaws(Path(file).name, found), nl=False)
    return 1 if errors else 0


@command.command("explain")
@click.argument("words", metavar="FILE... TARGET", nargs=-1, required=True)
@options.reading_options
@options.db_option
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of text.")
@click.option(
    "--vex-trust",
    "trust",
    default="",
    metavar="FILE",
    help="Whose VEX counts for what: with it FILEs count only as found beside an image, signed by one it names.",
)
@click.option("--vex-require-signature", "signed", is_flag=True, help="Let FILEs count only when signed by such a one.")
@options.verbosity_options
def explain(
    words: tuple[str, ...],
    reading: bootstrap.Reading,
    db: str | None,
    as_json: bool,
    trust: str,
    signed: bool,
    quiet: bool,
    verbose: int,
) -> int:
    """Say for each statement of the FILEs whether it matches TARGET, or which field is the first that does not.

    The fields in order: signature, author's scope, vulnerability alias, product type, name, version, qualifier, index
    versus platform digest, subcomponent, time, expiry, status rule. Exits 0 when every statement matched, else 1; 75
    without an advisory database, where nothing can match.
    """
    from assay.interfaces.cli.render import vexes

    *files, target = words
    if not files:
        raise click.UsageError("give at least one FILE before TARGET")
    settings, console = options.settings(db), options.Console(quiet or not verbose)
    inventories = bootstrap.take_stock(target, reading, settings=settings, progress=console)
    reports = bootstrap.report_on(inventories, settings=settings, vex_paths=(), policy_path=None, progress=console)
    rows = bootstrap.explain_vex(
        files, inventories, reports, settings=settings, trust=trust, require_signature=signed or bool(trust)
    )
    click.echo(_json(rows) if as_json else vexes.explained(rows), nl=False)
    blind = [report for report in reports if report.sources.state != "present"]
    for report in blind:
        click.echo(f"assay: no advisories: {report.sources.reason}", err=True)
    if blind:
        return UnavailableError.exit_code
    return 0 if all(row.outcome == "matched" for row in rows) else 1


def _json(rows: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(rows), indent=2) + b"\n"
