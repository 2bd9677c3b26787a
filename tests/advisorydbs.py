"""A small advisory database for tests: records in, an open database out."""

import gzip
import json
from collections.abc import Iterable
from pathlib import Path

from assay.adapters.advisorydb import AdvisoryDatabase
from assay.adapters.advisorydb_place import DatabaseFile
from assay.adapters.feedfiles import FeedDirectory
from assay.flows.db import build_from, encoders
from assay.flows.feeds import BuildReport


def jsonl(path: Path, records: Iterable[object]) -> Path:
    """Write records as one compressed line each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = b"".join(json.dumps(record).encode() + b"\n" for record in records)
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
    return path


def record(identifier: str, *affected: object, **more: object) -> dict[str, object]:
    """One OSV record."""
    return {"id": identifier, "modified": "2026-01-01T00:00:00Z", "affected": list(affected)} | more


def affected(ecosystem: str, name: str, *events: dict[str, str], versions: Iterable[str] = ()) -> dict[str, object]:
    """One affected package with one range (none without events) and listed versions."""
    ranges = [{"type": "ECOSYSTEM", "events": list(events)}] if events else []
    return {"package": {"ecosystem": ecosystem, "name": name}, "ranges": ranges, "versions": list(versions)}


def built(folder: Path, path: Path) -> BuildReport:
    """Build from a folder of feeds."""
    return build_from(FeedDirectory(folder), DatabaseFile(path, encoders()))


def opened(path: Path) -> AdvisoryDatabase:
    """Open; the caller closes."""
    return AdvisoryDatabase(path, encoders())
