"""`assay verify TARGET`."""

import json
import shutil

import click
import msgspec

from assay import bootstrap
from assay.interfaces.cli import options
from assay.interfaces.cli.render import evidence
from assay.interfaces.cli.render.table import render_verdict
from assay.model.errors import UsageError
from assay.policy import explain


@click.command("verify")
@click.argument("target")
@click.option("--platform", metavar="OS/ARCH[/VARIANT]", help="Which platform of an index.")
@click.option("--all-platforms", is_flag=True, help="The index and every platform of it; all must verify.")
@click.option("--key", "keys", multiple=True, metavar="FILE", help="Public key that may sign; repeatable, required.")
@options.store_option
@click.option("--policy", metavar="DIR", help="Also decide, from the verified evidence alone (`default`: the shipped).")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="Format.")
def command(
    target: str,
    platform: str | None,
    all_platforms: bool,
    keys: tuple[str, ...],
    store: str | None,
    policy: str | None,
    output: str,
) -> int:
    """Verify the evidence attached to TARGET: signature, subject, key; no network beyond the image's own place.

    Exits 0 when something verified (and policy allows), 1 when policy denies, 3 when nothing is signed by these keys.
    """
    if not keys:
        raise UsageError("whom do you trust?", why="no --key", remedy="give the public key that may sign: --key FILE")
    settings = options.settings()
    policy = policy or settings.policy or None
    ring = bootstrap.keyring(keys)
    door = bootstrap.evidence_door(
        target,
        store=store,
        settings=settings,
        platform=options.parse_platform(platform),
        everything=all_platforms,
    )
    answers = []
    with door as (subjects, place):
        for named in subjects:
            collected = bootstrap.collect(place, named.subject, ring)
            verdict = bootstrap.decide_on(collected, named.subject, policy) if policy else None
            answers.append((named.subject, collected, verdict))
    if output == "json":
        documents = [
            {
                "subject": msgspec.to_builtins(subject, str_keys=True),
                "rows": [evidence.row(row) for row in collected.rows],
                "ignored": collected.ignored_count,
                "verdict": msgspec.to_builtins(verdict),
            }
            for subject, collected, verdict in answers
        ]
        click.echo(json.dumps(documents[0] if len(documents) == 1 else documents, indent=2, sort_keys=True))
    else:
        columns = shutil.get_terminal_size((120, 24)).columns
        colour = options.colour_wanted("")
        for subject, collected, verdict in answers:
            click.echo(evidence.table(subject, collected, columns=columns, colour=colour), nl=False)
            if verdict is not None:
                click.echo("\n" + render_verdict(verdict, columns=columns, colour=colour))
    codes = []
    for _, collected, verdict in answers:
        codes.append(collected.exit_code() or (explain.exit_code(verdict) if verdict is not None else 0))
    return max(codes)
