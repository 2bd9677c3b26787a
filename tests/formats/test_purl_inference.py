"""Package URLs that nobody wrote: inferred from the document itself, with the confidence stated."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.dependencies.matching import match
from assay.formats import purl as purls
from assay.formats import sbom
from assay.formats.purl_inference import infer
from command import assay
from fakes.advisories import MemoryStore, advisory

NOTHING: dict[str, list[str]] = {}
CPE = "cpe:2.3:a:lodash:lodash:4.17.20:*:*:*:*:node.js:*:*"


def found(name: str, group: str = "", version: str = "1.0", **clues: object) -> tuple[str, str] | None:
    fields: dict[str, object] = {"identifiers": (), "notes": NOTHING, "references": (), "cpe": ""}
    guess = infer(name, group, version, **(fields | clues))  # type: ignore[arg-type]
    return (purls.to_string(guess.purl), guess.confidence) if guess else None


@pytest.mark.parametrize(
    ("name", "group", "clues", "expected"),
    [
        ("left-pad", "", {"identifiers": ["pkg:npm/left-pad@1.0"]}, ("pkg:npm/left-pad@1.0", "strong")),
        ("core", "@babel", {"identifiers": ["pkg:npm/%40babel/core@1.0#x"]}, ("pkg:npm/%40babel/core@1.0#x", "strong")),
        (
            "github.com/BurntSushi/toml",
            "",
            {"identifiers": ["pkg:golang/github.com/burntsushi/toml@1.0?package-id=40"]},
            ("pkg:golang/github.com/BurntSushi/toml@1.0", "strong"),
        ),
        ("x", "", {"notes": {"syft:package:type": ["rust-crate"]}}, ("pkg:cargo/x@1.0", "strong")),
        ("babel", "", {"notes": {"syft:package:type": ["npm"]}}, ("pkg:npm/babel@1.0", "strong")),
        (
            "github.com/a/b",
            "",
            {"notes": {"aquasecurity:trivy:PkgType": ["gobinary"]}},
            ("pkg:golang/github.com/a/b@1.0", "strong"),
        ),
        ("org.a:b", "", {"notes": {"aquasecurity:trivy:PkgType": ["jar"]}}, ("pkg:maven/org.a/b@1.0", "strong")),
        ("b", "org.a", {"notes": {"aquasecurity:trivy:PkgType": ["jar"]}}, ("pkg:maven/org.a/b@1.0", "strong")),
        ("bash", "", {"notes": {"aquasecurity:trivy:PkgType": ["debian"]}}, ("pkg:deb/debian/bash@1.0", "strong")),
        ("flask", "", {"references": ["https://pypi.org/project/Flask/1.0/"]}, ("pkg:pypi/flask@1.0", "strong")),
        (
            "core",
            "babel",
            {"references": ["https://registry.npmjs.org/%40babel/core/-/core-1.0.tgz"]},
            ("pkg:npm/%40babel/core@1.0", "strong"),
        ),
        ("lodash", "", {"cpe": CPE}, ("pkg:npm/lodash@1.0", "weak")),
    ],
)
def test_clues(name: str, group: str, clues: dict[str, object], expected: tuple[str, str]) -> None:
    assert found(name, group, **clues) == expected


@pytest.mark.parametrize(
    ("name", "clues"),
    [
        ("x", {}),
        ("left-pad", {"identifiers": ["pkg:npm/right-pad@1.0"]}),
        ("left-pad", {"identifiers": ["pkg:npm/left-pad@2.0"]}),
        ("left-pad", {"identifiers": ["pkg:npm/left-pad@1.0%zz", "pkg:"]}),
        ("x", {"notes": {"syft:package:type": ["java-archive"]}}),
        ("x", {"notes": {"syft:package:type": ["binary"], "aquasecurity:trivy:PkgType": ["rumour"]}}),
        ("x", {"references": ["https://pypi.org/project/xyz/", "https://evil.example/pypi.org/project/x/"]}),
        ("x", {"references": ["pypi.org/project/x"]}),
        ("underscore", {"cpe": CPE}),
        ("lodash", {"cpe": CPE.replace("node.js", "*")}),
        ("lodash", {"cpe": "cpe:2.3:a:lodash:lodash"}),
    ],
)
def test_a_clue_that_contradicts_or_does_not_suffice_is_none(name: str, clues: dict[str, object]) -> None:
    assert found(name, **clues) is None


def test_gos_library_has_its_number_alone() -> None:
    clues = {"notes": {"syft:package:type": ["go-module"]}}
    assert found("stdlib", version="go1.22.1", **clues) == ("pkg:golang/stdlib@1.22.1", "strong")


def test_without_a_version_nothing_is_inferred() -> None:
    assert found("lodash", version="", cpe=CPE) is None
    assert found("lodash", version="UNKNOWN", cpe=CPE) is None


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=20), st.text(max_size=200))
def test_any_texts_give_a_package_url_or_nothing(name: str, group: str, version: str, clue: str) -> None:
    guess = infer(
        name, group, version, identifiers=[clue, f"pkg:npm/{clue}"], references=[clue, f"https://pypi.org/project/{clue}"],
        notes={"syft:package:type": ["npm", clue], "aquasecurity:trivy:PkgType": ["jar", clue]}, cpe=f"cpe:2.3:a:{clue}",
    )  # fmt: skip
    if guess is not None:
        text = purls.to_string(guess.purl)
        assert purls.to_string(purls.parse(text)) == text


def document(**fields: object) -> bytes:
    component = {"type": "library", "name": "lodash", "version": "4.17.20"} | fields
    return json.dumps(
        {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": [component]}
    ).encode()


def test_an_inferred_component_is_matched_and_its_finding_says_so() -> None:
    inventory = sbom.read(document(cpe=CPE), "x")
    [component] = inventory.components
    assert (component.ecosystem, component.purl) == ("npm", "pkg:npm/lodash@4.17.20")
    assert dict(component.properties)["sbom:purl-confidence"] == "weak"
    assert inventory.gaps == ()
    store = MemoryStore([advisory("CVE-1", "npm", "lodash", ("", "4.17.21"))])
    [finding] = match(inventory.components, None, store).findings
    assert "inferred (weak)" in finding.reasons[0].says


def test_an_unusable_package_url_is_kept_beside_the_inferred_one() -> None:
    [component] = sbom.read(document(purl="npm/lodash", cpe=CPE), "x").components
    assert dict(component.properties)["sbom:purl"] == "npm/lodash"
    assert component.ecosystem == "npm"


def test_what_cannot_be_inferred_is_counted_as_not_matchable() -> None:
    inventory = sbom.read(document(), "x")
    assert [gap.reason for gap in inventory.gaps] == ["lodash cannot be matched: no package URL"]
    assert inventory.components[0].ecosystem == ""


@pytest.mark.parametrize("form", ["cyclonedx-json", "spdx-json", "spdx-tv", "spdx3-json"])
def test_the_confidence_survives_a_conversion(form: str, tmp_path: Path) -> None:
    source = tmp_path / "a.json"
    source.write_bytes(document(externalReferences=[{"type": "website", "url": "https://npmjs.com/package/lodash"}]))
    done = assay("convert", str(source), "-o", form, home=tmp_path)
    assert done.code == 0
    assert "inferred: pkg:npm/lodash@4.17.20 (strong: an address" in done.err
    [component] = sbom.read(done.out, "b").components
    assert dict(component.properties)["sbom:purl-confidence"] == "strong"
