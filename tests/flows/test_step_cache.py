"""Results of steps kept between builds: the same key, the same bytes; anything else, and the step runs."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from assay.adapters.contentstore import FolderContentStore
from assay.adapters.layout_sink import layout_sink
from assay.adapters.sandbox import Bubblewrap
from assay.adapters.spool import FileSpool
from assay.adapters.stepresults import FolderStepResults
from assay.adapters.workshop import FolderWorkshop
from assay.build import hermetic as judging
from assay.build.canaries import CANARIES
from assay.build.run import WORKSTATION, Run, When
from assay.flows import build_evidence
from assay.flows import steps as flow
from assay.flows.build import Built, build
from assay.flows.hermetic import as_claim
from assay.flows.step_cache import keep
from assay.flows.steps import Stand
from assay.model.digest import Digest
from assay.model.limits import DEFAULT_LIMITS
from assay.model.statement import ResourceDescriptor
from assay.ports.sandbox import Finished, SealedCommand
from buildroot import has_bubblewrap, has_shell, make
from plants import room
from stepworld import Ticking, lock_of, project, spec_of, toolchain_of

pytestmark = [has_bubblewrap, has_shell]
WHEN = When(
    invocation_id="urn:first", fetched_on="2024-01-01T00:00:00Z", sealed_on="2024-01-01T00:00:01Z",
    checked_on="2024-01-01T09:00:00Z",
)  # fmt: skip
SCRIPT = 'mkdir -p "$OUT/d"; echo "$SRC" > "$OUT/d/x"; ln -s x "$OUT/d/l"; echo said'


class Counting(Bubblewrap):
    """Counts the commands of steps; its canaries find what they would, without trying."""

    ran = 0

    def probe(self, command: SealedCommand) -> dict[str, tuple[str, str]]:
        return {
            one.name: ("open" if one.needs_filter and not self.filter_digest() else "closed", "") for one in CANARIES
        }

    def run(self, command: SealedCommand) -> Finished:
        self.ran += 1
        return super().run(command)


class World:
    """A project, its store, and a toolchain made of a small folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        project(folder)
        self.store = FolderContentStore(folder / "store")
        self.results = FolderStepResults(folder / "store")
        self.clock = Ticking(2)
        self.number = 0

    def build(
        self, script: str = SCRIPT, *, cached: bool = True, filtered: bool = True, **step: object
    ) -> tuple[Built, int]:
        """What was built, and how many steps ran for it."""
        placed = spec_of(script, **step)
        self.lock = lock_of(placed, self.folder, self.store)
        self.spec = placed.spec
        sandbox = Counting(filtered=filtered)
        stand = Stand(
            sandbox=sandbox, workshop=FolderWorkshop(DEFAULT_LIMITS), clock=self.clock,
            results=self.results if cached else None,
        )  # fmt: skip
        self.number += 1
        spool = FileSpool()
        with self.store.hold(), layout_sink(self.folder / f"out{self.number}", DEFAULT_LIMITS) as sink:
            built = build(placed, self.lock, self.store, spool, sink, tag="1", limits=DEFAULT_LIMITS, stand=stand)
            for one in built.steps:
                keep(
                    self.results, one.key, one.left, WHEN, epoch=5, store=self.store, spool=spool, limits=DEFAULT_LIMITS
                )
        spool.close()
        return built, sandbox.ran


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    with room() as folder:
        yield make(folder / "root", "cat", "ln", "mkdir")


@pytest.fixture
def world(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(flow, "of_role", toolchain_of(root, lambda name: "p"))
    with room() as folder:
        yield World(folder)


def test_the_same_step_runs_once_and_leaves_the_same_image(world: World) -> None:
    first, ran = world.build()
    again, reran = world.build()
    assert (ran, reran) == (1, 0)
    assert again.root.digest == first.root.digest
    (one,), (other,) = first.steps, again.steps
    assert (other.log, other.outputs[0].digest, other.started) == (b"said\n", one.outputs[0].digest, one.started)
    assert one.left is not None
    assert other.left is not None
    assert (one.left.when, other.left.when) == (None, WHEN)
    assert other.isolation == one.isolation


def test_what_it_follows_from_is_all_that_may_differ(world: World) -> None:
    world.build()
    assert world.build(outputs={"o": "d/x"})[1] == 0, "which of it is wanted is no part of the key"
    assert world.build(SCRIPT + " ")[1] == 1
    assert world.build(env={"A": "b"})[1] == 1
    assert world.build(hardening="none")[1] == 1
    assert world.build(cached=False)[1] == 1
    (world.folder / "s" / "in").write_text("other")
    assert world.build()[1] == 1


def test_results_are_never_shared_across_isolation_levels(world: World) -> None:
    sealed, _ = world.build()
    namespaced, ran = world.build(filtered=False)
    assert ran == 1
    assert {one.steps[0].isolation.level for one in (sealed, namespaced)} == {"sealed", "namespaced"}
    assert world.build()[1] == world.build(filtered=False)[1] == 0


def test_a_trace_that_is_asked_for_is_not_made_up(world: World) -> None:
    world.build()
    traced, ran = world.build(trace="files")
    assert ran == 1
    if traced.steps[0].trace is not None and traced.steps[0].trace.state == "complete":
        again, reran = world.build(trace="files")
        assert reran == 0
        assert again.steps[0].trace == traced.steps[0].trace
        assert again.steps[0].closure == traced.steps[0].closure


def test_a_way_out_that_nobody_tried_then_makes_the_step_run_again(world: World) -> None:
    """What was kept by a program that knew fewer of them: a proof would ask for each, and find one missing."""
    world.build()
    path = _record(world)
    kept = json.loads(path.read_bytes())
    kept["isolation"]["seen"] = [one for one in kept["isolation"]["seen"] if one["name"] != "devices"]
    path.chmod(0o600)
    path.write_text(json.dumps(kept))
    again, ran = world.build()
    assert ran == 1
    assert "devices" in {one.name for one in again.steps[0].isolation.seen}


def _record(world: World) -> Path:
    (path,) = (world.folder / "store" / "steps").iterdir()
    return path


def test_a_rotten_result_is_run_again_and_mended(world: World) -> None:
    first, _ = world.build()
    kept = json.loads(_record(world).read_bytes())
    blob = world.folder / "store" / "blobs" / "sha256" / kept["tree"].removeprefix("sha256:")
    blob.chmod(0o644)
    blob.write_bytes(blob.read_bytes().replace(b"/src", b"/bad"))
    again, ran = world.build()
    assert (ran, again.root.digest) == (1, first.root.digest)
    assert world.build()[1] == 0
    world.store.delete(Digest.parse(kept["log"]))
    assert world.build()[1] == 1


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[" * 5000, b"\xff", b'{"form":2}', b'{"form":1,"key":"sha256:' + b"0" * 64 + b'"}']
)
def test_a_damaged_record_is_none(world: World, data: bytes) -> None:
    world.build()
    _record(world).write_bytes(data)
    assert world.build()[1] == 1


def test_a_record_of_another_key_is_none(world: World) -> None:
    world.build()
    one = _record(world)
    world.build(SCRIPT + " ")
    other = next(path for path in one.parent.iterdir() if path != one)
    shutil.copy(one, other)
    assert world.build(SCRIPT + " ")[1] == 1


def test_what_others_could_have_written_is_not_believed(world: World) -> None:
    world.build()
    path = _record(world)
    path.chmod(0o666)
    assert world.build()[1] == 1
    assert world.build()[1] == 0
    path.parent.chmod(0o777)
    assert world.build()[1] == 1
    path.parent.chmod(0o700)
    moved = world.folder / "elsewhere"
    path.rename(moved)
    path.symlink_to(moved)
    assert world.build()[1] == 1


def test_provenance_says_where_it_was_taken_from_and_stays_provable(world: World) -> None:
    world.build()
    built, ran = world.build()
    assert ran == 0
    run = Run(
        builder_id=WORKSTATION, builder_version={}, invocation_id="urn:second", started_on="",
        finished_on="", fetched_on="2024-01-01T00:00:00Z", sealed_on=built.sealed_on, checked_on=built.checked_on,
    )  # fmt: skip
    context = build_evidence.context(world.spec, world.lock, run)
    digest = built.images[0].manifest.digest
    subject = ResourceDescriptor(name="t", digest={digest.algorithm: digest.hex})
    made = build_evidence.statements(context, built, 0, subject)
    internal = msgspec.json.decode(msgspec.json.encode(made[1].predicate))["buildDefinition"]["internalParameters"]
    assert internal["takenFrom"] == {"invocationId": "urn:first"}
    assert internal["storeSealedOn"] == WHEN.sealed_on
    assert internal["cacheKey"] == built.steps[0].key
    builder = made[1].predicate["runDetails"]["builder"]  # type: ignore[index]
    (sandbox,) = builder["builderDependencies"]
    assert (sandbox["name"], sandbox.get("digest")) == ("bubblewrap", None)  # it ran elsewhere: nobody knows in which
    rows = judging.judge([as_claim(one, str(one.digest), "") for one in made]).rows
    states = {row.check: row.state for row in rows if row.step == "go"}
    assert states["sealing-order"] == states["cache-key"] == states["isolation"] == "proved", rows


def test_cleaning_forgets_all(world: World) -> None:
    world.build()
    world.results.clear()
    assert world.build()[1] == 1
