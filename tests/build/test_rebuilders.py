"""k of n rebuilders: same subject, distinct trusted keys and distinct builders; one machine counts once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.build.rebuilders import Agreement, Rebuilder, agreement, independent, statement
from assay.build.run import BUILD_TYPE, STEP_TYPE
from assay.formats import intoto, predicates, slsa, vsa
from assay.model.comparison import Comparison
from assay.model.digest import Digest
from assay.model.errors import UnsupportedError
from assay.model.evidence import Evidence, Signer
from assay.model.image import Subject
from assay.model.provenance import Provenance
from assay.model.rebuilding import RebuildReport, Variation
from assay.model.statement import ResourceDescriptor

DIGEST, OTHER = Digest("sha256", "ab" * 32), Digest("sha256", "cd" * 32)
SUBJECT = Subject(name="registry.example/app:1", digest=DIGEST)


def report(verdict: str) -> RebuildReport:
    return RebuildReport(
        verdict=verdict,
        comparisons=(Comparison(before=SUBJECT, after=SUBJECT, verdict=verdict),),
        variations=(Variation(name="cpus", state="varied", before="2", after="1"),),
        spec="sha256:" + "1" * 64,
        lock="sha256:" + "2" * 64,
    )


def said(verdict: str, key: str, builder: str, subject: Subject = SUBJECT) -> Evidence:
    made = statement(
        report(verdict),
        subject,
        builder_id=builder,
        resource_uri="pkg:oci/app",
        time="2026-01-02T03:04:05Z",
        versions={},
    )
    return Evidence(statement=made, signer=Signer(kind="key", key_id=key))


def built(key: str, builder: str, build_type: str = BUILD_TYPE) -> Evidence:
    resource = ResourceDescriptor(name="app", digest={"sha256": DIGEST.hex})
    told = slsa.write(Provenance(build_type=build_type, builder_id=builder))
    made = intoto.statement((resource,), predicates.PROVENANCE, told)
    return Evidence(statement=made, signer=Signer(kind="key", key_id=key))


def judged(*found: Evidence, needed: int = 2) -> Agreement:
    return agreement(found, DIGEST, needed)


def test_the_statement_is_our_own_word_and_can_be_read_again() -> None:
    summary = vsa.read(said("identical", "k", "urn:a").statement.predicate, where="x")
    assert summary.verified_levels == ("ASSAY_REBUILT",)
    assert not any(level.startswith("SLSA_") for level in summary.verified_levels)
    assert vsa.read(said("different", "k", "urn:a").statement.predicate, where="x").verification_result == "FAILED"
    told = said("identical", "k", "urn:a").statement.predicate["urn:assay:vsa:rebuild"]
    assert told["variations"] == {"cpus": "varied"}
    assert told["spec"].startswith("sha256:1")


def test_what_nobody_could_tell_is_not_signed() -> None:
    with pytest.raises(UnsupportedError):
        said("unknown", "k", "urn:a")


def test_two_keys_of_two_builders_agree() -> None:
    found = judged(built("one", "urn:a"), said("identical", "two", "urn:b"))
    assert (found.state, len(found.counted)) == ("reproduced", 2)


@pytest.mark.parametrize(
    "second",
    [
        said("identical", "one", "urn:b"),
        said("identical", "two", "urn:a"),
        said("same-content", "two", "urn:b"),
        said("equivalent", "two", "urn:b"),
        said("identical", "two", "urn:b", Subject(name="x", digest=OTHER)),
        built("two", "urn:b", STEP_TYPE),
    ],
    ids=["one-key", "one-builder", "same-content", "equivalent", "another-image", "a-step"],
)
def test_fewer_than_k_is_unknown(second: Evidence) -> None:
    found = judged(built("one", "urn:a"), second)
    assert (found.state, len(found.counted)) == ("unknown", 1)
    assert found.others


def test_one_trusted_no_denies_however_many_agree() -> None:
    yes = [said("identical", str(number), f"urn:{number}") for number in range(5)]
    found = judged(*yes, said("different", "z", "urn:z"))
    assert found.state == "denied"
    assert "urn:z" in found.why


def test_nothing_is_unknown_and_a_policy_verdict_is_no_rebuild() -> None:
    assert judged(needed=1).state == "unknown"
    resource = ResourceDescriptor(name="app", digest={"sha256": DIGEST.hex})
    predicate = said("identical", "k", "urn:a").statement.predicate | {"policy": {"uri": "urn:other"}}
    other = Evidence(
        statement=intoto.statement((resource,), predicates.VSA, predicate), signer=Signer(kind="key", key_id="k")
    )
    assert judged(other, needed=1).state == "unknown"


def test_signers_and_builders_are_matched_at_their_best() -> None:
    # A greedy choice would pair key 1 with builder a, and leave key 2, which only speaks for a, with nobody.
    found = judged(built("1", "urn:a"), built("1", "urn:b"), built("2", "urn:a"))
    assert found.state == "reproduced"


pairs = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=12)


@given(pairs)
def test_no_two_that_count_share_anything_and_no_more_could(found: list[tuple[int, int]]) -> None:
    rows = [
        Rebuilder(builder=str(b), signer=(str(s),), evidence=f"{n}", kind="rebuild") for n, (s, b) in enumerate(found)
    ]
    most = independent(rows)
    assert len({one.signer for one in most}) == len({one.builder for one in most}) == len(most)

    def best(left: list[tuple[int, int]]) -> int:
        if not left:
            return 0
        (signer, builder), *rest = left
        return max(best(rest), 1 + best([one for one in rest if one[0] != signer and one[1] != builder]))

    assert len(most) == best(sorted(set(found)))
