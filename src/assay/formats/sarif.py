"""A report as SARIF 2.1.0 (OASIS), within the limits of GitHub code scanning.

One run. A rule per vulnerability, a result per finding, most severe first. Every result has a location (a path inside
the image) and a fingerprint that survives other images, layers and versions of the same package. Suppressed findings
stay, with a `suppressions` entry. What is cut is stated as a notification of the run.
"""

import hashlib
import zlib
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from assay.formats import purl as purls
from assay.formats import wire
from assay.formats.answer import decided_by, severity_of
from assay.model.errors import MalformedError
from assay.model.finding import Finding
from assay.model.inventory import Component
from assay.model.purl import Purl
from assay.model.report import Report

RESULTS_COUNT = 25_000
"""Results a run may have; 5,000 of them are shown."""
SHOWN_COUNT = 5_000
LOCATIONS_COUNT = 1_000
"""Locations a result may have."""
COMPRESSED_BYTES = 10 << 20
"""Size of the upload, gzip-compressed."""
_TEXT_CHARACTERS = 1_000

_LEVELS = {
    "malicious": "error",
    "critical": "error",
    "high": "error",
    "medium": "warning",
    "low": "note",
    "none": "note",
}
_RANK = {"malicious": -1, "critical": 0, "high": 1, "medium": 2, "unknown": 3, "low": 4, "none": 5}
"""What is malicious comes first, whatever its scores. Unknown stands between medium and low: it may be anything, so it
is not put last."""
_STATUS_WORDS = {
    "affected": "is affected by",
    "not_affected": "is not affected by",
    "undetermined": "may be affected by",
}
_MALICIOUS_WORDS = {
    "affected": "is known to be malicious by",
    "not_affected": "is malicious, but does not count, by",
    "undetermined": "may be malicious by",
}
_SCORES = {"malicious": "10.0", "critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}
"""`security-severity` for a word without a score, in the middle of the word's band (CVSS v3.1 §5)."""


def write(report: Report) -> bytes:
    """The report's findings as SARIF; the same report gives the same bytes."""
    findings = sorted(report.findings, key=_order)
    count = min(len(findings), RESULTS_COUNT)
    data = wire.encode(_log(report, findings[:count], len(findings)))
    while count and len(data) > COMPRESSED_BYTES and len(zlib.compress(data)) > COMPRESSED_BYTES:
        count //= 2
        data = wire.encode(_log(report, findings[:count], len(findings)))
    return data


def _order(finding: Finding) -> tuple[bool, bool, bool, int, str, str]:
    """What counts before what does not; of it what is malicious or known to be exploited, then the most severe."""
    rank = _RANK.get(severity_of(finding), 3)
    return (_silent(finding), finding.category != "malicious", finding.kev is None, rank, finding.id, finding.component)


def _silent(finding: Finding) -> bool:
    return finding.suppressed is not None or finding.ignored is not None or finding.status == "not_affected"


def _log(report: Report, findings: list[Finding], total: int) -> dict[str, Any]:
    components = {c.key: c for c in report.components}
    rules: dict[str, Finding] = {}
    for finding in findings:
        rules.setdefault(finding.id, finding)
    indexes = {name: number for number, name in enumerate(rules)}
    notifications = _notifications(report, findings, total, components)
    run = {
        "tool": {
            "driver": {
                "name": report.tool.name,
                "version": report.tool.version,
                "rules": [_rule(finding) for finding in rules.values()],
            }
        },
        "automationDetails": {"id": f"assay/{_path(report.subject.name) or 'unnamed'}/"},
        "invocations": [
            {"executionSuccessful": report.sources.state != "failed", "toolExecutionNotifications": notifications}
        ],
        "columnKind": "utf16CodeUnits",
        "results": [_result(f, indexes[f.id], components, report.subject.name) for f in findings],
    }
    aged = [feed for feed in report.sources.feeds if feed.age_days is not None]
    if aged:
        run["properties"] = {
            "advisorySources": [{"name": f.name, "date": f.date, "ageDays": f.age_days} for f in aged],
            "advisoryDatabase": report.sources.database,
        }
    return {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }


def _notifications(
    report: Report, findings: Iterable[Finding], total: int, components: Mapping[str, Component]
) -> list[dict[str, Any]]:
    """What a reader of the results alone would not see: cuts, gaps, missing data."""
    listed = list(findings)
    said: list[tuple[str, str]] = []
    if len(listed) < total:
        said.append(("warning", f"{total - len(listed)} of {total} findings are left out: the least severe ones."))
    if len(listed) > SHOWN_COUNT:
        said.append(("note", f"Code scanning shows {SHOWN_COUNT} of these {len(listed)} results."))
    crowded = [f for f in listed if len(_occurrences(f, components)) > LOCATIONS_COUNT]
    if crowded:
        said.append(("warning", f"{len(crowded)} results have more than {LOCATIONS_COUNT} locations; the rest is cut."))
    if report.sources.state != "present":
        said.append(
            ("error", f"Advisory data {report.sources.state}: {report.sources.reason or 'nothing was matched'}.")
        )
    if report.sources.warning:
        said.append(("warning", report.sources.warning))
    if report.uncovered:
        said.append(("warning", f"{len(report.uncovered)} components are covered by no advisory source."))
    if report.gaps:
        said.append(("warning", f"{len(report.gaps)} gaps: things seen that could not be read or understood."))
    return [{"level": level, "message": {"text": _text(text)}} for level, text in said]


def _rule(finding: Finding) -> dict[str, Any]:
    title = finding.summary or f"{finding.category} in {finding.name}"
    properties: dict[str, Any] = {"tags": ["security", finding.category]}
    score = _score(finding)
    if score:
        properties["security-severity"] = score
    aliases = f"Also known as {', '.join(finding.aliases)}." if finding.aliases else "No other identifiers."
    return {
        "id": finding.id,
        "shortDescription": {"text": _text(f"{finding.id}: {title}")},
        "fullDescription": {"text": _text(title)},
        "help": {"text": _text(aliases)},
        "helpUri": f"https://osv.dev/vulnerability/{quote(wire.escape(finding.id), safe='')}",
        "properties": properties,
    }


def _score(finding: Finding) -> str:
    """The highest score of the highest CVSS version, else the middle of the word's band, else nothing.

    A malicious package has the top score: no CVSS vector speaks of it.
    """
    if finding.scores and finding.category != "malicious":
        newest = max(s.version for s in finding.scores)
        return f"{max(s.score for s in finding.scores if s.version == newest):.1f}"
    return _SCORES.get(severity_of(finding), "")


def _result(finding: Finding, index: int, components: Mapping[str, Component], subject: str) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.id,
        "ruleIndex": index,
        "level": "error" if finding.kev is not None else _LEVELS.get(severity_of(finding), "warning"),
        "message": {"text": _text(_message(finding))},
        "locations": _locations(finding, components, subject),
        "partialFingerprints": {
            "assay/finding/v1": fingerprint(finding),
            "primaryLocationLineHash": f"{fingerprint(finding)[:16]}:1",  # the only one GitHub's code scanning reads
        },
        "properties": {
            "purl": finding.purl,
            "status": finding.status,
            "severity": finding.severity,
            "fixedIn": list(finding.fixed_in),
            "layer": finding.layer,
            "knownExploited": finding.kev is not None,
        },
    }
    if _silent(finding):
        result["suppressions"] = [_suppression(finding)]
    return result


def _message(finding: Finding) -> str:
    fixed = f"fixed in {' or '.join(finding.fixed_in)}" if finding.fixed_in else "no fixed version known"
    status = _STATUS_WORDS[finding.status]
    if finding.category == "malicious":
        status = _MALICIOUS_WORDS[finding.status]
    what = f"{finding.name} {finding.version} {status} {finding.id} ({severity_of(finding)})"
    return f"{what}: {finding.matched_range}, {fixed}."


def _suppression(finding: Finding) -> dict[str, Any]:
    said, own = finding.suppressed, finding.ignored
    if said is None and own is not None:
        text = "; ".join(filter(None, (own.reason, f"until {own.until}", own.by and f"by {own.by}", own.where)))
        return {"kind": "external", "status": "accepted", "justification": _text(f"ignored: {text}")}
    if said is None:
        step = decided_by(finding)
        says = step.says if step is not None else "the scan found it not affected"
        return {"kind": "external", "status": "accepted", "justification": _text(says)}
    parts = (said.status, said.justification, said.impact, f"stated by {said.by}", said.document, said.digest)
    return {"kind": "external", "status": "accepted", "justification": _text("; ".join(filter(None, parts)))}


def fingerprint(finding: Finding) -> str:
    """Which problem this is, whatever the image, the layer and the version: vulnerability and package."""
    try:
        purl = purls.parse(finding.purl)
        package = purls.to_string(Purl(purl.type, purl.namespace, purl.name))
    except MalformedError:
        package = finding.name
    return hashlib.sha256(wire.escape(f"{finding.id}\n{package}").encode()).hexdigest()


def _occurrences(finding: Finding, components: Mapping[str, Component]) -> list[str]:
    component = components.get(finding.component)
    return sorted({o.path for o in component.occurrences}) if component is not None else []


def _locations(finding: Finding, components: Mapping[str, Component], subject: str) -> list[dict[str, Any]]:
    """Where the component was seen; the subject itself where no place is known, for every result needs one."""
    paths = _occurrences(finding, components)[:LOCATIONS_COUNT] or [subject]
    logical = [{"fullyQualifiedName": finding.purl or finding.name, "kind": "module"}]
    return [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": _path(path) or "unnamed"},
                "region": {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1},
            },
            "logicalLocations": logical,
        }
        for path in paths
    ]


def _path(path: str) -> str:
    """A relative URI reference (RFC 3986 §4.2) that climbs nowhere and holds no scheme."""
    segments = [s for s in path.split("/") if s not in {"", ".", ".."}]
    try:
        raw = "/".join(segments).encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = wire.escape("/".join(segments)).encode()
    return quote(raw, safe="/!@+,=~")


def _text(text: str) -> str:
    """Plain text for a message (SARIF §3.11): no links, no placeholders, no control characters, bounded."""
    if len(text) > _TEXT_CHARACTERS:
        text = text[:_TEXT_CHARACTERS] + "…"
    shown = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
    for special in ("\\", "[", "]"):
        shown = shown.replace(special, "\\" + special)
    return shown.replace("{", "{{").replace("}", "}}")
