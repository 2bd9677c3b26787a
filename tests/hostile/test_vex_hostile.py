"""Documents made to silence everything, to loop or to exhaust: bounded, refused with a reason, never believed."""

import json
import time
from typing import Any

import pytest

from assay.dependencies.vex import apply
from assay.dependencies.vex_explain import explain
from assay.dependencies.vex_lint import lint
from assay.formats import csaf_rules, csaf_schema, vex
from assay.formats.vex_flaws import examine
from assay.model.digest import Digest
from assay.model.errors import AssayError, MalformedError
from assay.model.finding import Finding
from assay.model.image import Subject
from assay.model.inventory import Component, Inventory
from assay.model.vex import VexProduct, VexStatement

SUBJECT = Subject(name="registry.example/app:1", digest=Digest.of(b"x"))
LIB = Component(key="k", purl="pkg:npm/lib@1.0.0", ecosystem="npm", name="lib", version="1.0.0")
FINDING = Finding(
    id="CVE-2024-1", component="k", purl=LIB.purl, name="lib", version="1.0.0", advisory="A", feed="f",
    matched_name="lib", matched_version="1.0.0", matched_range="< 2",
)  # fmt: skip


@pytest.mark.parametrize(
    "identifiers",
    [
        (), ("",), ("*",), ("pkg:npm/*",), ("pkg:npm/%2A",), ("pkg:oci/*",), ("urn:assay:repository:",),
        ("urn:assay:repository:/",), ("pkg:npm/lib@*",), ("pkg:npm/lib?vers=vers:npm/%3C%3D",), ("registry.example",),
        ("pkg:npm/lib?vers=*",), ("pkg:npm/lib?vers=vers:none/*%7C1",), ("sha256:",), ("cpe:2.3:a:*:*:*:*:*:*:*:*:*:*",),
    ],
)  # fmt: skip
def test_nothing_names_everything(identifiers: tuple[str, ...]) -> None:
    said = VexStatement(
        vulnerability="CVE-2024-1", status="not_affected", justification="component_not_present",
        products=(VexProduct(identifiers),), author="evil",
    )  # fmt: skip
    (judged,) = apply([FINDING], [said], SUBJECT, [LIB], "2026-01-01T00:00:00Z")
    assert judged.suppressed is None
    assert judged.status == "affected"


@pytest.mark.parametrize("name", ["*", "", "CVE-*", "CVE-2024-1 CVE-2024-2"])
def test_no_name_means_every_vulnerability(name: str) -> None:
    said = VexStatement(
        vulnerability=name, status="fixed", products=(VexProduct(("pkg:npm/lib",)),), author="evil"
    )  # fmt: skip
    assert apply([FINDING], [said], SUBJECT, [LIB])[0].suppressed is None


def csaf(tree: Any, **vulnerability: Any) -> dict[str, Any]:
    return {
        "document": {
            "category": "csaf_base", "csaf_version": "2.0", "title": "t",
            "publisher": {"category": "vendor", "name": "v", "namespace": "https://example.org"},
            "tracking": {
                "current_release_date": "2026-01-01T00:00:00Z", "id": "1", "status": "final", "version": "1",
                "initial_release_date": "2026-01-01T00:00:00Z",
                "revision_history": [{"date": "2026-01-01T00:00:00Z", "number": "1", "summary": "s"}],
            },
        },
        "product_tree": tree,
        "vulnerabilities": [{"cve": "CVE-2024-0001"} | vulnerability],
    }  # fmt: skip


def edge(whole: str, one: str, other: str) -> dict[str, Any]:
    return {
        "category": "default_component_of", "full_product_name": {"name": whole, "product_id": whole},
        "product_reference": one, "relates_to_product_reference": other,
    }  # fmt: skip


def test_a_product_tree_that_loops_is_named_not_walked() -> None:
    tree = {"relationships": [edge("a", "b", "b"), edge("b", "c", "c"), edge("c", "a", "a")]}
    with pytest.raises(MalformedError, match=r"6\.1\.3"):
        vex.read(json.dumps(csaf(tree, product_status={"fixed": ["a"]})).encode(), "v")


def test_a_long_chain_and_a_wide_fan_of_relationships_are_bounded() -> None:
    names = [{"name": "z", "product_id": "p0"}]
    chain = [edge(f"p{n}", f"p{n - 1}", f"p{n - 1}") for n in range(1, 10_000)]
    value = csaf({"full_product_names": names, "relationships": chain}, product_status={"fixed": ["p9999"]})
    start = time.process_time()
    assert csaf_rules.check(csaf_schema.load(value, where="v")) == ()
    with pytest.raises(MalformedError, match=r"nested deeper|more than"):
        vex.read(json.dumps(value).encode(), "v")
    assert time.process_time() - start < 3


@pytest.mark.parametrize(
    ("field", "entry"),
    [
        ("flags", {"label": "component_not_present"}),
        ("threats", {"category": "impact", "details": "d"}),
        ("remediations", {"category": "vendor_fix", "details": "d"}),
    ],
)
def test_a_group_of_thousands_named_thousands_of_times_is_refused_unread(field: str, entry: dict[str, str]) -> None:
    products = [f"p{n}" for n in range(5_000)]
    tree = {
        "full_product_names": [{"name": one, "product_id": one} for one in products],
        "product_groups": [{"group_id": "g", "product_ids": products}],
    }
    vulnerability = {"product_status": {"fixed": products}, field: [entry | {"group_ids": ["g"]}] * 5_000}
    start = time.process_time()
    with pytest.raises(MalformedError, match="product by product"):
        vex.read(json.dumps(csaf(tree, **vulnerability)).encode(), "v")
    assert time.process_time() - start < 3


def test_long_texts_for_a_group_count_for_each_product_of_it() -> None:
    products = [f"p{n}" for n in range(1_000)]
    tree = {
        "full_product_names": [{"name": one, "product_id": one} for one in products],
        "product_groups": [{"group_id": "g", "product_ids": products}],
    }
    long = [{"category": "vendor_fix", "details": "d" * 100_000, "group_ids": ["g"]}] * 5
    own = [{"category": "mitigation", "details": one, "product_ids": [one]} for one in products]
    value = csaf(tree, product_status={"known_affected": products}, remediations=[*long, *own])
    with pytest.raises(MalformedError, match="product by product"):
        vex.read(json.dumps(value).encode(), "v")


def test_subcomponents_that_every_product_is_meant_to_have_are_bounded() -> None:
    value = {
        "@context": "https://openvex.dev/ns/v0.0.1", "@id": "x", "author": "a", "timestamp": "2026-01-01T00:00:00Z",
        "statements": [
            {
                "vulnerability": "CVE-2024-1", "status": "fixed", "products": [f"pkg:npm/p{n}" for n in range(5_000)],
                "subcomponents": [f"pkg:npm/s{n}" for n in range(5_000)],
            }
        ],
    }  # fmt: skip
    start = time.process_time()
    with pytest.raises(MalformedError, match="5000 subcomponents"):
        vex.read(json.dumps(value).encode(), "v")
    assert time.process_time() - start < 2


def test_branches_deeper_than_any_real_tree() -> None:
    data = b'{"document": {"csaf_version": "2.0"}, "product_tree": {"branches": ['
    data += b'{"category": "vendor", "name": "x", "branches": [' * 5_000 + b"]}" * 5_000 + b"]}}"
    with pytest.raises(MalformedError, match=r"deep|recursion"):
        vex.read(data, "v")


def test_many_products_take_linear_time() -> None:
    def cost(count: int) -> float:
        products = tuple(VexProduct((f"pkg:npm/other-{n}@1",)) for n in range(count))
        said = VexStatement(
            vulnerability="CVE-2024-1", status="not_affected", justification="component_not_present",
            products=products, author="evil",
        )  # fmt: skip
        start = time.process_time()
        (judged,) = apply([FINDING], [said], SUBJECT, [LIB])
        assert judged.suppressed is None
        rows = explain("d", [said], Inventory(subject=SUBJECT, components=(LIB,)), [FINDING], now="")
        assert rows[0].field == "name"
        return time.process_time() - start

    cost(500)
    small, large = cost(1_000), cost(10_000)
    assert large < 40 * small + 0.5


def test_two_thousand_authors_of_one_statement() -> None:
    said = [
        VexStatement(
            vulnerability="CVE-2024-1", status="fixed", author=f"a{n}", products=(VexProduct(("pkg:npm/lib",)),),
            timestamp="2026-01-01T00:00:00Z",
        )
        for n in range(2_000)
    ]  # fmt: skip
    start = time.process_time()
    assert apply([FINDING], said, SUBJECT, [LIB])[0].suppressed is not None
    assert len(lint(said, now="2026-06-01T00:00:00Z", place=str)) <= 2_000
    rows = explain("d", said[:50], Inventory(subject=SUBJECT, components=(LIB,)), [FINDING], now="", others=said)
    assert {row.field for row in rows} == {"matched"}
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    "data",
    [
        b"", b"null", b"0", b'"x"', b"[" * 100_000, b'{"@context": []}', b'{"bomFormat": {}}', b'{"document": 5}',
        b'{"document": {"csaf_version": []}}', b'{"@context": "https://openvex.dev/ns/v0.2.0", "statements": 5}',
        b'{"@context": "https://openvex.dev/ns/v0.2.0", "@context": "x"}',
        b'{"bomFormat": "CycloneDX", "specVersion": "1.5", "vulnerabilities": [5]}',
        b'{"bomFormat": "CycloneDX", "specVersion": "1.5", "vulnerabilities": [{"id": "x", "affects": [{"ref": 1}]}]}',
    ],
)  # fmt: skip
def test_junk_is_refused_and_taken_apart_without_a_traceback(data: bytes) -> None:
    with pytest.raises(AssayError):
        vex.read(data, "v")
    try:
        found = examine(data, "v")
    except AssayError:
        return
    assert found.problems or not found.statements


def test_a_score_of_nonsense_is_no_traceback() -> None:
    tree = {"full_product_names": [{"name": "p", "product_id": "p"}]}
    for cvss in ({}, {"version": 3}, {"version": "3.1", "vectorString": 5, "baseScore": 1, "baseSeverity": []},
                 {"version": "3.1", "vectorString": "CVSS:3.1/" * 10_000, "baseScore": True, "baseSeverity": "x"},
                 {"version": "3.1", "vectorString": "CVSS:3.1/AV", "baseScore": "x", "baseSeverity": None}):  # fmt: skip
        value = csaf(tree, scores=[{"products": ["p"], "cvss_v3": cvss}], product_status={"fixed": ["p"]})
        assert "6.1.8" in {problem.test for problem in csaf_rules.check(csaf_schema.load(value, where="v"))}
