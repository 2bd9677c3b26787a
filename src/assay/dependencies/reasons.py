"""The ladder of evidence under a finding: one `Step` a question, always in the order of `RUNGS`."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

from assay.dependencies import ssvc
from assay.dependencies.asking import Asked
from assay.dependencies.ranges import CONTRADICTORY, UNDECIDED
from assay.formats.foreign import CLUE, INFERRED
from assay.model.advisory import Epss, Kev, Score
from assay.model.finding import Decision, FindingStatus, Step
from assay.model.inventory import Component
from assay.ports.stores import Spared

RUNGS = (
    "installed", "advisory", "range", "fix", "present", "symbol", "import", "use", "cvss", "epss", "kev", "ssvc",
    "layer", "origin", "owner", "path", "vex", "review",
)  # fmt: skip
"""Their order. `present`, `use`, `origin` and `path` are said by `explain` alone."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one identity and one question, before a component comes into it."""

    asked: Asked
    records: tuple[tuple[str, str], ...]
    """(id, feed) of every record that speaks, the deciding one first."""
    rejected: bool
    contained: bool | None
    """Whether the version lies in the range; None = nobody can tell."""
    range: str
    fixed_in: tuple[str, ...]
    rebuilt: str
    """The fixed version that this one is a rebuild of, or empty."""
    states: tuple[str, ...]
    scores: tuple[Score, ...]
    severity: str
    epss: Epss | None
    kev: Kev | None
    ecosystem: str = ""
    """The one whose record decided; empty = the first that was asked."""
    spared: Spared | None = None
    """The distribution's word that the package is not affected."""
    marks: tuple[str, ...] = ()
    """What the CVE record's publishers say of it: `disputed`, …"""
    ssvc: Decision | None = None


def status_of(case: Case, component: Component) -> FindingStatus:
    """Only sound evidence lowers a finding; doubt never does."""
    if component.removed_by is not None or case.asked.exempt or case.rebuilt or (case.spared and not case.asked.doubt):
        return "not_affected"
    if case.asked.doubt or case.contained is None:
        return "undetermined"
    return "affected"


def shared(case: Case) -> tuple[Step, ...]:
    """The rungs that are the same for every component of one question: advisory to ssvc."""
    return (_advisory(case), _range(case), _fix(case), *_scores(case), *_epss(case), *_kev(case), *_ssvc(case.ssvc))


def of_component(
    case: Case, common: Sequence[Step], component: Component, folded: Sequence[Component]
) -> tuple[Step, ...]:
    """The whole ladder of one component, in the order of `RUNGS`."""
    place = _layer(component) if component.introduced is not None or component.removed_by is not None else ()
    owner = _owner(case, folded) if folded or case.asked.owner else ()
    return (_installed(case, component), *common, *place, *owner)


def _installed(case: Case, component: Component) -> Step:
    says = f"{component.name} {component.version or 'without a version'}"
    asked = case.asked
    if asked.name != component.name or asked.version != component.version:
        says += f", looked up as {asked.name} {asked.version}".rstrip()
    if asked.exempt:
        says += f"; it {asked.exempt}"
    facts = dict(component.properties) if component.properties else {}
    if INFERRED in facts:
        says += f"; its package URL is inferred ({facts[INFERRED]}): {facts.get(CLUE, 'no clue is given')}"
    seen = component.occurrences[0] if component.occurrences else None
    return Step("installed", says, f"{seen.kind} {seen.path}" if seen else component.cataloguer)


def _advisory(case: Case) -> Step:
    (first, feed), *others = case.records
    says = f"{first} speaks of {case.asked.name} in {case.ecosystem or case.asked.ecosystems[0]}"
    if others:
        says += f"; so do {_enumerated([name for name, _ in others])}"
    if case.rejected:
        says += "; its CVE record was rejected"
    if case.marks:
        says += f"; its CVE record is marked {', '.join(case.marks)}"
    return Step("advisory", says, ", ".join(dict.fromkeys((feed, *(name for _, name in others)))))


def _enumerated(names: Sequence[str]) -> str:
    """Names with commas; of very many the first, and how many more."""
    more = len(names) - _NAMES_COUNT
    return ", ".join(names[:_NAMES_COUNT]) + (f" and {more} more" if more > 0 else "")


_NAMES_COUNT = 50
"""Records or versions that one step names."""


def _range(case: Case) -> Step:
    version = case.asked.version or "an unknown version"
    if case.spared is not None:
        return Step("range", _spared(case, case.spared), case.spared.feed)
    if case.contained is None and case.states and UNDECIDED.issuperset(case.states):
        says = f"whether {version} is affected, nobody has decided yet"
    elif case.contained is None and CONTRADICTORY in case.states:
        says = (
            f"whether {version} is affected cannot be judged: {case.range} contradicts itself, ending before it begins"
        )
    elif case.contained is None:
        says = f"{version} cannot be compared with: {case.range}"
    elif case.range == "every version":
        says = f"{version} is affected as every version is"
    else:
        says = f"{version} is among: {case.range}"
    if case.asked.doubt:
        says += f"; but it {case.asked.doubt}"
    states = [_STATES.get(state, state) for state in case.states if state != CONTRADICTORY]
    if states:
        says += f" (state: {', '.join(states)})"
    return Step("range", says, case.asked.scheme.name)


_STATES = {
    "no-dsa": "no-dsa, no security update for it alone",
    "postponed": "postponed, to be fixed with something graver",
    "ignored": "ignored, the distribution will not fix it",
    "will-not-fix": "will-not-fix, the distribution will not fix it",
    "end-of-life": "end-of-life, the distribution no longer supports the package",
    "unimportant": "unimportant, no security issue as the distribution ships it",
    "pro": "pro, the fix is for subscribers of Ubuntu Pro",
}
"""A distribution's word and what it means; a word that is not listed says enough by itself."""


def _spared(case: Case, spared: Spared) -> str:
    never = "never was affected" if spared.state == "never-affected" else "is not affected"
    says = f"{spared.feed} says that {case.asked.name} in {case.ecosystem or case.asked.ecosystems[0]} {never}"
    says += f" by {spared.id}"
    if case.range:
        says += f", although {case.records[0][0]} names: {case.range}"
    if case.asked.doubt:
        says += f"; but it {case.asked.doubt}"
    return says


def _fix(case: Case) -> Step:
    if case.rebuilt:
        says = f"{case.asked.version} is {case.rebuilt} rebuilt for an older release: it has the fix of {case.rebuilt}"
        return Step("fix", says, "Debian's version numbers")
    if case.spared is not None and not case.fixed_in:
        return Step("fix", "nothing to fix")
    return Step("fix", f"fixed in {_enumerated(case.fixed_in)}" if case.fixed_in else "no fixed version is known")


def _scores(case: Case) -> tuple[Step, ...]:
    if case.scores:
        best = case.scores[0]
        vector = f", {best.vector}" if best.vector else ""
        return (Step("cvss", f"{best.severity} {best.score:.1f} (CVSS {best.version}{vector})", best.source),)
    if case.severity != "unknown":
        return (Step("cvss", f"{case.severity}, by the record's own word; no score"),)
    return ()


def _epss(case: Case) -> tuple[Step, ...]:
    if case.epss is None:
        return ()
    says = (
        f"{case.epss.score * 100:.3f} % probability of exploitation within 30 days, "
        f"higher than {case.epss.percentile * 100:.1f} % of all CVEs"
    )
    return (Step("epss", says, _epss_source(case.epss.model, case.epss.date)),)


@lru_cache(maxsize=64)
def _epss_source(model: str, date: str) -> str:
    return " ".join(filter(None, ("EPSS", model.removeprefix("unknown"), date)))


def _kev(case: Case) -> tuple[Step, ...]:
    """Said only when it is listed: absence is no comfort."""
    if case.kev is None:
        return ()
    says = "known to be exploited" + (f" since {case.kev.date_added}" if case.kev.date_added else "")
    if case.kev.due_date:
        says += f", due {case.kev.due_date}"
    if case.kev.ransomware.lower() == "known":
        says += ", used by ransomware"
    return (Step("kev", says, "CISA KEV"),)


@lru_cache(maxsize=4_096)
def _ssvc(decision: Decision | None) -> tuple[Step, ...]:
    """Said where some input is known; what follows from none is every outcome. There are few different decisions."""
    if decision is None or not any(item.value for item in decision.inputs):
        return ()
    return (Step("ssvc", f"{ssvc.says(decision)}; {ssvc.inputs(decision)}", "SSVC 2, CISA and deployer trees"),)


def _layer(component: Component) -> Iterable[Step]:
    if component.introduced is not None:
        says = f"introduced in layer {component.introduced}"
        if component.removed_by is not None:
            says = f"in a lower layer ({component.introduced}), removed above by layer {component.removed_by}"
        yield Step("layer", says)
    elif component.removed_by is not None:
        yield Step("layer", f"in a lower layer, removed above by layer {component.removed_by}")


def _owner(case: Case, folded: Iterable[Component]) -> Iterable[Step]:
    """The OS package that owns it; or the packages whose files it owns: they are judged here and not counted again."""
    if case.asked.owner:
        says = f"{case.asked.owner}, owns its files: judged by {case.asked.ecosystems[0]}'s advisories"
        yield Step("owner", says)
    names = sorted({f"{item.ecosystem} {item.name} {item.version}".rstrip() for item in folded})
    if names:
        yield Step("owner", f"also stands for {', '.join(names)}, whose files it owns")
