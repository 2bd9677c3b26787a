"""SPDX 3.0.1: what other readers see in ours, a document of another tool, and damaged ones."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.formats import sbom, spdx3
from assay.formats.spdx3_write import CONTEXT
from assay.model.digest import Digest
from assay.model.errors import AssayError, MalformedError, UnsupportedError
from assay.model.inventory import Distro, Relation
from inventories import TIME, TOOL, full

SUM = "ab" * 32
CREATION = {
    "type": "CreationInfo",
    "@id": "_:c",
    "specVersion": "3.0.1",
    "created": TIME,
    "createdBy": ["https://x.example/tool"],
}
ROOT = {
    "type": "SpdxDocument",
    "spdxId": "https://x.example/doc",
    "creationInfo": "_:c",
    "name": "sample",
    "rootElement": ["https://x.example/bom"],
}
BOM = {"type": "software_Sbom", "spdxId": "https://x.example/bom", "rootElement": ["https://x.example/root"]}


def package(name: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "software_Package",
        "spdxId": f"https://x.example/{name}",
        "creationInfo": "_:c",
        "name": name,
        **more,
    }


def link(source: str, kind: str, *targets: str) -> dict[str, Any]:
    ends = {"from": f"https://x.example/{source}", "to": [f"https://x.example/{t}" for t in targets]}
    return {"type": "Relationship", "spdxId": f"https://x.example/{source}-{kind}", "relationshipType": kind, **ends}


def graph(*nodes: dict[str, Any]) -> bytes:
    tool = {"type": "SoftwareAgent", "spdxId": "https://x.example/tool", "name": "t", "creationInfo": "_:c"}
    return json.dumps({"@context": CONTEXT, "@graph": [CREATION, tool, ROOT, BOM, *nodes]}).encode()


def test_ours_speaks_to_other_readers() -> None:
    nodes = json.loads(spdx3.write(full(), tool=TOOL, timestamp=TIME))["@graph"]
    ssl = next(n for n in nodes if n.get("name") == "libssl3")
    assert ssl["software_packageUrl"].startswith("pkg:deb/debian/libssl3@")
    assert ssl["software_packageVersion"] == "3.0.15-1"
    kinds = {n["relationshipType"] for n in nodes if n["type"] == "Relationship"}
    assert kinds == {"describes", "contains", "dependsOn", "other", "hasDeclaredLicense", "hasConcludedLicense"}
    assert [n["specVersion"] for n in nodes if n["type"] == "CreationInfo"] == ["3.0.1"]
    assert len({n["spdxId"] for n in nodes if "spdxId" in n}) == len(nodes) - 1
    assert not any("urn:uuid:00000000" in n.get("spdxId", "") for n in nodes)


def test_a_document_of_another_tool_is_read() -> None:
    purl = {"type": "ExternalIdentifier", "externalIdentifierType": "packageUrl", "identifier": "pkg:npm/b@2"}
    licence = {
        "type": "simplelicensing_LicenseExpression",
        "spdxId": "https://x.example/mit",
        "simplelicensing_licenseExpression": "MIT",
    }
    inventory = sbom.read(
        graph(
            package("root", software_primaryPurpose="container", software_packageVersion=f"sha256:{SUM}"),
            package("debian", software_primaryPurpose="operatingSystem", software_packageVersion="12.4"),
            package(
                "a",
                software_packageUrl="pkg:npm/a@1",
                software_packageVersion="1",
                verifiedUsing=[{"type": "Hash", "algorithm": "sha256", "hashValue": SUM}],
                originatedBy=["https://x.example/someone"],
            ),
            {"type": "Person", "spdxId": "https://x.example/someone", "name": "Someone"},
            package("b", externalIdentifier=[purl], software_packageVersion="2"),
            licence,
            link("root", "contains", "a", "b"),
            link("a", "dependsOn", "b"),
            link("a", "hasDeclaredLicense", "mit"),
            link("b", "contains", "gone"),
        ),
        "x",
    )
    a, b = inventory.components
    assert (a.name, a.version, a.ecosystem, a.licence.expression) == ("a", "1", "npm", "MIT")
    assert (a.hashes, a.maintainer) == ((f"sha256:{SUM}",), "Someone")
    assert (b.purl, b.licence.expression) == ("pkg:npm/b@2", "")
    assert inventory.relations == (Relation(a.key, "depends_on", b.key),)
    assert inventory.distro == Distro(id="debian", version_id="12")
    assert inventory.subject.digest == Digest("sha256", SUM)
    assert [gap.path for gap in inventory.gaps] == ["$.relationships"]


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (json.dumps({"@context": CONTEXT}).encode(), "$.@graph"),
        (json.dumps({"@context": CONTEXT, "@graph": [1]}).encode(), "$.@graph"),
        (json.dumps({"@context": CONTEXT, "@graph": [CREATION]}).encode(), "$.@graph"),
        (json.dumps({"@context": CONTEXT, "@graph": [CREATION, ROOT, ROOT]}).encode(), "$.@graph[2].spdxId"),
        (json.dumps({"@context": CONTEXT, "@graph": [CREATION | {"specVersion": "2.3"}, ROOT]}).encode(), "$.@graph"),
        (graph(link("a", "dependsOn")), "$.@graph[4]"),
        (graph(package("a") | {"name": 7}), "$.packages[0].name"),
        (graph(package("a", software_packageUrl=7)), "$.packages[0]"),
    ],
)
def test_a_damaged_document_names_the_place(data: bytes, place: str) -> None:
    with pytest.raises(MalformedError) as caught:
        spdx3.read(data, "x")
    assert place in caught.value.where


@pytest.mark.parametrize("context", [[CONTEXT], {"@vocab": CONTEXT}, None, 1, "https://example.org/context"])
def test_another_context_is_refused_whatever_it_is(context: object) -> None:
    with pytest.raises(UnsupportedError, match="@context"):
        spdx3.read(json.dumps({"@context": context, "@graph": []}).encode(), "x")


JUNK = st.sampled_from([None, 1, True, "", "x", [], [[]], {}, {"type": []}, [None], "_:creation"])


@given(st.data())
def test_any_field_may_hold_anything(data: st.DataObject) -> None:
    document = json.loads(spdx3.write(full(), tool=TOOL, timestamp=TIME))
    for _ in range(data.draw(st.integers(1, 3))):
        node = data.draw(st.sampled_from(document["@graph"]))
        node[data.draw(st.sampled_from(sorted(node)))] = data.draw(JUNK)
    with contextlib.suppress(AssayError):
        spdx3.read(json.dumps(document).encode(), "x")
