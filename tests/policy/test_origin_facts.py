"""Facts of provenance and of others' summaries: levels by the signer, the newest by proven time, bounded, never guessed."""

import json
from typing import Any

import msgspec
import pytest
import regorus

from assay.formats import claims, predicates, vsa
from assay.model.errors import MalformedError
from assay.model.evidence import Evidence, Signer
from assay.model.image import Subject
from assay.model.statement import ResourceDescriptor
from assay.model.summary import VerificationSummary, Verifier
from assay.policy.bundle import builders, load
from assay.policy.facts import build
from assay.trust.examine import Row
from provenances import certified, signed_by
from signing import TARGET
from support import ROOT

SUBJECT = Subject(name="registry.test/app", digest=TARGET)
BUILDER = "https://github.com/team/app/.github/workflows/release.yml@refs/tags/v1"
WORKFLOW = "https://actions.github.io/buildtypes/workflow/v1"
CERTIFICATE = {"runnerEnvironment": "github-hosted", "sourceRepositoryURI": "https://github.com/team/app"}
DAY, NEXT = "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"
RULES = sorted((ROOT / "policies/default").glob("*.rego"))
PARAMETERS = {
    "signature_identity": {"signers": [{"identity": BUILDER, "issuer": "https://token.actions.githubusercontent.com"}]},
    "provenance_builder": {"builders": ["https://github.com/team/app/.github/workflows/*@refs/tags/*"]},
    "provenance_build_type": {"build_types": [WORKFLOW]},
    "provenance_source_repo": {"repositories": ["https://github.com/team/app"]},
    "provenance_branch": {"refs": ["refs/tags/v*"]},
    "provenance_params": {"names": ["workflow", "inputs"]},
    "provenance_level": {"min_level": 2},
}


def _provenance(signer: Signer | None = None, times: tuple[str, ...] = (DAY,), **changes: Any) -> Evidence:
    definition = {
        "buildType": WORKFLOW,
        "externalParameters": {
            "workflow": {"repository": "https://github.com/team/app", "ref": "refs/tags/v1"},
            "inputs": {"deep": {"list": [1, "a"]}, "none": None},
        },
        "resolvedDependencies": [
            {"uri": "git+https://github.com/team/app@refs/tags/v1", "digest": {"gitCommit": "c0"}}
        ],
        **changes,
    }
    predicate = {"buildDefinition": definition, "runDetails": {"builder": {"id": BUILDER}}}
    return signed_by(predicates.PROVENANCE, predicate, signer or certified(BUILDER, **CERTIFICATE), times=times)


def _facts(*evidence: Evidence, **more: Any) -> dict[str, Any]:
    return json.loads(build(evidence, SUBJECT, rows=[], **more).document)


def test_a_provenance_with_its_level_and_signer():
    (item,) = _facts(_provenance())["provenance"]["items"]
    assert (item["level"], item["level_row"], item["operator"]) == (2, "github-artifact-attestations", "github.com")
    assert (item["identity"], item["issuer"]) == (BUILDER, "https://token.actions.githubusercontent.com")
    assert item["times"] == [DAY]
    assert item["speaks_for_builder"]
    assert item["contradiction"] == ""
    assert {source["repository"] for source in item["sources"]} == {"https://github.com/team/app"}
    assert item["parameters"] == {
        "inputs.deep.list": '[1, "a"]', "inputs.none": "null",
        "workflow.ref": "refs/tags/v1", "workflow.repository": "https://github.com/team/app",
    }  # fmt: skip
    assert item["parameters_complete"]


@pytest.mark.parametrize(
    ("signer", "level", "speaks"),
    [
        (Signer(kind="key", key_id="k"), 1, True),
        (Signer(kind="self"), 0, False),
        (certified("https://github.com/evil/x/.github/workflows/y.yml@refs/heads/main", **CERTIFICATE), 0, False),
    ],
)
def test_the_same_words_by_another_signer(signer, level, speaks):
    (item,) = _facts(_provenance(signer))["provenance"]["items"]
    assert (item["level"], item["speaks_for_builder"]) == (level, speaks)


def test_what_contradicts_the_certificate_is_told():
    (item,) = _facts(_provenance(certified(BUILDER, sourceRepositoryURI="https://github.com/team/other")))[
        "provenance"
    ]["items"]
    assert "the certificate says https://github.com/team/other" in item["contradiction"]


def test_the_newest_of_a_signer_counts():
    old, new = _provenance(times=(DAY,)), _provenance(times=(NEXT,), externalParameters={})
    items = _facts(old, new)["provenance"]["items"]
    assert [item["proven"] for item in items] == [NEXT]


def test_more_parameters_than_are_shown_are_not_hidden():
    (item,) = _facts(_provenance(externalParameters={f"p{n}": "x" * 9_000 for n in range(300)}))["provenance"]["items"]
    assert not item["parameters_complete"]
    assert len(item["parameters"]) == 200
    assert max(map(len, item["parameters"].values())) == 500


def test_no_provenance_is_absent_and_leaves_no_trace():
    facts = build([], SUBJECT, rows=[])
    assert facts.state("provenance") == facts.state("summaries") == "absent"
    assert "provenance" not in json.loads(facts.document)


def test_what_could_not_be_fetched_may_be_the_provenance():
    facts = build([], SUBJECT, rows=[Row(place="a", outcome="unavailable")])
    assert facts.state("provenance") == facts.state("summaries") == "failed"


def test_a_provenance_that_cannot_be_read_fails_its_section():
    broken = signed_by(predicates.PROVENANCE, {"buildDefinition": 1}, Signer(kind="key"))
    assert build([broken], SUBJECT, rows=[]).state("provenance") == "failed"


def test_v02_is_provenance_too():
    predicate = {"builder": {"id": "https://b.test"}, "buildType": "urn:t"}
    old = signed_by(predicates.PROVENANCE_V02, predicate, Signer(kind="key", key_id="k"))
    (item,) = _facts(old)["provenance"]["items"]
    assert (item["builder"], item["level"]) == ("https://b.test", 1)


def test_summaries():
    summary = VerificationSummary(
        verifier=Verifier(id="https://v.test"),
        resource_uri="pkg:oci/app",
        policy=ResourceDescriptor(uri="https://p.test"),
        verification_result="PASSED",
        verified_levels=("SLSA_BUILD_LEVEL_3", "SLSA_INVENTED", vsa.REPRODUCED, "MINE"),
    )
    predicate = claims.write(summary)
    (item,) = _facts(signed_by(predicates.VSA, predicate, Signer(kind="key", key_id="k"), times=(DAY,)))["summaries"][
        "items"
    ]
    assert item["levels"] == ["MINE", "SLSA_BUILD_LEVEL_3"]
    assert (item["build_level"], item["source_level"], item["proven"]) == (3, -1, DAY)


def _denied(evidence: Evidence) -> set[str]:
    """Codes of the rules that deny the facts of one piece of evidence."""
    engine = regorus.Engine()
    names = []
    for path in RULES:
        if not path.name.endswith("_test.rego") and path.name.startswith(("provenance_", "signature_")):
            engine.add_policy(path.name, path.read_text())
            names.append(path.stem)
    engine.add_data_json(json.dumps({"parameters": PARAMETERS}))
    engine.set_input_json(build([evidence], SUBJECT, rows=[]).at("2026-11-03T00:00:00Z").decode())
    return {name for name in names if json.loads(engine.eval_rule_as_json(f"data.assay.rules.{name}.deny"))}


def test_the_rules_pass_what_is_as_listed():
    assert _denied(_provenance()) == set()


@pytest.mark.parametrize(
    ("evidence", "rule"),
    [
        (_provenance(buildType="urn:other"), "provenance_build_type"),
        (_provenance(externalParameters={"extra": "x"}), "provenance_params"),
        (_provenance(certified("x@y.test")), "signature_identity"),
        (_provenance(certified("x@y.test")), "provenance_builder"),
        (_provenance(Signer(kind="key", key_id="k")), "provenance_level"),
        (_provenance(times=()), "signature_log_inclusion"),
        (_provenance(resolvedDependencies=[{"uri": "git+https://github.com/evil/app@refs/tags/v1"}]), "provenance_source_repo"),
        (_provenance(resolvedDependencies=[{"uri": "git+https://github.com/team/app@refs/heads/x"}]), "provenance_branch"),
        (_provenance(resolvedDependencies=[{"uri": "pkg:npm/a@1"}]), "provenance_materials_pinned"),
        (_provenance(Signer(kind="self")), "provenance_present"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)  # fmt: skip
def test_the_rules_refuse_what_is_not(evidence, rule):
    assert rule in _denied(evidence)


def test_a_policy_adds_rows_of_its_own_and_bad_ones_are_refused_when_it_is_loaded():
    row = {
        "name": "ours", "issuer": "https://token.actions.githubusercontent.com", "identity": BUILDER,
        "builder_id": "{identity}", "level": 3, "operator": "github.com",
    }  # fmt: skip
    policy = load({}, {"builders": [row]})
    (item,) = _facts(_provenance(), builders=lambda: builders(policy))["provenance"]["items"]
    assert (item["level"], item["level_row"]) == (3, "ours")
    with pytest.raises(MalformedError, match="operates"):
        load({}, {"builders": [{**row, "operator": ""}]})


def _scan(finished: str, times: tuple[str, ...], key: str, *ids: str) -> Evidence:
    results = [{"id": name, "severity": []} for name in ids]
    predicate = {"scanner": {"uri": "x:y", "result": results}, "metadata": {"scanFinishedOn": finished}}
    signer = msgspec.structs.replace(certified("scanner@team.test"), key_id=key)
    return signed_by(predicates.VULNS, predicate, signer, times=times)


def test_scans_of_an_identity_are_ordered_by_proven_time():
    """A clock that runs ahead, or a claim of the far future, keeps no old scan on top."""
    old, new = _scan("2099-01-01T00:00:00Z", (DAY,), "k1"), _scan(NEXT, (NEXT,), "k2", "CVE-1")
    (scan,) = _facts(old, new)["findings"]["scans"]
    assert [item["id"] for item in scan["open"]] == ["CVE-1"]


def test_where_a_scan_has_no_proven_time_the_claims_order_them():
    old, new = _scan(DAY, (NEXT,), "k1"), _scan(NEXT, (), "k2", "CVE-1")
    (scan,) = _facts(old, new)["findings"]["scans"]
    assert scan["finished"] == NEXT
