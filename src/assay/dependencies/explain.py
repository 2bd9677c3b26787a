"""The ladder of one finding, for a reader: the rungs in their order, layers named by what made them."""

from collections.abc import Iterator, Sequence, Set

import msgspec

from assay.dependencies import ssvc
from assay.dependencies.graph import Graph, Why
from assay.dependencies.origin import described
from assay.dependencies.reasons import RUNGS
from assay.model.finding import Finding, Step
from assay.model.image import Layer
from assay.model.inventory import BaseImage, Component

_PLACES_COUNT = 5
_COMMAND_CHARACTERS = 200


_UNANSWERED = {
    "symbol": "no advisory that names this version says in which functions the flaw lies",
    "use": "unknown: nothing was observed at run time",
    "epss": "no score is known",
    "vex": "no statement about it counts",
}
"""What is said of a question that nothing answers."""


def ladder(
    finding: Finding,
    component: Component | None,
    layers: Sequence[Layer],
    base: BaseImage | None = None,
    graph: Graph | None = None,
) -> list[Step]:
    """Every rung under a finding, in the order of `reasons.RUNGS`, then the places where the component was seen.

    Args:
        finding: with its reasons; one read from elsewhere may have them in any order.
        component: the one it is about; None when the inventory does not hold it.
        layers: of the image, to say by which command a layer was made.
        base: of the image, to say whose the layer is.
        graph: of the inventory; with it the ladder is whole: presence, way in, and the questions nothing answers.
    """
    order = {rung: place for place, rung in enumerate(RUNGS)}
    steps = [_with_command(step, component, layers) for step in finding.reasons]
    whose = described(component.introduced, base) if component else ""
    if whose:
        steps.append(Step("origin", whose))
    if graph is not None:
        steps += _more(finding, component, graph, {step.rung for step in steps})
    steps.sort(key=lambda step: order.get(step.rung, len(order)))
    for occurrence in component.occurrences[:_PLACES_COUNT] if component else ():
        where = f" in layer {occurrence.layer}" if occurrence.layer is not None else ""
        steps.append(Step("seen", f"{occurrence.path}{where}, {occurrence.confidence}", occurrence.kind))
    return steps


def _more(finding: Finding, component: Component | None, graph: Graph, said: Set[str]) -> Iterator[Step]:
    for rung, text in _UNANSWERED.items():
        if rung not in said and finding.category == "vulnerability":
            yield Step(rung, text)
    if "import" not in said and component is not None and component.ecosystem == "pypi":
        yield Step("import", "unknown: no program was looked at; the sources of an image that starts one tell")
    if finding.ssvc is not None and "ssvc" not in said:
        yield Step("ssvc", f"{ssvc.says(finding.ssvc)}; {ssvc.inputs(finding.ssvc)}", "nobody assessed it")
    if component is not None:
        yield Step("present", _present(component))
        if component.key in graph.components:
            yield Step("path", _path(graph.why(component.key), graph))


def _present(component: Component) -> str:
    if component.removed_by is not None:
        return f"no: its files are hidden by layer {component.removed_by}"
    count = len(component.occurrences)
    if not count:
        return "unknown: no place is recorded"
    return f"yes, in the final root: {component.occurrences[0].path}" + (f" and {count - 1} more" if count > 1 else "")


def _path(why: Why, graph: Graph) -> str:
    """Its standing and the shortest way to it over `depends_on`, by names."""
    standing = f"{why.standing} ({why.record})" if why.record else why.standing
    if not why.paths:
        return f"{standing}; no recorded package leads to it"
    names = " → ".join(f"{c.name} {c.version}".rstrip() for c in (graph.components[key] for key in why.paths[0]))
    return f"{standing}: {names}" + ("; there are other ways" if len(why.paths) > 1 or why.more else "")


def _with_command(step: Step, component: Component | None, layers: Sequence[Layer]) -> Step:
    if step.rung != "layer" or component is None:
        return step
    made = {layer.index: " ".join(layer.created_by.split())[:_COMMAND_CHARACTERS] for layer in layers}
    index = component.introduced if component.removed_by is None else component.removed_by
    command = made.get(index, "") if index is not None else ""
    return msgspec.structs.replace(step, source=command) if command else step
