"""Files and sightings of package databases for tests, and a writer of rpm headers and databases."""

import sqlite3
import struct
from pathlib import Path

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
