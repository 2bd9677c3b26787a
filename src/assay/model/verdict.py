"""The answer: allow or deny, one reason per rule, with the digests of the evidence used."""

from typing import Literal

import msgspec

from assay.model.image import Subject

Outcome = Literal["pass", "violated", "evidence_missing", "could_not_check", "waived", "not_applicable"]
Decision = Literal["allow", "deny"]


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule said."""

    rule: str
    title: str
    outcome: Outcome
    severity: str
    enforced: bool
    """Whether this rule can deny (state `enforce`)."""
    messages: tuple[str, ...] = ()
    remedy: str = ""
    evidence: tuple[str, ...] = ()
    """Digests of the evidence it used, sorted."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """A decision on one subject. A denial is a value, not an error."""

    subject: Subject
    decision: Decision
    reasons: tuple[Reason, ...]
    policy: str
    """Name of the policy bundle."""
    policy_digest: str
    engine: str
    """Name and version of the engine."""
    input_digest: str
    """sha256 of the canonical fact document."""
    time: str
    """RFC 3339 time the decision was made for (`input.now`)."""

    @property
    def could_not_check_only(self) -> bool:
        """Whether every denying reason is `could_not_check` (the command line then exits 75)."""
        deny = [r for r in self.reasons if r.enforced and r.outcome in _DENIES]
        return bool(deny) and all(r.outcome == "could_not_check" for r in deny)


_DENIES = frozenset({"violated", "evidence_missing", "could_not_check"})
