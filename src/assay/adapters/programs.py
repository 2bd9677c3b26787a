"""Programs on the PATH, and what they say of their version."""

import os
import shutil
import subprocess
from collections.abc import Sequence

from assay.adapters import faketime

_SECONDS = 20
_LINE_CHARS = 100


def find(name: str) -> str:
    """Where a program, or a library that is used like one, lies; empty where it does not."""
    return faketime.find() if name == faketime.PACKAGE else shutil.which(name) or ""


def version(path: str, words: Sequence[str]) -> str:
    """The first line a program says of its version; empty where it says nothing, or where there are no such words."""
    if not words:
        return ""
    try:
        done = subprocess.run(  # noqa: S603
            [path, *words], capture_output=True, timeout=_SECONDS, check=False, stdin=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C"},
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    lines = (done.stdout or done.stderr).decode("utf-8", "replace").splitlines()
    return next((line.strip()[:_LINE_CHARS] for line in lines if line.strip()), "")
