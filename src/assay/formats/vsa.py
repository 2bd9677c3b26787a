"""The verification summary `https://slsa.dev/verification_summary/v1`: a verdict as a statement's predicate.

A failed decision can be issued as well as a passed one. Where no SLSA track was judged, no SLSA level is claimed; our
own results never begin with `SLSA_`.
"""

from typing import Literal

import msgspec

from assay.model.errors import MalformedError
from assay.model.verdict import Verdict

SLSA_VERSION = "1.2"
PASSED_LEVEL = "ASSAY_POLICY_PASSED"
REASONS = "urn:assay:vsa:reasons"
ENGINE = "urn:assay:vsa:engine"
INPUT = "urn:assay:vsa:input"


class _Resource(msgspec.Struct, frozen=True):
    uri: str = ""
    digest: dict[str, str] = {}


class _Verifier(msgspec.Struct, frozen=True):
    id: str
    version: dict[str, str] = {}


class Vsa(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A verification summary, as read. A claim of its verifier: the signer must be one who may speak for it."""

    verifier: _Verifier
    time_verified: str = ""
    resource_uri: str
    policy: _Resource
    input_attestations: list[_Resource] = []
    verification_result: Literal["PASSED", "FAILED"]
    verified_levels: list[str] = []
    slsa_version: str = ""


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


def read(value: dict[str, object], *, where: str) -> Vsa:
    """A summary out of a predicate; unknown names are ignored, as the specification asks.

    Raises:
        MalformedError: a required field is missing or has another type.
    """
    try:
        return msgspec.convert(value, Vsa)
    except msgspec.ValidationError as error:
        raise MalformedError(
            "not a verification summary", where=where, why=str(error), remedy="ask its verifier for a valid one"
        ) from error


def _digest(text: str) -> dict[str, str]:
    algorithm, _, value = text.partition(":")
    return {algorithm: value}
