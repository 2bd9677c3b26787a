"""Why an id has no finding: for each installed package that an advisory of it names, what the advisory says.

The opposite of `explain`, which has a finding to explain. Nothing is decided here: matching has found nothing, and this
says what it has seen; where nothing is known of the id, that is said too.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set

import msgspec

from assay.dependencies.aliases import identities
from assay.dependencies.asking import Asked, ask
from assay.dependencies.names import canonical_name
from assay.dependencies.ranges import describe, judge
from assay.model.advisory import Advisory
from assay.model.inventory import Component, Distro
from assay.model.report import Report
from assay.ports.stores import AdvisoryHit, AdvisoryIndex, AdvisoryStore, Enrichment, Query, Spared

_STABLE_UPDATE = re.compile(r"[~+]deb([0-9]{1,3})u[0-9]+")
_Pair = tuple[str, str]


class Unconcerned(msgspec.Struct, frozen=True, order=True):
    """One installed package that is named, and why there is no finding."""

    component: str
    name: str
    version: str
    says: str
    source: str = ""
    """The feed."""


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """What the database knows of an id that matches nothing."""

    id: str
    """As the database writes it."""
    records: tuple[str, ...] = ()
    """Advisories that speak of it, sorted."""
    cve: Enrichment | None = None
    """Its CVE record, or what else is told of the CVE by its id."""
    packages: tuple[_Pair, ...] = ()
    """(ecosystem, name) of what they name, sorted."""
    unconcerned: tuple[Unconcerned, ...] = ()
    """Installed packages of these names, sorted."""

    @property
    def known(self) -> bool:
        """Whether anything is."""
        return bool(self.records or self.packages or self.cve is not None)


class _Said(msgspec.Struct, frozen=True):
    """Everything that is told of the id."""

    records: Mapping[str, Advisory]
    ids: Set[str]
    packages: Set[_Pair]
    names: Set[_Pair]
    """(family of ecosystems, name): `Debian` of `Debian:12`."""


def silence(identifier: str, report: Report, store: AdvisoryStore, index: AdvisoryIndex) -> Silence:
    """What is known of an id that no finding of the report has.

    Args:
        identifier: in any case.
        report: its components, distribution and uncovered packages.
        store: the database the report was made with.
        index: the same database, by id.
    """
    for spelling in _spellings(identifier):
        found = _known(spelling, store, index)
        if found.known:
            return msgspec.structs.replace(found, unconcerned=_unconcerned(found, report, store))
    return Silence(id=identifier)


def _spellings(identifier: str) -> tuple[str, ...]:
    """As typed; as CVE, DSA and most others are written; as GHSA is."""
    text = identifier.strip()
    head, dash, tail = text.partition("-")
    return tuple(dict.fromkeys((text, text.upper(), f"{head.upper()}{dash}{tail.lower()}")))


def _known(identifier: str, store: AdvisoryStore, index: AdvisoryIndex) -> Silence:
    records = _speaking(identifier, store, index)
    for cve in {names[0] for names in map(identities, records.values()) if len(names) == 1} - {identifier}:
        records |= _speaking(cve, store, index)
    return Silence(
        id=identifier,
        records=tuple(sorted(records)),
        cve=store.enrich([identifier]).get(identifier),
        packages=index.named(records, _ids(identifier, records.values())),
    )


def _speaking(identifier: str, store: AdvisoryStore, index: AdvisoryIndex) -> dict[str, Advisory]:
    found = store.advisories(index.speaking(identifier))
    return {name: one for name, one in found.items() if identifier in (name, *one.aliases, *identities(one))}


def _ids(identifier: str, records: Iterable[Advisory]) -> set[str]:
    """The id and its other names; of a bundle none, for its other CVEs are other vulnerabilities."""
    found = {identifier}
    for one in records:
        if len(identities(one)) == 1:
            found.update((one.id, *one.aliases, *identities(one)))
    return found


def _unconcerned(found: Silence, report: Report, store: AdvisoryStore) -> tuple[Unconcerned, ...]:
    records = store.advisories(found.records)
    names = frozenset((_family(ecosystem), name) for ecosystem, name in found.packages)
    said = _Said(records, _ids(found.id, records.values()), frozenset(found.packages), names)
    uncovered = {row.component: row.reason for row in report.uncovered}
    rows: list[Unconcerned] = []
    for component in report.components:
        for question in _questions(component, report.distro):
            told = _told(component, question, said, store, uncovered.get(component.key, ""))
            if told is not None:
                rows.append(Unconcerned(component.key, component.name, component.version, *told))
                break
    return tuple(sorted(rows))


def _questions(component: Component, distro: Distro | None) -> Sequence[Asked]:
    question = ask(component, distro)
    if isinstance(question, str):
        return ()
    return (question,) if question.instead is None else (question, question.instead)


def _told(
    component: Component, question: Asked, said: _Said, store: AdvisoryStore, uncovered: str
) -> tuple[str, str] | None:
    """What is said of the component, and by which feed; None where it is not spoken of."""
    pairs = [(e, canonical_name(e, name)) for e in question.ecosystems for name in question.names]
    met = [pair for pair in pairs if pair in said.packages]
    if not met:
        if not any((_family(ecosystem), name) in said.names for ecosystem, name in pairs):
            return None
        place = f"{question.name} in {question.ecosystems[0]}"
        return (f"not covered: {uncovered}" if uncovered else f"no advisory speaks of it for {place}"), ""
    spared = [one for pair in met for one in store.unaffected([pair]).get(pair, ()) if one.id in said.ids]
    if spared:
        return _spared(spared[0], question), spared[0].feed
    by_record: dict[str, list[AdvisoryHit]] = defaultdict(list)
    for hits in store.lookup([Query(ecosystem, name, None) for ecosystem, name in met]):
        for hit in hits:
            if hit.advisory in said.records:
                by_record[hit.advisory].append(hit)
    if not by_record:
        return None
    says, feed = _judged(component, question, by_record, said.records)
    return says + (f"; not covered: {uncovered}" if uncovered else ""), feed


def _judged(
    component: Component,
    question: Asked,
    by_record: Mapping[str, Sequence[AdvisoryHit]],
    records: Mapping[str, Advisory],
) -> tuple[str, str]:
    """By the records that stand; where all were withdrawn, that."""
    standing = {name: hits for name, hits in by_record.items() if not records[name].withdrawn}
    if not standing:
        name = min(by_record)
        return f"{name} was withdrawn on {records[name].withdrawn[:10]}", records[name].feed
    held = [name for name, hits in standing.items() if judge(question.scheme, question.version, hits)[1] is not False]
    hits = [hit for name, some in standing.items() for hit in some if not held or name in held]
    feed = ", ".join(sorted({hit.feed for hit in hits if hit.feed}))
    if held:
        return _held(component, question, hits), feed
    fix = _fix(question, hits)
    if fix is not None:
        return f"{_looked_up(component, question)}has the fix of {fix.fixed}{_where(fix)}", feed
    return f"{_looked_up(component, question)}{question.version} is not among: {describe(hits)}", feed


def _held(component: Component, question: Asked, hits: Sequence[AdvisoryHit]) -> str:
    """In the range, or not to be compared, and yet without a finding of its own: another package answers for it."""
    version = question.version or "an unknown version"
    says = f"{_looked_up(component, question)}{version} may be among: {describe(hits)}"
    if component.owner:
        return f"{says}; but {component.owner} owns its files and is judged in its stead"
    return f"{says}; no finding was made of it"


def _fix(question: Asked, hits: Iterable[AdvisoryHit]) -> AdvisoryHit | None:
    """The newest fix that the version has, by the ecosystem's order."""
    best: AdvisoryHit | None = None
    compare = question.scheme.compare
    for hit in hits:
        had = bool(hit.fixed) and compare(question.version, hit.fixed) in (0, 1)
        if had and (best is None or compare(hit.fixed, best.fixed) == 1):
            best = hit
    return best


def _where(hit: AdvisoryHit) -> str:
    """Who made the fix, where a distribution did: `+deb12u1` and `~deb12u1` are updates of a stable release."""
    family, _, release = hit.ecosystem.partition(":")
    if not release:
        return ""
    stable = _STABLE_UPDATE.findall(hit.fixed) if family == "Debian" else ()
    return f": backported in Debian {stable[-1]}" if stable else f" of {hit.ecosystem}"


def _looked_up(component: Component, question: Asked) -> str:
    """Under which name and version it was looked up, where these are not its own."""
    if question.name == component.name and question.version == component.version:
        return ""
    return f"looked up as {question.name} {question.version}: "


def _spared(spared: Spared, question: Asked) -> str:
    never = "never was affected" if spared.state == "never-affected" else "is not affected"
    return f"{spared.feed} says that {question.name} in {question.ecosystems[0]} {never} by {spared.id}"


def _family(ecosystem: str) -> str:
    return ecosystem.partition(":")[0]
