"""Rows of `assay verify`: what became of each candidate, in the words of one list; never a bare yes or no."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from assay.formats import bundle as bundles
from assay.formats.trustroot import TrustedRoot
from assay.model.digest import Digest
from assay.model.errors import AssayError, UntrustedError
from assay.model.evidence import Check, Evidence
from assay.trust.expect import Expected
from assay.trust.verify import verify

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
    "PARSE_STATEMENT": "malformed",
    "BUNDLE_VERSION": "unsupported",
    "BUNDLE_MATERIAL": "malformed",
    "BUNDLE_CONTENT": "malformed",
    "NOT_SIGNED": "not-signed",
    "KEY_WINDOW": "outside-validity",
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
    """Key id, or the name of the trusted key where it has one."""
    code: str = ""
    reason: str = ""
    checks: tuple[Check, ...] = ()
    evidence: Evidence | None = None


def examine(
    candidates: Iterable[Candidate], target: Digest | None, roots: TrustedRoot | None, expected: Expected, now: str
) -> list[Row]:
    """Judge each candidate by itself: one row each, in the order given; a refusal is a row, never an exception."""
    return [_row(candidate, target, roots, expected, now) for candidate in candidates]


def exit_code(rows: Iterable[Row]) -> int:
    """Exit code of a listing (policy aside): 0 as soon as one row is verified, 3 where there are no rows."""
    words = {row.outcome for row in rows}
    if "verified" in words:
        return 0
    return next((code for word, code in _EXIT_CODES if word in words), UntrustedError.exit_code)


def _row(candidate: Candidate, target: Digest | None, roots: TrustedRoot | None, expected: Expected, now: str) -> Row:
    try:
        if candidate.error is not None:
            raise candidate.error
        evidence = verify(candidate.data, target, roots, expected, now, name=candidate.place)
    except UntrustedError as error:
        outcome = _RESULTS.get(error.code, "not-trusted")
        checks = (Check(error.step, "fail", error.why),)
        return Row(place=candidate.place, outcome=outcome, code=error.code, reason=error.why, checks=checks)
    except AssayError as error:
        return Row(place=candidate.place, outcome=_KINDS.get(error.kind, "unavailable"), reason=error.line())
    return Row(
        place=candidate.place,
        outcome="verified",
        format=bundles.MEDIA_TYPE,
        predicate_type=evidence.statement.predicate_type,
        signer=evidence.signer.name or evidence.signer.key_id,
        checks=evidence.checks,
        evidence=evidence,
    )
