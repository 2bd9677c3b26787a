"""One pass over a layer: what is taken, what is remembered, what is refused."""

import gzip
import hashlib
from collections.abc import Callable
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.artifact.layers import LayerScan, Link, path_hash, scan_layer, walk_layer
from assay.artifact.names import clean
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnsupportedError, UntrustedError
from assay.model.image import Layer
from assay.model.limits import Limits
from fakes.tars import END, archive, cut, entry, header

GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"


class OnlyJars(NamedTuple):
    """`Signs` of jars, and of what lies in one folder."""

    tail_bytes: int = 4
    tails: frozenset[bytes] = frozenset({b".jar"})
    folders: frozenset[bytes] = frozenset({b"all/"})
    heads: frozenset[bytes] = frozenset({b"MZ"})


class Catch:
    """Wants every path of a set (or all) and keeps what it is given."""

    def __init__(self, *wanted: str) -> None:
        self.wanted, self.asked, self.got = wanted, [], {}
        self.asked: list[tuple[str, bytes, int, int]] = []
        self.got: dict[str, bytes] = {}

    def choose(self, path: str, head: bytes, size: int, mode: int) -> str | None:
        self.asked.append((path, head, size, mode))
        return path if not self.wanted or path in self.wanted else None

    def take(self, wanted: str, path: str, chunks: tuple[bytes, ...], size: int, _mode: int) -> None:
        assert wanted == path
        self.got[path] = b"".join(chunks)
        assert len(self.got[path]) == size


def walk(data: bytes, *wanted: str, step: int = 700, limits: Limits | None = None) -> tuple[LayerScan, Catch]:
    catch = Catch(*wanted)
    return walk_layer(cut(data, step), catch.choose, catch.take, limits or Limits(), "layer 0"), catch


def split(hashes: bytes) -> set[bytes]:
    return {hashes[i : i + 16] for i in range(0, len(hashes), 16)}


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (b"a/b", b"a/b"), (b"./a/b", b"a/b"), (b"/a/b", b"a/b"), (b"//a//b/", b"a/b"), (b".//./a/./b", b"a/b"), (b"a/", b"a"), (b"a//", b"a"),
        (b"", b""), (b"/", b""), (b"./", b""), (b".", b""), (b".a", b".a"), (b"..a/b..", b"..a/b.."), (b"a/.b", b"a/.b"), (b"\xff\xfe", b"\xff\xfe"),
        (b"..", None), (b"a/..", None), (b"a/../b", None), (b"../a", None), (b"/../a", None), (b"./..", None), (b"a\0b", None),
    ],
)  # fmt: skip
def test_names_are_cleaned_or_refused(name: bytes, path: bytes | None) -> None:
    assert clean(name) == path


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text("aab./", max_size=9).map(str.encode), max_size=8))
def test_a_name_is_cleaned_whatever_came_before_it(names: list[bytes]) -> None:
    scan, _ = walk(b"".join(entry(name, b"") for name in names) + END, "none")
    paths = [path for name in names if (path := clean(name))]
    assert scan.files == b"".join(path_hash(path) for path in paths)
    above = {path[:at] for path in paths for at in range(len(path)) if path[at : at + 1] == b"/"}
    assert split(scan.directories) == {path_hash(path) for path in above}


@pytest.mark.parametrize("step", [100_001, 5_000_000])
def test_what_is_read_ahead_is_hashed_and_counted_once(step: int) -> None:
    data = archive([(f"f{number}", "file", bytes([number]) * 1_500_000) for number in range(7)])
    scan, catch = walk(data, step=step)
    assert (scan.diff_id, scan.inflated_bytes) == (Digest.of(data), len(data))
    assert catch.got == {f"f{number}": bytes([number]) * 1_500_000 for number in range(7)}


@pytest.mark.parametrize("step", [1, 512, 600, 1 << 20])
def test_wanted_files_are_taken_whole(step: int) -> None:
    data = archive(
        [("./a", "file", b"1"), ("/b/c", "file", b"\x7fELF" + b"x" * 3000), ("d", "dir", ""), ("e", "file", b"")]
    )
    scan, catch = walk(data, step=step)
    assert catch.got == {"a": b"1", "b/c": b"\x7fELF" + b"x" * 3000, "e": b""}
    assert catch.asked[1][:3] == ("b/c", b"\x7fELF", 3004)
    assert scan.entries == 4
    assert scan.inflated_bytes == len(data)
    assert scan.diff_id == Digest.of(data)
    assert split(scan.files) == {path_hash("a"), path_hash("b/c"), path_hash("e")}
    assert split(scan.directories) == {path_hash("b"), path_hash("d")}


def test_the_diff_id_covers_what_follows_the_archive() -> None:
    data = archive([("a", "file", b"1")]) + b"trailing"
    scan, _ = walk(data)
    assert scan.diff_id == Digest.of(data)
    assert "after the end of the archive" in scan.gaps[0].reason


def test_whiteouts_are_remembered_not_listed() -> None:
    scan, catch = walk(
        entry(b"a/.wh.b")
        + entry(b".wh.top")
        + entry(b"c/.wh..wh..opq")
        + entry(b".wh..wh..opq")
        + entry(b".wh.dir/", b"", b"5")
        + END
    )
    assert split(scan.whiteouts) == {path_hash("a/b"), path_hash("top"), path_hash("dir")}
    assert split(scan.opaques) == {path_hash("c"), path_hash("")}
    assert not scan.files
    assert not scan.directories
    assert not catch.asked
    assert not scan.gaps


@pytest.mark.parametrize("name", [b".wh.", b"a/.wh..", b"a/.wh...", b".wh..wh.plnk"])
def test_whiteouts_that_name_nothing_are_gaps(name: bytes) -> None:
    scan, _ = walk(entry(name) + END)
    assert not scan.whiteouts
    assert [gap.kind for gap in scan.gaps] == ["skipped"]


@pytest.mark.parametrize(
    ("name", "reason"), [(b"../etc/passwd", "climbs"), (b"a/../../b", "climbs"), (b"..", "climbs")]
)
def test_names_that_climb_are_gaps(name: bytes, reason: str) -> None:
    scan, catch = walk(entry(name, b"x") + entry(b"ok", b"y") + END)
    assert set(catch.got) == {"ok"}
    assert reason in scan.gaps[0].reason
    assert scan.gaps[0].layer is None


def test_names_over_the_limit_are_gaps() -> None:
    data = archive([("x" * 300, "file", b"1"), ("ok", "file", b"2")])
    scan, catch = walk(data, limits=Limits(path_bytes=200))
    assert set(catch.got) == {"ok"}
    assert (scan.gaps[0].kind, len(scan.gaps[0].path)) == ("limit", 200)


def test_bytes_outside_utf8_survive() -> None:
    scan, catch = walk(entry(b"caf\xe9", b"x") + END)
    assert catch.got == {"caf\udce9": b"x"}
    assert split(scan.files) == {path_hash(b"caf\xe9")} == {path_hash("caf\udce9")}


def test_the_last_duplicate_wins() -> None:
    scan, catch = walk(entry(b"a", b"old") + entry(b"a", b"new") + END)
    assert catch.got == {"a": b"new"}
    assert not scan.superseded


@pytest.mark.parametrize("flag", [b"2", b"5", b"1", b"6"])
def test_a_file_replaced_in_its_own_layer_is_superseded(flag: bytes) -> None:
    scan, _ = walk(entry(b"x", b"1") + entry(b"a", b"old") + header(b"a", 0, flag, link=b"x") + END, "a")
    assert scan.superseded == ("a",)
    scan, catch = walk(entry(b"a", b"old") + header(b"a", 0, flag, link=b"x") + entry(b"a", b"new") + END, "a")
    assert (scan.superseded, catch.got) == ((), {"a": b"new"})


def test_a_file_over_a_directory_of_its_own_layer_supersedes_its_files() -> None:
    scan, _ = walk(entry(b"d/sub/a", b"1") + entry(b"da", b"2") + header(b"d", 0, b"2", link=b"x") + END)
    assert scan.superseded == ("d/sub/a",)


def test_hard_links_that_matter_are_remembered() -> None:
    items = [
        ("bin/a", "file", b"x"),
        ("bin/b", "hard", "bin/a"),
        ("data", "file", b"y"),
        ("status", "hard", "./data"),
        ("n", "hard", "data"),
    ]
    scan, _ = walk(archive(items), "bin/a", "status")  # type: ignore[arg-type]
    assert scan.links == (Link("bin/b", "bin/a"), Link("status", "data"))
    assert path_hash("n") in split(scan.files)


def test_a_hard_link_that_climbs_is_a_gap() -> None:
    scan, _ = walk(header(b"a", 0, b"1", link=b"../../etc/shadow") + header(b"b", 0, b"1") + END)
    assert not scan.links
    assert [gap.path for gap in scan.gaps] == ["a", "b"]


def test_hard_links_are_bounded() -> None:
    links = [(f"l{i}", "hard", "a") for i in range(5)]
    scan, _ = walk(archive([("a", "file", b""), *links]), limits=Limits(layer_links_count=3))  # type: ignore[list-item]
    assert len(scan.links) == 3
    assert "layer_links_count" in scan.gaps[0].reason


def test_symbolic_links_are_counted() -> None:
    scan, catch = walk(archive([("a", "sym", "/etc/passwd"), ("b", "sym", "../../x")]))
    assert (scan.symlinks, catch.asked) == (2, [])


def test_sparse_files_and_unknown_types_are_gaps() -> None:
    sparse = header(b"s", 0, b"S", magic=b"ustar  \0", extra=[(483, b"%011o\0" % 5000)])
    scan, catch = walk(sparse + entry(b"v", b"zz", b"V") + END)
    assert not catch.asked
    assert [(gap.kind, gap.path) for gap in scan.gaps] == [("unsupported", "s"), ("unsupported", "v")]
    assert "5000" in scan.gaps[0].reason


def test_gaps_are_bounded_and_the_rest_counted() -> None:
    scan, _ = walk(b"".join(entry(b"../%d" % i) for i in range(10)) + END, limits=Limits(gaps_count=4))
    assert len(scan.gaps) == 5
    assert any("6 more gaps" in gap.reason for gap in scan.gaps)


def test_entries_are_bounded() -> None:
    with pytest.raises(UnsupportedError, match="too many entries"):
        walk(b"".join(entry(b"%d" % i) for i in range(10)) + END, limits=Limits(layer_entries_count=9))


def test_a_scan_survives_the_cache() -> None:
    scan, _ = walk(archive([("a", "file", b"x"), ("b", "hard", "a"), (".wh.c", "file", b"")]))
    packed = msgspec.msgpack.encode(scan)
    assert msgspec.msgpack.decode(packed, type=LayerScan) == scan


Change = Callable[[Layer], Layer]


def _layer(stored: bytes, content: bytes) -> Layer:
    return Layer(index=2, diff_id=Digest.of(content), digest=Digest.of(stored), size=len(stored), media_type=GZIP)


def _scan(stored: bytes, layer: Layer) -> LayerScan:
    catch = Catch()
    return scan_layer(cut(stored, 100), layer, catch.choose, catch.take, Limits(), where="layer 2")


def test_a_true_blob_passes() -> None:
    content = archive([("a", "file", b"x" * 5000)])
    stored = gzip.compress(content)
    assert _scan(stored, _layer(stored, content)).diff_id == Digest.of(content)


def test_a_changed_blob_is_untrusted_and_both_digests_are_named() -> None:
    content = archive([("a", "file", b"x" * 5000)])
    stored = gzip.compress(content)
    other = gzip.compress(content, 1)
    layer = msgspec.structs.replace(_layer(stored, content), size=len(other))
    with pytest.raises(UntrustedError, match="does not match its digest") as caught:
        _scan(other, layer)
    assert str(Digest.of(stored)) in caught.value.why
    assert str(Digest.of(other)) in caught.value.why
    assert (caught.value.code, caught.value.step) == ("DIGEST_MISMATCH", "content")


def test_damage_in_a_blob_with_a_wrong_digest_is_untrusted_not_malformed() -> None:
    content = archive([("a", "file", hashlib.sha256(b"").digest() * 900)])
    stored = bytearray(gzip.compress(content))
    layer = _layer(bytes(stored), content)
    stored[len(stored) // 2] ^= 0xFF
    with pytest.raises(UntrustedError, match="does not match its digest"):
        _scan(bytes(stored), layer)


def test_damage_in_a_blob_with_the_right_digest_is_malformed() -> None:
    stored = gzip.compress(b"this is not a tar archive" * 100)
    with pytest.raises(MalformedError, match="damaged tar archive"):
        _scan(stored, _layer(stored, b"anything"))


@pytest.mark.parametrize("change", [1, -1])
def test_a_wrong_size_is_untrusted(change: int) -> None:
    content = archive([("a", "file", b"x")])
    stored = gzip.compress(content)
    layer = msgspec.structs.replace(_layer(stored, content), size=len(stored) + change)
    with pytest.raises(UntrustedError, match="does not match its size"):
        _scan(stored, layer)


def test_a_wrong_diff_id_is_untrusted_and_both_are_named() -> None:
    content = archive([("a", "file", b"x")])
    stored = gzip.compress(content)
    with pytest.raises(UntrustedError, match="diffID") as caught:
        _scan(stored, _layer(stored, b"other"))
    assert str(Digest.of(content)) in caught.value.why
    assert str(Digest.of(b"other")) in caught.value.why


def test_files_without_a_sign_are_not_asked_about_and_all_are_listed() -> None:
    plain = [
        (b"d/a.py", b"x", b"644"),
        (b"d/b.jar", b"x", b"644"),
        (b"d/run", b"MZ", b"755"),
        (b"d/data", b"MZ", b"644"),
    ]
    files = [*plain, (b"all/x", b"", b"644"), (b"d/unknown", b"MZ", b"0"), (b"d/run2", b"MZ\0", b"755")]
    data = entry(b"d/", b"", b"5") + entry(b"all/", b"", b"5")
    data += b"".join(entry(name, content, mode=b"0000" + mode) for name, content, mode in files) + END
    some, every = Catch(), Catch()
    spared = walk_layer([data], some.choose, some.take, Limits(), "layer", signs=OnlyJars())
    asked = walk_layer([data], every.choose, every.take, Limits(), "layer")
    assert list(some.got) == ["d/b.jar", "d/run", "all/x", "d/unknown"]
    assert list(every.got) == [name.decode() for name, _, _ in files]
    assert spared == asked
