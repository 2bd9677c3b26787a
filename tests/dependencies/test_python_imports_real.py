"""The import graph against Python itself, on distributions that are really installed where the tests run."""

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from assay.dependencies.importing import ImportGraph
from assay.dependencies.python_files import Gatherer, tree
from assay.dependencies.python_graph import Tree, graph
from assay.dependencies.python_start import Command, start
from assay.model.limits import DEFAULT_LIMITS

SITE = Path(sysconfig.get_paths()["purelib"])
IN_IMAGE = "usr/local/lib/python3.11/site-packages"
TOP = ("click", "hypothesis", "sortedcontainers", "_pytest", "pytest", "pluggy", "iniconfig", "packaging", "msgspec")
LOADED = """
import json, sys
sys.path.insert(0, {site!r})
before = set(sys.modules)
import {module}
files = [getattr(m, "__file__", None) for n, m in sys.modules.items() if n not in before]
print(json.dumps([f for f in files if f]))
"""


@pytest.fixture(scope="module")
def installed() -> Tree:
    """The distributions of `TOP`, as an image would hold them, and the names of the standard library."""
    gatherer = Gatherer(DEFAULT_LIMITS)
    folders = [SITE / name for name in TOP]
    folders += [found for name in TOP for found in SITE.glob(f"{name.lstrip('_')}-*.dist-info")]
    for file in sorted(path for folder in folders for path in folder.rglob("*") if path.is_file()):
        data = file.read_bytes()
        name = f"{IN_IMAGE}/{file.relative_to(SITE).as_posix()}"
        kind = gatherer.choose(name, data[:4], len(data), 0o644)
        if kind is not None:
            gatherer.take(kind, name, (data,), len(data), 0o644)
    standard = Path(sysconfig.get_paths()["stdlib"])
    for file in [*standard.glob("*.py"), *standard.glob("*/__init__.py")]:
        name = f"usr/local/lib/python3.11/{file.relative_to(standard).as_posix()}"
        gatherer.take("source", name, (file.read_bytes(),), 0, 0o644)
    layer = gatherer.found
    return tree([layer], {(0, path): True for path in layer.paths()})


def followed(installed: Tree, module: str) -> ImportGraph:
    command = Command(words=("/usr/local/bin/python3", "-c", f"import {module}"))
    return graph(start(command, installed.shebangs.get), installed)


def owners(files: set[str], installed: Tree) -> set[str]:
    by_file = {path: record for record, paths in installed.records.items() for path in paths}
    return {by_file[f] for f in files if f in by_file}


@pytest.mark.parametrize("module", ["click", "hypothesis", "pytest", "msgspec", "packaging.version", "pluggy"])
def test_what_python_loads_is_reached_and_what_is_sure_is_loaded(installed: Tree, module: str) -> None:
    if not (SITE / module.partition(".")[0]).is_dir():
        pytest.skip(f"{module} is not installed here")
    code = LOADED.format(site=str(SITE), module=module)
    done = subprocess.run([sys.executable, "-S", "-E", "-c", code], capture_output=True, text=True, check=True)
    real = {
        f"{IN_IMAGE}/{Path(file).relative_to(SITE).as_posix()}"
        for file in json.loads(done.stdout.splitlines()[-1])
        if Path(file).is_relative_to(SITE)
    }
    loaded, found = owners(real, installed), followed(installed, module)
    assert loaded
    assert loaded <= found.reached.keys()
    assert {record for record, one in found.reached.items() if not one.maybe} <= loaded


def test_a_distribution_nobody_imports_is_not_reached(installed: Tree) -> None:
    found = followed(installed, "iniconfig")
    assert not any("hypothesis-" in record for record in found.reached)
    assert any("hypothesis-" in record for record in found.known)
