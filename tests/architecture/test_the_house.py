"""The house's own rules, read off the tree."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support import ROOT

SOURCE = ROOT / "src" / "assay"
MODULES = sorted(SOURCE.rglob("*.py"))
FORBIDDEN_ROOMS = {"utils", "helpers", "common", "manager", "core"}


def test_there_is_no_room_for_leftovers() -> None:
    names = {part for module in MODULES for part in (*module.relative_to(SOURCE).parts[:-1], module.stem)}
    assert not names & FORBIDDEN_ROOMS


def test_import_contracts_hold() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_nobody_swallows_everything(path: Path) -> None:
    """`except Exception: pass` at any border would turn an unknown into a yes."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ExceptHandler) and (
            node.type is None or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException"))
        ):
            last = node.body[-1]
            assert not isinstance(last, ast.Pass | ast.Continue), f"{path.name}:{node.lineno}"


def test_the_repository_names_no_machine_path() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    if not tracked:
        pytest.skip("not a git checkout")
    bad = re.compile(rb"/work/(?:main|shared)|/root/(?!\.\.)(?:images|\.pyenv)")
    found = [name for name in tracked if (ROOT / name).is_file() and bad.search((ROOT / name).read_bytes())]
    assert found == [] or found == ["tests/architecture/test_the_house.py"]


def test_the_core_installation_is_light() -> None:
    """Under 50 MB on disk (ADR 35): the locked core packages as they lie in this environment, and our own."""
    import importlib.metadata as metadata

    locked = re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / "requirements/core.lock").read_text(), re.MULTILINE)
    total = sum(path.stat().st_size for path in SOURCE.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    for name in locked:
        try:
            files = metadata.distribution(name).files or []
        except metadata.PackageNotFoundError:
            continue  # a row for another platform
        total += sum(p.stat().st_size for f in files if (p := Path(str(f.locate()))).is_file() and p.suffix != ".pyc")
    assert 10_000_000 < total < 50_000_000
