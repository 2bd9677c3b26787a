"""The central directory reader against the standard library's, and against archives that lie."""

import io
import struct
import zipfile
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.formats.chunks import ChunkView
from assay.formats.zipdirectory import Directory, inflate, read_directory
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import DEFAULT_LIMITS
from dependencies.jars import jar

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\\"), min_size=1, max_size=8)


def read(data: bytes, size: int = 11) -> Directory:
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    return read_directory(ChunkView(chunks, where="a.zip"), DEFAULT_LIMITS)


def content(directory: Directory, limit: int = 1 << 20) -> dict[str, bytes]:
    return {member.name: inflate(directory, member, limit) for member in directory.members}


@given(
    st.dictionaries(NAMES, st.binary(max_size=200), max_size=5),
    st.sampled_from([0, 8]),
    st.binary(max_size=30),
    st.binary(max_size=30),
)
def test_equals_the_standard_library(members: dict[str, bytes], method: int, before: bytes, comment: bytes) -> None:
    out = io.BytesIO()
    out.write(before)
    with zipfile.ZipFile(out, "a", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
        archive.comment = comment
    if b"PK\x05\x06" in comment:
        return
    assert content(read(out.getvalue())) == members


@given(st.integers(0, 600), st.binary(min_size=1, max_size=6))
def test_a_mutilated_archive_is_read_or_refused(at: int, junk: bytes) -> None:
    whole = jar({"META-INF/MANIFEST.MF": b"Manifest-Version: 1.0\n" * 5, "lib/a.jar": bytes(300), "é": b"x"})
    for data in (whole[:at] + junk + whole[at + len(junk) :], whole[: len(whole) - at], junk + whole):
        with suppress(MalformedError, UnsupportedError):
            content(read(data), 10_000)


def test_zip64_records_are_read() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, archive.open("big", "w", force_zip64=True) as member:
        member.write(b"content")
    plain = out.getvalue()
    at = plain.rfind(b"PK\x05\x06")
    _, _, _, _, count, size, offset, _ = struct.unpack_from("<4s4H2LH", plain, at)
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, offset)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    assert content(read(plain[:at] + record + locator + end)) == {"big": b"content"}
    assert content(read(b"#!/bin/sh\n" + plain[:at] + record + locator + end)) == {"big": b"content"}


def patched(data: bytes, signature: bytes, offset: int, form: str, value: int) -> bytes:
    at = data.index(signature) + offset
    return data[:at] + struct.pack(form, value) + data[at + struct.calcsize(form) :]


@pytest.mark.parametrize(
    ("offset", "form", "value", "error"),
    [
        (8, "<H", 1, UnsupportedError),  # encrypted
        (10, "<H", 12, UnsupportedError),  # bzip2
        (16, "<L", 0, MalformedError),  # CRC
        (20, "<L", 3, MalformedError),  # compressed size too small
        (24, "<L", 5, MalformedError),  # size too small: the data goes on
        (24, "<L", 500, MalformedError),  # size too large
        (24, "<L", 0x7FFFFFFF, UnsupportedError),  # over the limit
        (42, "<L", 9, MalformedError),  # no local header there
    ],
)
def test_a_lying_entry_is_refused_when_it_is_read(offset: int, form: str, value: int, error: type[Exception]) -> None:
    data = patched(jar({"a": b"content" * 20}), b"PK\x01\x02", offset, form, value)
    with pytest.raises(error):
        content(read(data), 1_000)


def test_members_that_overlap_are_refused() -> None:
    data = jar({"a": b"1" * 50, "b": b"2" * 50}, method=zipfile.ZIP_STORED)
    second = data.rindex(b"PK\x01\x02")
    with pytest.raises(MalformedError, match="overlap"):
        read(data[: second + 42] + struct.pack("<L", 4) + data[second + 46 :])


def test_a_member_that_reaches_into_the_directory_is_refused() -> None:
    with pytest.raises(MalformedError, match="reaches into"):
        read(patched(jar({"a": b"x"}), b"PK\x01\x02", 20, "<L", 10_000))


@pytest.mark.parametrize(("offset", "value"), [(8, 9), (10, 9), (12, 9_999), (16, 9_999)])
def test_an_end_record_that_does_not_fit_is_refused(offset: int, value: int) -> None:
    form = "<H" if offset < 12 else "<L"
    with pytest.raises((MalformedError, UnsupportedError)):
        read(patched(jar({"a": b"x"}), b"PK\x05\x06", offset, form, value))


def test_a_bomb_is_not_inflated_past_what_it_declares() -> None:
    squeezed = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = squeezed.compress(bytes(50_000_000)) + squeezed.flush()
    data = jar({"a": b"0" * len(bomb)}, method=zipfile.ZIP_STORED).replace(b"0" * len(bomb), bomb)
    data = patched(patched(data, b"PK\x01\x02", 10, "<H", 8), b"PK\x01\x02", 24, "<L", 100)
    with pytest.raises(MalformedError, match="declares"):
        content(read(data, 1 << 17))
