"""Shared extraction vectors of the language kinds read here: npm lock files, each case a test of its own."""

import json
from collections import Counter
from typing import Any

import pytest

from assay.dependencies.cataloger import File, Fragment, Package
from assay.dependencies.catalogers import npm_lock
from assay.dependencies.chooser import run
from assay.model.limits import DEFAULT_LIMITS
from support import SHARED, shared

ELSEWHERE = frozenset({"dpkg", "apk", "gomod", "cargo", "requirements", "poetry"})
"""Tested in files of their own."""
EXCEPTIONS = {
    "npm/both/package-lock.json": "a shrinkwrap beside it wins; a cataloguer sees one file: the two lists are joined",
}


def _cases() -> list[Any]:
    if SHARED is None:
        return [pytest.param({}, marks=pytest.mark.skip(reason="../shared is not present"))]
    cases = []
    for number, case in enumerate(json.loads((SHARED / "vectors" / "extraction" / "expected.json").read_text())):
        kind = case["fixture"].partition("/")[0]
        if kind in ELSEWHERE:
            continue
        marks = []
        if case["fixture"] in EXCEPTIONS and not case["packages"]:
            marks.append(pytest.mark.xfail(reason=EXCEPTIONS[case["fixture"]], strict=True))
        cases.append(pytest.param(case, id=f"{number}-{case['fixture']}", marks=marks))
    return cases


def _read(case: dict[str, Any]) -> Fragment:
    data = shared("vectors", "extraction", case["fixture"]).read_bytes()
    path = "app/" + case["found_as"].rpartition("/")[2]
    file = File(path=path, chunks=(data,), size=len(data), limits=DEFAULT_LIMITS, installed=False)
    return run(npm_lock.CATALOGUER, file)


def _row(package: Package) -> tuple[str, str, str, tuple[str, ...], str]:
    properties = dict(package.properties)
    groups = tuple(sorted(name.removeprefix("npm:") for name in properties if name != "npm:commit"))
    return package.name, package.version, package.ecosystem, groups, properties.get("npm:commit", "")


@pytest.mark.parametrize("case", _cases())
def test_a_lock_file_lists_exactly_its_packages(case: dict[str, Any]) -> None:
    found = _read(case)
    assert bool(found.gaps) == case["error"]
    expected = Counter(
        (p["name"], p["version"], p["purl_type"], tuple(sorted(p["groups"])), p.get("commit", ""))
        for p in case["packages"]
    )
    assert Counter(map(_row, found.packages)) == expected
