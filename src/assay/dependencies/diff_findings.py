"""Findings introduced and fixed between two inventories that were matched with one database."""

from collections.abc import Mapping, Sequence

import msgspec

from assay.dependencies.diff import Identity, Versions, identity_of, packages
from assay.model.difference import Difference, FindingChange
from assay.model.finding import Finding
from assay.model.inventory import Inventory

_Key = tuple[str, Identity]


def with_findings(
    difference: Difference, old: tuple[Inventory, Sequence[Finding]], new: tuple[Inventory, Sequence[Finding]]
) -> Difference:
    """The difference with findings introduced and fixed; both sides matched with one database."""
    before, after = _open(*old), _open(*new)
    held_before, held_after = packages(old[0]), packages(new[0])
    introduced = [
        _finding(key, finding, _because(key, finding, held_before, "added"))
        for key, finding in after.items()
        if key not in before or (before[key].status, finding.status) == ("undetermined", "affected")
    ]
    fixed = [
        _finding(key, finding, _because(key, finding, held_after, "removed"))
        for key, finding in before.items()
        if key not in after
    ]
    return msgspec.structs.replace(
        difference,
        matched=True,
        introduced=tuple(sorted(introduced, key=_order)),
        fixed=tuple(sorted(fixed, key=_order)),
    )


def _open(inventory: Inventory, findings: Sequence[Finding]) -> dict[_Key, Finding]:
    """Findings that are not answered (affected or undetermined, not suppressed), by id and package; the worse stays."""
    identities = {c.key: identity_of(c) for c in inventory.components}
    found: dict[_Key, Finding] = {}
    for finding in findings:
        if finding.suppressed is None and finding.status != "not_affected":
            key = finding.id, identities.get(finding.component, ("", finding.name))
            if key not in found or finding.status == "affected":
                found[key] = finding
    return found


def _because(key: _Key, finding: Finding, other: Mapping[Identity, Versions], word: str) -> str:
    """What of the package the other side holds: nothing, this version too (so evidence changed), or another one."""
    versions = other.get(key[1])
    if versions is None:
        return f"package {word}"
    return "evidence" if finding.version in versions else "version"


def _finding(key: _Key, finding: Finding, because: str) -> FindingChange:
    return FindingChange(
        id=finding.id,
        ecosystem=key[1][0],
        name=finding.name,
        version=finding.version,
        severity=finding.severity,
        category=finding.category,
        status=finding.status,
        fixed_in=finding.fixed_in,
        because=because,
    )


_SEVERITIES = {name: rank for rank, name in enumerate(("critical", "high", "medium", "low", "none"))}


def _order(change: FindingChange) -> tuple[bool, int, str, str, str, str]:
    rank = _SEVERITIES.get(change.severity, len(_SEVERITIES))
    return change.category != "malicious", rank, change.ecosystem, change.name, change.id, change.version
