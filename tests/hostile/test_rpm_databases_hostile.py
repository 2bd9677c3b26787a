"""ndb and Berkeley DB files made to loop, to overlap or to point elsewhere: a gap, never a traceback or an hour."""

import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from osfiles import bdb_database, ndb_database, needs_db_load, read, rpm_header

NDB, BDB = "var/lib/rpm/Packages.db", "var/lib/rpm/Packages"
BLOBS = [rpm_header(t1000=("text", f"p{n}" * (1 + n * 40)), t1001=("text", "1")) for n in range(40)]
PAGE = 512


@pytest.fixture(scope="module")
def berkeley(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return bdb_database(tmp_path_factory.mktemp("bdb") / "db", BLOBS, page_size=PAGE)


def only_gap(path: str, data: bytes) -> str:
    fragment = read(path, data)
    assert fragment.packages == ()
    (gap,) = fragment.gaps
    assert gap.kind == "unreadable"
    return gap.reason


def pages(data: bytes, kind: int) -> list[int]:
    return [at for at in range(PAGE, len(data), PAGE) if data[at + 25] == kind]


def changed(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


@needs_db_load
@pytest.mark.parametrize("kind", [13, 7])
def test_a_chain_that_comes_back_is_refused(berkeley: bytes, kind: int) -> None:
    at = next(at for at in pages(berkeley, kind) if kind == 13 or berkeley[at + 16 : at + 20] != b"\0\0\0\0")
    assert "twice" in only_gap(BDB, changed(berkeley, at + 16, struct.pack("<I", at // PAGE)))


@needs_db_load
@pytest.mark.parametrize(
    ("at", "new", "why"),
    [
        (72, b"\xff\xff\xff\x7f", "buckets"),
        (96, b"\xff\xff\xff\xff", "page 4294967295"),
        (20, b"\x01\x02\x00\x00", "pages of 513 bytes"),
        (20, b"\x00\x01\x00\x00", "pages of 256 bytes"),
        (25, b"\x09", "buckets"),
    ],
)
def test_a_first_page_that_lies_is_refused(berkeley: bytes, at: int, new: bytes, why: str) -> None:
    assert why in only_gap(BDB, changed(berkeley, at, new))


@needs_db_load
def test_a_truncated_berkeley_db_is_refused(berkeley: bytes) -> None:
    assert only_gap(BDB, berkeley[: len(berkeley) // 2])
    assert only_gap(BDB, berkeley[:100])


@needs_db_load
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.lists(st.tuples(st.integers(0, 1 << 20), st.binary(min_size=1, max_size=4)), min_size=1, max_size=6))
def test_a_mutated_berkeley_db_ends(berkeley: bytes, where: list[tuple[int, bytes]]) -> None:
    data = berkeley
    for at, new in where:
        data = changed(data, at % (len(data) - 4), new)
    fragment = read(BDB, data)
    assert len(fragment.packages) <= len(BLOBS)


@settings(max_examples=150, deadline=None)
@given(where=st.lists(st.tuples(st.integers(0, 1 << 20), st.binary(min_size=1, max_size=4)), min_size=1, max_size=6))
def test_a_mutated_ndb_ends(where: list[tuple[int, bytes]]) -> None:
    data = ndb_database(BLOBS)
    for at, new in where:
        data = changed(data, at % (len(data) - 4), new)
    fragment = read(NDB, data)
    assert len(fragment.packages) <= len(BLOBS)


def test_slots_that_share_a_blob_are_refused() -> None:
    data = ndb_database([BLOBS[0]])
    slot = data[32:48]
    assert "larger than the file" in only_gap(NDB, data[:32] + slot * 254 + data[4096:])


@pytest.mark.parametrize(
    ("at", "new", "why"),
    [
        (12, b"\xff\xff\xff\xff", "pages of slots"),
        (32, b"slot", "a slot without its mark"),
        (40, b"\x01\x00\x00\x00", "points to block 1"),
        (40, b"\xff\xff\xff\xff", "outside the file"),
        (36, b"\x00\x00\x00\x00", "points to block"),
        (44, b"\x00\x00\x00\x00", "points to block"),
    ],
)
def test_a_slot_that_lies_is_refused(at: int, new: bytes, why: str) -> None:
    assert why in only_gap(NDB, changed(ndb_database(BLOBS[:1]), at, new))


def test_a_truncated_ndb_is_refused(tmp_path: Path) -> None:
    data = ndb_database(BLOBS)
    assert only_gap(NDB, data[:4096])
    assert only_gap(NDB, data[:20])
