"""Another's verdict counts only by a signer who may speak for the verifier, about this very artifact, under its name."""

from typing import Any

import msgspec
import pytest

from assay.formats import claims, predicates, vsa
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UntrustedError
from assay.model.evidence import Signer
from assay.model.statement import ResourceDescriptor
from assay.model.summary import VerificationSummary, Verifier
from assay.trust.newest import newest, proven
from assay.trust.vsa import SummaryExpectation, VerifierRow, counting, gives, judge, read_rows, track
from provenances import certified, signed_by
from signing import TARGET

DESK = certified("desk@example.test", "https://accounts.test")
ROWS = (
    VerifierRow(name="desk", id="https://desk.test", issuer="https://accounts.test", identity="desk@example.test"),
    VerifierRow(name="old desk", id="https://desk.test", key="k1"),
)
TIME = "2026-11-02T03:04:05Z"
SUMMARY = VerificationSummary(
    verifier=Verifier(id="https://desk.test"),
    time_verified=TIME,
    resource_uri="pkg:oci/app",
    policy=ResourceDescriptor(uri="https://policy.test"),
    verification_result="PASSED",
    verified_levels=("SLSA_BUILD_LEVEL_2", "SLSA_SOURCE_LEVEL_1", "TEAM_REVIEWED"),
)
ASKED = SummaryExpectation(target=TARGET, resource_uri="pkg:oci/app")


def _evidence(signer: Signer = DESK, times: tuple[str, ...] = (TIME,), **changes: Any):
    summary = msgspec.structs.replace(SUMMARY, **changes)
    return signed_by(predicates.VSA, claims.write(summary), signer, times=times)


def _asked(**changes: Any) -> SummaryExpectation:
    return msgspec.structs.replace(ASKED, **changes)


@pytest.mark.parametrize("signer", [DESK, Signer(kind="key", key_id="k1"), Signer(kind="key", key_id="z", name="k1")])
def test_counts_by_the_verifiers_signer(signer):
    asked = _asked(levels=("SLSA_BUILD_LEVEL_1", "TEAM_REVIEWED"), policy="https://policy.test", since=TIME)
    assert {check.outcome for check in judge(_evidence(signer), asked, ROWS)} == {"pass"}


REFUSED = {
    "another identity": ("VERIFIER_MISMATCH", _evidence(certified("desk@example.test.evil", "https://accounts.test")), ASKED),
    "another issuer": ("VERIFIER_MISMATCH", _evidence(certified("desk@example.test", "https://evil.test")), ASKED),
    "another key": ("VERIFIER_MISMATCH", _evidence(Signer(kind="key", key_id="k2")), ASKED),
    "nobody's": ("VERIFIER_MISMATCH", _evidence(Signer(kind="self", name="k1")), ASKED),
    "another verifier's name": ("VERIFIER_MISMATCH", _evidence(verifier=Verifier(id="https://desk.test/2")), ASKED),
    "another artifact": ("SUBJECT_MISMATCH", _evidence(), _asked(target=Digest("sha256", "00" * 32))),
    "another name": ("RESOURCE_MISMATCH", _evidence(), _asked(resource_uri="pkg:oci/ap")),
    "failed": ("RESULT_FAILED", _evidence(verification_result="FAILED"), ASKED),
    "passed and failed": ("RESULT_FAILED", _evidence(verified_levels=("FAILED",)), ASKED),
    "another policy": ("POLICY_MISMATCH", _evidence(), _asked(policy="https://other.test")),
    "too old": ("SUMMARY_AGE", _evidence(), _asked(since="2026-11-02T03:04:06Z")),
    "without a time": ("SUMMARY_AGE", _evidence(times=()), _asked(since="2020-01-01T00:00:00Z")),
    "stamped again": ("SUMMARY_AGE", _evidence(times=(TIME, "2026-12-01T00:00:00Z")), _asked(since="2026-11-30T00:00:00Z")),
    "too low": ("LEVEL_TOO_LOW", _evidence(), _asked(levels=("SLSA_BUILD_LEVEL_3",))),
    "another track": ("LEVEL_TOO_LOW", _evidence(), _asked(levels=("SLSA_SOURCE_LEVEL_2",))),
    "an invented level": (
        "LEVEL_TOO_LOW", _evidence(verified_levels=("SLSA_TEAM",)), _asked(levels=("SLSA_TEAM",)),
    ),
    "reproduced by one": (
        "LEVEL_TOO_LOW", _evidence(verified_levels=(vsa.REPRODUCED,)), _asked(levels=(vsa.REPRODUCED,), operators_count=1),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_does_not_count(name):
    code, evidence, asked = REFUSED[name]
    with pytest.raises(UntrustedError) as caught:
        judge(evidence, asked, ROWS)
    assert caught.value.code == code


def test_nobody_speaks_without_rows():
    with pytest.raises(UntrustedError) as caught:
        judge(_evidence(), ASKED, ())
    assert caught.value.code == "VERIFIER_MISMATCH"


def test_other_statements_are_no_summaries():
    for kind, predicate, code in (("urn:x", {}, "PREDICATE_TYPE"), (predicates.VSA, {"a": 1}, "SUMMARY_FORM")):
        with pytest.raises(UntrustedError) as caught:
            judge(signed_by(kind, predicate, DESK), ASKED, ROWS)
        assert caught.value.code == code


def test_reproduced_counts_with_two_operators():
    evidence = _evidence(verified_levels=(vsa.REPRODUCED, "SLSA_BUILD_LEVEL_3"))
    checks = judge(evidence, _asked(levels=(vsa.REPRODUCED,), operators_count=2), ROWS)
    assert all(check.outcome == "pass" for check in checks)
    (told,) = [check for check in judge(evidence, ASKED, ROWS) if check.outcome == "skip"]
    assert vsa.REPRODUCED in told.reason


def test_reproduced_is_written_only_for_two_operators():
    summary = msgspec.structs.replace(SUMMARY, verified_levels=(vsa.REPRODUCED,))
    with pytest.raises(MalformedError, match="ASSAY_REBUILT"):
        vsa.write(summary, operators_count=1)
    assert vsa.read(vsa.write(summary, operators_count=2), where="t") == summary
    assert vsa.write(msgspec.structs.replace(SUMMARY, verified_levels=(vsa.REBUILT,)))


def test_levels_of_a_track():
    assert track(["SLSA_BUILD_LEVEL_1", "SLSA_BUILD_LEVEL_3", "SLSA_BUILD_LEVEL_33"], "BUILD") == 3
    assert track(["SLSA_BUILD_LEVEL_UNEVALUATED"], "BUILD") == -1
    assert not gives([], "SLSA_BUILD_LEVEL_0")
    assert counting(msgspec.structs.replace(SUMMARY, verified_levels=("SLSA_X", "X"))) == ("X",)


@pytest.mark.parametrize(
    "row",
    [
        'id = "x"',
        'id = "x"\nissuer = "i"',
        'id = "x"\nkey = "k"\nissuer = "i"\nidentity = "j"',
        'id = ""\nkey = "k"',
        'id = "x"\nkey = "k"\nmore = 1',
    ],
)
def test_rows_that_name_no_signer_are_refused(row):
    with pytest.raises(MalformedError):
        read_rows(f'[[verifier]]\nname = "r"\n{row}\n'.encode(), where="rows")


def test_rows_are_read():
    text = '[[verifier]]\nname = "old desk"\nid = "https://desk.test"\nkey = "k1"\n'
    assert read_rows(text.encode(), where="rows") == (ROWS[1],)


def test_the_newest_of_each_series_counts():
    old, new = _evidence(times=("2026-01-01T00:00:00Z",)), _evidence(times=("2026-01-02T00:00:00Z",), resource_uri="n")
    other = _evidence(Signer(kind="key", key_id="k1"), times=("2025-01-01T00:00:00Z",))
    undated = _evidence(times=())
    assert newest([old, new, other, undated]) == (new, other, undated)
    assert proven(_evidence(times=("2026-01-02T00:00:00Z", "2026-01-01T01:00:00+01:00"))) == "2026-01-01T00:00:00Z"


def test_an_old_statement_stamped_again_stays_old():
    restamped = _evidence(times=("2026-01-01T00:00:00Z", "2026-09-01T00:00:00Z"), resource_uri="old")
    new = _evidence(times=("2026-01-02T00:00:00Z",))
    assert newest([restamped, new]) == (new,)


def test_an_identity_is_one_signer_whatever_key_its_certificate_has():
    def by_key(key: str, time: str):
        return _evidence(msgspec.structs.replace(DESK, key_id=key), times=(time,))

    old, new = by_key("k1", "2026-01-01T00:00:00Z"), by_key("k2", "2026-01-02T00:00:00Z")
    assert newest([old, new]) == (new,)
