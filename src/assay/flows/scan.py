"""An inventory becomes a report: matched, VEX applied, lifecycle looked up, decided."""

from collections.abc import Sequence

import msgspec

from assay.dependencies import importing, lifecycle, matching, origin, reachability
from assay.dependencies import vex as vex_rules
from assay.dependencies.graph import Graph
from assay.dependencies.lifetimes import lifetimes
from assay.dependencies.ssvc import Deployment
from assay.dependencies.suspicion import suspicions
from assay.flows import freshness
from assay.flows.decide import decide
from assay.flows.functions import ProgramReader
from assay.flows.importing import ImportReader
from assay.flows.statements import statements
from assay.model.finding import Finding, Uncovered
from assay.model.inventory import Inventory
from assay.model.lifecycle import Horizon
from assay.model.policy import PolicyBundle
from assay.model.report import Report, Sources, Tool
from assay.model.suspicion import Internal
from assay.model.verdict import Verdict
from assay.model.vex import VexConflict, VexDocument, VexRevocation, VexStatement
from assay.ports.decisions import PolicyEngine
from assay.ports.stores import AdvisoryIndex, AdvisoryStore, CpeStore, Lifecycles
from assay.ports.world import Progress
from assay.trust.observed import observed


class Knowledge(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to match against: a store, or the reason why there is none."""

    store: AdvisoryStore | None
    index: AdvisoryIndex | None = None
    """The same store, by id."""
    lifecycles: Lifecycles | None = None
    cpes: CpeStore | None = None
    """Conditions of CPE names, where the operator wants such matches too."""
    absent: str = ""
    horizon: Horizon = Horizon()
    """How near an end of life is told beforehand, and whose support counts."""
    deployment: Deployment = Deployment()
    """What the operator says of the place where the subject runs."""
    reader: ProgramReader | None = None
    """Looks into programs of the subject again; None where there is nothing to look into: an SBOM."""
    importer: ImportReader | None = None
    """Looks at what the subject's Python program imports; None as above."""
    internal: Internal = Internal()
    """Which package names the operator calls internal."""


class Court(msgspec.Struct, frozen=True, kw_only=True):
    """Who decides: a policy, an engine, a deadline in seconds."""

    bundle: PolicyBundle
    engine: PolicyEngine
    seconds: float


class _Found(msgspec.Struct, frozen=True, kw_only=True):
    """What matching and VEX make of an inventory; without a store only that there is none."""

    sources: Sources
    findings: tuple[Finding, ...] = ()
    conflicts: tuple[VexConflict, ...] = ()
    revocations: tuple[VexRevocation, ...] = ()
    uncovered: tuple[Uncovered, ...] = ()


def scan(
    inventory: Inventory,
    knowledge: Knowledge,
    vex: Sequence[VexStatement],
    court: Court | None,
    *,
    tool: Tool,
    now: str,
    progress: Progress,
    documents: Sequence[VexDocument] = (),
) -> Report:
    """Match, apply VEX, look up the lifecycle and decide.

    Args:
        inventory: what is there.
        knowledge: advisories; without a store nothing is matched and the report says so.
        vex: statements that count; applied in the rules of `dependencies.vex`.
        court: the policy; None makes no decision.
        tool: who writes the report.
        now: RFC 3339 time the report is made for.
        progress: told each stage.
        documents: where the statements come from, and which documents do not count.
    """
    found = _found(inventory, knowledge, vex, now, progress)
    known, horizon = knowledge.lifecycles, knowledge.horizon
    life = lifecycle.judge(inventory.distro, known, now, horizon) if known else None
    report = Report(
        tool=tool,
        subject=inventory.subject,
        created=inventory.created,
        properties=inventory.properties,
        distro=inventory.distro,
        layers=inventory.layers,
        components=inventory.components,
        relations=inventory.relations,
        findings=found.findings,
        uncovered=found.uncovered,
        gaps=inventory.gaps,
        locks=inventory.locks,
        sources=found.sources,
        base=inventory.base,
        shares=Graph(inventory).shares(),
        origins=origin.count(inventory.components, inventory.base) if inventory.base is not None else None,
        end_of_life=life,
        lifetimes=lifetimes(inventory.components, life, known, now, horizon) if known else None,
        vex_documents=tuple(documents),
        vex_conflicts=found.conflicts,
        vex_revocations=found.revocations,
        suspicions=suspicions(inventory.components, knowledge.internal),
    )
    if court is None:
        return report
    progress.stage(f"deciding by policy {court.bundle.name}")
    return msgspec.structs.replace(report, verdict=verdict_on(report, court, now))


def _found(
    inventory: Inventory, knowledge: Knowledge, vex: Sequence[VexStatement], now: str, progress: Progress
) -> _Found:
    """What advisories say, looked into as far as the subject can be, and weighed by VEX."""
    if knowledge.store is None:
        return _Found(sources=Sources(state="absent", reason=knowledge.absent))
    status = knowledge.store.status()
    progress.stage(f"matching {len(inventory.components)} packages against {len(status.feeds)} feeds")
    matched = matching.match(inventory.components, inventory.distro, knowledge.store, knowledge.deployment)
    looked = _looked_into(matched, inventory, knowledge.reader)
    looked = importing.apply(looked, inventory.components, _imports(looked, inventory, knowledge.importer))
    if knowledge.cpes is not None:
        from assay.dependencies import cpe  # only who asks for such matches loads it

        named = cpe.match(inventory.components, matched.uncovered, inventory.distro, knowledge.cpes, knowledge.store)
        looked = cpe.merged(looked, named)
    weighed = vex_rules.weigh(looked, vex, inventory.subject, inventory.components, now)
    return _Found(
        sources=Sources(
            state="present",
            database=status.content_digest,
            built=freshness.newest_date(status.feeds, now),
            feeds=freshness.aged(status.feeds, now),
            warning=freshness.warning(status.feeds, now),
        ),
        findings=_placed(weighed.findings, inventory),
        conflicts=weighed.conflicts,
        revocations=weighed.revocations,
        uncovered=matched.uncovered,
    )


def _looked_into(matched: matching.Matches, inventory: Inventory, reader: ProgramReader | None) -> tuple[Finding, ...]:
    """The findings with what the subject's programs say of them; nothing is read where no advisory names functions."""
    if not matched.code:
        return matched.findings
    places = reachability.wanted(matched.findings, matched.code, inventory.components)
    programs = reader.programs(inventory, places) if reader is not None and places else None
    return reachability.apply(matched.findings, matched.code, inventory.components, programs)


def _imports(
    findings: Sequence[Finding], inventory: Inventory, importer: ImportReader | None
) -> importing.ImportGraph | None:
    """What the subject's Python program imports; asked only where a finding concerns a Python package."""
    asked = importer is not None and importing.is_asked(findings, inventory.components)
    return importer.imports(inventory) if importer is not None and asked else None


def _placed(findings: Sequence[Finding], inventory: Inventory) -> tuple[Finding, ...]:
    """Each finding with the origin of its component."""
    whose = {c.key: origin.origin(c, inventory.base) for c in inventory.components}
    return tuple(msgspec.structs.replace(f, origin=whose.get(f.component, "unknown")) for f in findings)


def verdict_on(report: Report, court: Court, now: str) -> Verdict:
    """Decide on what this process has itself observed: each statement becomes evidence of the signer `self`."""
    evidence = [observed(statement, now) for statement in statements(report, timestamp=now)]
    return decide(evidence, court.bundle, court.engine, now, report.subject, court.seconds)
