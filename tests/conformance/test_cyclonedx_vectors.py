"""CycloneDX's own documents: `valid-*` are read and keep their packages, `invalid-*` are refused with the place."""

import json
from pathlib import Path
from typing import Any

import pytest

from assay.formats import cyclonedx
from assay.model.errors import MalformedError, UnsupportedError
from support import SHARED, shared

# The only thing wrong with these four is a licence identifier (`Apache-2`) that the SPDX list does not hold. The list
# grows with every release (33 identifiers of the official schema are not in the newest list a Python package ships), so
# refusing a whole document for one would refuse valid ones. Such an identifier is read as a raw text with the reason.
EXCEPTIONS = {
    f"invalid-{kind}-{version}.json" for kind in ("license-id", "metadata-license") for version in ("1.4", "1.5")
}


def _files(prefix: str) -> list[Any]:
    if SHARED is None:
        return [pytest.param(Path(), marks=pytest.mark.skip(reason="../shared is not present"))]
    folder = SHARED / "vectors" / "cyclonedx"
    return [pytest.param(p, id=p.name) for p in sorted(folder.glob(f"1.*/{prefix}-*.json"))]


@pytest.mark.parametrize("path", _files("valid"))
def test_valid_is_read(path: Path) -> None:
    document = json.loads(path.read_text())
    inventory = cyclonedx.read(path.read_bytes(), path.name)

    def count(items: list[dict[str, Any]]) -> int:
        return sum((c["type"] not in {"operating-system", "file"}) + count(c.get("components", [])) for c in items)

    names = {c.name for c in inventory.components}
    assert len(inventory.components) >= count(document.get("components", []))
    assert {c["name"] for c in document.get("components", []) if "purl" not in c and "group" not in c} - names <= {
        c["name"] for c in document.get("components", []) if c["type"] in {"operating-system", "file"}
    }
    for component in inventory.components:
        if not component.ecosystem:
            assert any("cannot be matched" in gap.reason for gap in inventory.gaps)


@pytest.mark.parametrize("path", _files("invalid"))
def test_invalid_is_refused(path: Path) -> None:
    if path.name in EXCEPTIONS:
        for component in cyclonedx.read(path.read_bytes(), path.name).components:
            assert component.licence.expression == ""
            assert component.licence.declared == ("Apache-2",)
            assert component.licence.reason
        return
    with pytest.raises(MalformedError) as caught:
        cyclonedx.read(path.read_bytes(), path.name)
    assert "$." in caught.value.where
    assert caught.value.why
    assert caught.value.remedy


def test_every_document_is_there() -> None:
    assert len(list(shared("vectors", "cyclonedx").glob("1.*/*.json"))) == 109
    assert len(_files("invalid")) == 44


@pytest.mark.parametrize("version", ["1.2", "1.3", "1.4", "1.5", "1.6", "1.7"])
def test_versions_read(version: str) -> None:
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": version,
        "version": 1,
        "components": [{"type": "library", "name": "a", "version": "1", "purl": "pkg:npm/a@1"}],
    }
    (component,) = cyclonedx.read(json.dumps(document).encode(), "x").components
    assert (component.ecosystem, component.name, component.version) == ("npm", "a", "1")


def test_a_version_of_the_future_is_unsupported() -> None:
    with pytest.raises(UnsupportedError) as caught:
        cyclonedx.read(b'{"bomFormat": "CycloneDX", "specVersion": "2.0"}', "x")
    assert "1.6" in caught.value.remedy
