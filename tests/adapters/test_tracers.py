"""Tracers of steps: the same files whichever watches, the same trace twice, nothing of the launcher."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from assay.adapters import tracers
from assay.adapters.sandbox import Bubblewrap
from assay.adapters.tracer_fanotify import Fanotify
from assay.adapters.tracer_strace import Strace
from assay.build import canaries, sealing
from assay.model.limits import Limits
from assay.model.tracing import Trace
from assay.ports.sandbox import SandboxLimits, SealedCommand
from buildroot import has_bubblewrap, has_shell, make

pytestmark = [has_bubblewrap, has_shell]
SCRIPT = "cat /usr/share/words /src/a /src/src/b > y; cat y; cat /nope; (cat < /src/a & wait); exit 0"


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    above = tmp_path_factory.mktemp("traced")
    root = make(above / "root", "cat")
    (root / "usr" / "share").mkdir(parents=True)
    (root / "usr" / "share" / "words").write_text("w")
    inputs = above / "inputs"
    (inputs / "src").mkdir(parents=True)
    (inputs / "a").write_text("a")
    (inputs / "src" / "b").write_text("b")
    return root, inputs


@pytest.fixture(params=[Fanotify, Strace])
def only(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """One tracer alone, where it works here."""
    kind: Callable[[], Fanotify | Strace] = request.param
    if why := kind().available():
        pytest.skip(why)
    monkeypatch.setattr(tracers, "ORDER", {"none": (), "files": (kind,), "processes": (kind,)})
    return kind().describe()


def traced(places: tuple[Path, Path], script: str, scope: str = "files", **limits: float) -> tuple[Trace, bytes]:
    done = Bubblewrap().run(_command(places, script, scope, SandboxLimits(**limits)))  # type: ignore[arg-type]
    assert done.trace is not None
    return done.trace, done.log


def _command(places: tuple[Path, Path], script: str, scope: str, limits: SandboxLimits) -> SealedCommand:
    root, inputs = places
    environment = sealing.environment(1_700_000_000, hardened=True, extra={})
    return SealedCommand(
        root=str(root), inputs=str(inputs), arguments=("/bin/sh", "-c", script), environment=environment,
        limits=limits, trace=scope,  # type: ignore[arg-type]
    )  # fmt: skip


def test_files_and_programs_are_seen_and_twice_the_same(places: tuple[Path, Path], only: str) -> None:
    trace, log = traced(places, SCRIPT)
    assert (trace.tracer, trace.state, trace.scope) == (only, "complete", "files"), trace.detail
    assert log == b"wabcat: /nope: No such file or directory\na"
    assert trace.reads is not None
    assert {"/usr/share/words", "/src/a", "/src/src/b"} <= set(trace.reads)
    assert {"/bin/sh", "/usr/bin/cat"} <= set(trace.programs)
    assert all(path.startswith(("/usr/", "/lib", "/src/", "/bin/", "/proc/", "/dev/")) for path in trace.reads)
    assert traced(places, SCRIPT)[0] == trace


def test_without_files_only_programs_are_told(places: tuple[Path, Path], only: str) -> None:
    trace, _ = traced(places, SCRIPT, scope="processes")
    assert trace.reads is None
    assert "/usr/bin/cat" in trace.programs


def test_a_watched_sandbox_is_as_closed_as_any(places: tuple[Path, Path], only: str) -> None:
    box = Bubblewrap()
    states = box.probe(_command(places, "", "files", SandboxLimits()))
    found = canaries.judge(states, tool=box.describe(), filter_digest=box.filter_digest())  # type: ignore[arg-type]
    assert (found.level, found.open_names) == ("sealed", ())


def test_nothing_stays_when_a_step_is_ended(places: tuple[Path, Path], only: str) -> None:
    mounts = Path("/proc/self/mounts").read_text()
    root, inputs = places
    command = _command((root, inputs), "while :; do :; done", "files", SandboxLimits(seconds=0.2))
    assert Bubblewrap().run(command).stopped == "deadline"
    assert Path("/proc/self/mounts").read_text() == mounts


def test_strace_sees_whom_a_step_asks_for(places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    if why := Strace().available():
        pytest.skip(why)
    trace, _ = traced(places, "exit 0", scope="processes")
    assert trace.tracer.startswith("strace ")
    assert trace.attempts == ()


def test_a_trace_that_does_not_fit_says_so(places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    limits = Limits(trace_paths_count=2)
    for kind in (Fanotify, Strace):
        tracer = kind(limits=limits)
        if not tracer.available():
            row = {"files": (lambda tracer=tracer: tracer,)}
            monkeypatch.setattr(tracers, "ORDER", row)
            assert traced(places, SCRIPT)[0].state == "overflow"


def test_where_no_tracer_works_the_trace_is_unavailable(
    places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracers, "ORDER", {"files": (lambda: Strace("/nonexistent/strace"),)})
    trace, _ = traced(places, "exit 0")
    assert (trace.tracer, trace.state) == ("", "unavailable")
    assert "strace" in trace.detail


def test_what_was_not_asked_for_is_not_watched(places: tuple[Path, Path]) -> None:
    assert Bubblewrap().run(_command(places, "exit 0", "none", SandboxLimits())).trace is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may mark")
def test_an_ordinary_user_may_not_mark() -> None:
    assert "root" in Fanotify().available()
