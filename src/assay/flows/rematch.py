"""Matching again after the advisory database changed: only what its changes can touch is asked for.

`db_changes.difference` names the packages about which any answer may have changed, and the CVEs whose scores or
exploitation did. A component is asked about again if its question is about such a package, or if it has a finding of
such a CVE; of all others the old answer is the answer. The law, tested: this equals matching everything anew.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set

import msgspec

from assay.dependencies import matching, ssvc
from assay.dependencies.asking import Asked, ask
from assay.dependencies.matching import Matches
from assay.dependencies.names import canonical_name
from assay.model.advisory_change import DatabaseDifference
from assay.model.finding import Finding, Uncovered
from assay.model.inventory import Component, Distro
from assay.ports.stores import AdvisoryStore

_BESIDE = frozenset({"cpe", "cpe_product"})
"""Tables that matching by name does not ask."""
_NOWHERE = ssvc.Deployment()
Weigh = Callable[[Matches], Sequence[Finding]]
"""What follows matching: programs looked into, VEX, origins."""


class Rematched(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of now, and how much of it was asked anew."""

    matches: Matches
    asked: tuple[str, ...] = ()
    """Keys of the components asked about again, sorted."""


def rematch(
    before: Matches,
    components: Sequence[Component],
    distro: Distro | None,
    store: AdvisoryStore,
    difference: DatabaseDifference,
    where: ssvc.Deployment = _NOWHERE,
    weigh: Weigh | None = None,
) -> Rematched:
    """What the database says now, given what the old one said.

    Args:
        before: of the same components, from the database `difference.old`.
        components: of one inventory.
        distro: as for `matching.match`.
        store: the database `difference.new`.
        difference: between the two.
        where: as for `matching.match`.
        weigh: applied to what was matched anew; the kept findings have it behind them.
    """
    again = _touched(before.findings, components, distro, difference)
    if not again:
        return Rematched(matches=before)
    keys = {component.key for component in again}
    folded = [component for component in components if component.owner in keys and component.key not in keys]
    found = matching.match([*again, *folded], distro, store, where)
    # Whether an owned component is judged by its owner or by itself follows from the owner's answer: both are new.
    anew = keys | {component.key for component in folded}
    return Rematched(matches=_merged(before, found, anew, weigh), asked=tuple(sorted(anew)))


def _touched(
    findings: Iterable[Finding], components: Sequence[Component], distro: Distro | None, difference: DatabaseDifference
) -> list[Component]:
    if set(difference.others) - _BESIDE:  # tables whose meaning nobody looked into: any answer may be another
        return list(components)
    scored = _scored(findings, difference)
    names = {(ecosystem, canonical_name(ecosystem, name)) for ecosystem, name in difference.names}
    whole = set(difference.ecosystems)
    chosen: list[Component] = []
    for component in components:
        question = ask(component, distro)
        if component.key in scored or (not isinstance(question, str) and _concerns(question, names, whole)):
            chosen.append(component)
    return _with_owners(chosen, components)


def _scored(findings: Iterable[Finding], difference: DatabaseDifference) -> set[str]:
    """Components with a finding of a CVE whose scores or exploitation changed."""
    cves = {cve.id for cve in difference.cves} | set(difference.epss)
    anew = difference.epss_of_another_day
    return {
        finding.component
        for finding in findings
        if (anew and finding.epss is not None) or not cves.isdisjoint((finding.id, *finding.aliases))
    }


def _concerns(question: Asked, names: Set[tuple[str, str]], whole: Set[str]) -> bool:
    return any(
        ecosystem in whole or (ecosystem, canonical_name(ecosystem, one.name)) in names
        for one in (question, question.instead)
        if one is not None
        for ecosystem in one.ecosystems
    )


def _with_owners(chosen: Sequence[Component], components: Sequence[Component]) -> list[Component]:
    """And the owners: whether a component is judged by its owner shows only where both are there."""
    by_key: Mapping[str, Component] = {component.key: component for component in components}
    found = {component.key: component for component in chosen}
    for component in chosen:
        owner = by_key.get(component.owner) if component.owner else None
        if owner is not None:
            found.setdefault(owner.key, owner)
    return [component for component in components if component.key in found]


def _merged(before: Matches, found: Matches, asked: Set[str], weigh: Weigh | None) -> Matches:
    """The old answers of those that were not asked, the new ones of those that were."""
    fresh = weigh(found) if weigh is not None else found.findings
    findings = [one for one in before.findings if one.component not in asked]
    findings += [one for one in fresh if one.component in asked]
    uncovered: list[Uncovered] = [one for one in before.uncovered if one.component not in asked]
    uncovered += [one for one in found.uncovered if one.component in asked]
    code = {place: said for place, said in before.code.items() if place[0] not in asked}
    code |= {place: said for place, said in found.code.items() if place[0] in asked}
    return Matches(
        findings=tuple(sorted(findings, key=lambda one: (one.component, one.id))),
        uncovered=tuple(sorted(uncovered)),
        code=code,
    )
