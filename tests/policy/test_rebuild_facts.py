"""Facts of rebuilds and of archives held against tags: every statement counts, the worst first, damage fails closed."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import msgspec
import pytest

from assay.adapters.opa import RegorusEngine
from assay.build.rebuilders import statement
from assay.flows.decide import decide
from assay.formats import predicates, vsa
from assay.model.comparison import Comparison
from assay.model.evidence import Evidence, Signer
from assay.model.image import Subject
from assay.model.policy import PolicyBundle
from assay.model.rebuilding import RebuildReport, Variation
from assay.policy.bundle import load
from assay.policy.facts import build
from assay.source.archive_diff import Difference
from assay.source.archive_trace import Joined
from assay.trust.examine import Row
from provenances import signed_by
from signing import TARGET
from support import ROOT

SUBJECT = Subject(name="registry.test/app", digest=TARGET)
NOW = "2026-11-03T00:00:00Z"
KEY = Signer(kind="key", key_id="k")
SCRIPT, CHANGED = "source.archive-phantom-build-script", "source.archive-changed-file"


def rebuilt(verdict: str, **changes: Any) -> Evidence:
    report = RebuildReport(
        verdict=verdict,  # type: ignore[arg-type]
        comparisons=(Comparison(before=SUBJECT, after=SUBJECT, verdict=verdict),),  # type: ignore[arg-type]
        variations=(Variation(name="clock", state="partly varied"),), isolation="sealed",
    )  # fmt: skip
    told = statement(report, SUBJECT, builder_id="urn:b", resource_uri="urn:x", time=NOW, versions={})
    return signed_by(predicates.VSA, dict(told.predicate) | changes, KEY)


def recorded(**sources: Any) -> Evidence:
    return signed_by(predicates.BUILD_RECORD, {"sources": sources}, KEY)


def joined(*findings: tuple[str, str, str], state: str = "traced") -> dict[str, Any]:
    found = tuple(Difference(code, severity, path, "why") for severity, code, path in findings)  # type: ignore[arg-type]
    return json.loads(msgspec.json.encode(Joined(state=state, findings=found)))  # type: ignore[arg-type,no-any-return]


def facts(*evidence: Evidence, **more: Any) -> dict[str, Any]:
    return json.loads(build(evidence, SUBJECT, rows=[], **more).document)  # type: ignore[no-any-return]


def test_a_rebuild_is_told_with_what_was_varied_and_by_whom() -> None:
    (item,) = facts(rebuilt("identical"))["rebuilds"]["items"]
    assert (item["verdict"], item["result"], item["levels"]) == ("identical", "PASSED", [vsa.REBUILT])
    assert (item["builder"], item["isolation"], item["variations"]) == ("urn:b", "sealed", {"clock": "partly varied"})


def test_every_verdict_counts_and_other_summaries_are_none() -> None:
    other = rebuilt("identical", policy={"uri": "urn:assay:policy:default"})
    told = facts(rebuilt("identical"), rebuilt("different"), other)["rebuilds"]
    assert sorted(item["verdict"] for item in told["items"]) == ["different", "identical"]
    assert len(told["evidence"]) == 2
    assert "rebuilds" not in facts(other)
    assert "archives" not in facts(other)


def test_findings_of_archives_stand_worst_first_and_the_worst_are_never_cut() -> None:
    many = [("medium", CHANGED, f"src/{number:04}") for number in range(500)]
    (item,) = facts(recorded(speed=joined(*many, ("critical", SCRIPT, "z.m4"))))["archives"]["items"]
    assert item["findings"][0] == {"severity": "critical", "code": SCRIPT, "path": "z.m4"}
    assert len(item["findings"]) == 200
    assert item["counts"] == {"critical": 1, "medium": 500}
    assert (item["source"], item["traced"]) == ("speed", "traced")


def test_a_record_without_archives_says_nothing_of_them() -> None:
    assert "archives" not in facts(recorded())
    assert "archives" not in facts(signed_by(predicates.BUILD_RECORD, {}, KEY))


DAMAGED = [
    recorded(speed="x"),
    recorded(speed={"state": "traced"}),
    recorded(speed=joined(("harmless", SCRIPT, "x"))),
    recorded(speed=joined(("high", "", "x"))),
    recorded(speed={"state": "traced", "findings": ["x"]}),
    signed_by(predicates.BUILD_RECORD, {"sources": []}, KEY),
]
STRANGE = [
    rebuilt("identical", **{vsa.REBUILD_REPORT: "x"}),
    rebuilt("identical", **{vsa.REBUILD_REPORT: {"variations": 3}}),
]


@pytest.mark.parametrize("evidence", DAMAGED)
def test_a_damaged_record_fails_the_section(evidence: Evidence) -> None:
    assert facts(evidence)["archives"]["state"] == "failed"


@pytest.mark.parametrize("evidence", STRANGE)
def test_a_damaged_report_fails_the_section(evidence: Evidence) -> None:
    assert facts(evidence)["rebuilds"]["state"] == "failed"


def test_a_state_nobody_knows_is_no_trace() -> None:
    (item,) = facts(recorded(speed=joined(state="surely")))["archives"]["items"]
    assert item["traced"] == "not-traced"


@pytest.fixture(scope="module")
def policy() -> PolicyBundle:
    folder = ROOT / "policies" / "default"
    names = ("build_rebuild_mismatch.rego", "source_archives.rego")
    return load({name: (folder / name).read_text() for name in names}, json.loads((folder / "data.json").read_text()))


GOOD, BAD = rebuilt("identical"), rebuilt("different")


@pytest.fixture(scope="module")
def engine() -> Iterator[RegorusEngine]:
    with closing(RegorusEngine()) as made:
        yield made


CASES = [
    ((), ("not_applicable", "not_applicable")),
    ((GOOD,), ("pass", "not_applicable")),
    ((GOOD, BAD), ("violated", "not_applicable")),
    ((recorded(speed=joined(("critical", SCRIPT, "x"))),), ("not_applicable", "violated")),
    ((GOOD, recorded(speed=joined(("high", SCRIPT, "x"), state="copied-whole"))), ("pass", "pass")),
    ((STRANGE[0], DAMAGED[0]), ("could_not_check", "could_not_check")),
]


def test_the_shipped_rules_act_only_where_there_is_such_evidence(policy: PolicyBundle, engine: RegorusEngine) -> None:
    for evidence, outcomes in CASES:
        told = decide(evidence, policy, engine, NOW, SUBJECT, 10, rows=[])
        assert {one.rule: one.outcome for one in told.reasons} == dict(
            zip(("build.rebuild_mismatch", "source.archives"), outcomes, strict=True)
        ), [one.messages for one in told.reasons]
        assert (told.decision == "allow") == ("pass" in outcomes and set(outcomes) <= {"pass", "not_applicable"})


def test_what_could_not_be_fetched_may_be_a_difference(policy: PolicyBundle, engine: RegorusEngine) -> None:
    rows = [Row(place="a", outcome="unavailable")]
    told = decide((), policy, engine, NOW, SUBJECT, 10, rows=rows)
    assert {one.outcome for one in told.reasons} == {"could_not_check"}


def test_a_difference_is_named_by_its_public_code(policy: PolicyBundle, engine: RegorusEngine) -> None:
    told = decide((BAD,), policy, engine, NOW, SUBJECT, 10, rows=[])
    assert told.reasons[0].messages == ("build.rebuild-mismatch: urn:b built it again and it is different",)
    assert told.reasons[0].evidence == (str(BAD.digest),)


def test_a_newer_verdict_on_a_scan_does_not_hide_a_rebuild_among_summaries() -> None:
    def at(day: int, one: Evidence) -> Evidence:
        return msgspec.structs.replace(one, times=(f"2026-11-0{day}T00:00:00Z",))

    scan = {"policy": {"uri": "urn:assay:policy:default"}, "verifiedLevels": [vsa.PASSED_LEVEL]}
    told = facts(at(1, rebuilt("identical")), at(2, rebuilt("identical", **scan)), at(1, rebuilt("different", **scan)))
    found = sorted((item["policy"], item["result"]) for item in told["summaries"]["items"])
    assert found == [("urn:assay:policy:default", "PASSED"), ("urn:assay:policy:rebuild", "PASSED")]
