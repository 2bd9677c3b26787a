"""rpm header blobs."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.formats import rpmheader
from assay.model.errors import MalformedError
from osfiles import rpm_header

BLOB = rpm_header(
    t1000=("text", "bash"), t1003=("numbers", 2), t1117=("texts", ["a", "b", ""]), t1030=("modes", [0o100644, 0o40755])
)


def test_wanted_tags_are_read_by_type() -> None:
    found = rpmheader.read(BLOB, {1000, 1003, 1117, 1030, 9999}, where="x")
    assert found == {1000: ("bash",), 1003: (2,), 1117: ("a", "b", ""), 1030: (0o100644, 0o40755)}
    assert rpmheader.read(BLOB, {1000}, where="x") == {1000: ("bash",)}


def test_bytes_outside_utf8_survive() -> None:
    blob = rpm_header(t1000=("text", "b?sh")).replace(b"b?sh", b"b\xffsh")
    (name,) = rpmheader.read(blob, {1000}, where="x")[1000]
    assert str(name).encode("utf-8", "surrogateescape") == b"b\xffsh"


def entry(tag: int, kind: int, offset: int, count: int, store: bytes = b"abc\0") -> bytes:
    return struct.pack(">IIIIiI", 1, len(store), tag, kind, offset, count) + store


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"\0" * 7,
        BLOB[:-1],
        BLOB + b"\0",
        struct.pack(">II", 0xFFFFFFFF, 0),
        struct.pack(">II", 0, 0xFFFFFFFF),
        entry(1000, 6, 4, 1),
        entry(1000, 6, -1, 1),
        entry(1000, 6, 0, 0),
        entry(1000, 6, 0, 2**31),
        entry(1000, 8, 0, 2),
        entry(1000, 6, 0, 1, b"abcd"),
        entry(1000, 4, 1, 1),
        entry(1000, 4, 0, 2),
        entry(1000, 7, 2, 4),
        entry(1000, 99, 0, 1),
        entry(1000, 0, 0, 1),
    ],
)
def test_what_does_not_add_up_is_refused(blob: bytes) -> None:
    with pytest.raises(MalformedError, match="rpm header"):
        rpmheader.read(blob, {1000}, where="x")


@given(st.binary(max_size=200), st.integers(0, 300), st.integers(0, 255))
def test_any_bytes_give_values_or_one_error(noise: bytes, at: int, byte: int) -> None:
    mutated = bytearray(BLOB)
    mutated[at % len(BLOB)] = byte
    for blob in (noise, bytes(mutated)):
        try:
            rpmheader.read(blob, {1000, 1003, 1117, 1030}, where="x")
        except MalformedError:
            continue
