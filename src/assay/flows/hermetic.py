"""Hermeticity of a build from verified evidence; the roots of its steps put together again where lock and store allow.

The order: claims out of evidence, roots out of the build record, then one pure judgement.
"""

from collections.abc import Mapping, Sequence

import msgspec

from assay.build import hermetic
from assay.build import lock as locks
from assay.build.closure import locked_files
from assay.build.hermetic import Judgement, Root, Signed
from assay.build.run import BUILD_TYPE
from assay.flows.recipe import Recorded, recorded
from assay.flows.steps import toolchain_root, tree_digest
from assay.formats import predicate_values, predicates
from assay.model.digest import Digest
from assay.model.errors import AssayError, MalformedError
from assay.model.evidence import Evidence
from assay.model.limits import Limits
from assay.model.predicates import RuntimeTrace
from assay.model.provenance import Provenance
from assay.model.statement import Statement
from assay.ports.stores import ContentStore, Spool
from assay.trust.newest import by

_KINDS = (predicates.PROVENANCE, predicates.RUNTIME_TRACE)


class Workbench(msgspec.Struct, frozen=True, kw_only=True):
    """What the verifier puts roots together with."""

    store: ContentStore
    spool: Spool
    limits: Limits
    reviewed: Mapping[str, str]


def judge(evidence: Sequence[Evidence], at: Workbench | None = None) -> Judgement:
    """Judge the build of one image.

    Args:
        evidence: verified claims about it, with what they say.
        at: to put the steps' roots together again; None leaves that out, and the judgement says so.
    """
    roots, why = (None, "no store at hand") if at is None else reassembled(evidence, at)
    return hermetic.judge(claims(evidence), roots=roots, why_no_roots=why)


def claims(evidence: Sequence[Evidence]) -> tuple[Signed, ...]:
    """Provenance and traces as values; what cannot be read stays, with the reason."""
    return tuple(
        as_claim(one.statement, str(one.digest), " ".join(by(one.signer)))
        for one in evidence
        if predicates.canonical_type(one.statement.predicate_type) in _KINDS
    )


def as_claim(statement: Statement, evidence: str, signer: str) -> Signed:
    """One statement as a value.

    Args:
        statement: provenance or a runtime trace; anything else says nothing here.
        evidence: digest a row cites.
        signer: whose word it is: a trace and a provenance of two signers do not belong together.
    """
    base = Signed(subject=statement.subject, evidence=evidence, signer=signer)
    try:
        value = predicate_values.read(statement, where=evidence)
    except MalformedError as error:
        return msgspec.structs.replace(base, flaw=error.line())
    if isinstance(value, Provenance):
        return msgspec.structs.replace(base, provenance=value)
    return msgspec.structs.replace(base, trace=value) if isinstance(value, RuntimeTrace) else base


def reassembled(evidence: Sequence[Evidence], at: Workbench) -> tuple[dict[str, Root] | None, str]:
    """Each step's root, put together from lock and store; or None and why it could not be.

    The build record says which lock: it counts only where the verified provenance names the very same digest.
    """
    wanted = _locks_named(evidence)
    why = "no build record is among the evidence"
    for one in evidence:
        if predicates.canonical_type(one.statement.predicate_type) != predicates.BUILD_RECORD:
            continue
        try:
            recipe = recorded(one.statement, where=str(one.digest))
            if str(Digest.of(locks.write(recipe.lock))) not in wanted:
                why = "the record's lock is not the one the provenance names"
                continue
            return _roots(recipe, at), ""
        except AssayError as error:
            why = error.line()
    return None, why


def _locks_named(evidence: Sequence[Evidence]) -> frozenset[str]:
    """Digests of locks that provenance of images names."""
    found: set[str] = set()
    for claim in claims(evidence):
        if claim.provenance is not None and claim.provenance.build_type == BUILD_TYPE:
            lock = claim.provenance.external_parameters.get("lock")
            digest = lock.get("digest") if isinstance(lock, dict) else None
            if isinstance(digest, dict):
                found.add(f"sha256:{digest.get('sha256', '')}")
    return frozenset(found)


def _roots(recipe: Recorded, at: Workbench) -> dict[str, Root]:
    spec, found = recipe.placed.spec, dict[str, Root]()
    for step in spec.steps:
        if step.toolchain not in found:
            entries, _ = toolchain_root(
                spec, recipe.lock, step.toolchain, store=at.store, spool=at.spool, limits=at.limits,
                reviewed=at.reviewed,
            )  # fmt: skip
            found[step.toolchain] = Root(digest=tree_digest(entries, at.spool), files=locked_files(entries))
    return {step.name: found[step.toolchain] for step in spec.steps}
