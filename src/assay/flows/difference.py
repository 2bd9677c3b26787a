"""Two inventories, and where wanted what one database says of each, become one difference."""

from assay.dependencies import diff, diff_findings
from assay.model.difference import Difference
from assay.model.errors import UnavailableError
from assay.model.inventory import Inventory
from assay.model.report import Report


def difference(old: Inventory, new: Inventory, reports: tuple[Report, Report] | None) -> Difference:
    """Compare.

    Args:
        old: the earlier side.
        new: the later side.
        reports: both sides matched with one database; None compares no findings.

    Raises:
        UnavailableError: there was no advisory data: then nobody knows what is new.
    """
    found = diff.compare(old, new)
    if reports is None:
        return found
    for report in reports:
        if report.sources.state != "present":
            raise UnavailableError(
                "findings cannot be compared",
                where=report.subject.name,
                why=report.sources.reason or f"advisory data is {report.sources.state}",
                remedy="run `assay db update`, or name a database with --db",
            )
    return diff_findings.with_findings(found, (old, reports[0].findings), (new, reports[1].findings))
