"""What differs between two databases, and a database made of another one and what differs."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from assay.adapters import advisorydb_rows as rows
from assay.adapters import advisorydb_schema as schema
from assay.adapters.advisorydb import AdvisoryDatabase
from assay.model.advisory_change import Change
from assay.model.errors import MalformedError
from assay.ports.stores import DatabaseStatus


class DatabasePair:
    """Two whole databases, to be compared (`ports.databases.Pair`); both are checked for their form.

    Raises:
        UnavailableError, MalformedError, UnsupportedError: as `AdvisoryDatabase`.
    """

    def __init__(self, old: Path, new: Path, encoders: Mapping[str, int]) -> None:
        self._old, self._new = old, new
        self.old, self.new = (_status(path, encoders) for path in (old, new))

    def changes(self) -> Iterator[Change]:
        """Rows that go and rows that come, table by table, by name, sorted."""
        with schema.reading(self._new), closing(rows.attached(self._old, self._new)) as connection:
            yield from rows.changes(connection)

    def names_of(self, advisories: frozenset[str]) -> Iterator[tuple[str, str, str]]:
        """(advisory, ecosystem, package) of every range of these advisories, in either database, each once, sorted."""
        select = " UNION ".join(
            f"SELECT v.name, p.ecosystem, p.name FROM {db}.{table} r JOIN {db}.advisory v ON v.id = r.advisory "  # noqa: S608 - names of our own
            f"JOIN {db}.package p ON p.id = r.package WHERE v.name IN (SELECT name FROM wanted)"
            for db in ("a", "b")
            for table in ("range", "range_text")
        )
        yield from self._wanting(advisories, f"{select} ORDER BY 1, 2, 3")

    def members_of(self, classes: frozenset[str]) -> Iterator[str]:
        """Every id of these alias classes, in either database, sorted."""
        select = "SELECT id FROM {}.alias WHERE class IN (SELECT name FROM wanted)"
        union = f"{select.format('a')} UNION {select.format('b')} ORDER BY 1"
        yield from (row[0] for row in self._wanting(classes, union))

    def _wanting(self, names: frozenset[str], select: str) -> Iterator[Any]:
        """Rows of a SELECT that speaks of the table `wanted`, which holds these names."""
        if not names:
            return
        with schema.reading(self._new), closing(rows.attached(self._old, self._new)) as connection:
            connection.execute("CREATE TEMP TABLE wanted (name TEXT PRIMARY KEY) WITHOUT ROWID")
            connection.executemany("INSERT INTO wanted VALUES (?)", ((name,) for name in sorted(names)))
            yield from connection.execute(select)

    def withdrawn(self, record: bytes) -> bool:
        """Whether an advisory's record says that it was withdrawn."""
        with schema.reading(self._new):
            return bool(schema.unpack("", "", record).withdrawn)

    def spoken(self, record: bytes) -> dict[str, object]:
        """What an advisory's record says, by topic: `aliases`, `scores`, `text`."""
        with schema.reading(self._new):
            said = schema.unpack("", "", record)
        return {
            "aliases": (said.aliases, said.upstream, said.related),
            "scores": (said.scores, said.severity),
            "text": (said.summary, said.references, said.category, said.published),
            "functions": said.code,
        }


def _status(path: Path, encoders: Mapping[str, int]) -> DatabaseStatus:
    with closing(AdvisoryDatabase(path, encoders)) as database:
        return database.status()


def applied(base: str, path: Path, changes: Iterator[Change]) -> None:
    """Make the database at the empty file `path` out of the one that SQLite opens as `base`.

    Args:
        base: the name under which the old database is read.
        path: an empty file.
        changes: as `DatabasePair.changes` gives them; their truth shows in the content digest.

    Raises:
        MalformedError: changes that do not fit the base.
    """
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}", uri=True, isolation_level=None)) as db:
            for pragma in schema.PRAGMAS:
                db.execute(f"PRAGMA {pragma}")
            db.execute("ATTACH ? AS base", (f"file:{quote(base)}?mode=ro&immutable=1",))
            db.execute("BEGIN")
            for statement in schema.STATEMENTS:
                db.execute(statement)
            rows.patch(db, changes)
            db.execute("COMMIT")
            db.execute("DETACH base")
            db.execute("VACUUM")
    except (sqlite3.DatabaseError, ValueError, OverflowError) as error:
        raise MalformedError(
            "a delta that does not fit the advisory database", where=str(path), why=str(error)[:200],
            remedy="fetch the whole database",
        ) from error  # fmt: skip
