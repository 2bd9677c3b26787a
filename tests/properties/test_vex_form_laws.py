"""Laws of the three forms of VEX: what is written is read back as the same statements, whatever they say."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator

from assay.formats import (
    csaf_rules,
    csaf_schema,
    csaf_vex_read,
    csaf_vex_write,
    cyclonedx_vex_read,
    cyclonedx_vex_write,
    openvex,
    vex,
    vex_words,
)
from assay.model.report import Tool
from assay.model.vex import VexProduct, VexStatement
from support import needs_shared, shared

TOOL, WHEN = Tool("assay", "1"), "2026-01-02T03:04:05Z"
_text = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12)
_purl = st.sampled_from(
    ["pkg:deb/debian/a@1", "pkg:deb/debian/b@2?arch=amd64", "pkg:npm/c@1.0.0", "pkg:pypi/d?vers=vers:pypi/%3C2",
     "pkg:golang/example.com/x@v1.0.0", "pkg:maven/g/a@1"]
)  # fmt: skip
_whole = st.sampled_from(
    [("pkg:oci/app@sha256:" + "ab" * 32,), ("urn:assay:repository:registry.example/team",), ("pkg:npm/c@1.0.0",),
     ("pkg:oci/app@sha256:" + "cd" * 32, "sha256:" + "cd" * 32)]
)  # fmt: skip
_products = st.builds(
    VexProduct, _whole, st.lists(_purl, max_size=3, unique=True).map(lambda found: tuple(sorted(found)))
)


@st.composite
def _statement(draw: st.DrawFn) -> VexStatement:
    status = draw(st.sampled_from(["not_affected", "affected", "fixed", "under_investigation"]))
    facts: dict[str, Any] = {
        "vulnerability": draw(st.sampled_from(["CVE-2024-0001", "CVE-2024-0002", "GHSA-aaaa-bbbb-cccc"])),
        "products": [draw(_products)], "status": status, "timestamp": "2025-05-05T05:05:05Z",
        "expires": draw(st.sampled_from(["", "2026-06-01T00:00:00Z"])), "scope": draw(st.sampled_from(["", "image"])),
        "reason": draw(st.just("") | _text), "evidence": draw(st.lists(_text, max_size=2)),
        "notes": draw(st.just("") | _text), "confidence": draw(st.sampled_from(["", "strong"])),
    }  # fmt: skip
    if status == "not_affected":
        facts["justification"] = draw(st.sampled_from(sorted(openvex.JUSTIFICATIONS)))
        facts["impact"] = draw(st.just("") | _text)
    if status == "affected":
        facts["action"] = draw(st.sampled_from(["Update a to 2.", "No fixed version is known."]) | _text)
    return msgspec.convert(facts, VexStatement)


def _apart(found: list[VexStatement]) -> list[VexStatement]:
    """One statement per vulnerability: what two say of one product is CSAF's own matter."""
    return list({said.vulnerability: said for said in found}.values())


def _bare(found: Any) -> list[VexStatement]:
    """Without what belongs to the document."""
    kept = [msgspec.structs.replace(s, author="", document="", digest="") for s in found]
    return sorted(kept, key=repr)


@settings(max_examples=60, deadline=None)
@given(st.lists(_statement(), min_size=1, max_size=4).map(_apart))
def test_what_is_written_is_read(said: list[VexStatement]) -> None:
    forms = (
        openvex.write_statements(said, author="a", timestamp=WHEN),
        cyclonedx_vex_write.write_statements(said, author="a", timestamp=WHEN, tool=TOOL),
        csaf_vex_write.write_statements(said, author="a", timestamp=WHEN, tool=TOOL),
        csaf_vex_write.write_statements(said, author="a", timestamp=WHEN, tool=TOOL, version="2.1"),
    )
    for data in forms:
        read = vex.read(data, "t")
        assert {s.author for s in read} == {"a"}
        assert _bare(read) == _bare(said), data.decode()


@settings(max_examples=40, deadline=None)
@given(st.lists(_statement(), min_size=1, max_size=5))
def test_csaf_passes_its_mandatory_tests(said: list[VexStatement]) -> None:
    for version in csaf_schema.VERSIONS:
        data = csaf_vex_write.write_statements(said, author="a", timestamp=WHEN, tool=TOOL, version=version)
        assert csaf_rules.check(csaf_schema.load(json.loads(data), where="t")) == ()
        assert csaf_vex_read.read(data, "t")


@needs_shared
@settings(max_examples=25, deadline=None)
@given(st.lists(_statement(), min_size=1, max_size=3))
def test_documents_fit_the_official_schemas(said: list[VexStatement]) -> None:
    def errors(data: bytes, validator: Any) -> list[str]:
        return [e.message for e in validator.iter_errors(json.loads(data))]

    csaf = csaf_vex_write.write_statements(said, author="a", timestamp=WHEN, tool=TOOL)
    assert errors(csaf, _csaf_schema()) == []
    unique = list(dict.fromkeys(said))
    assert errors(openvex.write_statements(unique, author="a", timestamp=WHEN), _openvex_schema()) == []
    for version in ("1.4", "1.5", "1.6", "1.7"):
        bom = cyclonedx_vex_write.write_statements(said, author="a", timestamp=WHEN, tool=TOOL, version=version)
        assert errors(bom, _cyclonedx_schema(version)) == [], version


def _csaf_schema() -> Any:
    schema = json.loads(shared("vectors", "csaf", "schema", "csaf_json_schema.json").read_text())
    schema["properties"]["vulnerabilities"]["items"]["properties"].pop("scores")  # refers to FIRST's own schemas
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def _openvex_schema() -> Any:
    schema = json.loads(shared("vectors", "openvex", "openvex_json_schema.json").read_text())
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def _cyclonedx_schema(version: str) -> Any:
    from referencing import Registry, Resource

    folder = shared("vectors", "cyclonedx", "schema")
    registry: Any = Registry()
    for path in folder.glob("*.schema.json"):
        schema = json.loads(path.read_text())
        registry = registry.with_resource(schema.get("$id", path.name), Resource.from_contents(schema))
        registry = registry.with_resource(f"http://cyclonedx.org/schema/{path.name}", Resource.from_contents(schema))
    return Draft7Validator(json.loads((folder / f"bom-{version}.schema.json").read_text()), registry=registry)


def test_the_table_holds_every_word_of_the_forms() -> None:
    assert set(vex_words.ours("csaf", "justification")) == set(csaf_schema.Label.__args__) == openvex.JUSTIFICATIONS
    for kind, words in (
        ("status", cyclonedx_vex_read.State), ("justification", cyclonedx_vex_read.Reason),
        ("response", cyclonedx_vex_read.Response),
    ):  # fmt: skip
        assert set(vex_words.ours("cyclonedx", kind)) == set(words.__args__)
    assert set(vex_words.theirs("cyclonedx", "status")) == set(vex_words.CAUTION)
    assert set(vex_words.theirs("csaf", "status")) == set(vex_words.CAUTION)


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"status": "not_affected"}, "justification or an impact"),
        ({"status": "affected"}, "action"),
        ({"status": "fixed", "products": ()}, "no product"),
    ],
)
def test_what_says_too_little_is_not_written(facts: dict[str, Any], why: str) -> None:
    said = [VexStatement(**({"vulnerability": "CVE-2024-1", "products": (VexProduct(("pkg:npm/a",)),)} | facts))]
    for write in (csaf_vex_write.write_statements, cyclonedx_vex_write.write_statements):
        with pytest.raises(Exception, match=why):
            write(said, author="a", timestamp=WHEN, tool=TOOL)
