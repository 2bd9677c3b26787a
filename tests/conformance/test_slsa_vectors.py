"""The cases of slsa-verifier: 9 provenances, accepted or refused for upstream's own reason; each case and each way to
name its builder is a test. All nine are signed well, so a refusal must come from policy."""

import json
from functools import cache
from typing import Any

import pytest

from assay.formats import trustroot
from assay.formats.trustroot import TrustedRoot
from assay.model.digest import Digest
from assay.model.errors import UntrustedError
from assay.model.evidence import Evidence
from assay.trust import levels
from assay.trust.expect import Expected, Identity
from assay.trust.provenance import Expectation, judge, read
from assay.trust.verify import verify
from provenances import GITHUB
from support import SHARED, needs_shared

FOLDER = SHARED / "vectors/slsa" if SHARED else None
CASES: list[dict[str, Any]] = json.loads((FOLDER / "cases.json").read_text()) if FOLDER else []
RUNS = [(case, builder) for case in CASES for builder in case["builder_ids"]]
ERRORS = {
    "ErrorMismatchBuilderID": "BUILDER_MISMATCH",
    "ErrorMismatchSource": "SOURCE_MISMATCH",
    "ErrorMismatchBranch": "BRANCH_MISMATCH",
    "ErrorMismatchTag": "TAG_MISMATCH",
    "ErrorMismatchVersionedTag": "VERSIONED_TAG_MISMATCH",
    "ErrorInvalidRef": "REF_INVALID",
}
"""Upstream's errors, and our reasons for them."""
EXAMPLES = levels.read(
    f"""
[[builder]]
name = "the verifier's own example"
issuer = "{GITHUB}"
identity = "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/delegator_*_slsa3.yml@refs/heads/main"
builder_id = "https://github.com/slsa-framework/example-trw/.github/workflows/builder_*_slsa3.yml@refs/tags/v*"
level = 1
""".encode(),
    where="test",
)
"""Upstream lets this delegator be named by a branch for its own example alone; so do we, by a row of the caller's."""
pytestmark = needs_shared


def _id(value: object) -> str:
    if isinstance(value, dict):
        return str(value["case"])
    return str(value).rpartition("/")[2] if value else "no builder"


def _expectation(case: dict[str, Any], builder: str | None) -> Expectation:
    return Expectation(
        builders=(builder,) if builder else (),
        source=case["source_uri"],
        branch=case.get("source_branch", ""),
        tag=case.get("source_tag", ""),
        versioned_tag=case.get("source_versioned_tag", ""),
    )


@cache
def _roots() -> TrustedRoot:
    path = SHARED / "vectors/sigstore/public-good-trusted-root.json"
    return trustroot.read(path.read_bytes(), where=path.name)


@cache
def _verified(bundle: str, subject: str, identity: str, issuer: str) -> Evidence:
    """The whole verification: log entry, times, certificate, identity, subject."""
    expected = Expected(identities=(Identity(identity=identity, issuer=issuer),))
    data = (FOLDER / bundle).read_bytes()
    return verify(data, Digest("sha256", subject), _roots(), expected, "2026-11-02T00:00:00Z", name=bundle)


def _evidence(case: dict[str, Any]) -> Evidence:
    names = ("bundle", "subject_sha256", "certificate_identity", "certificate_oidc_issuer")
    evidence = _verified(*(case[name] for name in names))
    assert evidence.statement.predicate_type == case["predicate_type"]
    return evidence


@pytest.mark.parametrize(("case", "builder"), [run for run in RUNS if run[0]["expect"] == "accept"], ids=_id)
def test_accepts(case, builder):
    evidence = _evidence(case)
    assert any(s.digest.get("sha256") == case["subject_sha256"] for s in evidence.statement.subject)
    checks = judge(evidence, _expectation(case, builder), (*levels.shipped(), *EXAMPLES))
    assert {check.step for check in checks} >= {"builder", "source", "certificate"}
    assert all(check.outcome == "pass" for check in checks)


@pytest.mark.parametrize(("case", "builder"), [run for run in RUNS if run[0]["expect"] == "refuse"], ids=_id)
def test_refuses_for_upstreams_reason(case, builder):
    with pytest.raises(UntrustedError) as caught:
        judge(_evidence(case), _expectation(case, builder), (*levels.shipped(), *EXAMPLES))
    assert caught.value.code == ERRORS[case["upstream_error"]]
    assert caught.value.why
    assert caught.value.remedy


@pytest.mark.parametrize("case", [case for case in CASES if "delegator v1.9.0" in case["case"]], ids=_id)
def test_a_delegator_on_a_branch_speaks_for_nobody_by_the_shipped_rows(case):
    with pytest.raises(UntrustedError) as caught:
        judge(_evidence(case), _expectation(case, case["builder_ids"][0]))
    assert caught.value.code == "BUILDER_IDENTITY"


@pytest.mark.parametrize("case", CASES, ids=_id)
def test_the_level_is_the_rows(case):
    evidence = _evidence(case)
    level = levels.of(read(evidence), evidence.signer)
    assert level.build == (0 if "gha_delegator" in case["bundle"] else 3)


@pytest.mark.parametrize("case", CASES, ids=_id)
def test_another_cases_subject_is_refused(case):
    others = sorted({other["subject_sha256"] for other in CASES} - {case["subject_sha256"]})
    with pytest.raises(UntrustedError) as caught:
        _evidence({**case, "subject_sha256": others[0]})
    assert caught.value.code == "SUBJECT_MISMATCH"


def test_all_cases_are_here():
    assert len(CASES) == 20
    assert sum(case["expect"] == "accept" for case in CASES) == 9
