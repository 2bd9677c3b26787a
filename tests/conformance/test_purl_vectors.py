"""The cases of the package-url specification, each a test of its own: parse, build, and both in one."""

import json
from typing import Any

import pytest

from assay.formats import purl
from assay.model.errors import MalformedError
from assay.model.purl import Purl
from support import SHARED

# The specification's own files disagree: a qualifier key in capitals must be refused when "parsed" in these two, and
# must be lower-cased when parsed in the maven file and when "validated" everywhere (also on these two very inputs).
# We lower-case, as its text says ("the key must be lower-cased").
EXCEPTIONS = {
    ("parse", "pkg:gem/jruby-launcher@1.1.2?Platform=java"): "the maven file parses capitals in a key",
    (
        "parse",
        "pkg:Rpm/fedora/curl@7.50.3-1.fc25?Arch=i386&Distro=fedora-25",
    ): "the maven file parses capitals in a key",
}


def _cases() -> list[Any]:
    if SHARED is None:
        return [pytest.param({}, marks=pytest.mark.skip(reason="../shared is not present"))]
    cases = []
    for path in sorted((SHARED / "vectors" / "purl" / "tests").glob("*/*.json")):
        for number, case in enumerate(json.loads(path.read_text())["tests"]):
            name = f"{path.stem.removesuffix('-test')}-{number}-{case['test_type']}"
            marks = []
            key = (case["test_type"], case["input"] if isinstance(case["input"], str) else "")
            if key in EXCEPTIONS:
                marks.append(pytest.mark.xfail(reason=EXCEPTIONS[key], strict=True))
            cases.append(pytest.param(case, id=name, marks=marks))
    return cases


CASES = _cases()


def _value(fields: dict[str, Any]) -> Purl:
    return Purl(
        fields["type"] or "",
        fields["namespace"] or "",
        fields["name"] or "",
        fields["version"] or "",
        tuple(sorted((fields["qualifiers"] or {}).items())),
        fields["subpath"] or "",
    )


def _run(case: dict[str, Any]) -> Purl | str:
    if case["test_type"] == "parse":
        return purl.parse(case["input"])
    if case["test_type"] == "build":
        return purl.to_string(_value(case["input"]))
    return purl.to_string(purl.parse(case["input"]))


@pytest.mark.parametrize("case", CASES)
def test_purl_vector(case: dict[str, Any]) -> None:
    if case.get("expected_failure"):
        with pytest.raises(MalformedError):
            _run(case)
        return
    expected = case["expected_output"]
    if isinstance(expected, dict):
        expected = _value(expected)
    assert _run(case) == expected


def test_every_case_is_there() -> None:
    """217 cases, two of them contradicted by the specification's other files."""
    if SHARED is None:
        pytest.skip("../shared is not present")
    assert len(CASES) == 217
    assert len(EXCEPTIONS) == 2
