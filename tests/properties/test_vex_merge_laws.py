"""Laws of merging VEX: idempotent, free of order, in steps or at once; and nothing said is lost."""

from hypothesis import given
from hypothesis import strategies as st

from assay.dependencies.vex import apply
from assay.dependencies.vex_merge import merge
from assay.formats import openvex
from assay.model.finding import Finding
from assay.model.image import Subject
from assay.model.inventory import Component
from assay.model.vex import VexProduct, VexStatement

_products = st.builds(
    VexProduct,
    st.sampled_from([("pkg:npm/a",), ("pkg:npm/a@1",), ("pkg:oci/app", "sha256:ab")]),
    st.sampled_from([(), ("pkg:npm/a",), ("pkg:npm/a", "pkg:npm/b")]),
)
_statements = st.builds(
    VexStatement,
    vulnerability=st.sampled_from(["CVE-1", "CVE-2"]),
    aliases=st.sampled_from([(), ("CVE-1",), ("GHSA-1",)]),
    products=st.lists(_products, min_size=1, max_size=3).map(tuple),
    status=st.sampled_from(["fixed", "under_investigation", "not_affected"]),
    impact=st.just("No."),
    timestamp=st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]),
    author=st.sampled_from(["a", "b"]),
    document=st.sampled_from(["", "d"]),
)
_many = st.lists(_statements, max_size=5)


@given(_many, _many, _many)
def test_in_any_order_and_in_any_steps(
    one: list[VexStatement], two: list[VexStatement], three: list[VexStatement]
) -> None:
    whole = merge([*one, *two, *three])
    assert merge([*three, *one, *two, *one]) == whole
    assert merge([*merge([*one, *two]), *three]) == merge([*one, *merge([*two, *three])]) == whole
    assert merge(whole) == whole


@given(_many)
def test_with_a_publisher_too(found: list[VexStatement]) -> None:
    whole = merge(found, "publisher")
    assert merge(whole, "publisher") == whole == merge(reversed(found), "publisher")
    assert {said.author for said in whole} <= {"publisher"}
    first = {dict(said.words)["author"] for said in whole}
    assert first == {said.author for said in found}


@given(_many)
def test_what_was_merged_says_the_same_of_a_finding(found: list[VexStatement]) -> None:
    lib = Component(key="k", purl="pkg:npm/a@1", ecosystem="npm", name="a", version="1")
    finding = Finding(
        id="CVE-1", component="k", purl=lib.purl, name="a", version="1", advisory="CVE-1", feed="f", matched_name="a",
        matched_version="1", matched_range="< 2",
    )  # fmt: skip
    subject = Subject(name="app")
    before, after = (apply([finding], said, subject, [lib])[0] for said in (found, merge(found)))
    assert (before.status, before.suppressed is None) == (after.status, after.suppressed is None)


@given(_many.filter(bool))
def test_the_merged_document_has_one_spelling(found: list[VexStatement]) -> None:
    how = {"author": "p", "timestamp": "2026-01-01T00:00:00Z"}
    data = openvex.write_statements(merge(found, "p"), **how)
    again = openvex.write_statements(merge(openvex.read(data, "d"), "p"), **how)
    assert data == again
