"""A report as GitLab's container-scanning report, security report schema 15.

Listed are open and undetermined findings: GitLab knows no answered ones, and would offer each as new. What is not
listed is counted in a message of the scan. The image's name must fit GitLab's pattern, so a digest stands in for a tag.
"""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from assay.formats import wire
from assay.formats.answer import State, link_of, severity_of, state_of
from assay.formats.plaintext import markdown, safe
from assay.model.finding import Finding
from assay.model.report import Report

VERSION = "15.0.7"
_SEVERITIES = {"critical": "Critical", "high": "High", "medium": "Medium", "low": "Low", "none": "Info",
               "malicious": "Critical"}  # fmt: skip
_IMAGE = re.compile(r"[^:]+(:\d+[^:]*)?:[^:]+(:[^:]+)?")  # the schema's pattern
_NAME_CHARACTERS, _TEXT_CHARACTERS, _SOLUTION_CHARACTERS, _IDENTIFIERS_COUNT = 255, 20_000, 6_000, 20


def write(report: Report, *, timestamp: str) -> bytes:
    """The report; the same report gives the same bytes.

    Args:
        report: what to write.
        timestamp: RFC 3339 time (UTC) the scan is dated with.
    """
    listed = sorted((f for f in report.findings if state_of(f) in ("open", "undetermined")), key=_order)
    tool = {
        "id": report.tool.name,
        "name": report.tool.name.title(),
        "version": report.tool.version,
        "vendor": {"name": report.tool.name.title()},
    }
    when = wire.instant(timestamp)[:19]
    document = {
        "version": VERSION,
        "scan": {
            "analyzer": tool,
            "scanner": tool,
            "type": "container_scanning",
            "start_time": when,
            "end_time": when,
            "status": "success" if report.sources.state == "present" else "failure",
            "messages": [{"level": level, "value": safe(text)} for level, text in _messages(report)],
        },
        "vulnerabilities": [_vulnerability(f, report) for f in listed],
    }
    return wire.encode(document)


def _order(finding: Finding) -> tuple[str, str]:
    return finding.id, finding.component


def _messages(report: Report) -> list[tuple[str, str]]:
    said: list[tuple[str, str]] = []
    if report.sources.state != "present":
        said.append(
            ("fatal", f"Advisory data {report.sources.state}: {report.sources.reason or 'nothing was matched'}")
        )
    states = Counter(state_of(f) for f in report.findings)
    words: Mapping[State, str] = {
        "suppressed": "suppressed by VEX",
        "ignored": "ignored by rules of yours",
        "not_affected": "not affected",
    }
    said += [("info", f"{states[s]} findings are not listed: {what}") for s, what in words.items() if states[s]]
    if report.uncovered:
        said.append(("warn", f"{len(report.uncovered)} packages are covered by no advisory source"))
    if report.gaps:
        said.append(("warn", f"{len(report.gaps)} gaps: things seen that could not be read or understood"))
    return said


def _vulnerability(finding: Finding, report: Report) -> dict[str, Any]:
    fixed = " or ".join(finding.fixed_in)
    doubt = "" if finding.status == "affected" else "Whether this version is affected cannot be determined. "
    reasons = "; ".join(f"{step.rung}: {step.says}" for step in finding.reasons)
    text = " ".join(filter(None, (doubt, finding.summary, f"Range: {finding.matched_range}.", reasons)))
    found: dict[str, Any] = {
        "id": wire.uuid5(wire.escape(f"{finding.id}\n{finding.component}").encode()),
        "name": safe(finding.summary or f"{finding.id} in {finding.name}")[:_NAME_CHARACTERS],
        "description": markdown(text[:_TEXT_CHARACTERS]),
        "severity": _SEVERITIES.get(severity_of(finding), "Unknown"),
        "identifiers": _identifiers(finding),
        "location": {
            "dependency": {"package": {"name": safe(finding.name)}, "version": safe(finding.version)},
            "operating_system": _system(report),
            "image": image_name(report),
        },
    }
    if fixed:
        found["solution"] = markdown(f"Upgrade {finding.name} to {fixed}"[: _SOLUTION_CHARACTERS // 2])
    if link := link_of(finding.id):
        found["links"] = [{"url": link}]
    return found


def _identifiers(finding: Finding) -> list[dict[str, str]]:
    """The id first: GitLab tracks a finding by it."""
    found = []
    for name in dict.fromkeys((finding.id, *finding.aliases)):
        kind = name.partition("-")[0].lower()
        link = link_of(name)
        shown = safe(name) or "unnamed"
        row = {"type": kind if kind in ("cve", "ghsa") else "osv", "name": shown, "value": shown}
        found.append({**row, "url": link} if link else row)
    return found[:_IDENTIFIERS_COUNT]


def _system(report: Report) -> str:
    distro = report.distro
    if distro is None:
        return "unknown"
    return safe(":".join(filter(None, (distro.id, distro.version_id)))) or "unknown"


def image_name(report: Report) -> str:
    """The subject's name as GitLab's pattern wants it: `host:port/name:tag`, or with the digest."""
    name = safe(report.subject.name).replace(" ", "-") or "unnamed"
    bare = name.replace(":", "-")
    digest = report.subject.digest
    candidates = (name, f"{name}@{digest}", f"{bare}@{digest}") if digest else (name,)
    return next((c for c in candidates if _IMAGE.fullmatch(c)), f"{bare}:unversioned")
