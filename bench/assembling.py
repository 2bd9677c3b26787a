"""Images of Debian packages, and node_modules: our wall clock over that of the usual program, in the same run.

Both get the same packages from this machine: mmdebstrap unpacks and configures them into a bare tar, uncompressed; we
assemble, compress and hash a whole image. `npm ci` reads its own warm cache; we read our store. Each is left out by
name where a program, its mirrors or the keyring cannot be had.
"""

import functools
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from assay.adapters.contentstore import FolderContentStore
from assay.adapters.spool import FileSpool
from assay.build import lock as locks
from assay.build.debian import deb
from assay.model.digest import Digest
from measure import Contender, alternate, median
from peers import CACHE, ROOT

FOLDER = CACHE / "assembling"
ROUNDS = 3
Row = tuple[str, float, float]
KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
ESSENTIAL = [
    "base-files",
    "base-passwd",
    "bash",
    "bsdutils",
    "coreutils",
    "dash",
    "debianutils",
    "diffutils",
    "dpkg",
    "findutils",
    "grep",
    "gzip",
    "hostname",
    "init-system-helpers",
    "libc-bin",
    "login",
    "ncurses-base",
    "ncurses-bin",
    "perl-base",
    "sed",
    "sysvinit-utils",
    "tar",
    "util-linux",
]
EXTRA = ["ca-certificates", "netbase", "python3", "tzdata"]
BARS = {"gzip": 0.3, "zstd": 0.15}
NPM_BAR = 0.1


def _spec(compression: str) -> dict[str, object]:
    suites = ["bookworm", "bookworm-updates", "bookworm-security"]
    image = {"debian": "d", "packages": sorted(ESSENTIAL + EXTRA), "layers": {"compression": compression}}
    return {
        "apiVersion": "assay.build/v1", "kind": "Image", "metadata": {"name": "bench", "version": "1"},
        "epoch": 1_700_000_000, "debian": {"d": {"suites": suites, "keys": KEYS}}, "image": image,
    }  # fmt: skip


def _assay(*words: str) -> list[str]:
    return [sys.executable, "-m", "assay", *words]


def _locked(path: Path) -> bool:
    env = {**os.environ, "ASSAY_STORE": str(FOLDER / "store")}
    done = subprocess.run(_assay("lock", str(path)), env=env, capture_output=True, check=False)
    if done.returncode:
        print(f"skipped: {done.stderr.decode().strip()[-300:]}", file=sys.stderr)
    return done.returncode == 0


def _repository(lock: locks.Lock) -> Path:
    """The packages of a lock as an archive of their own, unsigned."""
    folder = FOLDER / "repository"
    shutil.rmtree(folder, ignore_errors=True)
    index = folder / "dists" / "bookworm" / "main" / "binary-amd64"
    index.mkdir(parents=True)
    store, texts = FolderContentStore(FOLDER / "store"), []
    for package in lock.packages:
        with store.open(Digest.parse(package.sha256)) as pieces:
            data = b"".join(pieces)
        name = f"{package.name}.deb"
        (folder / name).write_bytes(data)
        control = deb.read([data], where=name, take=lambda _, __: None)
        digest = hashlib.sha256(data).hexdigest()
        texts.append(f"{control.text.rstrip()}\nFilename: {name}\nSize: {len(data)}\nSHA256: {digest}\n")
    text = "\n".join(texts).encode()
    (index / "Packages").write_bytes(text)
    (folder / "dists" / "bookworm" / "Release").write_text(
        "Origin: Debian\nSuite: stable\nCodename: bookworm\nArchitectures: amd64\nComponents: main\n"
        f"Date: Thu, 30 May 2024 12:00:00 UTC\nSHA256:\n {hashlib.sha256(text).hexdigest()} {len(text)} "
        "main/binary-amd64/Packages\n"
    )
    return folder


def _removed(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)


def debian_rows() -> list[Row]:
    """Ours over mmdebstrap's, for each compression."""
    if shutil.which("mmdebstrap") is None or not Path(KEYS).exists() or os.geteuid() != 0:
        print("skipped: mmdebstrap, run by root, and Debian's keyring are needed", file=sys.stderr)
        return []
    FOLDER.mkdir(parents=True, exist_ok=True)
    contenders: dict[str, Contender] = {}
    env = {"ASSAY_STORE": str(FOLDER / "store")}
    for compression in BARS:
        spec = FOLDER / f"{compression}.yaml"
        spec.write_text(json.dumps(_spec(compression)), encoding="utf-8")
        if not _locked(spec):
            return []
        out = FOLDER / f"image-{compression}"
        words = _assay("build", str(spec), "--output", f"oci-dir:{out}", "-q")
        contenders[compression] = (functools.partial(_removed, out), words, env)
    lock = locks.read((FOLDER / "gzip.lock.json").read_bytes(), where="gzip.lock.json")
    source = f"deb [trusted=yes] copy:{_repository(lock)} bookworm main"
    words = ["mmdebstrap", "--quiet", "--mode=root", "--variant=essential", "--format=tar", "--skip=check/empty"]
    words += [f"--include={','.join(EXTRA)}", "bookworm", str(FOLDER / "mmdebstrap.tar"), source]
    contenders["mmdebstrap"] = (lambda: None, words, {})
    medians = {label: median(runs) for label, runs in alternate(contenders, ROUNDS).items()}
    failed = [label for label, one in medians.items() if one.code]
    if failed:
        print(f"skipped: {', '.join(failed)} did not end well", file=sys.stderr)
        return []
    count = sum("image" in package.roles for package in lock.packages)
    return [
        (f"image of {count} local packages, {compression}: wall / mmdebstrap's bare tar",
         medians[compression].wall / medians["mmdebstrap"].wall, bar)
        for compression, bar in BARS.items()
    ]  # fmt: skip


def npm_rows() -> list[Row]:
    """Ours over `npm ci` with a warm cache, for the packages of the example."""
    if shutil.which("npm") is None or not Path(KEYS).exists():
        print("skipped: npm and Debian's keyring are needed", file=sys.stderr)
        return []
    project = FOLDER / "npm"
    shutil.rmtree(project, ignore_errors=True)
    shutil.copytree(ROOT / "examples" / "npm", project)
    if not _locked(project / "assay.yaml"):
        return []
    app = project / "app"
    install = ["npm", "ci", "--prefix", str(app), "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    subprocess.run(install, check=False, capture_output=True)
    times = []
    for number in range(ROUNDS + 1):
        _removed(project / "ours")
        begun = time.perf_counter()
        unpack(str(project / "assay.lock.json"), str(project / "ours"))
        times += [time.perf_counter() - begun] if number else []  # the first one loads modules
    contenders: dict[str, Contender] = {
        "npm": (functools.partial(_removed, app / "node_modules"), install, {}),
    }
    npm = median(alternate(contenders, ROUNDS)["npm"])
    if npm.code:
        print("skipped: npm ci did not end well", file=sys.stderr)
        return []
    label = "node_modules of the npm example, in process, from the store to the disk: wall / npm ci"
    return [(label, statistics.median(times) / npm.wall, NPM_BAR)]


def rows() -> list[Row]:
    """Everything this page measures."""
    return [*debian_rows(), *npm_rows()]


def unpack(lock_file: str, folder: str) -> None:
    """Lay the npm packages of a lock into a folder, as a build step would see them."""
    from assay.adapters.workshop import FolderWorkshop
    from assay.build import compose
    from assay.flows.collect_languages import trees
    from assay.model.limits import DEFAULT_LIMITS

    lock = locks.read(Path(lock_file).read_bytes(), where=lock_file)
    spool = FileSpool()
    found = trees(lock, FolderContentStore(FOLDER / "store"), spool, DEFAULT_LIMITS)
    Path(folder).mkdir(parents=True)
    tree = compose.compose(found["tools"], epoch=lock.epoch)
    with FolderWorkshop(DEFAULT_LIMITS, folder).lay(tree, spool.read, epoch=lock.epoch):
        pass


if __name__ == "__main__":
    for label, value, bar in rows():
        print(f"{label}: {value:.2f} (bar {bar})")
