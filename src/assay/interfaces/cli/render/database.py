"""What a database holds, for a person and for a program."""

import json

import msgspec

from assay.flows.db_registry import Pulled, Pushed
from assay.flows.db_verify import Verified
from assay.flows.feeds import BuildReport
from assay.interfaces.cli.render.text import cut, safe, width, wrap
from assay.model.advisory import Feed
from assay.ports.stores import DatabaseStatus

_HEAD = ("FEED", "DATE", "AGE", "RECORDS", "SKIPPED", "LICENCE")
_AGE = _HEAD.index("AGE")
_NUMBERS = (_AGE, _HEAD.index("RECORDS"), _HEAD.index("SKIPPED"))
_PLAIN_COLUMNS = 120
_SKIPPED_SHOWN = 10


def as_table(status: DatabaseStatus, warning: str = "", *, columns: int = 0) -> str:
    """Feeds as rows, totals below, and a warning.

    Args:
        status: with ages where they are known.
        warning: what to say of the whole; empty = nothing.
        columns: width of the terminal, which the last column is cut to; 0 = any.
    """
    rows = [_row(feed) for feed in status.feeds]
    widths = [max(width(row[i]) for row in [_HEAD, *rows]) for i in range(len(_HEAD))]
    if all(feed.age_days is None for feed in status.feeds):
        widths[_AGE] = 0
    lines = []
    for row in [_HEAD, *rows]:
        cells = [
            c.rjust(w) if i in _NUMBERS else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True)) if w
        ]
        line = "  ".join(cells).rstrip()
        lines.append(cut(line, columns) if columns else line)
    lines.append("")
    lines.append(f"{status.advisories:,} advisories, {status.ranges:,} ranges; newest feed {status.built}")
    lines.append(f"build {status.build}" if status.build else "no build number")
    lines.append(f"content {status.content_digest}")
    lines += wrap(safe(warning), columns or _PLAIN_COLUMNS)
    return "\n".join(lines) + "\n"


def _row(feed: Feed) -> tuple[str, ...]:
    age = "" if feed.age_days is None else f"{feed.age_days} d"
    return (
        safe(feed.name), safe(feed.date or "unknown"), age, f"{feed.records:,}", f"{feed.skipped:,}",
        safe(feed.licence or "unknown"),
    )  # fmt: skip


def pulled(location: str, found: Pulled) -> str:
    """What lies here now, and what was fetched for it."""
    status = found.status
    fetched = f"fetched {found.fetched_bytes:,} bytes"
    deltas = f"{found.deltas_count} delta{'s' * (found.deltas_count != 1)}"
    said = {
        "file": "",
        "unchanged": f"already here; {fetched}",
        "whole": f"{fetched}, the whole database",
        "delta": f"{fetched}, {deltas} from what was here; the whole database has {found.whole_bytes:,} bytes",
    }[found.how]
    head = f"{location}: build {status.build}, {status.advisories} advisories, content {status.content_digest}\n"
    return head + (f"{said}\n" if said else "") + (f"the deltas did not do: {safe(found.note)}\n" if found.note else "")


def pushed(target: str, found: Pushed, status: DatabaseStatus) -> str:
    """The manifest, and what it takes to fetch the database, whole or from an earlier one."""
    lines = [f"{target}@{found.manifest}: build {status.build}, content {status.content_digest}"]
    lines.append(f"the whole database: {found.whole_bytes:,} bytes")
    lines += [f"from content {safe(one.base)}: {one.size:,} bytes" for one in found.steps]
    if found.left_count:
        lines.append(f"deltas left out, as they save too little: {found.left_count}")
    return "\n".join(lines) + "\n"


def verified(found: Verified) -> str:
    """Each check with its outcome."""
    marks = {"pass": "✓", "skip": "-"}
    return "".join(f"{marks.get(c.outcome, '✗')} {c.step:<10} {safe(c.reason)}\n" for c in found.checks)


def as_json(status: DatabaseStatus) -> str:
    """The status as JSON, names sorted."""
    return json.dumps(msgspec.to_builtins(status), indent=2, sort_keys=True) + "\n"


def built(report: BuildReport) -> str:
    """The new database, and every record and file that was passed over (the first ten by name)."""
    lines = [as_table(report.status)]
    if report.skipped:
        lines.append(f"{len(report.skipped)} bad record{'s' * (len(report.skipped) != 1)} skipped:\n")
        for skipped in report.skipped[:_SKIPPED_SHOWN]:
            lines.append(f"  {safe(skipped.feed)} {safe(skipped.record)}: {safe(skipped.reason)}\n")
    if report.unread:
        lines.append("files not read:\n")
        lines += [f"  {safe(str(name))}: {safe(str(why))}\n" for name, why in report.unread]
    return "".join(lines)
