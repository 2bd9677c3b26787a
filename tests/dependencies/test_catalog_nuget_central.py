"""NuGet's `Directory.Packages.props`: central versions of a source tree; what MSBuild computes stays open."""

import time

import pytest

from assay.dependencies.cataloger import File, Fragment
from assay.dependencies.catalogers.nuget_central import CATALOGUER, NAME
from assay.dependencies.chooser import run
from assay.model.limits import DEFAULT_LIMITS

LIST = b"""\xef\xbb\xbf<Project>
  <PropertyGroup><ManagePackageVersionsCentrally>true</ManagePackageVersionsCentrally>
    <Serilog>3.1.1</Serilog><Maybe Condition="'$(Maybe)' == ''">1.0</Maybe><Both>$(Serilog)-beta</Both>
    <Other>$(Elsewhere)</Other></PropertyGroup>
  <ItemGroup>
    <PackageVersion Include="Newtonsoft.Json" Version="13.0.1" />
    <PackageVersion Include="Serilog;Serilog.Sinks.File" Version="$(SERILOG)" />
    <PackageVersion Include="Dapper"><Version>[2.0.123]</Version></PackageVersion>
    <PackageVersion Include="Both" Version="$(Both)" />
    <GlobalPackageReference Include="Analyzers" Version="1.2.0" />
  </ItemGroup>
  <ItemGroup>
    <PackageVersion Include="Open.A" Version="$(Maybe)" /><PackageVersion Include="Open.B" Version="[1.0,2.0)" />
    <PackageVersion Include="Open.C" Version="1.*" /><PackageVersion Include="Open.D" />
    <PackageVersion Include="Open.E" Version="$(Other)" /><PackageVersion Include="@(Names)" Version="1.0" />
  </ItemGroup>
  <ItemGroup Condition="'$(TargetFramework)' == 'net8.0'"><PackageVersion Include="Moq" Version="4.20.0" /></ItemGroup>
</Project>
"""


def read(data: bytes, *, installed: bool = False) -> Fragment:
    return run(CATALOGUER, File(f"src/{NAME}", (data,), len(data), DEFAULT_LIMITS, installed))


def listed(items: str, before: str = "") -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in read(f"<Project>{before}<ItemGroup>{items}</ItemGroup></Project>".encode()).packages:
        found.setdefault(one.name, set()).add(one.version)
    return found


def test_a_list_names_versions_and_says_what_it_does_not_know() -> None:
    found = read(LIST)
    assert {p.name: (p.version, p.confidence, *map("=".join, p.properties)) for p in found.packages} == {
        "Newtonsoft.Json": ("13.0.1", "strong"),
        "Serilog": ("3.1.1", "strong"),
        "Serilog.Sinks.File": ("3.1.1", "strong"),
        "Dapper": ("2.0.123", "strong"),
        "Both": ("3.1.1-beta", "strong"),
        "Analyzers": ("1.2.0", "strong", "nuget:direct=true"),
        "Moq": ("4.20.0", "weak", "nuget:conditional=true"),
        "Open.A": ("", "weak", "nuget:unresolved=$(Maybe)"),
        "Open.B": ("", "weak", "nuget:unresolved=[1.0,2.0)"),
        "Open.C": ("", "weak", "nuget:unresolved=1.*"),
        "Open.D": ("", "weak", "nuget:unresolved=no version here"),
        "Open.E": ("", "weak", "nuget:unresolved=$(Other)"),
    }
    (gap,) = found.gaps
    assert gap.kind == "unsupported"
    assert "12 packages, 5 of them without a version here, 1 names that MSBuild computes" in gap.reason
    assert read(LIST, installed=True) == Fragment()


def test_elements_count_in_their_order() -> None:
    first = '<PackageVersion Include="A" Version="1.0"/>'
    assert listed(f'{first}<PackageVersion Update="a" Version="2.0"/>') == {"A": {"2.0"}}
    assert listed('<PackageVersion Update="A" Version="2.0"/>') == {"A": {"2.0"}}
    assert listed(f'{first}<PackageVersion Remove="A"/>') == {}
    assert listed(f'{first}<PackageVersion Include="A" Version="2.0" Condition="x"/>') == {"A": {"1.0", "2.0"}}
    assert listed(f"{first}<Choose><When>{first}</When></Choose>") == {"A": {"1.0"}}


def test_what_is_imported_may_set_any_property_anew() -> None:
    item, group = '<PackageVersion Include="A" Version="$(V)"/>', "<PropertyGroup><V>1.0</V></PropertyGroup>"
    assert listed(item, group) == {"A": {"1.0"}}
    assert listed(item, f'<Import Project="x"/>{group}') == {"A": {"1.0"}}
    assert listed(item, f'{group}<Import Project="x"/>') == {"A": {""}}


def test_a_list_that_is_switched_off_is_none() -> None:
    off = "<PropertyGroup><ManagePackageVersionsCentrally>false</ManagePackageVersionsCentrally></PropertyGroup>"
    assert listed('<PackageVersion Include="A" Version="1.0"/>', off) == {}
    assert read(b"<Project/>") == Fragment()


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{}", b"<packages/>", b"<Project>", b'<!DOCTYPE x [<!ENTITY a "b">]><Project/>', b"<Project>" * 2_000,
        b"<Project>&a;</Project>", b"<Project>" + b'<PackageVersion Include="A" Version="\xff"/>' + b"</Project>",
    ],
)  # fmt: skip
def test_a_list_that_is_none_is_a_gap(data: bytes) -> None:
    found = read(data)
    assert found.packages == ()
    assert [gap.kind for gap in found.gaps] == ["unreadable"]


def test_a_hostile_list_ends_fast() -> None:
    doubling = "".join(f"<P{n + 1}>$(P{n})$(P{n})</P{n + 1}>" for n in range(60))
    begun = time.process_time()
    group = f"<PropertyGroup><P0>1</P0>{doubling}</PropertyGroup>"
    assert listed('<PackageVersion Include="A" Version="$(P60)"/>', group) == {"A": {""}}
    many = "".join(f'<PackageVersion Include="A" Version="{n}" Condition="x"/>' for n in range(20_000))
    (gap,) = read(f"<Project>{many}</Project>".encode()).gaps
    assert "too many versions of A" in gap.reason
    assert listed('<PackageVersion Include="' + "$(P0)" * 100_000 + '" Version="1"/>', group) == {}
    assert time.process_time() - begun < 2
