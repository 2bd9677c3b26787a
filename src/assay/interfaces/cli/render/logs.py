"""Logs for a person and for a program: checkpoints, entries, proofs, and what a monitor found."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from assay.flows.logread import Consistency, Inclusion, Shown
from assay.flows.monitor import Followed, Report
from assay.formats import base64text, note, wire
from assay.interfaces.cli.render.text import safe


def shown_text(shown: Shown) -> str:
    """The checkpoint, and one row for each line under it."""
    said = shown.checkpoint
    rows = [f"origin  {safe(said.origin)}", f"size    {said.size}", f"root    {said.root.hex()}"]
    rows += [f"extra   {safe(one)}" for one in said.extensions]
    for line in shown.lines:
        time = f"  {_instant(line.time)}" if line.time else ""
        rows.append(f"signed  {safe(line.name)} {line.key_id}  {line.holder}: {line.outcome}{time}")
    return "\n".join(rows) + "\n"


def shown_json(shown: Shown) -> bytes:
    """The same."""
    return wire.encode({"schema": "urn:assay:schema:log-checkpoint:1", **_shown(shown)})


def entry_text(found: Inclusion) -> str:
    """The entry as it was logged, after a line about its proof."""
    said = found.shown.checkpoint
    proof = f"entry {found.index} of {said.size} in {safe(said.origin)}, leaf {found.leaf.hex()}, proven"
    try:
        text = safe(found.body.decode())
    except UnicodeDecodeError:
        text = base64text.encode(found.body)
    return f"{proof}; {_trust(found.shown)}\n{text}\n"


def entry_json(found: Inclusion) -> bytes:
    """Entry and proof; bytes as base64."""
    value = {
        "schema": "urn:assay:schema:log-inclusion:1",
        "index": found.index,
        "body": base64text.encode(found.body),
        "leaf": base64text.encode(found.leaf),
        "hashes": [base64text.encode(one) for one in found.hashes],
        "checkpoint": _shown(found.shown),
    }
    return wire.encode(value)


def growth_text(found: Consistency) -> str:
    """One line."""
    said = found.shown.checkpoint
    return (
        f"{safe(said.origin)}: {said.size} entries continue the first {found.old_size} "
        f"({len(found.hashes)} hashes); {_trust(found.shown)}\n"
    )


def growth_json(found: Consistency) -> bytes:
    """The proof; bytes as base64."""
    value = {
        "schema": "urn:assay:schema:log-consistency:1",
        "oldSize": found.old_size,
        "oldRoot": base64text.encode(found.old_root),
        "hashes": [base64text.encode(one) for one in found.hashes],
        "checkpoint": _shown(found.shown),
    }
    return wire.encode(value)


def report_text(report: Report) -> str:
    """One line a log, one line an alert, and a verdict."""
    rows = [_followed(one) for one in report.logs]
    for one in report.alerts:
        place = "" if one.index is None else f" entry {one.index}"
        rows.append(f"ALERT {one.kind}  {safe(one.log)}{place}: {safe(one.why)}")
    if report.dropped:
        rows.append(f"… and {report.dropped} alerts more")
    count = len(report.alerts) + report.dropped
    verdict = f"{count} alert{'s' * (count != 1)}" if count else "nothing unexpected"
    rows.append(f"{verdict}; not everything could be looked at" if report.unavailable else verdict)
    return "\n".join(rows) + "\n"


def report_json(report: Report) -> bytes:
    """The same, on one line: a monitor that goes on writes many."""
    value = {"schema": "urn:assay:schema:log-monitor:1", **msgspec.to_builtins(report)}
    return msgspec.json.format(wire.encode(value), indent=-1).rstrip() + b"\n"


def _followed(one: Followed) -> str:
    if one.unavailable:
        return f"{one.role}: could not be looked at: {safe(one.unavailable)}"
    kinds = ", ".join(f"{count} {safe(kind)}" for kind, count in one.kinds.items())
    return f"{one.role} {safe(one.origin)}: {one.size} entries, {one.count} new" + (f" ({kinds})" if kinds else "")


def _shown(shown: Shown) -> dict[str, Any]:
    said = shown.checkpoint
    return {
        "origin": said.origin,
        "size": said.size,
        "root": base64text.encode(said.root),
        "extensions": list(said.extensions),
        "trusted": shown.trusted,
        "lines": msgspec.to_builtins(shown.lines),
        "note": note.write(shown.note).decode(),
    }


def _trust(shown: Shown) -> str:
    return "the checkpoint is the log's" if shown.trusted else "the checkpoint's signature was NOT checked"


def _instant(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return f"second {seconds}"
