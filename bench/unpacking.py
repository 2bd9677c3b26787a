"""`node_modules` from a lock: our wall clock over that of `npm ci`, whole processes, both from bytes of this machine.

Ours reads tarballs of the content store, checks each against its digest and lays the folder a build step would see;
`npm ci` reads its own cache, filled before, with scripts, audit and network left out. Both begin without the folder and
leave the same files, in memory where the machine has such a place: creating thousands of files costs either the same,
and on a disk that others use hides the rest. Removing them is nobody's time. A build is running already when it comes
to its packages, so its time counts from the lock file on; with starting an interpreter and loading the modules there is
a second row, without a bar. All of npm's process counts, as whoever calls it has to wait for it.

python bench/unpacking.py           prints these rows alone
"""

import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from assay.build import lock as locks
from measure import Row, missing, progress, run
from peers import CACHE, ROOT

FOLDER = CACHE / "unpacking"
PROJECTS = {
    "interoperability tests": ROOT / "tests" / "interop" / "js",
    "npm example": ROOT / "examples" / "npm" / "app",
}
MEMORY = Path("/dev/shm")
ROUNDS = 5
WHAT, BAR = "node_modules{} of the {}: wall / npm ci", 0.1
EPOCH = 1_700_000_000


def rows() -> list[Row]:
    """Ours over `npm ci`, for each project."""
    return [row for name, place in PROJECTS.items() for row in _rows(name, place)]


def _rows(name: str, place: Path) -> Iterator[Row]:
    if shutil.which("npm") is None:
        yield missing(WHAT.format("", name), BAR, "npm is not installed")
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix="assay-bench-", dir=MEMORY if os.access(MEMORY, os.W_OK) else FOLDER
    ) as top:
        yield from _measured(name, place, Path(top))


def _measured(name: str, place: Path, folder: Path) -> Iterator[Row]:
    app = folder / "app"
    app.mkdir(parents=True)
    for file in ("package.json", "package-lock.json"):
        shutil.copy(place / file, app / file)
    cache = {**os.environ, "npm_config_cache": str(FOLDER / "npm-cache"), "npm_config_update_notifier": "false"}
    install = ["npm", "ci", "--prefix", str(app), "--ignore-scripts", "--no-audit", "--no-fund", "--force"]
    why = _locked(folder) or ("npm ci did not fill its cache" if run(install, cache).code else "")
    if why:
        yield missing(WHAT.format("", name), BAR, why)
        return
    program = str(Path(__file__).with_name("laying.py"))
    ours = [sys.executable, program, str(folder / "assay.lock.json"), str(FOLDER / "store"), str(folder / "ours")]
    within, whole, theirs = [], [], []
    for turn in range(ROUNDS):
        shutil.rmtree(folder / "ours", ignore_errors=True)
        begun = time.perf_counter()
        within.append(float(subprocess.run(ours, capture_output=True, check=True).stdout))
        whole.append(time.perf_counter() - begun)
        shutil.rmtree(app / "node_modules", ignore_errors=True)
        npm = run([*install, "--offline"], cache)
        if npm.code:
            yield missing(WHAT.format("", name), BAR, "npm ci did not end well without a network")
            return
        theirs.append(npm.wall)
        figures = f"{within[-1]:.2f} s, its process {whole[-1]:.2f} s, npm ci {npm.wall:.2f} s"
        progress(f"round {turn + 1} of {ROUNDS}: node_modules of the {name}: {figures}")
    _compared(folder / "ours", app / "node_modules")
    count = len(locks.read((folder / "assay.lock.json").read_bytes(), where="lock").npm)
    what = WHAT.format(f", {count} packages", name)
    yield Row(what, median(within) / median(theirs), BAR)
    yield Row(f"{what}, our interpreter's start included", median(whole) / median(theirs), math.inf)


def _locked(folder: Path) -> str:
    """Lock the packages, development's too; why that cannot be done."""
    spec = {
        "apiVersion": "assay.build/v1", "kind": "Image", "metadata": {"name": "bench", "version": "1"}, "epoch": EPOCH,
        "sources": {"app": {"type": "directory", "path": "app", "exclude": ["node_modules"]}},
        "dependencies": {"web": {"type": "npm", "source": "app", "dev": True}},
        "image": {"install": [{"from": "dependencies.web", "to": "/app/node_modules"}]},
    }  # fmt: skip
    (folder / "assay.yaml").write_text(json.dumps(spec), encoding="utf-8")
    words = [sys.executable, "-m", "assay", "lock", str(folder / "assay.yaml")]
    env = {**os.environ, "ASSAY_STORE": str(FOLDER / "store")}
    done = subprocess.run(words, env=env, capture_output=True, check=False)
    return done.stderr.decode().strip()[-300:] if done.returncode else ""


def _compared(ours: Path, theirs: Path) -> None:
    """The same files, but for npm's own list of what it installed."""
    found = [
        {str(file.relative_to(top)): file.read_bytes() for file in top.rglob("*") if file.is_file()}
        for top in (next(ours.glob("*/place")), theirs)
    ]
    found[1].pop(".package-lock.json", None)
    assert found[0] == found[1], sorted(set(found[0]) ^ set(found[1]))[:9]


if __name__ == "__main__":
    for row in rows():
        print(row)
