"""What somebody asked for stands below the subject in every form, and is no relation of the inventory."""

import json
from collections.abc import Callable

import msgspec
import pytest

from assay.formats import cyclonedx, cyclonedx_xml, sbom, spdx, spdx3, spdx_tagvalue
from assay.model.direct import direct_record
from assay.model.image import Subject
from assay.model.inventory import Component, Inventory, Relation
from inventories import TIME, TOOL, full

RECORDS = [
    ("npm:direct", "true"),
    ("deb:auto-installed", "false"),
    ("conda:requested", "a >=1"),
    ("pypi:requested", "true"),
]
WRITERS = (cyclonedx.write, cyclonedx_xml.write, spdx.write, spdx_tagvalue.write, spdx3.write)


def component(key: str, *records: tuple[str, str], removed_by: int | None = None) -> Component:
    return Component(
        key=key, purl="", ecosystem="npm", name=key, version="1", properties=records, removed_by=removed_by
    )


INVENTORY = Inventory(
    subject=Subject(name="tree"),
    components=(
        component("a", RECORDS[0]), component("b"), component("gone", RECORDS[0], removed_by=1),
        component("subject", RECORDS[3]), component("z", ("npm:direct", "false"), ("deb:auto-installed", "true")),
    ),
    relations=(Relation("a", "depends_on", "b"), Relation("b", "depends_on", "a")),
)  # fmt: skip


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_makes_a_component_direct(record: tuple[str, str]) -> None:
    assert direct_record(component("a", ("x", "y"), record)) == record[0]
    assert direct_record(component("a", (record[0].replace("requested", "asked"), "no"))) == ""


def test_cyclonedx_names_them_at_the_root() -> None:
    document = json.loads(cyclonedx.write(INVENTORY, tool=TOOL, timestamp=TIME))
    first, *others = document["dependencies"]
    assert first == {"ref": document["metadata"]["component"]["bom-ref"], "dependsOn": ["a", "subject"]}
    assert {one["ref"]: one.get("dependsOn", []) for one in others} == {
        "a": ["b"], "b": ["a"], "gone": [], "subject": [], "z": [],
    }  # fmt: skip


def test_spdx_names_them_at_the_described_package() -> None:
    document = json.loads(spdx.write(INVENTORY, tool=TOOL, timestamp=TIME))
    names = {one["SPDXID"]: one["name"] for one in document["packages"]}
    links = [(r["spdxElementId"], r["relationshipType"], r["relatedSpdxElement"]) for r in document["relationships"]]
    (root,) = [target for _, kind, target in links if kind == "DESCRIBES"]
    assert {names[target] for source, kind, target in links if (source, kind) == (root, "DEPENDS_ON")} == {
        "a",
        "subject",
    }


@pytest.mark.parametrize("write", WRITERS)
def test_they_come_back_as_records_and_as_nothing_else(write: Callable[..., bytes]) -> None:
    for inventory in (INVENTORY, msgspec.structs.replace(INVENTORY, relations=()), full()):
        data = write(inventory, tool=TOOL, timestamp=TIME)
        assert sbom.read(data, "x") == inventory
        assert write(sbom.read(data, "x"), tool=TOOL, timestamp=TIME) == data


def test_nothing_is_said_where_no_record_says_it() -> None:
    inventory = msgspec.structs.replace(INVENTORY, components=(component("a"), component("b")))
    assert json.loads(cyclonedx.write(inventory, tool=TOOL, timestamp=TIME))["dependencies"][0] == {"ref": "subject"}
