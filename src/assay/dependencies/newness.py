"""Which findings of one report are not in an earlier one (`scan --fail-on-new`)."""

from collections.abc import Iterable

from assay.dependencies.diff import Identity, identity_of
from assay.model.finding import Finding
from assay.model.report import Report


def only_new(old: Report, new: Report) -> tuple[Finding, ...]:
    """Findings of `new` whose problem `old` has not: by package (whatever its version) and any id in common.

    What was undetermined and is affected now is new. What VEX or evidence answered then and nobody answers now is new,
    too: only an open finding of the baseline excuses one of today.
    """
    affected, open_ = _ids(old, ("affected",)), _ids(old, ("affected", "undetermined"))
    identities = _identities(new)
    found = []
    for finding in new.findings:
        known = affected if finding.status == "affected" else open_
        if not known.get(_identity(finding, identities), frozenset()) & {finding.id, *finding.aliases}:
            found.append(finding)
    return tuple(found)


def _ids(report: Report, states: Iterable[str]) -> dict[Identity, set[str]]:
    identities = _identities(report)
    found: dict[Identity, set[str]] = {}
    for finding in report.findings:
        if finding.suppressed is None and finding.status in states:
            found.setdefault(_identity(finding, identities), set()).update((finding.id, *finding.aliases))
    return found


def _identities(report: Report) -> dict[str, Identity]:
    return {component.key: identity_of(component) for component in report.components}


def _identity(finding: Finding, identities: dict[str, Identity]) -> Identity:
    return identities.get(finding.component, ("", finding.name))
