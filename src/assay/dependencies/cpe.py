"""Matching by CPE names: only when asked for, only where no other source speaks, and never above weak.

A CPE name says nothing of who packaged a program, so what it matches is a hint. Conditions are judged in three values:
a platform nobody can see here is unknown, and what follows from it is too.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from assay.dependencies.identity import DISTRIBUTED
from assay.dependencies.severity import ordered, severity
from assay.dependencies.versions import SCHEMES, Scheme
from assay.formats import cpename
from assay.model.cpe import CpeCondition, CpeMatch, CpeName, CpeNode
from assay.model.finding import Finding, FindingStatus, Step, Uncovered
from assay.model.inventory import Component, Distro
from assay.ports.stores import AdvisoryStore, CpeHit, CpeStore, Enrichment

_ORDER = SCHEMES["deb"]
"""Dotted numbers with letters, as upstream projects write them; nothing sounder is known of a bare program."""
_GUESSED = frozenset({"", "generic", "github"})
_LINUX = ("linux", "linux_kernel")
_DISTRIBUTIONS = {
    ("alpinelinux", "alpine_linux"): "alpine",
    ("canonical", "ubuntu_linux"): "ubuntu",
    ("debian", "debian_linux"): "debian",
    ("fedoraproject", "fedora"): "fedora",
    ("opensuse", "leap"): "opensuse-leap",
    ("redhat", "enterprise_linux"): "rhel",
}
_NEVER = frozenset({"windows", "macos", "mac_os_x", "iphone_os", "android", "ios", "ios_xe"})
"""Beginnings of platforms that no Linux image is."""
LABEL = "CPE match, weak"


class _Asked(NamedTuple):
    """One component as CPE names it; an empty vendor is any."""

    vendor: str
    product: str
    version: str


class _Said(NamedTuple):
    """One match on the component and what it says of its version."""

    match: CpeMatch
    holds: bool | None


def match(
    components: Sequence[Component],
    uncovered: Iterable[Uncovered],
    distro: Distro | None,
    store: CpeStore,
    facts: AdvisoryStore,
) -> tuple[Finding, ...]:
    """Findings for components that no feed speaks for, sorted by component and id.

    Args:
        components: of one inventory.
        uncovered: those that no feed speaks for; a distribution's packages are judged by it alone, never here.
        distro: what the image is, for conditions that name a platform.
        store: asked once.
        facts: scores and states of the CVEs found; a rejected one gives no finding.
    """
    open_keys = {one.component for one in uncovered}
    asked = {
        component.key: (component, name)
        for component in components
        if component.key in open_keys and (name := _name(component)) is not None
    }
    hits = store.cpes(sorted({(name.vendor, name.product) for _, name in asked.values()}))
    judged = [
        (component, name, hit, verdict)
        for component, name in asked.values()
        for hit in hits.get((name.vendor, name.product), ())
        if (verdict := judge(hit.conditions, name.vendor, name.product, name.version, distro))[0] is not False
    ]
    known = facts.enrich(sorted({hit.cve for _, _, hit, _ in judged}))
    found = [
        _finding(component, name, hit, *verdict, known.get(hit.cve, Enrichment()))
        for component, name, hit, verdict in judged
        if known.get(hit.cve, Enrichment()).state != "REJECTED"
    ]
    return tuple(sorted(found, key=lambda finding: (finding.component, finding.id)))


def _name(component: Component) -> _Asked | None:
    """By the CPE name it carries, else by its own name where it is no registry's package."""
    if component.ecosystem in DISTRIBUTED or not component.version:
        return None
    given = cpename.parse(dict(component.properties).get("cpe", ""))
    if given is not None:
        version = component.version if given.version in ("*", "-") else given.version
        return _Asked("" if given.vendor == "*" else given.vendor, given.product, version)
    if component.ecosystem not in _GUESSED or not component.name:
        return None
    return _Asked("", component.name.lower().replace(" ", "_"), component.version)


def judge(
    conditions: Sequence[CpeCondition], vendor: str, product: str, version: str, distro: Distro | None
) -> tuple[bool | None, tuple[CpeMatch, ...]]:
    """Whether some condition holds with this product as the vulnerable one (None = nobody can tell), and its matches.

    Args:
        conditions: of one CVE.
        vendor: as CPE writes it; empty = any.
        product: as CPE writes it.
        version: of the component.
        distro: what the image is.
    """
    asked = _Asked(vendor, product, version)
    best: bool | None = False
    matches: list[CpeMatch] = []
    for condition in conditions:
        said = [
            _Said(one, _version(one, asked.version))
            for node in condition.nodes
            for one in node.matches
            if one.vulnerable and _same(one.name, asked)
        ]
        said = [one for one in said if one.holds is not False]
        if not said:
            continue
        own = True if any(one.holds for one in said) else None
        verdict = _all((own, _condition(condition, asked, distro)))
        if verdict is not False:
            best = _any((best, verdict))
            matches += [one.match for one in said]
    return best, tuple(dict.fromkeys(matches))


def _condition(condition: CpeCondition, asked: _Asked, distro: Distro | None) -> bool | None:
    values = [_node(node, asked, distro) for node in condition.nodes]
    whole = _all(values) if condition.operator == "AND" else _any(values)
    return _not(whole) if condition.negate else whole


def _node(node: CpeNode, asked: _Asked, distro: Distro | None) -> bool | None:
    values = [_holds(one, asked, distro) for one in node.matches]
    whole = _all(values) if node.operator == "AND" else _any(values)
    return _not(whole) if node.negate else whole


def _holds(one: CpeMatch, asked: _Asked, distro: Distro | None) -> bool | None:
    """Whether what the match names is here: the component itself, the platform, or something nobody can see."""
    if _same(one.name, asked):
        return _version(one, asked.version)
    if one.name.part != "o" or distro is None:
        return None
    place = (one.name.vendor, one.name.product)
    if place == _LINUX:
        return True if one.name.version in ("*", "-") and not _bounds(one) else None
    if one.name.product.startswith(tuple(_NEVER)):
        return False
    wanted = _DISTRIBUTIONS.get(place)
    if wanted is None:
        return None
    if wanted != distro.id:
        return False
    return True if one.name.version in ("*", "-", distro.version_id) and not _bounds(one) else None


def _same(name: CpeName, asked: _Asked) -> bool:
    return name.product == asked.product and (not asked.vendor or name.vendor == asked.vendor)


def _bounds(one: CpeMatch) -> list[tuple[str, tuple[int, ...], str]]:
    bounds = (
        (one.start_including, (0, 1), ">= "), (one.start_excluding, (1,), "> "),
        (one.end_including, (-1, 0), "<= "), (one.end_excluding, (-1,), "< "),
    )  # fmt: skip
    return [bound for bound in bounds if bound[0]]


def _version(one: CpeMatch, version: str, scheme: Scheme = _ORDER) -> bool | None:
    """Whether the version is meant. An update or another platform's edition that is named leaves it open."""
    if one.name.version == "-":
        return None
    answers: list[bool | None] = []
    if one.name.version != "*":
        order = scheme.compare(version, one.name.version)
        answers.append(None if order is None else order == 0)
    for bound, allowed, _ in _bounds(one):
        order = scheme.compare(version, bound)
        answers.append(None if order is None else order in allowed)
    if one.name.target_software not in ("*", "-") or one.name.update not in ("*", "-"):
        answers.append(None)
    return _all(answers)


def _all(values: Iterable[bool | None]) -> bool | None:
    seen = list(values)
    return False if False in seen else None if None in seen else True


def _any(values: Iterable[bool | None]) -> bool | None:
    seen = list(values)
    return True if True in seen else None if None in seen else False


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _finding(
    component: Component,
    asked: _Asked,
    hit: CpeHit,
    verdict: bool | None,
    matches: Sequence[CpeMatch],
    facts: Enrichment,
) -> Finding:
    scores = ordered(facts.scores)
    told = " or ".join(dict.fromkeys(map(_range, matches)))
    status: FindingStatus = "undetermined" if verdict is None else "affected"
    if component.removed_by is not None:
        status = "not_affected"
    marks = f"; its CVE record is marked {', '.join(facts.marks)}" if facts.marks else ""
    named = f"{asked.vendor or 'any vendor'}:{asked.product}"
    doubt = "" if verdict else "; a platform, an update or a version it asks for cannot be seen here"
    steps = [
        Step("installed", f"{component.name} {component.version}, looked up as CPE {named}", component.cataloguer),
        Step("advisory", f"{hit.cve} names {named} by {LABEL}: no package URL matched{marks}", hit.feed),
        Step("range", f"{asked.version} is compared with: {told}{doubt}", "upstream's numbers"),
        Step("fix", f"fixed in {', '.join(_fixes(matches))}" if _fixes(matches) else "no fixed version is known"),
    ]
    if component.removed_by is not None:
        steps.append(Step("layer", f"in a lower layer, removed above by layer {component.removed_by}"))
    return Finding(
        id=hit.cve, component=component.key, purl=component.purl, name=component.name, version=component.version,
        advisory=hit.cve, feed=hit.feed, status=status, matched_name=named, matched_version=asked.version,
        matched_range=told, fixed_in=_fixes(matches), severity=severity(scores, []), scores=scores, kev=facts.kev,
        epss=facts.epss, summary=facts.summary, layer=component.introduced, reasons=tuple(steps), confidence="weak",
    )  # fmt: skip


def _range(one: CpeMatch) -> str:
    bounds = ", ".join(sign + bound for bound, _, sign in _bounds(one))
    return bounds or (f"= {one.name.version}" if one.name.version not in ("*", "-") else "every version")


def _fixes(matches: Iterable[CpeMatch]) -> tuple[str, ...]:
    return tuple(sorted({one.end_excluding for one in matches if one.end_excluding}))


def merged(findings: Sequence[Finding], more: Sequence[Finding]) -> tuple[Finding, ...]:
    """Both, sorted; a finding that is there already is not told again."""
    there = {(one.component, name) for one in findings for name in (one.id, *one.aliases)}
    rest = [one for one in more if (one.component, one.id) not in there]
    return tuple(sorted((*findings, *rest), key=lambda one: (one.component, one.id)))
