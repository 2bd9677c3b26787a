"""How complete a document says it is: never more than its records hold, and another's word is passed on."""

import json
from typing import Any

import msgspec
import pytest

from assay.dependencies.catalogers import TABLE
from assay.formats import cyclonedx, cyclonedx_xml, sbom
from assay.formats.cyclonedx_compositions import RECORDS_NEEDS
from assay.model.errors import MalformedError
from assay.model.inventory import Gap, Inventory, Occurrence
from inventories import TIME, TOOL, big


def said(inventory: Inventory) -> dict[str, str]:
    """Reference → what is said of its parts (the subject) or its dependencies."""
    document = json.loads(cyclonedx.write(inventory, tool=TOOL, timestamp=TIME))
    return {
        ref: entry["aggregate"]
        for entry in document["compositions"]
        for ref in (*entry.get("assemblies", ()), *entry.get("dependencies", ()))
    }


def one(cataloguer: str, path: str = "x", **change: Any) -> Inventory:
    (first,) = big(1).components
    component = msgspec.structs.replace(first, cataloguer=cataloguer, occurrences=(Occurrence(path, 0, "x"),), **change)
    return msgspec.structs.replace(big(1), components=(component,), relations=(), gaps=())


def gap(inventory: Inventory, kind: Any, by: str) -> Inventory:
    return msgspec.structs.replace(inventory, gaps=(Gap(kind, "a", None, "b", by),))


@pytest.mark.parametrize(
    ("inventory", "parts", "needs"),
    [
        (one("dpkg"), "complete", "complete"),
        (one("golang"), "complete", "unknown"),
        (one("pypi", "a/b.dist-info/METADATA"), "complete", "complete"),
        (one("pypi", "a/b.egg-info"), "complete", "unknown"),
        (one("dpkg", removed_by=1), "complete", "unknown"),
        (one(""), "unknown", "unknown"),
        (gap(one("dpkg"), "unreadable", "dpkg"), "incomplete", "incomplete"),
        (gap(one("dpkg"), "unreadable", "npm"), "incomplete", "complete"),
        (gap(one("dpkg"), "limit", "assemble"), "incomplete", "incomplete"),
        (gap(one("dpkg"), "unknown-program", "binaries"), "incomplete", "complete"),
    ],
)
def test_complete_is_said_only_of_what_was_read_whole(inventory: Inventory, parts: str, needs: str) -> None:
    (key,) = (c.key for c in inventory.components)
    assert said(inventory) == {"subject": parts, key: needs}


def test_every_component_is_spoken_of_once_in_both_forms() -> None:
    inventory = big(40)
    document = json.loads(cyclonedx.write(inventory, tool=TOOL, timestamp=TIME))
    refs = [ref for entry in document["compositions"] for ref in entry.get("dependencies", ())]
    assert sorted(refs) == sorted(c.key for c in inventory.components)
    xml = cyclonedx_xml.write(inventory, tool=TOOL, timestamp=TIME)
    assert xml.count(b"<composition>") == len(document["compositions"])
    assert sbom.read(xml, "x") == inventory


def test_the_cataloguers_named_are_cataloguers() -> None:
    assert set(RECORDS_NEEDS) <= {row.name for row in TABLE}


def foreign(*entries: dict[str, Any]) -> bytes:
    component = {"type": "library", "bom-ref": "x", "name": "x", "version": "1", "purl": "pkg:npm/x@1"}
    document = {"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [component], "compositions": entries}
    return json.dumps(document).encode()


FOREIGN_XML = b"""<bom xmlns="http://cyclonedx.org/schema/bom/1.5"><components><component type="library" bom-ref="x">
<name>x</name><version>1</version><purl>pkg:npm/x@1</purl></component></components><compositions><composition>
<aggregate>incomplete_third_party_only</aggregate><assemblies><assembly ref="x"/></assemblies>
<dependencies><dependency ref="x"/><dependency ref="y"/></dependencies></composition></compositions></bom>"""


@pytest.mark.parametrize(
    "data",
    [
        foreign({"aggregate": "incomplete_third_party_only", "assemblies": ["x"], "dependencies": ["x", "y"]}),
        FOREIGN_XML,
    ],
)
def test_what_another_tool_admits_to_lack_is_a_gap(data: bytes) -> None:
    assert [(g.path, g.reason) for g in sbom.read(data, "x").gaps] == [
        ("$.compositions", "by its own word incomplete: the dependencies of 2"),
        ("$.compositions", "by its own word incomplete: the parts of 1"),
    ]


def test_what_another_tool_calls_complete_or_unknown_is_none() -> None:
    entries = [{"aggregate": "complete", "assemblies": ["x"]}, {"aggregate": "unknown", "dependencies": ["x"]}]
    assert sbom.read(foreign(*entries), "x").gaps == ()


def test_a_word_the_schema_does_not_have_is_refused() -> None:
    with pytest.raises(MalformedError, match=r"compositions\[0\]\.aggregate"):
        sbom.read(foreign({"aggregate": "rather"}), "x")
