"""SSVC's decision trees as data: every row of the published tables, in the order of their inputs.

CISA's coordinator tree 2.0.3 (`cisa:CISA_COORDINATOR`) and the deployer tree "Deployer Patch Application Priority"
1.0.0 (`ssvc:DT_DP`), both of the CERT/CC SSVC documentation. A row below is one combination of all decision points but
the last; its letters are the outcomes for the values of the last point, mildest value first.
"""

from collections.abc import Mapping

import msgspec


class Tree(msgspec.Struct, frozen=True, kw_only=True):
    """A decision tree: points with their values (mildest first), outcomes (mildest first), one outcome a row."""

    name: str
    points: tuple[str, ...]
    outcomes: tuple[str, ...]
    rows: tuple[int, ...]
    """Index of the outcome of each combination, in the order of `itertools.product` over the points' values."""


VALUES: Mapping[str, tuple[str, ...]] = {
    "exploitation": ("none", "poc", "active"),
    "automatable": ("no", "yes"),
    "technical_impact": ("partial", "total"),
    "mission": ("low", "medium", "high"),
    "exposure": ("small", "controlled", "open"),
    "human_impact": ("low", "medium", "high", "very high"),
}
"""Decision points: Exploitation 1.1.0, Automatable 2.0.0, Technical Impact 1.0.0, Mission and Well-Being Impact 1.0.0,
System Exposure 1.0.1, Human Impact 2.0.2."""


def _rows(table: str, letters: str) -> tuple[int, ...]:
    return tuple(letters.index(letter) for letter in table if not letter.isspace())


# Columns: mission low, medium, high. Lines: automatable no (partial, total), yes (partial, total).
_COORDINATOR = """
    ttt tt* tta tta
    tt* t*a tta t*a
    tta taA aaA aAA
"""
# Columns: human impact low to very high. Lines: exploitation; words: exposure by automatable (no, yes).
_DEPLOYER = """
    ddss dsss dsss ssss dsss ssso
    dsss ssss dsss ssso ssso ssoo
    ssoo sooo ssoo oooo sooi ooii
"""

COORDINATOR = Tree(
    name="coordinator",
    points=("exploitation", "automatable", "technical_impact", "mission"),
    outcomes=("track", "track*", "attend", "act"),
    rows=_rows(_COORDINATOR, "t*aA"),
)
DEPLOYER = Tree(
    name="deployer",
    points=("exploitation", "exposure", "automatable", "human_impact"),
    outcomes=("defer", "scheduled", "out-of-cycle", "immediate"),
    rows=_rows(_DEPLOYER, "dsoi"),
)
