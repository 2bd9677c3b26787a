"""Layers and images made to hurt: each gives one clear error or a gap, within memory and time, and leaves nothing."""

import gzip
import json
import subprocess
import sys
import tempfile
import time
import zlib
from importlib import import_module
from pathlib import Path

import pytest

from assay.adapters.archive import open_archive
from assay.adapters.layout import LayoutSource
from assay.artifact.image import blob_of, resolve
from assay.artifact.layers import LayerScan, scan_layer, walk_layer
from assay.artifact.reference import Target
from assay.artifact.rootfs import hidden_by, resolve_links
from assay.formats.codec import inflate
from assay.model.digest import Digest
from assay.model.errors import AssayError, MalformedError, UnsupportedError, UntrustedError
from assay.model.image import Layer
from assay.model.limits import MIB, Limits
from fakes.layouts import LayoutBuilder
from fakes.tars import END, archive, cut, entry, header, pax, record

try:
    zstd = import_module("compression.zstd")
except ImportError:
    zstd = import_module("backports.zstd")

GZIP, ZSTD = "application/vnd.oci.image.layer.v1.tar+gzip", "application/vnd.oci.image.layer.v1.tar+zstd"


def walk(data: bytes, limits: Limits | None = None) -> tuple[LayerScan, dict[str, bytes]]:
    got: dict[str, bytes] = {}

    def take(_: bool, path: str, chunks: tuple[bytes, ...], _size: int, _mode: int) -> None:
        got[path] = b"".join(chunks)

    return walk_layer(cut(data, 4096), lambda *_: True, take, limits or Limits(), "layer 0"), got


CLIMBS = [b"../x", b"a/../../x", b"/../x", b"a/..", b"..", b"./../x", b"a//../x", b"\\..\\x/../y"]


@pytest.mark.parametrize("name", CLIMBS)
def test_paths_that_climb_are_gaps_and_nothing_is_taken(name: bytes) -> None:
    for data in (
        entry(name, b"evil"),
        pax((b"path", name)) + entry(b"n", b"evil"),
        entry(b"L", name + b"\0", b"L") + entry(b"n", b"evil"),
    ):
        scan, got = walk(data + entry(b"good", b"x") + END)
        assert got == {"good": b"x"}
        assert [gap.kind for gap in scan.gaps] == ["skipped"]


@pytest.mark.parametrize("name", [b"/etc/passwd", b"//etc/passwd", b"/./etc/passwd"])
def test_absolute_paths_are_paths_in_the_image(name: bytes) -> None:
    assert walk(entry(name, b"x") + END)[1] == {"etc/passwd": b"x"}


def test_absolute_and_climbing_links_are_never_followed() -> None:
    scan, got = walk(
        archive(
            [
                ("a", "sym", "/etc/passwd"),
                ("b", "sym", "../../../etc/shadow"),
                ("c", "hard", "/etc/passwd"),
                ("d", "hard", "../../etc/shadow"),
            ]
        )
    )
    assert (got, scan.symlinks) == ({}, 2)
    assert [gap.path for gap in scan.gaps] == ["d"]
    assert resolve_links([scan]) == ((), ((0, "c", "etc/passwd"),))


def test_link_loops_end() -> None:
    rows = [(f"l{n}", "hard", f"l{(n + 1) % 500}") for n in range(500)]
    scan, _ = walk(archive([*rows, ("s", "sym", "s"), ("d", "sym", "d/d/d")]))  # type: ignore[list-item]
    resolved, dangling = resolve_links([scan])
    assert (len(resolved), len(dangling)) == (0, 500)


def test_a_chain_of_links_is_followed_as_far_as_the_limit() -> None:
    layers = [walk(archive([("f0", "file", b"x")]))[0]]
    layers += [walk(archive([(f"f{n}", "hard", f"f{n - 1}")]))[0] for n in range(1, 100)]
    resolved, dangling = resolve_links(layers, Limits(link_hops_count=40))
    assert (len(resolved), len(dangling)) == (40, 59)
    assert {(link.target_layer, link.target) for link in resolved} == {(0, "f0")}


def test_nul_in_a_name_is_a_gap() -> None:
    scan, got = walk(pax((b"path", b"etc/passwd\0.txt")) + entry(b"n", b"x") + END)
    assert got == {}
    assert "NUL" in scan.gaps[0].reason
    assert "\0" not in scan.gaps[0].path


def test_sizes_that_lie() -> None:
    real = entry(b"after", b"x") + END
    with pytest.raises(MalformedError, match="truncated"):
        walk(header(b"big", 1 << 50) + b"tiny".ljust(512) + real)
    _, got = walk(header(b"swallow", 1536) + real)  # a size is the author's word: what lies inside is content
    assert set(got) == {"swallow"}
    with pytest.raises(MalformedError):
        walk(header(b"short", 3) + b"z" * 1024 + real)
    with pytest.raises(MalformedError):
        walk(header(b"negative", b"\xff" * 12) + real)


def test_a_pax_bomb_is_refused_before_it_is_read() -> None:
    with pytest.raises(UnsupportedError, match="pax_header_bytes"):
        walk(header(b"h", 1 << 33, b"x") + END)
    many = b"".join(record(b"k%d" % n, b"v") for n in range(60_000))
    assert len(many) < MIB
    assert walk(entry(b"h", many, b"x") + entry(b"n", b"x") + END)[1] == {"n": b"x"}


def test_a_chain_of_extended_headers_keeps_no_memory() -> None:
    scan, got = walk(entry(b"L", b"n" * 2000 + b"\0", b"L") * 2000 + entry(b"x", b"y") + END)
    assert (scan.entries, set(got)) == (1, {"n" * 2000})


def test_names_made_to_flood_the_gaps() -> None:
    scan, _ = walk(
        entry(b"../x" * 20) * 3000 + b"".join(entry(b"../%d" % n) for n in range(3000)) + END, Limits(gaps_count=100)
    )
    assert len(scan.gaps) <= 101


def test_whiteouts_cannot_reach_out_or_hide_their_own_layer() -> None:
    base, _ = walk(archive([("etc/passwd", "file", b"")]))
    evil, got = walk(
        entry(b"../.wh.etc")
        + entry(b".wh.../x")
        + entry(b"a/.wh...")
        + entry(b"etc/hosts", b"1")
        + entry(b"etc/.wh.hosts")
        + END
    )
    assert "etc/hosts" in got
    assert hidden_by([base, evil], [(0, "etc/passwd"), (1, "etc/hosts")]) == {
        (0, "etc/passwd"): None,
        (1, "etc/hosts"): None,
    }


def test_a_deep_path_costs_little() -> None:
    deep = "/".join(["d"] * 257)
    scan, _ = walk(archive([(deep, "file", b"x")]))
    assert hidden_by([scan, scan], [(0, deep)]) == {(0, deep): 1}
    assert walk(archive([("/".join(["d"] * 3000), "file", b"x")]))[0].gaps[0].kind == "limit"


BOMB_PROBE = """
import resource, sys, time
from assay.artifact.layers import scan_layer
from assay.model.digest import Digest
from assay.model.errors import AssayError
from assay.model.image import Layer
from assay.model.limits import Limits
path, kind, ratio, limit = sys.argv[1:]
stored = open(path, "rb").read()
layer = Layer(index=0, diff_id=None, digest=Digest.of(stored), size=len(stored), media_type=kind)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    scan_layer([stored], layer, lambda *_: None, lambda *_: None,
               Limits(inflate_ratio_count=int(ratio), layer_inflated_bytes=int(limit)), where="layer 0")
    answer = "read"
except AssayError as error:
    answer = f"{error.kind}: {error.what}: {error.remedy}"
usage = resource.getrusage(resource.RUSAGE_SELF)
print(answer, "|", (usage.ru_maxrss - before) // 1024, "|", usage.ru_utime)
"""


def _zeros(pack: str, size: int) -> bytes:
    """A tar whose one file is `size` zeros, compressed piece by piece."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31) if pack == "gzip" else zstd.ZstdCompressor(level=3)
    parts = [packer.compress(header(b"zeros", size))]
    parts += [packer.compress(bytes(16 * MIB)) for _ in range(size // (16 * MIB))]
    return b"".join([*parts, packer.flush()])


@pytest.mark.parametrize(
    ("pack", "kind", "size", "ratio", "limit", "answer"),
    [
        ("gzip", GZIP, 256 * MIB, 1200, 64 * MIB, "unsupported: inflates beyond the limit"),
        ("zstd", ZSTD, 1 << 30, 1200, 128 << 30, "unsupported: inflates beyond the limit"),
        ("zstd", ZSTD, 1 << 30, 10**9, 256 * MIB, "unsupported: inflates beyond the limit"),
        ("gzip", GZIP, 128 * MIB, 1200, 128 << 30, "read"),
    ],
    ids=["gzip-size", "zstd-ratio", "zstd-size", "honest-zeros"],
)
def test_bombs_cost_neither_memory_nor_time(
    pack: str, kind: str, size: int, ratio: int, limit: int, answer: str, tmp_path: Path
) -> None:
    bomb = tmp_path / "bomb"
    bomb.write_bytes(_zeros(pack, size))
    assert bomb.stat().st_size < 2 * MIB
    done = subprocess.run(
        [sys.executable, "-c", BOMB_PROBE, str(bomb), kind, str(ratio), str(limit)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    said, memory, seconds = (part.strip() for part in done.stdout.split("|"))
    assert said.startswith(answer), done.stderr
    assert int(memory) < 32
    assert float(seconds) < 10


def test_a_bomb_of_many_members_is_one_bomb() -> None:
    with pytest.raises(UnsupportedError, match="layer_inflated_bytes"):
        for _ in inflate(iter([gzip.compress(bytes(MIB))] * 100), GZIP, Limits(layer_inflated_bytes=10 * MIB), "x"):
            pass


def test_endless_empty_members_end_with_the_blob() -> None:
    assert list(inflate([gzip.compress(b"") * 20_000], GZIP, Limits(), "x")) == []
    assert list(inflate([zstd.compress(b"") * 20_000], ZSTD, Limits(), "x")) == []


def test_a_blob_that_does_not_end_is_left_at_its_size() -> None:
    def endless() -> object:
        while True:
            yield gzip.compress(b"\0" * 512)

    layer = Layer(index=0, diff_id=None, digest=Digest.of(b""), size=100_000, media_type=GZIP)
    with pytest.raises(UntrustedError, match="size"):
        scan_layer(endless(), layer, lambda *_: None, lambda *_: None, Limits(), where="layer 0")  # type: ignore[arg-type]


@pytest.mark.parametrize("what", ["manifest", "config", "layer"])
def test_a_digest_that_lies_is_untrusted_and_names_both(what: str, tmp_path: Path) -> None:
    builder = LayoutBuilder(tmp_path / "image")
    entry_ = builder.image([{"etc/os-release": b"ID=debian"}])
    builder.index(entry_)
    blobs = builder.folder / "blobs" / "sha256"
    manifest = json.loads((blobs / str(entry_["digest"])[7:]).read_bytes())
    named = {
        "manifest": entry_["digest"],
        "config": manifest["config"]["digest"],
        "layer": manifest["layers"][0]["digest"],
    }[what]
    blob = blobs / named[7:]
    changed = blob.read_bytes()[:-1] + b"\x01"
    blob.write_bytes(changed)
    source = LayoutSource(Target(scheme="oci-dir", location=str(builder.folder)))

    def read() -> None:
        (image,) = resolve(source)
        for layer in image.layers:
            with source.stream(blob_of(layer)) as stored:
                scan_layer(stored, layer, lambda *_: None, lambda *_: None, Limits(), where="layer 0")

    with pytest.raises(UntrustedError) as caught:
        read()
    assert named in caught.value.why
    assert str(Digest.of(changed)) in caught.value.why


@pytest.mark.parametrize(
    ("document", "error"),
    [
        (b'{"schemaVersion":2,"manifests":[],"manifests":[]}', MalformedError),
        (b"[" * 10_000 + b"]" * 10_000, MalformedError),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, MalformedError),
        (b"\xff\xfe{}", MalformedError),
        (b"", MalformedError),
        (b"null", MalformedError),
        (b" " * (5 * MIB), AssayError),
        (b'{"schemaVersion":2,"manifests":NaN}', MalformedError),
    ],
    ids=["duplicate", "deep-list", "deep-object", "utf-16", "empty", "null", "large", "nan"],
)  # fmt: skip
def test_an_index_that_is_none(document: bytes, error: type[AssayError], tmp_path: Path) -> None:
    builder = LayoutBuilder(tmp_path / "image")
    (builder.folder / "index.json").write_bytes(document)
    with pytest.raises(error) as caught:
        LayoutSource(Target(scheme="oci-dir", location=str(builder.folder))).root()
    assert caught.value.line()


def test_an_archive_whose_sizes_lie(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(entry(b"oci-layout", b"{}") + header(b"index.json", 1 << 40) + b"{}")
    with pytest.raises(MalformedError, match="truncated"):
        open_archive(Target(scheme="oci-archive", location=str(path)), Limits())


def test_a_compressed_archive_bomb_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    path = tmp_path / "a.tar.gz"
    path.write_bytes(_zeros("gzip", 32 * MIB))
    with pytest.raises(UnsupportedError, match="inflates beyond the limit"):
        open_archive(Target(scheme="oci-archive", location=str(path)), Limits(image_archive_bytes=8 * MIB))
    assert [item.name for item in tmp_path.iterdir()] == ["a.tar.gz"]


def test_paths_of_many_directories_are_gaps_and_cost_nothing() -> None:
    deep = [pax((b"path", b"/".join([b"%d" % n] * 1_500) + b"/f")) + entry(b"n", b"x") for n in range(300)]
    script = "\n".join(
        (
            "import resource, sys",
            "from assay.artifact.layers import walk_layer",
            "from assay.artifact.rootfs import hidden_by",
            "from assay.model.limits import Limits",
            "data = sys.stdin.buffer.read()",
            "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss",
            "scan = walk_layer([data], lambda *_: True, lambda *_: None, Limits(), 'layer 0')",
            "print(len(scan.gaps), scan.gaps[0].kind, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)",
        )
    )
    done = subprocess.run(
        [sys.executable, "-c", script], input=b"".join(deep) + END, capture_output=True, check=True, timeout=60
    )
    count, kind, kilobytes = done.stdout.split()
    assert (int(count), kind) == (300, b"limit")
    assert int(kilobytes) < 50_000


def test_wanted_files_in_too_many_directories_are_refused() -> None:
    data = b"".join(entry(b"%d/%d/f" % (n, n), b"x") for n in range(50)) + END
    with pytest.raises(UnsupportedError, match="layer_directories_count"):
        walk(data, Limits(layer_directories_count=99))
    assert len(walk(data, Limits(layer_directories_count=100))[1]) == 50


def test_files_in_the_place_of_directories_take_linear_time() -> None:
    data = b"".join(entry(b"p%d/f" % n, b"x") + entry(b"p%d" % n, b"") for n in range(20_000)) + END
    started = time.process_time()
    scan, _ = walk_layer(cut(data, 1 << 20), lambda p, *_: p[-1] == "f" or None, lambda *_: None, Limits(), "x"), None
    assert len(scan.superseded) == 20_000
    assert time.process_time() - started < 5


def test_a_file_made_anew_below_what_replaced_its_directory_counts() -> None:
    data = entry(b"a/b/f", b"1") + entry(b"a/g", b"1") + entry(b"a/b", b"") + entry(b"a/b/f", b"2") + END
    assert walk(data)[0].superseded == ()
    assert walk(entry(b"a/b/f", b"1") + entry(b"a", b"") + END)[0].superseded == ("a/b/f",)


def test_a_hard_link_to_an_endless_name_is_a_gap() -> None:
    data = entry(b"f", b"x") + pax((b"linkpath", b"x" * 10_000)) + header(b"l", flag=b"1") + END
    scan, _ = walk(data)
    assert scan.links == ()
    assert [gap.kind for gap in scan.gaps] == ["limit"]
