"""Whether today's evidence contradicts an automatic statement of an earlier day: then it is revoked, which is told."""

from assay.model.finding import Finding
from assay.model.inventory import Component
from assay.model.vex import VexObservation, VexRevocation, VexStatement

RUNG = "assay:rung"
"""Name of the word that marks an automatic statement; its value is the rung of `vex_auto.LADDER` it stands on."""
REFUTED_BY_OPENING = frozenset({"component_not_present", "vulnerable_code_not_in_execute_path"})
"""Justifications that a file of the component being opened contradicts."""


_OF_ITS_OWN = frozenset({"opened", "blocked"})
"""Rungs that warn by evidence a scan does not see."""


def is_repetition(statement: VexStatement) -> bool:
    """Whether an automatic statement warns by nothing but an earlier scan, or by evidence whose time is over.

    Today's scan answers that anew. Counted as an author's word it would outweigh whoever looked closer since.
    """
    name = dict(statement.words).get(RUNG, "")
    return bool(name) and name not in _OF_ITS_OWN and statement.status in ("affected", "under_investigation")


def contrary(
    statement: VexStatement, finding: Finding, component: Component | None, observation: VexObservation | None = None
) -> str:
    """Why today's evidence contradicts an automatic statement that quiets a finding; empty where it does not.

    The statement of a person is not judged here, and neither is one that warns.
    """
    name = dict(statement.words).get(RUNG, "")
    if statement.status not in ("not_affected", "fixed") or not name:
        return ""
    if observation is not None and observation.opened and statement.justification in REFUTED_BY_OPENING:
        return "a file of the component was opened"
    if name == "absent" and component is not None and component.removed_by is None:
        return "the component is in the final file system"
    if name == "version" and finding.status != "not_affected":
        return f"the version is {finding.status} by the advisories of today"
    reach = finding.reach
    if name == "static" and (reach is None or reach.state != "not_linked"):
        return reach.reason if reach is not None and reach.reason else "nothing shows any more that the code is absent"
    return ""


def revocation(statement: VexStatement, finding: Finding, why: str) -> VexRevocation:
    """The value for a report."""
    return VexRevocation(
        vulnerability=finding.id,
        component=finding.component,
        purl=finding.purl,
        status=statement.status,
        justification=statement.justification,
        document=statement.document,
        timestamp=statement.timestamp,
        why=why,
    )
