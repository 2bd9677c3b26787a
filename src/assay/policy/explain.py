"""A verdict in words: what decided, which reasons first, which exit code. Every interface asks here."""

from assay.model.verdict import Outcome, Reason, Verdict

_ORDER: tuple[Outcome, ...] = ("violated", "evidence_missing", "could_not_check", "waived", "pass", "not_applicable")
_SEVERITIES = ("critical", "high", "medium", "low")


def summary(verdict: Verdict) -> str:
    """One line: the decision and what it rests on.

    E.g. `DENY by policy default: 2 of 7 enforced rules refuse (vuln.kev, vuln.threshold)`.
    """
    enforced = [r for r in verdict.reasons if r.enforced and r.outcome != "not_applicable"]
    refusing = [reason.rule for reason in ordered(verdict) if denies(reason)]
    start = f"{verdict.decision.upper()} by policy {verdict.policy}: "
    if refusing:
        return f"{start}{len(refusing)} of {len(enforced)} enforced rules refuse ({', '.join(refusing)})"
    passed = sum(reason.outcome == "pass" for reason in enforced)
    if not passed:
        return f"{start}no enforced rule passed, so nothing speaks for it"
    warned = sum(reason.outcome != "pass" and not reason.enforced and refuses(reason) for reason in verdict.reasons)
    return f"{start}{passed} of {len(enforced)} enforced rules pass" + (f", {warned} warn" if warned else "")


def ordered(verdict: Verdict) -> list[Reason]:
    """Reasons, those that deny first, then by outcome, severity and code."""
    return sorted(
        verdict.reasons,
        key=lambda r: (not denies(r), _ORDER.index(r.outcome), _SEVERITIES.index(r.severity), r.rule),
    )


def denies(reason: Reason) -> bool:
    """Whether this reason denies the subject: it speaks against it and is enforced."""
    return reason.enforced and refuses(reason)


def exit_code(verdict: Verdict) -> int:
    """0 allowed, 1 denied, 75 where every refusing rule could not be checked."""
    if verdict.decision == "allow":
        return 0
    return 75 if verdict.could_not_check_only else 1


def refuses(reason: Reason) -> bool:
    """Whether this reason speaks against the subject, enforced or not."""
    return reason.outcome in {"violated", "evidence_missing", "could_not_check"}
