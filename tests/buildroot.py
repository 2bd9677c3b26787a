"""A small root for build steps: the host's own dash and its libraries, and nothing else."""

import os
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

from assay.build import lock as locks
from assay.build import spec as specs
from assay.build.platforms import ARCHITECTURES
from assay.build.sealing import MOUNT_POINTS
from assay.ports.stores import ContentStore

SHELL = "/bin/dash"
has_bubblewrap = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
has_shell = pytest.mark.skipif(not os.path.exists(SHELL), reason=f"{SHELL} is not here")


def make(folder: Path, *programs: str) -> Path:
    """A root with `/bin/sh` and the given programs of the host."""
    for name in MOUNT_POINTS:
        (folder / name).mkdir(parents=True)
    lay(SHELL, folder, folder / "bin" / "sh")
    for program in programs:
        found = shutil.which(program)
        if found is None:
            pytest.skip(f"{program} is not installed")
        lay(found, folder, folder / "usr" / "bin" / program)
    for place in (folder, *folder.parents):
        if place.stat().st_uid == os.getuid() and str(place).startswith("/tmp/"):
            place.chmod(place.stat().st_mode | 0o055)
    return folder


def lay(program: str, root: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(os.path.realpath(program), target)
    told = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    for word in told.split():
        if word.startswith("/"):
            place = root / word.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            if not place.exists():
                shutil.copy(os.path.realpath(word), place)


def pinned(spec: specs.Spec, lock: locks.Lock, store: ContentStore) -> locks.Lock:
    """A lock made without any archive, with what the toolchains name: one blob stands for every package and index."""
    blob = str(store.put([b"a package"], limit=100).digest)
    index = {name: f"{name}/{debian.suites[0]}" for name, debian in spec.debian.items()}
    packages = [
        locks.DebianPackage(
            name=name, version="1", architecture=ARCHITECTURES[spec.platforms[0]], source=name, source_version="1", path=f"pool/{name}.deb",
            size=9, sha256=blob, index=index[toolchain.debian], roles=(f"toolchain:{role}",),
        )
        for role, toolchain in spec.toolchains.items()
        for name in toolchain.packages
    ]  # fmt: skip
    indexes = [
        locks.DebianIndex(
            name=name, url="https://example.org/debian", suite=name.partition("/")[2], codename="", fingerprints=(),
            date="2024-01-01T00:00:00Z", in_release=blob,
        )
        for name in sorted({one.index for one in packages})
    ]  # fmt: skip
    return locks.ordered(msgspec.structs.replace(lock, packages=tuple(packages), indexes=tuple(indexes)))
