"""Speed and memory, as ratios within one run: against the floor, and against peers where they can be had.

    python bench/run.py [--image OCI_DIR] [--rounds N] [--peers DIR] [--out FILE]

Without --image the benchmark image is built once (by the shared image tool where it is present, else the small
demonstration image) into bench/.cache. Peers are those that peers.py finds: ASSAY_SYFT and ASSAY_TRIVY, else those
on PATH; and those of PyPI, or of --peers DIR.
Contenders alternate; medians are compared. Bars are stated beside each figure; a missed bar is shown, not hidden.
"""

import argparse
import functools
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from images import SHARED, find_image
from matching import matching
from measure import Run, alternate, median
from peers import CACHE, ROOT, find

PEER_BARS = {"trivy 0.59.1": 0.6, "syft 1.18.1": 0.1}
"""Our wall clock over that of a named version; any other version must only be slower than we are."""


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
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--out", default=str(ROOT / "bench" / "results.md"))
    given = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    image, name = find_image(given.image)
    found = [] if given.no_peers else find(given.peers)
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
    for peer in found:
        argv, extra = peer.sbom(target, CACHE / "peer.cdx.json", CACHE / "peer-cache")
        contenders[f"{peer.label} sbom, cold"] = (functools.partial(peer.prepare, CACHE / "peer-cache"), argv, extra)
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
    for label, run in medians.items():
        if label.startswith(("syft ", "trivy ")) and run.code == 0:
            bar = PEER_BARS.get(label.partition(" sbom")[0], 1.0)
            rows.append((f"cold sbom: wall / {label.partition(' sbom')[0]}", cold.wall / run.wall, bar))
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
