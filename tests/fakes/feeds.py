"""A small folder of feeds with known content: what each test of matching can rely on."""

import gzip
import json
from pathlib import Path


def osv(identifier: str, ecosystem: str, name: str, fixed: str, **more: object) -> dict[str, object]:
    """One OSV record with one range from the beginning to `fixed`."""
    events = [{"introduced": "0"}] + ([{"fixed": fixed}] if fixed else [])
    affected = {"package": {"ecosystem": ecosystem, "name": name}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}
    record = {"id": identifier, "modified": "2026-01-01T00:00:00Z", "schema_version": "1.7.3", "affected": [affected]}
    return record | more


CRITICAL = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]


def feeds(folder: Path) -> Path:
    """Write the folder: Debian, PyPI, malicious packages, KEV, EPSS."""
    folder.mkdir(parents=True, exist_ok=True)
    lists = {
        "debian-12": [osv("DEBIAN-CVE-2023-1111", "Debian:12", "openssl", "3.0.11-1", upstream=["CVE-2023-1111"])],
        "pypi": [
            osv("PYSEC-2024-1", "PyPI", "jinja2", "3.1.3", aliases=["CVE-2024-2222"], severity=CRITICAL,
                summary="Jinja sandbox escape"),
            osv("PYSEC-2023-9", "PyPI", "requests", "2.31.0", aliases=["CVE-2023-3333"]),
        ],
        "malicious": [osv("MAL-2024-7", "PyPI", "evilpkg", "")],
    }  # fmt: skip
    for name, records in lists.items():
        data = b"".join(json.dumps(record, sort_keys=True).encode() + b"\n" for record in records)
        (folder / f"{name}.jsonl.gz").write_bytes(gzip.compress(data, mtime=0))
    kev = {
        "catalogVersion": "2026.01.01", "count": 1, "dateReleased": "2026-01-01T00:00:00Z", "title": "KEV",
        "vulnerabilities": [{"cveID": "CVE-2023-1111", "dateAdded": "2025-05-05", "dueDate": "2025-06-05",
                             "knownRansomwareCampaignUse": "Known", "cwes": []}],
    }  # fmt: skip
    (folder / "kev.json").write_text(json.dumps(kev))
    rows = "#model_version:v1,score_date:2026-01-01T00:00:00+0000\ncve,epss,percentile\nCVE-2024-2222,0.5,0.99\n"
    (folder / "epss.csv.gz").write_bytes(gzip.compress(rows.encode(), mtime=0))
    (folder / "debian-12-coverage.json").write_text(json.dumps({
        "architecture": "amd64", "release": "bookworm", "snapshot": "2026-01-01",
        "sources": {"openssl": {"suite": "main", "version": "3.0.11-1"}},
    }))  # fmt: skip
    return folder
