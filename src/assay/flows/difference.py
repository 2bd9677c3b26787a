"""Two inventories, and where wanted what one database says of each, become one difference."""

import msgspec

from assay.dependencies import diff, diff_findings
from assay.model.difference import Difference, Setting
from assay.model.errors import UnavailableError
from assay.model.inventory import Inventory
from assay.model.report import Report
from assay.model.verdict import Verdict


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
    found = diff_findings.with_findings(found, (old, reports[0].findings), (new, reports[1].findings))
    return msgspec.structs.replace(found, verdict=_verdicts(reports[0].verdict, reports[1].verdict))


def _verdicts(old: Verdict | None, new: Verdict | None) -> tuple[Setting, ...]:
    """The decision, then each rule whose outcome is another one; nothing where one side was not decided."""
    if old is None or new is None:
        return ()
    before, after = _outcomes(old), _outcomes(new)
    return tuple(
        Setting(name=name, old=before.get(name), new=after.get(name))
        for name in sorted(before.keys() | after.keys(), key=lambda name: (name != "decision", name))
        if before.get(name) != after.get(name)
    )


def _outcomes(verdict: Verdict) -> dict[str, str]:
    return {"decision": verdict.decision} | {f"rule.{reason.rule}": reason.outcome for reason in verdict.reasons}
