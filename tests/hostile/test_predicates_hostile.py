"""Whatever stands in a predicate: its reader, the level, the policy and the facts give an answer or a refusal by name."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.formats import intoto, predicate_values, predicates
from assay.model.errors import MalformedError, UntrustedError
from assay.model.evidence import Evidence, Signer
from assay.model.image import Subject
from assay.model.statement import ResourceDescriptor
from assay.policy.facts import build
from assay.trust.provenance import Expectation, judge
from assay.trust.vsa import SummaryExpectation, VerifierRow
from assay.trust.vsa import judge as judge_summary
from provenances import certified, signed_by
from signing import TARGET

TYPES = {
    predicates.PROVENANCE: {
        "buildDefinition": {
            "buildType": "https://actions.github.io/buildtypes/workflow/v1",
            "externalParameters": {"workflow": {"ref": "refs/tags/v1", "repository": "https://github.com/a/b"}},
            "internalParameters": {"github": {"event_name": "push"}},
            "resolvedDependencies": [{"uri": "git+https://github.com/a/b@refs/tags/v1", "digest": {"gitCommit": "c"}}],
        },
        "runDetails": {"builder": {"id": "https://b.test"}, "metadata": {"invocationId": "1"}, "byproducts": []},
    },
    predicates.PROVENANCE_V02: {
        "builder": {"id": "https://b.test"},
        "buildType": "urn:t",
        "invocation": {"configSource": {"uri": "git+https://a.test/b@refs/heads/x", "digest": {"sha1": "c"}}},
        "metadata": {"completeness": {"parameters": True}, "reproducible": False},
        "materials": [{"uri": "git+https://a.test/b", "digest": {"sha1": "c"}}],
    },
    predicates.VSA: {
        "verifier": {"id": "https://v.test", "version": {"a": "1"}},
        "resourceUri": "pkg:oci/a",
        "policy": {"uri": "https://p.test"},
        "verificationResult": "PASSED",
        "verifiedLevels": ["SLSA_BUILD_LEVEL_3"],
        "dependencyLevels": {"SLSA_BUILD_LEVEL_1": 7},
    },
    predicates.LINK: {"name": "a", "command": ["b"], "materials": [{"name": "m", "digest": {"sha256": "0"}}]},
    predicates.RUNTIME_TRACE: {
        "monitor": {"type": "x:y", "configSource": {}},
        "monitoredProcess": {"hostID": "x:y", "type": "x:y", "event": "1"},
        "monitorLog": {"process": [{}], "fileAccess": [{"name": "f"}]},
    },
    predicates.VULNS: {"scanner": {"uri": "x:y", "result": [{"id": "C"}]}, "metadata": {"scanFinishedOn": "x"}},
}
VALUES = st.sampled_from(
    [None, "", "x", 0, -1, 2**70, 1.5, [], {}, True, [1], {"a": 1}, [[]], [{}], "\x00", "git+://@@", "@", "a" * 5_000]
)


def _paths(value: Any, prefix: tuple = ()) -> list[tuple]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [prefix] * bool(prefix) + [p for key, child in children for p in _paths(child, (*prefix, key))]


CASES = [(kind, path) for kind, predicate in TYPES.items() for path in _paths(predicate)]


def _mutant(kind: str, path: tuple, value: Any) -> dict[str, Any]:
    document = copy.deepcopy(TYPES[kind])
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return document


@given(st.sampled_from(CASES), VALUES)
def test_one_field_mutants_are_read_or_refused(case, value):
    kind, path = case
    statement = intoto.statement([ResourceDescriptor(digest={"sha256": "ab"})], kind, _mutant(kind, path, value))
    try:
        read = predicate_values.read(statement, where="t")
    except MalformedError:
        return
    if kind != predicates.PROVENANCE_V02:
        again = intoto.statement(statement.subject, kind, predicate_values.write(read))
        assert predicate_values.read(again, where="t") == read


@given(st.sampled_from(CASES), VALUES)
def test_policy_and_facts_never_stumble(case, value):
    kind, path = case
    evidence = signed_by(
        kind, _mutant(kind, path, value), certified("https://b.test", "https://i.test"), times=("x", "")
    )
    row = VerifierRow(name="v", id="https://v.test", issuer="https://i.test", identity="https://b.test")
    asked = Expectation(source="a.test/b", versioned_tag="v1", parameters={"a.b": "c"}, materials=("**",), pinned=True)
    for door in (
        lambda: judge(evidence, asked),
        lambda: judge(evidence, Expectation()),
        lambda: judge_summary(evidence, SummaryExpectation(target=TARGET, resource_uri="pkg:oci/a"), (row,)),
    ):
        assert _refusal(door) != ("", "")
    json.loads(build([evidence], Subject(name="x", digest=TARGET), rows=[]).document)


def _refusal(door: Callable[[], object]) -> tuple[str, str] | None:
    """Code and step of a refusal; None where there was none."""
    try:
        door()
    except UntrustedError as error:
        return error.code, error.step
    return None


def _evidence(**definition: Any) -> Evidence:
    predicate = {
        "buildDefinition": {"buildType": "urn:t", **definition},
        "runDetails": {"builder": {"id": "https://b.test"}},
    }
    return signed_by(predicates.PROVENANCE, predicate, Signer(kind="key", key_id="k"))


def test_facts_of_a_huge_provenance_stay_small():
    deep: Any = "end"
    for _ in range(50):
        deep = {"deeper": deep}
    evidence = _evidence(
        externalParameters={f"p{n}": {"text": "x" * 5_000, "deep": deep} for n in range(500)},
        resolvedDependencies=[{"uri": f"pkg:npm/{n}"} for n in range(5_000)],
    )
    facts = build([evidence], Subject(name="x", digest=TARGET), rows=[])
    assert len(facts.document) < 200_000
    (item,) = json.loads(facts.document)["provenance"]["items"]
    assert not item["parameters_complete"]
    assert (len(item["unpinned"]), item["unpinned_count"]) == (50, 5_000)


@pytest.mark.parametrize("payload", [b'{"_type":1,"_type":2}', b'{"subject":[[]]}', b"[]", b'{"predicate":NaN}'])
def test_statements_with_two_readings_are_refused(payload):
    with pytest.raises(MalformedError):
        intoto.read(payload, where="t")
