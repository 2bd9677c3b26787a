"""The page reader finds what SQLite wrote, and refuses what SQLite would not write."""

import sqlite3
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.formats.sqlitefile import Row, SqliteFile
from assay.model.errors import MalformedError, UnsupportedError

VALUES = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from([0, 1, -1, 127, 128, 32767, 32768, 2**23, 2**31, 2**47, 2**48, -(2**47)]),
    st.floats(allow_nan=False),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60),
    st.binary(max_size=60),
    st.integers(300, 20_000).map(lambda n: bytes(range(256)) * (n // 256) + b"x" * (n % 256)),
)


def write(statements: list[tuple[str, list[tuple[object, ...]]]], *pragmas: str) -> bytes:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
        for statement, rows in statements:
            if rows:
                connection.executemany(statement, rows)
            else:
                connection.execute(statement)
        return bytes(connection.serialize())
    finally:
        connection.close()


def rows_of(data: bytes, table: str = "t") -> list[Row]:
    database = SqliteFile(data, "db")
    return list(database.rows(database.tables()[table]))


@pytest.mark.parametrize("page_size", [512, 1024, 4096, 65536])
@settings(max_examples=25, deadline=None)
@given(rows=st.lists(st.tuples(VALUES, VALUES), max_size=25))
def test_rows_equal_those_sqlite_reads(page_size: int, rows: list[tuple[object, ...]]) -> None:
    data = write(
        [("CREATE TABLE t (a, b)", []), *([("INSERT INTO t VALUES (?, ?)", rows)] if rows else [])],
        f"page_size={page_size}",
    )
    connection = sqlite3.connect(":memory:")
    connection.deserialize(data)
    expected = connection.execute("SELECT rowid, a, b FROM t ORDER BY rowid").fetchall()
    connection.close()
    assert [(row.rowid, *row.values) for row in rows_of(data)] == expected


@pytest.mark.parametrize("size", [*range(440, 520), 4_000, 4_061, 4_062, 4_063, 4_064, 4_096, 100_000, 1_000_000])
@pytest.mark.parametrize("page_size", [512, 4096])
def test_overflow_at_every_boundary(page_size: int, size: int) -> None:
    blob = bytes(index * 7 % 251 for index in range(size))
    data = write(
        [("CREATE TABLE t (a)", []), ("INSERT INTO t VALUES (?)", [(blob,), (b"after",)])], f"page_size={page_size}"
    )
    assert [row.values for row in rows_of(data)] == [(blob,), (b"after",)]


def test_a_deep_tree_is_read_in_order_of_rowid() -> None:
    numbers = [(n * 7919 % 20_011, f"text {n}") for n in range(20_000)]
    data = write(
        [("CREATE TABLE t (k INTEGER PRIMARY KEY, v)", []), ("INSERT OR IGNORE INTO t VALUES (?, ?)", numbers)],
        "page_size=512",
    )
    rows = rows_of(data)
    assert [row.rowid for row in rows] == sorted({k for k, _ in numbers})
    assert rows[5].values[0] is None, "the key column is the rowid itself"


def test_negative_rowids() -> None:
    data = write(
        [
            ("CREATE TABLE t (k INTEGER PRIMARY KEY, v)", []),
            ("INSERT INTO t VALUES (?, ?)", [(-5, "a"), (-(2**63), "b"), (2**63 - 1, "c")]),
        ]
    )
    assert [(row.rowid, row.values[1]) for row in rows_of(data)] == [(-(2**63), "b"), (-5, "a"), (2**63 - 1, "c")]


def test_deleted_rows_indexes_and_views_are_not_seen() -> None:
    data = write(
        [
            ("CREATE TABLE t (a)", []),
            ("CREATE INDEX i ON t (a)", []),
            ("CREATE VIEW v AS SELECT a FROM t", []),
            ("INSERT INTO t VALUES (?)", [(n,) for n in range(3_000)]),
            ("DELETE FROM t WHERE a >= 10", []),
        ],
        "page_size=512",
    )
    assert set(SqliteFile(data, "db").tables()) == {"t"}
    assert [row.values[0] for row in rows_of(data)] == list(range(10))


def test_write_ahead_mode_does_not_matter_once_checkpointed(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE t (a)")
    connection.execute("INSERT INTO t VALUES ('x')")
    connection.close()
    data = path.read_bytes()
    assert data[18:20] == b"\x02\x02"
    assert rows_of(data)[0].values == ("x",)


def sound() -> bytes:
    blob = b"z" * 3_000
    return write([("CREATE TABLE t (a)", []), ("INSERT INTO t VALUES (?)", [(blob,)] * 40)], "page_size=512")


def changed(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no SQLite 3 header"),
        (b"SQLite format 3\0", "no SQLite 3 header"),
        (b"x" * 512, "no SQLite 3 header"),
        (changed(sound(), 16, b"\x02\x01"), "page size"),
        (changed(sound(), 16, b"\x00\x00"), "page size"),
        (changed(sound(), 20, b"\x80"), "reserved"),
        (sound()[:700], "page"),
        (changed(sound(), 100, b"\x0a"), "no table page"),
        (changed(sound(), 103, b"\xff\xff"), "cells"),
    ],
)
def test_damage_is_named(data: bytes, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        rows_of(data)


def test_utf16_is_unsupported() -> None:
    with pytest.raises(UnsupportedError, match="UTF-16"):
        SqliteFile(write([("CREATE TABLE t (a)", [])], "encoding='UTF-16'"), "db")


def test_a_chain_of_overflow_pages_that_bites_its_tail_is_refused() -> None:
    data = sound()
    broken = bytearray(data)
    for page in range(2, len(data) // 512):
        start = page * 512
        if data[start + 4 : start + 8] == b"zzzz":  # an overflow page: point it at itself
            broken[start : start + 4] = struct.pack(">I", page + 1)
    with pytest.raises(MalformedError, match="reached twice"):
        rows_of(bytes(broken))


def test_a_tree_that_contains_itself_is_refused() -> None:
    data = write(
        [("CREATE TABLE t (a)", []), ("INSERT INTO t VALUES (?)", [(n,) for n in range(2_000)])], "page_size=512"
    )
    root = SqliteFile(data, "db").tables()["t"]
    start = (root - 1) * 512
    assert data[start] == 5, "an interior page"
    with pytest.raises(MalformedError, match="reached twice"):
        rows_of(changed(data, start + 8, struct.pack(">I", root)))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 8_000), st.binary(min_size=1, max_size=4)), min_size=1, max_size=6))
def test_mutated_files_end_in_rows_or_one_error(changes: list[tuple[int, bytes]]) -> None:
    data = sound()
    for at, new in changes:
        data = changed(data, at % len(data), new)[: len(data)]
    try:
        database = SqliteFile(data, "db")
        for root in database.tables().values():
            for row in database.rows(root):
                assert isinstance(row.values, tuple)
    except (MalformedError, UnsupportedError):
        pass
