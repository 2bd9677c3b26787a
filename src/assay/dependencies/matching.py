"""Components met advisories: one finding per alias class and component, each with its reasons.

The loops are plain and the store is asked once for all components: five thousand of them are matched in a fifth of a
second (`bench`).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from operator import attrgetter

import msgspec

from assay.dependencies import reasons, ssvc
from assay.dependencies.aliases import identities, is_cve
from assay.dependencies.asking import Asked, ask, ask_owned, too_long
from assay.dependencies.distributions import PRO, rebuilt_from
from assay.dependencies.identity import DISTRIBUTED
from assay.dependencies.names import canonical_name
from assay.dependencies.ranges import CONTRADICTORY, contradicts_itself, describe, fixes, judge
from assay.dependencies.severity import ordered, severity
from assay.dependencies.versions import VERSION_CHARACTERS
from assay.formats import collector
from assay.model.advisory import Advisory, Category, Score, VulnerableCode
from assay.model.finding import Finding, Step, Uncovered
from assay.model.inventory import Component, Distro
from assay.ports.stores import AdvisoryHit, AdvisoryStore, Coverage, Enrichment, Query, Spared

_NOWHERE = ssvc.Deployment()
_NO_FIXES_FOLLOWED = "in another suite than the image's own: no feed follows its fixes"
_TOO_LONG = f"its version has more than {VERSION_CHARACTERS} characters: it cannot be compared with any"
_ERRATA_OF_NO_FLAW = ("ALBA-", "ALEA-", "RHBA-", "RHEA-", "RLBA-", "RLEA-", "ELBA-", "ELEA-")
"""Bug-fix and enhancement errata; without a CVE they speak of no vulnerability."""


_WITH_CODE = frozenset({"Go", "crates.io"})
"""Ecosystems whose advisories say in which functions a flaw lies."""


class Matches(msgspec.Struct, frozen=True, kw_only=True):
    """Findings sorted by component and id; components nobody speaks for, sorted."""

    findings: tuple[Finding, ...] = ()
    uncovered: tuple[Uncovered, ...] = ()
    code: Mapping[tuple[str, str], tuple[VulnerableCode, ...]] = {}
    """(component, id) of a finding to where in the component the flaw lies, as far as an advisory says."""


class _Speech(msgspec.Struct, frozen=True):
    """What one record says about one question."""

    record: str
    hits: tuple[AdvisoryHit, ...]
    contained: bool | None


class _Ruling(msgspec.Struct, frozen=True, kw_only=True):
    """One identity and one question, ready for components."""

    id: str
    aliases: tuple[str, ...]
    category: Category
    case: reasons.Case
    summary: str
    common: tuple[Step, ...]
    code: tuple[VulnerableCode, ...] = ()


def match(
    components: Sequence[Component],
    distro: Distro | None,
    store: AdvisoryStore,
    where: ssvc.Deployment = _NOWHERE,
) -> Matches:
    """Find what the advisories say about the components.

    Args:
        components: of one inventory; those owned by a distribution package are judged by their owner alone, or, where
            no feed covers the owner, by their own registry: then never above `undetermined`.
        distro: whose advisories judge distribution packages; None takes what each package URL says.
        store: asked in batches.
        where: what the operator says of the place where the components run, for SSVC.

    Returns:
        Findings, with status `undetermined` where a version cannot be compared and `not_affected` where the package
        is gone from the final root; and the components that no feed speaks for.
    """
    with collector.paused():
        return _match(components, distro, store, where)


def _match(
    components: Sequence[Component], distro: Distro | None, store: AdvisoryStore, where: ssvc.Deployment
) -> Matches:
    by_key = {component.key: component for component in components}
    folded: dict[str, list[Component]] = defaultdict(list)
    asked: list[tuple[Component, Asked]] = []
    uncovered: list[Uncovered] = []
    same: dict[Asked, Asked] = {}  # one object a question: what is the same object needs no comparing
    for component in components:
        if component.owner and _is_folded(component, by_key):
            folded[component.owner].append(component)
            continue
        question = ask(component, distro)
        if isinstance(question, str):
            uncovered.append(Uncovered(component.key, question))
        else:
            asked.append((component, same.setdefault(question, question)))
    asked, covered, beyond = _covered(asked, store)
    unordered = {component.key for component in components if too_long(component)}
    silent = {one.component for one in uncovered} | {
        component.key
        for component, question in asked
        if component.key in folded and (component.key in unordered or not _spoken_for(question, covered))
    }
    owned = [pair for key in silent & folded.keys() for pair in _owned(by_key[key], folded[key])]
    rulings = _rulings(dict.fromkeys(question for _, question in (*asked, *owned)), store, where)
    findings: list[Finding] = []
    code: dict[tuple[str, str], tuple[VulnerableCode, ...]] = {}

    def judged(component: Component, question: Asked, folded: Sequence[Component]) -> bool:
        """Add its findings; whether there are any, or a feed would have had some to say."""
        found = rulings.get(question, ())
        if component.key in unordered:  # its findings would repeat the text thousands of times: one row says it
            found = tuple(ruling for ruling in found if ruling.category == "malicious")
            uncovered.append(Uncovered(component.key, _TOO_LONG))
        for ruling in found:
            findings.append(_finding(ruling, component, folded))
            if ruling.code:
                code[component.key, ruling.id] = ruling.code
        return bool(found) or component.key in unordered or _spoken_for(question, covered)

    for component, question in asked:
        if not judged(component, question, () if component.key in unordered else folded.get(component.key, ())):
            uncovered.append(Uncovered(component.key, _why_uncovered(question, beyond)))
    silent = {one.component for one in uncovered}
    for component, question in owned:
        if component.owner in silent:  # its own registry's silence is no news: the owner's row says that nobody speaks
            judged(component, question, ())
    findings.sort(key=attrgetter("component", "id"))
    return Matches(findings=tuple(findings), uncovered=tuple(sorted(uncovered)), code=code)


def _spoken_for(question: Asked, covered: Set[Asked]) -> bool:
    """Whether silence about it means that it is not affected."""
    return question.tracked and question in covered


def _owned(owner: Component, folded: Iterable[Component]) -> Iterator[tuple[Component, Asked]]:
    """What to ask of packages whose owner no feed covers; each is one package, and has its own findings."""
    why = "whose version is too long to be compared" if too_long(owner) else "which no feed covers"
    for component in folded:
        question = ask_owned(component, owner, why)
        if question is not None:
            yield component, question


def _is_folded(component: Component, by_key: Mapping[str, Component]) -> bool:
    """Owned by a distribution package that is there and is no less visible than the component."""
    owner = by_key.get(component.owner) if component.owner else None
    if owner is None or owner.ecosystem not in DISTRIBUTED or component.ecosystem in DISTRIBUTED:
        return False
    return owner.removed_by is None or component.removed_by is not None


def _why_uncovered(question: Asked, beyond: Mapping[Asked, str]) -> str:
    if not question.tracked:
        return _NO_FIXES_FOLLOWED
    return beyond.get(question) or f"no feed speaks for {question.name} in {question.ecosystems[0]}"


def _covered(
    asked: list[tuple[Component, Asked]], store: AdvisoryStore
) -> tuple[list[tuple[Component, Asked]], set[Asked], dict[Asked, str]]:
    """Questions, a question of which nobody speaks given way to its `instead`; which of them a feed covers; and why
    none does where every feed that speaks of the package has read older versions only.
    """
    questions = dict.fromkeys([question for _, question in asked])
    questions.update(dict.fromkeys([one.instead for one in questions if one.instead is not None]))
    pairs = {(ecosystem, question.name) for question in questions for ecosystem in question.ecosystems}
    spoken = store.coverage(sorted(pairs))

    def speakers(question: Asked) -> list[Coverage]:
        return [one for ecosystem in question.ecosystems for one in spoken.get((ecosystem, question.name), ())]

    chosen = [
        (component, question.instead if question.instead is not None and not speakers(question) else question)
        for component, question in asked
    ]
    covered: set[Asked] = set()
    beyond: dict[Asked, str] = {}
    for question in dict.fromkeys([question for _, question in chosen]):
        bounds = speakers(question)
        why = _beyond(question, bounds)
        if why:
            beyond[question] = why
        elif bounds:
            covered.add(question)
    return chosen, covered, beyond


def _beyond(question: Asked, speakers: Sequence[Coverage]) -> str:
    """Why no feed that speaks of the package has read this version, or empty; what cannot be compared was not read."""
    for one in speakers:
        if not one.newest:  # as nearly always: a feed reads every version
            return ""
    if not speakers:
        return ""
    version, compare = question.version, question.scheme.compare
    if any(compare(version, one.newest) in (-1, 0) for one in speakers):
        return ""
    known = " and ".join(f"the feed {one.feed} knows {question.name} up to {one.newest}" for one in speakers)
    if all(compare(version, one.newest) for one in speakers):
        return f"{known}; {version} is newer"
    return f"{known}; {version or 'an unknown version'} cannot be compared with that"


def _rulings(
    questions: Iterable[Asked], store: AdvisoryStore, where: ssvc.Deployment
) -> dict[Asked, tuple[_Ruling, ...]]:
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
) -> _Ruling:
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
    return _Ruling(
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


def _finding(ruling: _Ruling, component: Component, folded: Sequence[Component]) -> Finding:
    case = ruling.case
    advisory, feed = case.records[0]
    return Finding(
        id=ruling.id,
        aliases=ruling.aliases,
        component=component.key,
        purl=component.purl,
        name=component.name,
        version=component.version,
        category=ruling.category,
        advisory=advisory,
        feed=feed,
        status=reasons.status_of(case, component),
        matched_name=case.asked.name,
        matched_version=case.asked.version,
        matched_range=case.range,
        fixed_in=case.fixed_in,
        severity=case.severity,
        scores=case.scores,
        kev=case.kev,
        epss=case.epss,
        ssvc=case.ssvc,
        summary=ruling.summary,
        layer=component.introduced,
        reasons=reasons.of_component(case, ruling.common, component, folded),
    )
