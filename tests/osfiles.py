"""Files and sightings of package databases for tests, and a writer of rpm headers and databases."""

import shutil
import sqlite3
import struct
import subprocess
import zlib
from pathlib import Path
from typing import Literal

import pytest

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Sighting
from assay.dependencies.catalogers import TABLE
from assay.dependencies.chooser import Chooser, run
from assay.model.image import Layer
from assay.model.limits import DEFAULT_LIMITS, Limits

CHOOSER = Chooser(TABLE)


def wanted(path: str, data: bytes | str, *, limits: Limits = DEFAULT_LIMITS, installed: bool = True) -> File:
    raw = data.encode() if isinstance(data, str) else data
    return File(path=path, chunks=(raw,), size=len(raw), limits=limits, installed=installed)


def only_row(path: str) -> Cataloguer:
    rows = CHOOSER.choose(path, b"", 1, 0o644)
    assert rows is not None, f"no row wants {path}"
    assert len(rows) == 1
    return rows[0]


def read(path: str, data: bytes | str, *, limits: Limits = DEFAULT_LIMITS) -> Fragment:
    """What the row that wants the path says of the bytes, errors as gaps, as in a scan."""
    return run(only_row(path), wanted(path, data, limits=limits))


def saw(path: str, data: bytes | str, layer: int | None = 0, removed_by: int | None = None) -> Sighting:
    return Sighting(
        cataloguer=only_row(path).name, path=path, layer=layer, removed_by=removed_by, fragment=read(path, data)
    )


def layers(count: int) -> tuple[Layer, ...]:
    return tuple(Layer(index=index, diff_id=None) for index in range(count))


def stanza(name: str, version: str, *more: str, status: str = "install ok installed", arch: str = "amd64") -> str:
    """One record of a dpkg status file."""
    head = [f"Package: {name}", f"Status: {status}", f"Architecture: {arch}", f"Version: {version}", *more]
    return "\n".join(head) + "\n\n"


BOOKWORM = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n'

_TYPES = {"text": 6, "texts": 8, "numbers": 4, "modes": 3}


def rpm_header(**tags: tuple[str, object]) -> bytes:
    """An rpm header blob: `t1000=("text", "bash")`, kinds text, texts, numbers, modes."""
    index, store = b"", b""
    for tag, (kind, value) in sorted(tags.items()):
        values = list(value) if isinstance(value, (list, tuple)) else [value]
        if kind in ("text", "texts"):
            raw = b"".join(str(v).encode() + b"\0" for v in values)
        else:
            width = 4 if kind == "numbers" else 2
            store += b"\0" * (-len(store) % width)
            raw = struct.pack(f">{len(values)}{'I' if width == 4 else 'H'}", *values)
        index += struct.pack(">IIiI", int(tag[1:]), _TYPES[kind], len(store), len(values))
        store += raw
    return struct.pack(">II", len(index) // 16, len(store)) + index + store


def rpm_database(path: Path, blobs: list[bytes], *, page_size: int = 4096) -> bytes:
    """A database as rpm 4.16 and later lays it out, made with SQLite itself."""
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    try:
        connection.execute(f"PRAGMA page_size={page_size}")
        connection.execute("CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
        connection.execute("CREATE TABLE 'Name' (key TEXT NOT NULL, hnum INTEGER NOT NULL)")
        connection.executemany("INSERT INTO Packages (blob) VALUES (?)", [(blob,) for blob in blobs])
        connection.commit()
    finally:
        connection.close()
    return path.read_bytes()


def ndb_database(blobs: list[bytes], *, slot_pages: int = 1, deleted: tuple[int, ...] = (), gap: int = 0) -> bytes:
    """A database as rpm's ndb backend lays it out (rpmpkg.c); `deleted` packages leave a free slot and zeros."""
    first = slot_pages * 256
    slots, body = [], b""
    for number, blob in enumerate(blobs, 1):
        blocks = -(-(16 + len(blob) + 12) // 16)
        head = struct.pack("<4sIII", b"BlbS", number, 1_700_000_000, len(blob)) + blob
        head += b"\0" * (16 * blocks - len(head) - 12)
        whole = head + struct.pack("<II4s", zlib.adler32(head), len(blob), b"BlbE")
        at = first + len(body) // 16
        gone = number in deleted
        slots.append(struct.pack("<4sIII", b"Slot", *((0, 0, 0) if gone else (number, at, blocks))))
        body += (b"\0" * len(whole) if gone else whole) + b"\0" * 16 * gap
    slots += [b"Slot" + b"\0" * 12] * (slot_pages * 256 - 2 - len(slots))
    header = struct.pack("<4sIIII", b"RpmP", 0, 7, slot_pages, len(blobs) + 1).ljust(32, b"\0")
    return header + b"".join(slots) + body


DB_LOAD = shutil.which("db5.3_load") or shutil.which("db_load")
needs_db_load = pytest.mark.skipif(DB_LOAD is None, reason="db5.3_load is not installed (apt-get install db5.3-util)")


def bdb_database(
    path: Path,
    blobs: list[bytes],
    *,
    page_size: int = 4096,
    order: Literal["little", "big"] = "little",
    kind: str = "hash",
) -> bytes:
    """A database as rpm before 4.16 lays it out, made by Berkeley DB itself: number 0 is the counter."""
    path.unlink(missing_ok=True)
    lines = ["VERSION=3", "format=bytevalue", f"type={kind}", f"db_pagesize={page_size}"]
    lines += [f"db_lorder={1234 if order == 'little' else 4321}", "HEADER=END"]
    for number, blob in enumerate([len(blobs).to_bytes(4, order), *blobs]):
        lines += [" " + number.to_bytes(4, order).hex(), " " + blob.hex()]
    text = "\n".join([*lines, "DATA=END", ""])
    subprocess.run([str(DB_LOAD), str(path)], input=text, text=True, check=True, capture_output=True, timeout=60)
    return path.read_bytes()
