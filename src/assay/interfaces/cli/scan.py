"""`assay scan TARGET`."""

from collections.abc import Sequence

import click
import msgspec

from assay import bootstrap
from assay.interfaces.cli import ahead, options, output
from assay.interfaces.cli.failing import Failing, Gate, fail_options, fails, gate_of, idle
from assay.interfaces.cli.vex_options import vex_options
from assay.model.index_state import IndexState
from assay.model.inventory import Inventory
from assay.model.report import Report
from assay.policy import explain


@click.command("scan")
@options.target_options
@options.output_option(tuple(output.REPORT_WRITERS), "table")
@options.db_option
@options.db_age_option
@click.option(
    "--vex",
    multiple=True,
    metavar="FILE|repo:URL",
    help="VEX document (OpenVEX, CycloneDX, CSAF) to apply, or a VEX repository to look into; repeatable.",
)
@vex_options
@click.option("--policy", metavar="DIR", help="Folder with Rego rules and data.json. Default: the shipped policy.")
@click.option("--no-policy", is_flag=True, help="Make no decision.")
@fail_options
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
@click.option(
    "--ask-indexes",
    "indexes",
    is_flag=True,
    help="Ask the package indexes of this machine's pip, npm and cargo which versions were yanked or deprecated.",
)
@options.ssvc_option
@options.cpe_option
@options.internal_options
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
    failing: Failing,
    max_db_age: str | None,
    eol_within: int | None,
    extended_support: bool,
    indexes: bool,
    ssvc: str,
    cpe: bool,
    internal_names: tuple[str, ...],
    internal_sources: tuple[str, ...],
    quiet: bool,
    verbose: int,
) -> int:
    """Take stock of TARGET, match it against advisories, say what matters and why, decide by policy.

    TARGET is an image reference, or one of oci-dir:, oci-archive:, docker-archive:, docker:, podman:, registry:, dir:,
    rootfs:, sbom:, or - for an SBOM or an image archive on standard input. Exit codes: 0 allowed, 1 denied, 2 usage,
    3 verification failed, 65 malformed input, 69 unsupported, 75 could not tell.
    """
    wanted = options.parse_outputs(outputs, tuple(output.REPORT_WRITERS), "table", everything=verbose > 0)
    console = options.Console(quiet)
    settings = options.with_horizon(options.settings(db), eol_within, extended_support)
    settings = options.with_age(settings, max_db_age)
    settings = options.with_internal(options.with_ssvc(settings, ssvc), internal_names, internal_sources)
    settings = options.with_cpe(settings, cpe)
    gate = gate_of(failing, settings)
    if vain := idle(failing, gate):
        click.echo(f"assay: {vain}", err=True)
    ignores = ((), ()) if gate.no_ignore else bootstrap.read_ignores(gate.ignore_files)
    if ignores[0] and not gate.ignore_files:  # a checkout that is scanned from within brings it along
        click.echo(f"assay: {ignores[0][0]} of the working folder is read (--no-ignore reads none)", err=True)
    look = bootstrap.SecondLook(target, reading, settings, console)
    inventories = bootstrap.take_stock(
        target, reading, settings=settings, progress=console, look=look, ahead=ahead.modules(wanted)
    )
    states: tuple[IndexState, ...] = ()
    if indexes:
        inventories, states = bootstrap.ask_indexes(inventories, settings, console)
    reports = bootstrap.report_on(
        inventories,
        settings=settings,
        vex_paths=vex,
        vex_search=search,
        policy_path=None if no_policy else (policy or settings.policy or bootstrap.DEFAULT_POLICY),
        progress=console,
        reader=look,
    )
    reports = bootstrap.with_ignores(reports, ignores)
    reports = tuple(msgspec.structs.replace(report, indexes=states) for report in reports)
    pairs: tuple[tuple[Inventory, Report | None], ...] = tuple(zip(inventories, reports, strict=True))
    output.emit(output.REPORT_WRITERS, wanted, pairs)
    for warning in dict.fromkeys(report.sources.warning for report in reports if report.sources.warning):
        console.warn(warning)
    baselines: tuple[Report, ...] = ()
    if gate.baseline:
        baselines = bootstrap.baseline_reports(
            gate.baseline, reading, settings=settings, vex_paths=vex, vex_search=search, progress=console
        )
    return max(exit_code(report, gate, baselines, console) for report in reports)


def exit_code(report: Report, gate: Gate, baselines: Sequence[Report], console: options.Console) -> int:
    """0, 1 or 75: what policy and `--fail-on` make of a report.

    Raises:
        UnavailableError: `--fail-on` without advisories.
    """
    if report.verdict is not None and (code := explain.exit_code(report.verdict)):
        return code
    return int(fails(report, gate, baselines, console))
