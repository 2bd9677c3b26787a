"""Steps that misbehave, and a machine that is full: one clear error each, and nothing half-written."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from assay.adapters.contentstore import FolderContentStore
from assay.adapters.layout_sink import layout_sink
from assay.adapters.localinputs import FolderInputs
from assay.adapters.sandbox import Bubblewrap
from assay.adapters.spool import FileSpool
from assay.adapters.workshop import FolderWorkshop
from assay.build.debian.root import Tree
from assay.build.spec_read import read_spec
from assay.flows import steps as flow
from assay.flows.build import build
from assay.flows.lock import Locking, make_lock
from assay.flows.steps import Stand
from assay.model.errors import (
    AssayError,
    MalformedError,
    UnavailableError,
    UnsupportedError,
    UntrustedError,
    UsageError,
)
from assay.model.limits import DEFAULT_LIMITS
from assay.model.tree import OwnedEntry, Owner, Span, TreeEntry
from buildroot import SHELL, has_bubblewrap, has_shell, make, pinned

RULE = Owner("rule", "x")


class Stopped:
    """A clock that stands still."""

    def now(self):
        return "2024-01-01T00:00:00Z"


def placed(script, **step):
    document = {
        "apiVersion": "assay.build/v1", "kind": "Image", "metadata": {"name": "t", "version": "1"}, "epoch": "5",
        "sources": {"s": {"type": "directory", "path": "s"}},
        "debian": {"d": {"suites": ["bookworm"], "keys": "k"}}, "toolchains": {"c": {"debian": "d", "packages": ["gcc"]}},
        "steps": [{"name": "go", "toolchain": "c", "inputs": ["sources.s"], "run": script, "outputs": {"o": "*"}, **step}],
        "image": {"install": [{"from": "steps.go.o", "to": "/o"}]},
    }  # fmt: skip
    return read_spec(json.dumps(document).encode(), where="assay.yaml")


class Bench:
    def __init__(self, folder, root):
        self.folder, self.root = folder, root
        (folder / "s").mkdir()
        (folder / "s" / "in").write_text("input")
        (folder / "k").write_text("keys")
        self.store = FolderContentStore(folder / "store")

    def lock(self, placed):
        at = Locking(
            inputs=FolderInputs(self.folder, DEFAULT_LIMITS), fetcher=None, store=self.store, limits=DEFAULT_LIMITS
        )
        return pinned(placed.spec, make_lock(placed, at), self.store)

    def build(self, script, *, sandbox=None, out=None, **step):
        spec = placed(script, **step)
        lock = self.lock(spec)
        spool = FileSpool()
        stand = Stand(sandbox=sandbox or Bubblewrap(), workshop=FolderWorkshop(DEFAULT_LIMITS), clock=Stopped())
        try:
            with self.store.hold(), layout_sink(out or self.folder / "out", DEFAULT_LIMITS) as sink:
                return build(spec, lock, self.store, spool, sink, tag="1", limits=DEFAULT_LIMITS, stand=stand)
        finally:
            spool.close()

    def left(self):
        return sorted(path.name for path in self.folder.iterdir() if path.name not in ("s", "store", "k"))


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    if not os.path.exists(SHELL):
        pytest.skip("no shell")
    return make(tmp_path_factory.mktemp("hostile") / "root", "cat", "mkdir", "ln", "chmod", "sleep", "mkfifo")


@pytest.fixture
def bench(tmp_path, root, monkeypatch):
    """A build whose toolchain is a folder that is there: laying a real one is another test's business."""
    from contextlib import contextmanager

    real = FolderWorkshop.lay

    @contextmanager
    def lay(self, entries, read, *, epoch):
        entries = list(entries)
        if any(str(item.owner) == "rule test-root" for item in entries):
            yield str(root)
            return
        with real(self, entries, read, epoch=epoch) as place:
            yield place

    entry = OwnedEntry(TreeEntry(path=b"root", kind="directory"), Owner("rule", "test-root"))
    monkeypatch.setattr(FolderWorkshop, "lay", lay)
    monkeypatch.setattr(flow, "of_role", lambda *given, **more: Tree(entries=(entry,), skipped=()))
    return Bench(tmp_path, root)


sealed = [has_bubblewrap, has_shell]


def sealed_only(function):
    for mark in sealed:
        function = mark(function)
    return function


@sealed_only
def test_a_good_step_leaves_its_output_twice_the_same(bench):
    script = 'cat "$SRC/s/in" > "$OUT/x"; mkdir "$OUT/d"; echo done > "$OUT/d/y"; ln -s x "$OUT/l"; echo said'
    one = bench.build(script)
    other = bench.build(script, out=bench.folder / "again")
    assert one.root == other.root
    (step,) = one.steps
    assert (step.log, step.isolation.level, step.started) == (b"said\n", "sealed", "2024-01-01T00:00:00Z")
    assert {item.entry.path for item in step.outputs[0].entries} == {b"x", b"d", b"d/y", b"l"}
    assert step.outputs == other.steps[0].outputs
    assert dict(step.inputs).keys() == {"sources.s"}


@sealed_only
@pytest.mark.parametrize(
    ("script", "step", "error", "says"),
    [
        ("exit 7", {}, UnsupportedError, "exit code 7"),
        ("echo its words; exit 1", {}, UnsupportedError, "its words"),
        ("cat < /dev/tcp/example.org/80", {}, UnsupportedError, "no network"),
        ("while :; do :; done", {"limits": {"seconds": "1"}}, UnsupportedError, "longer than 1 s"),
        ("exec >&- 2>&-; sleep 60", {"limits": {"seconds": "1"}}, UnsupportedError, "longer than 1 s"),
        ("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done", {}, UnsupportedError, "without end"),
        ("f() { f | f & }; f; sleep 60", {"limits": {"seconds": "2", "processes": "60"}}, UnsupportedError, ""),
        ('cat /dev/zero > "$OUT/x"', {"limits": {"output-mib": "1"}}, UnsupportedError, "failed"),
        ('n=0; while [ $n -lt 40 ]; do n=$((n+1)); cat /bin/sh > "$OUT/$n"; done', {"limits": {"output-mib": "1"}}, UnsupportedError, "more than 1 MiB"),
        ("true", {}, UsageError, "no such output"),
        ('mkfifo "$OUT/x"', {}, UnsupportedError, "neither file"),
        ('echo > "$OUT/x"; chmod 4755 "$OUT/x"', {}, UnsupportedError, "set-id"),
        ('ln -s ../../etc/passwd "$OUT/x"; echo > "$OUT/y"', {}, UnsupportedError, "outside"),
        ('echo > /usr/x', {}, UnsupportedError, "Read-only"),
        ('echo > "$SRC/s/in"', {}, UnsupportedError, "Read-only"),
    ],
)  # fmt: skip
def test_a_step_that_misbehaves_is_one_error_and_leaves_nothing(bench, script, step, error, says):
    with pytest.raises(error) as caught:
        bench.build(script, **step)
    assert says in caught.value.line()
    assert bench.left() == []


class Told:
    """A sandbox whose canaries say what they are told; it must never run anything."""

    def __init__(self, **states):
        self.states, self.ran = states, []

    def describe(self):
        return "a sandbox"

    def filter_digest(self):
        return ""

    def probe(self, command):
        from assay.build.canaries import CANARIES

        return {one.name: ("closed", "") for one in CANARIES} | {
            name.replace("_", "-"): (state, "") for name, state in self.states.items()
        }

    def run(self, command):
        self.ran.append(command)
        raise AssertionError("it ran")


@pytest.mark.parametrize(
    "states", [{"tcp": "open"}, {"host_file": "open"}, {"keyring": "unknown"}, {"descriptors": "odd"}]
)
def test_nothing_runs_in_a_sandbox_that_is_open(bench, states):
    sandbox = Told(**states)
    with pytest.raises(UnsupportedError, match="does not close") as caught:
        bench.build("true", sandbox=sandbox)
    assert next(iter(states)).replace("_", "-") in caught.value.why
    assert (sandbox.ran, bench.left()) == ([], [])


def test_without_bubblewrap_the_remedy_is_named(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UnavailableError, match="bwrap not found") as caught:
        Bubblewrap()
    assert "install bubblewrap" in caught.value.remedy


def test_a_spec_with_steps_is_refused_where_nothing_seals(bench):
    spec = placed("true")
    lock = bench.lock(spec)
    spool = FileSpool()
    with pytest.raises(UnsupportedError, match="no sandbox"), layout_sink(bench.folder / "out", DEFAULT_LIMITS) as sink:
        build(spec, lock, bench.store, spool, sink, tag="1", limits=DEFAULT_LIMITS, stand=None)
    spool.close()
    assert bench.left() == []


def test_a_rotten_input_stops_the_build_before_any_step(bench):
    lock = bench.lock(placed("true"))
    source = lock.sources["s"].content
    (blob,) = [path for path in (bench.folder / "store").rglob(source.partition(":")[2]) if path.is_file()]
    blob.chmod(0o644)
    blob.write_bytes(blob.read_bytes()[:-1] + b"!")
    sandbox = Told()
    bench.lock = lambda spec: lock
    with pytest.raises(UntrustedError) as caught:
        bench.build("true", sandbox=sandbox)
    assert source in caught.value.line()
    assert (sandbox.ran, bench.left()) == ([], [])


# The workshop


ENTRY = OwnedEntry(TreeEntry(path=b"f", size=3), RULE, Span(0, 3, "0" * 64))


def lay(*entries, folder=None):
    with FolderWorkshop(DEFAULT_LIMITS, folder).lay(entries, lambda _: iter([b"abc"]), epoch=7) as place:
        return {path.relative_to(place).as_posix(): path.lstat() for path in Path(place).rglob("*")}


def link(path, target):
    return OwnedEntry(TreeEntry(path=path, kind="symlink", link=target), RULE)


def folder(path, mode=0o755):
    return OwnedEntry(TreeEntry(path=path, kind="directory", mode=mode), RULE)


def test_a_folder_has_its_modes_and_the_epoch_and_is_gone_afterwards(tmp_path):
    found = lay(
        folder(b"d", 0o700),
        msgspec.structs.replace(ENTRY, entry=TreeEntry(path=b"d/f", mode=0o4711)),
        folder=str(tmp_path),
    )
    assert (found["d"].st_mode & 0o7777, found["d/f"].st_mode & 0o7777) == (0o755, 0o755)
    assert {facts.st_mtime for facts in found.values()} == {7}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "entries",
    [
        (msgspec.structs.replace(ENTRY, entry=TreeEntry(path=b"../x")),),
        (link(b"l", b"/tmp"), msgspec.structs.replace(ENTRY, entry=TreeEntry(path=b"l/x"))),
        (link(b"l", b"/tmp"), folder(b"l/assay-escaped")),
        (link(b"l", b"/tmp"), folder(b"l")),
    ],
)
def test_entries_that_would_lie_outside_are_refused(entries, tmp_path):
    with pytest.raises(MalformedError):
        lay(*entries, folder=str(tmp_path))
    assert not os.path.exists("/tmp/assay-escaped")
    assert list(tmp_path.iterdir()) == []


def test_a_temporary_folder_behind_a_link_is_fine(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert set(lay(ENTRY, folder=str(tmp_path / "link"))) == {"f"}


FULL = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
from assay.interfaces.cli.main import main
sys.argv = ["assay", *sys.argv[1:]]
main()
"""


def test_a_full_disk_is_one_error_and_nothing_half_written(tmp_path):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "big").write_bytes(os.urandom(400_000))
    (tmp_path / "assay.yaml").write_text(json.dumps({
        "apiVersion": "assay.build/v1", "kind": "Image", "metadata": {"name": "t", "version": "1"}, "epoch": 5,
        "sources": {"s": {"type": "directory", "path": "s"}}, "image": {"install": [{"from": "sources.s", "to": "/s"}]},
    }))  # fmt: skip
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "ASSAY_STORE": str(tmp_path / "store"),
        "PYTHONPATH": "src",
    }
    run = lambda code, *words: subprocess.run(  # noqa: E731
        [sys.executable, *code, *words], capture_output=True, text=True, env=env, cwd=tmp_path, check=False
    )
    done = run(("-c", FULL), "lock", "assay.yaml")
    assert done.returncode == 75, done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "assay.lock.json").exists()
    assert run(("-m", "assay"), "lock", "assay.yaml").returncode == 0
    done = run(("-c", FULL), "build", "assay.yaml", "--output", "oci-dir:out")
    assert done.returncode == 75, done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["assay.lock.json", "assay.yaml", "s", "store"]


def runs(*words):
    """Whether a process of exactly these words is there."""
    wanted = b"".join(word.encode() + b"\0" for word in words)
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes() == wanted:
                return True
        except OSError:  # it has ended meanwhile
            continue
    return False


def becomes(wanted, *words):
    """Whether such a process comes to be there, or to be gone."""
    deadline = time.monotonic() + 20
    while runs(*words) is not wanted:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@sealed_only
def test_a_kill_in_the_middle_of_a_step_shows_nobody_a_part(bench):
    """The process is killed while its step sleeps: no image, and the step dies with its launcher."""
    sleep = ("sleep", f"3{os.getpid()}")  # of this very test
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        real = Bubblewrap._run

        def run(self, command, *given):
            if "--wait" in " ".join(command.arguments):
                os.write(writing, b"x")
            return real(self, command, *given)

        Bubblewrap._run = run
        try:
            bench.build(f"{' '.join(sleep)} # --wait")
        except BaseException:  # noqa: BLE001 - the child of a test
            os._exit(3)
        os._exit(0)
    os.close(writing)
    begun = os.read(reading, 1) == b"x" and becomes(True, *sleep)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(reading)
    assert begun
    assert becomes(False, *sleep)
    left = bench.left()
    assert [name for name in left if name.startswith(".out.new-")]  # it was in the middle
    assert [name for name in left if not name.startswith(".")] == []
    assert bench.build('echo > "$OUT/x"').root.digest


def test_errors_of_a_build_are_the_five():
    assert {error.__base__ for error in (MalformedError, UnsupportedError, UntrustedError, UsageError)} == {AssayError}
