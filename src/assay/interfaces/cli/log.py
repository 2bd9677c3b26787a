"""`assay log show|get|prove|monitor`: transparency logs, read and watched."""

import click

from assay import bootstrap
from assay.flows.logread import Shown
from assay.flows.monitor import Report
from assay.interfaces.cli import options
from assay.interfaces.cli.render import logs
from assay.interfaces.cli.trusting import trusted_options
from assay.model.errors import UntrustedError

_ALERT, _COULD_NOT_TELL = 1, 75


@click.group("log")
def command() -> None:
    """Transparency logs: look at one, prove what is in it, watch it.

    LOCATION is the address of a log that serves tiles (c2sp.org/tlog-tiles), or a folder with its files.
    """


location = click.argument("location", metavar="LOCATION")
root_option = click.option("--trusted-root", metavar="FILE", help="Trusted root that lists the log's key.")
format_option = click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="Format.")


@command.command("show")
@location
@root_option
@click.option("--witnesses", metavar="FILE", default="", help="C2SP tlog-policy whose witnesses are looked for.")
@format_option
def show(location: str, trusted_root: str | None, witnesses: str, output: str) -> None:
    """Print the checkpoint of a log: origin, size, root, and who signed it."""
    found = bootstrap.show_log(location, trusted_root, witnesses, options.settings())
    _refuse_strangers(found, trusted_root)
    click.echo(logs.shown_json(found) if output == "json" else logs.shown_text(found), nl=False)


@command.command("get")
@location
@click.argument("index", type=click.IntRange(0))
@root_option
@format_option
def get(location: str, index: int, trusted_root: str | None, output: str) -> None:
    """Print entry INDEX of a log (counted from 0), proven to be in the tree of its checkpoint."""
    found = bootstrap.prove_entry(location, index, trusted_root, options.settings())
    _refuse_strangers(found.shown, trusted_root)
    click.echo(logs.entry_json(found) if output == "json" else logs.entry_text(found), nl=False)


@command.command("prove")
@location
@click.argument("since", metavar="SINCE")
@root_option
@format_option
def prove(location: str, since: str, trusted_root: str | None, output: str) -> None:
    """Prove that a log continues an older tree. SINCE is a file with an older checkpoint, or a size.

    Exits 3 when it does not: then the log has two histories, and both checkpoints prove it.
    """
    found = bootstrap.prove_growth(location, since, trusted_root, options.settings())
    _refuse_strangers(found.shown, trusted_root)
    click.echo(logs.growth_json(found) if output == "json" else logs.growth_text(found), nl=False)


@command.command("monitor")
@location
@click.option("--issuance", metavar="LOCATION", default="", help="The issuance log of its certificates.")
@click.option("--state", metavar="DIR", required=True, help="Folder where the monitor remembers how far it read.")
@trusted_options
@click.option("--witnesses", metavar="FILE", default="", help="C2SP tlog-policy: who must have cosigned.")
@click.option(
    "--silence-after", type=click.IntRange(1), default=None, metavar="SECONDS", help="Report a log that stops growing."
)
@click.option("--from-now", is_flag=True, help="Begin a log that was never followed at its present end.")
@click.option("--every", type=click.FloatRange(0.1), default=None, metavar="SECONDS", help="Look again and again.")
@format_option
def monitor(
    location: str,
    issuance: str,
    state: str,
    trusted: bootstrap.Trusted,
    witnesses: str,
    silence_after: int | None,
    from_now: bool,
    every: float | None,
    output: str,
) -> int:
    """Follow a log, and the issuance log beside it, from where the last run ended; tell what nobody expected.

    Expected are the given keys and identities (all, if none is given). Alerts: fork, rollback, mismatch, checkpoint,
    witnesses, unexpected-identity, unexpected-signer, unlogged-certificate, malformed-entry, silence. Exits 0 when
    there is nothing to tell, 1 with an alert, 75 when something could not be looked at.
    """
    watched = bootstrap.Watched(
        log=location,
        issuance=issuance,
        state=state,
        trusted=trusted,
        witnesses=witnesses,
        silence_seconds=silence_after or 0,
        from_now=from_now,
    )

    def tell(report: Report) -> None:
        click.echo(logs.report_json(report) if output == "json" else logs.report_text(report), nl=False)

    report = bootstrap.monitor_logs(watched, options.settings(), tell, every or 0.0)
    if report.alerts:
        return _ALERT
    return _COULD_NOT_TELL if report.unavailable else 0


def _refuse_strangers(shown: Shown, trusted_root: str | None) -> None:
    """Where a root was given, the checkpoint must be signed by a log of it."""
    if trusted_root is not None and not shown.trusted:
        raise UntrustedError(
            "the checkpoint is not signed by a log of the trusted root",
            where=shown.checkpoint.origin,
            remedy="give the trusted root of the log's instance",
            code="CHECKPOINT_SIGNATURE",
            step="checkpoint",
        )
