"""The ladder of one finding, for a reader: the rungs in their order, layers named by what made them."""

from collections.abc import Sequence

import msgspec

from assay.dependencies.origin import described
from assay.dependencies.reasons import RUNGS
from assay.model.finding import Finding, Step
from assay.model.image import Layer
from assay.model.inventory import BaseImage, Component

_PLACES_COUNT = 5
_COMMAND_CHARACTERS = 200


def ladder(
    finding: Finding, component: Component | None, layers: Sequence[Layer], base: BaseImage | None = None
) -> list[Step]:
    """Every rung under a finding, in the order of `reasons.RUNGS`, then the places where the component was seen.

    Args:
        finding: with its reasons; one read from elsewhere may have them in any order.
        component: the one it is about; None when the inventory does not hold it.
        layers: of the image, to say by which command a layer was made.
        base: of the image, to say whose the layer is.
    """
    order = {rung: place for place, rung in enumerate(RUNGS)}
    steps = sorted(finding.reasons, key=lambda step: order.get(step.rung, len(order)))
    steps = [_with_command(step, component, layers) for step in steps]
    whose = described(component.introduced, base) if component else ""
    if whose:
        place = next(
            (n for n, step in enumerate(steps) if order.get(step.rung, len(order)) > order["layer"]), len(steps)
        )
        steps.insert(place, Step("origin", whose))
    for occurrence in component.occurrences[:_PLACES_COUNT] if component else ():
        where = f" in layer {occurrence.layer}" if occurrence.layer is not None else ""
        steps.append(Step("seen", f"{occurrence.path}{where}, {occurrence.confidence}", occurrence.kind))
    return steps


def _with_command(step: Step, component: Component | None, layers: Sequence[Layer]) -> Step:
    if step.rung != "layer" or component is None:
        return step
    made = {layer.index: " ".join(layer.created_by.split())[:_COMMAND_CHARACTERS] for layer in layers}
    index = component.introduced if component.removed_by is None else component.removed_by
    command = made.get(index, "") if index is not None else ""
    return msgspec.structs.replace(step, source=command) if command else step
