"""Weighing: facts and raw outcomes become one reason per rule, and reasons become a verdict.

Pure. The three classes of denial come from structure: a needed section that is absent gives `evidence_missing`, one
that failed gives `could_not_check`, and only Rego says `violated`. If no enforced rule passed: deny.
"""

from collections.abc import Iterable

from assay.model.image import Subject
from assay.model.policy import PolicyBundle, Rule
from assay.model.verdict import Decision, Outcome, Reason, Verdict
from assay.policy.facts import Facts
from assay.ports.decisions import RawOutcome

_DENIES = frozenset({"violated", "evidence_missing", "could_not_check"})
_SUPPLY = {
    "findings": "scan with an advisory database, or attach a scan made with one",
    "sbom": "attest an SBOM of this image",
    "components": "attest an SBOM of this image",
    "signatures": "sign the attestations with a key or an identity the verifier trusts",
    "provenance": "attest SLSA provenance in the build",
    "summaries": "ask a verifier you trust for a verification summary",
    "image": "attest the image again",
    "locks": "attest the image again",
    "base": "use an advisory database with lifecycle data that knows this distribution",
    "suspicions": "scan with a version that looks for suspicions",
    "lifetimes": "scan with an advisory database that has lifecycle data",
}
"""How to come by a section that is missing."""
_RETRY = "repair what failed and decide again"
_MESSAGES_COUNT = 50
_MESSAGE_CHARACTERS = 400


def selected(bundle: PolicyBundle, facts: Facts) -> tuple[str, ...]:
    """Packages of the rules to ask the engine about: those whose needed sections are all present."""
    return tuple(
        rule.package
        for rule in bundle.rules
        if rule.state != "off" and all(facts.state(need) == "present" for need in rule.needs)
    )


def wants_components(bundle: PolicyBundle) -> bool:
    """Whether a selected rule declares the section `components`."""
    return any("components" in (*rule.needs, *rule.uses) for rule in bundle.rules if rule.state != "off")


def weigh(
    bundle: PolicyBundle, facts: Facts, outcomes: Iterable[RawOutcome], subject: Subject, engine: str, now: str
) -> Verdict:
    """Make the verdict.

    Args:
        bundle: the policy; each rule that is not `off` gives exactly one reason, in the order of codes.
        facts: what was asked about.
        outcomes: what the engine answered for `selected(bundle, facts)`; a missing answer is `could_not_check`.
        subject: what the verdict is about.
        engine: name and version of the engine.
        now: RFC 3339 time of the decision.
    """
    answers: dict[str, RawOutcome] = {}
    for outcome in outcomes:
        known = answers.get(outcome.package)
        answers[outcome.package] = outcome if known is None else _twice(outcome.package)
    reasons = tuple(_reason(rule, facts, answers.get(rule.package)) for rule in bundle.rules if rule.state != "off")
    return Verdict(
        subject=subject,
        decision=_decide(reasons),
        reasons=reasons,
        policy=bundle.name,
        policy_digest=bundle.digest,
        engine=engine,
        input_digest=facts.digest,
        time=now,
    )


def _decide(reasons: tuple[Reason, ...]) -> Decision:
    enforced = [reason.outcome for reason in reasons if reason.enforced]
    denied = any(outcome in _DENIES for outcome in enforced)
    return "allow" if "pass" in enforced and not denied else "deny"


def _reason(rule: Rule, facts: Facts, answer: RawOutcome | None) -> Reason:
    outcome, messages = _structural(rule, facts) or _answered(answer)
    used = {digest for section in (*rule.needs, *rule.uses) for digest in facts.evidence.get(section, ())}
    return Reason(
        rule=rule.code,
        title=rule.title,
        outcome=outcome,
        severity=rule.severity,
        enforced=rule.state == "enforce",
        messages=_bounded(messages),
        remedy=_remedy(rule, facts, outcome) if outcome in _DENIES or messages else "",
        evidence=tuple(sorted(used)),
    )


def _remedy(rule: Rule, facts: Facts, outcome: Outcome) -> str:
    """The rule's own remedy mends a violation; what is missing must first be supplied, what failed be repeated."""
    if outcome == "could_not_check":
        return _RETRY
    if outcome != "evidence_missing":
        return rule.remedy
    absent = [need for need in rule.needs if facts.state(need) == "absent"]
    return "; ".join(dict.fromkeys(_SUPPLY.get(need, f"supply evidence about {need}") for need in absent))


def _structural(rule: Rule, facts: Facts) -> tuple[Outcome, list[str]] | None:
    """What the states of the needed sections already decide; a failed one weighs more than an absent one.

    A rule that needs none is about what it uses: nothing there is nothing to ask, but what failed is not nothing.
    """
    states = {need: facts.state(need) for need in rule.needs}
    if not rule.needs:
        states = {use: facts.state(use) for use in rule.uses if facts.state(use) != "absent"}
    if failed := [need for need, state in states.items() if state not in {"present", "absent"}]:
        return "could_not_check", [f"no answer about: {', '.join(failed)}"]
    if absent := [need for need, state in states.items() if state == "absent"]:
        return "evidence_missing", [f"no evidence about: {', '.join(absent)}"]
    return None


def _answered(answer: RawOutcome | None) -> tuple[Outcome, list[str]]:
    if answer is None:
        return "could_not_check", ["the engine gave no answer"]
    if answer.error:
        return "could_not_check", [answer.error]
    if not answer.applies:
        return "not_applicable", []
    if answer.deny:
        return "violated", [_message(entry) for entry in answer.deny]
    return "pass", [_message(entry) for entry in answer.warn]


def _message(entry: dict[str, object]) -> str:
    text = entry.get("msg")
    return text if isinstance(text, str) and text else "the rule gave no message"


def _bounded(messages: list[str]) -> tuple[str, ...]:
    """Sorted, each once, short, and without control characters; what is left out is counted."""
    unique = sorted({_printable(message) for message in messages})
    if len(unique) <= _MESSAGES_COUNT:
        return tuple(unique)
    return (*unique[:_MESSAGES_COUNT], f"… and {len(unique) - _MESSAGES_COUNT} more")


def _printable(text: str) -> str:
    """Texts come from names inside images: nothing in them may steer a terminal or a page."""
    shown = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text[:_MESSAGE_CHARACTERS])
    return shown + ("…" if len(text) > _MESSAGE_CHARACTERS else "")


def _twice(package: str) -> RawOutcome:
    return RawOutcome(package=package, error="the engine answered twice")
