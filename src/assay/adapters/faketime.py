"""libfaketime, found on the host: a library that shows programs which load it another wall clock.

It is bound, as a copy, into the sandbox of a build whose clock is varied, and into no other. It never lies in a locked
root. Its words (manual of faketime 0.9): `FAKETIME=+Ns` is the offset. Monotonic clocks stay the kernel's, for a
timeout of 398 days would be no other day but another world; so do times of files, but for those a program sets to now.
"""

import glob
import hashlib
import os
import shutil
from pathlib import Path

from assay.model.errors import UnavailableError

PLACE = "/tmp/.assay-clock"  # noqa: S108  (a place inside the sandbox)
PACKAGE = "libfaketime"
_NAME = "libfaketime.so.1"
_PLACES = (
    "/usr/lib/*/faketime", "/usr/lib64/faketime", "/usr/lib/faketime", "/usr/local/lib/faketime",
)  # fmt: skip
"""Where distributions and its own installation put it."""


def find() -> str:
    """Where the library lies; empty where it does not."""
    for place in _PLACES:
        for path in sorted(glob.glob(f"{place}/{_NAME}")):
            if os.access(path, os.R_OK):
                return path
    return ""


def digest(path: str) -> str:
    """`sha256:…` of the library."""
    return f"sha256:{hashlib.sha256(Path(path).read_bytes()).hexdigest()}"


def lay(folder: str) -> None:
    """Copy the library into a folder, which is then mounted at `PLACE`.

    Raises:
        UnavailableError: it is not there.
    """
    path = find()
    if not path:
        raise UnavailableError(
            "libfaketime not found", why="the clock of a build is shown another time by it",
            remedy=f"apt-get install {PACKAGE}, or vary without clock",
        )  # fmt: skip
    target = Path(folder, _NAME)
    shutil.copyfile(path, target)
    target.chmod(0o755)


def environment(seconds: int) -> tuple[tuple[str, str], ...]:
    """What programs must find in their environment to see the other time."""
    return (
        ("FAKETIME", f"{seconds:+d}s"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("LD_PRELOAD", f"{PLACE}/{_NAME}"),
        ("NO_FAKE_STAT", "1"),
    )
