"""`assay verify TARGET`."""

import json
import shutil

import click
import msgspec

from assay import bootstrap
from assay.interfaces.cli import options, trusting
from assay.interfaces.cli.render import evidence
from assay.interfaces.cli.render.table import render_verdict
from assay.policy import explain


@click.command("verify")
@click.argument("target")
@trusting.trusted_options
@trusting.search_options
@click.option("--policy", metavar="DIR", help="Also decide, from the verified evidence alone (`default`: the shipped).")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="Format.")
@click.option("-v", "--verbose", is_flag=True, help="Also show where each was found, and every check.")
def command(
    target: str,
    trusted: bootstrap.Trusted,
    search: bootstrap.Search,
    policy: str | None,
    output: str,
    verbose: bool,
) -> int:
    """Verify the evidence attached to TARGET: signature, subject, key or identity; one row for each candidate.

    No network beyond the image's own place. Exits 0 when something verified, of each --type where some are named, and
    policy allows; 1 when policy denies; 3 when nothing is signed by whom you trust; 75 when nobody knows.
    """
    settings = options.settings()
    policy = policy or settings.policy or None
    search = msgspec.structs.replace(search, whole=policy is not None)
    answers = bootstrap.verify_image(target, trusted, search, settings)
    verdicts = [bootstrap.decide_on(a.collected, a.subject, policy) if policy else None for a in answers]
    if output == "json":
        documents = [
            {**evidence.document(a.subject, a.collected), "verdict": msgspec.to_builtins(verdict)}
            for a, verdict in zip(answers, verdicts, strict=True)
        ]
        click.echo(json.dumps(documents[0] if len(documents) == 1 else documents, indent=2, sort_keys=True))
    else:
        columns = shutil.get_terminal_size((120, 24)).columns
        colour = options.colour_wanted("")
        for a, verdict in zip(answers, verdicts, strict=True):
            text = evidence.table(a.subject, a.collected, columns=columns, colour=colour, everything=verbose)
            click.echo(text, nl=False)
            if verdict is not None:
                click.echo("\n" + render_verdict(verdict, columns=columns, colour=colour))
    return max(
        a.collected.exit_code() or (explain.exit_code(verdict) if verdict is not None else 0)
        for a, verdict in zip(answers, verdicts, strict=True)
    )
