"""What a rebuild says, as a statement, and what several rebuilders' statements say together.

One's own rebuild is `ASSAY_REBUILT`; SLSA's own word for it needs two independent operators (v1.2, verified
properties), so it is never written here. A statement of "different" is made as well, for a rebuild that fails is news.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from assay.build.run import STEP_TYPE
from assay.formats import intoto, predicates, slsa, vsa
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.evidence import Evidence
from assay.model.image import Subject
from assay.model.rebuilding import RebuildReport
from assay.model.statement import ResourceDescriptor, Statement
from assay.model.summary import VerificationSummary, Verifier
from assay.trust.newest import by

POLICY = vsa.REBUILD_POLICY
REPORT = vsa.REBUILD_REPORT
LEVELS = {
    "identical": vsa.REBUILT,
    "same-content": f"{vsa.REBUILT}_SAME_CONTENT",
    "equivalent": f"{vsa.REBUILT}_EQUIVALENT",
}
"""Verdict → the property it shows; `different` shows none, and `unknown` is not said."""


class Rebuilder(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One who built this very image."""

    builder: str
    """Builder id, as signed."""
    signer: tuple[str, ...]
    """The key, or the identity and its issuer."""
    evidence: str
    """Digest of the statement's bundle."""
    kind: Literal["rebuild", "provenance"]


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """What n statements say together."""

    state: Literal["reproduced", "unknown", "denied"]
    needed: int
    counted: tuple[Rebuilder, ...] = ()
    """The most that are pairwise of different signers and different builders."""
    others: tuple[tuple[str, str], ...] = ()
    """Evidence that does not count, and why."""
    why: str = ""


def statement(
    report: RebuildReport,
    subject: Subject,
    *,
    builder_id: str,
    resource_uri: str,
    time: str,
    versions: Mapping[str, str],
) -> Statement:
    """What a rebuild found, to be signed.

    Args:
        report: of this subject.
        subject: the image that was built again.
        builder_id: who built it again.
        resource_uri: what the image is called outside.
        time: RFC 3339.
        versions: component to version of the rebuilder.

    Raises:
        UnsupportedError: the verdict is `unknown`, or the image has no digest: there is nothing to say.
    """
    if subject.digest is None or report.verdict == "unknown":
        raise UnsupportedError(
            "nothing to say about this rebuild", where=subject.name, why=f"the verdict is {report.verdict}",
            remedy="build again where everything can be looked into",
        )  # fmt: skip
    level = LEVELS.get(report.verdict)
    summary = VerificationSummary(
        verifier=Verifier(id=builder_id, version=dict(versions)), time_verified=time, resource_uri=resource_uri,
        policy=ResourceDescriptor(uri=POLICY), verification_result="PASSED" if level else "FAILED",
        verified_levels=(level or "FAILED",), slsa_version=vsa.SLSA_VERSION,
    )  # fmt: skip
    told: dict[str, Any] = {
        "verdict": report.verdict,
        **({"platforms": report.platforms} if report.platforms else {}),
        "spec": report.spec,
        "lock": report.lock,
        "isolation": report.isolation,
        "rebuilds": [str(one.after.digest) for one in report.comparisons],
        "causes": [one.counts for one in report.comparisons],
        "allowed": sorted({kind for one in report.comparisons for kind in one.allowed}),
        "variations": {one.name: one.state for one in report.variations},
    }
    resource = ResourceDescriptor(name=subject.name, digest={subject.digest.algorithm: subject.digest.hex})
    return intoto.statement((resource,), predicates.VSA, vsa.write(summary) | {REPORT: told})


def agreement(found: Iterable[Evidence], subject: Digest, needed: int) -> Agreement:
    """Whether enough independent rebuilders made this very image.

    Only evidence counts, so every signer is one the caller trusts. Statements of rebuilds that are identical count, and
    so does provenance of the image itself; two of one signer, or under one builder's id, count once.

    Args:
        found: verified statements.
        subject: the image's manifest.
        needed: k; at least 1.
    """
    counted: list[Rebuilder] = []
    others: list[tuple[str, str]] = []
    denied = ""
    for one in sorted(found, key=lambda item: str(item.digest)):
        try:
            told = _told(one, subject)
        except MalformedError as error:
            told = error.line()
        if isinstance(told, Rebuilder):
            counted.append(told)
            continue
        if told.startswith("it was built again and differs"):
            denied = f"{one.digest}: {told}"
        others.append((str(one.digest), told))
    most = independent(counted)
    others += [(one.evidence, "its signer or its builder counts already") for one in counted if one not in most]
    if denied:
        return Agreement(state="denied", needed=needed, counted=most, others=tuple(sorted(others)), why=denied)
    enough = len(most) >= max(needed, 1)
    why = "" if enough else f"{len(most)} independent rebuilders, {needed} needed"
    return Agreement(
        state="reproduced" if enough else "unknown", needed=needed, counted=most, others=tuple(sorted(others)), why=why
    )


def _told(one: Evidence, subject: Digest) -> Rebuilder | str:
    """The rebuilder, or why it is none."""
    if not any(item.digest.get(subject.algorithm) == subject.hex for item in one.statement.subject):
        return "it is about another image"
    kind = predicates.canonical_type(one.statement.predicate_type)
    if kind == predicates.PROVENANCE:
        told = slsa.read(one.statement.predicate_type, one.statement.predicate, where=str(one.digest))
        if told.build_type == STEP_TYPE:
            return "it is provenance of a step"
        return Rebuilder(builder=told.builder_id, signer=by(one.signer), evidence=str(one.digest), kind="provenance")
    if kind != predicates.VSA:
        return "it is no provenance and no summary of a rebuild"
    summary = vsa.read(one.statement.predicate, where=str(one.digest))
    if summary.policy.uri != POLICY:
        return "it is a summary of something else"
    if summary.verification_result == "FAILED":
        return f"it was built again and differs, says {summary.verifier.id[:200]}"
    if vsa.REBUILT not in summary.verified_levels:
        return f"the rebuild was not identical: {', '.join(summary.verified_levels)[:200]}"
    return Rebuilder(builder=summary.verifier.id, signer=by(one.signer), evidence=str(one.digest), kind="rebuild")


def independent(found: Sequence[Rebuilder]) -> tuple[Rebuilder, ...]:
    """The most of them that differ pairwise in signer and in builder: a greatest matching of the two."""
    by_signer: dict[tuple[str, ...], list[Rebuilder]] = {}
    for one in sorted(found):
        by_signer.setdefault(one.signer, []).append(one)
    holder: dict[str, Rebuilder] = {}

    def place(signer: tuple[str, ...], tried: set[str]) -> bool:
        for one in by_signer[signer]:
            if one.builder in tried:
                continue
            tried.add(one.builder)
            before = holder.get(one.builder)
            if before is None or place(before.signer, tried):
                holder[one.builder] = one
                return True
        return False

    for signer in list(by_signer)[:_SIGNERS_COUNT]:
        place(signer, set())
    return tuple(sorted(holder.values()))


_SIGNERS_COUNT = 200
"""Recursion goes as deep as there are signers."""
