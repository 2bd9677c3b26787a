"""`assay scan TARGET`."""

import click

from assay import bootstrap
from assay.dependencies.origin import SURE
from assay.interfaces.cli import options, output
from assay.interfaces.cli.render.view import SEVERITIES, at_least, group_of
from assay.interfaces.cli.vex_options import vex_options
from assay.model.errors import UnavailableError
from assay.model.finding import Finding
from assay.model.inventory import Inventory
from assay.model.report import Report
from assay.policy import explain


@click.command("scan")
@options.target_options
@options.output_option(tuple(output.REPORT_WRITERS), "table")
@options.db_option
@click.option("--vex", multiple=True, metavar="FILE", help="OpenVEX document to apply; repeatable.")
@vex_options
@click.option("--policy", metavar="DIR", help="Folder with Rego rules and data.json. Default: the shipped policy.")
@click.option("--no-policy", is_flag=True, help="Make no decision.")
@click.option(
    "--fail-on",
    type=click.Choice(SEVERITIES[:4]),
    help="Exit 1 when an open finding is at least this severe (or malicious).",
)
@click.option("--only-fixed", is_flag=True, help="Let --fail-on count only findings with a known fix.")
@click.option(
    "--ignore-base",
    is_flag=True,
    help="Let --fail-on not count what came with the base image, where that is certain or strong. Never hides it.",
)
@click.option(
    "--eol-within",
    type=click.IntRange(0, 36_500),
    metavar="DAYS",
    help="Tell an end of life so many days beforehand (else ASSAY_EOL_WITHIN, else 90).",
)
@click.option(
    "--extended-support",
    is_flag=True,
    help="Count extended support (paid, or a volunteers' LTS) as support (else ASSAY_EXTENDED_SUPPORT).",
)
@options.ssvc_option
@options.verbosity_options
def command(
    target: str,
    reading: bootstrap.Reading,
    outputs: tuple[str, ...],
    db: str | None,
    vex: tuple[str, ...],
    search: bootstrap.VexSearch,
    policy: str | None,
    no_policy: bool,
    fail_on: str | None,
    only_fixed: bool,
    ignore_base: bool,
    eol_within: int | None,
    extended_support: bool,
    ssvc: str,
    quiet: bool,
    verbose: int,
) -> int:
    """Take stock of TARGET, match it against advisories, say what matters and why, decide by policy.

    TARGET is an image reference, or one of oci-dir:, oci-archive:, docker-archive:, registry:, dir:, rootfs:, sbom:,
    or - for an SBOM on standard input. Exit codes: 0 allowed, 1 denied, 2 usage, 3 verification failed, 65 malformed
    input, 69 unsupported, 75 could not tell.
    """
    wanted = options.parse_outputs(outputs, tuple(output.REPORT_WRITERS), "table", everything=verbose > 0)
    console = options.Console(quiet)
    settings = options.with_horizon(options.settings(db), eol_within, extended_support)
    settings = options.with_ssvc(settings, ssvc)
    inventories = bootstrap.take_stock(target, reading, settings=settings, progress=console)
    reports = bootstrap.report_on(
        inventories,
        settings=settings,
        vex_paths=vex,
        vex_search=search,
        policy_path=None if no_policy else (policy or bootstrap.DEFAULT_POLICY),
        progress=console,
        reader=bootstrap.SecondLook(target, reading, settings, console),
    )
    pairs: tuple[tuple[Inventory, Report | None], ...] = tuple(zip(inventories, reports, strict=True))
    output.emit(output.REPORT_WRITERS, wanted, pairs)
    for report in reports if ignore_base else ():
        console.stage(_ignored(report))
    return max(exit_code(report, fail_on, only_fixed, ignore_base=ignore_base) for report in reports)


def _ignored(report: Report) -> str:
    """What `--ignore-base` leaves out of account, or why it leaves out nothing."""
    base = report.base
    if base is None or base.confidence not in SURE:
        why = base.reason if base is not None else "nobody looked for one"
        return f"--ignore-base leaves nothing out: the base is {base.confidence if base else 'unknown'} ({why})"
    count = sum(group_of(f) == "open" and f.origin == "base" for f in report.findings)
    return f"--ignore-base leaves {count} open findings out of --fail-on ({base.confidence}: {base.reason})"


def exit_code(report: Report, fail_on: str | None, only_fixed: bool, *, ignore_base: bool = False) -> int:
    """0, 1 or 75: what policy and `--fail-on` make of a report.

    Raises:
        UnavailableError: `--fail-on` without advisories: no finding is not the same as none found.
    """
    if report.verdict is not None and (code := explain.exit_code(report.verdict)):
        return code
    if fail_on and report.sources.state != "present":
        raise UnavailableError(
            "--fail-on cannot be judged",
            where=report.subject.name,
            why=report.sources.reason or "nothing was matched",
            remedy="build or update the advisory database, or leave --fail-on out",
        )
    surely = ignore_base and report.base is not None and report.base.confidence in SURE
    judged = [f for f in report.findings if not (surely and f.origin == "base" and f.category != "malicious")]
    if fail_on and any(_counts(finding, fail_on, only_fixed) for finding in judged):
        return 1
    return 0


def _counts(finding: Finding, threshold: str, only_fixed: bool) -> bool:
    if group_of(finding) != "open":
        return False
    if finding.category == "malicious":
        return True
    return at_least(finding.severity, threshold) and (bool(finding.fixed_in) or not only_fixed)
