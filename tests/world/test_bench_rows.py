"""Rows of the benchmark: held, missed, without a bar, and never silently missing."""

import math
import sys

from support import ROOT

sys.path.append(str(ROOT / "bench"))

import measure


def test_a_row_says_whether_its_bar_held():
    assert measure.Row("a / b", 0.249, 0.25).markdown() == "| a / b | 0.25 | 0.25 | yes |"
    assert measure.Row("a / b", 0.3, 0.25).markdown() == "| a / b | 0.30 | 0.25 | NO |"
    assert measure.Row("a / b", 3.0, math.inf).markdown() == "| a / b | 3.00 | none | – |"


def test_what_was_not_measured_is_a_row_with_its_reason_in_one_cell():
    row = measure.missing("a / b", 0.25, "b is not\ninstalled | at all")
    assert row.markdown() == "| a / b | not measured: b is not installed / at all | 0.25 | – |"
    assert str(row) == "a / b: not measured: b is not installed / at all (bar 0.25)"


def test_a_contender_that_failed_gives_no_ratio():
    good, bad = measure.Run(1, 2, 3, 0), measure.Run(1, 4, 3, 75)
    assert measure.ratio("x", 1, good, good).measured == 1
    assert measure.ratio("x", 1, good, bad) == measure.missing("x", 1, "theirs did not end well")
    assert measure.ratio("x", 1, bad, bad).why == "ours and theirs did not end well"


def test_every_round_runs_every_contender_in_turn():
    order: list[str] = []
    contenders = {name: (lambda name=name: order.append(name), ["true"], {}) for name in ("a", "b")}
    runs = measure.alternate(contenders, 2)
    assert order == ["a", "b"] * 3
    assert {name: len(found) for name, found in runs.items()} == {"a": 2, "b": 2}
