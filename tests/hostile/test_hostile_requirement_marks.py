"""Marks of requirements files that no tool wrote: an answer, and soon."""

import time

import pytest

from assay.dependencies.requirement_marks import asked_by


@pytest.mark.parametrize(
    "text",
    [
        "a==1\n    # via" + "\n    #   b" * 200_000, "a==1  # via " + "b," * 500_000, "# via a\n" * 100_000,
        "a" * 1_000_000 + "\n    # via b", "a==1\n" + "    # via " * 100_000, "a==1\n    # via a\n" * 50_000,
        "a==1 # via " + "a-" * 100_000, "a==1\n    # via " + "(" * 100_000 + ")", "\udcff==1\n\t# via \udcff",
    ],
)  # fmt: skip
def test_marks_are_read_in_time(text: str) -> None:
    begun = time.process_time()
    found = asked_by(text.splitlines())
    assert all(name == "" or len(name) <= 200 for askers in found.values() for name in askers)
    assert time.process_time() - begun < 1
