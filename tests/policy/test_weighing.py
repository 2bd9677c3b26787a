"""Every outcome, and every way to a denial: from structure, from Rego, from failure, from silence."""

import pytest

from assay.flows.decide import decide
from assay.model.limits import Limits
from assay.policy import explain
from assay.policy.engine import weigh
from assay.policy.facts import build
from deciding import CLEAN, FakeEngine, answer, policy, rego, seen
from signing import NOW

SUBJECT = CLEAN.subject
ONE = policy(rego("a.one"))


def decided(bundle, engine, evidence=None, **more):
    return decide(seen(CLEAN) if evidence is None else evidence, bundle, engine, NOW, SUBJECT, 1.0, **more)


def outcomes(verdict):
    return {reason.rule: reason.outcome for reason in verdict.reasons}


def test_one_enforced_pass_allows():
    verdict = decided(ONE, FakeEngine())
    assert verdict.decision == "allow"
    assert outcomes(verdict) == {"a.one": "pass"}
    assert explain.exit_code(verdict) == 0


def test_violated():
    engine = FakeEngine(a_one=answer("a_one", deny=({"msg": "no"}, {"msg": "never"}, {"msg": "no"})))
    verdict = decided(ONE, engine)
    (reason,) = verdict.reasons
    assert (verdict.decision, reason.outcome) == ("deny", "violated")
    assert reason.messages == ("never", "no")
    assert reason.remedy == "repair it"
    assert explain.exit_code(verdict) == 1


def test_evidence_missing_is_decided_without_the_engine():
    engine = FakeEngine()
    verdict = decided(policy(rego("a.one", needs="weather")), engine)
    assert outcomes(verdict) == {"a.one": "evidence_missing"}
    assert (verdict.decision, engine.asked, explain.exit_code(verdict)) == ("deny", [], 1)
    assert verdict.reasons[0].remedy == "supply evidence about weather"


def test_a_used_section_may_be_absent():
    bundle = policy(("a.rego", rego("a.one")[1].replace("#   remedy", "#   uses: [provenance]\n#   remedy")))
    assert decided(bundle, FakeEngine()).decision == "allow"


@pytest.mark.parametrize(
    "engine",
    [
        FakeEngine(a_one=answer("a_one", error="no answer within 1 seconds")),
        FakeEngine(a_one=answer("other")),
    ],
    ids=["error", "answered about something else"],
)
def test_could_not_check(engine):
    verdict = decided(ONE, engine)
    assert outcomes(verdict) == {"a.one": "could_not_check"}
    assert verdict.decision == "deny"
    assert verdict.could_not_check_only
    assert explain.exit_code(verdict) == 75


def test_an_error_weighs_more_than_a_deny_beside_it():
    engine = FakeEngine(a_one=answer("a_one", error="x", deny=({"msg": "no"},)))
    assert outcomes(decided(ONE, engine)) == {"a.one": "could_not_check"}


def test_a_mixed_denial_exits_1():
    bundle = policy(rego("a.one"), rego("b.two"))
    engine = FakeEngine(a_one=answer("a_one", error="x"), b_two=answer("b_two", deny=({"msg": "no"},)))
    assert explain.exit_code(decided(bundle, engine)) == 1


def test_not_applicable_alone_denies():
    verdict = decided(ONE, FakeEngine(a_one=answer("a_one", applies=False)))
    assert outcomes(verdict) == {"a.one": "not_applicable"}
    assert verdict.decision == "deny"


def test_warnings_pass_and_are_told():
    verdict = decided(ONE, FakeEngine(a_one=answer("a_one", warn=({"msg": "look"},))))
    assert verdict.decision == "allow"
    assert verdict.reasons[0].messages == ("look",)


@pytest.mark.parametrize("state", ["audit", "warn"])
def test_only_enforced_rules_deny_and_only_enforced_rules_allow(state):
    alone = policy(rego("a.one", state=state))
    assert decided(alone, FakeEngine()).decision == "deny"
    beside = policy(rego("a.one", state=state), rego("b.two"))
    refusing = FakeEngine(a_one=answer("a_one", deny=({"msg": "no"},)))
    verdict = decided(beside, refusing)
    assert verdict.decision == "allow"
    assert outcomes(verdict) == {"a.one": "violated", "b.two": "pass"}


def test_a_rule_that_is_off_gives_no_reason():
    engine = FakeEngine()
    verdict = decided(policy(rego("a.one", state="off"), rego("b.two")), engine)
    assert outcomes(verdict) == {"b.two": "pass"}
    assert engine.asked == ["assay.rules.b_two"]


def test_no_rule_spoke_denies():
    verdict = decided(policy(), FakeEngine())
    assert (verdict.decision, verdict.reasons, explain.exit_code(verdict)) == ("deny", (), 1)
    assert "nothing speaks for it" in explain.summary(verdict)


def test_a_package_answered_twice_could_not_be_checked():
    facts = build(seen(CLEAN), SUBJECT)
    verdict = weigh(ONE, facts, [answer("a_one"), answer("a_one")], SUBJECT, "x", NOW)
    assert outcomes(verdict) == {"a.one": "could_not_check"}


def test_too_many_facts_are_not_shortened():
    engine = FakeEngine()
    verdict = decided(ONE, engine, limits=Limits(facts_bytes=10))
    assert outcomes(verdict) == {"a.one": "could_not_check"}
    assert "limit 10" in verdict.reasons[0].messages[0]
    assert engine.asked == []


def test_reasons_name_the_evidence_of_their_sections():
    verdict = decided(policy(rego("a.one", needs="findings"), rego("b.two", needs="subject")), FakeEngine())
    scan = [str(e.digest) for e in seen(CLEAN) if "vulns" in e.statement.predicate_type]
    assert {r.rule: list(r.evidence) for r in verdict.reasons} == {"a.one": scan, "b.two": []}


def test_messages_are_short_sorted_and_cannot_steer_a_terminal():
    deny = tuple({"msg": f"{i:03} \x1b[2J\n{'x' * 1000}"} for i in range(99))
    (reason,) = decided(ONE, FakeEngine(a_one=answer("a_one", deny=(*deny, {"no": 1}, {"msg": 3})))).reasons
    assert len(reason.messages) == 51
    assert reason.messages[-1] == "… and 50 more"
    assert all(text.isprintable() and len(text) < 420 for text in reason.messages)


def test_the_same_input_gives_the_same_verdict():
    first, second = (decided(ONE, FakeEngine(), evidence=order) for order in (seen(CLEAN), seen(CLEAN)[::-1]))
    assert first == second
    assert (first.time, first.engine, first.policy) == (NOW, "fake 1", "test")
    assert first.policy_digest == ONE.digest


def test_the_explanation_puts_denials_first():
    bundle = policy(rego("a.one"), rego("b.two", state="warn"), rego("c.three", needs="weather"))
    engine = FakeEngine(b_two=answer("b_two", deny=({"msg": "hm"},)))
    verdict = decided(bundle, engine)
    assert explain.summary(verdict) == "DENY by policy test: 1 of 2 enforced rules refuse (c.three)"
    assert [reason.rule for reason in explain.ordered(verdict)] == ["c.three", "b.two", "a.one"]
    assert [explain.denies(reason) for reason in explain.ordered(verdict)] == [True, False, False]
    assert [explain.refuses(reason) for reason in explain.ordered(verdict)] == [True, True, False]
    assert explain.ordered(verdict)[0].remedy.startswith("supply evidence about weather")
