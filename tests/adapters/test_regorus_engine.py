"""The embedded engine behind its port: strict, killed at the deadline, replaced, and never an exception."""

import json
import time

import pytest

from assay.adapters import opa
from assay.adapters.opa import RegorusEngine
from assay.flows.decide import decide
from assay.model.errors import UnsupportedError
from assay.model.limits import DEFAULT_LIMITS, MIB, Limits
from assay.model.policy import PolicyBundle
from deciding import CLEAN, policy, rego, seen
from signing import NOW

ENDLESS = (
    'deny contains {"msg": "x"} if { some i in numbers.range(1, 3000); some j in numbers.range(1, 3000); i * j == -1 }'
)


@pytest.fixture(scope="module")
def engine():
    made = RegorusEngine()
    yield made
    made.close()


def ask(engine, body, facts=None, seconds=10.0, data=None):
    bundle = policy(rego("a.one", body), data=data)
    (outcome,) = engine.evaluate(bundle, ["assay.rules.a_one"], json.dumps(facts or {}).encode(), seconds)
    return outcome


def test_describe(engine):
    assert engine.describe().startswith("regorus 0.")


def test_deny_warn_and_data(engine):
    body = 'deny contains {"msg": data.word, "facts": {1, 2}} if input.x\nwarn contains {"msg": "w"}'
    outcome = ask(engine, body, {"x": True}, data={"word": "no"})
    assert outcome.error == ""
    assert outcome.deny == ({"msg": "no", "facts": [1, 2]},)
    assert outcome.warn == ({"msg": "w"},)
    assert ask(engine, body, {}, data={"word": "no"}).deny == ()


def test_applies(engine):
    body = 'default applies := false\napplies if input.x\ndeny contains {"msg": "no"}'
    assert ask(engine, body, {"x": True}).deny
    outcome = ask(engine, body)
    assert (outcome.applies, outcome.deny, outcome.error) == (False, (), "")


ERRORS = {
    "no deny": "x := 1",
    "deny is a value": "deny := 1",
    "deny is undefined": "deny := 1 if input.x",
    "deny holds texts": 'deny contains "no"',
    "applies without default": 'applies if input.x\ndeny contains {"msg": "no"}',
    "applies is text": 'applies := "yes"\ndeny contains {"msg": "no"}',
    "builtin fails": 'deny contains {"msg": "no"} if to_number("x") > 1',
    "divide by zero": 'deny contains {"msg": "no"} if 1 / input.zero > 1',
    "bad time": 'deny contains {"msg": "no"} if time.parse_rfc3339_ns("x") > 1',
    "wrong type": 'deny contains {"msg": "no"} if lower(3) == "a"',
    "conflict": 'x := 1\nx := 2\ndeny contains {"msg": "no"} if x == 1',
    "syntax": "deny := :=",
    "unknown function": 'deny contains {"msg": "no"} if nonsense(1)',
    "warn fails": 'deny contains {"msg": "no"} if input.x\nwarn contains {"msg": "w"} if to_number("x") > 1',
}


@pytest.mark.parametrize("case", ERRORS)
def test_what_goes_wrong_is_an_outcome(engine, case):
    outcome = ask(engine, ERRORS[case], {"zero": 0})
    assert outcome.error
    assert outcome.deny == ()
    assert "backtrace" not in outcome.error
    assert "\n" not in outcome.error


def test_one_broken_rule_leaves_the_others_alone(engine):
    bundle = policy(rego("a.one", 'deny contains {"msg": "no"}'), rego("b.two", "deny := 1"))
    one, two = engine.evaluate(bundle, ["assay.rules.a_one", "assay.rules.b_two"], b"{}", 10)
    assert (one.error, bool(one.deny), bool(two.error)) == ("", True, True)


def test_nine_million_steps_meet_their_deadline_and_a_spare_takes_over():
    engine = RegorusEngine()
    try:
        started = time.monotonic()
        outcome = ask(engine, ENDLESS, seconds=0.5)
        assert time.monotonic() - started < 2
        assert outcome.error == "no answer within 0.5 seconds"
        assert ask(engine, 'deny contains {"msg": "no"}').deny
    finally:
        engine.close()


def test_a_deadline_denies():
    engine = RegorusEngine()
    try:
        verdict = decide(seen(CLEAN), policy(rego("a.one", ENDLESS)), engine, NOW, CLEAN.subject, 0.3)
    finally:
        engine.close()
    assert verdict.decision == "deny"
    assert verdict.could_not_check_only


def test_a_killed_worker_is_replaced(engine):
    assert ask(engine, 'deny contains {"msg": "no"}').deny
    engine._worker.kill()
    engine._worker.wait()
    assert ask(engine, 'deny contains {"msg": "no"}').deny


def test_memory_is_bounded():
    engine = RegorusEngine(Limits(policy_memory_bytes=64 * MIB))
    try:
        greedy = 'deny contains {"msg": "x"} if count([concat("", [s, "x"]) | some i in numbers.range(1, 3000000); s := sprintf("%d", [i])]) < 0'
        outcome = ask(engine, greedy, seconds=30)
        assert "ended" in outcome.error
        assert ask(engine, 'deny contains {"msg": "no"}').deny
    finally:
        engine.close()


def test_the_largest_fact_document_fits(engine):
    facts = {"l": [{"id": f"CVE-2024-{i}", "severity": "critical"} for i in range(38_000)]}
    assert 1.5 * MIB < len(json.dumps(facts)) < DEFAULT_LIMITS.facts_bytes
    body = 'deny contains {"msg": i.id} if { some i in input.l; i.severity == "critical" }'
    outcome = ask(engine, body, facts)
    assert (outcome.error, len(outcome.deny)) == ("", 38_000)


def test_the_worker_sees_no_environment(engine):
    worker = engine._restart()
    ask(engine, 'deny contains {"msg": "no"}')
    with open(f"/proc/{worker.pid}/environ", "rb") as file:
        names = {line.split(b"=")[0] for line in file.read().split(b"\0") if line}
    assert names <= {b"MIMALLOC_ARENA_RESERVE", b"LC_CTYPE"}


def test_the_worker_loads_nothing_of_ours(engine):
    ask(engine, 'deny contains {"msg": "no"}')
    with open(f"/proc/{engine._worker.pid}/maps") as file:
        loaded = file.read()
    assert "regorus" in loaded
    assert "msgspec" not in loaded
    assert "_ssl" not in loaded


def test_no_wheel_is_unsupported(monkeypatch):
    monkeypatch.setattr(opa.util, "find_spec", lambda name: None)
    with pytest.raises(UnsupportedError) as caught:
        RegorusEngine()
    assert "not installed" in caught.value.why


def test_after_close_nothing_is_answered():
    engine = RegorusEngine()
    engine.close()
    engine.close()
    assert ask(engine, 'deny contains {"msg": "no"}').error == "the engine is closed"


def test_hostile_policy_text_is_an_outcome(engine):
    bundle = PolicyBundle(name="x", modules=(("a.rego", "\x00" * 10 + "{" * 200),), digest="d")
    (outcome,) = engine.evaluate(bundle, ["a"], b"{}", 5)
    assert outcome.error


def test_facts_that_are_no_json_are_an_outcome(engine):
    (outcome,) = engine.evaluate(policy(rego("a.one", 'deny contains {"msg": "no"}')), ["assay.rules.a_one"], b"{", 5)
    assert outcome.error


DENY = policy(rego("a.one", 'deny contains {"msg": data.word}'), data={"word": "no"})
WARN = policy(rego("a.one", 'deny contains {"msg": "x"} if false\nwarn contains {"msg": "w"}'))
BROKEN = policy(rego("a.one", "deny := :="))
HUGE = policy(rego("a.one", 'deny contains {"msg": data.word}'), data={"word": "no", "filler": "x" * 2 * MIB})


@pytest.mark.parametrize("first", [DENY, WARN, BROKEN, HUGE], ids=["the same", "another", "a broken one", "a huge one"])
def test_a_policy_handed_over_early_changes_no_answer(first: PolicyBundle) -> None:
    engine = RegorusEngine(bundle=first)
    try:
        for bundle, denied in ((DENY, True), (WARN, False), (first, first not in (WARN, BROKEN)), (DENY, True)):
            (outcome,) = engine.evaluate(bundle, ["assay.rules.a_one"], b"{}", 10)
            assert (bool(outcome.deny), bool(outcome.error)) == (denied, bundle is BROKEN)
    finally:
        engine.close()


def test_a_worker_killed_over_an_early_policy_is_replaced() -> None:
    engine = RegorusEngine(bundle=DENY)
    try:
        assert engine._worker is not None
        engine._worker.kill()
        engine._worker.wait()
        (outcome,) = engine.evaluate(DENY, ["assay.rules.a_one"], b"{}", 10)
        assert outcome.deny
    finally:
        engine.close()
