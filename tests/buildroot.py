"""A small root for build steps: the host's own dash and its libraries, and nothing else."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from assay.build.sealing import MOUNT_POINTS

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
