"""The page about verifying tells the truth: its commands run in their order, and print what it shows."""

import os
import re
import subprocess
import sys
from pathlib import Path

from fakes.layouts import demo_layers, layout
from support import ROOT

PAGE = (ROOT / "docs/how-to/verify.md").read_text(encoding="utf-8")


def test_the_commands_run_in_their_order(tmp_path: Path) -> None:
    layout(tmp_path / "image", demo_layers())
    program = tmp_path / "bin" / "assay"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m assay "$@"\n')
    program.chmod(0o755)
    env = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "HOME": str(tmp_path), "COLUMNS": "80", "LC_ALL": "C.UTF-8"}
    shown = re.search(r"```\n(image\n.*?)```", PAGE, re.DOTALL)
    assert shown is not None
    printed = {}
    for line in "".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)).splitlines():
        command, _, note = line.partition("  # exits ")
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == int(note or 0), f"{line}\n{done.stdout}\n{done.stderr}"
        printed[line] = done.stdout
    assert printed["assay verify --key release.key.pub oci-dir:image"] == shown[1]
    assert "1 would go" in printed["assay prune --key release.key.pub --keep 1 oci-dir:image"]
    assert "1 taken away" in printed["assay prune --key release.key.pub --keep 1 --delete oci-dir:image"]
    assert "✗" in printed["assay doctor oci-dir:image"]
    tables = [text for line, text in printed.items() if line.split()[1] in ("verify", "inspect", "doctor", "prune")]
    assert all(len(row) <= 80 for text in tables for row in text.splitlines())
