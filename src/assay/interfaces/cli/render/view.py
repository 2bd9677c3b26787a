"""What every rendering of a report shows, computed once: order of findings, counts, headline facts."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from assay.dependencies import ssvc
from assay.formats.answer import decided_by, severity_of
from assay.formats.foreign import INFERRED
from assay.model.finding import Finding
from assay.model.lifecycle import Lifetime
from assay.model.report import Report
from assay.model.verdict import Reason, Verdict
from assay.policy import explain

SEVERITIES = ("critical", "high", "medium", "low", "none", "unknown")
_RANK = {name: rank for rank, name in enumerate(SEVERITIES)}


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A report sorted for reading."""

    open: tuple[Finding, ...]
    """Affected and not suppressed: most urgent first."""
    undetermined: tuple[Finding, ...]
    suppressed: tuple[Finding, ...]
    ignored: tuple[Finding, ...]
    """Open, but for a rule of the user's own."""
    not_affected: tuple[Finding, ...]
    counts: dict[str, int]
    """Open findings by severity; what is malicious has none, and is counted as such."""
    kev: int
    malicious: int
    fixable: int
    components: int
    owned: int
    removed: int
    inferred: int
    """Packages of a foreign SBOM whose package URL nobody wrote."""


def view(report: Report) -> View:
    """Sort and count."""
    groups: dict[str, list[Finding]] = {
        "open": [],
        "undetermined": [],
        "suppressed": [],
        "ignored": [],
        "not_affected": [],
    }
    for finding in report.findings:
        groups[group_of(finding)].append(finding)
    ordered = {name: tuple(sorted(found, key=urgency)) for name, found in groups.items()}
    tally = Counter(severity_of(f) for f in ordered["open"])
    return View(
        open=ordered["open"],
        undetermined=ordered["undetermined"],
        suppressed=ordered["suppressed"],
        ignored=ordered["ignored"],
        not_affected=ordered["not_affected"],
        counts={name: tally[name] for name in ("malicious", *SEVERITIES) if tally[name]},
        kev=sum(f.kev is not None for f in ordered["open"]),
        malicious=sum(f.category == "malicious" for f in ordered["open"]),
        fixable=sum(bool(f.fixed_in) for f in ordered["open"]),
        components=sum(not c.owner and c.removed_by is None for c in report.components),
        owned=sum(bool(c.owner) for c in report.components),
        removed=sum(c.removed_by is not None for c in report.components),
        inferred=sum(any(name == INFERRED for name, _ in c.properties) for c in report.components),
    )


def tallies(report: Report, seen: View) -> tuple[tuple[int, str], ...]:
    """What stands beside the number of open findings, in every rendering alike; only what there is."""
    counted = (
        (seen.fixable, "with a fix"),
        (seen.kev, "known exploited"),
        (len(seen.suppressed), "suppressed by VEX"),
        (len(seen.undetermined), "cannot be determined"),
        (len(seen.not_affected), "not affected, with reasons"),
        (len(report.uncovered), "not covered by any advisory source"),
    )
    return tuple((count, what) for count, what in counted if count)


def group_of(finding: Finding) -> str:
    """`open`, `undetermined`, `suppressed`, `ignored` or `not_affected`."""
    if finding.suppressed is not None:
        return "suppressed"
    if finding.ignored is not None:
        return "ignored"
    return "open" if finding.status == "affected" else finding.status


def urgency(finding: Finding) -> tuple[bool, bool, int, int, float, int, str, str, str]:
    """Sort key: malicious, known exploited, SSVC's worst case, code seen linked or imported, EPSS, severity, names.

    What nobody assessed stands behind `attend`: an unknown is no comfort, and no alarm. That code is linked or imported
    decides between findings of one SSVC outcome only: of most packages nobody can say whether it is.
    """
    return (
        finding.category != "malicious",
        finding.kev is None,
        ssvc.rank(finding.ssvc),
        _reached(finding),
        -(finding.epss.score if finding.epss else 0.0),
        _RANK.get(finding.severity, len(_RANK)),
        finding.name,
        finding.id,
        finding.component,
    )


def _reached(finding: Finding) -> int:
    """0 where the code is seen linked or imported, 2 where the program does not import it, 1 for all else."""
    if finding.reach is not None and finding.reach.state == "linked":
        return 0
    return {"imported": 0, "not_imported": 2}.get(finding.imported.state, 1) if finding.imported is not None else 1


def at_least(severity: str, threshold: str) -> bool:
    """Whether a severity reaches a threshold; `unknown` reaches only `unknown` (it is not comparable)."""
    if severity == "unknown" or threshold == "unknown":
        return severity == threshold
    return _RANK[severity] <= _RANK[threshold]


def marks(finding: Finding) -> str:
    """Why a finding stands where it does: `malicious`, `exploited`, `SSVC up to act`, `code linked`, `EPSS 43 %`."""
    words = []
    if finding.category == "malicious":
        words.append("malicious")
    if finding.kev is not None:
        words.append("exploited")
    words += filter(None, [ssvc.mark(finding.ssvc)])
    if finding.reach is not None and finding.reach.state == "linked":
        words.append("code linked")
    if finding.imported is not None and finding.imported.state == "imported":
        words.append("imported")
    if finding.epss is not None and finding.epss.score >= 0.01:
        words.append(f"EPSS {finding.epss.score * 100:.0f} %")
    return ", ".join(words)


def why_not(finding: Finding) -> str:
    """Why a finding does not count: who said so, or the rung that decided; empty for one that counts."""
    said = finding.suppressed
    if said is not None:
        return ", ".join(filter(None, (said.justification or said.impact or said.status, f"says {said.by}")))
    if finding.ignored is not None:
        return f"until {finding.ignored.until}: {finding.ignored.reason}"
    step = decided_by(finding)
    return step.says if step is not None else ""


def weighed(verdict: Verdict) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    """(rules that speak against, denying ones first; all others), as `policy.explain` orders them."""
    reasons = explain.ordered(verdict)
    against = tuple(reason for reason in reasons if explain.refuses(reason))
    return against, tuple(reason for reason in reasons if not explain.refuses(reason))


def layer_text(report: Report, index: int | None) -> str:
    """`layer 1: pip install`, counted from 0 as everywhere, or empty."""
    if index is None or not report.layers:
        return ""
    by = next((layer.created_by for layer in report.layers if layer.index == index), "")
    return f"layer {index}" + (f": {by}" if by else "")


def headline(report: Report) -> Sequence[str]:
    """Facts under the title: digest, platform, distribution and its lifecycle, layers."""
    subject = report.subject
    facts = [str(subject.digest)] if subject.digest else [f"{subject.kind}, no digest"]
    if subject.platform:
        facts.append(str(subject.platform))
    return facts


def endings(report: Report) -> tuple[tuple[Lifetime, ...], str]:
    """Releases that upstream no longer maintains, soon will not, or nobody knows of, most urgent first; and a summary.

    What comes from the distribution stands and falls with it, and its line says so: it is only counted.
    """
    rows = report.lifetimes or ()
    upstream = [life for life in rows if life.maintained_by == "upstream"]
    shown = tuple(life for life in upstream if life.state != "supported" or life.soon)
    words = [
        (sum(life.state == "ended" for life in upstream), "ended"),
        (sum(life.soon for life in upstream), "ending soon"),
        (sum(life.state == "unknown" for life in upstream), "unknown"),
        (sum(life.state == "supported" and not life.soon for life in upstream), "supported"),
        (len(rows) - len(upstream), "maintained by the distribution"),
    ]
    return shown, ", ".join(f"{n} {what}" for n, what in words if n)


def ending_word(life: Lifetime) -> str:
    """`ended`, `in 12 days`, `unknown`, `supported`."""
    if life.soon and life.days is not None:
        return "ends today" if life.days == 0 else f"in {life.days} day{'s' * (life.days != 1)}"
    return life.state


def distro_line(report: Report) -> str:
    """`Debian GNU/Linux 12 (bookworm), supported until 2028-06-30`."""
    if report.distro is None:
        return "no distribution recognised"
    text = report.distro.name or f"{report.distro.id} {report.distro.version_id}".strip()
    life = report.end_of_life
    if life is None or life.state == "unknown":
        return f"{text}, end of life unknown"
    extended = " (extended support)" if life.extended else ""
    if life.state == "ended":
        return f"{text}, END OF LIFE since {life.date}{extended}" if life.date else f"{text}, END OF LIFE"
    if life.soon:
        return f"{text}, END OF LIFE SOON: {life.date}{extended}"
    return f"{text}, supported until {life.date}{extended}" if life.date else f"{text}, supported"
