"""Package databases, as pages and records: SQLite, ndb, Berkeley DB, rpm headers, values serialised by PHP."""

from assay.formats import bdbfile, fingerprints, ndbfile, phpserialize, rpmheader, sqlitefile

from .shape import Harness, answers

_TAGS = (
    rpmheader.NAME, rpmheader.VERSION, rpmheader.RELEASE, rpmheader.EPOCH, rpmheader.LICENSE, rpmheader.FILE_MODES,
    rpmheader.BASE_NAMES, rpmheader.DIR_INDEXES, rpmheader.PROVIDE_NAME, 9999,
)  # fmt: skip


def check_sqlite(data: bytes) -> None:
    """Every row of every table; no more of them than there are bytes."""
    file = sqlitefile.SqliteFile(data, "x")
    for root in file.tables().values():
        for count, row in enumerate(file.rows(root)):
            assert count < max(16, len(data)), "more rows than bytes"
            assert isinstance(row.values, tuple)


def check_ndb(data: bytes) -> None:
    """Every blob lies in the file."""
    blobs = [blob for blob in ndbfile.NdbFile(data, "x").blobs() if blob is not None]
    assert sum(map(len, blobs)) <= len(data)


def check_bdb(data: bytes) -> None:
    """Every entry lies in the file."""
    entries = list(bdbfile.BdbHash(data, "x").items())
    assert sum(len(key) + len(value) for key, value in entries) <= 2 * len(data)


def check_fingerprints(data: bytes) -> None:
    """A file of jars' fingerprints: every block is read or refused."""
    for library in fingerprints.read_fingerprints(data, "x"):
        answers(lambda _, library=library: fingerprints.read_block(library, "x"), b"")  # type: ignore[misc]


HARNESSES = (
    Harness(
        name="fingerprints", check=check_fingerprints, doors=(fingerprints.read_fingerprints,),
        seeds=lambda: (fingerprints.write_fingerprints([]),),
    ),
    Harness(name="sqlite", check=check_sqlite, doors=(sqlitefile.SqliteFile,), bytes_limit=16_384),
    Harness(name="ndb", check=check_ndb, doors=(ndbfile.NdbFile,), bytes_limit=16_384),
    Harness(name="berkeley-db", check=check_bdb, doors=(bdbfile.BdbHash,), bytes_limit=16_384),
    Harness(
        name="php-serialised", check=lambda data: phpserialize.loads(data, where="x"), doors=(phpserialize.loads,),
        seeds=lambda: (b'a:2:{i:0;s:1:"a";s:1:"b";a:1:{i:1;d:0.5;}}', b"N;", b"b:1;"),
    ),
    Harness(
        name="rpm-header", check=lambda data: rpmheader.read(data, _TAGS, where="x"), doors=(rpmheader.read,),
    ),
)  # fmt: skip
"""Rows of the table."""
