"""Every comparator names the cause it is there for, and nothing else, on bytes made here."""

import gzip
import io
import lzma
import py_compile
import shutil
import struct
import subprocess
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.build.comparators import Pair, explain, looking
from assay.model.comparison import Cause, Conditions
from assay.model.limits import DEFAULT_LIMITS

ONE = Conditions(
    started=1_763_877_600, finished=1_763_877_602, cpus_count=2, kernel="6.18.0-one", hostname="alpha", user="ann",
    uid=1001, paths=("/work/a",),
)  # fmt: skip
OTHER = Conditions(
    started=1_763_881_200, finished=1_763_881_203, cpus_count=7, kernel="2.6.78-one", hostname="beta", user="bob",
    uid=2002, paths=("/work/b",),
)  # fmt: skip
NOWHERE = Conditions()


def causes(
    name: str, before: bytes, after: bytes, one: Conditions = NOWHERE, other: Conditions = NOWHERE
) -> list[Cause]:
    pair = Pair(path=f"opt/{name}", name=name, before=before, after=after)
    return list(explain(pair, looking(one, other, DEFAULT_LIMITS)))


def kinds(name: str, before: bytes, after: bytes, one: Conditions = NOWHERE, other: Conditions = NOWHERE) -> list[str]:
    return sorted({cause.kind for cause in causes(name, before, after, one, other)})


def zipped(
    content: bytes = b"x", *, year: int = 2025, mode: int = 0o644, names: tuple[str, ...] = ("a", "b"), method: int = 0
) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            info = zipfile.ZipInfo(name, (year, 1, 2, 3, 4, 6))
            info.external_attr, info.compress_type = mode << 16, method
            archive.writestr(info, content if name == "a" else b"same" * 50)
    return out.getvalue()


def tarred(*items: tuple[str, bytes, dict[str, object]]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content, more in items:
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), 5
            for key, value in more.items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def archived(*items: tuple[bytes, bytes, int]) -> bytes:
    parts = [b"!<arch>\n"]
    for name, content, time in items:
        parts.append(b"%-16s%-12d%-6d%-6d%-8s%-10d`\n" % (name, time, 0, 0, b"100644", len(content)))
        parts.append(content + b"\n" * (len(content) % 2))
    return b"".join(parts)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (b"built 2025-11-23 06:00:01\n", b"built 2025-11-23 07:00:02\n", ["timestamp"]),
        (b"on Sun Nov 23 06:00:01 UTC 2025\n", b"on Mon Nov 24 07:00:02 UTC 2025\n", ["timestamp"]),
        (b"Nov 23 2025 06:00:01", b"Nov 24 2025 07:00:02", ["timestamp"]),
        (b"t=1763877601;", b"t=1763881201;", ["timestamp"]),
        (b"id 3f2504e0-4f89-11d3-9a0c-0305e82c3301", b"id 9b2504e0-4f89-11d3-9a0c-0305e82c3301", ["random"]),
        (b"seed 9f86d081884c7d65", b"seed 0a1bd081884c7dff", ["random"]),
        (b"in /tmp/tmp.Ab3dE6gH90 now", b"in /tmp/tmp.zZ3dE6gH91 now", ["temp-name"]),
        (b"name tmp.Ab3dE6gH90", b"name tmp.zZ3dE6gH91", ["temp-name"]),
        (b"from ccQ8yu1L.o", b"from ccAbCdEf.o", ["temp-name"]),
        (b"b\na\nc\n", b"a\nb\nc\n", ["line-order"]),
        (b"src=/home/one/x.c\n", b"src=/home/two/x.c\n", ["build-path"]),
        (b"colour red", b"colour blue", ["unknown"]),
        (b"one\ntwo\n", b"one\n", ["unknown"]),
        (b"in 2025-11-23 for red", b"in 2025-11-24 for blue", ["timestamp", "unknown"]),
    ],
)
def test_a_text_by_its_patterns(before: bytes, after: bytes, expected: list[str]) -> None:
    assert kinds("file", before, after) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (b"kernel 6.18.0-one\n", b"kernel 2.6.78-one\n", "kernel"),
        (b"Linux alpha x86\n", b"Linux beta x86\n", "hostname"),
        (b"jobs: 2\n", b"jobs: 7\n", "cpu-count"),
        (b"cpus=2\n", b"cpus=7\n", "cpu-count"),
        (b"by ann\n", b"by bob\n", "user"),
        (b"uid 1001", b"uid 2002", "user"),
        (b"at /work/a/x", b"at /work/b/x", "build-path"),
        (b"1763877601", b"1763881201", "timestamp"),
        (b"2025-11-23 06:00:01", b"2025-11-23 07:00:02", "timestamp"),
        (b"\x00\x01" + struct.pack("<I", 1_763_877_601), b"\x00\x01" + struct.pack("<I", 1_763_881_201), "timestamp"),
        (b"\x00\x01" + struct.pack(">I", 1_763_877_601), b"\x00\x01" + struct.pack(">I", 1_763_881_201), "timestamp"),
    ],
)
def test_a_recorded_value_is_shown_and_no_guess(before: bytes, after: bytes, expected: str) -> None:
    (found,) = causes("file", before, after, ONE, OTHER)
    assert (found.kind, found.shown) == (expected, True)
    crossed = causes("file", before, after, OTHER, ONE)
    assert not any(cause.shown for cause in crossed), "A's bytes must hold A's value, not B's"


def test_an_unrecorded_number_is_not_called_a_count_of_cpus() -> None:
    assert kinds("file", b"jobs: 2\n", b"jobs: 7\n") == ["unknown"]
    assert kinds("file", b"jobs: 3\n", b"jobs: 7\n", ONE, OTHER) == ["unknown"]


def test_noise_is_random_and_a_changed_byte_is_not() -> None:
    noise = bytes((i * 167 + 13) % 256 for i in range(64))
    other = bytes((i * 59 + 7) % 256 for i in range(64))
    assert kinds("noise", b"\0\1" + noise, b"\0\1" + other) == ["random"]
    assert kinds("noise", b"\0\1" + noise, b"\0\2" + noise) == ["unknown"]


def test_zip_times_modes_order_contents_and_form() -> None:
    assert kinds("x.whl", zipped(), zipped(year=2026)) == ["zip-time"]
    assert kinds("x.whl", zipped(), zipped(mode=0o755)) == ["mode"]
    assert kinds("x.whl", zipped(), zipped(names=("b", "a"))) == ["archive-order"]
    assert kinds("x.whl", zipped(), zipped(names=("a", "c"))) == ["added", "removed"]
    assert kinds("x.whl", zipped(), zipped(method=8)) == ["compressor"]
    assert kinds("x.whl", zipped(b"t=1763877601"), zipped(b"t=1763881201")) == ["timestamp"]
    assert kinds("x.whl", zipped(), zipped()[:-2] + b"\x01\x00!") == ["unknown"], "a comment is no compressor's doing"


def test_what_an_installer_wrote_is_a_record_of_something_else() -> None:
    name = "x.dist-info/RECORD"
    before, after = zipped(names=(name,)), zipped(names=(name,))
    out = []
    for digest in (b"aa", b"bb"):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(zipfile.ZipInfo(name, (2025, 1, 1, 0, 0, 0)), b"x.py,sha256=" + digest + b",3\n")
        out.append(file.getvalue())
    assert before == after
    assert kinds("x.whl", *out) == ["installer-record"]


def test_gzip_header_content_and_compressor() -> None:
    text = b"words and words\n" * 200
    assert kinds("a.gz", gzip.compress(text, mtime=1), gzip.compress(text, mtime=2)) == ["gzip-header"]
    assert kinds("a.gz", gzip.compress(text, 1, mtime=1), gzip.compress(text, 9, mtime=1)) == ["compressor"]
    old, new = (gzip.compress(text + b"2025-11-2%d" % day, mtime=1) for day in (3, 4))
    (found,) = causes("a.gz", old, new)
    assert (found.kind, found.inner) == ("timestamp", "content")


def test_xz_content_and_compressor() -> None:
    text = b"words and words\n" * 200
    assert kinds("a.xz", lzma.compress(text, preset=0), lzma.compress(text, preset=9)) == ["compressor"]
    assert kinds("a.xz", lzma.compress(b"2025-11-23"), lzma.compress(b"2025-11-24")) == ["timestamp"]


def test_tar_entries_order_and_contents() -> None:
    base = tarred(("a", b"x", {}), ("b", b"y", {}))
    assert kinds("a.tar", base, tarred(("b", b"y", {}), ("a", b"x", {}))) == ["archive-order"]
    assert kinds("a.tar", base, tarred(("a", b"x", {"mtime": 9}), ("b", b"y", {}))) == ["time"]
    assert kinds("a.tar", base, tarred(("a", b"x", {"mode": 0o755}), ("b", b"y", {"uid": 5}))) == ["mode", "owner"]
    assert kinds("a.tar", base, tarred(("a", b"x", {"uname": "joe"}), ("b", b"y", {}))) == ["owner"]
    assert kinds("a.tar", base, base + bytes(1024)) == ["compressor"]
    assert kinds("a.tar", base, tarred(("a", b"x", {}))) == ["removed"]


def test_ar_headers_order_and_contents() -> None:
    base = archived((b"a.o/", b"one", 0), (b"b.o/", b"two", 0))
    assert kinds("lib.a", base, archived((b"a.o/", b"one", 77), (b"b.o/", b"two", 0))) == ["ar-header"]
    assert kinds("lib.a", base, archived((b"b.o/", b"two", 0), (b"a.o/", b"one", 0))) == ["archive-order"]
    assert kinds("lib.a", base, archived((b"a.o/", b"ccAbCdEf.o", 0), (b"b.o/", b"two", 0))) == ["unknown"]
    long = [archived((b"//", b"a-very-long-name.o/\n", 0), (b"/0", b"one", time)) for time in (0, 9)]
    (found,) = causes("lib.a", *long)
    assert (found.kind, found.inner) == ("ar-header", "a-very-long-name.o time")


def test_byte_code_by_its_header_and_its_code(tmp_path) -> None:
    source, target = tmp_path / "m.py", tmp_path / "m.pyc"
    source.write_text("x = 1\n")
    made = []
    for time, name in ((1, "/work/a/m.py"), (2, "/work/a/m.py"), (1, "/work/b/m.py")):
        import os

        os.utime(source, (time, time))
        py_compile.compile(str(source), str(target), dfile=name)
        made.append(target.read_bytes())
    assert kinds("m.pyc", made[0], made[1]) == ["pyc-header"]
    assert kinds("m.pyc", made[0], made[2]) == ["build-path"]


@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")
def test_an_object_by_its_sections(tmp_path) -> None:
    (tmp_path / "m.c").write_text("int f(int x) { return x + 1; }\n")
    made = {}
    for key, flags in {
        "base": ["-fdebug-prefix-map=/=/work/a/"],
        "path": ["-fdebug-prefix-map=/=/work/b/"],
        "code": ["-fdebug-prefix-map=/=/work/a/", "-O2"],
    }.items():
        out = tmp_path / f"{key}.so"
        words = ["gcc", "-g", "-shared", "-fPIC", *flags, "-Wl,--build-id=sha1", "-o", str(out), "m.c"]
        subprocess.run(words, check=True, cwd=tmp_path)
        made[key] = out.read_bytes()
    assert kinds("m.so", made["base"], made["path"]) == ["build-id", "build-path"]
    assert "unknown" in kinds("m.so", made["base"], made["code"])


def test_archives_in_archives_to_a_depth_and_no_further() -> None:
    old, new = b"2025-11-23", b"2025-11-24"
    for depth in range(1, 5):
        old, new = gzip.compress(old, mtime=0), gzip.compress(new, mtime=0)
        (found,) = causes("a.gz", old, new)
        assert (found.kind, found.inner.count("content")) == ("timestamp", depth)
    assert "timestamp" not in kinds("a.gz", gzip.compress(old, mtime=0), gzip.compress(new, mtime=0))


def test_a_bomb_is_compared_by_its_bytes_and_ends() -> None:
    small = DEFAULT_LIMITS.__class__(compare_file_bytes=100_000)
    bombs = [gzip.compress(bytes(5_000_000) + last, mtime=0) for last in (b"a", b"b")]
    pair = Pair(path="x", name="x.gz", before=bombs[0], after=bombs[1])
    assert {one.comparator for one in explain(pair, looking(NOWHERE, NOWHERE, small))} == {"bytes"}


HEADS = st.sampled_from(
    [b"", b"!<arch>\n", b"PK\x03\x04", b"\x1f\x8b\x08", b"\xfd7zXZ\x00", b"\x7fELF\x02\x01\x01", zipped(), archived((b"a/", b"x", 0)),
     gzip.compress(b"hello", mtime=0), lzma.compress(b"hello"), tarred(("a", b"x", {}))]
)  # fmt: skip
NAMES = st.sampled_from(["a", "a.pyc", "RECORD", "x.whl", "lib.a"])


@given(NAMES, HEADS, st.binary(max_size=200), st.binary(max_size=200), st.integers(0, 300))
def test_two_contents_always_have_a_cause_and_equal_ones_never(name, head, one, other, cut) -> None:
    before, after = (head[:cut] + one), (head[:cut] + other)
    found = causes(name, before, after, ONE, OTHER)
    assert bool(found) == (before != after)
