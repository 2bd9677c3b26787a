"""`assay attest TARGET`."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING

import click
import msgspec

from assay import bootstrap
from assay.interfaces.cli import options, trusting
from assay.interfaces.cli.output import labels_of
from assay.interfaces.cli.render import evidence
from assay.interfaces.cli.vex_options import vex_options
from assay.model.errors import UnavailableError, UntrustedError, UsageError
from assay.model.image import Descriptor, Subject
from assay.model.inventory import Inventory
from assay.model.report import Report
from assay.model.statement import Statement

if TYPE_CHECKING:
    from assay.bootstrap.evidence import Door
    from assay.bootstrap.verification import Beside
    from assay.flows.signing import BundleMaker

KINDS = ("cyclonedx", "spdx", "spdx3", "vulns", "openvex", "vsa", "image")
DEFAULT_KINDS = ("cyclonedx", "vulns", "openvex", "vsa", "image")


@click.command("attest")
@options.target_options
@options.db_option
@click.option(
    "--vex",
    multiple=True,
    metavar="FILE|repo:URL",
    help="VEX document (OpenVEX, CycloneDX, CSAF) to apply, or a VEX repository to look into; repeatable.",
)
@vex_options
@click.option("--policy", metavar="DIR", help="Policy the verdict is made by. Default: the shipped policy.")
@click.option(
    "--type",
    "kinds",
    multiple=True,
    metavar="TYPE",
    help=f"Only these statements ({', '.join(KINDS)}); repeatable. With --predicate its type, a word or a URI.",
)
@click.option("--predicate", metavar="FILE", help="State this JSON document about the image; nothing is scanned.")
@options.key_option
@options.passphrase_option
@options.keyless_options
@options.store_option
@click.option("--out", metavar="DIR", help="Also write each statement to DIR as NAME.intoto.json.")
@click.option("--plain-sbom", "plain", is_flag=True, help="Also attach SBOMs as documents, which nobody signs.")
@trusting.compat_option
@click.option("--force", is_flag=True, help="Attach even what is attached already.")
@options.verbosity_options
def command(
    target: str,
    reading: bootstrap.Reading,
    db: str | None,
    vex: tuple[str, ...],
    search: bootstrap.VexSearch,
    policy: str | None,
    kinds: tuple[str, ...],
    predicate: str | None,
    key: str | None,
    passphrase_file: str | None,
    words: bootstrap.KeylessWords | None,
    store: str | None,
    out: str | None,
    plain: bool,
    compat: str | None,
    force: bool,
    quiet: bool,
    verbose: int,
) -> None:
    """Scan TARGET and state what was found: SBOM, findings, VEX and verdict, as in-toto statements about its digest.

    With --key, --identity-token or --keyless each statement is signed and attached to the image as an OCI referrer.
    Without, --out says where the unsigned statements go.
    """
    trusting.refuse_keyless(compat, words, key)
    signs = key is not None or words is not None
    if not signs and out is None:
        raise UsageError(
            "nowhere to put the statements", remedy="give --key or --keyless to sign and attach, or --out DIR"
        )
    console = options.Console(quiet)
    settings = options.settings(db)
    how = _How(force=force, compat=compat, plain=plain)
    door = partial(
        bootstrap.evidence_door,
        target, store=store, settings=settings, platform=reading.platform, everything=reading.all_platforms,
    )  # fmt: skip
    who = partial(bootstrap.bundle_maker, key, passphrase_file, options.prompt_passphrase, words, settings)
    if predicate is not None:
        _as_one(kinds, attached=signs and out is None)
        with who() as maker:
            _state(predicate, kinds[0], door(), maker, how)
        return
    _known(kinds)
    look = bootstrap.SecondLook(target, reading, settings, console)
    inventories = bootstrap.take_stock(target, reading, settings=settings, progress=console, look=look)
    reports = bootstrap.report_on(
        inventories, settings=settings, vex_paths=vex, vex_search=search,
        policy_path=policy or bootstrap.DEFAULT_POLICY, progress=console, reader=look,
    )  # fmt: skip
    _matched(reports, kinds, console)
    made = [
        bootstrap.statements_of(inventory, report, kinds or DEFAULT_KINDS)
        for inventory, report in zip(inventories, reports, strict=True)
    ]
    if out is not None:
        _write(out, inventories, made)
    if signs:
        console.stage("signing and attaching")
        with who() as maker:
            _attach(door(), reports, made, maker, how)


def _matched(reports: Sequence[Report], kinds: Sequence[str], console: options.Console) -> None:
    """Nothing is stated of vulnerabilities where nothing was matched: an empty list would read as "none".

    Raises:
        UnavailableError: it was asked for by name.
    """
    for report in reports:
        if report.sources.state == "present" or "vulns" not in (kinds or DEFAULT_KINDS):
            continue
        if kinds:
            raise UnavailableError(
                "nothing was matched, so nothing can be said of vulnerabilities",
                where=report.subject.name, why=report.sources.reason, remedy="name a database with --db",
            )  # fmt: skip
        console.warn(f"no statement of vulnerabilities: {report.sources.reason}")
        return


class _How(msgspec.Struct, frozen=True, kw_only=True):
    """In which forms statements are attached, and whether those that are there already count."""

    force: bool
    compat: str | None
    plain: bool


def _known(kinds: Sequence[str]) -> None:
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise UsageError(
            "no such statement", why=repr(unknown[0]), remedy=f"choose among {', '.join(KINDS)}, or give --predicate"
        )


def _as_one(kinds: Sequence[str], *, attached: bool) -> None:
    """A document given is attested as one type, and attached."""
    if not attached or len(kinds) != 1:
        raise UsageError(
            "a document is attested as one type, and attached",
            why="--predicate without --key or --keyless, with --out, or without exactly one --type",
            remedy="give --predicate FILE --type TYPE --key KEY",
        )


def _state(predicate: str, kind: str, door: "AbstractContextManager[Door]", maker: "BundleMaker", how: _How) -> None:
    """Attach one document to every image the door shows."""
    with door as (subjects, place):
        made_one = bootstrap.predicate_about(predicate, kind)
        for named in subjects:
            _attached(place, named.subject, named.descriptor, (made_one(named.subject),), maker, how)


def _write(folder: str, inventories: Sequence[Inventory], made: Sequence[Sequence[Statement]]) -> None:
    labels = labels_of([inventory.subject for inventory in inventories])
    for inventory, statements in zip(inventories, made, strict=True):
        label = labels[inventory.subject.digest]
        several = f"{label}-" if label else ""
        for statement in statements:
            path = f"{folder}/{several}{evidence.kind(statement.predicate_type)}.intoto.json"
            bootstrap.write_file(path, statement.payload)
            click.echo(path)


def _attach(
    door: "AbstractContextManager[Door]",
    reports: Sequence[Report],
    made: Sequence[Sequence[Statement]],
    maker: "BundleMaker",
    how: _How,
) -> None:
    with door as (subjects, place):
        descriptors = {named.subject.digest: named.descriptor for named in subjects}
        for report, statements in zip(reports, made, strict=True):
            descriptor = descriptors.get(report.subject.digest)
            if descriptor is None:
                raise UntrustedError(
                    "the image changed while it was scanned",
                    where=report.subject.name,
                    why=f"{report.subject.digest} is no longer what the reference names",
                    remedy="name the image by digest, or run again",
                )
            _attached(place, report.subject, descriptor, statements, maker, how)


def _attached(
    place: "Beside",
    subject: Subject,
    descriptor: Descriptor,
    statements: Sequence[Statement],
    maker: "BundleMaker",
    how: _How,
) -> None:
    for attached in bootstrap.sign_and_attach(place, descriptor, statements, maker, force=how.force):
        click.echo(evidence.attached(attached))
    if how.plain:
        for document in bootstrap.attach_documents(place, descriptor, statements):
            click.echo(evidence.attached(document))
    if how.compat is not None:
        for older in bootstrap.write_older(place, subject, statements, maker, force=how.force):
            click.echo(evidence.older(older))
