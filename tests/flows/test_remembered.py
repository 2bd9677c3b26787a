"""A whole inventory is remembered only while image, limits and program are what they were; never in strict runs."""

import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import msgspec
import pytest

from assay.adapters import program
from assay.flows.remembered import Memory, remembered
from assay.model.digest import Digest
from assay.model.errors import UntrustedError
from assay.model.image import Image, Layer, Subject
from assay.model.inventory import Component, Inventory
from assay.model.limits import DEFAULT_LIMITS
from command import assay
from fakes.layouts import demo_layers, layout
from inventories import full as whole

SUBJECT = Subject(name="x", digest=Digest("sha256", "1" * 64))
IMAGE = Image(subject=SUBJECT, layers=(Layer(index=0, diff_id=None, digest=Digest("sha256", "2" * 64)),))


def keepable(value: object) -> bool:
    try:
        return bool(msgspec.msgpack.encode(value))
    except UnicodeEncodeError:
        return False


def full() -> Inventory:
    """Every field filled, all names in UTF-8."""
    found, empty = whole(), Inventory(subject=SUBJECT)
    values = {name: getattr(found, name) for name in found.__struct_fields__}
    for name, value in values.items():
        if isinstance(value, tuple):
            values[name] = tuple(filter(keepable, value))
        elif not keepable(value):
            values[name] = getattr(empty, name)
    assert len(values["components"]) > 1
    return Inventory(**values)


class Kept(dict[str, bytes]):
    """A cache in memory."""

    def put(self, key: str, data: bytes) -> None:
        self[key] = data


class Reader:
    """Counts how often it is asked."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory, self.count = inventory, 0

    def __call__(self) -> Inventory:
        self.count += 1
        return self.inventory


@pytest.fixture
def memory() -> Memory:
    return Memory(cache=Kept(), program=lambda: "p", limits=DEFAULT_LIMITS)


def test_what_comes_back_is_what_was_read(memory: Memory) -> None:
    read = Reader(full())
    assert remembered(IMAGE, memory, read) == remembered(IMAGE, memory, read) == full()
    assert read.count == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda i, m: (msgspec.structs.replace(i, created="2024-01-01T00:00:00Z"), m),
        lambda i, m: (msgspec.structs.replace(i, subject=msgspec.structs.replace(SUBJECT, name="y")), m),
        lambda i, m: (msgspec.structs.replace(i, labels={"a": "b"}), m),
        lambda i, m: (i, msgspec.structs.replace(m, program=lambda: "q")),
        lambda i, m: (i, msgspec.structs.replace(m, limits=msgspec.structs.replace(DEFAULT_LIMITS, gaps_count=1))),
    ],
)
def test_any_change_reads_again(memory: Memory, change: object) -> None:
    assert callable(change)
    read = Reader(full())
    remembered(IMAGE, memory, read)
    remembered(*change(IMAGE, memory), read)
    assert read.count == 2


def test_what_the_program_is_matters_only_where_there_is_a_record(memory: Memory) -> None:
    asked: list[str] = []
    read = Reader(full())

    def program() -> str:
        asked.append("read" if read.count else "unread")
        return "p"

    late = msgspec.structs.replace(memory, program=program)
    remembered(IMAGE, late, read)
    assert asked == ["read"]
    remembered(IMAGE, late, read)
    assert read.count == 1
    untold = msgspec.structs.replace(memory, program=lambda: "")
    assert remembered(IMAGE, untold, read) == full()
    assert read.count == 2
    assert isinstance(memory.cache, Kept)
    memory.cache.clear()
    remembered(IMAGE, untold, read)
    assert not memory.cache


def test_without_memory_or_without_a_layer_digest_it_is_read(memory: Memory) -> None:
    read = Reader(full())
    nameless = msgspec.structs.replace(IMAGE, layers=(Layer(index=0, diff_id=Digest("sha256", "3" * 64)),))
    for _ in range(2):
        remembered(IMAGE, None, read)
        remembered(nameless, memory, read)
    assert read.count == 4


def test_damaged_records_and_names_outside_utf_8_are_read_again(memory: Memory) -> None:
    assert isinstance(memory.cache, Kept)
    read = Reader(full())
    remembered(IMAGE, memory, read)
    for count, harm in enumerate((lambda data: b"\x01", lambda data: data[:-1], lambda data: b"\x01" + data), 2):
        for key, data in memory.cache.items():
            memory.cache[key] = harm(data)
        assert remembered(IMAGE, memory, read) == full()
        assert read.count == count
    odd = Reader(
        Inventory(subject=SUBJECT, components=(Component(key="k", purl="", ecosystem="", name="\udcff", version=""),))
    )
    other = msgspec.structs.replace(IMAGE, user="u")
    assert remembered(other, memory, odd) == remembered(other, memory, odd) == odd.inventory
    labelled = msgspec.structs.replace(IMAGE, labels={"a": "\udcff"})
    assert remembered(labelled, memory, odd) == odd.inventory


def test_what_fails_is_not_kept(memory: Memory) -> None:
    def fail() -> Inventory:
        raise UntrustedError("no")

    with pytest.raises(UntrustedError):
        remembered(IMAGE, memory, fail)
    assert not memory.cache


def test_the_program_is_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _settle(monkeypatch)
    assert program.program_digest() == program.program_digest() != ""
    (tmp_path / "a").mkdir()
    for path in ("__init__.py", "a/b.py", "a/data.json"):
        (tmp_path / path).write_text("x = 1\n")
    monkeypatch.setattr(program.assay, "__file__", str(tmp_path / "__init__.py"))
    seen = {program.program_digest()}
    for path in ("a/b.py", "a/data.json", "a/new.py"):
        (tmp_path / path).write_text("x = 2\n")
        seen.add(program.program_digest())
    assert len(seen) == 4
    (tmp_path / "a/__pycache__").mkdir()
    (tmp_path / "a/__pycache__/b.pyc").write_bytes(b"")
    assert program.program_digest() in seen
    monkeypatch.setattr(program.assay, "__file__", str(tmp_path / "none/__init__.py"))
    assert program.program_digest() == ""


def _written(path: Path, text: str, after: Path) -> None:
    """Write until the file system's clock, which ticks every few milliseconds, shows another time than at `after`."""
    before = after.stat().st_ctime_ns
    path.write_text(text)
    while path.stat().st_ctime_ns <= before:
        path.write_text(text)


def _settle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what was just written count as settled: this process began later."""
    monkeypatch.setattr(program, "_began_ns", lambda: time.time_ns() + 3_600_000_000_000)


def test_files_that_have_not_changed_are_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = tmp_path / "__init__.py", tmp_path / "b.py"
    first.write_text("x = 1\n")
    _written(second, "x = 1\n", after=first)
    monkeypatch.setattr(program.assay, "__file__", str(first))
    _settle(monkeypatch)
    cache = Kept()
    before = program.program_digest()
    assert program.program_digest(cache) == before != ""
    assert len(cache) == 1
    with monkeypatch.context() as unread:
        unread.setattr(program, "_content", None)
        assert program.program_digest(cache) == before
    # The same size, and the time of its content set back, as installers and reproducible builds do.
    times = second.stat()
    _written(second, "x = 2\n", after=second)
    os.utime(second, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert program.program_digest(cache) == program.program_digest() not in ("", before)
    assert len(cache) == 2


def test_a_program_that_was_exchanged_while_it_runs_has_no_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only = tmp_path / "__init__.py"
    only.write_text("x = 1\n")
    monkeypatch.setattr(program.assay, "__file__", str(only))
    changed = only.stat().st_ctime_ns
    for began, told in ((changed - 1, False), (changed + 1_000_000, False), (changed + 3_000_000_000, True)):
        monkeypatch.setattr(program, "_began_ns", partial(int, began))
        assert bool(program.program_digest()) is told


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no proc_pid_stat(5) here")
def test_a_process_began_before_it_asks() -> None:
    code = "import time; t = time.time_ns(); from assay.adapters.program import _began_ns; print(_began_ns() < t)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)
    assert done.stdout == b"True\n"


def test_times_that_tell_nothing_are_not_relied_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only = tmp_path / "__init__.py"
    only.write_text("x = 1\n")
    monkeypatch.setattr(program.assay, "__file__", str(only))
    _settle(monkeypatch)
    cache = Kept()
    assert program.program_digest(cache)
    assert not cache, "one time for all: a file system that keeps none"


def test_strict_and_uncached_runs_open_every_layer_a_rescan_none(tmp_path: Path) -> None:
    image = tmp_path / "image"
    layout(image, demo_layers())
    first = assay("sbom", f"oci-dir:{image}", home=tmp_path)
    assert first.code == 0, first.err
    assert assay("sbom", f"oci-dir:{image}", home=tmp_path).out == first.out
    for blob in (image / "blobs/sha256").iterdir():
        if blob.read_bytes()[:2] == b"\x1f\x8b":
            blob.write_bytes(b"\x1f\x8b damaged")
    assert assay("sbom", f"oci-dir:{image}", home=tmp_path).out == first.out  # verified when it was read
    for env, words in (({"CI": "true"}, ()), ({}, ("--no-cache",))):
        refused = assay("sbom", f"oci-dir:{image}", *words, home=tmp_path, env=env)
        assert refused.code == 3, refused.err
