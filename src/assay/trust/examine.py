"""Rows of `assay verify`: what became of each candidate, in the words of one list; never a bare yes or no."""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from assay.formats import bundle as bundles
from assay.formats.trustroot import TrustedRoot
from assay.model.digest import Digest
from assay.model.errors import AssayError, UntrustedError
from assay.model.evidence import Check, Evidence
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.trust.expect import Expected
from assay.trust.verify import Target, verify, verify_artifact

Result = Literal[
    "verified",
    "not-signed",
    "not-trusted",
    "wrong-identity",
    "outside-validity",
    "malformed",
    "unsupported",
    "unavailable",
]
_RESULTS: dict[str, Result] = {
    "PARSE_LIMIT": "malformed",
    "PARSE_FORM": "malformed",
    "PARSE_CERTIFICATE": "malformed",
    "PARSE_TIMESTAMP": "malformed",
    "PARSE_STATEMENT": "malformed",
    "BUNDLE_VERSION": "unsupported",
    "ALGORITHM": "unsupported",
    "ENTRY_KIND": "unsupported",
    "BUNDLE_MATERIAL": "malformed",
    "BUNDLE_CONTENT": "malformed",
    "NOT_SIGNED": "not-signed",
    "IDENTITY": "wrong-identity",
    "ISSUER": "wrong-identity",
    "KEY_WINDOW": "outside-validity",
    "KEY_REVOKED": "outside-validity",
    "LOG_WINDOW": "outside-validity",
    "CERT_WINDOW": "outside-validity",
    "TIMESTAMP_WINDOW": "outside-validity",
    "TRUST_EXPIRED": "outside-validity",
}
"""Outcome word of each refusal; the rest (`SIGNATURE`, `SUBJECT_MISMATCH`, …) are `not-trusted`."""
_KINDS: dict[str, Result] = {"malformed": "malformed", "unsupported": "unsupported", "unavailable": "unavailable"}
_EXIT_CODES: tuple[tuple[Result, int], ...] = (
    ("unavailable", 75),
    ("not-trusted", 3),
    ("wrong-identity", 3),
    ("outside-validity", 3),
    ("not-signed", 3),
    ("malformed", 65),
    ("unsupported", 69),
)
"""Exit code of a listing without anything verified: the first word that occurs decides."""


STEPS = (
    "parse",
    "material",
    "content",
    "signature",
    "statement",
    "subject",
    "log",
    "checkpoint",
    "inclusion",
    "promise",
    "timestamps",
    "time",
    "entry",
    "certificate",
    "sct",
    "identity",
    "window",
    "fork",
    "witnesses",
)
"""Every step a row tells of, in the order of the checks; a step that stops the others carries its refusal's name."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """Something found beside a subject that may be evidence; `error` where it could not be fetched or read."""

    place: str
    data: bytes = b""
    error: AssayError | None = None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one candidate: a line of `assay verify`."""

    place: str
    outcome: Result
    format: str = ""
    predicate_type: str = ""
    signer: str = ""
    """Name of the trusted key, or its id; of a certificate the identity."""
    issuer: str = ""
    """Of a certificate: who vouched for the identity."""
    times: tuple[str, ...] = ()
    """Verified times (RFC 3339)."""
    code: str = ""
    reason: str = ""
    checks: tuple[Check, ...] = ()
    """Every step of `STEPS`: passed, failed, or skipped and why."""
    evidence: Evidence | None = None


def examine(
    candidates: Iterable[Candidate],
    target: Target,
    roots: TrustedRoot | None,
    expected: Expected,
    now: str,
    *,
    whole: bool = True,
) -> list[Row]:
    """Judge each candidate by itself: one row each, in the order given; a refusal is a row, never an exception.

    Without `whole` the evidence has no predicates, only the bytes they stand in.
    """
    return [_row(candidate, target, roots, expected, now, whole=whole) for candidate in candidates]


def judge(
    data: bytes,
    artifact: Sequence[Digest],
    roots: TrustedRoot | None,
    expected: Expected,
    now: str,
    *,
    name: str,
    content: bytes | None = None,
    whole: bool = True,
    limits: Limits = DEFAULT_LIMITS,
) -> Row:
    """Judge a bundle about an artifact, whether it signs the artifact's bytes or a statement about them.

    Args:
        data: the bundle as received.
        artifact: every known digest of the artifact.
        roots: the logs and authorities to believe.
        expected: whose signature counts.
        now: RFC 3339 UTC.
        name: where the bundle was found.
        content: the artifact itself where it is at hand; only pure Ed25519 needs it.
        whole: whether the evidence has the predicate.
        limits: bounds on the bytes.
    """
    if b'"messageSignature"' not in data:
        return _row(Candidate(place=name, data=data), tuple(artifact), roots, expected, now, limits, whole=whole)
    trail: list[Check] = []
    try:
        proof = verify_artifact(
            data, artifact, roots, expected, now, name=name, limits=limits, content=content, trail=trail
        )
    except AssayError as error:
        return _refused(error, name, data, trail)
    return Row(
        place=name,
        outcome="verified",
        format=_form(data),
        signer=proof.signer.name or proof.signer.key_id,
        issuer=proof.signer.issuer,
        times=proof.times,
        checks=complete(proof.checks),
    )


def exit_code(rows: Iterable[Row]) -> int:
    """Exit code of a listing (policy aside): 0 as soon as one row is verified, 3 where there are no rows."""
    words = {row.outcome for row in rows}
    if "verified" in words:
        return 0
    return next((code for word, code in _EXIT_CODES if word in words), UntrustedError.exit_code)


def enough(rows: Iterable[Row], count: int) -> bool:
    """Whether `count` different signers are verified: a key counts by its id, a certificate by identity and issuer."""
    signers = [row.evidence.signer for row in rows if row.evidence is not None]
    return len({(s.identity, s.issuer) if s.kind == "certificate" else (s.key_id, "") for s in signers}) >= count


def _row(
    candidate: Candidate,
    target: Target,
    roots: TrustedRoot | None,
    expected: Expected,
    now: str,
    limits: Limits = DEFAULT_LIMITS,
    *,
    whole: bool,
) -> Row:
    trail: list[Check] = []
    place, data = candidate.place, candidate.data
    try:
        if candidate.error is not None:
            raise candidate.error
        evidence = verify(data, target, roots, expected, now, name=place, limits=limits, trail=trail, whole=whole)
    except AssayError as error:
        return _refused(error, place, data, trail)
    return Row(
        place=candidate.place,
        outcome="verified",
        format=_form(candidate.data),
        predicate_type=evidence.statement.predicate_type,
        signer=evidence.signer.name or evidence.signer.key_id,
        issuer=evidence.signer.issuer,
        times=evidence.times,
        checks=complete(evidence.checks),
        evidence=evidence,
    )


def _refused(error: AssayError, place: str, data: bytes, trail: list[Check]) -> Row:
    if not isinstance(error, UntrustedError):
        return Row(place=place, outcome=_KINDS.get(error.kind, "unavailable"), reason=error.line())
    return Row(
        place=place,
        outcome=_RESULTS.get(error.code, "not-trusted"),
        format=_form(data),
        code=error.code,
        reason=error.why,
        checks=complete([*trail, Check(error.step, "fail", error.why)]),
    )


def _form(data: bytes) -> str:
    """The media type a bundle says it has; empty where it cannot be read."""
    return bundles.media_type(data) or ""


def complete(checks: Sequence[Check]) -> tuple[Check, ...]:
    """The checks that were made, and every other step as skipped: not needed, or not reached after a failure."""
    failed = any(check.outcome == "fail" for check in checks)
    why = "not reached" if failed else "nothing to check"
    made = {check.step for check in checks}
    return (*checks, *(Check(step, "skip", why) for step in STEPS if step not in made))
