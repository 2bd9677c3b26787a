"""A verdict in words: lines for a terminal, most severe first, each denial with its remedy and its evidence."""

from collections.abc import Iterator

from assay.model.verdict import Outcome, Reason, Verdict

_WORDS: dict[Outcome, str] = {
    "violated": "violated",
    "evidence_missing": "evidence missing",
    "could_not_check": "could not check",
    "waived": "waived",
    "pass": "passed",
    "not_applicable": "does not apply",
}
_ORDER: tuple[Outcome, ...] = tuple(_WORDS)
_SEVERITIES = ("critical", "high", "medium", "low")


def summary(verdict: Verdict) -> str:
    """One line: the decision and what it rests on.

    E.g. `DENY by policy default: 2 of 7 enforced rules refuse (vuln.kev, vuln.threshold)`.
    """
    enforced = [reason for reason in verdict.reasons if reason.enforced]
    refusing = [reason.rule for reason in ordered(verdict) if denies(reason)]
    start = f"{verdict.decision.upper()} by policy {verdict.policy}: "
    if refusing:
        return f"{start}{len(refusing)} of {len(enforced)} enforced rules refuse ({', '.join(refusing)})"
    passed = sum(reason.outcome == "pass" for reason in enforced)
    if not passed:
        return f"{start}no enforced rule passed, so nothing speaks for it"
    warned = sum(reason.outcome != "pass" and not reason.enforced and _counts(reason) for reason in verdict.reasons)
    return f"{start}{passed} of {len(enforced)} enforced rules pass" + (f", {warned} warn" if warned else "")


def lines(verdict: Verdict, *, every: bool = False) -> Iterator[str]:
    """The explanation as lines of text.

    Args:
        verdict: what to explain.
        every: also the rules that passed or do not apply.
    """
    yield summary(verdict)
    for reason in ordered(verdict):
        if not (every or _counts(reason) or reason.messages):
            continue
        role = "" if reason.enforced else ", not enforced"
        yield f"  {reason.rule} ({reason.severity}{role}): {_WORDS[reason.outcome]}: {reason.title}"
        yield from (f"      {message}" for message in reason.messages)
        if reason.remedy:
            yield f"      remedy: {reason.remedy}"
        if _counts(reason):
            yield f"      evidence: {', '.join(reason.evidence) or 'none'}"
    yield f"  policy {verdict.policy_digest}, engine {verdict.engine}, input {verdict.input_digest}, at {verdict.time}"


def ordered(verdict: Verdict) -> list[Reason]:
    """Reasons, those that deny first, then by outcome, severity and code."""
    return sorted(
        verdict.reasons,
        key=lambda r: (not denies(r), _ORDER.index(r.outcome), _SEVERITIES.index(r.severity), r.rule),
    )


def denies(reason: Reason) -> bool:
    """Whether this reason refuses the subject."""
    return reason.enforced and _counts(reason)


def exit_code(verdict: Verdict) -> int:
    """0 allowed, 1 denied, 75 where every refusing rule could not be checked."""
    if verdict.decision == "allow":
        return 0
    return 75 if verdict.could_not_check_only else 1


def _counts(reason: Reason) -> bool:
    return reason.outcome in {"violated", "evidence_missing", "could_not_check"}
