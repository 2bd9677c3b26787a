"""Tracers of steps: the same files whichever watches, the same trace twice, nothing of the launcher."""

import json
import os
import stat
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.adapters import tracers
from assay.adapters.sandbox import Bubblewrap
from assay.adapters.tracer_events import Seen
from assay.adapters.tracer_fanotify import Fanotify
from assay.adapters.tracer_handles import Handles
from assay.adapters.tracer_marking import OVERLAY
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


def copying() -> Handles:
    """The tracer as it is where no overlay can be marked."""
    return Handles(overlays=False)


@pytest.fixture(params=[Fanotify, Handles, copying, Strace])
def only(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """One tracer alone, where it works here."""
    kind: Callable[[], Fanotify | Handles | Strace] = request.param
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
    for kind in (Fanotify, Handles, Strace):
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


needs_handles = pytest.mark.skipif(bool(Handles().available()), reason=Handles().available() or "works")
needs_overlays = pytest.mark.skipif(Handles().describe() != OVERLAY, reason="no overlay can be marked here")
needs_copies = pytest.mark.skipif(bool(copying().available()), reason=copying().available() or "works")


@pytest.fixture
def handles(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """That tracer alone, made with these words."""

    def only(**words: object) -> None:
        monkeypatch.setattr(tracers, "ORDER", {"files": (lambda: Handles(**words),)})  # type: ignore[arg-type]

    return only


@pytest.mark.parametrize(
    "overlays", [pytest.param(True, marks=needs_overlays), pytest.param(False, marks=needs_copies)]
)
def test_a_root_is_watched_by_a_user_without_rights(
    places: tuple[Path, Path], handles: Callable[..., None], overlays: bool
) -> None:
    root, _ = places
    words, vocabulary = (root / "usr" / "share" / name for name in ("words", "vocabulary"))
    vocabulary.unlink(missing_ok=True)
    os.link(words, vocabulary)
    mounts = Path("/proc/self/mounts").read_text()
    handles(overlays=overlays)
    trace, log = traced(places, "cat /usr/share/vocabulary")
    name = "fanotify of an overlay" if overlays else "fanotify of a copy"
    assert (trace.tracer, trace.kind, trace.state, trace.detail) == (name, "fanotify", "complete", "")
    assert log == b"w", "and the launcher is whoever it is elsewhere: root's becomes nobody before it"
    with Handles().watch(root=str(root), inputs="", scope="files", uid=os.getuid()) as watch:
        assert not watch.needs_root
    assert trace.reads is not None
    assert "/usr/share/vocabulary" in trace.reads, "of two names of one file, the one that was used"
    assert "/usr/share/words" not in trace.reads
    assert Path("/proc/self/mounts").read_text() == mounts


@needs_copies
def test_what_is_too_large_to_copy_is_left_to_strace(places: tuple[Path, Path], handles: Callable[..., None]) -> None:
    if why := Strace().available():
        pytest.skip(why)
    handles(copy_bytes=1 << 12, overlays=False)
    trace, _ = traced(places, SCRIPT)
    assert (trace.kind, trace.state) == ("strace", "complete")
    assert {"/usr/share/words", "/src/a"} <= set(trace.reads or ())


@needs_copies
def test_a_step_runs_though_its_copy_does_not_fit(
    places: tuple[Path, Path], handles: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Strace, "available", lambda _: "forbidden")
    handles(copy_bytes=1 << 12, overlays=False)
    trace, log = traced(places, SCRIPT)
    assert log == b"wabcat: /nope: No such file or directory\na"
    assert (trace.state, trace.reads) == ("unavailable", ())
    assert "No space left on device" in trace.detail


@needs_overlays
def test_of_an_overlay_nothing_is_copied(places: tuple[Path, Path], handles: Callable[..., None]) -> None:
    handles(copy_bytes=1 << 12)
    trace, _ = traced(places, SCRIPT)
    assert (trace.tracer, trace.state) == (OVERLAY, "complete")


@needs_overlays
def test_others_who_open_the_same_files_are_not_in_the_trace(
    places: tuple[Path, Path], handles: Callable[..., None], tmp_path: Path
) -> None:
    """What is marked is the step's own view: the builder reads the same root beside it."""
    root, _ = places
    (root / "usr" / "share" / "others").write_text("o")
    handles()
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            (root / "usr" / "share" / "others").read_text()

    thread = threading.Thread(target=read)
    thread.start()
    try:
        trace, _ = traced(places, "for i in 1 2 3 4 5 6 7 8 9; do cat /usr/share/words; done")
    finally:
        ended.set()
        thread.join()
    assert trace.state == "complete", trace.detail
    assert "/usr/share/others" not in (trace.reads or ())


@needs_overlays
def test_every_folder_is_watched_and_links_lead_to_what_they_mean(
    tmp_path_factory: pytest.TempPathFactory, handles: Callable[..., None]
) -> None:
    above = tmp_path_factory.mktemp("deep")
    root, inputs = make(above / "root", "cat"), above / "inputs"
    wanted = set()
    for one in range(12):
        for other in range(12):
            for base, place in ((root / "usr", "/usr"), (inputs, "/src")):
                (base / f"f{one}" / f"f{other}").mkdir(parents=True, exist_ok=True)
                (base / f"f{one}" / f"f{other}" / "file").write_text("x")
                wanted.add(f"{place}/f{one}/f{other}/file")
    (root / "usr" / "link").symlink_to("f3/f4")
    handles()
    trace, log = traced((root, inputs), "cat /usr/f*/f*/file /src/f*/f*/file; cat /usr/link/file")
    assert (trace.state, len(log)) == ("complete", 289), trace.detail
    assert wanted <= set(trace.reads or ())
    assert not any("link" in path for path in trace.reads or ())


@pytest.mark.parametrize("name", ["a:b", "a,b", "a\\b"])
@needs_overlays
@needs_copies
def test_a_folder_no_overlay_takes_is_copied(
    name: str, tmp_path_factory: pytest.TempPathFactory, handles: Callable[..., None]
) -> None:
    above = tmp_path_factory.mktemp("named")
    root, inputs = make(above / name, "cat"), above / "inputs"
    inputs.mkdir()
    (root / "usr" / "words").write_text("w")
    handles()
    trace, log = traced((root, inputs), "cat /usr/words")
    assert (trace.tracer, trace.state, log) == ("fanotify of a copy", "complete", b"w"), trace.detail
    assert "/usr/words" in (trace.reads or ())


@needs_handles
@pytest.mark.parametrize("overlays", [True, False])
def test_a_root_that_an_overlay_would_show_otherwise_is_not_watched(
    overlays: bool, tmp_path_factory: pytest.TempPathFactory, handles: Callable[..., None]
) -> None:
    """A device of number 0 is a name that is gone, to an overlay; here it stands for all devices."""
    above = tmp_path_factory.mktemp("devices")
    root, inputs = make(above / "root", "cat"), above / "inputs"
    inputs.mkdir()
    try:
        os.mknod(root / "usr" / "gone", 0o644 | stat.S_IFCHR, 0)
    except OSError as error:
        pytest.skip(f"no device can be made here: {error}")
    handles(overlays=overlays)
    trace, log = traced((root, inputs), "test -c /usr/gone && echo there")
    assert (trace.state, log) == ("unavailable", b"there\n")
    assert "device" in trace.detail


@needs_handles
def test_a_step_that_was_ended_leaves_no_trace(places: tuple[Path, Path], handles: Callable[..., None]) -> None:
    handles()
    root, inputs = places
    done = Bubblewrap().run(_command((root, inputs), "while :; do :; done", "files", SandboxLimits(seconds=0.5)))
    assert done.stopped == "deadline"
    assert done.trace is not None
    assert done.trace.state == "unavailable"
    assert "before it told" in done.trace.detail


@needs_handles
@pytest.mark.parametrize("said", [b"", b"{", b"[" * 100_000, b'{"state": "fine"}', b'{"reads": [1]}', b"\xff", b"3"])
def test_a_report_that_is_none_makes_the_trace_unknown(said: bytes, tmp_path: Path) -> None:
    with Handles().watch(root=str(tmp_path), inputs="", scope="files", uid=os.getuid()) as watch:
        plan = json.loads(Path(watch.words[-2]).read_text())
        Path(plan["report"]).write_bytes(said)
        assert watch.finish().state == "unavailable"


def event(mask: int, *records: bytes) -> bytes:
    body = b"".join(records)
    return struct.pack("=IBBHQii", 24 + len(body), 3, 0, 24, mask, -1, 0) + body


def named(handle: bytes, name: bytes, kind: int = 2) -> bytes:
    body = bytes(8) + struct.pack("=Ii", len(handle), 1) + handle + name + b"\0"
    body += bytes(-(4 + len(body)) % 4)
    return struct.pack("=BBH", kind, 0, 4 + len(body)) + body


OPEN, EXEC, LOST = 0x20, 0x1020, 0x4000
FOLDERS = {struct.pack("=Ii", 2, 1) + b"ro": "", struct.pack("=Ii", 2, 1) + b"bi": "/bin",
           struct.pack("=Ii", 2, 1) + b"in": "/src"}  # fmt: skip


def seen(*events: bytes, limit: int = 9) -> Seen:
    found = Seen(FOLDERS, limit)
    found.take(b"".join(events))
    return found


def test_events_become_paths_from_the_first_program_on() -> None:
    found = seen(
        event(OPEN, named(b"ro", b"launchers")), event(EXEC, named(b"bi", b"sh")), event(OPEN, named(b"in", b"a\xff")),
        event(OPEN, named(b"xx", b"file's own", kind=1), named(b"ro", b"b")),
    )  # fmt: skip
    assert (sorted(found.reads), sorted(found.programs)) == (["/b", "/bin/sh", "/src/a\udcff"], ["/bin/sh"])
    assert (found.flaw, found.lost) == ("", False)


def test_an_overflow_and_too_many_paths_are_lost_traces() -> None:
    start = event(EXEC, named(b"bi", b"sh"))
    assert seen(start, event(LOST)).lost
    assert seen(start, *(event(OPEN, named(b"ro", b"%d" % number)) for number in range(9)), limit=9).lost


@pytest.mark.parametrize(
    "records",
    [b"", named(b"zz", b"a"), named(b"ro", b"a", kind=1), b"\2\0\0\0", b"\2\0\4\0", b"\2\0\xff\xff" + b"x" * 9],
)
def test_a_file_without_a_known_place_is_a_flaw(records: bytes) -> None:
    assert seen(event(EXEC, named(b"bi", b"sh")), event(OPEN, records)).flaw == "a file whose place cannot be told"


@given(st.binary(max_size=300))
def test_no_bytes_stop_the_reading_of_events(data: bytes) -> None:
    seen(data)
