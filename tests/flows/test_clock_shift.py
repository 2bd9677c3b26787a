"""The wall clock of a second build: shown later to programs of its steps, proved by asking one, told by its reach."""

import shutil
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from assay.adapters import faketime
from assay.adapters.clock import WallClock
from assay.adapters.sandbox import Bubblewrap
from assay.adapters.spool import FileSpool
from assay.adapters.unsharing import Unsharing
from assay.adapters.varying import CLOCK_SHIFT_SECONDS, Machine
from assay.build import causes, sealing, shifted
from assay.build import spec as specs
from assay.flows import step_clock
from assay.flows.rebuild import Run, rebuild
from assay.flows.steps import _check
from assay.interfaces.cli.render.rebuilding import text
from assay.model.comparison import Comparison, Conditions
from assay.model.errors import UnavailableError, UnsupportedError
from assay.model.image import Subject
from assay.model.limits import DEFAULT_LIMITS
from assay.model.rebuilding import ClockSeen, RebuildReport, Variation
from assay.model.tracing import Trace
from assay.model.tree import OwnedEntry, Owner, TreeEntry
from assay.ports.sandbox import Finished, SealedCommand
from buildroot import has_bubblewrap, has_shell, make
from plants import Outcome, differences, once, room, root_with

PLANNED = Variation(name="clock", state="varied", before="a", after="b")
SUBJECT = Subject(name="x")
DAYS = CLOCK_SHIFT_SECONDS
MATH = "lib/x86_64-linux-gnu/libm.so.6"
has_library = pytest.mark.skipif(not faketime.find(), reason="libfaketime is not installed")


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    """With the mathematics every Debian root has, which the library wants."""
    with room() as folder:
        made = root_with(folder / "root")
        if not (made / MATH).exists():
            shutil.copy(f"/{MATH}", made / MATH)
        yield made


@pytest.fixture
def place() -> Iterator[Path]:
    with room() as folder:
        yield folder


def command(root: Path, script: str = "", shift: int = 0) -> SealedCommand:
    environment = sealing.environment(0, hardened=False, extra={})
    words = ("/bin/sh", "-eu", "-c", script)
    return SealedCommand(root=str(root), arguments=words, environment=environment, clock_shift=shift)


@has_library
@has_bubblewrap
@has_shell
@pytest.mark.parametrize("launcher", [Bubblewrap, Unsharing])
def test_a_program_of_the_root_sees_the_shift_and_a_first_build_has_nothing_of_it(
    root: Path, launcher: type[Bubblewrap] | type[Unsharing]
) -> None:
    seen = step_clock.asked(launcher(), WallClock(), command(root), DAYS, "c")
    assert seen == ClockSeen(step="c", program="date", ahead=DAYS)
    plain = launcher().run(command(root, "date +%s; echo ${LD_PRELOAD-none}; ls -A /tmp")).log.split()
    assert abs(int(plain[0]) - time.time()) < 60
    assert plain[1:] == [b"none"]
    assert {state for state, _ in launcher().probe(command(root, shift=DAYS)).values()} == {"closed"}
    assert step_clock.asked(launcher(), WallClock(), command(root), 0, "c") is None


@has_library
@has_bubblewrap
@has_shell
def test_the_library_is_read_only_and_lies_where_nothing_of_the_root_does(root: Path) -> None:
    script = f"echo x > {faketime.PLACE}/x || echo closed; ls -A /tmp; echo x > x; date -r x +%Y; date +%Y"
    log = Bubblewrap().run(command(root, script, DAYS)).log.decode()
    assert "closed" in log
    assert ".assay-clock" in log
    years = [int(line) for line in log.split() if line.isdigit()]
    assert years[1] - years[0] in (1, 2), "times of files are the kernel's own"


@has_library
@has_bubblewrap
@has_shell
def test_a_year_written_by_a_step_is_a_time_shown_by_the_shift_and_by_it_alone(root: Path, place: Path) -> None:
    script = "date +%Y > $OUT/year; date +%Y%m%d > $OUT/day; date > $OUT/long"
    first = once(root, script, place)
    second = once(root, script, place, frozenset({"clock"}))
    found = {cause.path: (cause.kind, cause.shown) for cause in differences(first, second)}
    assert found == dict.fromkeys(("year", "day", "long"), ("timestamp", True))
    again = once(root, script, place)
    assert again.files["year"] == first.files["year"], "without the shift nothing shows in one year"


@has_library
@has_bubblewrap
@has_shell
def test_bisection_finds_the_clock_where_a_step_writes_the_year(root: Path, place: Path) -> None:
    machine = Machine(DEFAULT_LIMITS)
    outcomes: list[Outcome] = []

    def again(names: frozenset[str]) -> Run:
        outcomes.append(once(root, "date +%Y > $OUT/year", place, names))
        clock = ClockSeen(step="c", program="date", ahead=DAYS)
        return Run(source=None, conditions=outcomes[-1].conditions, clocks=(clock,) if "clock" in names else ())  # type: ignore[arg-type]

    def compare(one: Run, other: Run) -> Comparison:
        counts = {str(cause.kind): 1 for cause in differences(outcomes[0], outcomes[-1])}
        return Comparison(before=SUBJECT, after=SUBJECT, verdict="different" if counts else "identical", counts=counts)

    plan = machine.plan(("clock", "umask"))
    report = rebuild(again(frozenset()), again, compare, plan, bisect=True)
    assert (report.verdict, report.guilty) == ("different", ("clock",))
    assert {one.name: one.counts for one in report.bisected} == {"none": {}, "clock": {"timestamp": 1}, "umask": {}}


@has_library
@has_bubblewrap
@has_shell
def test_a_root_whose_programs_cannot_load_the_library_is_not_varied_and_says_why(place: Path) -> None:
    bare = make(place / "root", "date")
    (bare / MATH).unlink(missing_ok=True)
    seen = step_clock.asked(Bubblewrap(), WallClock(), command(bare), DAYS, "c")
    assert seen is not None
    assert not seen.ahead
    assert "libm.so.6" in seen.why
    told = shifted.settled(PLANNED, [seen])
    assert (told.state, told.why) == ("not varied", f"step c: {seen.why}")


def test_a_step_that_fails_under_the_shift_says_that_it_was_shifted() -> None:
    step = specs.Step(name="c", toolchain="t", run="false", outputs={"o": "*"})
    for shift, said in ((DAYS, True), (0, False)):
        with pytest.raises(UnsupportedError, match="step c") as caught:
            _check(step, Finished(exit_code=1), shift)
        assert ("398 days ahead: vary without clock" in caught.value.remedy) == said


def test_without_the_library_it_is_not_varied_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(faketime, "_PLACES", (str(tmp_path),))
    (row,) = Machine(DEFAULT_LIMITS).plan(("clock",))
    assert (row.state, row.why) == ("not varied", "no libfaketime: apt-get install libfaketime")
    with pytest.raises(UnavailableError, match="libfaketime"):
        faketime.lay(str(tmp_path))


@pytest.mark.parametrize(
    ("log", "program", "ahead"),
    [
        (b"date 1000500\n", "date", 500),
        (b"sh: 1: date: not found\npython3 1000501\n", "python3", 500),
        (b"perl 1000499", "perl", 500),
        (b"date 1000000\n", "date", 0),
        (b"date 1001000\n", "date", 0),
        (b"date many\n", "", 0),
        (b"date \xc2\xb2\n", "", 0),
        (b"", "", 0),
        (b"\xff\xfe", "", 0),
        (b"date " + b"9" * 5000, "date", 0),
    ],
)
def test_only_an_answer_that_is_ahead_by_the_shift_counts(log: bytes, program: str, ahead: int) -> None:
    seen = shifted.answered(log, 1_000_000, 1_000_001, 500, step="c")
    assert (seen.program, seen.ahead) == (program, ahead)
    assert bool(seen.why) == (not ahead)


def elf(*, dynamic: bool, go: bool) -> bytes:
    """A program's header: an interpreter and a note, where it has them."""
    note = struct.pack("<III", 4, 4, 4) + b"Go\0\0" + b"abcd" if go else b""
    rows = [(3, 300, 1)] if dynamic else []
    rows += [(4, 400, len(note))] if go else []
    head = (
        b"\x7fELF\x02\x01\x01"
        + bytes(9)
        + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, 64, 0, 0, 64, 56, len(rows), 0, 0, 0)
    )
    table = b"".join(struct.pack("<IIQQQQQQ", kind, 4, at, 0, 0, size, size, 4) for kind, at, size in rows)
    return (head + table).ljust(400, b"\0") + note.ljust(64, b"\0")


@pytest.fixture
def spool() -> Iterator[FileSpool]:
    made = FileSpool()
    yield made
    made.close()


def tree(spool: FileSpool, files: dict[str, bytes]) -> tuple[OwnedEntry, ...]:
    return tuple(
        OwnedEntry(TreeEntry(path=path.encode(), mode=0o755, size=len(data)), Owner("package", "x"), spool.add((data,)))
        for path, data in files.items()
    )


FILES = {
    "bin/plain": elf(dynamic=True, go=False), "bin/static": elf(dynamic=False, go=False),
    "bin/go": elf(dynamic=True, go=True), "bin/script": b"#!/bin/sh\n", "bin/cut": b"\x7fELF\x02\x01",
}  # fmt: skip


def test_static_programs_and_those_of_go_are_known_by_their_headers(spool: FileSpool) -> None:
    seen = ClockSeen(step="c", program="date", ahead=5)
    whole = step_clock.reached(seen, tree(spool, FILES), spool.read, DEFAULT_LIMITS, None)
    assert whole is not None
    assert (whole.ran, whole.unreached) == ("unknown", ("/bin/cut", "/bin/go", "/bin/static"))
    trace = Trace(tracer="t", scope="files", state="complete", programs=("/bin/plain", "/bin/go"), reads=())
    ran = step_clock.reached(seen, tree(spool, FILES), spool.read, DEFAULT_LIMITS, trace)
    assert ran is not None
    assert (ran.ran, ran.unreached) == ("traced", ("/bin/go",))
    link = OwnedEntry(TreeEntry(path=b"usr/bin/go", kind="symlink", link=b"../../bin/go"), Owner("package", "x"))
    named = msgspec.structs.replace(trace, programs=("/bin/plain", "/usr/bin/go"))
    linked = step_clock.reached(seen, (*tree(spool, FILES), link), spool.read, DEFAULT_LIMITS, named)
    assert linked is not None
    assert linked.unreached == ("/bin/go",), "by whatever link it was started"
    cut = msgspec.structs.replace(trace, state="overflow")
    assert step_clock.reached(seen, tree(spool, FILES), spool.read, DEFAULT_LIMITS, cut) == whole


def test_a_library_the_shift_wants_is_explained_where_traces_differ() -> None:
    line = "c: file only in the second: /usr/lib/x86_64-linux-gnu/libm.so.6"
    assert shifted.explained(line) == f"{line} (wanted by what shifts the clock)"
    for other in (line.replace("second", "first"), line.replace("libm", "libz")):
        assert shifted.explained(other) == other


def test_what_the_shift_reached_is_said_and_half_is_not_called_whole() -> None:
    good = ClockSeen(step="c", program="date", ahead=5, ran="traced")
    deaf = msgspec.structs.replace(good, unreached=("/usr/lib/go/bin/go", "/b", "/c", "/d"))
    unknown = msgspec.structs.replace(deaf, ran="unknown")
    not_seen = ClockSeen(step="d", why="date was shown the machine's clock, or another yet")
    states = {
        "varied": [[good], [unknown], [good, unknown]],
        "partly varied": [[deaf], [good, not_seen]],
        "not varied": [[not_seen], []],
    }
    for state, cases in states.items():
        for seen in cases:
            assert shifted.settled(PLANNED, seen).state == state, seen
    assert shifted.settled(PLANNED, []).why.startswith("no step ran")
    told = shifted.settled(PLANNED, [deaf, unknown])
    report = RebuildReport(verdict="identical", comparisons=(), variations=(told,))
    assert "clock: partly varied, a -> b" in text(report)
    assert "of what ran it did not reach /usr/lib/go/bin/go, /b, /c and 1 more" in text(report)
    stuck = Variation(name="clock", state="not varied", why="nobody can")
    assert shifted.settled(stuck, [good]) == stuck


def test_a_year_is_a_time_only_where_both_builds_were_in_theirs() -> None:
    one = Conditions(started=1_700_000_000, finished=1_700_000_100)
    other = Conditions(started=1_700_000_200, finished=1_700_000_300, clock_shift=DAYS)
    assert causes.word(b"2023", b"2024", one, other) == causes.Found("timestamp", b"2023", b"2024", shown=True)
    assert causes.word(b"20231114", b"20241216", one, other).kind == "timestamp"
    assert causes.word(b"2023318", b"2024351", one, other).kind == "timestamp"
    for before, after in ((b"2023", b"2025"), (b"2022", b"2024"), (b"14", b"16"), (b"2024", b"2023")):
        assert causes.word(before, after, one, other).kind == "unknown"
    assert causes.word(b"2023", b"2024", one, Conditions(started=1_700_000_200)).kind == "unknown"
    assert causes.word(b"2023", b"2024", Conditions(), Conditions()).kind == "unknown"
