"""Elements are counted as the profile asks, a maintainer is no supplier, and the formula is the one documented."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from assay.dependencies.score import PROFILES, Profile, Score, score
from assay.formats import cyclonedx, sbom_elements
from assay.model.errors import AssayError, UnsupportedError
from command import assay
from inventories import TIME, TOOL, full

WHOLE: dict[str, Any] = {
    "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
    "metadata": {"timestamp": "2026-01-01T00:00:00Z", "authors": [{"name": "A", "email": "a@example.org"}]},
    "components": [{
        "type": "library", "bom-ref": "x", "name": "x", "version": "1", "purl": "pkg:npm/x@1",
        "supplier": {"name": "S", "url": ["https://example.org"]}, "licenses": [{"license": {"id": "MIT"}}],
        "externalReferences": [{"type": "distribution", "url": "u", "hashes": [{"alg": "SHA-512", "content": "a" * 128}]}],
        "properties": [
            {"name": f"bsi:component:{n}", "value": "v"} for n in ("filename", "executable", "archive", "structured")
        ],
    }],
    "dependencies": [{"ref": "x"}],
    "compositions": [{"aggregate": "complete", "dependencies": ["x"]}],
}  # fmt: skip


def scored(document: dict[str, Any], profile: Profile) -> Score:
    return score(sbom_elements.read(json.dumps(document).encode(), "x"), profile)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_whole_document_has_a_hundred(profile: Profile) -> None:
    found = scored(WHOLE, profile)
    assert (found.number, found.missing, found.complete) == (100.0, (), 1)


def test_the_formula() -> None:
    bare = {"type": "library", "name": "y", "publisher": "M <m@example.org>"}
    found = scored(WHOLE | {"components": [*WHOLE["components"], bare]}, "ntia")
    assert [(e.name, e.given, e.asked) for e in found.elements] == [
        ("author", 1, 1), ("timestamp", 1, 1), ("supplier", 1, 2), ("name", 2, 2), ("version", 1, 2),
        ("identifier", 1, 2), ("relationship", 1, 2),
    ]  # fmt: skip
    assert found.number == 71.4  # 100 / 7 x (1 + 1 + 1/2 + 1 + 1/2 + 1/2 + 1/2), rounded down
    assert found.missing[0].elements == ("supplier", "version", "identifier", "relationship")


def test_no_components_get_nothing_for_them() -> None:
    found = scored(WHOLE | {"components": [], "dependencies": []}, "ntia")
    assert (found.number, found.components) == (28.5, 0)


def test_bsi_wants_a_recent_format_and_a_way_to_reach_the_creator() -> None:
    found = scored(WHOLE | {"specVersion": "1.5", "metadata": {"authors": [{"name": "A"}]}}, "bsi")
    assert found.missing[0].elements == ("format", "creator", "timestamp")


def test_spdx() -> None:
    package = {
        "name": "x", "SPDXID": "SPDXRef-x", "downloadLocation": "NOASSERTION", "versionInfo": "1",
        "supplier": "NOASSERTION", "originator": "Person: M (m@example.org)", "licenseDeclared": "NOASSERTION",
        "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "pkg:npm/x@1"}],
    }  # fmt: skip
    document = {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": "d",
        "documentNamespace": "https://example.org/d", "packages": [package],
        "creationInfo": {"created": "2026-01-01T00:00:00Z", "creators": ["Tool: t"]},
    }  # fmt: skip
    assert scored(document, "ntia").missing[0].elements == ("supplier", "relationship")
    assert "licence" in scored(document, "bsi").missing[1].elements
    assert "creator" not in scored(document, "bsi").missing[1].elements


def test_our_own_document_names_the_supplier_and_takes_no_maintainer_for_one() -> None:
    named = full().components[0]
    maintained = msgspec.structs.replace(named, supplier="")
    for component, given in ((named, 1), (maintained, 0)):
        inventory = msgspec.structs.replace(full(), components=(component,), relations=())
        found = score(sbom_elements.read(cyclonedx.write(inventory, tool=TOOL, timestamp=TIME), "x"), "ntia")
        assert [e.given for e in found.elements if e.name == "supplier"] == [given]


@pytest.mark.parametrize("junk", [1, "x", [1], [[]], {"a": 1}, {"contact": [3]}, None])
def test_fields_the_reader_does_not_check_may_hold_anything(junk: Any) -> None:
    for where in ("authors", "manufacture", "tools", "supplier"):
        try:
            scored(WHOLE | {"metadata": {where: junk}}, "bsi")
        except AssayError:
            continue  # refused by the reader, with its reason


def test_other_forms_are_refused() -> None:
    with pytest.raises(UnsupportedError):
        sbom_elements.read(b'<bom xmlns="http://cyclonedx.org/schema/bom/1.6"/>', "x")


def test_the_command(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps(WHOLE))
    done = assay("score", str(path), "--profile", "bsi", "-o", "json", home=tmp_path)
    assert (done.code, json.loads(done.out)["number"]) == (0, 100.0), done.err
    shown = assay("score", str(path), home=tmp_path, env={"COLUMNS": "80"}).out.decode()
    assert "100.0 of 100" in shown
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize(
    ("compositions", "said"),
    [
        ([{"aggregate": "incomplete_first_party_only", "dependencies": ["x"]}], True),
        ([{"aggregate": "unknown", "dependencies": ["x"]}], False),
        ([{"aggregate": "complete", "assemblies": ["x"]}], False),
        ([{"aggregate": "complete", "dependencies": ["y"]}], False),
        ([], False),
    ],
)
def test_bsi_wants_to_know_whether_the_dependencies_are_all(compositions: list[dict[str, Any]], said: bool) -> None:
    found = scored(WHOLE | {"compositions": compositions}, "bsi")
    assert {e.name: e.given for e in found.elements}["completeness"] == said


def test_in_spdx_only_a_dependency_on_none_says_it_is_all() -> None:
    package = {"SPDXID": "SPDXRef-a", "name": "a", "downloadLocation": "NONE"}
    document = {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": "n",
        "documentNamespace": "urn:x", "creationInfo": {"created": "2026-01-01T00:00:00Z", "creators": ["Tool: t"]},
        "packages": [package],
        "relationships": [
            {"spdxElementId": "SPDXRef-a", "relationshipType": "DEPENDS_ON", "relatedSpdxElement": "NONE"}
        ],
    }  # fmt: skip
    assert {e.name: e.given for e in scored(document, "bsi").elements}["completeness"] == 1
    document["relationships"][0]["relatedSpdxElement"] = "NOASSERTION"  # type: ignore[index]
    assert {e.name: e.given for e in scored(document, "bsi").elements}["completeness"] == 0
