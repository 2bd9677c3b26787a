"""The ladder that `assay explain` prints."""

from assay.dependencies.explain import ladder
from assay.dependencies.matching import match
from assay.model.finding import Step
from assay.model.image import Layer
from assay.model.inventory import Component, Occurrence
from fakes.advisories import MemoryStore, advisory

ITEM = Component(
    key="k", purl="pkg:pypi/lib@1", ecosystem="pypi", name="lib", version="1", introduced=1,
    occurrences=(Occurrence("usr/lib/lib/METADATA", 1, "package-metadata"),),
)  # fmt: skip
LAYERS = (
    Layer(index=0, diff_id=None, created_by="base"),
    Layer(index=1, diff_id=None, created_by="RUN  pip\n install"),
)


def test_rungs_in_order_with_the_command_of_the_layer_and_the_places() -> None:
    (finding,) = match([ITEM], None, MemoryStore([advisory("P-1", "PyPI", "lib", ("", "2"))])).findings
    steps = ladder(finding, ITEM, LAYERS)
    assert [step.rung for step in steps] == ["installed", "advisory", "range", "fix", "layer", "seen"]
    assert next(step for step in steps if step.rung == "layer") == Step(
        "layer", "introduced in layer 1", "RUN pip install"
    )
    assert steps[-1] == Step("seen", "usr/lib/lib/METADATA in layer 1, certain", "package-metadata")


def test_a_lost_component_still_has_its_ladder() -> None:
    (finding,) = match([ITEM], None, MemoryStore([advisory("P-1", "PyPI", "lib", ("", "2"))])).findings
    assert ladder(finding, None, ()) == list(finding.reasons)
