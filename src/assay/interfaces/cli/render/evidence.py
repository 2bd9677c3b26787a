"""Rows of evidence: what is attached to a subject, what of it holds, and why not."""

from collections.abc import Iterator, Sequence

import click
import msgspec

from assay.flows.attest import Attached
from assay.flows.compat import Written
from assay.flows.verify import Collected
from assay.formats import predicates
from assay.interfaces.cli.render.text import cut, pad, safe, width, wrap
from assay.model.evidence import Check
from assay.model.image import Subject
from assay.trust.examine import Row

MARKS = {"verified": "✓", "unavailable": "?", "not-signed": "–"}
"""What tells the outcomes apart without colour; every other is `✗`."""
_WORDS = 17
_KINDS = 13


def kind(uri: str) -> str:
    """A predicate type as one word; safe for a file name."""
    word = predicates.short_name(uri)
    return word if word.isalnum() else "".join(c if c.isalnum() else "-" for c in uri)


def attached(done: Attached) -> str:
    """One line for a statement that was attached, or was there already."""
    word = "attached" if done.written else "already there"
    return f"{word}: {safe(predicates.short_name(done.predicate_type))} as {done.manifest}"


def older(done: Written) -> str:
    """One line for a statement in the older form."""
    word = "attached" if done.written else "already there"
    return f"{word}: {safe(predicates.short_name(done.predicate_type))} at {done.tag}"


def document(subject: Subject, collected: Collected) -> dict[str, object]:
    """One subject for programs."""
    return {
        "subject": msgspec.to_builtins(subject, str_keys=True),
        "outcome": collected.outcome(),
        "rows": [row(found) for found in collected.rows],
        "ignored": collected.ignored_count,
        "narrowed": collected.narrowed_count,
        "missing": list(collected.missing),
    }


def row(found: Row) -> dict[str, object]:
    """A row for programs; the statement itself is left out."""
    names = ("place", "outcome", "format", "predicate_type", "signer", "code", "reason")
    value: dict[str, object] = {name: getattr(found, name) for name in names}
    value["checks"] = msgspec.to_builtins(found.checks)
    proven = found.evidence
    value["evidence"] = str(proven.digest) if proven else None
    value["identity"] = proven.signer.identity if proven else ""
    value["issuer"] = proven.signer.issuer if proven else ""
    value["times"] = list(proven.times) if proven else []
    value["log"] = proven.log if proven else ""
    return value


def table(subject: Subject, collected: Collected, *, columns: int, colour: bool, everything: bool = False) -> str:
    """The rows and a closing line; "none found" and "none verified" never share a message.

    Args:
        subject: what they are about.
        collected: the rows.
        columns: width of the terminal; lines never exceed it.
        colour: whether to write ANSI colours; every mark also has its word.
        everything: also the place of each row and each check.
    """
    lines = [cut(safe(f"{subject.name}{_platform(subject)}"), columns), cut(str(subject.digest), columns)]
    for found in sorted(collected.rows, key=lambda r: (r.outcome != "verified", r.predicate_type, r.place)):
        head, *rest = _row(found, columns, everything=everything)
        good = found.outcome == "verified"
        lines += [click.style(head, fg="green" if good else "red") if colour else head, *rest]
    summary = collected.summary().replace(f" of {subject.digest}", "")
    if not collected.rows:
        summary = f"no evidence found: {summary}"
    return "\n".join([*lines, *wrap(summary, columns)]) + "\n"


def _platform(subject: Subject) -> str:
    if subject.platform is not None:
        return f" {subject.platform}"
    return " (index)" if "index" in subject.media_type or "list" in subject.media_type else ""


def _row(found: Row, columns: int, *, everything: bool) -> list[str]:
    """Mark, word, type and who or why; what does not fit goes on below, as a reason that is cut helps nobody."""
    what = safe(predicates.short_name(found.predicate_type)) if found.predicate_type else "?"
    mark = f"{MARKS.get(found.outcome, '✗')} {pad(found.outcome, _WORDS)}"
    if width(what) > _KINDS:  # a type of somebody's own, a URI
        head, below = f"{mark}{what}", [*_told(found)]
        if width(head) > columns:
            head, below = mark, [what, *below]
    else:
        first, *below = _told(found)
        head = f"{mark}{pad(what, _KINDS)} {first}"
        if width(head) > columns:
            head, below = f"{mark}{what}", [first, *below]
    lines = [cut(head.rstrip(), columns)]
    if everything or (found.outcome != "verified" and found.place not in found.reason):
        below.append(safe(found.place.removeprefix("referrer ")))  # so that a digest fits into 80 columns
    for text in below:
        lines += wrap(text, columns, "    ")
    if everything:
        for line in _checks(found.checks):
            lines += wrap(safe(line), columns, "      ")
    return lines


def _checks(checks: Sequence[Check]) -> Iterator[str]:
    """Each check; those left out for one reason together."""
    skipped: dict[str, list[str]] = {}
    for check in checks:
        if check.outcome == "skip":
            skipped.setdefault(check.reason, []).append(check.step)
        else:
            yield f"{check.outcome} {check.step}: {check.reason}"
    for reason, steps in skipped.items():
        yield f"skip {', '.join(steps)}: {reason}"


def _told(found: Row) -> list[str]:
    """Who signed and when that is proven; or why it does not count."""
    if found.outcome != "verified":
        return [safe(f"{found.code} {found.reason}".strip())]
    proven = found.evidence
    lines = [f"signed by {safe(found.signer)}"]
    if proven is not None and proven.signer.identity:
        lines = [f"signed by {safe(proven.signer.identity)}", f"issuer {safe(proven.signer.issuer)}"]
    if proven is not None and proven.times:
        log = f", {proven.inclusion or 'logged'} in {safe(proven.log)}" if proven.log else ""
        lines.append(f"at {', '.join(proven.times)}{log}")
    return lines
