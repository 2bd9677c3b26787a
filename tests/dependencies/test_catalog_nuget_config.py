"""NuGet's `packages.config`: pinned packages of a project; nothing in an image; bad ones are gaps."""

import pytest

from assay.dependencies.cataloger import File, Fragment
from assay.dependencies.catalogers.nuget_config import CATALOGUER
from assay.dependencies.chooser import run
from assay.model.limits import DEFAULT_LIMITS

LIST = b"""\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>
<packages>
  <package id="Newtonsoft.Json" version="13.0.1" targetFramework="net48" />
  <package id="NUnit" version="3.13.3" targetFramework="net48" developmentDependency="true" />
  <package id="newtonsoft.json" version="13.0.1" targetFramework="net472" />
</packages>
"""


def read(data: bytes, *, installed: bool = False) -> Fragment:
    return run(CATALOGUER, File("app/packages.config", (data,), len(data), DEFAULT_LIMITS, installed))


def test_a_list_names_packages_once_each() -> None:
    found = read(LIST)
    assert [(p.name, p.version, dict(p.properties)) for p in found.packages] == [
        ("Newtonsoft.Json", "13.0.1", {}), ("NUnit", "3.13.3", {"nuget:dev": "true"}),
    ]  # fmt: skip
    assert not found.gaps
    assert read(LIST, installed=True) == Fragment()


def test_a_line_without_version_is_counted() -> None:
    found = read(b'<packages><package id="A" version="1.0"/><package id="B"/><package version="1"/></packages>')
    assert [(p.name, p.version) for p in found.packages] == [("A", "1.0")]
    assert [gap.reason for gap in found.gaps] == ["2 packages without name or version"]


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{}", b"<configuration/>", b"<packages>", b"<packages><package><package/></package></packages>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><packages/>', b"<packages>" * 2_000,
    ],
)  # fmt: skip
def test_a_list_that_is_none_is_a_gap(data: bytes) -> None:
    found = read(data)
    assert found.packages == ()
    assert [gap.kind for gap in found.gaps] == ["unreadable"]
