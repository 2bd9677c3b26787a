"""What of a foreign SPDX 3 document does not survive is named and counted."""

import json
from typing import Any

from assay.formats import sbom, spdx3
from assay.formats.losses import losses
from inventories import TIME, TOOL, full

INFO = {"type": "CreationInfo", "@id": "_:c", "specVersion": "3.0.1", "created": TIME, "createdBy": ["urn:t"]}


def node(kind: str, key: str, /, **more: Any) -> dict[str, Any]:
    return {"type": kind, "spdxId": f"urn:{key}", "creationInfo": "_:c"} | more


def document(*nodes: dict[str, Any]) -> bytes:
    graph = [
        INFO,
        node("Organization", "t", name="T"),
        node("SpdxDocument", "d", name="doc", rootElement=["urn:p"], element=["urn:p"]),
        node("software_Package", "p", name="p", software_packageVersion="1", software_packageUrl="pkg:npm/p@1"),
        *nodes,
    ]
    return json.dumps({"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": graph}).encode()


def lost(data: bytes) -> tuple[str, ...]:
    return losses(data, "x", sbom.read(data, "x"))


def test_a_plain_document_loses_nothing() -> None:
    assert lost(document()) == ()


def test_what_is_not_read_is_named() -> None:
    found = lost(
        document(
            node("software_Package", "q", name="q", software_packageVersion="1", software_packageUrl="pkg:npm/q@1",
                 software_copyrightText="C", summary=""),
            node("software_File", "f", name="f"),
            node("software_File", "g", name="g"),
            node("Relationship", "r", relationshipType="hasTest", **{"from": "urn:p", "to": ["urn:q"]}),
            node("Relationship", "s", relationshipType="dependsOn", completeness="complete",
                 **{"from": "urn:p", "to": ["urn:q"]}),
        )
    )  # fmt: skip
    assert found == (
        "@graph[].Relationship of relationshipType hasTest: 1 dropped",
        "@graph[].Relationship.completeness: 1 dropped",
        "@graph[].software_File: 2 dropped",
        "@graph[].software_Package.software_copyrightText: 1 dropped",
    )


def test_a_document_of_ours_loses_nothing() -> None:
    own = spdx3.write(full(), tool=TOOL, timestamp=TIME)
    assert [line for line in lost(own) if "dropped" in line] == []
