"""CycloneDX and CSAF VEX as others write them: what a reference means, how versions narrow, which words are kept."""

import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest

from assay.formats import csaf_vex_read, csaf_vex_write, cyclonedx_vex_read, vex, vex_notes
from assay.formats.vex_flaws import examine
from assay.model.errors import AssayError, MalformedError, UnsupportedError
from assay.model.report import Tool
from assay.model.vex import VexProduct, VexStatement

LIB: dict[str, Any] = {"type": "library", "bom-ref": "lib", "name": "lib", "version": "1", "purl": "pkg:npm/lib@1"}
APP: dict[str, Any] = {"type": "container", "bom-ref": "app", "name": "app", "purl": "pkg:oci/app"}


def bom(*vulnerabilities: Any, **more: Any) -> bytes:
    head = {"bomFormat": "CycloneDX", "specVersion": "1.5", "metadata": {"timestamp": "2026-01-01T00:00:00Z"}}
    return json.dumps(head | {"components": [LIB], "vulnerabilities": vulnerabilities} | more).encode()


def flaw(ref: str = "lib", **analysis: Any) -> dict[str, Any]:
    return {"id": "CVE-2024-1", "analysis": {"state": "not_affected"} | analysis, "affects": [{"ref": ref}]}


def one(data: bytes) -> VexStatement:
    (said,) = vex.read(data, "v")
    return said


@pytest.mark.parametrize(
    ("more", "ref", "products"),
    [
        ({}, "lib", (VexProduct(("pkg:npm/lib@1",)),)),
        ({"metadata": {"component": APP}}, "lib", (VexProduct(("pkg:oci/app",), ("pkg:npm/lib@1",)),)),
        ({"metadata": {"component": APP}}, "app", (VexProduct(("pkg:oci/app",)),)),
        ({"components": [APP | {"components": [LIB]}]}, "lib", (VexProduct(("pkg:oci/app",), ("pkg:npm/lib@1",)),)),
        ({"metadata": {"component": {"type": "application", "name": "x", "version": "2"}}}, "lib",
         (VexProduct(("x@2",), ("pkg:npm/lib@1",)),)),
        ({}, "urn:cdx:1/1#x", (VexProduct(("urn:cdx:1/1#x",)),)),
        ({}, "urn:cdx:1/1#pkg:npm/lib@1", (VexProduct(("pkg:npm/lib@1", "urn:cdx:1/1#pkg:npm/lib@1")),)),
    ],
)  # fmt: skip
def test_what_a_reference_means(more: Any, ref: str, products: tuple[VexProduct, ...]) -> None:
    assert one(bom(flaw(ref, justification="code_not_present"), **more)).products == products


def test_versions_narrow_the_package_and_their_status_counts() -> None:
    affects = [
        {"ref": "lib", "versions": [{"version": "2"}, {"range": "vers:npm/<2", "status": "unaffected"}]},
    ]
    found = vex.read(bom(flaw(state="exploitable", detail="Update.") | {"affects": affects}), "v")
    assert {(s.status, s.products[0].identifiers[0]) for s in found} == {
        ("affected", "pkg:npm/lib@2"), ("not_affected", "pkg:npm/lib?vers=vers:npm%2F%3C2"),
    }  # fmt: skip
    # Nobody says why the others are unaffected: such a statement silences nothing.
    assert not any(s.justification or s.impact for s in found)


def test_versions_of_what_has_no_package_url_meet_nothing() -> None:
    nameless = {"type": "library", "bom-ref": "n", "name": "n"}
    affects = [{"ref": "n", "versions": [{"version": "2"}]}]
    said = one(bom(flaw(detail="No.") | {"affects": affects}, components=[nameless]))
    assert said.products == (VexProduct(("n 2",)),)


@pytest.mark.parametrize(
    ("analysis", "status", "justification", "impact", "words"),
    [
        ({"justification": "code_not_reachable"}, "not_affected", "vulnerable_code_not_in_execute_path", "", ()),
        ({"justification": "protected_by_compiler"}, "not_affected", "inline_mitigations_already_exist", "",
         (("cyclonedx:justification", "protected_by_compiler"),)),
        ({"justification": "requires_environment"}, "not_affected", "", "CycloneDX: requires_environment.",
         (("cyclonedx:justification", "requires_environment"),)),
        ({"state": "false_positive"}, "not_affected", "", "CycloneDX: false_positive.",
         (("cyclonedx:status", "false_positive"),)),
        ({}, "not_affected", "", "", ()),
        ({"state": "resolved_with_pedigree"}, "fixed", "", "", (("cyclonedx:status", "resolved_with_pedigree"),)),
        ({"state": "in_triage", "response": ["will_not_fix"]}, "under_investigation", "", "",
         (("cyclonedx:response", "will_not_fix"),)),
    ],
)  # fmt: skip
def test_words_of_cyclonedx(analysis: Any, status: str, justification: str, impact: str, words: Any) -> None:
    said = one(bom(flaw(**analysis)))
    assert (said.status, said.justification, said.impact, said.words) == (status, justification, impact, words)


@pytest.mark.parametrize("state", ["false_positive", "resolved_with_pedigree", "in_triage"])
@pytest.mark.parametrize("reason", [None, "requires_dependency", "protected_at_perimeter", "protected_by_compiler"])
def test_the_original_word_survives_every_form(state: str, reason: str | None) -> None:
    analysis: dict[str, Any] = {"state": state, "detail": "d"} | ({"justification": reason} if reason else {})
    said = one(bom(flaw(**analysis)))
    data = csaf_vex_write.write_statements([said], author="a", timestamp=said.timestamp, tool=Tool("t", "1"))
    assert one(data).words == said.words


def test_a_plain_sbom_is_no_vex() -> None:
    for data in (bom(), bom({"id": "CVE-2024-1", "affects": [{"ref": "lib"}]})):
        with pytest.raises(MalformedError, match="SBOM"):
            vex.read(data, "v")


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (bom(flaw("nobody")), r"\$\.vulnerabilities\[0\]"),
        (bom(flaw() | {"id": ""}), r"\$\.vulnerabilities\[0\]"),
        (bom(flaw(state="maybe")), r"analysis\.state"),
        (bom(flaw(lastUpdated="yesterday")), "RFC 3339"),
        (b'{"bomFormat": "CycloneDX", "specVersion": "9.9"}', "9.9"),
        (b'{"document": {"csaf_version": "3.0"}}', "3.0"),
        (b'{"@context": 5}', "OpenVEX"),
        (b"[]", "VEX"),
        (b"{", "VEX"),
        (b"\xff", "VEX"),
        (b"{}", "csaf_version"),
    ],
)
def test_what_is_no_vex_is_refused_with_its_place(data: bytes, where: str) -> None:
    with pytest.raises((MalformedError, UnsupportedError), match=where):
        vex.read(data, "v")


def csaf(**more: Any) -> dict[str, Any]:
    """A document in which one product is not affected, with its parts to be replaced."""
    said = VexStatement(
        vulnerability="CVE-2024-1", status="not_affected", justification="component_not_present",
        products=(VexProduct(("pkg:npm/lib@1",)),), timestamp="2026-01-01T00:00:00Z",
    )  # fmt: skip
    data = csaf_vex_write.write_statements([said], author="a", timestamp="2026-01-01T00:00:00Z", tool=Tool("t", "1"))
    return json.loads(data) | more


def test_a_document_that_fails_a_deciding_test_is_refused_by_its_number() -> None:
    value = csaf()
    value["vulnerabilities"][0]["product_status"]["known_affected"] = ["CSAFPID-0001"]
    with pytest.raises(MalformedError, match=r"mandatory test 6\.1\.6"):
        vex.read(json.dumps(value).encode(), "v")
    value["vulnerabilities"][0]["product_status"] = {"fixed": ["elsewhere"]}
    with pytest.raises(MalformedError, match=r"mandatory test 6\.1\.1:"):
        vex.read(json.dumps(value).encode(), "v")


def test_a_component_in_a_platform_is_a_subcomponent() -> None:
    platform = {"name": "OS 9", "product_id": "os", "product_identification_helper": {"cpe": "cpe:/o:os:os:9"}}
    part = {"name": "lib", "product_id": "lib", "product_identification_helper": {"purl": "pkg:rpm/os/lib@1-1"}}
    whole = {
        "category": "default_component_of", "full_product_name": {"name": "lib in OS 9", "product_id": "os:lib"},
        "product_reference": "lib", "relates_to_product_reference": "os",
    }  # fmt: skip
    value = csaf(product_tree={"full_product_names": [platform, part], "relationships": [whole]})
    value["vulnerabilities"][0]["product_status"] = {"known_not_affected": ["os:lib"]}
    value["vulnerabilities"][0]["flags"][0]["product_ids"] = ["os:lib"]
    assert one(json.dumps(value).encode()).products == (VexProduct(("cpe:/o:os:os:9",), ("pkg:rpm/os/lib@1-1",)),)
    value["vulnerabilities"][0]["flags"] = []
    with pytest.raises(MalformedError, match=r"mandatory test 6\.1\.27\.9") as refused:
        vex.read(json.dumps(value).encode(), "v")
    assert "suse-vex" in refused.value.remedy, "where a distribution's documents belong"


@pytest.mark.parametrize(
    ("category", "name", "identifiers"),
    [
        ("product_version", "2.0", ("pkg:npm/lib@2.0",)),
        ("product_version_range", "vers:npm/<2", ("pkg:npm/lib?vers=vers:npm%2F%3C2",)),
        ("product_version_range", "all before 2", ("lib",)),
        ("product_name", "lib", ("pkg:npm/lib",)),
    ],
)
def test_a_version_branch_narrows_a_package_url_without_version(
    category: str, name: str, identifiers: tuple[str, ...]
) -> None:
    product = {"name": "lib", "product_id": "CSAFPID-0001"}
    helper = {"product_identification_helper": {"purl": "pkg:npm/lib"}}
    tree = {"branches": [{"category": category, "name": name, "product": product | helper}]}
    assert one(json.dumps(csaf(product_tree=tree)).encode()).products == (VexProduct(identifiers),)


def test_first_affected_keeps_its_word() -> None:
    value = csaf()
    value["document"]["category"] = "csaf_base"
    item = value["vulnerabilities"][0]
    item["product_status"] = {"first_affected": ["CSAFPID-0001"]}
    item["remediations"] = [{"category": "workaround", "details": "Turn it off.", "product_ids": ["CSAFPID-0001"]}]
    said = one(json.dumps(value).encode())
    assert (said.status, said.action) == ("affected", "Turn it off.")
    assert said.words == (("csaf:remediation", "workaround"), ("csaf:status", "first_affected"))
    data = csaf_vex_write.write_statements([said], author="a", timestamp="2026-01-01T00:00:00Z", tool=Tool("t", "1"))
    back = json.loads(data)["vulnerabilities"][0]
    assert back["product_status"] == {"known_affected": ["CSAFPID-0001"]}, "the VEX profile has no other list for it"
    assert back["remediations"][0]["category"] == "workaround"
    assert one(data).words == said.words


def test_two_words_about_one_product_become_the_newer_then_the_more_cautious() -> None:
    product = (VexProduct(("pkg:npm/lib@1",)),)
    first = VexStatement(vulnerability="CVE-2024-1", status="fixed", products=product, timestamp="2026-01-01T00:00:00Z")
    wary = msgspec.structs.replace(first, status="affected", action="Update.")
    later = msgspec.structs.replace(first, timestamp="2026-01-02T00:00:00Z")
    for said, status in (((first, wary), "affected"), ((wary, first), "affected"), ((wary, later), "fixed")):
        data = csaf_vex_write.write_statements(said, author="a", timestamp=later.timestamp, tool=Tool("t", "1"))
        assert one(data).status == status


def test_notes_keep_what_only_looks_like_a_fact() -> None:
    for text in ("assay:scope: galaxy", "assay:expires:", "assay:nothing: x", "see\nassay:confidence: absolute"):
        assert vex_notes.unpack(text) == {"notes": text}
    assert vex_notes.unpack("why\nassay:expires: 2026-01-01T00:00:00Z\nassay:scope: image") == {
        "notes": "why", "expires": "2026-01-01T00:00:00Z", "scope": "image",
    }  # fmt: skip


def test_no_statements_are_no_document() -> None:
    from assay.formats import cyclonedx_vex_write, openvex

    how: dict[str, Any] = {"author": "a", "timestamp": "2026-01-01T00:00:00Z"}
    assert csaf_vex_write.write_statements([], tool=Tool("t", "1"), **how) == b""
    assert openvex.write_statements([], **how) == b""
    assert cyclonedx_vex_write.write_statements([], tool=Tool("t", "1"), **how) == b""


def test_a_changed_byte_never_gives_a_traceback() -> None:
    raw = json.dumps(csaf()).encode()
    for data in (raw, bom(flaw(justification="code_not_present"))):
        for place in range(0, len(data), 3):
            broken = data[:place] + b"\x01" + data[place + 1 :]
            cut = data[:place] + data[place + 1 :]
            for text in (broken, cut):
                with suppress(AssayError):
                    vex.read(text, "v")


def test_readers_are_told_apart_by_content() -> None:
    assert vex.form_of(bom(), "v") == "cyclonedx"
    assert vex.form_of(json.dumps(csaf()).encode(), "v") == "csaf"
    assert cyclonedx_vex_read.read(bom(flaw(detail="d")), "v") == vex.read(bom(flaw(detail="d")), "v")
    assert csaf_vex_read.read(json.dumps(csaf()).encode(), "v")[0].author == "a"


def test_a_broken_analysis_does_not_hide_the_others() -> None:
    found = examine(bom(flaw(detail="d"), flaw(state="maybe"), flaw("nobody"), flaw(detail="e")), "v")
    assert [place for place, _ in found.statements] == ["$.vulnerabilities[0]", "$.vulnerabilities[3]"]
    assert [said.impact for _, said in found.statements] == ["d", "e"]
    assert [(place[:20], code) for place, code, _ in found.problems] == [
        ("$.vulnerabilities[1]", "malformed"), ("$.vulnerabilities[2]", "malformed"),
    ]  # fmt: skip
    assert {identifier for _, said in found.statements for identifier in said.products[0].identifiers} == {
        "pkg:npm/lib@1"
    }


def test_every_statement_has_the_place_of_its_vulnerability() -> None:
    silent = {"id": "CVE-2024-0", "affects": [{"ref": "lib"}]}
    found = examine(bom(silent, flaw(detail="No."), flaw(detail="No.") | {"id": "CVE-2024-2"}), "v")
    assert [place for place, _ in found.statements] == ["$.vulnerabilities[1]", "$.vulnerabilities[2]"]
    said = [
        VexStatement(
            vulnerability=f"CVE-2024-{number}", status="fixed", author="a", timestamp="2026-01-01T00:00:00Z",
            products=(VexProduct(("pkg:npm/lib@1",)),),
        )
        for number in (1, 2)
    ]  # fmt: skip
    data = csaf_vex_write.write_statements(said, author="a", timestamp=said[0].timestamp, tool=Tool("t", "1"))
    assert [place for place, _ in examine(data, "v").statements] == ["$.vulnerabilities[0]", "$.vulnerabilities[1]"]
