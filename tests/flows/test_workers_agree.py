"""The same image gives the same bytes: alone, in threads, in processes, from the cache, and without it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from assay.artifact.layers import LayerScan
from assay.dependencies.cataloger import Fragment
from assay.flows.catalogue import Hit, LayerRecord, _lone
from assay.model.digest import Digest
from assay.model.image import Layer
from assay.model.inventory import Gap
from command import assay
from fakes.layouts import demo_layers, layout, metadata

HERE = Path(__file__).resolve().parent.parent
SCRIPT = """
import hashlib, os, pickle, sys
from pathlib import Path
from assay.adapters.layercache import FolderLayerCache
from assay.adapters.layout import LayoutSource
from assay.adapters.processes import Processes
from assay.adapters.workers import Threads
from assay.artifact.image import resolve
from assay.artifact.reference import Target
from assay.dependencies.catalogers import TABLE
from assay.flows.catalogue import Bench, catalogue_image
from assay.formats.cyclonedx import write
from assay.model.errors import UntrustedError
from assay.model.limits import DEFAULT_LIMITS
from assay.model.report import Tool

class Silent:
    def stage(self, text):
        pass

class Forked(Processes):
    pids = set()
    def map(self, function, items):
        def noted(item):
            import time
            time.sleep(0.02)  # so that nobody does it all alone
            return os.getpid(), function(item)
        found = super().map(noted, items)
        self.pids |= {pid for pid, _ in found}
        return [result for _, result in found]

class Noting:
    count = 0
    def __call__(self, chunks):
        Noting.count += 1
        return Threads(2).beside(chunks)

def read(workers, cache, beside=Threads(1).beside):
    source = LayoutSource(Target(scheme="oci-dir", location=sys.argv[1]))
    (image,) = resolve(source)
    bench = Bench(
        table=TABLE, workers=workers, beside=beside, cache=cache, limits=DEFAULT_LIMITS, strict=False, progress=Silent()
    )
    return catalogue_image(image, source, bench)
"""


def script(code: str, image: Path, *more: str) -> None:
    argv = [sys.executable, "-c", SCRIPT + code, str(image), *more]
    env = {**os.environ, "PYTHONPATH": str(HERE)}
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, env=env, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five layers: a base, an upgrade, a deletion, and a name outside UTF-8, which no cache can keep."""
    folder = tmp_path_factory.mktemp("agree") / "image"
    odd = os.fsdecode(b"opt/\xff/y-1.dist-info/METADATA")
    layers = [
        *demo_layers(),
        {odd: metadata("y", "1"), "opt/../x": b""},
        {"opt/z-1.dist-info/METADATA": metadata("z", "1")},
    ]
    layout(folder, layers)
    return folder


@pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux only")
def test_threads_processes_cached_and_not_say_the_same(image: Path, tmp_path: Path) -> None:
    script(
        """
forked = Forked(3)
first = read(Threads(1), None)
assert {c.name for c in first.components} >= {"bash", "requests", "y", "z"}
for count in range(2):  # the second time from the cache
    assert read(forked, FolderLayerCache(Path(sys.argv[2]), DEFAULT_LIMITS)) == first
assert len(forked.pids) == 3 and os.getpid() in forked.pids
for workers in (Threads(4), Forked(2), Forked(7)):
    assert read(workers, None) == read(workers, None, Threads(2).beside) == first
assert read(Threads(1), None, Noting()) == first
assert 1 <= Noting.count < 5, "only where others wait"
        """,
        image,
        str(tmp_path),
    )


@pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux only")
def test_a_tampered_layer_is_refused_from_any_process(image: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    layout(copy, [{"a": b"1"}, {"b": b"2"}, {"c": b"3"}])
    manifest = next(path for path in (copy / "blobs/sha256").iterdir() if b"layer.v1" in path.read_bytes())
    for layer in msgspec.json.decode(manifest.read_bytes())["layers"]:
        path = copy / "blobs/sha256" / layer["digest"][7:]
        path.write_bytes(path.read_bytes()[:-1] + b"!")
    script(
        """
for workers, beside in ((Threads(1), Threads(1)), (Threads(3), Threads(2)), (Processes(3), Threads(2))):
    try:
        read(workers, FolderLayerCache(Path(sys.argv[2]), DEFAULT_LIMITS), beside.beside)
    except UntrustedError as error:
        assert error.code == "DIGEST_MISMATCH" and error.where.startswith("layer "), error
    else:
        raise AssertionError
assert not list(Path(sys.argv[2]).rglob("*-*"))
        """,
        copy,
        str(tmp_path / "cache"),
    )


def test_the_command_gives_the_same_bytes_for_any_number_of_workers(image: Path, tmp_path: Path) -> None:
    answers = {
        assay("sbom", f"oci-dir:{image}", *more, home=tmp_path / home, env={"ASSAY_WORKERS": workers}).out
        for workers, home, more in (("1", "a", ()), ("3", "b", ()), ("2", "b", ()), ("2", "c", ("--no-cache",)))
    }
    assert len(answers) == 1
    assert b"requests" in answers.pop()


@pytest.mark.parametrize("path", ["a/b", "a/\udcff"])
def test_a_record_survives_the_way_between_processes(path: str) -> None:
    import pickle

    digest = Digest("sha256", "0" * 64)
    scan = LayerScan(
        diff_id=digest, entries=1, inflated_bytes=2, files=b"\xff" * 16, gaps=(Gap("limit", path, None, "x"),)
    )
    record = LayerRecord(scan=scan, hits=(Hit(path=path, cataloguer="dpkg", fragment=Fragment()),))
    assert pickle.loads(pickle.dumps(record, 5)) == record


@pytest.mark.parametrize(
    ("sizes", "lone"),
    [
        ((), ()),
        ((5,), (0,)),
        ((9, 8, 7), (2,)),
        ((90, 47, 10, 2), (2, 3)),
        ((90, 48, 10, 2), (1, 2, 3)),
        ((None, None), (0, 1)),
    ],
)
def test_a_layer_is_lone_where_little_is_left_behind_it(sizes: tuple[int | None, ...], lone: tuple[int, ...]) -> None:
    layers = [Layer(index=index, diff_id=None, size=size) for index, size in enumerate(sizes)]
    assert _lone(layers) == set(lone)


@pytest.mark.parametrize("harm", [lambda blob: blob[:-9], lambda blob: blob[:-1] + b"!", lambda blob: b"!" + blob])
def test_a_lone_layer_that_is_damaged_is_refused(tmp_path: Path, harm: Callable[[bytes], bytes]) -> None:
    layout(tmp_path / "one", [{"a": os.urandom(3_000_000), "opt/z-1.dist-info/METADATA": metadata("z", "1")}])
    assert assay("sbom", f"oci-dir:{tmp_path}/one", home=tmp_path, env={"ASSAY_WORKERS": "2"}).code == 0
    blob = max((tmp_path / "one/blobs/sha256").iterdir(), key=lambda path: path.stat().st_size)
    blob.write_bytes(harm(blob.read_bytes()))
    for workers in ("1", "2"):
        refused = assay("sbom", f"oci-dir:{tmp_path}/one", "--no-cache", home=tmp_path, env={"ASSAY_WORKERS": workers})
        assert refused.code == 3, refused.err
        assert "does not match its" in refused.err
