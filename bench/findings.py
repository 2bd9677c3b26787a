"""What each tool finds in an image: packages and vulnerabilities under names that can be compared.

A vulnerability counts once for a package, under the id of its alias class (our own rule, `aliases.identities`), so a
peer that names a GHSA and one that names its CVE say the same. Packages are named as in identities.py.
"""

import json
import os
import subprocess
import sys
import tarfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from assay.dependencies.aliases import classes, identities
from assay.dependencies.merging import merge
from assay.model.advisory import Advisory
from identities import Identity, identity
from peerdbs import Row
from peers import Peer, without_tag

PURL_TYPES = {
    "Debian": "deb", "Ubuntu": "deb", "Alpine": "apk", "AlmaLinux": "rpm", "PyPI": "pypi", "npm": "npm", "Go": "golang",
    "Maven": "maven", "crates.io": "cargo", "RubyGems": "gem", "Packagist": "composer", "NuGet": "nuget",
}  # fmt: skip


@dataclass(frozen=True, order=True)
class Match:
    """A vulnerability (the id of its class) met a package."""

    package: Identity
    vulnerability: str

    def __str__(self) -> str:
        return f"{self.package.ecosystem} {self.package} {self.vulnerability}"


@dataclass
class Said:
    """How one tool says it: record ids, status, range or constraint, facts of its own."""

    ids: set[str] = field(default_factory=set)
    status: str = "affected"
    ranges: set[str] = field(default_factory=set)
    category: str = "vulnerability"
    why: str = ""
    """Our own word on the range."""


@dataclass
class Findings:
    """One tool's findings in one image, and every package that it knows there."""

    label: str
    found: dict[Match, Said] = field(default_factory=lambda: defaultdict(Said))
    packages: dict[Identity, str] = field(default_factory=dict)
    """Package to the distribution package that owns its files ("" where none does or the tool does not say)."""
    spelling: dict[Identity, str] = field(default_factory=dict)
    """Python packages as the installation spells them."""
    silent: set[Identity] = field(default_factory=set)
    """Packages whose owner no feed speaks for: we say "not covered"."""
    removed: set[Identity] = field(default_factory=set)
    """Packages that a later layer removed, every copy of them."""


Names = Mapping[str, tuple[str, ...]]


def names(rows: Iterable[Row]) -> Names:
    """Id of a record to the ids it counts under."""
    heads: dict[str, Advisory] = {}
    for feed, record in rows:
        head = Advisory(
            id=record["id"], feed=feed, aliases=tuple(record.get("aliases") or ()),
            upstream=tuple(record.get("upstream") or ()), related=tuple(record.get("related") or ()),
        )  # fmt: skip
        known = heads.get(head.id)
        heads[head.id] = merge(known, head) if known is not None else head
    found = classes((head.id, head.aliases) for head in heads.values())
    members: dict[str, set[str]] = defaultdict(set)
    for identifier, name in found.items():
        members[name].add(identifier)
    result: dict[str, tuple[str, ...]] = {name: (best,) for name, best in found.items()}
    for head in heads.values():
        aliases = tuple(sorted(members[found[head.id]] | set(head.aliases)))
        result[head.id] = identities(Advisory(
            id=head.id, feed="", aliases=aliases, upstream=head.upstream, related=head.related
        ))  # fmt: skip
    return result


def _levelled(one: Identity) -> Identity:
    """Names that differ by the registry's own rule are one; a Go version is written with and without `v`."""
    if one.ecosystem == "golang":
        return Identity("golang", one.name, one.version.removeprefix("v"))
    if one.ecosystem == "composer":
        return Identity("composer", one.name.lower(), one.version.removeprefix("v"))
    return one


def ours(target: str, database: Path, out: Path) -> Findings:
    """Our own scan."""
    argv = [sys.executable, "-m", "assay", "scan", target, "--db", str(database), "--no-policy", "-q", "--no-cache",
            "-o", f"json={out}"]  # fmt: skip
    subprocess.run(argv, check=True, env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"})
    report = json.loads(out.read_bytes())
    known = {c["key"]: c for c in report["components"]}
    told = Findings("assay")
    uncovered = {item["component"] for item in report["uncovered"]}
    there = set()
    for component in known.values():
        if component["purl"]:
            package, owner = _levelled(identity(component["purl"])), component["owner"]
            told.packages.setdefault(package, known.get(owner, {}).get("name", ""))
            if package.ecosystem == "pypi":
                told.spelling[package] = component["name"]
            if owner in uncovered:
                told.silent.add(package)
            if component["removed_by"] is None:
                there.add(package)
    told.removed = told.packages.keys() - there
    for finding in report["findings"]:
        said = told.found[Match(_levelled(identity(finding["purl"])), finding["id"])]
        said.ids |= {finding["advisory"], *finding["aliases"]}
        said.status, said.category = finding["status"], finding["category"]
        said.ranges.add(finding["matched_range"])
        said.why = next((step["says"] for step in finding["reasons"] if step["rung"] == "range"), "")
    return told


def grype(peer: Peer, target: str, archive: Path, out: Path, known: Names) -> Findings:
    """Grype with a database of ours (`grype db import`)."""
    _scanned(peer, target, archive, out)
    listed = out.with_suffix(".cdx.json")
    told = Findings(peer.label)
    for component in json.loads(listed.read_bytes()).get("components", ()):
        if component.get("purl"):
            told.packages[_levelled(identity(component["purl"]))] = ""
    for match in json.loads(out.read_bytes())["matches"]:
        package = _levelled(identity(match["artifact"]["purl"]))
        said = {detail["found"].get("versionConstraint", "") for detail in match["matchDetails"]}
        _add(told, known, package, match["vulnerability"]["id"], said)
    return told


def osv_scanner(peer: Peer, target: str, folder: Path, out: Path, known: Names) -> Findings:
    """osv-scanner with local databases of ours. It reads images in Docker's form only. Exit code 1: it found some."""
    archive = out.with_suffix(".tar")
    docker_archive(Path(without_tag(target.removeprefix("oci-dir:"))), archive)
    out.unlink(missing_ok=True)
    argv = [str(peer.program), "scan", "image", "--archive", str(archive), "--offline", "--offline-vulnerabilities",
            "--all-packages", "--all-vulns", "--format", "json", "--output-file", str(out)]  # fmt: skip
    env = {**os.environ, "OSV_SCALIBR_LOCAL_DB_CACHE_DIRECTORY": str(folder)}
    subprocess.run(argv, check=False, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    told = Findings(peer.label)
    for source in json.loads(out.read_bytes())["results"]:
        for item in source["packages"]:
            package = _osv_package(item["package"])
            told.packages[package] = ""
            for record in item.get("vulnerabilities", ()):
                _add(told, known, package, record["id"], ())
    return told


def _scanned(peer: Peer, target: str, database: Path, out: Path) -> None:
    cache = out.parent / f"cache-{peer.label.replace(' ', '-')}"
    peer.prepare_scan(cache, database)
    argv, env = peer.scan(target, out, cache)
    subprocess.run(argv, check=True, env={**os.environ, **env}, stdout=subprocess.DEVNULL)


def trivy(peer: Peer, target: str, folder: Path, out: Path, known: Names) -> Findings:
    """Trivy with a database of ours, and an empty index of jars."""
    _scanned(peer, target, folder, out)
    told = Findings(peer.label)
    for result in json.loads(out.read_bytes()).get("Results", ()):
        for package in result.get("Packages", ()):
            if purl := package.get("Identifier", {}).get("PURL", ""):
                told.packages[_levelled(identity(purl))] = ""
        for finding in result.get("Vulnerabilities", ()):
            if purl := finding.get("PkgIdentifier", {}).get("PURL", ""):
                _add(told, known, _levelled(identity(purl)), finding["VulnerabilityID"], ())
    if not told.packages:
        raise ValueError(f"{peer.label} named no package: its run failed")
    return told


def _osv_package(told: Mapping[str, Any]) -> Identity:
    """osv-scanner names a distribution's package by its binary name beside the one it looked up."""
    kind = PURL_TYPES.get(told.get("ecosystem", "").partition(":")[0], told.get("ecosystem", ""))
    name = told.get("os_package_name") or told["name"]
    name = canonicalize_name(name) if kind == "pypi" else name.replace(":", "/", 1) if kind == "maven" else name
    return _levelled(Identity(kind, name, told["version"]))


def _add(told: Findings, known: Names, package: Identity, identifier: str, ranges: Iterable[str]) -> None:
    told.packages.setdefault(package, "")
    for name in known.get(identifier, (identifier,)):
        said = told.found[Match(package, name)]
        said.ids.add(identifier)
        said.ranges.update(ranges)


def docker_archive(layout: Path, out: Path) -> None:
    """The only manifest of an OCI layout as `docker save` writes it."""
    blobs = layout / "blobs" / "sha256"
    index = json.loads((layout / "index.json").read_bytes())
    manifest = json.loads((blobs / index["manifests"][0]["digest"][7:]).read_bytes())
    config, layers = manifest["config"]["digest"][7:], [one["digest"][7:] for one in manifest["layers"]]
    told = [{"Config": f"{config}.json", "RepoTags": ["bench:latest"], "Layers": [f"{one}.tar.gz" for one in layers]}]
    data = json.dumps(told).encode()
    with tarfile.open(out, "w") as archive:
        archive.add(blobs / config, f"{config}.json")
        for layer in dict.fromkeys(layers):
            archive.add(blobs / layer, f"{layer}.tar.gz")
        member = tarfile.TarInfo("manifest.json")
        member.size = len(data)
        archive.addfile(member, BytesIO(data))
