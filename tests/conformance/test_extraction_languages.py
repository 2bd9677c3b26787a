"""Shared extraction vectors of the language kinds read here: npm lock files, each case a test of its own."""

import json
from collections import Counter
from typing import Any

import pytest

from assay.dependencies.assemble import assemble
from assay.dependencies.cataloger import File, Fragment, Package, Sighting
from assay.dependencies.catalogers import npm_lock
from assay.dependencies.chooser import run
from assay.model.limits import DEFAULT_LIMITS
from support import SHARED, shared

ELSEWHERE = frozenset({"dpkg", "apk", "gomod", "cargo", "requirements", "poetry"})
"""Tested in files of their own."""
GROUPS = frozenset({"npm:bundled", "npm:dev", "npm:optional"})
BESIDE = {"npm/both/package-lock.json": "npm/both/npm-shrinkwrap.json"}
"""Cases in which another file lies beside the one that is read."""


def _cases() -> list[Any]:
    if SHARED is None:
        return [pytest.param({}, marks=pytest.mark.skip(reason="../shared is not present"))]
    cases = []
    for number, case in enumerate(json.loads((SHARED / "vectors" / "extraction" / "expected.json").read_text())):
        kind = case["fixture"].partition("/")[0]
        if kind in ELSEWHERE:
            continue
        cases.append(pytest.param(case, id=f"{number}-{case['fixture']}"))
    return cases


def _read(case: dict[str, Any]) -> Fragment:
    data = shared("vectors", "extraction", case["fixture"]).read_bytes()
    path = "app/" + case["found_as"].rpartition("/")[2]
    file = File(path=path, chunks=(data,), size=len(data), limits=DEFAULT_LIMITS, installed=False)
    return run(npm_lock.CATALOGUER, file)


def _sighting(fixture: str) -> Sighting:
    name = fixture.rpartition("/")[2]
    fragment = _read({"fixture": fixture, "found_as": name})
    return Sighting(cataloguer="npm-lock", path=f"app/{name}", layer=None, removed_by=None, fragment=fragment)


def _row(package: Package) -> tuple[str, str, str, tuple[str, ...], str]:
    properties = dict(package.properties)
    groups = tuple(sorted(name.removeprefix("npm:") for name in properties if name in GROUPS))
    return package.name, package.version, package.ecosystem, groups, properties.get("npm:commit", "")


@pytest.mark.parametrize(("lock", "beside"), BESIDE.items())
def test_a_shrinkwrap_beside_a_lock_wins(lock: str, beside: str) -> None:
    both = assemble([_sighting(lock), _sighting(beside)], (), installed=False)
    assert {place.path for component in both.components for place in component.occurrences} == {
        "app/npm-shrinkwrap.json"
    }
    assert both.components == assemble([_sighting(beside)], (), installed=False).components
    assert assemble([_sighting(lock)], (), installed=False).components


@pytest.mark.parametrize("case", [case for case in _cases() if case.values[0].get("fixture") not in BESIDE])
def test_a_lock_file_lists_exactly_its_packages(case: dict[str, Any]) -> None:
    found = _read(case)
    assert bool(found.gaps) == case["error"]
    expected = Counter(
        (p["name"], p["version"], p["purl_type"], tuple(sorted(p["groups"])), p.get("commit", ""))
        for p in case["packages"]
    )
    assert Counter(map(_row, found.packages)) == expected
