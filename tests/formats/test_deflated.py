"""Deflated text comes back whole, within its limit, whatever library is there; damage gives nothing."""

import sys
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.formats.deflated import deflate, inflate


@given(st.binary(max_size=200), st.integers(1, 99))
def test_what_is_deflated_comes_back(data: bytes, count: int) -> None:
    assert inflate(deflate(data * count), len(data) * count or 1) == data * count


@pytest.mark.parametrize(
    "missing", [(), ("isal", "isal.isal_zlib"), ("isal", "isal.isal_zlib", "zlib_ng", "zlib_ng.zlib_ng")]
)
def test_each_library_reads_what_another_wrote(missing: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    text = b"\n".join(b"example.test/lib.Function%d" % n for n in range(999))
    written = deflate(text)
    for name in missing:
        monkeypatch.setitem(sys.modules, name, None)
    assert inflate(written, len(text)) == text
    assert zlib.decompress(deflate(text)) == text


@pytest.mark.parametrize("data", [b"", b"junk", deflate(b"x" * 999)[:1], deflate(bytes(range(64)))[:-9]])
def test_damage_gives_nothing(data: bytes) -> None:
    assert inflate(data, 99) == b""


def test_a_bomb_stops_at_the_limit() -> None:
    assert len(inflate(zlib.compress(bytes(1 << 24)), 1_000)) <= 1_000
