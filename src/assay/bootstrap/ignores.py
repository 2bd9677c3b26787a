"""Ignore files read from this machine and laid over finished reports: after the decision, which never sees them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from assay.bootstrap.machine import LIMITS, clock, read_file
from assay.model.errors import UsageError

if TYPE_CHECKING:
    from assay.formats.foreign_ignores import Taken
    from assay.model.ignore import IgnoreRule
    from assay.model.report import Report

DEFAULT_IGNORE_FILE = ".assay/ignore.yaml"


def read_ignores(files: Sequence[str]) -> tuple[tuple[str, ...], tuple[IgnoreRule, ...]]:
    """The files that are there and their rules, in order; without any named, `.assay/ignore.yaml` if there is one.

    Raises:
        MalformedError: a file that is no ignore file. OSError: a named file that cannot be read.
    """
    wanted = tuple(files) or ((DEFAULT_IGNORE_FILE,) if Path(DEFAULT_IGNORE_FILE).is_file() else ())
    if not wanted:
        return (), ()
    from assay.formats import ignorefile

    rules = [rule for file in wanted for rule in ignorefile.read(read_file(file, LIMITS.ignore_file_bytes), file)]
    return wanted, tuple(rules)


def with_ignores(
    reports: Sequence[Report], ignores: tuple[tuple[str, ...], tuple[IgnoreRule, ...]]
) -> tuple[Report, ...]:
    """The reports with what the rules fit marked; a report's verdict stays what it is."""
    files, rules = ignores
    if not files:
        return tuple(reports)
    from assay.dependencies import ignoring

    today = clock().now()[:10]
    marked = []
    for report in reports:
        findings, summary = ignoring.apply(report.findings, report.components, rules, today=today, files=files)
        marked.append(msgspec.structs.replace(report, findings=findings, ignores=summary))
    return tuple(marked)


def import_ignores(file: str, kind: str, until: str, days: int) -> tuple[bytes, Taken]:
    """Another scanner's ignore file as one of ours, and what was lost.

    Args:
        file: its path, or `-`.
        kind: `trivy`, `trivy-yaml` or `grype`; empty = by name and content.
        until: last day of rules that name none; empty = in `days` days.
        days: as said.

    Raises:
        UsageError: `until` is no day. MalformedError: not such a file.
    """
    from datetime import date, timedelta

    from assay.formats import foreign_ignores, ignorefile

    try:
        last = date.fromisoformat(until) if until else date.fromisoformat(clock().now()[:10]) + timedelta(days=days)
    except ValueError as error:
        raise UsageError("--until is no day", why=repr(until[:40]), remedy="write it as 2027-01-31") from error
    data = read_file(file, LIMITS.ignore_file_bytes)
    name = "standard input" if file == "-" else file
    taken = foreign_ignores.read(
        data, name, kind or foreign_ignores.kind_of(Path(file).name, data), until=last.isoformat(), limits=LIMITS
    )
    return ignorefile.write(taken.rules), taken
