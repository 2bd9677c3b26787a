"""A traced build from end to end: what it used, what its evidence proves, and what two runs of it share."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from assay.adapters import tracers
from assay.adapters.contentstore import FolderContentStore
from assay.adapters.layout_sink import layout_sink
from assay.adapters.sandbox import Bubblewrap
from assay.adapters.spool import FileSpool
from assay.adapters.tracer_strace import Strace
from assay.adapters.workshop import FolderWorkshop
from assay.build import closure
from assay.build.debian.root import Tree
from assay.build.run import WORKSTATION, Run
from assay.flows import build_evidence, hermetic
from assay.flows import steps as flow
from assay.flows.build import Built, build
from assay.flows.steps import Stand
from assay.formats import intoto, predicates
from assay.model.comparison import Conditions
from assay.model.digest import Digest
from assay.model.evidence import Evidence, Signer
from assay.model.limits import DEFAULT_LIMITS
from assay.model.rebuilding import RebuildReport, Variation
from assay.model.statement import ResourceDescriptor, Statement
from buildroot import has_bubblewrap, has_shell, make
from stepworld import Ticking, lock_of, project, spec_of, toolchain_of

pytestmark = [has_bubblewrap, has_shell]
KEY = Signer(kind="key", key_id="k")
GOOD = 'cat "$SRC/s/in" > "$OUT/x"'


class World:
    """A project, its store, and a toolchain made of a small folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.spool = folder, FileSpool()
        project(folder)
        self.store = FolderContentStore(folder / "store")

    def build(
        self, script: str, *, trace: str = "files", out: str = "out", **under: object
    ) -> "tuple[list[Statement], Built]":
        placed = spec_of(script, trace=trace)
        lock = lock_of(placed, self.folder, self.store)
        stand = Stand(sandbox=Bubblewrap(), workshop=FolderWorkshop(DEFAULT_LIMITS), clock=Ticking())
        with self.store.hold(), layout_sink(self.folder / out, DEFAULT_LIMITS) as sink:
            built = build(placed, lock, self.store, self.spool, sink, tag="1", limits=DEFAULT_LIMITS, stand=stand)
        run = Run(
            builder_id=WORKSTATION, builder_version={}, invocation_id=f"urn:{out}", started_on="",
            finished_on="", fetched_on="2024-01-01T00:00:00Z", sealed_on=built.sealed_on, checked_on=built.checked_on,
            **under,  # type: ignore[arg-type]
        )  # fmt: skip
        context = build_evidence.context(placed.spec, lock, run)
        digest = built.images[0].manifest.digest
        subject = ResourceDescriptor(name="t", digest={digest.algorithm: digest.hex})
        made = list(build_evidence.statements(context, built, 0, subject))
        unexplained = build_evidence.Unexplained(unseen_by_scan=())
        return [*made, build_evidence.record(context, built, 0, subject, unexplained)], built

    def judged(self, statements: list[Statement]) -> hermetic.Judgement:
        at = hermetic.Workbench(store=self.store, spool=self.spool, limits=DEFAULT_LIMITS, reviewed={})
        return hermetic.judge(evidence(statements), at)


def evidence(statements: list[Statement]) -> list[Evidence]:
    return [Evidence(statement=one, signer=KEY, bundle=Digest.of(one.payload)) for one in statements]


def states(judged: hermetic.Judgement) -> dict[str, tuple[str, str]]:
    return {f"{row.step} {row.check}".strip(): (row.state, row.code) for row in judged.rows}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("toolchain") / "root", "cat", "ls")


@pytest.fixture
def world(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    packages = {"sh": "dash", "ls": "ls"}
    monkeypatch.setattr(flow, "of_role", toolchain_of(root, lambda name: packages.get(name, "rest")))
    made = World(tmp_path)
    yield made
    made.spool.close()


def test_a_traced_build_tells_what_it_used_and_proves_all_but_its_packages(world: World) -> None:
    statements, built = world.build(GOOD)
    (step,) = built.steps
    assert step.closure.state == "closed", (step.trace, step.closure)
    assert {"package dash", "package rest", "source s"} <= (step.closure.used or frozenset())
    assert "package ls" not in (step.closure.used or frozenset())
    found = states(world.judged(statements))
    # The lock of this toolchain names no package, so its files are explained by nothing.
    assert found.pop("go closure") == ("failed", "build.closure-open")
    assert {state for state, _ in found.values()} == {"proved"}
    assert statements[-1].predicate["dependencies"]["used"]["go"] == sorted(step.closure.used or ())  # type: ignore[index]


def test_a_step_tells_what_it_ran_under_as_the_image_does(world: World) -> None:
    varied = (Variation(name="clock", state="not varied", why="x"), Variation(name="cpus", state="varied"))
    report = RebuildReport(verdict="identical", comparisons=(), variations=varied)
    under = {"conditions": Conditions(cpus_count=2, kernel="6.1", uid=65534, hostname="h", user="u"), "rebuild": report}
    made = [one.predicate for one in world.build(GOOD, **under)[0] if one.predicate_type == predicates.PROVENANCE]
    image, step = (one["buildDefinition"]["internalParameters"] for one in made)  # type: ignore[index]
    for told in (image, step):
        assert told["conditions"] == {"cpus": 2, "kernel": "6.1", "uid": 65534}, "no name of a machine or a person"
        assert told["variations"] == {"clock": "not varied", "cpus": "varied"}
        assert told["isolation"]["level"] in ("sealed", "namespaced")
    plain = [one.predicate for one in world.build(GOOD)[0] if one.predicate_type == predicates.PROVENANCE]
    assert all("variations" not in one["buildDefinition"]["internalParameters"] for one in plain)  # type: ignore[index]


def test_two_builds_have_equal_traces_and_an_edit_is_told(world: World) -> None:
    one, other, third = (world.build(script, out=out)[1].steps[0].trace for script, out in (
        (GOOD, "1"), (GOOD, "2"), (GOOD + '; ls "$SRC" > /dev/null', "3"),
    ))  # fmt: skip
    assert one is not None
    assert other is not None
    assert third is not None
    assert closure.difference(one, other) == ()
    assert one == other
    assert "program only in the second: /usr/bin/ls" in closure.difference(one, third)


def test_no_attribute_hermetic_without_proof(world: World) -> None:
    kinds = [one.predicate_type for one in world.build(GOOD, trace="none")[0]]
    assert predicates.SCAI not in kinds
    assert predicates.RUNTIME_TRACE not in kinds


def test_the_attribute_names_the_evidence_it_rests_on(monkeypatch: pytest.MonkeyPatch) -> None:
    statement = intoto.statement(
        (ResourceDescriptor(name="i", digest={"sha256": "0" * 64}),), predicates.PROVENANCE, {"x": 1}
    )
    monkeypatch.setattr(build_evidence.hermetic, "judge", lambda claims: _proved())
    report = build_evidence.hermetic_report([statement], ResourceDescriptor(name="i"))
    assert report is not None
    (attribute,) = report.attributes
    assert attribute.attribute == "hermetic"
    assert attribute.evidence is not None
    assert attribute.evidence.digest == {"sha256": statement.digest.hex}


def _proved() -> hermetic.Judgement:
    from assay.build.hermetic import Judgement, Row

    return Judgement(rows=(Row(check="steps", state="proved"),))


@pytest.mark.parametrize(
    ("spoil", "row", "answer"),
    [
        (lambda all_: [one for one in all_ if one.predicate_type != predicates.RUNTIME_TRACE], "go closure", ("not-covered", "")),
        (lambda all_: [one for one in all_ if one.predicate_type != predicates.BUILD_RECORD], "go root-identity", ("not-covered", "")),
        (
            lambda all_: [intoto.statement(all_[0].subject, predicates.PROVENANCE, {"buildDefinition": 1}), *all_],
            "evidence", ("unknown", ""),
        ),
    ],
)  # fmt: skip
def test_what_is_missing_or_unreadable_is_told(
    world: World, spoil: Callable[[list[Statement]], list[Statement]], row: str, answer: tuple[str, str]
) -> None:
    statements, _ = world.build(GOOD)
    judged = world.judged(spoil(statements))
    assert states(judged)[row] == answer
    assert judged.state != "proved"


def test_another_root_is_found_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    statements, _ = world.build(GOOD)
    monkeypatch.setattr(flow, "of_role", lambda *given, **more: Tree(entries=(), skipped=()))
    assert states(world.judged(statements))["go root-identity"] == ("failed", "build.root-mismatch")


def test_an_attempt_at_the_network_is_told_although_the_step_went_on(
    world: World, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if why := Strace().available():
        pytest.skip(why)
    if not os.path.exists("/bin/bash"):
        pytest.skip("no program here that connects")
    monkeypatch.setattr(tracers, "ORDER", {"none": (), "files": (Strace,), "processes": (Strace,)})
    if not (root / "usr" / "bin" / "bash").exists():
        from buildroot import lay

        lay("/bin/bash", root, root / "usr" / "bin" / "bash")
    ask = "bash -c 'exec 3<>/dev/tcp/203.0.113.9/443' || true; "
    statements, built = world.build(ask + GOOD)
    trace = built.steps[0].trace
    assert trace is not None
    assert [one.address for one in trace.attempts or ()] == ["203.0.113.9"], (trace, built.steps[0].log)
    assert states(world.judged(statements))["go network"] == ("failed", "build.network-attempt")


def test_a_blob_that_rots_while_steps_run_stops_the_build(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from assay.model.errors import UntrustedError

    real = Bubblewrap.run

    def run(self: Bubblewrap, command: object) -> object:
        for blob in (world.folder / "store" / "blobs" / "sha256").iterdir():
            blob.chmod(0o644)
            blob.write_bytes(b"rotten")
        return real(self, command)  # type: ignore[arg-type]

    monkeypatch.setattr(Bubblewrap, "run", run)
    with pytest.raises(UntrustedError):
        world.build(GOOD)


def test_levels_are_capped_and_never_called_four(world: World) -> None:
    from assay.build.levels import supported
    from assay.trust.levels import BuilderRow

    claims = hermetic.claims(evidence(world.build(GOOD)[0]))
    value = next(one.provenance for one in claims if one.provenance is not None)
    told = supported(value, KEY, _proved())
    assert told.level == 1
    assert "hosted" in told.missing
    assert "hermetic: proved" in told.beyond
    row = BuilderRow(name="x", level=3, key="k", builder_id="**", operator="o")
    assert supported(value, KEY, rows=[row]).level == 1
    hosted = msgspec.structs.replace(value, builder_id="https://builder.example.org")
    assert supported(hosted, KEY, rows=[row]).level == 3
    assert supported(hosted, KEY, rows=[]).level == 0
    assert all("4" not in word for level in (told,) for word in (*level.why, level.missing))


@pytest.mark.parametrize("first_is_traced", [True, False])
def test_a_rebuild_says_whether_its_steps_did_the_same(first_is_traced: bool) -> None:
    from assay.flows.rebuild import Run, rebuild
    from assay.interfaces.cli.render.rebuilding import text
    from assay.model.comparison import Comparison
    from assay.model.image import Subject
    from assay.model.tracing import Trace

    one = Trace(tracer="fanotify", scope="files", reads=("/usr/a",))
    other = msgspec.structs.replace(one, reads=("/usr/a", "/usr/b"))
    traces = iter([one, one, other])

    def run() -> Run:
        return Run(source=None, traces={"go": next(traces)})  # type: ignore[arg-type]

    def compare(first: Run, second: Run) -> Comparison:
        return Comparison(before=Subject(name="x"), after=Subject(name="x"), verdict="identical")

    first = run() if first_is_traced else Run(source=None)  # type: ignore[arg-type]
    report = rebuild(first, lambda names: run(), compare, (), times=2 if first_is_traced else 3)
    assert report.traces_compared_count == 2
    assert report.trace_differences == ("go: file only in the second: /usr/b",)
    assert "traces of 2 steps: 1 differences" in text(report)
