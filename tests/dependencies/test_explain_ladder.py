"""The ladder that `assay explain` prints."""

import msgspec

from assay.dependencies.explain import ladder
from assay.dependencies.graph import Graph
from assay.dependencies.matching import match
from assay.model.finding import Step
from assay.model.image import Layer, Subject
from assay.model.inventory import Component, Inventory, Occurrence, Relation
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


def whole(item: Component, *others: Component, relations: tuple[Relation, ...] = ()) -> dict[str, str]:
    (finding,) = match([item], None, MemoryStore([advisory("P-1", "PyPI", "lib", ("", "2"))])).findings
    stock = Inventory(subject=Subject(name="x", kind="image"), components=(item, *others), relations=relations)
    return {step.rung: step.says for step in ladder(finding, item, LAYERS, graph=Graph(stock))}


def test_the_whole_ladder_answers_every_question_or_says_that_nothing_does() -> None:
    steps = whole(ITEM)
    asked = [
        "installed",
        "advisory",
        "range",
        "fix",
        "present",
        "symbol",
        "import",
        "use",
        "epss",
        "ssvc",
        "layer",
        "path",
        "vex",
    ]
    assert list(steps) == [*asked, "seen"]
    assert steps["use"] == "unknown: nothing was observed at run time"
    assert steps["ssvc"].startswith("coordinator track to act; deployer defer to immediate; not known: exploitation")
    assert steps["present"] == "yes, in the final root: usr/lib/lib/METADATA"
    assert steps["vex"] == "no statement about it counts"


def test_the_whole_ladder_shows_the_way_in() -> None:
    app = Component(
        key="a", purl="", ecosystem="pypi", name="app", version="3", properties=(("pypi:requested", "true"),)
    )
    steps = whole(ITEM, app, relations=(Relation("a", "depends_on", "k"),))
    assert steps["path"].endswith(": app 3 → lib 1")


def test_what_was_removed_is_not_present() -> None:
    assert whole(msgspec.structs.replace(ITEM, removed_by=4))["present"] == "no: its files are hidden by layer 4"
