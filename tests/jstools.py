"""Peers written in JavaScript, installed once for each machine from the committed lock file."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support import ROOT

_SOURCE = ROOT / "tests" / "interop" / "js"
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
_INSTALL_SECONDS = 300


def js_client() -> list[str]:
    """The command of `client.mjs` beside its packages; skips the test where they cannot be had.

    The packages want a newer Node than many machines have; they run on 20 all the same (`--force`).
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("no Node.js and npm on this machine")
    names = ("package.json", "package-lock.json", "client.mjs")
    digest = hashlib.sha256(b"".join((_SOURCE / name).read_bytes() for name in names)).hexdigest()[:16]
    folder = Path(os.environ.get("ASSAY_JS_TOOLS") or _CACHE / "assay" / "interop-js") / digest
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            shutil.copy(_SOURCE / name, folder / name)
        command = [npm, "ci", "--force", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, timeout=_INSTALL_SECONDS)
        except subprocess.TimeoutExpired:
            pytest.skip(f"the packages were not installed within {_INSTALL_SECONDS} s")
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            pytest.skip(f"the packages cannot be installed here: {said[-1] if said else done.returncode}")
        (folder / "done").touch()
    return [node, str(folder / "client.mjs")]
