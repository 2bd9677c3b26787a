"""SSVC decisions: what the trees say of the known inputs, and the range of outcomes where inputs are missing."""

from collections.abc import Mapping
from functools import lru_cache
from itertools import product

import msgspec

from assay.dependencies.ssvc_trees import COORDINATOR, DEPLOYER, VALUES, Tree
from assay.model.advisory import Kev, Ssvc
from assay.model.errors import UsageError
from assay.model.finding import Decision, Input, Outcome

GIVEN = ("mission", "exposure", "human_impact")
"""Decision points about the place where the software runs: only its operator knows them."""
_CISA = "CISA vulnrichment"
_GRAVE, _UNASSESSED = 2, 3
"""Ranks: `attend` or `out-of-cycle`; exploitation not assessed."""


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator says of the place where the software runs; empty = not said."""

    mission: str = ""
    """Mission and well-being impact: `low`, `medium`, `high`."""
    exposure: str = ""
    """System exposure: `small`, `controlled`, `open`."""
    human_impact: str = ""
    """Human impact: `low`, `medium`, `high`, `very high`."""
    source: str = ""
    """Where it was said: `--ssvc`, `ASSAY_SSVC`."""


def deployment(text: str, source: str) -> Deployment:
    """Read `exposure=open,mission=medium,human-impact=very-high`; empty text says nothing.

    Raises:
        UsageError: a point that is not the operator's to say, a value that it does not have, or one said twice.
    """
    said: dict[str, str] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = item.partition("=")
        point = name.strip().lower().replace("-", "_")
        word = value.strip().lower().replace("-", " ").replace("_", " ")
        if point not in GIVEN:
            known = ", ".join(name.replace("_", "-") for name in GIVEN)
            raise UsageError("no such SSVC input", where=source, why=repr(item), remedy=f"give {known}")
        if word not in VALUES[point]:
            choice = ", ".join(name.replace(" ", "-") for name in VALUES[point])
            raise UsageError("no such value of an SSVC input", where=source, why=repr(item), remedy=f"give {choice}")
        if said.setdefault(point, word) != word:
            raise UsageError("an SSVC input is given twice", where=source, why=repr(item), remedy="give it once")
    return Deployment(**said, source=source if said else "")


@lru_cache(maxsize=4096)
def decide(ssvc: Ssvc | None, kev: Kev | None, where: Deployment) -> Decision:
    """Both trees for one CVE in one deployment.

    Args:
        ssvc: CISA's decision points; a value that is none of the point's counts as not said.
        kev: an entry makes `exploitation` active, whatever else is said.
        where: the operator's inputs.
    """
    inputs = (*_assessed(ssvc or Ssvc(), kev), *_deployed(where))
    known = {item.point: item.value for item in inputs}
    return Decision(coordinator=outcome(COORDINATOR, known), deployer=outcome(DEPLOYER, known), inputs=inputs)


def _assessed(ssvc: Ssvc, kev: Kev | None) -> tuple[Input, ...]:
    said = tuple(_input(p, getattr(ssvc, p), _CISA) for p in ("exploitation", "automatable", "technical_impact"))
    return said if kev is None else (Input("exploitation", "active", "CISA KEV"), *said[1:])


def _deployed(where: Deployment) -> tuple[Input, ...]:
    return tuple(_input(point, getattr(where, point), where.source) for point in GIVEN)


def _input(point: str, value: str, source: str) -> Input:
    return Input(point, value, source) if value in VALUES[point] else Input(point)


def outcome(tree: Tree, known: Mapping[str, str]) -> Outcome:
    """The mildest and the gravest outcome over every value that a missing input may have."""
    choices = [VALUES[point] for point in tree.points]
    wanted = [known.get(point, "") for point in tree.points]
    reached = [
        place
        for row, place in zip(product(*choices), tree.rows, strict=True)
        if all(not value or value == have for value, have in zip(wanted, row, strict=True))
    ]
    return Outcome(tree.outcomes[min(reached)], tree.outcomes[max(reached)])


def says(decision: Decision) -> str:
    """Both outcomes in words: `coordinator attend; deployer scheduled to out-of-cycle`."""
    return f"coordinator {_range(decision.coordinator)}; deployer {_range(decision.deployer)}"


def _range(found: Outcome) -> str:
    return found.best if found.best == found.worst else f"{found.best} to {found.worst}"


def inputs(decision: Decision) -> str:
    """Every input with its source: `exploitation active (CISA KEV), …; not known: mission, exposure`."""
    known = [f"{_name(i)} {i.value} ({i.source})" for i in decision.inputs if i.value]
    missing = [_name(i) for i in decision.inputs if not i.value]
    return "; ".join(filter(None, (", ".join(known), f"not known: {', '.join(missing)}" if missing else "")))


def _name(item: Input) -> str:
    return item.point.replace("_", " ")


def leading(decision: Decision) -> tuple[Tree, Outcome]:
    """The tree that ranks: the deployer's where the operator said where the software runs, else CISA's coordinator."""
    said = {item.point for item in decision.inputs if item.value}
    if said & {"exposure", "human_impact"}:
        return DEPLOYER, decision.deployer
    return COORDINATOR, decision.coordinator


def assessed(decision: Decision | None) -> bool:
    """Whether it is known how far the flaw is exploited: without that, a decision says next to nothing."""
    return decision is not None and any(i.point == "exploitation" and i.value for i in decision.inputs)


def rank(decision: Decision | None) -> int:
    """0, 2, 4, 6 from the gravest worst case to the mildest; 3, behind `attend`, where nobody assessed exploitation."""
    if decision is None or not assessed(decision):
        return _UNASSESSED
    tree, found = leading(decision)
    return 2 * (len(tree.outcomes) - 1 - tree.outcomes.index(found.worst))


def mark(decision: Decision | None) -> str:
    """`SSVC attend`, `SSVC up to act` for one of the two gravest worst cases that somebody assessed; else empty."""
    if decision is None or not assessed(decision) or rank(decision) > _GRAVE:
        return ""
    _, found = leading(decision)
    return f"SSVC {found.worst}" if found.best == found.worst else f"SSVC up to {found.worst}"
