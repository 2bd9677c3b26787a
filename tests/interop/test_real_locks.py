"""Locks that npm and uv write, in step as they leave them, and named when they are changed."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from command import assay

pytestmark = pytest.mark.interop
_UV = Path(sys.executable).parent / "uv"


def _run(words: list[str], folder: Path) -> None:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        pytest.skip(f"{words[0]} could not do it here: {done.stderr[-200:]}")


def _state(folder: Path, home: Path) -> dict:
    done = assay("locks", f"dir:{folder}", "-o", "json", home=home)
    (state,) = json.loads(done.out)["subjects"][0]["locks"]
    return state


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_npm(tmp_path):
    folder = tmp_path / "n"
    folder.mkdir()
    manifest = {
        "dependencies": {"is-odd": "^3.0.0", "x": "npm:is-number@^6.0.0"},
        "devDependencies": {"left-pad": "~1.3"},
    }
    (folder / "package.json").write_text(json.dumps(manifest))
    _run(["npm", "install", "--no-audit", "--no-fund"], folder)
    state = _state(folder, tmp_path)
    assert (state["hashed"], state["with_manifest"], state["with_installed"]) == ("all", "yes", "yes")
    shutil.rmtree(folder / "node_modules" / "is-odd")
    manifest["dependencies"]["x"] = "npm:is-number@^7.0.0"
    (folder / "package.json").write_text(json.dumps(manifest))
    found = {(one["kind"], one["package"]) for one in _state(folder, tmp_path)["disagreements"]}
    assert {("not-installed", "is-odd"), ("constraint", "x"), ("other-constraint", "x")} <= found


@pytest.mark.skipif(not _UV.exists(), reason="uv is not installed")
def test_uv(tmp_path):
    folder = tmp_path / "u"
    folder.mkdir()
    text = (
        '[project]\nname = "u"\nversion = "0"\nrequires-python = ">=3.11"\n'
        'dependencies = ["iniconfig>=2", "colorama; sys_platform == \'win32\'"]\n[dependency-groups]\ndev = ["six"]\n'
    )
    (folder / "pyproject.toml").write_text(text)
    _run([str(_UV), "sync", "-q"], folder)
    state = _state(folder, tmp_path)
    assert (state["hashed"], state["with_manifest"], state["with_installed"]) == ("all", "yes", "yes")
    (folder / "pyproject.toml").write_text(text.replace('"six"', '"six<1"'))
    found = {(one["kind"], one["package"]) for one in _state(folder, tmp_path)["disagreements"]}
    assert found == {("constraint", "six"), ("other-constraint", "six")}
