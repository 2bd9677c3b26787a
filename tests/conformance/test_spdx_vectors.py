"""SPDX's own example documents are read; what we write of them again keeps their packages."""

import json
from pathlib import Path
from typing import Any

import pytest

from assay.formats import sbom, spdx
from assay.model.errors import MalformedError, UnsupportedError
from inventories import TIME, TOOL
from support import SHARED


def _files() -> list[Any]:
    if SHARED is None:
        return [pytest.param(Path(), marks=pytest.mark.skip(reason="../shared is not present"))]
    return [pytest.param(p, id=p.name) for p in sorted((SHARED / "vectors" / "spdx").glob("*.json"))]


@pytest.mark.parametrize("path", _files())
def test_example_is_read_and_written_again(path: Path) -> None:
    document = json.loads(path.read_text())
    assert sbom.sniff(path.read_bytes()) == "spdx"
    inventory = sbom.read(path.read_bytes(), path.name)
    named = {"org.apache.jena:apache-jena" if p["name"] == "Jena" else p["name"] for p in document["packages"]}
    assert {c.name for c in inventory.components} == named  # Jena has a package URL: it names what is looked up
    assert {c.version for c in inventory.components} == {p.get("versionInfo", "") for p in document["packages"]}
    glibc = next(c for c in inventory.components if c.name == "glibc")
    assert glibc.maintainer == "ExampleCodeInspect (contact@example.com)"
    assert any(h.startswith("md5:") for h in glibc.hashes)
    assert glibc.licence.expression == "(LGPL-2.0-only AND LicenseRef-3)"
    assert [g.path for g in inventory.gaps] == ["$.packages[0]", "$.packages[1]", "$.packages[3]"]
    assert spdx.read(spdx.write(inventory, tool=TOOL, timestamp=TIME), "again") == inventory


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"packages": [{"name": "a", "SPDXID": "SPDXRef-a"}]}, "$.packages[0]"),
        ({"packages": [{"SPDXID": "SPDXRef-a", "downloadLocation": "NONE"}]}, "$.packages[0]"),
        ({"creationInfo": {"created": "yesterday", "creators": ["Tool: x"]}}, "$.creationInfo"),
        ({"creationInfo": {"created": TIME, "creators": []}}, "$.creationInfo.creators"),
        ({"SPDXID": "SPDXRef-x"}, "$.SPDXID"),
        ({"relationships": [{"spdxElementId": "a", "relationshipType": "CONTAINS"}]}, "$.relationships[0]"),
        (
            {"packages": [{"name": "a", "SPDXID": "SPDXRef-a", "downloadLocation": "NONE"}] * 2},
            "$.packages[1].SPDXID",
        ),
    ],
)
def test_invalid_is_refused(change: dict[str, Any], place: str) -> None:
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": "x",
        "creationInfo": {"created": TIME, "creators": ["Tool: x"]},
    }
    assert spdx.read(json.dumps(document).encode(), "x").components == ()
    with pytest.raises(MalformedError) as caught:
        spdx.read(json.dumps(document | change).encode(), "x")
    assert place in caught.value.where


def test_other_versions_are_unsupported() -> None:
    with pytest.raises(UnsupportedError):
        spdx.read(b'{"spdxVersion": "SPDX-9.9"}', "x")
    with pytest.raises(UnsupportedError):
        sbom.read(b'{"@context": "https://spdx.org/rdf/3.9.9/spdx-context.jsonld", "@graph": []}', "x")
    with pytest.raises(MalformedError):
        sbom.read(b'{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": []}', "x")
