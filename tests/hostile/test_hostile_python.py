"""Python sources and metadata made to cost time, memory or truth: bounded, and never believed further than they go."""

import time

import pytest

from assay.dependencies.importing import ImportGraph
from assay.dependencies.python_files import Gatherer, tree
from assay.dependencies.python_graph import graph
from assay.dependencies.python_start import Command, Start, start
from assay.formats import pyimports
from assay.model.limits import DEFAULT_LIMITS, Limits

MIB = 1 << 20
SITE = "usr/lib/python3/dist-packages"


@pytest.mark.parametrize(
    "data",
    [
        b'"""\\"' * (MIB // 5),
        b'\\"""' * (MIB // 4),
        b"'" * MIB,
        b"(" * MIB,
        b"[" * (MIB // 2) + b"]" * (MIB // 2),
        b"import " * (MIB // 7),
        b"from . " * (MIB // 7),
        b"from " + b"." * MIB,
        b"from a import (" * (MIB // 15),
        b"import a" + b".a" * (MIB // 2),
        b"import " + b",".join(b"a%d" % n for n in range(100_000)),
        b"if TYPE_CHECKING:\n" * (MIB // 18),
        b"if TYPE_CHECKING:\n x\n" * (MIB // 21),
        b" " * MIB,
        b"\n \n" * (MIB // 3),
        b";:" * (MIB // 2),
        b"\\\n" * (MIB // 2),
        b"# coding" * (MIB // 8),
        b"\xff" * MIB,
    ],
    ids=lambda data: repr(data[:12]),
)
def test_a_megabyte_of_anything_is_read_at_once(data: bytes) -> None:
    begun = time.process_time()
    pyimports.read(data)
    assert time.process_time() - begun < 3


def walked(
    files: dict[str, bytes],
    *words: str,
    limits: Limits = DEFAULT_LIMITS,
    environment: tuple[tuple[str, str], ...] = (),
) -> ImportGraph:
    gatherer = Gatherer(limits)
    for path, data in files.items():
        kind = gatherer.choose(path, data[:4], len(data), 0o755)
        if kind is not None:
            gatherer.take(kind, path, (data,), len(data), 0o755)
    found = gatherer.found
    whole = tree([found], {(0, path): True for path in found.paths()})
    return graph(
        start(Command(words=words or ("python", "/m0.py"), environment=environment), whole.shebangs.get), whole, limits
    )


def test_a_ring_and_a_deep_chain_of_imports_end() -> None:
    files = {f"m{n}.py": b"import m%d" % ((n + 1) % 20_000) for n in range(20_000)}
    begun = time.process_time()
    found = walked(files)
    assert time.process_time() - begun < 5
    assert found.files == 20_000


def test_everything_importing_everything_ends() -> None:
    names = b"\n".join(b"import m%d" % n for n in range(300))
    begun = time.process_time()
    found = walked({f"m{n}.py": names for n in range(300)})
    assert time.process_time() - begun < 5
    assert found.files == 300


def test_a_name_of_a_thousand_parts_and_dots_without_end() -> None:
    found = walked({"m0.py": b"import a" + b".a" * 50_000 + b"\nfrom " + b"." * 50_000 + b" import b", "a.py": b""})
    assert found.files == 2


def test_a_pth_file_of_a_hundred_thousand_directories_is_a_doubt() -> None:
    many = b"\n".join(b"/d%d" % n for n in range(100_000))
    found = walked({"m0.py": b"", f"{SITE}/x.pth": many, f"{SITE}/x.py": b""}, "/usr/bin/python3", "/m0.py")
    assert "directories are on the module path" in str(found)


def test_a_path_of_a_hundred_thousand_directories_and_as_many_places_for_packages_ends() -> None:
    files = {f"d{n}/lib/python3.11/site-packages/x.py": b"" for n in range(20_000)} | {"m0.py": b"import x"}
    environment = tuple((name, ":".join(f"/d{n}/bin" for n in range(100_000))) for name in ("PATH", "PYTHONPATH"))
    begun = time.process_time()
    found = walked(files, environment=environment)
    assert "directories are on the module path" in str(found.doubts)
    assert time.process_time() - begun < 5


def test_records_that_climb_out_claim_nothing_outside() -> None:
    record = b'../../../../../../../../etc/x.py,,\n/abs.py,,\n,,\n"\n' + b"a" * 10_000 + b".py,,\n"
    found = walked({"m0.py": b"", f"{SITE}/x-1.dist-info/RECORD": record})
    assert found.reached == {}


@pytest.mark.parametrize(
    "words",
    [
        ["sh", "-c", "'" * 100_000],
        ["env"] * 10_000,
        ["python", *["-W"] * 100_000],
        ["python", "../" * 50_000 + "x.py"],
        ["python", "-m", "." * 100_000],
        ["gunicorn", *["a:b"] * 10_000],
        ["\udcff\x00"],
        ["python", "-c", "\udcff import x"],
        [""],
    ],
    ids=lambda words: repr(words[:2])[:30],
)
def test_any_command_is_looked_at_and_none_raises(words: list[str]) -> None:
    begun = time.process_time()
    found = start(Command(words=tuple(words), environment=(("PATH", "/" * 10_000 + ":" * 10_000),)), lambda _: None)
    assert isinstance(found, Start)
    graph(found, tree((), {}))
    assert time.process_time() - begun < 2
