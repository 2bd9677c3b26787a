"""Verification summaries of others: when another's verdict may stand for one's own (slsa.dev/spec/v1.2, how to verify).

A summary counts only if its signer may speak for the verifier it names, and it is about this artifact, under the name
it is used by, and passed. Which signer speaks for which verifier is a table of the caller's:

    [[verifier]]
    name = "release desk"
    id = "https://desk.example/verifier"
    issuer = "https://accounts.example"          # and identity; or key = "…" (id or name of a trusted key)
    identity = "desk@example.test"
"""

import re
from collections.abc import Sequence

import msgspec

from assay.formats import predicates, toml, vsa
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UntrustedError
from assay.model.evidence import Check, Evidence, Signer
from assay.model.limits import DEFAULT_LIMITS
from assay.model.summary import VerificationSummary
from assay.trust.newest import proven

_ROWS_COUNT = 1_000
_OPERATORS = 2
_LEVEL = re.compile(r"SLSA_(BUILD|SOURCE)_LEVEL_([0-4])", re.ASCII)


class VerifierRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may speak for a verifier."""

    name: str
    id: str
    """`verifier.id`, exact."""
    issuer: str = ""
    identity: str = ""
    """Of a certificate, exact, together with its issuer."""
    key: str = ""
    """Id or name of a trusted key."""

    def names(self, signer: Signer) -> bool:
        """Whether a signer is this row's."""
        if self.key:
            return signer.kind == "key" and self.key in {signer.key_id, signer.name}
        return signer.kind == "certificate" and (signer.issuer, signer.identity) == (self.issuer, self.identity)


class SummaryExpectation(msgspec.Struct, frozen=True, kw_only=True):
    """What a summary must be about, and what it must have found."""

    target: Digest
    resource_uri: str
    """What the artifact is called where it is used, exact."""
    levels: tuple[str, ...] = ()
    """Levels and properties it must give; a SLSA level is also given by a higher one of its track."""
    policy: str = ""
    """URI of the policy it must have applied; empty: any."""
    since: str = ""
    """RFC 3339 UTC with seconds: the signature must be proven to be no older."""
    operators_count: int = 0
    """Independent operators whose provenances the caller has seen agree (`trust.levels.independent`)."""


class _File(msgspec.Struct, forbid_unknown_fields=True):
    verifier: list[VerifierRow]


def read_rows(data: bytes, *, where: str) -> tuple[VerifierRow, ...]:
    """The table out of TOML.

    Raises:
        MalformedError: not TOML, an unknown field, or a row that names no signer or two.
    """
    document = toml.loads(data, where=where, limit=DEFAULT_LIMITS.settings_bytes)
    try:
        rows = tuple(msgspec.convert(document, _File).verifier)
    except msgspec.ValidationError as error:
        raise _bad(where, str(error)) from error
    if len(rows) > _ROWS_COUNT:
        raise _bad(where, f"{len(rows)} rows, limit {_ROWS_COUNT}")
    for row in rows:
        if bool(row.issuer) != bool(row.identity) or bool(row.key) == bool(row.issuer) or not row.id:
            raise _bad(f"{where}: {row.name[:100]}", "needs an id, and either a key or an issuer and an identity")
    return rows


def read(evidence: Evidence, *, name: str = "") -> VerificationSummary:
    """The summary in a piece of evidence.

    Raises:
        UntrustedError: it is about something else (`PREDICATE_TYPE`), or cannot be read (`SUMMARY_FORM`).
    """
    where = name or str(evidence.digest)
    kind = evidence.statement.predicate_type
    if kind != predicates.VSA:
        raise _no("PREDICATE_TYPE", "form", where, f"a statement of type {kind[:100]!r} is no verification summary")
    try:
        return vsa.read(evidence.statement.predicate, where=where)
    except MalformedError as error:
        raise _no("SUMMARY_FORM", "form", where, error.why) from error


def judge(
    evidence: Evidence, expectation: SummaryExpectation, rows: Sequence[VerifierRow], *, name: str = ""
) -> tuple[Check, ...]:
    """Say that a verified summary counts, or why not.

    Args:
        evidence: out of `trust.verify`.
        expectation: what to ask.
        rows: who may speak for which verifier; without rows nobody does.
        name: where it was found, for messages.

    Raises:
        UntrustedError: the first check that refused; `code` and `step` name it.
    """
    where = name or str(evidence.digest)
    summary = read(evidence, name=where)
    row = next((one for one in rows if one.id == summary.verifier.id and one.names(evidence.signer)), None)
    if row is None:
        why = f"nobody says that {_named(evidence.signer)} may speak for {summary.verifier.id[:200]}"
        raise _no("VERIFIER_MISMATCH", "verifier", where, why)
    target = expectation.target
    if not any(one.digest.get(target.algorithm) == target.hex for one in evidence.statement.subject):
        raise _no("SUBJECT_MISMATCH", "subject", where, f"the summary is not about {target}")
    if summary.resource_uri != expectation.resource_uri:
        why = f"it is about {summary.resource_uri[:200]!r}, expected {expectation.resource_uri!r}"
        raise _no("RESOURCE_MISMATCH", "resource", where, why)
    if summary.verification_result != "PASSED" or "FAILED" in summary.verified_levels:
        raise _no("RESULT_FAILED", "result", where, "the verification it tells of failed")
    if expectation.policy and summary.policy.uri != expectation.policy:
        why = f"policy {summary.policy.uri[:200]!r} was applied, expected {expectation.policy!r}"
        raise _no("POLICY_MISMATCH", "policy", where, why)
    moment = proven(evidence)
    if expectation.since and moment < expectation.since:
        raise _no(
            "SUMMARY_AGE", "age", where, f"proven to be of {moment or 'no time'}, expected since {expectation.since}"
        )
    counted = counting(summary, expectation.operators_count)
    if missing := [level for level in expectation.levels if not gives(counted, level)]:
        raise _no("LEVEL_TOO_LOW", "levels", where, f"{missing[0]} is not among {', '.join(counted)[:300] or 'none'}")
    left_out = sorted(set(summary.verified_levels) - set(counted))
    return (
        Check("verifier", "pass", f"{row.name} speaks for {row.id}"),
        Check("subject", "pass", str(target)),
        Check("resource", "pass", summary.resource_uri),
        Check("result", "pass", f"passed; {', '.join(counted) or 'no level'}"),
        *(Check("levels", "skip", f"{level[:100]} does not count") for level in left_out),
    )


def counting(summary: VerificationSummary, operators_count: int = 0) -> tuple[str, ...]:
    """The levels of a summary that count, in its order.

    What takes the prefix `SLSA_` without being the specification's does not; nor does `SLSA_BUILD_REPRODUCED` while the
    provenances of two independent operators have not been seen.
    """
    return tuple(
        level
        for level in summary.verified_levels
        if not vsa.is_reserved(level) and (level != vsa.REPRODUCED or operators_count >= _OPERATORS)
    )


def gives(levels: Sequence[str], wanted: str) -> bool:
    """Whether a level is given: by itself, or by a higher one of its track.

    >>> gives(["SLSA_BUILD_LEVEL_3"], "SLSA_BUILD_LEVEL_2"), gives(["SLSA_BUILD_LEVEL_3"], "SLSA_SOURCE_LEVEL_1")
    (True, False)
    """
    asked = _LEVEL.fullmatch(wanted)
    if asked is None:
        return wanted in levels
    return track(levels, asked[1]) >= int(asked[2])


def track(levels: Sequence[str], name: str) -> int:
    """The highest level of a track (`BUILD` or `SOURCE`); -1 where none is given."""
    found = (_LEVEL.fullmatch(level) for level in levels)
    return max((int(one[2]) for one in found if one is not None and one[1] == name), default=-1)


def _named(signer: Signer) -> str:
    return (signer.identity or signer.name or signer.key_id or signer.kind)[:200]


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not a table of verifiers", where=where, why=why, remedy="correct the row")


def _no(code: str, step: str, where: str, why: str) -> UntrustedError:
    remedy = "ask a verifier you trust for a summary of this artifact, or verify it yourself"
    return UntrustedError(
        "the verification summary does not count", where=where, why=why, remedy=remedy, code=code, step=step
    )
