"""SSVC: the published rows, ranges for what is missing, and who said what."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.dependencies import ssvc
from assay.dependencies.ssvc_trees import COORDINATOR, DEPLOYER, VALUES, Tree
from assay.model.advisory import Kev, Ssvc
from assay.model.errors import UsageError
from assay.model.finding import Outcome

TREES = pytest.mark.parametrize("tree", [COORDINATOR, DEPLOYER], ids=lambda tree: tree.name)


def combinations(tree: Tree) -> list[dict[str, str]]:
    return [dict(zip(tree.points, row, strict=True)) for row in product(*(VALUES[p] for p in tree.points))]


@TREES
def test_a_tree_has_one_outcome_for_each_combination(tree: Tree) -> None:
    assert len(tree.rows) == len(combinations(tree))
    assert {tree.outcomes[row] for row in tree.rows} == set(tree.outcomes)


@TREES
def test_a_graver_input_never_gives_a_milder_outcome(tree: Tree) -> None:
    """SSVC, "Constructing Decision Trees": a published table is monotone in each of its points."""
    for known in combinations(tree):
        here = tree.outcomes.index(ssvc.outcome(tree, known).worst)
        for point in tree.points:
            place = VALUES[point].index(known[point])
            for graver in VALUES[point][place + 1 :]:
                assert tree.outcomes.index(ssvc.outcome(tree, known | {point: graver}).best) >= here


@pytest.mark.parametrize(
    ("tree", "values", "expected"),
    [
        (COORDINATOR, "none no total high", "track*"),
        (COORDINATOR, "none yes total low", "track"),
        (COORDINATOR, "poc no partial high", "track*"),
        (COORDINATOR, "poc yes total medium", "track*"),
        (COORDINATOR, "active no partial high", "attend"),
        (COORDINATOR, "active no total medium", "attend"),
        (COORDINATOR, "active yes partial low", "attend"),
        (COORDINATOR, "active yes total medium", "act"),
        (DEPLOYER, "none small no low", "defer"),
        (DEPLOYER, "none open yes very-high", "out-of-cycle"),
        (DEPLOYER, "poc open yes high", "out-of-cycle"),
        (DEPLOYER, "poc controlled no low", "defer"),
        (DEPLOYER, "active open no high", "out-of-cycle"),
        (DEPLOYER, "active open no very-high", "immediate"),
        (DEPLOYER, "active controlled yes low", "out-of-cycle"),
    ],
)  # fmt: skip
def test_rows_of_the_published_tables(tree: Tree, values: str, expected: str) -> None:
    known = dict(zip(tree.points, (word.replace("-", " ") for word in values.split()), strict=True))
    assert ssvc.outcome(tree, known) == Outcome(expected, expected)


@TREES
@given(data=st.data())
def test_a_missing_input_gives_the_range_of_all_its_values(tree: Tree, data: st.DataObject) -> None:
    known = data.draw(st.sampled_from(combinations(tree)))
    missing = data.draw(st.sets(st.sampled_from(tree.points)))
    found = ssvc.outcome(tree, {point: value for point, value in known.items() if point not in missing})
    full = tree.outcomes.index(ssvc.outcome(tree, known).worst)
    assert tree.outcomes.index(found.best) <= full <= tree.outcomes.index(found.worst)


def test_listing_makes_exploitation_active_whatever_was_assessed() -> None:
    assessed = Ssvc(exploitation="none", automatable="yes", technical_impact="total")
    before = ssvc.decide(assessed, None, ssvc.Deployment())
    after = ssvc.decide(assessed, Kev(date_added="2024-01-01"), ssvc.Deployment())
    assert before.coordinator == Outcome("track", "attend")
    assert after.coordinator == Outcome("attend", "act")
    assert (after.inputs[0].value, after.inputs[0].source) == ("active", "CISA KEV")


def test_nothing_known_is_every_outcome() -> None:
    decision = ssvc.decide(None, None, ssvc.Deployment())
    assert decision.coordinator == Outcome("track", "act")
    assert decision.deployer == Outcome("defer", "immediate")
    assert not any(item.value or item.source for item in decision.inputs)
    assert ssvc.rank(decision) == 3
    assert ssvc.mark(decision) == ""


def test_a_word_that_is_no_value_is_not_known() -> None:
    assert ssvc.decide(Ssvc(exploitation="maybe"), None, ssvc.Deployment()).inputs[0].value == ""


def test_the_operator_narrows_the_range() -> None:
    place = ssvc.deployment("exposure=open, mission=Medium,human-impact=very-high", "--ssvc")
    decision = ssvc.decide(Ssvc(exploitation="poc", automatable="yes", technical_impact="total"), None, place)
    assert ssvc.says(decision) == "coordinator track*; deployer out-of-cycle"
    assert "exposure open (--ssvc)" in ssvc.inputs(decision)
    assert ssvc.rank(decision) == 2
    assert ssvc.mark(decision) == "SSVC out-of-cycle"


@pytest.mark.parametrize("text", ["exposure", "exposure=wide", "exploitation=none", "mission=low,mission=high"])
def test_inputs_nobody_can_give_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        ssvc.deployment(text, "--ssvc")


def test_ranks_follow_the_worst_case() -> None:
    def rank(exploitation: str, automatable: str, impact: str) -> int:
        points = Ssvc(exploitation=exploitation, automatable=automatable, technical_impact=impact)
        return ssvc.rank(ssvc.decide(points, None, ssvc.Deployment()))

    cases = [("active", "no", "total"), ("poc", "yes", "partial"), ("", "yes", "total"), ("none", "no", "total")]
    assert [rank(*case) for case in (*cases, ("none", "no", "partial"))] == [0, 2, 3, 4, 6]
    decision = ssvc.decide(
        Ssvc(exploitation="active", automatable="no", technical_impact="total"), None, ssvc.Deployment()
    )
    assert ssvc.mark(decision) == "SSVC up to act"
