"""Shared extraction vectors of requirements files and `poetry.lock`, each case a test of its own.

Where we answer differently, on purpose:

- A range (`>=`, `~=`, `<=`) fixes no version: ours is empty, and the range stands in `pypi:requirement`. The vectors
  take the bound for the version, which nobody need have installed.
- `requirements.txt` is read alone; what it includes is a gap that names the file (`also_at` in the vectors).
- A `--hash` that is no digest (`sha256:123`) is a gap, not a hash.
- `foo7`: pip refuses the line; we say so in a gap and take no version from it.
- A wheel's file name and `name @ url` tell a project: the vectors list none of these (`MORE`).
"""

import json
from collections import Counter
from typing import Any

import pytest

from assay.dependencies.cataloger import File, Fragment, Package
from assay.dependencies.catalogers import poetry_lock, pypi_requirements
from assay.dependencies.chooser import run
from assay.dependencies.lockfiles import hashed
from assay.model.limits import DEFAULT_LIMITS
from support import SHARED, shared

ROWS = {"requirements": pypi_requirements.CATALOGUER, "poetry": poetry_lock.CATALOGUER}
MORE = {
    "requirements/example.txt": Counter(
        [("urllib3", ""), ("numpy", "1.9.2"), ("wxPython_Phoenix", "3.0.3.dev1820+49a8884")]
    )
}
REFUSED = frozenset({"foo7"})
FIXED = frozenset({"==", "==="})
NO_GROUPS = frozenset({"pypi:commit", "pypi:markers", "pypi:source"})


def _cases(kind: str) -> list[Any]:
    if SHARED is None:
        return [pytest.param({}, marks=pytest.mark.skip(reason="../shared is not present"))]
    cases = json.loads((SHARED / "vectors" / "extraction" / "expected.json").read_text())
    return [
        pytest.param(case, id=f"{number}-{case['fixture']}")
        for number, case in enumerate(cases)
        if case["fixture"].startswith(kind + "/")
    ]


def _read(case: dict[str, Any]) -> Fragment:
    data = shared("vectors", "extraction", case["fixture"]).read_bytes()
    path = "app/" + case["found_as"].rpartition("/")[2]
    file = File(path=path, chunks=(data,), size=len(data), limits=DEFAULT_LIMITS, installed=False)
    return run(ROWS[case["fixture"].partition("/")[0]], file)


def _expected(case: dict[str, Any]) -> list[dict[str, Any]]:
    """What the case lists, less what only an included file holds and what pip refuses."""
    return [p for p in case["packages"] if p["name"] not in REFUSED and (p["name"] != "pandas" or "also_at" not in p)]


@pytest.mark.parametrize("case", _cases("requirements"))
def test_a_requirements_file_lists_exactly_its_packages(case: dict[str, Any]) -> None:
    found = _read(case)
    expected = Counter((p["name"], p["version"] if p["comparator"] in FIXED else "") for p in _expected(case))
    expected += MORE.get(case["fixture"], Counter())
    assert Counter((package.name, package.version) for package in found.packages) == expected
    assert {package.ecosystem for package in found.packages} <= {"pypi"}


@pytest.mark.parametrize("case", _cases("requirements"))
def test_a_range_is_told_and_a_digest_kept(case: dict[str, Any]) -> None:
    found = {package.name: package for package in _read(case).packages}
    for p in _expected(case):
        asked = dict(found[p["name"]].properties).get("pypi:requirement")
        assert (asked is None) == (p["comparator"] in FIXED)
        if asked is not None and p["version"]:
            assert asked == p["comparator"] + p["version"]
        assert found[p["name"]].hashes == tuple(sorted({h for value in p["hashes"] if (h := hashed(value))}))


@pytest.mark.parametrize("case", _cases("requirements"))
def test_what_was_not_followed_is_a_gap_with_its_line(case: dict[str, Any]) -> None:
    gaps = [gap.reason for gap in _read(case).gaps]
    lost = [p for p in case["packages"] if p not in _expected(case)]
    assert all(any(reason.startswith(f"line {p['line']}: ") for reason in gaps) for p in lost)
    if case["fixture"] == "requirements/invalid.txt":
        assert len(gaps) == 5
    if case["fixture"] == "requirements/loop.txt":
        assert gaps == ["line 2: the requirements in other-loop.txt were not followed"]


def _row(package: Package) -> tuple[str, str, str, tuple[str, ...], str]:
    properties = dict(package.properties)
    groups = tuple(sorted(name.removeprefix("pypi:") for name in properties if name not in NO_GROUPS))
    return package.name, package.version, package.ecosystem, groups, properties.get("pypi:commit", "")


@pytest.mark.parametrize("case", _cases("poetry"))
def test_a_poetry_lock_lists_exactly_its_packages(case: dict[str, Any]) -> None:
    found = _read(case)
    assert bool(found.gaps) == case["error"]
    expected = Counter(
        (p["name"], p["version"], p["purl_type"], tuple(sorted(p["groups"])), p.get("commit", ""))
        for p in case["packages"]
    )
    assert Counter(map(_row, found.packages)) == expected
