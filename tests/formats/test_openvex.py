"""OpenVEX: what is read, what is refused and why, what a report says in it."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from assay.formats import openvex
from assay.model.digest import Digest
from assay.model.errors import AssayError, MalformedError, UnsupportedError
from assay.model.vex import VexProduct, VexStatement
from inventories import TIME
from reports import SSL, finding, report, sample
from support import shared

STATEMENT = {"vulnerability": {"name": "CVE-1"}, "products": [{"@id": "pkg:npm/a@1"}], "status": "fixed"}


def document(*statements: dict[str, Any], **more: Any) -> bytes:
    head = {"@context": openvex.CONTEXT, "@id": "urn:x", "author": "Jane", "timestamp": TIME, "version": 1}
    return json.dumps(head | {"statements": list(statements)} | more).encode()


def check_schema(data: bytes) -> None:
    schema = json.loads(shared("vectors", "openvex", "openvex_json_schema.json").read_text())
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert [e.message for e in validator.iter_errors(json.loads(data))] == []


def test_facts_of_the_document_stand_in_each_statement() -> None:
    data = document(STATEMENT, STATEMENT | {"timestamp": "2026-02-01T01:00:00+01:00"})
    one, two = openvex.read(data, "x")
    assert one == VexStatement(
        vulnerability="CVE-1",
        products=(VexProduct(("pkg:npm/a@1",)),),
        status="fixed",
        timestamp=TIME,
        author="Jane",
        document="urn:x",
        digest=str(Digest.of(data)),
    )
    assert two.timestamp == "2026-02-01T00:00:00Z"


def test_every_identifier_counts() -> None:
    product = {
        "@id": "pkg:oci/x@sha256:1",
        "identifiers": {"purl": "pkg:oci/y", "cpe23": "cpe:2.3:a:x"},
        "hashes": {"sha-256": "AB", "sha1": "cd", "sha3-256": "ef"},
        "subcomponents": [{"@id": "pkg:npm/b"}, {"identifiers": {"purl": "pkg:npm/a"}}],
    }
    (statement,) = openvex.read(document(STATEMENT | {"products": [product]}), "x")
    (only,) = statement.products
    assert only.identifiers == (
        "cpe:2.3:a:x",
        "pkg:oci/x@sha256:1",
        "pkg:oci/y",
        "sha1:cd",
        "sha256:ab",
        "sha3-256:ef",
    )
    assert only.subcomponents == ("pkg:npm/a", "pkg:npm/b")


def test_the_first_version_is_read() -> None:
    old = {
        "vulnerability": "CVE-1",
        "products": ["pkg:oci/x"],
        "subcomponents": ["pkg:npm/a"],
        "status": "affected",
    }
    data = document(old, **{"@context": "https://openvex.dev/ns", "version": "1"})
    (statement,) = openvex.read(data, "x")
    assert statement.vulnerability == "CVE-1"
    assert statement.products == (VexProduct(("pkg:oci/x",), ("pkg:npm/a",)),)


def test_without_products_a_statement_applies_to_nothing() -> None:
    (statement,) = openvex.read(document({"vulnerability": {"name": "CVE-1"}, "status": "fixed"}), "x")
    assert statement.products == ()


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"status": "not_affected"}, "$.statements[0]"),
        ({"status": "affected"}, "$.statements[0]"),
        ({"status": "fine"}, "$.statements[0].status"),
        ({"status": "not_affected", "justification": "trust_me"}, "$.statements[0].justification"),
        ({"vulnerability": {"name": ""}}, "$.statements[0]"),
        ({"vulnerability": {}}, "$.statements[0].vulnerability"),
        ({"vulnerability": None}, "$.statements[0].vulnerability"),
        ({"timestamp": "soon"}, "$.statements[0]"),
        ({"products": [{}]}, "$.statements[0].products[0]"),
        ({"products": [{"@id": "a", "subcomponents": [{}]}]}, "$.statements[0].products[0]"),
    ],
)
def test_what_says_too_little_is_refused(change: dict[str, Any], place: str) -> None:
    with pytest.raises(MalformedError) as caught:
        openvex.read(document(STATEMENT | change), "x.json")
    assert caught.value.where == f"x.json {place}"
    assert caught.value.why


@pytest.mark.parametrize("data", [b"{}", b"[]", b'{"@context": "https://example.org"}', b"", b"{"])
def test_what_is_no_openvex_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        openvex.read(data, "x")


def test_a_later_version_is_unsupported() -> None:
    with pytest.raises(UnsupportedError):
        openvex.read(document(STATEMENT, **{"@context": "https://openvex.dev/ns/v9"}), "x")


def test_a_report_as_openvex() -> None:
    data = openvex.write(sample(), author="Assay", timestamp=TIME)
    assert data == openvex.write(sample(), author="Assay", timestamp=TIME)
    check_schema(data)
    said = {(s.vulnerability, s.status): s for s in openvex.read(data, "x")}
    assert len(said) == 6
    affected = said["CVE-2025-0001", "affected"]
    assert affected.action == "Update libssl3 to 3.0.16-1."
    assert affected.aliases == ("DSA-1",)
    (product,) = affected.products
    assert product.subcomponents == ("pkg:deb/debian/libssl3@3.0.15-1?arch=amd64",)
    assert product.identifiers == (
        "pkg:oci/debian@sha256:" + "11" * 32 + "?tag=12",
        "sha256:" + "11" * 32,
    )
    assert said["CVE-2025-0001", "under_investigation"].action == ""
    assert said["CVE-2025-0002", "affected"].action == "No fixed version is known."
    assert said["CVE-2025-0003", "not_affected"].justification == "component_not_present"
    assert "Jane" in said["CVE-2025-0003", "not_affected"].impact
    assert said["CVE-2025-0004", "not_affected"].impact == "removed above"
    assert said["GHSA-x\\udcff", "fixed"].impact == "rebuilt Stated by Jane."


def test_the_same_said_of_several_components_is_one_statement() -> None:
    two = report(finding("CVE-1"), finding("CVE-1", SSL, purl="pkg:deb/debian/libssl3@3.0.15-1?arch=i386"))
    (statement,) = openvex.statements(two)
    assert len(statement.products[0].subcomponents) == 2


_texts = st.text(max_size=5)
_statements = st.builds(
    VexStatement,
    vulnerability=st.from_regex(r"CVE-[0-9]{1,4}", fullmatch=True),
    aliases=st.sets(_texts, max_size=2).map(lambda x: tuple(sorted(x))),
    products=st.lists(
        st.builds(
            VexProduct,
            st.sampled_from([("pkg:npm/a",), ("pkg:oci/x@1", "sha256:ab"), ("cpe:2.3:a:b",), ("sha256:ab",)]),
            st.sampled_from([(), ("pkg:npm/a",), ("pkg:npm/a", "pkg:npm/b")]),
        ),
        max_size=2,
    ).map(tuple),
    status=st.sampled_from(["fixed", "under_investigation"]),
    impact=_texts,
    action=_texts,
    timestamp=st.sampled_from([TIME, "2025-01-01T00:00:00Z"]),
    author=st.just("Jane"),
)


@given(st.lists(_statements, min_size=1, max_size=3, unique=True))
def test_written_statements_read_back(statements: list[VexStatement]) -> None:
    data = openvex.write_statements(statements, author="Jane", timestamp=TIME)
    fields = ("vulnerability", "aliases", "products", "status", "impact", "action", "timestamp", "author")
    read = [[getattr(s, f) for f in fields] for s in openvex.read(data, "x")]
    assert read == [[getattr(s, f) for f in fields] for s in statements]


@given(st.data())
def test_a_changed_byte_never_gives_a_traceback(data: st.DataObject) -> None:
    raw = bytearray(document(STATEMENT))
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with suppress(AssayError):
        openvex.read(bytes(raw), "x")
