"""What the advisories say to each question: one ruling per alias class, ready for every component that asks it.

The loops are plain, and the store is asked once for all questions (`bench`).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

import msgspec

from assay.dependencies import reasons, ssvc
from assay.dependencies.aliases import identities, is_cve
from assay.dependencies.asking import Asked
from assay.dependencies.distributions import PRO, rebuilt_from
from assay.dependencies.names import canonical_name
from assay.dependencies.ranges import CONTRADICTORY, contradicts_itself, describe, fixes, judge
from assay.dependencies.severity import ordered, severity
from assay.model.advisory import Advisory, Category, Score, VulnerableCode
from assay.model.finding import Step
from assay.ports.stores import AdvisoryHit, AdvisoryStore, Enrichment, Query, Spared

_ERRATA_OF_NO_FLAW = ("ALBA-", "ALEA-", "RHBA-", "RHEA-", "RLBA-", "RLEA-", "ELBA-", "ELEA-")
"""Bug-fix and enhancement errata; without a CVE they speak of no vulnerability."""
_WITH_CODE = frozenset({"Go", "crates.io"})
"""Ecosystems whose advisories say in which functions a flaw lies."""


class _Speech(msgspec.Struct, frozen=True):
    """What one record says about one question."""

    record: str
    hits: tuple[AdvisoryHit, ...]
    contained: bool | None


class Ruling(msgspec.Struct, frozen=True, kw_only=True):
    """One identity and one question, ready for components."""

    id: str
    aliases: tuple[str, ...]
    category: Category
    case: reasons.Case
    summary: str
    common: tuple[Step, ...]
    code: tuple[VulnerableCode, ...] = ()


def rulings_on(
    questions: Iterable[Asked], store: AdvisoryStore, where: ssvc.Deployment
) -> dict[Asked, tuple[Ruling, ...]]:
    """Everything the store says about the questions, in three batches: ranges, records, facts about their CVEs."""
    queries: list[Query] = []
    sources: list[Asked] = []
    for question in questions:
        key = question.key
        for ecosystem in question.ecosystems:
            for name in question.names:
                queries.append(Query(ecosystem, name, key))
                sources.append(question)
    speeches: dict[Asked, dict[str, list[AdvisoryHit]]] = {}
    for question, hits in zip(sources, store.lookup(queries), strict=True):
        for hit in hits:
            speeches.setdefault(question, {}).setdefault(hit.advisory, []).append(hit)
    judged = {question: _speeches(question, by_record) for question, by_record in speeches.items()}
    records = store.advisories(sorted({one.record for spoken in judged.values() for one in spoken}))
    names = {identifier: identities(record) for identifier, record in records.items()}
    spared = _spared(questions, store)
    for question in spared:
        judged.setdefault(question, [])
    bundles = {identifier for identifier, found in names.items() if len(found) > 1}
    cves = sorted({name for found in (*names.values(), *spared.values()) for name in found if is_cve(name)})
    facts = store.enrich(cves)
    return {
        question: tuple(
            _ruling(identity, question, group, records, bundles, facts.get(identity), where, said.get(identity))
            for identity, group in sorted(_by_identity(spoken, records, names, said).items())
        )
        for question, spoken, said in ((one, spoken, spared.get(one, {})) for one, spoken in judged.items())
    }


def _spared(questions: Iterable[Asked], store: AdvisoryStore) -> dict[Asked, dict[str, Spared]]:
    """What the distributions say does not concern the packages asked for, by id."""
    pairs = {
        question: [(ecosystem, name) for ecosystem in question.ecosystems for name in question.spared_names]
        for question in questions
        if question.spared_names
    }
    if not pairs:
        return {}
    words = store.unaffected(sorted({pair for some in pairs.values() for pair in some}))
    found = {
        question: {one.id: one for pair in reversed(some) for one in words.get(pair, ())}
        for question, some in pairs.items()
    }
    return {question: said for question, said in found.items() if said}


def _speeches(question: Asked, by_record: Mapping[str, list[AdvisoryHit]]) -> list[_Speech]:
    """Which records name the version, and which cannot be told; those that do not name it are dropped here."""
    scheme, version = question.scheme, question.version
    found = []
    for record, hits in by_record.items():
        spoken, contained = judge(scheme, version, hits)
        if spoken:
            found.append(_Speech(record, spoken, contained))
    return found


def _by_identity(
    speeches: Iterable[_Speech],
    records: Mapping[str, Advisory],
    names: Mapping[str, tuple[str, ...]],
    spared: Mapping[str, Spared],
) -> dict[str, list[_Speech]]:
    """Speeches by alias class; a bundle speaks for each of its CVEs. A record the store lost speaks for itself.

    A flaw of which the distribution says that it never was there is listed even though no record speaks of it.
    """
    found: dict[str, list[_Speech]] = defaultdict(list)
    for speech in speeches:
        record = records.get(speech.record)
        if record is not None and record.withdrawn:
            continue
        for identity in names.get(speech.record, (speech.record,)):
            found[identity].append(speech)
    for identity, said in spared.items():
        if said.state == "never-affected":
            found.setdefault(identity, [])
    return found


def _ruling(
    identity: str,
    question: Asked,
    speeches: Sequence[_Speech],
    records: Mapping[str, Advisory],
    bundles: Set[str],
    facts: Enrichment | None,
    where: ssvc.Deployment,
    spared: Spared | None,
) -> Ruling:
    """One identity: who decides is the record that is sure, then the one that names a fix, then the smallest id."""
    facts = facts or Enrichment()
    spoken = speeches
    if len(speeches) > 1:
        spoken = sorted(speeches, key=lambda s: (s.contained is None, not any(hit.fixed for hit in s.hits), s.record))
    contained = spoken[0].contained if spoken else False
    hits = [hit for speech in spoken if speech.contained == contained for hit in speech.hits]
    heads = [records[speech.record] for speech in spoken if speech.record in records]
    alone = [head for head in heads if head.id not in bundles]
    category = _category(identity, heads)
    scores = ordered((*facts.scores, *_own_scores(alone)) or _own_scores(heads))
    case = reasons.Case(
        asked=question,
        records=tuple((speech.record, _feed(speech, records)) for speech in spoken) or _said_by(spared),
        ecosystem=hits[0].ecosystem if hits else question.ecosystems[0],
        spared=spared,
        marks=facts.marks,
        rejected=facts.state == "REJECTED",
        contained=contained,
        range=describe(hits),
        fixed_in=fixes(question.scheme, hits),
        rebuilt=_rebuilt(question, hits) if contained else "",
        states=_states(question, hits),
        scores=scores,
        severity=severity(scores, [head.severity for head in heads]),
        epss=facts.epss,
        kev=facts.kev,
        ssvc=ssvc.decide(facts.ssvc, facts.kev, where) if category == "vulnerability" else None,
    )
    return Ruling(
        id=identity,
        aliases=tuple(sorted(_other_names(identity, alone, spoken))),
        category=category,
        case=case,
        summary=facts.summary or next((head.summary for head in heads if head.summary), ""),
        common=reasons.shared(case),
        code=_code(question, [s.record for s in spoken if s.contained == contained], records)
        if question.ecosystems[0] in _WITH_CODE
        else (),
    )


def _code(question: Asked, deciding: Sequence[str], records: Mapping[str, Advisory]) -> tuple[VulnerableCode, ...]:
    """Where the flaw lies in the package asked for, by every record that names its version and says so.

    Go's own database says so in every record it has reviewed: one that does not leaves the whole module in doubt.
    """
    ecosystem = question.ecosystems[0]
    heads = [records[identifier] for identifier in deciding if identifier in records]
    if any(head.id.startswith("GO-") and not head.code for head in heads):
        return ()
    name = canonical_name(ecosystem, question.name)
    named = {one for head in heads for one in head.code if canonical_name(ecosystem, one.name) == name}
    if ecosystem == "Go" and any(one.name != question.name for one in named):
        return ()  # spelt otherwise, its functions are called otherwise than the program's: their absence shows nothing
    return tuple(sorted(named))


def _states(question: Asked, hits: Sequence[AdvisoryHit]) -> tuple[str, ...]:
    """The distribution's words, `pro` where every fix is one of Ubuntu Pro, and that a range contradicts itself."""
    found = {hit.state for hit in hits if hit.state}
    unkeyed = [hit for hit in hits if not hit.keyed]  # few: what is keyed was judged by its index
    if unkeyed and any(contradicts_itself(question.scheme, hit) for hit in unkeyed):
        found.add(CONTRADICTORY)
    fixes = {hit.ecosystem for hit in hits if hit.fixed}
    if fixes and all(ecosystem.startswith(PRO) for ecosystem in fixes):
        found.add("pro")
    return tuple(sorted(found)) if found else ()


def _said_by(spared: Spared | None) -> tuple[tuple[str, str], ...]:
    return ((spared.id, spared.feed),) if spared is not None else ()


def _rebuilt(question: Asked, hits: Sequence[AdvisoryHit]) -> str:
    """The version a Debian package is a rebuild of, if that is the very one that every hit calls fixed."""
    if not question.ecosystems[0].startswith("Debian:"):
        return ""
    base = rebuilt_from(question.version)
    return base if base and all(question.scheme.compare(base, hit.fixed) == 0 for hit in hits) else ""


def _own_scores(heads: Iterable[Advisory]) -> Iterator[Score]:
    """Scores of the records themselves. A bundle's are those of its worst member: taken where there are no others."""
    return (score for head in heads for score in head.scores)


def _feed(speech: _Speech, records: Mapping[str, Advisory]) -> str:
    record = records.get(speech.record)
    return speech.hits[0].feed or (record.feed if record is not None else "")


def _other_names(identity: str, alone: Iterable[Advisory], speeches: Iterable[_Speech]) -> set[str]:
    """Every other id of the class; of a bundle only its own id, as its other CVEs are other vulnerabilities."""
    names = {speech.record for speech in speeches}
    for head in alone:
        names.update(head.aliases)
    return names - {identity}


def _category(identity: str, heads: Sequence[Advisory]) -> Category:
    found = {_category_of(identity, head) for head in heads}
    if "malicious" in found:
        return "malicious"
    return "informational" if found == {"informational"} else "vulnerability"


def _category_of(identity: str, head: Advisory) -> Category:
    return "informational" if identity.startswith(_ERRATA_OF_NO_FLAW) else head.category
