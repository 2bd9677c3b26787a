"""The peers' databases, made of our feeds: so that a difference in findings is one of reading, not of data.

No peer's own database can be had without a network, and it would say other things at another date. osv-scanner takes
folders of OSV records as they are. Grype takes tables in SQLite (schema 6.1): each affected package becomes a row with
a constraint in Grype's words. What a form cannot say is left out: see `left_out`.
"""

import gzip
import json
import sqlite3
import tarfile
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from assay.dependencies.distributions import DEBIAN_RELEASES
from assay.flows.feed_table import FEEDS, stem

Record = dict[str, Any]
Row = tuple[str, Record]
"""A feed's name, a record of it."""

GRYPE_TYPES = {
    "Debian": ("deb", "dpkg"), "Alpine": ("apk", "apk"), "AlmaLinux": ("rpm", "rpm"), "PyPI": ("python", "python"),
    "npm": ("npm", "semver"), "Go": ("go-module", "go"), "Maven": ("java-archive", "maven"),
    "crates.io": ("rust-crate", "semver"), "RubyGems": ("gem", "gem"), "Packagist": ("php-composer", "semver"),
    "NuGet": ("dotnet", "semver"), "Bitnami": ("bitnami", "bitnami"),
}  # fmt: skip
"""OSV ecosystem to Grype's package type and version format."""
_CODENAMES = {f"Debian:{number}": name for name, number in DEBIAN_RELEASES.items()}
"""Grype asks for the release by number and codename together."""
_DATE = "2026-11-22 00:00:00+00:00"
_TABLES = """
CREATE TABLE blobs(id integer PRIMARY KEY AUTOINCREMENT, value text NOT NULL);
CREATE TABLE db_metadata(build_timestamp datetime NOT NULL, model integer NOT NULL, revision integer NOT NULL,
    addition integer NOT NULL);
CREATE TABLE providers(id text PRIMARY KEY, version text, processor text, date_captured datetime, input_digest text);
CREATE TABLE vulnerability_handles(id integer PRIMARY KEY AUTOINCREMENT, name text NOT NULL, status text NOT NULL,
    published_date datetime, modified_date datetime, withdrawn_date datetime, provider_id text NOT NULL,
    blob_id integer);
CREATE TABLE vulnerability_aliases(name text, alias text NOT NULL, PRIMARY KEY(name, alias));
CREATE TABLE operating_systems(id integer PRIMARY KEY AUTOINCREMENT, name text, release_id text, major_version text,
    minor_version text, label_version text, codename text, channel text, eol_date datetime, eoas_date datetime);
CREATE TABLE packages(id integer PRIMARY KEY AUTOINCREMENT, ecosystem text, name text);
CREATE TABLE affected_package_handles(id integer PRIMARY KEY AUTOINCREMENT, vulnerability_id integer NOT NULL,
    operating_system_id integer, package_id integer, blob_id integer);
CREATE TABLE unaffected_package_handles(id integer PRIMARY KEY AUTOINCREMENT, vulnerability_id integer NOT NULL,
    operating_system_id integer, package_id integer, blob_id integer);
CREATE TABLE operating_system_specifier_overrides(alias text, version text, version_pattern text, codename text,
    channel text, replacement text, replacement_major_version text, replacement_minor_version text,
    replacement_label_version text, replacement_channel text, rolling numeric, applicable_client_db_schemas text);
CREATE TABLE cpes(id integer PRIMARY KEY AUTOINCREMENT, part text NOT NULL, vendor text, product text NOT NULL,
    edition text, language text, software_edition text, target_hardware text, target_software text, other text);
CREATE TABLE package_cpes(cpe_id integer, package_id integer, PRIMARY KEY(cpe_id, package_id));
CREATE TABLE package_specifier_overrides(ecosystem text, replacement_ecosystem text);
CREATE TABLE architecture_aliases(alias text PRIMARY KEY, canonical text NOT NULL);
CREATE TABLE affected_cpe_handles(id integer PRIMARY KEY AUTOINCREMENT, vulnerability_id integer NOT NULL,
    cpe_id integer, blob_id integer);
CREATE TABLE unaffected_cpe_handles(id integer PRIMARY KEY AUTOINCREMENT, vulnerability_id integer NOT NULL,
    cpe_id integer, blob_id integer);
CREATE TABLE known_exploited_vulnerability_handles(id integer PRIMARY KEY AUTOINCREMENT, cve text NOT NULL,
    blob_id integer);
CREATE TABLE epss_handles(id integer PRIMARY KEY AUTOINCREMENT, cve text NOT NULL, epss real NOT NULL,
    percentile real NOT NULL);
CREATE TABLE epss_metadata(date datetime NOT NULL);
CREATE TABLE cwe_handles(id integer PRIMARY KEY AUTOINCREMENT, cve text NOT NULL, cwe text NOT NULL, source text,
    type text);
CREATE TABLE ssvc_handles(id integer PRIMARY KEY AUTOINCREMENT, cve text NOT NULL, source text, role text,
    version text, timestamp datetime, exploitation text, automatable text, technical_impact text);
"""
_INDEXES = """
CREATE INDEX idx_package ON packages(ecosystem COLLATE NOCASE, name COLLATE NOCASE);
CREATE INDEX idx_package_name ON packages(name COLLATE NOCASE);
CREATE INDEX idx_affected_package ON affected_package_handles(package_id);
CREATE INDEX idx_affected_vulnerability ON affected_package_handles(vulnerability_id);
CREATE INDEX idx_vulnerability ON vulnerability_handles(name COLLATE NOCASE);
ANALYZE;
"""


def records(feeds: Path) -> list[Row]:
    """Every record of the feeds in OSV's form that has not been withdrawn."""
    names = {row.name for row in FEEDS if row.form == "osv"}
    found: list[Row] = []
    for path in sorted(feeds.glob("*.jsonl.gz")):
        if stem(path.name) in names:
            with gzip.open(path) as lines:
                found += ((stem(path.name), one) for one in map(json.loads, lines) if not one.get("withdrawn"))
    return found


def osv_scanner(rows: Iterable[Row], folder: Path) -> Path:
    """osv-scanner's local databases: `osv-scalibr/ECOSYSTEM/all.zip`, one JSON file a record. Returns the folder."""
    grouped: dict[str, list[Record]] = defaultdict(list)
    for _, record in rows:
        for ecosystem in sorted({_ecosystem(item) for item in record.get("affected", ())}):
            grouped[ecosystem].append(record)
    for ecosystem, members in grouped.items():
        place = folder / "osv-scalibr" / ecosystem / "all.zip"
        place.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for number, record in enumerate(members):
                archive.writestr(f"{number}.json", json.dumps(record))
    return folder


def _ecosystem(affected: Record) -> str:
    return str(affected.get("package", {}).get("ecosystem", "")).partition(":")[0]


def grype(rows: Iterable[Row], archive: Path) -> Path:
    """Grype's database, as the archive that `grype db import` takes."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    path = archive.parent / "vulnerability.db"
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    connection.executescript(_TABLES)
    connection.execute("INSERT INTO db_metadata VALUES(?, 6, 1, 10)", (_DATE,))
    tables = _Grype(connection)
    for feed, record in rows:
        tables.record(feed, record)
    connection.executescript(_INDEXES)
    connection.commit()
    connection.close()
    with tarfile.open(archive, "w:gz", compresslevel=1) as out:
        out.add(path, "vulnerability.db")
    return archive


class _Grype:
    """Rows for Grype's tables; what is said again is referred to."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._do = connection.execute
        self._known: dict[tuple[str, ...], int] = {}

    def _once(self, statement: str, *values: str) -> int:
        key = (statement, *values)
        if key not in self._known:
            self._known[key] = int(self._do(statement, values).lastrowid or 0)
        return self._known[key]

    def _blob(self, value: object) -> int:
        return self._once("INSERT INTO blobs(value) VALUES(?)", json.dumps(value))

    def record(self, feed: str, record: Record) -> None:
        """One record: a vulnerability, and a row for each package that it names with versions."""
        self._once("INSERT INTO providers VALUES(?, '1', 'assay-bench', '2026-11-22 00:00:00+00:00', '')", feed)
        blob = self._blob({"id": record["id"], "aliases": record.get("aliases", [])})
        insert = "INSERT INTO vulnerability_handles(name, status, provider_id, blob_id) VALUES(?, 'active', ?, ?)"
        handle = self._do(insert, (record["id"], feed, blob)).lastrowid
        for affected in record.get("affected", ()):
            package, ranges = affected.get("package", {}), list(constraints(affected))
            kind = GRYPE_TYPES.get(_ecosystem(affected))
            if kind is None or not ranges:
                continue
            known = self._once("INSERT INTO packages(ecosystem, name) VALUES(?, ?)", kind[0], package["name"])
            fixed = [
                {"version": {"type": kind[1], "constraint": text}, "fix": {"version": fix, "state": _state(fix)}}
                for text, fix in ranges
            ]
            held: Record = {"cves": [], "ranges": fixed}
            if imports := affected.get("ecosystem_specific", {}).get("imports"):
                named = [{"path": one.get("path", ""), "symbols": one.get("symbols") or []} for one in imports]
                held["qualifiers"] = {"go_imports": named}
            row = (handle, self._system(package["ecosystem"]), known, self._blob(held))
            self._do(
                "INSERT INTO affected_package_handles(vulnerability_id, operating_system_id, package_id, blob_id)"
                " VALUES(?, ?, ?, ?)", row,
            )  # fmt: skip

    def _system(self, ecosystem: str) -> int | None:
        name, colon, release = ecosystem.partition(":")
        if not colon or name == "Bitnami":
            return None
        major, _, minor = release.removeprefix("v").partition(".")
        label, major = ("", major) if major.isdigit() else (release, "")
        return self._once(
            "INSERT INTO operating_systems(name, release_id, major_version, minor_version, label_version, codename,"
            " channel) VALUES(?, ?, ?, ?, ?, ?, '')", name.lower(), name.lower(), major, minor, label,
            _CODENAMES.get(ecosystem, ""),
        )  # fmt: skip


def _state(fix: str) -> str:
    return "fixed" if fix else "unknown"


def constraints(affected: Record) -> Iterator[tuple[str, str]]:
    """(constraint in Grype's words, fixed version or "") for each range, then for listed versions."""
    ranged = False
    for one in affected.get("ranges", ()):
        if one.get("type") == "GIT":
            continue
        ranged, low = True, ""
        open_range = False
        for event in one.get("events", ()):
            ((what, version),) = event.items()
            if what == "introduced":
                low, open_range = ("" if version == "0" else version), True
            elif what in ("fixed", "last_affected", "limit"):
                sign = "<=" if what == "last_affected" else "<"
                yield _both(low, f"{sign}{version}"), version if what == "fixed" else ""
                open_range = False
        if open_range:
            yield _both(low, ""), ""
    if not ranged and affected.get("versions"):
        yield " || ".join(f"={version}" for version in affected["versions"]), ""


def _both(low: str, high: str) -> str:
    return ",".join(filter(None, (f">={low}" if low else "", high)))
