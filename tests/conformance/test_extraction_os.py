"""The dpkg and apk cases of the shared extraction vectors, each a test of its own."""

import json
from typing import Any

import pytest

from assay.dependencies.assemble import assemble
from assay.dependencies.cataloger import Fragment
from osfiles import read, saw
from support import SHARED, shared

EXCEPTIONS = {
    (
        "dpkg",
        "statusfield including not installed",
    ): "an option of the upstream tool; only installed packages count here",
}
"""(ecosystem, case) → why it is not followed."""
NO_WARNING = {
    "dpkg/status.d/foo.md5sums": "upstream reads it as a status file and warns; it is the package's list of files",
}
"""Fixture → why a warning of upstream is none of ours."""


def _cases() -> list[Any]:
    if SHARED is None:
        return [pytest.param({}, marks=pytest.mark.skip(reason="the folder of shared data (../shared) is not present"))]
    cases = json.loads((SHARED / "vectors" / "extraction" / "expected.json").read_text())
    mine = [case for case in cases if case["ecosystem"] in ("dpkg", "apk")]
    return [pytest.param(case, id=f"{case['ecosystem']}-{case['case']}-{case['fixture']}") for case in mine]


def test_every_exception_names_a_case() -> None:
    cases = json.loads(shared("vectors", "extraction", "expected.json").read_text())
    names = {(case["ecosystem"], case["case"]) for case in cases}
    assert set(EXCEPTIONS) <= names
    assert set(NO_WARNING) <= {case["fixture"] for case in cases}


@pytest.mark.parametrize("case", _cases())
def test_extraction(case: dict[str, Any]) -> None:
    if reason := EXCEPTIONS.get((case["ecosystem"], case["case"])):
        pytest.skip(reason)
    data = shared("vectors", "extraction", *case["fixture"].split("/")).read_bytes()
    fragment = read(case["found_as"], data)
    if case["error"]:
        assert [gap.kind for gap in fragment.gaps] == ["unreadable"]
        assert fragment.packages == ()
        return
    warned = bool(case.get("warnings")) and case["fixture"] not in NO_WARNING
    assert bool(fragment.gaps) is warned, "what is skipped is said, and nothing else is"
    check_packages(fragment, case)
    check_inventory(data, case)


def check_packages(fragment: Fragment, case: dict[str, Any]) -> None:
    """Name, version, source, architecture, maintainer and the rest, as a multiset."""
    fields = [
        "name",
        "version",
        "architecture",
        "maintainer",
        "source",
        "source_version",
        "origin",
        "commit",
        "transitional",
    ]
    expected = sorted(tuple(str(wanted(p, field)) for field in fields) for p in case["packages"])
    ours = []
    for package in fragment.packages:
        properties, source = dict(package.properties), package.source
        assert source is not None
        row = {
            "name": package.name,
            "version": package.version,
            "architecture": package.architecture,
            "maintainer": package.maintainer,
            "source": source.name if package.ecosystem == "deb" else "",
            "source_version": source.version if package.ecosystem == "deb" else "",
            "origin": source.name if package.ecosystem == "apk" else "",
            "commit": properties.get("apk:commit", ""),
            "transitional": properties.get("deb:transitional") == "true",
        }
        ours.append(tuple(str(row[field]) for field in fields))
    assert sorted(ours) == expected


def wanted(package: dict[str, Any], field: str) -> object:
    """A vector's field in our words: an empty source or origin is the package itself."""
    deb = package["purl_type"] == "deb"
    if field == "source":
        return (package["source"] or package["name"]) if deb else ""
    if field == "source_version":
        return (package["source_version"] or package["version"]) if deb else ""
    if field == "origin":
        return "" if deb else package["origin"] or package["name"]
    return package.get(field, False if field == "transitional" else "")


def check_inventory(data: bytes, case: dict[str, Any]) -> None:
    """Distribution, purl type and licences of the assembled components."""
    sightings = [saw(case["found_as"], data)]
    if case["os_release"] is not None:
        sightings.append(saw("etc/os-release", case["os_release"]))
    found = assemble(sightings, (), installed=True)
    assert sorted((c.name, c.version, c.ecosystem) for c in found.components) == sorted(
        (p["name"], p["version"], p["purl_type"]) for p in case["packages"]
    )
    for package in case["packages"]:
        distro = found.distro
        facts = (distro.id, distro.version_id, distro.codename) if distro else ("", "", "")
        assert facts == (package["os_id"], package["os_version"], package.get("os_codename", ""))
        if package.get("licence"):
            (component,) = [c for c in found.components if c.name == package["name"]]
            assert component.licence.declared, "the raw text is kept"
            assert bool(component.licence.expression) != bool(component.licence.reason)
