"""Shared extraction vectors of go.mod (with its go.sum) and Cargo.lock: every case a test of its own."""

import json
from collections import Counter
from typing import Any

import pytest

from assay.dependencies.assemble import Assembled, assemble
from assay.dependencies.cataloger import Cataloguer, File, Sighting
from assay.dependencies.catalogers import cargo_lock, go_mod
from assay.dependencies.chooser import run
from assay.model.limits import DEFAULT_LIMITS
from support import SHARED, shared

ROWS = {"gomod": go_mod.CATALOGUER, "cargo": cargo_lock.CATALOGUER}
OUR_ANSWER = {
    # A module replaced by a folder keeps its name, weakly: a folder's name is no package anyone could look up.
    "gomod/replace-local.mod": {("./fork/net", ""): ("golang.org/x/net", "1.2.3")},
}


def _cases() -> list[Any]:
    if SHARED is None:
        return [pytest.param({}, marks=pytest.mark.skip(reason="../shared is not present"))]
    cases = json.loads((SHARED / "vectors" / "extraction" / "expected.json").read_text())
    return [
        pytest.param(case, id=f"{number}-{case['fixture']}")
        for number, case in enumerate(cases)
        if case["fixture"].partition("/")[0] in ROWS
    ]


def _saw(row: Cataloguer, fixture: str, path: str) -> Sighting:
    data = shared("vectors", "extraction", fixture).read_bytes()
    file = File(path=path, chunks=(data,), size=len(data), limits=DEFAULT_LIMITS, installed=False)
    return Sighting(cataloguer=row.name, path=path, layer=None, removed_by=None, fragment=run(row, file))


def _read(case: dict[str, Any]) -> Assembled:
    fixture = case["fixture"]
    row = ROWS[fixture.partition("/")[0]]
    sightings = [_saw(row, fixture, "app/" + case["found_as"])]
    beside = fixture.removesuffix(".mod") + ".sum"
    if fixture.endswith(".mod") and SHARED is not None and (SHARED / "vectors" / "extraction" / beside).exists():
        sightings.append(_saw(row, beside, "app/go.sum"))
    return assemble(sightings, (), installed=False)


@pytest.mark.parametrize("case", _cases())
def test_a_manifest_lists_exactly_its_packages(case: dict[str, Any]) -> None:
    found = _read(case)
    assert bool(found.gaps) == case["error"]
    components = found.components
    if case.get("options", {}).get("exclude_indirect"):
        components = tuple(c for c in components if c.name == "stdlib" or ("go:direct", "true") in c.properties)
    other = OUR_ANSWER.get(case["fixture"], {})
    expected = Counter(
        (*other.get((p["name"], p["version"]), (p["name"], p["version"])), p["purl_type"]) for p in case["packages"]
    )
    # Go's own versions begin with `v`, in the purl too (purl-spec, type golang); the vectors leave it out.
    assert Counter((c.name, c.version.removeprefix("v"), c.ecosystem) for c in components) == expected


@pytest.mark.parametrize("case", [case for case in _cases() if "also_at" in str(case.values)])
def test_a_module_is_seen_in_every_file_that_names_it(case: dict[str, Any]) -> None:
    places = {c.name: len(c.occurrences) for c in _read(case).components}
    for package in case["packages"]:
        assert places[package["name"]] == 1 + len(package.get("also_at", []))
