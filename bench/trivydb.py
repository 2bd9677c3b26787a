"""Trivy's vulnerability database (schema 2), made of our feeds.

Top buckets are `debian 12`, `alpine 3.17`, `alma 9`, or an ecosystem and a source (`pip::pypi`); in them one bucket a
package, in that one entry a record: a fixed version, or constraints. A distribution's record without a fix would mean
"every version" to Trivy; there is none in these feeds.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import boltfile
from peerdbs import Record, Row, constraints

_LANGUAGES = {
    "PyPI": "pip", "npm": "npm", "Go": "go", "Maven": "maven", "crates.io": "cargo", "RubyGems": "rubygems",
    "Packagist": "composer", "NuGet": "nuget",
}  # fmt: skip
_SYSTEMS = {"Debian": "debian", "Alpine": "alpine", "AlmaLinux": "alma"}
_DATES = dict.fromkeys(("UpdatedAt", "DownloadedAt"), "2026-11-22T00:00:00Z")
Tree = dict[str, dict[str, dict[str, dict[str, Any]]]]


def write(rows: Iterable[Row], folder: Path) -> Path:
    """`FOLDER/trivy.db` and its metadata; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    tree: Tree = defaultdict(lambda: defaultdict(dict))
    for feed, record in rows:
        for affected in record.get("affected", ()):
            for bucket, name, said in _entries(feed, affected):
                known = tree[bucket][name].setdefault(record["id"], {})
                for key, value in said.items():
                    known[key] = [*known.get(key, ()), *value] if isinstance(value, list) else value
    buckets: dict[str, dict[str, dict[str, bytes] | bytes]] = {
        bucket: {name: {i: json.dumps(said).encode() for i, said in ids.items()} for name, ids in packages.items()}
        for bucket, packages in tree.items()
    }
    sources = {bucket: json.dumps({"ID": bucket, "Name": bucket}).encode() for bucket in tree}
    details = {"CVE-0000-0000": b"{}"}
    boltfile.write(folder / "trivy.db", {**buckets, "data-source": sources, "vulnerability": details})
    metadata = {"Version": 2, "NextUpdate": "2099-01-01T00:00:00Z", **_DATES}
    (folder / "metadata.json").write_text(json.dumps(metadata))
    return folder


def _entries(feed: str, affected: Record) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(top bucket, package, advisory) of one affected package."""
    package, ranges = affected.get("package", {}), list(constraints(affected))
    ecosystem, _, release = package.get("ecosystem", "").partition(":")
    if not ranges:
        return
    if ecosystem in _SYSTEMS:
        for _, fix in ranges:
            if fix:
                yield f"{_SYSTEMS[ecosystem]} {release.removeprefix('v')}", package["name"], {"FixedVersion": fix}
    elif ecosystem in _LANGUAGES:
        kind = _LANGUAGES[ecosystem]
        # Trivy takes an empty constraint for "every version"; in a list of its own words it is `>=0`.
        told = [text.replace(",", ", ") or ">=0" for text, _ in ranges]
        yield f"{kind}::{feed}", _name(kind, package["name"]), {"VulnerableVersions": told}


def _name(kind: str, name: str) -> str:
    """As Trivy's own builder writes names: lower case but for Go, one hyphen for PyPI's underscore."""
    if kind == "go":
        return name
    return name.lower().replace("_", "-") if kind == "pip" else name.lower()
