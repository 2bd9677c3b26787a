"""The advisory database's tables, its versions, and the digest of its content.

One SQLite file. Packages, advisories and sources are numbered in sorted order, so that the same feeds give the same
rows. SQLite writes its own version into the file's header, so a digest over the rows stands beside the file's digest.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import msgspec

from assay.model.advisory import Advisory, Category, Score, VulnerableCode
from assay.model.errors import MalformedError

SCHEMA = 4
"""Rises with every change of a table or of the meaning of a column."""
APPLICATION_ID = 0x41535341
PAGE_BYTES = 4096
_BUILD_DIGITS = 15
PRAGMAS = (
    f"page_size = {PAGE_BYTES}",
    "journal_mode = OFF",
    "synchronous = OFF",
    "locking_mode = EXCLUSIVE",
    "temp_store = FILE",
    "cache_size = -65536",
    f"application_id = {APPLICATION_ID}",
    f"user_version = {SCHEMA}",
)
"""How a new file is written: of one page size, without a journal, as nobody reads it before it is whole."""
EPSS_SCALE = 1_000_000_000
"""Probabilities are kept as whole billionths."""
CVSS_SCALE = 100
"""Scores are kept as whole hundredths."""
REBUILD = "run `assay db update`, or `assay db build --from DIR`"

# The columns of a primary key come first, in its order: older SQLite's integrity check stumbles over any other order.
_TABLES = {
    "meta": "key TEXT PRIMARY KEY, value TEXT NOT NULL",
    "source": "id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, date TEXT NOT NULL, licence TEXT NOT NULL, "
    "origin TEXT NOT NULL, digest TEXT NOT NULL, records INTEGER NOT NULL, skipped INTEGER NOT NULL",
    "package": "id INTEGER PRIMARY KEY, ecosystem TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (ecosystem, name)",
    "advisory": "id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, feed TEXT NOT NULL, class TEXT NOT NULL, "
    "record BLOB NOT NULL",
    "alias": "class TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (class, id)",
    "range": "package INTEGER NOT NULL, lo BLOB NOT NULL, hi BLOB NOT NULL, advisory INTEGER NOT NULL, "
    "introduced TEXT NOT NULL, fixed TEXT NOT NULL, last_affected TEXT NOT NULL, lim TEXT NOT NULL, "
    "listed TEXT NOT NULL, state TEXT NOT NULL, source INTEGER NOT NULL, PRIMARY KEY (package, lo, hi, advisory)",
    "range_text": "package INTEGER NOT NULL, advisory INTEGER NOT NULL, introduced TEXT NOT NULL, "
    "fixed TEXT NOT NULL, last_affected TEXT NOT NULL, lim TEXT NOT NULL, versions BLOB NOT NULL, "
    "state TEXT NOT NULL, source INTEGER NOT NULL, "
    "PRIMARY KEY (package, advisory, introduced, fixed, last_affected, lim, versions)",
    "coverage": "ecosystem TEXT NOT NULL, name TEXT NOT NULL, feed TEXT NOT NULL, until TEXT NOT NULL, "
    "newest TEXT NOT NULL, PRIMARY KEY (ecosystem, name, feed)",
    "unaffected": "ecosystem TEXT NOT NULL, name TEXT NOT NULL, id TEXT NOT NULL, feed TEXT NOT NULL, "
    "state TEXT NOT NULL, PRIMARY KEY (ecosystem, name, id)",
    "cve": "id TEXT PRIMARY KEY, summary TEXT NOT NULL, state TEXT NOT NULL, exploitation TEXT NOT NULL, "
    "automatable TEXT NOT NULL, impact TEXT NOT NULL, assessed TEXT NOT NULL, cwes TEXT NOT NULL, marks TEXT NOT NULL",
    "cpe": "cve TEXT PRIMARY KEY, feed TEXT NOT NULL, conditions BLOB NOT NULL",
    "cpe_product": "product TEXT NOT NULL, cve TEXT NOT NULL, PRIMARY KEY (product, cve)",
    "score": "cve TEXT NOT NULL, version TEXT NOT NULL, source TEXT NOT NULL, vector TEXT NOT NULL, "
    "score INTEGER NOT NULL, severity TEXT NOT NULL, PRIMARY KEY (cve, version, source, vector, score)",
    "epss": "id INTEGER PRIMARY KEY, score INTEGER NOT NULL, percentile INTEGER NOT NULL",
    "kev": "cve TEXT PRIMARY KEY, added TEXT NOT NULL, due TEXT NOT NULL, ransomware TEXT NOT NULL",
    "product": "name TEXT PRIMARY KEY, title TEXT NOT NULL, category TEXT NOT NULL",
    "product_id": "id TEXT NOT NULL, product TEXT NOT NULL, PRIMARY KEY (id, product)",
    "eol": "product TEXT NOT NULL, place INTEGER NOT NULL, cycle TEXT NOT NULL, codename TEXT NOT NULL, "
    "released TEXT NOT NULL, active_until TEXT NOT NULL, ends TEXT NOT NULL, extended_until TEXT NOT NULL, "
    "latest TEXT NOT NULL, latest_date TEXT NOT NULL, PRIMARY KEY (product, place)",
}
_ROWID_TABLES = frozenset({"source", "package", "advisory", "epss"})
STATEMENTS = tuple(
    f"CREATE TABLE {name} ({columns})" + ("" if name in _ROWID_TABLES else " WITHOUT ROWID")
    for name, columns in _TABLES.items()
)
_ORDERS = {
    "meta": "key",
    "alias": "class, id",
    "range": "package, lo, hi, advisory",
    "range_text": "package, advisory, introduced, fixed, last_affected, lim, versions",
    "coverage": "ecosystem, name, feed",
    "unaffected": "ecosystem, name, id",
    "cve": "id",
    "cpe": "cve",
    "cpe_product": "product, cve",
    "score": "cve, version, source, vector, score",
    "kev": "cve",
    "product": "name",
    "product_id": "id, product",
    "eol": "product, place",
}


class Head(msgspec.Struct, frozen=True, array_like=True):
    """An advisory as it is kept in `advisory.record` (MessagePack); id and feed have columns of their own."""

    aliases: tuple[str, ...]
    upstream: tuple[str, ...]
    related: tuple[str, ...]
    category: Category
    summary: str
    published: str
    modified: str
    withdrawn: str
    scores: tuple[tuple[str, float, str, str, str], ...]
    severity: str
    references: tuple[str, ...]
    code: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Head).decode


def pack(record: Advisory) -> bytes:
    """An advisory's head as bytes."""
    scores = tuple((s.version, s.score, s.severity, s.vector, s.source) for s in record.scores)
    code = tuple((c.name, c.path, c.symbols, c.systems, c.architectures) for c in record.code)
    return _encode(
        Head(
            record.aliases, record.upstream, record.related, record.category, record.summary, record.published,
            record.modified, record.withdrawn, scores, record.severity, record.references, code,
        )
    )  # fmt: skip


def unpack(identifier: str, feed: str, data: bytes, aliases: tuple[str, ...] | None = None) -> Advisory:
    """The advisory again; `aliases` replaces its own. msgspec.DecodeError when the bytes are damaged."""
    head = _decode(data)
    return Advisory(
        id=identifier, feed=feed, aliases=head.aliases if aliases is None else aliases, upstream=head.upstream,
        related=head.related, category=head.category, summary=head.summary, published=head.published,
        modified=head.modified, withdrawn=head.withdrawn, scores=tuple(Score(*item) for item in head.scores),
        severity=head.severity, references=head.references,
        code=tuple(VulnerableCode(*item) for item in head.code),
    )  # fmt: skip


def content_digest(connection: sqlite3.Connection) -> str:
    """SHA-256 over every row of every table, sorted, in MessagePack; `meta` without the digest itself and the build
    number, which is given from outside: the same feeds have the same content under any number.
    """
    whole = sha256()
    for table in sorted(_TABLES):
        whole.update(_encode(table))
        kept = " WHERE key NOT IN ('content_digest', 'build')" if table == "meta" else ""
        cursor = connection.execute(f"SELECT * FROM {table}{kept} ORDER BY {_ORDERS.get(table, 'id')}")  # noqa: S608 - names above
        while rows := cursor.fetchmany(2_000):
            whole.update(_encode(rows))
    return "sha256:" + whole.hexdigest()


def build_number(text: str) -> int:
    """The number in `meta`; ValueError for anything that is no number this program writes."""
    if not (text.isascii() and text.isdecimal() and len(text) <= _BUILD_DIGITS):
        raise ValueError(f"build number {text[:40]!r}")
    return int(text)


def epss_number(cve: str) -> int:
    """`CVE-2024-12345` as one number: EPSS speaks of hundreds of thousands, and text would double the table."""
    _, year, number = cve.split("-")
    return int(year) << 40 | int(number)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what SQLite and the record reader say about damaged bytes into a MalformedError."""
    try:
        yield
    except (sqlite3.DatabaseError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedError("damaged advisory database", where=str(path), why=str(error), remedy=REBUILD) from error
