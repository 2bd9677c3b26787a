"""The database's rows as they mean something outside of it: names where the file has numbers.

Packages, advisories and sources are numbered in sorted order, so one more of them shifts all numbers behind it; by
name, two databases differ only where what they say differs. Works on every table of `advisorydb_schema` alike.
"""

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import msgspec

from assay.adapters import advisorydb_schema as schema
from assay.model.advisory_change import Change, Row

_REFERENCES = {"package": ("ecosystem", "name"), "advisory": ("name",), "source": ("name",)}
"""Numbered tables, and by what their rows are known."""
_BATCH_ROWS = 1_000
_COLUMN = re.compile(r"(\w+) (TEXT|INTEGER|BLOB)", re.ASCII)


class Table(msgspec.Struct, frozen=True):
    """One table: its columns, which of them are numbers of other tables, and the order of its rows."""

    name: str
    columns: tuple[str, ...]
    references: tuple[str, ...]

    @property
    def width(self) -> int:
        """Columns of a row by name."""
        return sum(len(_REFERENCES[c]) if c in self.references else 1 for c in self.columns)

    def by_name(self, database: str) -> str:
        """SELECT of all rows by name, out of the attached `database`."""
        said = [
            ", ".join(f"{c}_.{n}" for n in _REFERENCES[c]) if c in self.references else f"t.{c}" for c in self.columns
        ]
        joins = "".join(f" JOIN {database}.{c} {c}_ ON {c}_.id = t.{c}" for c in self.references)
        return f"SELECT {', '.join(said)} FROM {database}.{self.name} t{joins}"  # noqa: S608 - names of our own

    def by_number(self, rows: str) -> str:
        """INSERT of rows by name, columns c0, c1, …, given by the SELECT `rows`, sorted as the table is."""
        said, joins, at = [], "", 0
        for column in self.columns:
            if column not in self.references:
                said.append(f"l.c{at}")
                at += 1
                continue
            names = _REFERENCES[column]
            met = " AND ".join(f"{column}_.{name} = l.c{at + n}" for n, name in enumerate(names))
            joins += f" JOIN main.{column} {column}_ ON {met}"
            said.append(f"{column}_.id")
            at += len(names)
        targets, order = ", ".join(self.columns), ", ".join(str(n + 1) for n in range(len(self.columns)))
        return (
            f"INSERT INTO main.{self.name} ({targets}) SELECT {', '.join(said)} FROM ({rows}) l{joins} ORDER BY {order}"  # noqa: S608 - names of our own
        )


def tables() -> tuple[Table, ...]:
    """Every table, those that others number by first."""
    found = [_table(statement) for statement in schema.STATEMENTS]
    return tuple(sorted(found, key=lambda table: (table.name not in _REFERENCES, table.name)))


def _table(statement: str) -> Table:
    head, _, body = statement.partition("(")
    name = head.split()[2]
    columns = [(c, kind) for c, kind in _COLUMN.findall(body.partition("PRIMARY KEY (")[0]) if c != "UNIQUE"]
    own = name in _REFERENCES
    return Table(
        name,
        tuple(c for c, _ in columns if not (own and c == "id")),
        tuple(c for c, kind in columns if c in _REFERENCES and kind == "INTEGER" and not own),
    )


def attached(old: Path, new: Path) -> sqlite3.Connection:
    """A connection with both databases, `a` the old one and `b` the new one, to be read only."""
    connection = sqlite3.connect("file::memory:", uri=True, isolation_level=None)
    for name, path in (("a", old), ("b", new)):
        attach(connection, name, path)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA temp_store = FILE")
    return connection


def attach(connection: sqlite3.Connection, name: str, path: Path) -> None:
    """Attach a database to be read only."""
    connection.execute(f"ATTACH ? AS {name}", (f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1",))


def changes(connection: sqlite3.Connection) -> Iterator[Change]:
    """What leads from `a` to `b`: rows that go and rows that come, table by table, in batches, sorted."""
    for table in tables():
        order = ", ".join(str(n + 1) for n in range(table.width))
        for come, (one, other) in ((False, ("a", "b")), (True, ("b", "a"))):
            statement = f"{table.by_name(one)} EXCEPT {table.by_name(other)} ORDER BY {order}"
            cursor = connection.execute(statement)
            while rows := cursor.fetchmany(_BATCH_ROWS):
                yield Change(table.name, come, tuple(rows))


def patch(connection: sqlite3.Connection, given: Iterator[Change]) -> None:
    """Fill the empty tables of `main` with those of `base`, changed as given: by one delta, or by several in a row.

    Raises:
        ValueError: a table there is not, or a row of another width.
    """
    known = {table.name: table for table in tables()}
    came: set[str] = set()
    for table in known.values():
        columns = ", ".join(f"c{n}" for n in range(table.width))
        for kind in ("gone", "come"):
            connection.execute(f"CREATE TEMP TABLE {kind}_{table.name} ({columns})")
    for change in given:
        table = known.get(change.table) or _unknown(change.table)
        if any(len(row) != table.width for row in change.rows):
            raise ValueError(f"a row of {table.name} has another width than {table.width}")
        if change.come:
            came.add(table.name)
        elif table.name in came:  # a later delta, whose rows may have come with an earlier one
            change = _take_back(connection, table, change)
        _keep(connection, table, change)
    for table in known.values():
        names = ", ".join(f"c{n}" for n in range(table.width))
        rows = (
            f"WITH base_ ({names}) AS ({table.by_name('base')}) SELECT {names} FROM base_ "  # noqa: S608 - names of our own
            f"EXCEPT SELECT {names} FROM gone_{table.name} UNION ALL SELECT {names} FROM come_{table.name}"
        )
        connection.execute(table.by_number(rows))
        _count(connection, table)


def _count(connection: sqlite3.Connection, table: Table) -> None:
    """Every row that goes was there, every row that comes is new and names what there is; else the numbers differ."""
    counts = [
        connection.execute(f"SELECT count(*) FROM {place}").fetchone()[0]  # noqa: S608 - names of our own
        for place in (f"base.{table.name}", f"gone_{table.name}", f"come_{table.name}", f"main.{table.name}")
    ]
    if counts[0] - counts[1] + counts[2] != counts[3]:
        raise ValueError(f"rows of {table.name} go that were not there, or come that fit nowhere")


def _keep(connection: sqlite3.Connection, table: Table, change: Change) -> None:
    marks = ", ".join("?" * table.width)
    kind = "come" if change.come else "gone"
    rows: tuple[Row, ...] = change.rows
    connection.executemany(f"INSERT INTO {kind}_{table.name} VALUES ({marks})", rows)  # noqa: S608 - names of our own


def _take_back(connection: sqlite3.Connection, table: Table, change: Change) -> Change:
    """The rows that go and had not come before; those that had are dropped, as if they never came."""
    names = [f"c{n}" for n in range(table.width)]
    connection.execute(f"CREATE INDEX IF NOT EXISTS temp.by_row_{table.name} ON come_{table.name} ({', '.join(names)})")
    same = " AND ".join(f"{name} = ?" for name in names)
    statement = f"DELETE FROM come_{table.name} WHERE {same}"  # noqa: S608 - names of our own
    left = tuple(row for row in change.rows if not connection.execute(statement, row).rowcount)
    return Change(table.name, come=False, rows=left)


def _unknown(name: str) -> Table:
    raise ValueError(f"there is no table {name[:40]!r}")
