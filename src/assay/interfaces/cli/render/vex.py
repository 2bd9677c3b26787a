"""What became of VEX documents, in lines: how many count, how many were only seen and why, who disagrees."""

from collections import Counter

from assay.interfaces.cli.render.text import safe
from assay.model.report import Report
from assay.model.vex import VexConflict, VexDocument, VexRevocation

_SHOWN = 5
_STALE = "STALE"
_HEARD = frozenset({"vex", "review"})
"""Rungs that a statement which speaks of a finding leaves, with its document as their source."""
_OUTCOMES = {"applied": "applied", "seen": "seen, not applied", "failed": "could not be read"}

_SHORT = {
    "KEYLESS": "signed by a certificate",
    "KEY_REQUIRED": "signed, and no trust policy is given",
    "KEY_UNKNOWN": "signed by a key nobody trusts",
    "KEY_WINDOW": "signed by a key out of its time",
    "MALFORMED": "malformed",
    "NOT_SIGNED": "not signed",
    "PARSE_FORM": "malformed",
    "PARSE_STATEMENT": "malformed",
    "SCOPE": "out of the signer's scope",
    "SUBJECT_MISMATCH": "about something else",
    "UNSUPPORTED": "unsupported",
}
"""The first thing against a document, in a few words; others are told as they are."""


def vex_lines(report: Report) -> tuple[str, ...]:
    """Lines for the foot of a table; none where no document was given or found. Every text in them is safe."""
    lines = []
    if documents := tuple(document for document in report.vex_documents if document.code != _STALE):
        lines.append(f"VEX: {_count(documents)}{_silent(documents, report)}")
    stale = [document for document in report.vex_documents if document.code == _STALE]
    lines += [safe(f"VEX repository {document.place}: {document.why}") for document in stale]
    if report.vex_conflicts:
        number = len(report.vex_conflicts)
        lines.append(f"VEX authors disagree about {number} finding{'s' * (number != 1)}; the more cautious word holds:")
        lines += [f"  {conflict_text(conflict)}" for conflict in report.vex_conflicts[:_SHOWN]]
        if number > _SHOWN:
            lines.append(f"  … {number - _SHOWN} more with -o json")
    if reviews := review_texts(report):
        number = len(reviews)
        lines.append(f"VEX to review again for {number} finding{'s' * (number != 1)}:")
        lines += [f"  {text}" for text in reviews[:_SHOWN]]
        if number > _SHOWN:
            lines.append(f"  … {number - _SHOWN} more with -o json")
    if report.vex_revocations:
        number = len(report.vex_revocations)
        lines.append(f"{number} automatic VEX statement{'s' * (number != 1)} revoked by today's evidence:")
        lines += [f"  {revocation_text(one)}" for one in report.vex_revocations[:_SHOWN]]
        if number > _SHOWN:
            lines.append(f"  … {number - _SHOWN} more with -o json")
    return tuple(lines)


def review_texts(report: Report) -> tuple[str, ...]:
    """A line for each finding whose VEX went stale: `CVE-1 in pkg:…: vendor said fixed until …: review again`."""
    texts = []
    for finding in report.findings:
        steps = [step.says for step in finding.reasons if step.rung == "review"]
        if steps:
            texts.append(safe(f"{finding.id} in {finding.purl or finding.component}: {steps[0]}"))
    return tuple(texts)


def conflict_text(conflict: VexConflict) -> str:
    """`CVE-1 in pkg:…: researcher says affected; vendor says not_affected`."""
    words = "; ".join(f"{word.author} says {word.status}" for word in (conflict.holds, *conflict.others))
    return safe(f"{conflict.vulnerability} in {conflict.purl or conflict.component}: {words}")


def revocation_text(one: VexRevocation) -> str:
    """`CVE-1 in pkg:…: no longer not_affected, …`."""
    return safe(f"{one.vulnerability} in {one.purl or one.component}: no longer {one.status}, {one.why}")


def outcome_text(document: VexDocument) -> str:
    """`applied for vendor: 3 of 4 statements`, or `seen, not applied: not signed`."""
    if document.outcome != "applied":
        return safe(f"{_OUTCOMES[document.outcome]}: {document.why or document.code}")
    said = f"applied for {document.signer}: {document.applied_count} of {document.statements_count} statements"
    return safe(said + (f" ({'; '.join(document.left_out)})" if document.left_out else ""))


def _count(documents: tuple[VexDocument, ...]) -> str:
    parts = []
    if applied := [document for document in documents if document.outcome == "applied"]:
        statements = sum(document.applied_count for document in applied)
        parts.append(f"{_number(len(applied), 'document')} applied ({_number(statements, 'statement')})")
    for outcome in ("seen", "failed"):
        others = [document for document in documents if document.outcome == outcome]
        if others:
            reasons = Counter(_short(document) for document in others).most_common()
            why = ", ".join(f"{reason} ({n})" if len(reasons) > 1 else reason for reason, n in reasons[:_SHOWN])
            parts.append(f"{len(others)} {_OUTCOMES[outcome]}: {why}")
    return "; ".join(parts)


def _silent(documents: tuple[VexDocument, ...], report: Report) -> str:
    """How many of the documents that count say nothing of any finding here: easily taken for an answer."""
    applied = [document for document in documents if document.outcome == "applied" and document.id]
    heard = {step.source for finding in report.findings for step in finding.reasons if step.rung in _HEARD}
    number = sum(document.id not in heard for document in applied)
    if not number:
        return ""
    which = "nothing of it" if len(applied) == 1 else f"nothing of {number} of them"
    return f"; {which} speaks of a finding here (`assay vex explain` says why)"


def _short(document: VexDocument) -> str:
    return _SHORT.get(document.code) or safe(document.why or document.code)[:80]


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"
