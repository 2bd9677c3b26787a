"""The verification summary `https://slsa.dev/verification_summary/v1`: a verdict as a statement's predicate.

A failed decision can be issued as well as a passed one. Where no SLSA track was judged, no SLSA level is claimed; our
own results never begin with `SLSA_`.
"""

import re

from assay.formats import claims
from assay.model.errors import MalformedError
from assay.model.summary import VerificationSummary
from assay.model.verdict import Verdict

SLSA_VERSION = "1.2"
PASSED_LEVEL = "ASSAY_POLICY_PASSED"
REBUILT = "ASSAY_REBUILT"
"""The property of an artifact that we ourselves built again with the same bytes."""
_OPERATORS = 2
REBUILD_POLICY = "urn:assay:policy:rebuild"
"""The policy of a summary that tells what a rebuild found, and nothing else."""
REBUILD_REPORT = "urn:assay:vsa:rebuild"
"""Our own field of such a summary: verdict, variations, isolation and causes."""
REASONS = "urn:assay:vsa:reasons"
ENGINE = "urn:assay:vsa:engine"
INPUT = "urn:assay:vsa:input"


_PREFIX = "SLSA_"
_OFFICIAL = re.compile(
    r"SLSA_BUILD_LEVEL_(?:[0-3]|UNEVALUATED)|SLSA_SOURCE_LEVEL_(?:[1-4]|UNEVALUATED)"
    r"|SLSA_BUILD_REPRODUCED|SLSA_SOURCE_TWO_PARTY_REVIEWED|FAILED",
    re.ASCII,
)
"""SlsaResult and the verified properties (slsa.dev/spec/v1.2): what the specification itself defines."""
REPRODUCED = "SLSA_BUILD_REPRODUCED"
"""Two or more independently operated platforms gave the same artifact (v1.2, verified properties)."""


def is_official(level: str) -> bool:
    """Whether a level is one the specification defines.

    >>> is_official("SLSA_BUILD_LEVEL_3"), is_official("SLSA_MINE"), is_official("ASSAY_REBUILT")
    (True, False, False)
    """
    return _OFFICIAL.fullmatch(level) is not None


def is_reserved(level: str) -> bool:
    """Whether a level takes a name of the specification without being one: nobody may make such a level."""
    return level.startswith(_PREFIX) and not is_official(level)


def predicate(verdict: Verdict, *, resource_uri: str, verifier: str, versions: dict[str, str]) -> dict[str, object]:
    """The predicate of a verdict.

    Args:
        verdict: allow or deny, with its reasons.
        resource_uri: what the subject is called where it is used.
        verifier: URI of who decided.
        versions: component to version of the verifier.
    """
    allowed = verdict.decision == "allow"
    used = sorted({digest for reason in verdict.reasons for digest in reason.evidence})
    return {
        "verifier": {"id": verifier, "version": versions},
        "timeVerified": verdict.time,
        "resourceUri": resource_uri,
        "policy": {"uri": f"urn:assay:policy:{verdict.policy}", "digest": _digest(verdict.policy_digest)},
        "inputAttestations": [{"uri": f"urn:assay:evidence:{text}", "digest": _digest(text)} for text in used],
        "verificationResult": "PASSED" if allowed else "FAILED",
        "verifiedLevels": [PASSED_LEVEL if allowed else "FAILED"],
        "slsaVersion": SLSA_VERSION,
        ENGINE: verdict.engine,
        INPUT: verdict.input_digest,
        REASONS: [
            {"rule": r.rule, "outcome": r.outcome, "enforced": r.enforced, "messages": list(r.messages)}
            for r in verdict.reasons
        ],
    }


def read(value: dict[str, object], *, where: str) -> VerificationSummary:
    """A summary out of a predicate; unknown names are ignored, as the specification asks.

    Raises:
        MalformedError: a required field is missing or has another type.
    """
    return claims.read(value, VerificationSummary, where=where, what="a verification summary")


def write(
    summary: VerificationSummary, *, operators_count: int = 0, where: str = "verification summary"
) -> dict[str, object]:
    """The predicate of a summary.

    Args:
        summary: what was verified.
        operators_count: independent operators whose provenances agree (`trust.levels.independent`).
        where: named in errors.

    Raises:
        MalformedError: a level that only looks like one of the specification's, or `SLSA_BUILD_REPRODUCED` without two
            operators (a rebuild of one's own is `ASSAY_REBUILT`).
    """
    for level in (*summary.verified_levels, *summary.dependency_levels):
        if is_reserved(level):
            raise _bad(where, f"{level[:100]!r} is no level of SLSA's, whose prefix it takes", "choose another prefix")
    if REPRODUCED in summary.verified_levels and operators_count < _OPERATORS:
        why = f"{REPRODUCED} needs {_OPERATORS} independent operators, there are {operators_count}"
        raise _bad(where, why, f"call a rebuild of your own {REBUILT}")
    return claims.write(summary)


def _bad(where: str, why: str, remedy: str) -> MalformedError:
    return MalformedError("not a verification summary", where=where, why=why, remedy=remedy)


def _digest(text: str) -> dict[str, str]:
    algorithm, _, value = text.partition(":")
    return {algorithm: value}
