"""Typing a command as a person would: a new process, its exit code, what it printed where."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec


class Done(msgspec.Struct, frozen=True):
    """A finished command."""

    code: int
    out: bytes
    err: str


def assay(
    *words: str, home: Path, stdin: bytes = b"", env: dict[str, str] | None = None, cwd: Path | None = None
) -> Done:
    """Run `assay WORDS` with a home of its own; nothing of the tester's environment leaks in."""
    clean = {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8", "SOURCE_DATE_EPOCH": "1767323045"}
    done = subprocess.run(
        [sys.executable, "-m", "assay", *words],
        input=stdin, capture_output=True, env=clean | (env or {}), timeout=120, check=False, cwd=cwd,
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr.decode())
