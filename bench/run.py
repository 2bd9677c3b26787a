"""Speed and memory, as ratios within one run: against the floor, and against peers where they can be had.

    python bench/run.py [--image OCI_DIR] [--rounds N] [--peers DIR] [--out FILE]

Without --image the benchmark image is built once (by the shared image tool where it is present, else the small
demonstration image) into bench/.cache. Peers are those that peers.py finds: ASSAY_SYFT and ASSAY_TRIVY, else those
on PATH; and those of PyPI, or of --peers DIR.
Contenders alternate; medians are compared. Bars are stated beside each figure; a missed bar is shown, not hidden, and
so is a figure that could not be taken here, with the reason. What is running is told on stderr.
"""

import argparse
import functools
import math
import os
import platform
import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import assembling
import keyless
import logs
import many_files
import peerdbs
import rebuilds
import tracing
import trivydb
import unpacking
import verifying
from images import SHARED, find_image
from matching import matching
from measure import Contender, Row, Run, alternate, median, missing, progress, ratio, run
from peers import CACHE, ROOT, Peer, find, newest
from reading import COUNT, reading

PEER_BARS = {"trivy 0.59.1": 0.45, "syft 1.18.1": 0.06}
"""Our wall clock over that of a named version; any other version must only be slower than we are."""
SCAN_BAR = 0.5
"""Our wall clock of a cold scan over that of the faster of the newest Grype and Trivy, both with our advisories."""


SECTIONS: dict[str, Callable[[], Iterable[tuple[str, float, float] | Row]]] = {
    "signing keylessly": keyless.rows,
    "a transparency log": logs.logs,
    "assembling images": assembling.rows,
    "node_modules": unpacking.rows,
    "comparing rebuilds": rebuilds.rows,
    "tracing steps": tracing.rows,
}
"""What is measured beside the image, in this order, each with its own contenders in turn."""


def sections() -> list[Row]:
    """Their rows; what fails is a row too."""
    found: list[Row] = []
    for title, measured in SECTIONS.items():
        progress(title)
        try:
            rows = [Row(*row) for row in measured()]
        except Exception as error:  # noqa: BLE001  (the border: one broken section must not take the others with it)
            traceback.print_exc()
            rows = [missing(title, math.inf, f"{type(error).__name__}: {error}"[:200])]
        found += rows or [missing(title, math.inf, "what it needs is not installed")]
    return found


def database() -> Path | None:
    """The advisory database of the sample feeds, built once, and again when this program reads another form."""
    path = CACHE / "advisories.db"
    feeds = SHARED / "data" / "advisories"
    assay = [sys.executable, "-m", "assay", "db"]
    known = subprocess.run([*assay, "status", "--db", str(path)], capture_output=True, check=False).returncode == 0
    if not known and feeds.is_dir():
        path.unlink(missing_ok=True)
        subprocess.run([*assay, "build", "--from", str(feeds), "--out", str(path)], check=True)
    return path if path.exists() else None


def scanners(found: Sequence[Peer], target: str) -> dict[str, Contender]:
    """Cold scans by the newest Grype and Trivy, each with a database made of the sample feeds."""
    feeds, folder = SHARED / "data" / "advisories", CACHE / "findings"
    chosen = [peer for tool in ("grype", "trivy") if (peer := newest(found, tool))]
    if not chosen or not feeds.is_dir():
        return {}
    rows = peerdbs.records(feeds)
    made = {
        "grype": peerdbs.grype(rows, folder / "grype" / "database.tar.gz"),
        "trivy": trivydb.write(rows, folder / "trivy"),
    }
    contenders: dict[str, Contender] = {}
    for peer in chosen:
        cache = CACHE / f"scan-{peer.tool}"
        argv, extra = peer.scan(target, CACHE / "peer-findings.json", cache)
        prepare = functools.partial(peer.prepare_scan, cache, made[peer.tool])
        contenders[f"{peer.label} scan, cold"] = (prepare, argv, extra)
    return contenders


def many_files_run(assay: list[str], env: dict[str, str]) -> Run:
    """One cold run over a layer of three million files, every process counted."""
    image = many_files.image(CACHE / "images" / "many-files")
    cache = CACHE / "many-files-layers"
    shutil.rmtree(cache, ignore_errors=True)
    argv = [*assay, "sbom", f"oci-dir:{image}", "-o", f"cyclonedx-json={CACHE}/many-files.json"]
    return run(argv, {**os.environ, **env, "ASSAY_CACHE": str(cache)}, sampled=True)


def prime(places: Iterable[Path]) -> None:
    """Read image, database and programs once, so that nobody's first round waits for the disk."""
    for place in places:
        found = shutil.which(place) if len(place.parts) == 1 else place
        for path in sorted(Path(found).rglob("*")) if found and Path(found).is_dir() else [Path(found or place)]:
            if path.is_file():
                with path.open("rb", buffering=0) as file:
                    while file.read(1 << 20):
                        pass


def main() -> None:
    """Measure, print, write the results page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--image")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--no-many-files", action="store_true", help="leave out the layer of three million files")
    parser.add_argument("--out", default=str(ROOT / "bench" / "results.md"))
    given = parser.parse_args()
    begun = time.monotonic()
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
    contenders: dict[str, Contender] = {
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
    if db is not None and not given.no_peers:
        contenders |= scanners(find(given.peers, ("grype", "trivy")), target)
    contenders |= verifying.processes()
    prime([Path(image), *([db] if db is not None else []), *(Path(argv[0]) for _, argv, _ in contenders.values())])
    medians = {label: median(runs) for label, runs in alternate(contenders, given.rounds).items()}
    progress("a layer of three million files")
    many = many_files_run(assay, env) if not given.no_many_files else None
    progress("matching, reading, verifying in process")
    within = verifying.rows({label: one.wall for label, one in medians.items()}, verifying.in_process())
    rows = [*ratios(medians, matching(db) if db else None, reading(), many), *map(Row._make, within), *sections()]
    text = page(name, given.rounds, medians, rows, many)
    Path(given.out).write_text(text, encoding="utf-8")
    print(text)
    progress(f"done in {(time.monotonic() - begun) / 60:.1f} minutes")


def page(name: str, rounds: int, medians: dict[str, Run], rows: Iterable[Row], many: Run | None) -> str:
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
    shown = {**medians, "assay sbom, 3,000,000 files, cold": many} if many else medians
    for label, one in shown.items():
        lines.append(f"| {label} | {one.cpu:.2f} | {one.wall:.2f} | {one.peak:.0f} | {one.code} |")
    if any("trivy" in label for label in medians):
        lines += [
            "",
            "Trivy's index of jars needs a network: it is given an empty one and names no jar; we do.",
        ]
    lines += ["", "| ratio | measured | bar | held |", "| --- | ---: | ---: | --- |"]
    return "\n".join([*lines, *(row.markdown() for row in rows)]) + "\n"


def ratios(
    medians: dict[str, Run], matched: tuple[int, float] | None, read: dict[str, float], many: Run | None
) -> list[Row]:
    """Everything that has a bar."""
    cold, floor, warm = medians["assay sbom, cold"], medians["floor"], medians["assay sbom, warm"]
    rows = [Row("cold sbom: CPU / floor", cold.cpu / floor.cpu, 1.25)]
    for label in {f"{peer} sbom, cold": None for peer in PEER_BARS} | {
        label: None for label in medians if label.startswith(("syft ", "trivy ")) and " sbom" in label
    }:
        peer = label.partition(" sbom")[0]
        what, bar = f"cold sbom: wall / {peer}", PEER_BARS.get(peer, 1.0)
        if label not in medians:
            rows.append(missing(what, bar, "it is not on this machine, and PyPI's was not installed"))
        else:
            rows.append(ratio(what, bar, cold, medians[label]))
    peers_scans = {
        label: one.wall
        for label, one in medians.items()
        if label.startswith(("grype ", "trivy ")) and " scan" in label and one.code == 0
    }
    if peers_scans and "assay scan, cold" in medians:
        faster = min(peers_scans, key=peers_scans.__getitem__)
        value = medians["assay scan, cold"].wall / peers_scans[faster]
        rows.append(Row(f"cold scan: wall / {faster.partition(' scan')[0]}, the faster of the newest", value, SCAN_BAR))
    else:
        what = "cold scan: wall / the faster of the newest Grype and Trivy"
        rows.append(missing(what, SCAN_BAR, "neither is on this machine, or the sample feeds are not"))
    rows.append(Row("cold sbom: peak MiB, all processes together", cold.peak, 160))
    rows.append(Row("warm sbom: wall, s", warm.wall, 0.15))
    rows.append(Row("warm sbom: wall / cold", warm.wall / cold.wall, 0.1))
    rows.append(Row("assay --help: wall, ms", medians["assay --help"].wall * 1000, 120))
    files = "3,000,000 files in one layer: peak MiB"
    if many is None or many.code:
        rows.append(missing(files, 400, f"exit {many.code}" if many else "left out by --no-many-files"))
    else:
        rows.append(Row(files, many.peak, 400))
    rows += [Row(f"read {COUNT} components, {form}, CPU s", seconds, 0.15) for form, seconds in read.items()]
    if matched is None:
        rows.append(missing("matching components x 300,000 ranges, CPU s", 0.15, "the sample feeds are not here"))
    else:
        rows.append(Row(f"matching {matched[0]} components x 300,000 ranges, CPU s", matched[1], 0.15))
    return rows


if __name__ == "__main__":
    main()
