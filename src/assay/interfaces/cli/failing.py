"""What `assay scan` exits 1 for beyond the policy: `--fail-on`, `--fail-on-new`, and what they leave out."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar, cast

import click
import msgspec

from assay.dependencies.conditions import Condition, parse
from assay.dependencies.origin import SURE
from assay.dependencies.threshold import Judgement, judge
from assay.interfaces.cli import completing
from assay.interfaces.cli.options import Console
from assay.interfaces.cli.render.text import safe
from assay.model.errors import UnavailableError, UsageError
from assay.model.finding import Finding
from assay.model.report import Report
from assay.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])
_ANY_NEW = "status = affected"
KEV_FEEDS = frozenset({"kev", "kev-additions"})
"""Feeds that list what is known to be exploited."""


class Failing(msgspec.Struct, frozen=True, kw_only=True):
    """The options, as they were given."""

    fail_on: str | None
    """None = not given; empty = for nothing, whatever the settings say."""
    fail_on_new: bool
    baseline: str
    only_fixed: bool
    ignore_base: bool
    ignore_files: tuple[str, ...]
    no_ignore: bool


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """What to judge by: the options and settings, read and checked before anything is scanned."""

    condition: Condition | None
    baseline: str = ""
    only_fixed: bool = False
    ignore_base: bool = False
    ignore_files: tuple[str, ...] = ()
    no_ignore: bool = False


_OPTIONS = (
    click.option(
        "--fail-on",
        metavar="SEVERITY|EXPRESSION",
        shell_complete=completing.conditions,
        help="Exit 1 when an open finding meets it, or is malicious: low, medium, high, critical, or an expression "
        "over severity, kev, epss, ssvc, reach, imported, fixable, layer, status, category, origin, base, app, "
        "ecosystem, e.g. 'severity>=high and fixable and not base or kev or epss>=0.5'. What is unknown does not count "
        "and is told.",
    ),
    click.option(
        "--fail-on-new",
        is_flag=True,
        help="Let --fail-on count only findings that --baseline has not; alone: any new one.",
    ),
    click.option(
        "--baseline",
        metavar="TARGET|REPORT",
        shell_complete=completing.targets,
        default="",
        help="What --fail-on-new compares with: an image or SBOM, matched with the same advisories, or our report.",
    ),
    click.option("--only-fixed", is_flag=True, help="Let --fail-on count only findings with a known fix."),
    click.option(
        "--ignore-base",
        is_flag=True,
        help="Let --fail-on not count what came with the base image, where that is certain or strong. Never hides it.",
    ),
    click.option(
        "--ignore-file",
        "ignore_files",
        multiple=True,
        metavar="FILE",
        type=click.Path(),
        help="Findings not to count, with reason and last day; repeatable. Default: .assay/ignore.yaml, if there.",
    ),
    click.option("--no-ignore", is_flag=True, help="Read no ignore file."),
)


def fail_options(function: F) -> F:
    """The options; the command gets `failing`."""

    @wraps(function)
    def gather(
        *args: object,
        fail_on: str | None,
        fail_on_new: bool,
        baseline: str,
        only_fixed: bool,
        ignore_base: bool,
        ignore_files: tuple[str, ...],
        no_ignore: bool,
        **rest: object,
    ) -> object:
        failing = Failing(
            fail_on=fail_on,
            fail_on_new=fail_on_new,
            baseline=baseline,
            only_fixed=only_fixed,
            ignore_base=ignore_base,
            ignore_files=ignore_files,
            no_ignore=no_ignore,
        )
        return function(*args, failing=failing, **rest)

    decorated: Callable[..., Any] = gather
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return cast(F, decorated)


def gate_of(failing: Failing, settings: Settings) -> Gate:
    """The options laid over the settings.

    Raises:
        UsageError: an expression that cannot be read; half of `--fail-on-new` and `--baseline`.
    """
    if failing.fail_on_new != bool(failing.baseline):
        raise UsageError(
            "--fail-on-new and --baseline belong together", remedy="say --fail-on-new --baseline TARGET|REPORT"
        )
    text = settings.fail_on if failing.fail_on is None else failing.fail_on
    text = text.strip() or (_ANY_NEW if failing.fail_on_new else "")
    return Gate(
        condition=parse(text) if text else None,
        baseline=failing.baseline,
        only_fixed=failing.only_fixed or settings.only_fixed,
        ignore_base=failing.ignore_base or settings.ignore_base,
        ignore_files=() if failing.no_ignore else failing.ignore_files or settings.ignore_files,
        no_ignore=failing.no_ignore,
    )


def idle(failing: Failing, gate: Gate) -> str:
    """What flags ask for in vain, for a line on standard error; empty = nothing. A settings file may say so for later.

    >>> given = dict(fail_on=None, fail_on_new=False, baseline="", ignore_base=False, ignore_files=(), no_ignore=False)
    >>> idle(Failing(only_fixed=True, **given), Gate(condition=None, only_fixed=True))
    '--only-fixed does nothing without --fail-on'
    """
    if gate.condition is not None:
        return ""
    flags = (("--only-fixed", failing.only_fixed), ("--ignore-base", failing.ignore_base))
    vain = " and ".join(flag for flag, given in flags if given)
    told = [f"{vain} {'do' if ' and ' in vain else 'does'} nothing without --fail-on"] if vain else []
    if failing.fail_on is not None:
        told.append("--fail-on is empty: no finding fails this run")
    return "; ".join(told)


def fails(report: Report, gate: Gate, baselines: Sequence[Report], console: Console) -> bool:
    """Whether something counts; says on standard error how much, and what could not be judged.

    Raises:
        UnavailableError: without advisories no finding is not the same as none found.
    """
    if gate.ignore_base:
        console.stage(_left_out(report))
    if gate.condition is None:
        return False
    if report.sources.state != "present":
        raise UnavailableError(
            "--fail-on cannot be judged",
            where=report.subject.name,
            why=report.sources.reason or "nothing was matched",
            remedy="build or update the advisory database, or leave --fail-on out",
        )
    findings: Sequence[Finding] = report.findings
    if gate.baseline:
        old = _counterpart(report, baselines, gate.baseline)
        from assay.dependencies.newness import only_new  # with half of `diff`, which few scans need

        findings = only_new(old, report)
        console.stage(f"{len(findings)} of {len(report.findings)} findings are not in the baseline")
        if old.sources.database != report.sources.database:
            console.stage("the baseline's report was made with other advisories: what they since say counts as new")
    found = judge(
        findings,
        gate.condition,
        report.base,
        only_fixed=gate.only_fixed,
        ignore_base=gate.ignore_base,
        exploited=any(feed.name in KEV_FEEDS and feed.records for feed in report.sources.feeds),
    )
    console.stage(f"--fail-on: {len(found.counted)} of {found.judged_count} open findings count")
    if found.unjudged:
        click.echo(safe(_not_judged(found)), err=True)
    return bool(found.counted)


def _not_judged(found: Judgement) -> str:
    """Told even with -q: a pass that rests on ignorance is no pass in full."""
    why = ", ".join(f"{name} unknown of {count}" for name, count in found.unknown)
    return f"assay: --fail-on: {len(found.unjudged)} findings were not judged ({why}); they do not count"


def _counterpart(report: Report, baselines: Sequence[Report], name: str) -> Report:
    """The baseline's report to compare with: the only one, or that of the same platform."""
    same = [old for old in baselines if old.subject.platform == report.subject.platform] or list(baselines)
    if len(same) != 1:
        raise UsageError(
            "the baseline has no single counterpart", where=name, why=f"platform {report.subject.platform}",
            remedy="name one with --platform",
        )  # fmt: skip
    return same[0]


def _left_out(report: Report) -> str:
    """What `--ignore-base` leaves out of account, or why it leaves out nothing."""
    base = report.base
    if base is None or base.confidence not in SURE:
        why = base.reason if base is not None else "nobody looked for one"
        return f"--ignore-base leaves nothing out: the base is {base.confidence if base else 'unknown'} ({why})"
    count = sum(f.status == "affected" and not f.suppressed and f.origin == "base" for f in report.findings)
    return f"--ignore-base leaves {count} open findings out of --fail-on ({base.confidence}: {base.reason})"
