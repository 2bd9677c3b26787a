"""Every case of the shared vers vectors: ranges read, put into form, asked; versions compared and sorted. None skipped."""

import json
from functools import cmp_to_key
from typing import Any

import pytest

from assay.dependencies.vers import canonical, parse
from assay.dependencies.vers_range import contains
from assay.dependencies.versions import SCHEMES
from assay.model.errors import MalformedError
from support import SHARED, needs_shared


def cases(kind: str) -> list[Any]:
    if SHARED is None:
        return [pytest.param({}, id="absent")]
    found = []
    for path in sorted(SHARED.joinpath("vectors", "vers", "tests").glob("*.json")):
        for number, case in enumerate(json.loads(path.read_text("utf-8"))["tests"], 1):
            if case["test_type"] == kind:
                found.append(pytest.param(case, id=f"{path.stem}:{number}"))
    return found


@needs_shared
def test_no_case_is_left_out() -> None:
    counts = {kind: len(cases(kind)) for kind in ("parse", "validate", "containment", "equality", "comparison")}
    assert counts["parse"] == 12
    assert counts["validate"] == 19
    assert counts["containment"] == 10
    assert sum(counts.values()) == 104


@needs_shared
@pytest.mark.parametrize("case", cases("parse"))
def test_canonical_form_is_read_and_no_other(case: dict[str, Any]) -> None:
    if case.get("expected_failure"):
        with pytest.raises(MalformedError) as caught:
            parse(case["input"])
        assert case["expected_message"] in caught.value.line()
        return
    found = parse(case["input"])
    expected = case["expected_output"]
    assert found.scheme == expected["scheme"]
    assert [[one.comparator, one.version] for one in found.constraints] == expected["version_constraints"]
    assert str(found) == case["input"]


@needs_shared
@pytest.mark.parametrize("case", cases("validate"))
def test_any_order_is_put_into_form(case: dict[str, Any]) -> None:
    assert str(canonical(case["input"])) == case["expected_output"]
    assert str(canonical(case["expected_output"])) == case["expected_output"]


@needs_shared
@pytest.mark.parametrize("case", cases("containment"))
def test_a_version_is_inside_or_not(case: dict[str, Any]) -> None:
    assert contains(case["input"]["vers"], case["input"]["version"]) is case["expected_output"]


@needs_shared
@pytest.mark.parametrize("case", cases("equality"))
def test_versions_are_equal_or_not(case: dict[str, Any]) -> None:
    left, right = case["input"]["versions"]
    scheme = SCHEMES[case["input"]["input_scheme"]]
    assert (scheme.compare(left, right) == 0) is case["expected_output"]
    assert (scheme.key(left) == scheme.key(right)) is case["expected_output"]


@needs_shared
@pytest.mark.parametrize("case", cases("comparison"))
def test_versions_are_sorted(case: dict[str, Any]) -> None:
    scheme = SCHEMES[case["input"]["input_scheme"]]
    versions: list[str] = case["input"]["versions"]

    def order(a: str, b: str) -> int:
        return scheme.compare(a, b) or 0

    assert sorted(versions, key=cmp_to_key(order)) == case["expected_output"]
    assert sorted(versions, key=lambda text: scheme.key(text) or b"") == case["expected_output"]


@pytest.mark.parametrize(
    "text",
    [
        "", "vers:", "npm/1", "vers:npm", "vers:npm/", "vers:npm/>=", "vers:NPM/1", "vers:npm/*|1", "vers:npm/>*",
        "vers:npm/" + "|".join(f"{n}.0.0" for n in range(501)), "vers:npm/" + "1" * 9_000,
    ],
)  # fmt: skip
def test_what_is_no_range_is_refused(text: str) -> None:
    for read in (parse, canonical):
        with pytest.raises(MalformedError):
            read(text)


def test_an_unknown_order_is_read_but_not_sorted() -> None:
    assert str(parse("vers:fortran/1")) == "vers:fortran/1"
    with pytest.raises(MalformedError, match="order"):
        canonical("vers:fortran/2|1")
