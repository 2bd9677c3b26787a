"""`assay verify TARGET`."""

import json
import shutil
from typing import TYPE_CHECKING

import click
import msgspec

from assay import bootstrap
from assay.interfaces.cli import expecting as words
from assay.interfaces.cli import options, trusting
from assay.interfaces.cli.render import evidence
from assay.interfaces.cli.render.table import render_verdict
from assay.model.verdict import Verdict
from assay.policy import explain
from assay.settings import Settings

if TYPE_CHECKING:
    from assay.bootstrap.provenance import ProvenanceWords
    from assay.build.hermetic import Judgement
    from assay.build.levels import Supported
    from assay.flows.provenance import ProvenanceRow


class _Answer(msgspec.Struct, frozen=True):
    """A subject's answer with what was made of it: a verdict, and its provenance measured, where either was asked."""

    given: bootstrap.Answer
    verdict: Verdict | None
    provenance: "tuple[ProvenanceRow, ...] | None"
    code: int
    hermetic: "Judgement | None" = None
    levels: "tuple[Supported, ...]" = ()


@click.command("verify")
@click.argument("target")
@trusting.trusted_options
@trusting.search_options
@words.seen_option
@words.provenance_options
@click.option("--policy", metavar="DIR", help="Also decide, from the verified evidence alone (`default`: the shipped).")
@click.option("--hermetic", is_flag=True, help="Also prove from the evidence that the build was hermetic; 1 if not.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="Format.")
@click.option("-v", "--verbose", is_flag=True, help="Also show where each was found, and every check.")
def command(
    target: str,
    trusted: bootstrap.Trusted,
    search: bootstrap.Search,
    seen_logs: str | None,
    expecting: "ProvenanceWords | None",
    policy: str | None,
    hermetic: bool,
    output: str,
    verbose: bool,
) -> int:
    """Verify the evidence attached to TARGET: signature, subject, key or identity; one row for each candidate.

    No network beyond the image's own place. With --builder, --source and the like some verified provenance must say
    all that, signed by who may say it. Exits 0 when something verified, of each --type where some are named, and
    provenance and policy agree; 1 when policy denies; 3 when nothing is signed by whom you trust, or no provenance is
    as expected; 75 when nobody knows.
    """
    settings = options.settings()
    policy = policy or settings.policy or None
    search = msgspec.structs.replace(_search(search, expecting, policy, hermetic=hermetic), seen_logs=seen_logs)
    answers = [_answer(one, expecting, policy) for one in bootstrap.verify_image(target, trusted, search, settings)]
    if hermetic:
        answers = [_judged(one, settings) for one in answers]
    if output == "json":
        documents = [_document(one) for one in answers]
        click.echo(json.dumps(documents[0] if len(documents) == 1 else documents, indent=2, sort_keys=True))
    else:
        for one in answers:
            _tell(one, verbose=verbose)
    return max(one.code for one in answers)


def _search(
    search: bootstrap.Search, expecting: "ProvenanceWords | None", policy: str | None, *, hermetic: bool
) -> bootstrap.Search:
    """Where provenance is expected it is a type asked for; a policy or a proof without types asks for everything."""
    types = search.types
    if expecting is not None and (types or not (policy or hermetic)):
        types = (*types, "provenance")
    statements = hermetic or expecting is not None
    return msgspec.structs.replace(search, types=types, whole=policy is not None, statements=statements)


def _answer(given: bootstrap.Answer, expecting: "ProvenanceWords | None", policy: str | None) -> _Answer:
    verdict = bootstrap.decide_on(given.collected, given.subject, policy) if policy else None
    measured, unlike = None, 0
    if expecting is not None:
        from assay.bootstrap.provenance import measure_provenance

        measured, unlike = measure_provenance(given.collected.rows, expecting, given.builders)
    denied = explain.exit_code(verdict) if verdict is not None else 0
    return _Answer(given, verdict, measured, given.collected.exit_code() or max(unlike, denied))


def _judged(one: _Answer, settings: Settings) -> _Answer:
    from assay.bootstrap.hermetic import judge_hermetic, supported_levels
    from assay.interfaces.cli.render.hermetic import exit_code

    judged = judge_hermetic(one.given.collected, settings)
    levels = supported_levels(one.given.collected, judged, one.given.builders)
    return msgspec.structs.replace(one, hermetic=judged, levels=levels, code=one.code or exit_code(judged))


def _document(one: _Answer) -> dict[str, object]:
    from assay.interfaces.cli.render import hermetic, provenance

    return {
        **evidence.document(one.given.subject, one.given.collected),
        "provenance": None if one.provenance is None else provenance.document(one.provenance),
        "verdict": msgspec.to_builtins(one.verdict),
        **({"hermetic": hermetic.document(one.hermetic, one.levels)} if one.hermetic is not None else {}),
    }


def _tell(one: _Answer, *, verbose: bool) -> None:
    columns, colour = shutil.get_terminal_size((120, 24)).columns, options.colour_wanted("")
    subject, collected = one.given.subject, one.given.collected
    click.echo(evidence.table(subject, collected, columns=columns, colour=colour, everything=verbose), nl=False)
    if one.provenance is not None:
        from assay.interfaces.cli.render import provenance

        click.echo(provenance.lines(one.provenance, columns=columns, colour=colour, everything=verbose), nl=False)
    if one.hermetic is not None:
        from assay.interfaces.cli.render import hermetic

        click.echo(hermetic.lines(one.hermetic, one.levels, columns=columns, colour=colour), nl=False)
    if one.verdict is not None:
        click.echo("\n" + render_verdict(one.verdict, columns=columns, colour=colour))
