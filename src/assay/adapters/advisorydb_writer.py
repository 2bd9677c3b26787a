"""Writes a new advisory database; implements `ports.feeds.AdvisoryWriter`.

Rows wait in temporary tables (a file SQLite has unlinked already, so nothing is left behind when the process dies);
`finish` numbers and sorts them into the real tables. No clock, no chance: the same rows give the same bytes.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from assay.adapters import advisorydb_schema as schema
from assay.model.advisory import Advisory, CveRecord, Feed
from assay.model.errors import UnavailableError
from assay.model.lifecycle import Product
from assay.ports.feeds import CoverageRow, CpeRow, EpssRow, Fact, KevRow, StoredRange, UnaffectedRow, unnumbered
from assay.ports.stores import DatabaseStatus

_WAITING = (
    "CREATE TEMP TABLE w_advisory (id TEXT PRIMARY KEY, feed TEXT, record BLOB) WITHOUT ROWID",
    "CREATE TEMP TABLE w_class (id TEXT PRIMARY KEY, class TEXT) WITHOUT ROWID",
    "CREATE TEMP TABLE w_range (ecosystem TEXT, name TEXT, advisory TEXT, feed TEXT, lo BLOB, hi BLOB, "
    "introduced TEXT, fixed TEXT, last_affected TEXT, lim TEXT, versions BLOB, listed TEXT, state TEXT)",
)
_JOIN = (
    "FROM w_range w JOIN package p ON p.ecosystem = w.ecosystem AND p.name = w.name "
    "JOIN advisory a ON a.name = w.advisory JOIN source s ON s.name = w.feed "
)
_FINISH = (
    "INSERT INTO package (ecosystem, name) SELECT DISTINCT ecosystem, name FROM w_range ORDER BY 1, 2",
    "INSERT INTO advisory (name, feed, class, record) SELECT w.id, w.feed, coalesce(c.class, w.id), w.record "
    "FROM w_advisory w LEFT JOIN w_class c ON c.id = w.id ORDER BY w.id",
    "INSERT INTO alias SELECT class, id FROM w_class WHERE class IN "
    "(SELECT class FROM w_class GROUP BY class HAVING count(*) > 1) ORDER BY 1, 2",
    "INSERT OR IGNORE INTO range SELECT p.id, w.lo, w.hi, a.id, w.introduced, w.fixed, w.last_affected, w.lim, "
    f"w.listed, w.state, s.id {_JOIN} WHERE w.lo IS NOT NULL "
    "ORDER BY 1, 2, 3, 4, w.state DESC, w.listed, w.introduced, w.fixed, w.last_affected, w.lim, s.id",
    "INSERT OR IGNORE INTO range_text SELECT p.id, a.id, w.introduced, w.fixed, w.last_affected, w.lim, w.versions, "
    f"w.state, s.id {_JOIN} WHERE w.lo IS NULL ORDER BY 1, 2, 3, 4, 5, 6, 7, w.state DESC, s.id",
)  # fmt: skip
_COVERAGE = (
    "INSERT INTO coverage VALUES (?, ?, ?, ?, ?) ON CONFLICT (ecosystem, name, feed) DO UPDATE "
    "SET until = excluded.until, newest = excluded.newest WHERE newest = '' AND excluded.newest <> ''"
)
_pack = msgspec.msgpack.encode
_Rows = Iterator[tuple[str, tuple[Any, ...]]]


class Writer:
    """A database file in the making at `path`, which must be empty; `close` ends it without a result."""

    def __init__(self, path: Path, number: Callable[[str], int] = unnumbered) -> None:
        self._path, self._number = path, number
        self._epss: tuple[str, str] | None = None
        with _storing(path):
            self._db = sqlite3.connect(path, isolation_level=None)
            for pragma in schema.PRAGMAS:
                self._db.execute(f"PRAGMA {pragma}")
            self._db.execute("BEGIN")
            for statement in (*schema.STATEMENTS, *_WAITING):
                self._db.execute(statement)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def advisory(self, record: Advisory) -> None:
        """Keep or replace a record's head."""
        with _storing(self._path):
            row = (record.id, record.feed, schema.pack(record))
            self._db.execute("INSERT OR REPLACE INTO w_advisory VALUES (?, ?, ?)", row)

    def known(self, identifier: str) -> Advisory | None:
        """The head kept so far."""
        with _storing(self._path):
            row = self._db.execute("SELECT feed, record FROM w_advisory WHERE id = ?", (identifier,)).fetchone()
        return schema.unpack(identifier, row[0], row[1]) if row else None

    def ranges(self, rows: Iterable[StoredRange]) -> None:
        """Keep intervals until `finish` sorts them in."""
        with _storing(self._path):
            self._db.executemany(
                "INSERT INTO w_range VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (
                        r.ecosystem, r.name, r.advisory, r.feed, r.lo, r.hi, r.introduced, r.fixed, r.last_affected,
                        r.limit, _pack(r.versions), r.versions[0] if r.versions else "", r.state,
                    )
                    for r in rows
                ),
            )  # fmt: skip

    def facts(self, rows: Iterable[Fact]) -> None:
        """Keep enrichment at once; `VACUUM` puts it into order."""
        with _storing(self._path):
            for row in rows:
                for statement, values in _FACTS[type(row)](row):
                    self._db.execute(statement, values)
                if isinstance(row, EpssRow) and self._epss is None:
                    self._epss = (row.epss.date, row.epss.model)

    def finish(self, feeds: Sequence[Feed], encoders: Mapping[str, int], classes: Mapping[str, str]) -> DatabaseStatus:
        """Sort everything in, write the content digest, compact, close."""
        with _storing(self._path):
            db = self._db
            db.executemany("INSERT INTO w_class VALUES (?, ?)", classes.items())
            db.executemany(
                "INSERT INTO source (name, date, licence, origin, digest, records, skipped) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(f.name, f.date, f.licence, f.origin, f.digest, f.records, f.skipped) for f in feeds],
            )
            for statement in _FINISH:
                db.execute(statement)
            status = self._status(feeds, encoders)
            db.execute("COMMIT")
            db.execute("VACUUM")
            db.close()
        return status

    def _status(self, feeds: Sequence[Feed], encoders: Mapping[str, int]) -> DatabaseStatus:
        db = self._db
        counts = [
            db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - names of our own
            for table in ("advisory", "range", "range_text")
        ]
        date, model = self._epss or ("", "")
        built = max((feed.date for feed in feeds), default="")
        meta = {
            "schema": str(schema.SCHEMA), "built": built, "advisories": str(counts[0]),
            "ranges": str(counts[1] + counts[2]), "epss_date": date, "epss_model": model,
            **{f"encoder.{name}": str(version) for name, version in encoders.items()},
        }  # fmt: skip
        db.executemany("INSERT INTO meta VALUES (?, ?)", sorted(meta.items()))
        digest = schema.content_digest(db)
        db.execute("INSERT INTO meta VALUES ('content_digest', ?)", (digest,))
        build = self._number(digest)
        db.execute("INSERT INTO meta VALUES ('build', ?)", (str(build),))
        return DatabaseStatus(
            schema=schema.SCHEMA, built=built, content_digest=digest, feeds=tuple(feeds), advisories=counts[0],
            ranges=counts[1] + counts[2], encoders=dict(sorted(encoders.items())), build=build,
        )  # fmt: skip


@contextmanager
def _storing(path: Path) -> Iterator[None]:
    """A full disk or a place that cannot be written is the outside's failure."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise UnavailableError(
            "cannot write the advisory database", where=str(path), why=str(error),
            remedy="make room, or choose another place with --db",
        ) from error  # fmt: skip


def _kev(row: Any) -> _Rows:
    kev = row.kev
    values = (row.cve, kev.date_added, kev.due_date, kev.ransomware)
    yield "INSERT OR IGNORE INTO kev VALUES (?, ?, ?, ?)", values


def _epss(row: Any) -> _Rows:
    score, percentile = (round(value * schema.EPSS_SCALE) for value in (row.epss.score, row.epss.percentile))
    yield "INSERT OR IGNORE INTO epss VALUES (?, ?, ?)", (schema.epss_number(row.cve), score, percentile)


def _cve(row: Any) -> _Rows:
    ssvc = row.ssvc
    points = (ssvc.exploitation, ssvc.automatable, ssvc.technical_impact, ssvc.assessed) if ssvc else ("", "", "", "")
    values = (row.id, row.summary, row.state, *points, " ".join(row.cwes), " ".join(row.marks))
    yield "INSERT OR IGNORE INTO cve VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values
    for s in row.scores:
        values = (row.id, s.version, s.source, s.vector, round(s.score * schema.CVSS_SCALE), s.severity)
        yield "INSERT OR IGNORE INTO score VALUES (?, ?, ?, ?, ?, ?)", values


def _coverage(row: Any) -> _Rows:
    """A feed that names a package speaks of any version; where its own list gives the newest one, of no newer one."""
    values = (row.ecosystem, row.name, row.feed, row.until, row.newest)
    yield _COVERAGE, values


def _unaffected(row: Any) -> _Rows:
    values = (row.ecosystem, row.name, row.id, row.feed, row.state)
    yield "INSERT OR IGNORE INTO unaffected VALUES (?, ?, ?, ?, ?)", values


def _cpe(row: Any) -> _Rows:
    """By product first, so that a product of any vendor is a range of the index."""
    yield "INSERT OR IGNORE INTO cpe VALUES (?, ?, ?)", (row.cve, row.feed, _pack(row.conditions))
    names = {one.name for item in row.conditions for node in item.nodes for one in node.matches if one.vulnerable}
    for product in sorted({f"{name.product}\t{name.vendor}" for name in names}):
        yield "INSERT OR IGNORE INTO cpe_product VALUES (?, ?)", (product, row.cve)


def _product(row: Any) -> _Rows:
    yield "INSERT OR IGNORE INTO product VALUES (?, ?, ?)", (row.name, row.title, row.category)
    for identifier in row.identifiers:
        yield "INSERT OR IGNORE INTO product_id VALUES (?, ?)", (identifier, row.name)
    for place, r in enumerate(row.releases):
        yield (
            "INSERT OR IGNORE INTO eol VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (row.name, place, r.cycle, r.codename, r.released, r.active_until, r.ends, r.extended_until, r.latest,
             r.latest_date),
        )  # fmt: skip


_FACTS: dict[type, Callable[[Any], _Rows]] = {
    KevRow: _kev,
    EpssRow: _epss,
    CveRecord: _cve,
    CoverageRow: _coverage,
    UnaffectedRow: _unaffected,
    CpeRow: _cpe,
    Product: _product,
}
