"""CycloneDX's own XML documents: `valid-*` are read and keep their packages, `invalid-*` are refused with the place."""

import os
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from assay.formats import cyclonedx_xml, sbom
from assay.model.errors import MalformedError, UnsupportedError
from inventories import TIME, TOOL, big, full
from support import SHARED, shared

# As in JSON: the only thing wrong with these four is a licence identifier (`Apache-2`) that the SPDX list does not
# hold. The list grows, so it is read as a raw text with the reason.
EXCEPTIONS = {
    f"invalid-{kind}-{version}.xml" for kind in ("license-id", "metadata-license") for version in ("1.4", "1.5")
}
VERSIONS = ("1.4", "1.5", "1.6", "1.7")
NOT_PACKAGES = {"operating-system", "file"}


def _files(prefix: str) -> list[Any]:
    if SHARED is None:
        return [pytest.param(Path(), marks=pytest.mark.skip(reason="../shared is not present"))]
    folder = SHARED / "vectors" / "cyclonedx"
    return [pytest.param(p, id=p.name) for p in sorted(folder.glob(f"1.*/{prefix}-*.xml"))]


@pytest.mark.parametrize("path", _files("valid"))
def test_valid_is_read(path: Path) -> None:
    root = ET.fromstring(path.read_bytes())
    space = root.tag.removesuffix("bom")
    inventory = sbom.read(path.read_bytes(), path.name)
    listed = root.findall(f"{space}components//{space}component")
    pedigree = root.findall(f"{space}components//{space}pedigree//{space}component")
    expected = [c for c in listed if c not in pedigree and c.get("type") not in NOT_PACKAGES]
    assert len(inventory.components) == len(expected)
    plain = {c.findtext(f"{space}name") for c in expected if c.find(f"{space}purl") is None}
    plain -= {c.findtext(f"{space}name") for c in expected if c.find(f"{space}group") is not None}
    assert plain <= {c.name for c in inventory.components}
    assert {c.findtext(f"{space}version", "") for c in expected} == {c.version for c in inventory.components}
    assert sum(len(c.hashes) for c in inventory.components) == sum(
        len({h.text for h in c.findall(f"{space}hashes/{space}hash")}) for c in expected
    )


@pytest.mark.parametrize("path", _files("invalid"))
def test_invalid_is_refused(path: Path) -> None:
    if path.name in EXCEPTIONS:
        for component in cyclonedx_xml.read(path.read_bytes(), path.name).components:
            assert component.licence.expression == ""
            assert component.licence.declared == ("Apache-2",)
            assert component.licence.reason
        return
    with pytest.raises(MalformedError) as caught:
        cyclonedx_xml.read(path.read_bytes(), path.name)
    assert "$." in caught.value.where or " line " in caught.value.where
    assert caught.value.why
    assert caught.value.remedy


def test_every_document_is_there() -> None:
    assert len(list(shared("vectors", "cyclonedx").glob("1.*/*.xml"))) == 115
    assert len(_files("invalid")) == 46


@pytest.mark.parametrize("version", ["1.2", "1.3", *VERSIONS])
def test_versions_read(version: str) -> None:
    text = f"""<c:bom xmlns:c="http://cyclonedx.org/schema/bom/{version}" version="1"><c:components>
      <c:component type="library"><c:name> a </c:name><c:version>1</c:version><c:purl>pkg:npm/a@1</c:purl>
      </c:component></c:components></c:bom>"""
    (component,) = sbom.read(text.encode(), "x").components
    assert (component.ecosystem, component.name, component.version) == ("npm", "a", "1")


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.8", "2.0"])
def test_other_versions_are_unsupported(version: str) -> None:
    with pytest.raises(UnsupportedError):
        sbom.read(f'<bom xmlns="http://cyclonedx.org/schema/bom/{version}"/>'.encode(), "x")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("inventory", [full(), big(20)], ids=["full", "big"])
def test_the_official_schema_holds(version: str, inventory: Any, tmp_path: Path) -> None:
    """By xmllint, where the machine has it: no Python package among ours knows XSD."""
    if shutil.which("xmllint") is None:
        pytest.skip("xmllint is not installed")
    folder = shared("vectors", "cyclonedx", "schema")
    (tmp_path / "catalog.xml").write_text(
        '<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">'
        f'<system systemId="http://cyclonedx.org/schema/spdx" uri="{(folder / "spdx.xsd").as_uri()}"/></catalog>'
    )
    (tmp_path / "bom.xml").write_bytes(cyclonedx_xml.write(inventory, tool=TOOL, timestamp=TIME, version=version))
    run = subprocess.run(
        ["xmllint", "--nonet", "--noout", "--schema", str(folder / f"bom-{version}.xsd"), str(tmp_path / "bom.xml")],
        env={**os.environ, "XML_CATALOG_FILES": str(tmp_path / "catalog.xml")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("version", VERSIONS)
def test_elements_stand_in_the_order_of_the_schema(version: str) -> None:
    root = ET.fromstring(cyclonedx_xml.write(full(), tool=TOOL, timestamp=TIME, version=version))
    space = root.tag.removesuffix("bom")
    order = ["supplier", "publisher", "name", "version", "description"]
    order += ["hashes", "licenses", "purl", "properties", "evidence"]
    for component in root.iter(f"{space}component"):
        names = [child.tag.removeprefix(space) for child in component]
        assert names == sorted(names, key=order.index)
    assert [child.tag.removeprefix(space) for child in root] == [
        "metadata",
        "components",
        "dependencies",
        "compositions",
    ]
    held = {"1.4": {"evidence"}, "1.5": {"evidence", "identity"}}.get(
        version, {"evidence", "identity", "additionalContext"}
    )
    found = {e.tag.removeprefix(space) for e in root.iter()} & {"evidence", "identity", "additionalContext"}
    assert found == held
    assert any("acknowledgement" in e.attrib for e in root.iter()) == (version >= "1.6")
