"""Compressors: pinned by what they make of fixed vectors; the pieces input comes in do not show."""

import gzip
import hashlib
import sys
from importlib import metadata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.adapters.workers import Threads
from assay.formats import codec, compressors
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnsupportedError, UsageError
from assay.model.limits import DEFAULT_LIMITS

NAMES = ["gzip", "libdeflate", "none", "zlib", "zstd"]


def packed(name, chunks, level=None):
    return b"".join(compressors.compress(chunks, compressors.row(name), level))


def unpacked(name, data):
    return b"".join(codec.inflate([data], compressors.row(name).media_type, DEFAULT_LIMITS, "t"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("number", range(5))
def test_vectors_come_back(name, number):
    vector = compressors.vectors()[number]
    assert unpacked(name, packed(name, [vector])) == vector


def test_the_vectors_are_the_written_down_ones():
    empty, one, text, noise, both = compressors.vectors()
    assert both == text + noise[: 1 << 16]
    assert (empty, one, len(text), len(noise)) == (b"", b"a", 1 << 20, 1 << 20)
    assert hashlib.sha256(text).hexdigest() == "0ba011d33e419f3fe593d77a8f11a96c2927b0556e75856f5d5d3fbba425c9a8"
    assert hashlib.sha256(noise).hexdigest() == "642607a558c9c932e458f4c3a847928f572e5408b9848e106e7716884e3b5f0a"


def test_golden_of_no_compression_needs_no_library():
    assert str(compressors.golden("none")) == "sha256:38ba0d6c8389c65c80f694dd0d37e67aa948e69d946e99d384542d087a57efdb"


def test_golden_tells_level_from_level_and_row_from_row():
    found = {compressors.golden("gzip", level) for level in (1, 6, 9)} | {
        compressors.golden("zstd"),
        compressors.golden("zlib"),
        compressors.golden("none"),
    }
    assert len(found) == 6


def test_golden_of_gzip_depends_on_no_machine():
    """The wheel of deflate 0.9.0; another release of libdeflate may make other bytes, and then this line changes."""
    if metadata.version("deflate") != "0.9.0":
        pytest.skip("another release of deflate")
    assert str(compressors.golden("gzip")) == "sha256:bf15126e4125c0cc89e628ad1c2ffbe23ab93d8a759852d6e74f5d55a10bd7c9"


@pytest.mark.parametrize("name", ["gzip", "zlib"])
def test_the_gzip_header_names_no_time_and_no_system(name):
    data = packed(name, [b"x"])
    assert data[:10] == b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    assert gzip.decompress(data) == b"x"


@pytest.mark.parametrize("name", NAMES)
def test_the_pieces_do_not_show(name):
    data = compressors.vectors()[2] + compressors.vectors()[3] + b"tail"
    want = packed(name, [data])
    for size in (1_000, 65_536, 1_048_577):
        assert packed(name, (data[start : start + size] for start in range(0, len(data), size))) == want


@given(st.lists(st.binary(max_size=30), max_size=12), st.integers(1, 25))
def test_even_pieces(chunks, size):
    pieces = list(compressors.even(chunks, size))
    assert b"".join(pieces) == b"".join(chunks)
    assert all(len(piece) == size for piece in pieces[:-1])
    assert not pieces or 0 < len(pieces[-1]) <= size


def test_an_unknown_compressor_is_named():
    with pytest.raises(UsageError, match="gzip, libdeflate, none, zlib, zstd"):
        compressors.row("brotli")


@pytest.mark.parametrize("name", NAMES)
def test_threads_do_not_show(name):
    data = compressors.vectors()[2] * 3 + compressors.vectors()[3] * 8
    by = compressors.row(name)
    shared = b"".join(compressors.compress([data], by, 1, ahead=Threads(4).ahead))
    assert shared == packed(name, [data], 1)
    assert name not in ("gzip", "zlib") or gzip.decompress(shared) == data


def test_members_are_read_as_one_file():
    """RFC 1952 §2.2: a file of several members is their contents, one after another."""
    data = compressors.vectors()[3] * 5
    whole = packed("gzip", [data])
    assert whole.count(b"\x1f\x8b\x08\0\0\0\0\0\0\xff") == 2
    assert gzip.decompress(whole) == data
    for size in (1, 4096, 4 << 20, len(whole)):
        cut = [whole[start : start + size] for start in range(0, len(whole), size)] if size > 1 else [whole]
        assert b"".join(codec.inflate(cut, compressors.row("gzip").media_type, DEFAULT_LIMITS, "t")) == data
    with pytest.raises(MalformedError):
        unpacked("gzip", whole[:-1])


def test_a_lock_of_the_time_when_gzip_was_zlib_means_zlib():
    assert compressors.pinned("gzip", compressors.golden("gzip")).name == "gzip"
    assert compressors.pinned("gzip", compressors.golden("zlib")).name == "zlib"
    assert compressors.pinned("zlib", compressors.golden("gzip")).name == "zlib", "that name never meant another row"
    assert compressors.pinned("gzip", Digest("sha256", "0" * 64)).name == "gzip"
    assert compressors.pinned("gzip", None).name == "gzip"


def test_without_the_library_another_row_is_taken_only_where_a_lock_says_so(monkeypatch):
    promise = compressors.golden("zlib")
    monkeypatch.setitem(sys.modules, "deflate", None)
    compressors.golden.cache_clear()
    try:
        assert compressors.pinned("gzip", promise).name == "zlib"
        for none in (None, Digest("sha256", "0" * 64)):
            with pytest.raises(UnsupportedError) as caught:
                compressors.pinned("gzip", none)
            assert "`zlib` is always there" in caught.value.remedy
    finally:
        compressors.golden.cache_clear()


def test_golden_knows_how_a_row_is_fed(monkeypatch):
    import msgspec

    before = compressors.golden("gzip")
    other = msgspec.structs.replace(compressors.row("gzip"), feeding="otherwise")
    monkeypatch.setitem(compressors.TABLE, "gzip", other)
    assert compressors.golden.__wrapped__("gzip") != before
