"""What new findings are new against: a report of ours, or an image or SBOM matched with the same database as today."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from assay.bootstrap.machine import LIMITS, read_file, target_of
from assay.bootstrap.reports import report_on
from assay.bootstrap.stock import SecondLook, is_archive, take_stock
from assay.model.errors import UnavailableError, UsageError

if TYPE_CHECKING:
    from assay.bootstrap.stock import Reading
    from assay.bootstrap.vex import VexSearch
    from assay.model.report import Report
    from assay.ports.world import Progress
    from assay.settings import Settings

_MARK = b'"urn:assay:schema:report:'


def baseline_reports(
    text: str,
    reading: Reading,
    *,
    settings: Settings,
    vex_paths: Sequence[str],
    vex_search: VexSearch,
    progress: Progress,
) -> tuple[Report, ...]:
    """The baseline's reports: one, or one per platform as `reading` says.

    Raises:
        UsageError: standard input, which the target may need.
        UnavailableError: nothing was matched there: then nobody knows what is new.
    """
    if text == "-":
        raise UsageError("the baseline cannot come from standard input", remedy="give it as a file")
    reports = _written(text)
    if not reports:
        progress.stage(f"baseline {text}")
        look = SecondLook(text, reading, settings, progress)
        inventories = take_stock(text, reading, settings=settings, progress=progress, look=look)
        reports = report_on(
            inventories,
            settings=settings,
            vex_paths=vex_paths,
            policy_path=None,
            progress=progress,
            vex_search=vex_search,
            reader=look,
        )
    for report in reports:
        if report.sources.state != "present":
            raise UnavailableError(
                "what is new cannot be told",
                where=text,
                why=report.sources.reason or "nothing was matched in the baseline",
                remedy="run `assay db update`, or give a report that was made with advisories",
            )
    return reports


def _written(text: str) -> tuple[Report, ...]:
    """The report that a file holds; none where it holds something else."""
    target = target_of(text)
    if target.scheme != "file" or is_archive(target.location):
        return ()
    data = read_file(target.location, LIMITS.sbom_bytes)
    if _MARK not in data:
        return ()
    from assay.formats import report

    return (report.read(data, text),)
