"""Planted in sealed builds: what shows in two builds is named by its class, what is guarded against shows nowhere."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.adapters.spool import FileSpool
from assay.adapters.varying import Machine
from assay.build import sealing
from assay.build.producers import native
from assay.model.comparison import Cause
from assay.model.limits import DEFAULT_LIMITS
from assay.model.tree import OwnedEntry, Owner, TreeEntry
from buildroot import has_bubblewrap, has_shell
from plants import ALL, differences, once, room, root_with

pytestmark = [has_bubblewrap, has_shell]
has_compiler = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")
has_python = pytest.mark.skipif(not os.path.exists("/usr/bin/python3"), reason="/usr/bin/python3 is not here")


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    with room() as folder:
        compiler, python = shutil.which("gcc") is not None, os.path.exists("/usr/bin/python3")
        yield root_with(folder / "root", compiler=compiler, python=python)


@pytest.fixture
def place() -> Iterator[Path]:
    with room() as folder:
        yield folder


def program(name: str) -> object:
    return pytest.mark.skipif(shutil.which(name) is None, reason=f"{name} is not installed")


OBJECT = 'echo "int f(int x) { return x; }" > "$f"; gcc $CFLAGS -c "$f" -o '

VISIBLE = [
    pytest.param("date > $OUT/f", {"timestamp"}, True, id="date"),
    pytest.param("date +%s > $OUT/f", {"timestamp"}, True, id="seconds"),
    pytest.param("head -c 64 /dev/urandom > $OUT/f", {"random"}, False, id="random"),
    pytest.param("nproc > $OUT/f", {"cpu-count"}, True, id="cpu-count"),
    pytest.param("echo jobs=$(nproc) > $OUT/f", {"cpu-count"}, True, id="cpu-count-in-text"),
    pytest.param("uname -r > $OUT/f", {"kernel"}, True, id="kernel"),
    pytest.param("uname -srm > $OUT/f", {"kernel"}, True, id="kernel-in-text"),
    pytest.param("echo x > x; zip -q $OUT/f.zip x", {"zip-time"}, False, id="zip", marks=program("zip")),
    pytest.param("echo x > x; gzip -c x > $OUT/f.gz", {"gzip-header"}, False, id="gzip", marks=program("gzip")),
    pytest.param("mktemp > $OUT/f", {"temp-name"}, False, id="mktemp"),
    pytest.param("echo x > x; ar crU $OUT/lib.a x", {"ar-header"}, False, id="ar-U", marks=program("ar")),
    pytest.param(
        'f=$(mktemp --suffix=.c); ' + OBJECT + '"$OUT/f.o"', {"temp-name"}, False, id="debug-data", marks=has_compiler
    ),
]  # fmt: skip


def _present(mark: object) -> bool:
    return not any(one.args[0] for one in mark)  # skipif's condition


@pytest.fixture(scope="module")
def twice(root: Path) -> Iterator[dict[str, list[Cause]]]:
    """Every plant in one sealed build, and in a second one under other conditions once the clock has gone on."""
    script = "\n".join(
        f"mkdir -p /out/{plant.id} /build/{plant.id}; (cd /build/{plant.id}; OUT=/out/{plant.id}; {plant.values[0]})"
        for plant in VISIBLE
        if _present(plant.marks)
    )
    with room() as folder:
        first = once(root, script, folder)
        while int(time.time()) // 2 <= first.conditions.finished // 2:  # a zip counts every other second
            time.sleep(0.02)
        found: dict[str, list[Cause]] = {}
        for cause in differences(first, once(root, script, folder, ALL)):
            found.setdefault(cause.path.partition("/")[0], []).append(cause)
        yield found


@pytest.mark.parametrize(("script", "expected", "shown"), VISIBLE)
def test_what_shows_in_two_builds_is_named_exactly(
    twice: dict[str, list[Cause]], script: str, expected: set[str], shown: bool, request: pytest.FixtureRequest
) -> None:
    found = twice[request.node.callspec.id]
    assert {cause.kind for cause in found} == expected, found
    assert all(cause.shown for cause in found) == shown


NEUTRALISED = [
    pytest.param("echo $$ > $OUT/f", id="pid"),
    pytest.param("cat /proc/sys/kernel/hostname > $OUT/f; uname -n >> $OUT/f", id="host-name"),
    pytest.param("pwd > $OUT/f; echo $HOME $SRC $OUT >> $OUT/f", id="path"),
    pytest.param("id -u > $OUT/f; id -g >> $OUT/f", id="uid"),
    pytest.param("umask > $OUT/f; mkdir d; ls -ld d | head -c 10 >> $OUT/f", id="umask"),
    pytest.param("printf 'b\\nA\\na\\n' | sort > $OUT/f; echo $LC_ALL $TZ >> $OUT/f", id="locale"),
    pytest.param("python3 -S -c 'print({str(i) for i in range(50)})' > $OUT/f", id="hash-order", marks=has_python),
    pytest.param(
        "echo 'x = 1' > m.py; python3 -S -c 'import py_compile; py_compile.compile(\"m.py\", \"/out/m.pyc\")'",
        id="byte-code", marks=has_python,
    ),
    pytest.param("f=m.c; " + OBJECT + '"$OUT/f.o"', id="object", marks=has_compiler),
    pytest.param("echo x > x; ar crD $OUT/lib.a x", id="ar-D", marks=program("ar")),
]  # fmt: skip


@pytest.mark.parametrize("script", NEUTRALISED)
def test_what_is_guarded_against_shows_nowhere(
    root: Path, place: Path, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = once(root, script, place)
    for name, value in {"LC_ALL": "de_DE.UTF-8", "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7", "HOSTNAME": "x"}.items():
        monkeypatch.setenv(name, value)
    second = once(root, script, place, ALL)
    assert first.files
    assert first.files == second.files


@pytest.mark.parametrize(
    ("script", "removed", "expected"),
    [
        pytest.param("cat /proc/sys/kernel/hostname > $OUT/f", {"HOSTNAME": "elsewhere"}, {"unknown"}, id="host-name"),
        pytest.param("id -u > $OUT/f", {"UID": 1234}, {"unknown"}, id="uid"),
        pytest.param("f=m.c; " + OBJECT + '"$OUT/f.o"', {"PREFIX_MAP": "CFLAGS"}, {"build-path"}, id="prefix-map", marks=has_compiler),
    ],
)  # fmt: skip
def test_without_its_guard_it_shows(
    root: Path,
    place: Path,
    script: str,
    removed: dict[str, object],
    expected: set[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = once(root, script, place)
    extra: dict[str, str] = {}
    if "PREFIX_MAP" in removed:
        first = once(root, "mkdir one; cd one; " + script, place, extra={"CFLAGS": "-O2 -g"})
        script, extra = "mkdir two; cd two; " + script, {"CFLAGS": "-O2 -g"}
    else:
        for name, value in removed.items():
            monkeypatch.setattr(sealing, name, value)
    second = once(root, script, place, extra=extra)
    assert {cause.kind for cause in differences(first, second)} == expected


@has_python
def test_hash_order_and_byte_code_show_without_their_variables(root: Path, place: Path) -> None:
    order = "python3 -S -c 'print({str(i) for i in range(50)})' > $OUT/f"
    seeds = [once(root, order, place, extra={"PYTHONHASHSEED": str(seed)}).files["f"] for seed in (1, 2)]
    assert seeds[0] != seeds[1]
    code = "echo 'x = 1' > m.py; touch -d @$STAMP m.py; python3 -S -c 'import py_compile; py_compile.compile(\"m.py\", \"/out/m.pyc\")'"
    made = [once(root, code, place, extra={"STAMP": stamp}, drop=("SOURCE_DATE_EPOCH",)) for stamp in ("5000", "6000")]
    assert {cause.kind for cause in differences(*made)} == {"pyc-header"}


def test_the_order_of_a_folder_shows_once_it_is_shuffled(root: Path, place: Path) -> None:
    machine, spool, owner = Machine(DEFAULT_LIMITS), FileSpool(), Owner("source", "x")
    if machine.plan(("order",))[0].state == "not varied":
        pytest.skip("no file system here lists names as they were made")
    items = [OwnedEntry(TreeEntry(path=b"d", kind="directory", mode=0o755), owner)]
    items += [OwnedEntry(TreeEntry(path=b"d/f%02d" % n, size=1), owner, spool.add((b"x",))) for n in range(24)]
    made = []
    for names in (frozenset(), frozenset({"order"})):
        with machine.workshop(names).lay(items, spool.read, epoch=5) as inputs:
            made.append(once(root, "ls -U $SRC/d > $OUT/f; ls $SRC/d > $OUT/sorted", place, names, inputs=inputs))
    spool.close()
    found = differences(*made)
    assert [(cause.path, cause.kind) for cause in found] == [("f", "line-order")]


@has_compiler
def test_a_program_for_one_processor_is_told_by_what_its_compiler_wrote_down(root: Path, place: Path) -> None:
    flags = {"native": "-g -march=znver1", "plain": "-g", "level": "-g -march=x86-64-v2", "bare": "-march=znver1"}
    script = "echo 'int f(int x) { return x; }' > m.c; gcc $CFLAGS -c m.c -o $OUT/f.o"
    told = {
        name: native(once(root, script, place, extra={"CFLAGS": value}).files["f.o"], 1 << 24)
        for name, value in flags.items()
    }
    assert told == {"native": ("znver1",), "plain": (), "level": (), "bare": ()}


def test_what_is_no_program_names_no_processor() -> None:
    assert native(b"GNU C17 -march=znver1", 1 << 20) == ()
    assert native(b"\x7fELF\x02\x01\x01" + bytes(200), 1 << 20) == ()
