"""What the fuzzer found, each as a case of its own. The corpus keeps the ways there; this says what must come out."""

import json

from assay.dependencies.catalogers import rpm
from assay.dependencies.licence_expressions import expression_of
from assay.formats import foreign, sbom
from osfiles import read, wanted

CYCLONEDX = {"bomFormat": "CycloneDX", "specVersion": "1.5"}


def test_an_integrity_outside_ascii_is_no_hash() -> None:
    lock = {"lockfileVersion": 1, "dependencies": {"a": {"version": "1.0.0", "integrity": "sha512-AAé="}}}
    fragment = read("src/package-lock.json", json.dumps(lock, ensure_ascii=False))
    assert [gap.reason for gap in fragment.gaps] == []


def test_an_epoch_that_is_a_digit_but_no_number_is_no_epoch() -> None:
    item = {"type": "library", "name": "a", "version": "1", "purl": "pkg:rpm/fedora/a@1?epoch=%C2%B2"}
    found = sbom.read(json.dumps(CYCLONEDX | {"components": [item]}).encode(), "x")
    assert [c.version for c in found.components] == ["1"]


def test_an_epoch_of_many_digits_is_an_epoch() -> None:
    package = foreign.Package(key="k", place="$", name="a", version="1", purl=f"pkg:rpm/fedora/a@1?epoch={'9' * 5_000}")
    assert foreign.component(package)[0].version == "9" * 5_000 + ":1"


def test_an_rpm_manifest_whose_epoch_is_no_number_has_none() -> None:
    path = next(p for p in sorted(rpm.ROW.wants.paths) if "manifest" in p)
    for epoch, version in (("²", "1-1"), ("0" * 5_000, "1-1"), ("2", "2:1-1"), ("9" * 5_000, "9" * 5_000 + ":1-1")):
        line = "\t".join(["a", "1-1", "0", "0", "v", "e", "1", "x86_64", epoch, "a-1-1.src.rpm"])
        (package,) = rpm.ROW.catalogue(wanted(path, line)).packages
        assert package.version == version


def test_no_text_is_no_licence_expression() -> None:
    assert expression_of("") == ""
    assert expression_of(" ") == ""
    assert expression_of("()") == ""
