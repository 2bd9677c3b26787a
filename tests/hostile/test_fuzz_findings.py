"""What the fuzzer found, each as a case of its own. The corpus keeps the ways there; this says what must come out."""

import json
import sys

import pytest

from assay.dependencies.catalogers import rpm
from assay.dependencies.licence_expressions import expression_of
from assay.formats import foreign, rustsymbols, sbom, yamlsubset
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


def test_a_comment_behind_a_dash_is_no_key() -> None:
    assert yamlsubset.loads(b"a:\n- # b: c\n  d: e\n", where="x", limit=100) == ({"a": [{"d": "e"}]},)
    assert yamlsubset.loads(b"a:\n- # b: c\n", where="x", limit=100) == ({"a": [""]},)


@pytest.mark.parametrize("name", ["_RNvC\u00b31a1b", "_ZN\u00b2a17h0123456789abcdefE"])
def test_digits_outside_ascii_are_no_lengths(name: str) -> None:
    assert rustsymbols.demangle(name) == ""


def test_a_name_that_refers_back_again_and_again_ends_soon() -> None:
    """Each reference doubles the work of the one before: bounded by steps, counted."""
    name = "_RI" + "C1a"
    at = 0
    for _ in range(40):
        here = len(name) - 2
        name += f"IB{_base62(at)}B{_base62(at)}E"
        at = here
    counted = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal counted
        counted += event == "call"

    sys.setprofile(count)
    try:
        rustsymbols.demangle(name)
    finally:
        sys.setprofile(None)
    assert counted < 50_000


def _base62(value: int) -> str:
    """A place as RFC 2603 writes it."""
    letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    if value == 0:
        return "_"
    value -= 1
    text = letters[value % 62]
    while value := value // 62:
        text = letters[value % 62] + text
    return text + "_"
