"""The README tells the truth: its commands run, as they stand, on a small image of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.feeds import feeds
from fakes.layouts import demo_layers, layout
from support import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)


def commands(block: str) -> list[str]:
    return [line.split("  #")[0].strip() for line in block.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the README assumes it: an OCI layout called `image`, `assay` on the path, a database."""
    made = tmp_path_factory.mktemp("readme")
    layout(made / "image", demo_layers())
    feeds(made / "feeds")
    program = made / "bin" / "assay"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m assay "$@"\n')
    program.chmod(0o755)
    return made


def test_the_daily_commands_run_in_their_order(folder: Path) -> None:
    env = {"PATH": f"{folder}/bin:{os.environ['PATH']}", "HOME": str(folder), "ASSAY_DB": str(folder / "a.db")}
    daily = next(block for block in BLOCKS if "assay scan" in block)
    build = "assay db build --from feeds --out a.db"
    for line in [build, *commands(daily)]:
        done = subprocess.run(line, shell=True, cwd=folder, env=env, capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1), f"{line}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        if done.returncode == 1:  # a denial, and nothing else
            assert line.startswith(("assay scan", "assay verify", "assay explain"))


def test_make_has_the_targets_that_are_named() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    first = commands(BLOCKS[0])
    assert [line.split()[:2] for line in first] == [["make", "run"], ["make", "test"]]
    for target in ("setup", "run", "test", "check", "fix", "bench", "docs", "interop"):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_links_lead_somewhere() -> None:
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_generated_pages_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs/generate.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
