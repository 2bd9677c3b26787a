"""Archives inflated by their first bytes: five forms, whatever the pieces; damage and bombs refused."""

import bz2
import gzip
import lzma

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.formats.unpack import unpack
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import DEFAULT_LIMITS

TEXT = b"0123456789" * 30_000
FORMS = {"xz": lzma.compress, "bzip2": bz2.compress, "gzip": gzip.compress, "plain": bytes}


def read(data, size=1000, limit=1 << 20):
    pieces = (data[start : start + size] for start in range(0, len(data), size))
    return b"".join(unpack(pieces, DEFAULT_LIMITS, where="x.tar", limit=limit))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [1, 5, 100, 1 << 20])
def test_each_form_comes_back(form, size):
    data = TEXT[:5000] if size == 1 else TEXT
    assert read(FORMS[form](data), size) == data


@pytest.mark.parametrize("form", ["xz", "bzip2"])
def test_joined_streams_are_one(form):
    pack = FORMS[form]
    assert read(pack(b"one") + pack(b"") + pack(b"two")) == b"onetwo"


def test_padding_of_xz_is_none_of_the_content():
    assert read(lzma.compress(b"one") + bytes(8) + lzma.compress(b"two") + bytes(4)) == b"onetwo"


@pytest.mark.parametrize("form", ["xz", "bzip2", "gzip"])
@pytest.mark.parametrize(
    "change", [lambda d: d[:-1], lambda d: d[: len(d) // 2], lambda d: d + b"junk", lambda d: d[:20] + b"XXXX" + d[24:]]
)
def test_damage_is_refused(form, change):
    with pytest.raises(MalformedError, match=r"x\.tar"):
        read(change(FORMS[form](TEXT)))


@pytest.mark.parametrize("form", ["xz", "bzip2"])
def test_more_than_the_limit_is_refused(form):
    with pytest.raises(UnsupportedError, match="limit 1000"):
        read(FORMS[form](TEXT), limit=1000)


def test_another_compression_is_named():
    with pytest.raises(UnsupportedError, match="lz4"):
        read(b"\x04\x22\x4d\x18" + bytes(100))


@given(st.binary(max_size=100), st.sampled_from([b"\xfd7zXZ\0", b"BZh9", b""]))
def test_any_bytes_give_content_or_one_error(data, magic):
    try:
        found = read(magic + data)
    except (MalformedError, UnsupportedError):
        found = b""
    assert isinstance(found, bytes)


def test_a_zip_archive_is_named_for_what_it_is():
    with pytest.raises(UnsupportedError, match="a zip archive"):
        read(b"PK\3\4" + bytes(100))
