"""The advisory database as a file: its name, and what its header says."""

import os
import stat
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO

from assay.adapters import advisorydb_schema as schema
from assay.model.errors import MalformedError, UnavailableError, UnsupportedError

_HEADER_BYTES = 100


def name_of(path: Path, file: BinaryIO | None) -> str:
    """The name SQLite opens: the open file's own where the system gives it one, else the path, compared."""
    if file is None:
        return str(path.absolute())
    own = f"/dev/fd/{file.fileno()}"
    if os.path.exists(own):
        return own
    if not os.path.samestat(os.fstat(file.fileno()), path.stat()):
        raise not_ours(path, "another file lies there by now")
    return str(path.absolute())


def check_header(path: Path, file: BinaryIO | None) -> None:
    """Magic, application, schema, and that the file is as long as its header says (SQLite file format, 1.3)."""
    try:
        facts = path.stat() if file is None else os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode) and not stat.S_ISDIR(facts.st_mode):  # to open a pipe would wait for ever
            raise not_ours(path, "no regular file")
        size = facts.st_size
        with path.open("rb") if file is None else nullcontext(file) as opened:
            opened.seek(0)
            header = opened.read(_HEADER_BYTES)
    except FileNotFoundError as error:
        raise UnavailableError("no advisory database", where=str(path), remedy=schema.REBUILD) from error
    except OSError as error:
        raise UnavailableError(
            "cannot read the advisory database", where=str(path), why=str(error), remedy="check the path and its rights"
        ) from error
    if len(header) < _HEADER_BYTES or not header.startswith(b"SQLite format 3\0"):
        raise not_ours(path, "not an SQLite file")
    page = int.from_bytes(header[16:18], "big")
    pages, version = int.from_bytes(header[28:32], "big"), int.from_bytes(header[60:64], "big")
    if int.from_bytes(header[68:72], "big") != schema.APPLICATION_ID:
        raise not_ours(path, "an SQLite file of another application")
    if version != schema.SCHEMA:
        raise UnsupportedError(
            "the advisory database has another schema", where=str(path), why=f"{version}, here {schema.SCHEMA}",
            remedy=schema.REBUILD,
        )  # fmt: skip
    if size != page * pages:
        raise not_ours(path, f"{size} bytes, its header says {page * pages}")


def not_ours(path: Path, why: str) -> MalformedError:
    """What is raised of a file that is no database, or is damaged."""
    return MalformedError("not a whole advisory database", where=str(path), why=why, remedy=schema.REBUILD)
