"""Rows of evidence: what is attached to a subject, what of it holds, and why not."""

import click
import msgspec

from assay.flows.attest import Attached
from assay.flows.verify import Collected
from assay.formats import predicates
from assay.interfaces.cli.render.text import cut, pad, safe
from assay.model.image import Subject
from assay.trust.examine import Row


def kind(uri: str) -> str:
    """A predicate type as one word; safe for a file name."""
    word = predicates.short_name(uri)
    return word if word.isalnum() else "".join(c if c.isalnum() else "-" for c in uri)


def attached(done: Attached) -> str:
    """One line for a statement that was attached, or was there already."""
    word = "attached" if done.written else "already there"
    return f"{word}: {safe(predicates.short_name(done.predicate_type))} as {done.manifest}"


def row(found: Row) -> dict[str, object]:
    """A row for programs; the statement itself is left out."""
    value = {name: getattr(found, name) for name in ("place", "outcome", "format", "predicate_type", "signer", "code")}
    value["reason"] = found.reason
    value["checks"] = msgspec.to_builtins(found.checks)
    value["evidence"] = str(found.evidence.digest) if found.evidence else None
    return value


def table(subject: Subject, collected: Collected, *, columns: int, colour: bool) -> str:
    """The rows and a closing line; "none found" and "none verified" never share a message."""
    lines = [cut(f"{safe(subject.name)} {subject.digest}", columns)]
    for found in sorted(collected.rows, key=lambda r: (r.outcome != "verified", r.predicate_type, r.place)):
        good = found.outcome == "verified"
        what = safe(predicates.short_name(found.predicate_type)) if found.predicate_type else safe(found.place)
        tail = f"signed by {safe(found.signer)}" if good else safe(found.reason)
        text = cut(f"{'✓' if good else '✗'} {pad(found.outcome, 16)} {pad(what, 12)} {tail}", columns)
        lines.append(click.style(text, fg="green" if good else "red") if colour else text)
    summary = collected.summary()
    if not collected.rows:
        summary = f"no evidence found: {summary}"
    lines.append(summary)
    return "\n".join(lines) + "\n"
