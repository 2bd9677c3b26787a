"""Evidence → facts → engine → verdict: the order of steps of a decision, the same for a scan and for a verification."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from assay.formats import wire
from assay.model.evidence import Evidence
from assay.model.image import Subject
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.policy import PolicyBundle
from assay.model.verdict import Verdict
from assay.policy import engine as weighing
from assay.policy import facts as fact_documents
from assay.policy.bundle import builders
from assay.policy.facts import Facts
from assay.ports.decisions import PolicyEngine, RawOutcome

if TYPE_CHECKING:
    from assay.trust.examine import Row


def decide(
    evidence: Sequence[Evidence],
    bundle: PolicyBundle,
    engine: PolicyEngine,
    now: str,
    subject: Subject,
    seconds: float,
    *,
    rows: Sequence[Row] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Verdict:
    """Decide about one subject by one policy. Same evidence, policy and time: same verdict.

    Args:
        evidence: what was verified, or observed by this process itself.
        bundle: the policy.
        engine: evaluates the rules; its failures are outcomes.
        now: RFC 3339 UTC with seconds.
        subject: what is decided about.
        seconds: deadline for the engine.
        rows: what became of each candidate, where attestations were collected; None for a purely local decision.
        limits: `facts_bytes`.

    Raises:
        UnsupportedError: no engine on this machine.
    """
    subject = msgspec.structs.replace(subject, name=wire.escape(subject.name))  # a path may lie outside UTF-8
    facts = fact_documents.build(
        evidence,
        subject,
        rows=rows,
        components=weighing.wants_components(bundle),
        builders=lambda: builders(bundle),
        builds=build_facts,
    )
    packages = weighing.selected(bundle, facts)
    outcomes = _evaluate(bundle, packages, facts, engine, now, seconds, limits)
    return weighing.weigh(bundle, facts, outcomes, subject, engine.describe(), now)


def build_facts(evidence: Sequence[Evidence]) -> dict[str, object]:
    """The section `builds`: what the evidence proves of how the image was built.

    Roots are not put together again: a decision rests on evidence alone, and says what that leaves open.
    """
    from assay.flows.hermetic import judge  # a scan has no provenance and need not load the rooms of builds

    judged = judge(evidence)
    described = any(row.check != "provenance" for row in judged.rows)
    item = {
        "state": judged.state,
        "codes": list(judged.codes),
        "not_covered": list(judged.uncovered),
        "rows": [
            {"check": row.check, "step": row.step, "state": row.state, "code": row.code, "evidence": list(row.evidence)}
            for row in judged.rows
        ],
        "evidence": sorted({digest for row in judged.rows for digest in row.evidence}),
    }
    return {
        "state": "present" if described else "absent",
        "items": [item] if described else [],
        "evidence": item["evidence"] if described else [],
    }


def _evaluate(
    bundle: PolicyBundle,
    packages: tuple[str, ...],
    facts: Facts,
    engine: PolicyEngine,
    now: str,
    seconds: float,
    limits: Limits,
) -> list[RawOutcome]:
    if not packages:
        return []
    if len(facts.document) > limits.facts_bytes:
        # Never truncation: a shortened document would be another question.
        why = f"the fact document has {len(facts.document)} bytes, limit {limits.facts_bytes}"
        return [RawOutcome(package=package, error=why) for package in packages]
    return engine.evaluate(bundle, packages, facts.at(now), seconds)
