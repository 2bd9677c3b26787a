"""Findings as JUnit XML (the schema Jenkins' xUnit plug-in publishes), for build servers that show test results.

An open finding fails. One that cannot be determined, is suppressed, ignored or not affected is skipped, with the
reason: it passed no test. The first case stands for the advisory data: without any it is an error, never a pass.
"""

import re
from collections import Counter

from assay.formats.answer import answer_of, sentence, severity_of, state_of
from assay.formats.plaintext import safe
from assay.model.finding import Finding
from assay.model.report import Report

_TEXT_CHARACTERS = 4_000
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 §2.2 forbids, even as a character reference."""
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;", "\t": "&#9;", "\n": "&#10;"}
_ESCAPE = re.compile("[&<>\"'\t\n]")


def write(report: Report, *, timestamp: str) -> bytes:
    """One suite for the subject.

    Args:
        report: what to write.
        timestamp: RFC 3339 time the suite is dated with.
    """
    states = Counter(state_of(f) for f in report.findings)
    failing, errors = states["open"], int(report.sources.state != "present")
    skipped = sum(states.values()) - failing
    counts = f'tests="{len(report.findings) + 1}" failures="{failing}" errors="{errors}"'
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="{_text(report.tool.name)}" {counts}>',
        f'  <testsuite name="{_text(report.subject.name)}" {counts} skipped="{skipped}" '
        f'timestamp="{_text(timestamp[:19])}" hostname="localhost" time="0">',
        "    <properties>",
        *(f'      <property name="{name}" value="{_text(value)}"/>' for name, value in _properties(report)),
        "    </properties>",
        *_data(report),
    ]
    for finding in sorted(report.findings, key=lambda f: (state_of(f) != "open", f.id, f.component)):
        lines += _case(finding)
    lines += ["  </testsuite>", "</testsuites>", ""]
    return "\n".join(lines).encode()


def _properties(report: Report) -> list[tuple[str, str]]:
    return [
        ("digest", str(report.subject.digest or "")),
        ("advisories", report.sources.database),
        ("advisories.newest", report.sources.built),
        ("uncovered", str(len(report.uncovered))),
        ("gaps", str(len(report.gaps))),
    ]


def _data(report: Report) -> list[str]:
    """The case of the advisory data."""
    head = '    <testcase classname="assay" name="advisory data" time="0"'
    if report.sources.state == "present":
        return [head + "/>"]
    why = _text(report.sources.reason or "nothing was matched")
    return [head + ">", f'      <error message="{why}" type="{_text(report.sources.state)}"/>', "    </testcase>"]


def _case(finding: Finding) -> list[str]:
    state = state_of(finding)
    head = (
        f'    <testcase classname="{_text(finding.purl.partition("@")[0] or finding.name)}" '
        f'name="{_text(f"{finding.id} in {finding.name} {finding.version}")}" time="0">'
    )
    if state == "open":
        body = "\n".join([sentence(finding), finding.summary, *(f"{s.rung}: {s.says}" for s in finding.reasons)])
        inner = (
            f'      <failure message="{_text(sentence(finding))}" type="{_text(severity_of(finding))}">'
            f"{_text(body)}</failure>"
        )
    else:
        inner = f'      <skipped message="{_text(f"{state}: {answer_of(finding)}")}"/>'
    return [head, inner, "    </testcase>"]


def _text(text: str) -> str:
    """Bounded text for an attribute or an element; control characters as visible escapes, as XML can hold none."""
    lines = "\n".join(safe(line) for line in text[:_TEXT_CHARACTERS].split("\n"))
    lines = _NOT_XML.sub(lambda match: f"\\u{ord(match[0]):04x}", lines)
    return _ESCAPE.sub(lambda match: _ENTITIES[match[0]], lines)
