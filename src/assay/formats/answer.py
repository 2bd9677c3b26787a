"""What a report says of each finding in one word and one sentence, alike in every list for machines."""

from typing import Literal

from assay.model.finding import Finding, Step

State = Literal["open", "undetermined", "suppressed", "ignored", "not_affected"]
_DECIDES = (
    ("not_affected", "layer", "removed above"),
    ("not_affected", "fix", "rebuilt"),
    ("not_affected", "installed", "; it "),
    ("not_affected", "symbol", "none of it is linked"),
    ("not_affected", "range", " says that "),
    ("undetermined", "owner", "which no feed covers"),
    ("undetermined", "range", "cannot be compared"),
    ("undetermined", "range", "contradicts itself"),
    ("undetermined", "range", "nobody has decided"),
    ("undetermined", "range", "; but it "),
)
"""Which rung decided, by status and by a word of what it says (`dependencies.reasons` writes them)."""
_LINKS = (("CVE-", "https://nvd.nist.gov/vuln/detail/"), ("GHSA-", "https://github.com/advisories/"))


def state_of(finding: Finding) -> State:
    """`open` is what counts: affected, and nobody answered it."""
    if finding.suppressed is not None:
        return "suppressed"
    if finding.status == "not_affected":
        return "not_affected"
    if finding.ignored is not None:
        return "ignored"
    return "open" if finding.status == "affected" else "undetermined"


def answer_of(finding: Finding) -> str:
    """Why a finding is not open, who says so; empty for an open one."""
    said, own = finding.suppressed, finding.ignored
    if said is not None:
        return "; ".join(filter(None, (said.status, said.justification, said.impact, f"stated by {said.by}")))
    if own is not None and finding.status != "not_affected":
        return "; ".join(filter(None, (f"ignored: {own.reason}", f"until {own.until}", own.by and f"by {own.by}")))
    if finding.status == "affected":
        return ""
    step = decided_by(finding)
    return step.says if step is not None else finding.status.replace("_", " ")


def decided_by(finding: Finding) -> Step | None:
    """The rung that made a finding other than affected: not the last one, which says where the package came from."""
    for status, rung, word in _DECIDES:
        for step in finding.reasons:
            if finding.status == status and step.rung == rung and word in step.says:
                return step
    return None


def sentence(finding: Finding) -> str:
    """`libssl3 3.0.15-1: CVE-2025-0001 (critical), < 3.0.16-1, fixed in 3.0.16-1, known exploited`."""
    fixed = f"fixed in {' or '.join(finding.fixed_in)}" if finding.fixed_in else "no fixed version known"
    parts = [f"{finding.name} {finding.version}: {finding.id} ({severity_of(finding)})", finding.matched_range, fixed]
    if finding.kev is not None:
        parts.append("known exploited")
    return ", ".join(filter(None, parts))


def severity_of(finding: Finding) -> str:
    """Its severity, or `malicious`."""
    return "malicious" if finding.category == "malicious" else finding.severity


def link_of(identifier: str) -> str:
    """A page about an advisory; the id is an attacker's text, so anything but a plain one gives none."""
    if not identifier.isascii() or not all(c.isalnum() or c in "-_.:" for c in identifier) or not identifier:
        return ""
    page = next((page for prefix, page in _LINKS if identifier.startswith(prefix)), "https://osv.dev/vulnerability/")
    return page + identifier.replace(":", "%3A")
