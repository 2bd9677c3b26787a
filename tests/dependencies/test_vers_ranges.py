"""Version ranges as text hold what they say, and nothing that cannot be told."""

import json

import pytest

from assay.dependencies.vers_range import contains
from support import shared


@pytest.mark.parametrize(
    ("text", "version", "held"),
    [
        ("vers:npm/*", "1.0.0", True),
        ("vers:npm/1.0.0|2.0.0", "2.0.0", True),
        ("vers:npm/1.0.0|2.0.0", "1.5.0", False),
        ("vers:npm/>=1.0.0|<2.0.0", "2.0.0", False),
        ("vers:npm/<2.0.0|>=1.0.0", "1.0.0", True),
        ("vers:npm/>=1.0.0|!=1.2.0|<2.0.0", "1.2.0", False),
        ("vers:npm/>=1.0.0|!=1.2.0|<2.0.0", "1.3.0", True),
        ("vers:npm/!=1.2.0", "1.3.0", True),
        ("vers:npm/<1.0.0|>=2.0.0|<=3.0.0", "1.5.0", False),
        ("vers:npm/<1.0.0|>=2.0.0|<=3.0.0", "3.0.0", True),
        ("vers:npm/>1.0.0", "1.0.0", False),
        ("vers:deb/<1:2-3", "2-4", True),
        ("vers:npm/<1.0.0", "junk", None),
        ("vers:npm/<1.0.0|<1.0.0", "0.1.0", None),
        ("vers:fortran/<1", "0", None),
        ("npm/<1", "0.1.0", None),
        ("vers:npm/", "1.0.0", None),
        ("vers:npm/<" + "9" * 9_000, "1.0.0", None),
        ("vers:npm/" + "|".join(f"{n}.0.0" for n in range(600)), "1.0.0", None),
        ("vers:npm/<1.0.0", "", None),
    ],
)
def test_contains(text: str, version: str, held: bool | None) -> None:
    assert contains(text, version) is held


def test_containment_vectors() -> None:
    table = json.loads(shared("vectors", "vers", "tests", "pypi_range_containment_test.json").read_text())["tests"]
    for case in table:
        assert contains(case["input"]["vers"], case["input"]["version"]) is case["expected_output"], case
