"""Images of Debian packages: our wall clock over that of the usual programs, in the same run, and our memory.

All get the same packages from this machine: mmdebstrap unpacks and configures them into a bare tar, uncompressed, and
buildah only wraps that tar as an image; we assemble, compress and hash a whole image from the packages.

python bench/assembling.py          prints these rows alone
"""

import compileall
import functools
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from assay.adapters.contentstore import FolderContentStore
from assay.build import lock as locks
from assay.build.debian import deb
from assay.model.digest import Digest
from measure import Contender, Row, Run, alternate, median, missing, ratio
from peers import CACHE, ROOT

FOLDER = CACHE / "assembling"
ROUNDS = 3
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
BUILDAH_BARS = {"gzip": 1.4, "zstd": 0.6}
PEAK_BAR = 300
WHAT = "image of {} local packages, {}: wall / mmdebstrap's bare tar"
WRAPPING = "image of {} local packages, {}: wall / buildah wrapping that tar"
PEAK = "image of {} local packages, {}: peak MiB, all processes together"


def _spec(compression: str) -> dict[str, object]:
    suites = ["bookworm", "bookworm-updates", "bookworm-security"]
    image = {"debian": "d", "packages": sorted(ESSENTIAL + EXTRA), "layers": {"compression": compression}}
    return {
        "apiVersion": "assay.build/v1", "kind": "Image", "metadata": {"name": "bench", "version": "1"},
        "epoch": 1_700_000_000, "debian": {"d": {"suites": suites, "keys": KEYS}}, "image": image,
    }  # fmt: skip


def _assay(*words: str) -> list[str]:
    return [sys.executable, "-m", "assay", *words]


def _refused(path: Path) -> str:
    """Lock a spec; why that cannot be done."""
    if not Path(KEYS).exists():
        return "Debian's keyring is not installed"
    env = {**os.environ, "ASSAY_STORE": str(FOLDER / "store")}
    done = subprocess.run(_assay("lock", str(path)), env=env, capture_output=True, check=False)
    return done.stderr.decode().strip()[-300:] if done.returncode else ""


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


def rows() -> list[Row]:
    """Ours over mmdebstrap's and over buildah's, for each compression, and our memory."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    compileall.compile_dir(ROOT / "src", quiet=1)  # as an installation has it, whatever Python is told here
    contenders: dict[str, Contender] = {}
    env = {"ASSAY_STORE": str(FOLDER / "store")}
    for compression in BARS:
        spec = FOLDER / f"{compression}.yaml"
        spec.write_text(json.dumps(_spec(compression)), encoding="utf-8")
        if why := _refused(spec):
            return _without(why)
        out = FOLDER / f"image-{compression}"
        words = _assay("build", str(spec), "--output", f"oci-dir:{out}", "-q")
        contenders[compression] = (functools.partial(_removed, out), words, env)
    lock = locks.read((FOLDER / "gzip.lock.json").read_bytes(), where="gzip.lock.json")
    tar = FOLDER / "mmdebstrap.tar"
    if not (lacking := _lacking("mmdebstrap")):
        source = f"deb [trusted=yes] copy:{_repository(lock)} bookworm main"
        words = ["mmdebstrap", "--quiet", "--mode=root", "--variant=essential", "--format=tar", "--skip=check/empty"]
        words += [f"--include={','.join(EXTRA)}", "bookworm", str(tar), source]
        contenders["mmdebstrap"] = (lambda: None, words, {})
    wrapper = os.environ.get("ASSAY_BUILDAH") or "buildah"
    if not (unwrapped := lacking or _lacking(wrapper)):
        contenders["buildah"] = _wrapping(wrapper, tar)
    found = {label: median(runs) for label, runs in alternate(contenders, ROUNDS).items()}
    count = sum("image" in package.roles for package in lock.packages)
    return [
        *_compared(found, "mmdebstrap", lacking, WHAT, BARS, count),
        *_compared(found, "buildah", unwrapped, WRAPPING, BUILDAH_BARS, count),
        *_peaks(found, count),
    ]


def _compared(
    found: dict[str, Run], peer: str, why: str, what: str, bars: dict[str, float], count: int
) -> Iterator[Row]:
    for compression, bar in bars.items():
        label = what.format(count, compression)
        yield missing(label, bar, why) if why else ratio(label, bar, found[compression], found[peer])


def _peaks(found: dict[str, Run], count: int) -> Iterator[Row]:
    for compression in BARS:
        one, label = found[compression], PEAK.format(count, compression)
        yield missing(label, PEAK_BAR, f"exit {one.code}") if one.code else Row(label, one.peak, PEAK_BAR)


def _without(why: str) -> list[Row]:
    """Every row, none measured."""
    bars = [(WHAT, BARS), (WRAPPING, BUILDAH_BARS), (PEAK, dict.fromkeys(BARS, PEAK_BAR))]
    return [missing(what.format("the", name), bar, why) for what, table in bars for name, bar in table.items()]


def _lacking(program: str) -> str:
    if shutil.which(program) is None:
        return f"{program} is not installed"
    return "" if os.geteuid() == 0 else f"{program} is run by root here"


def _wrapping(program: str, tar: Path) -> Contender:
    """buildah makes an image of the tar mmdebstrap left, as an OCI layout with its own gzip."""
    place, out = FOLDER / "buildah", FOLDER / "image-buildah"
    own = f"{program} --root {place}/root --runroot {place}/run --storage-driver vfs"
    script = f"made=$({own} from scratch) && {own} add -q $made {tar} / && {own} commit -q $made oci:{out}:latest"

    def prepare() -> None:
        _removed(place)
        _removed(out)

    return prepare, ["sh", "-c", script], {"BUILDAH_ISOLATION": "chroot"}


if __name__ == "__main__":
    for row in rows():
        print(row)
