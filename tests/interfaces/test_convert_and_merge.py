"""`assay convert` and `assay merge`, typed as a person types them."""

import json
from pathlib import Path

import pytest

from assay.formats import cyclonedx, sbom
from assay.formats.losses import losses
from command import assay
from fakes.layouts import demo_layers, layout
from inventories import TIME, TOOL, full

FOREIGN = {
    "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
    "metadata": {"timestamp": "2026-01-01T00:00:00Z", "authors": [{"name": "A"}]},
    "components": [{
        "type": "framework", "bom-ref": "x", "name": "x", "version": "1", "purl": "pkg:npm/x@1", "copyright": "C",
        "supplier": {"name": "S"}, "properties": [{"name": "other:y", "value": "1"}],
        "components": [{"type": "library", "name": "y\u001b[2J", "version": "1", "copyright": "D"}],
    }],
    "compositions": [{"aggregate": "complete"}],
}  # fmt: skip


def test_losses_are_named_and_counted() -> None:
    data = json.dumps(FOREIGN).encode()
    assert losses(data, "x", sbom.read(data, "x")) == (
        "$.components[0].components[0]: y\\x1b[2J cannot be matched: no package URL",
        "components[].copyright: 2 dropped",
        "components[].properties of other tools: 1 dropped",
        "components[].type framework (written as library): 1 dropped",
        "compositions: 1 dropped",
        "metadata.authors: 1 dropped",
    )


def test_our_own_lose_nothing() -> None:
    data = cyclonedx.write(full(), tool=TOOL, timestamp=TIME)
    assert losses(data, "x", full()) == ()


@pytest.mark.parametrize("form", ["cyclonedx-json", "spdx-json"])
def test_convert_and_back(tmp_path: Path, form: str) -> None:
    source = tmp_path / "a.json"
    source.write_bytes(cyclonedx.write(full(), tool=TOOL, timestamp=TIME))
    done = assay("convert", str(source), "-o", form, home=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert sbom.read(done.out, "x") == full()


def test_convert_says_what_is_lost(tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text(json.dumps(FOREIGN))
    done = assay("convert", str(tmp_path / "f.json"), "-o", "spdx-json", home=tmp_path)
    assert done.code == 0
    assert "lost: compositions: 1 dropped" in done.err
    assert "\x1b" not in done.err
    assert assay("convert", str(tmp_path / "f.json"), "-q", home=tmp_path).err == ""


def test_merge_an_image_with_its_sbom_in_any_order(tmp_path: Path) -> None:
    layout(tmp_path / "image", demo_layers())
    image, path = f"oci-dir:{tmp_path}/image", str(tmp_path / "i.json")
    assert assay("sbom", image, "-o", f"spdx-json={path}", home=tmp_path).code == 0
    (tmp_path / "f.json").write_text(json.dumps(FOREIGN))
    one = assay("merge", image, f"{tmp_path}/f.json", path, home=tmp_path)
    other = assay("merge", f"{tmp_path}/f.json", path, home=tmp_path)
    assert (one.code, other.code) == (0, 0), one.err + other.err
    assert one.out == other.out
    assert {"bash", "x", "image"} <= {c.name for c in cyclonedx.read(one.out, "m").components}
    assert assay("merge", home=tmp_path).code == 2
    assert assay("merge", "-", "-", home=tmp_path).code == 2
