"""NuGet, pub and Mix: what their manifests ask for, laid beside what is locked; and what stays open."""

import json
import time

import pytest

from assay.dependencies.cataloger import File
from assay.dependencies.chooser import run
from assay.dependencies.locks import ROWS
from assay.dependencies.locks.constraints import satisfies
from assay.model.limits import DEFAULT_LIMITS
from writtentrees import tree

SUM = "A" * 86 + "=="


def only(files: dict[str, str]):
    (state,) = tree(files).locks
    return state


def kinds(state) -> set[tuple[str, str]]:
    return {(one.kind, one.package) for one in state.disagreements}


@pytest.mark.parametrize(
    ("ecosystem", "wanted", "version", "answer"),
    [
        ("nuget", "1.0", "2.0.0", True), ("nuget", "1.0", "0.9", False), ("nuget", "[1.0,2.0)", "2.0.0", False),
        ("nuget", "[1.0,2.0)", "2.0.0-beta", True), ("nuget", "[1.0]", "1.0.0", True), ("nuget", "(1.0)", "1.0", None),
        ("nuget", "(,1.0]", "1.0.1", False), ("nuget", "(1.0,)", "1.0", False), ("nuget", "1.*", "1.9.3", True),
        ("nuget", "1.2.*", "1.3.0", False), ("nuget", "*", "9.0", True), ("nuget", "1.*", "1.9.3-rc", None),
        ("nuget", "[1.*,3.0)", "3.0.0", False), ("nuget", "$(V)", "1.0", None), ("nuget", "1.0.0-*", "1.0.0", None),
        ("nuget", "[1.0,2.0", "1.0.0", None), ("nuget", "[a,2.0)", "1.0.0", None), ("nuget", "(,)", "1.0.0", None),
        ("pub", "^1.2.0", "1.9.0", True), ("pub", "^1.2.0", "2.0.0-dev", False), ("pub", "^0.1.2", "0.2.0", False),
        ("pub", "^0.0.4", "0.0.9", True), ("pub", "any", "1.0.0", True), ("pub", ">=1.0.0 <2.0.0", "2.0.0-a", False),
        ("pub", ">=2.0.0-a <2.0.0", "2.0.0-b", True), ("pub", ">=1.0.0<2.0.0", "1.5.0", True),
        ("pub", "1.2.3", "1.2.4", False), ("pub", "1.2.3", "1.2.3+1", None), ("pub", "^1.2.0", "1.3.0+2", True),
        ("pub", "1.2", "1.2.0", None), ("pub", "newest", "1.2.0", None),
        ("hex", "~> 2.0", "2.9.0", True), ("hex", "~> 2.0", "3.0.0", False), ("hex", "~> 2.0.1", "2.1.0", False),
        ("hex", ">= 1.0.0 and < 2.0.0 or ~> 3.1", "3.4.0", True), ("hex", "1.0.0", "1.0.1", False),
        ("hex", "!= 1.0.0", "1.0.0", False), ("hex", "~> 2", "2.0.0", None), ("hex", "~> 1.0", "1.1.0-rc.1", None),
        ("hex", "~> 1.1-rc", "1.1.0-rc.1", True), ("hex", ">= 1.0", "1.0.0", None), ("hex", "or", "1.0.0", None),
    ],
)  # fmt: skip
def test_constraints(ecosystem: str, wanted: str, version: str, answer: bool | None) -> None:
    assert satisfies(ecosystem, wanted, version) is answer


@pytest.mark.parametrize("ecosystem", ["nuget", "pub", "hex"])
def test_constraints_never_take_long(ecosystem: str) -> None:
    begun = time.process_time()
    for text in (
        "[" * 900, "1." * 450, "^1.0.0 " * 140, "1.0.0-" + "a." * 400, ">= " * 300, " or " * 240, "~> 1.0 and " * 90,
        "1" + " " * 900, "[1," * 300, "*" * 900, "1.*" * 300, "(,)" * 300, "\u0661.2", ">=1.0.0" * 140,
    ):  # fmt: skip
        assert satisfies(ecosystem, text, "1.2.3") in (True, False, None)
    assert time.process_time() - begun < 2


def nuget(**versions: str) -> str:
    rows = {name: {"type": "Direct", "resolved": v, "contentHash": SUM} for name, v in versions.items()}
    return json.dumps({"version": 1, "dependencies": {"net8.0": rows}})


def test_nuget() -> None:
    project = """<Project Sdk="Microsoft.NET.Sdk"><ItemGroup>
        <PackageReference Include="Serilog" Version="3.1.0" />
        <PackageReference Include="Dapper"><Version>[2.0,3.0)</Version></PackageReference>
        <PackageReference Include="Missing" Version="1.0" /></ItemGroup></Project>"""
    state = only({"a/x.csproj": project, "a/packages.lock.json": nuget(Serilog="3.1.1", Dapper="3.0.0")})
    assert (state.with_manifest, state.hashed) == ("no", "all")
    assert kinds(state) == {("constraint", "dapper"), ("not-locked", "missing")}
    fine = project.replace('<PackageReference Include="Missing" Version="1.0" />', "")
    assert only({"x.csproj": fine, "packages.lock.json": nuget(Serilog="3.1.1", Dapper="2.9.0")}).with_manifest == "yes"


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ('Include="A" Version="$(Version)"', "MSBuild decides on versions"),
        ('Include="@(Names)" Version="1.0"', "MSBuild decides on names"),
        ('Include="A"', "stands in another manifest"),
        ('Include="B" Version="1.0" Condition="x"', "depends on a condition of MSBuild"),
    ],
)
def test_what_msbuild_computes_stays_open(reference: str, why: str) -> None:
    project = f"<Project><ItemGroup><PackageReference {reference}/></ItemGroup></Project>"
    state = only({"x.csproj": project, "packages.lock.json": nuget(A="1.0.0")})
    assert state.with_manifest == "unknown"
    assert any(why in reason for reason in state.reasons)


PROPS = """<Project><PropertyGroup><Range>[2.0,3.0)</Range></PropertyGroup><ItemGroup>
    <PackageVersion Include="Serilog" Version="3.1.0" /><PackageVersion Include="Dapper" Version="$(Range)" />
    <PackageVersion Include="Odd" Version="$(Elsewhere)" /><PackageVersion Include="Unused" Version="1.0" />
    <PackageVersion Include="Two" Version="1.0" Condition="x" /><PackageVersion Include="Two" Version="2.0" />
    {more}</ItemGroup></Project>"""
LIST = "Directory.Packages.props"


def project(*names: str) -> str:
    rows = "".join(f'<PackageReference Include="{name}" />' for name in names)
    return f"<Project><ItemGroup>{rows}</ItemGroup></Project>"


def test_nuget_takes_versions_from_the_nearest_central_list() -> None:
    files = {LIST: PROPS, "src/a/x.csproj": project("Serilog", "Dapper")}
    state = only(files | {"src/a/packages.lock.json": nuget(Serilog="3.0.0", Dapper="3.0.0")})
    assert kinds(state) == {("constraint", "serilog"), ("constraint", "dapper")}
    assert only(files | {"src/a/packages.lock.json": nuget(Serilog="3.1.1", Dapper="2.9")}).with_manifest == "yes"
    nearer = files | {f"src/{LIST}": "<Project/>"}
    state = only(nearer | {"src/a/packages.lock.json": nuget(Serilog="3.0.0", Dapper="3.0.0")})
    assert state.with_manifest == "unknown"


@pytest.mark.parametrize("name", ["Odd", "Two", "Absent"])
def test_a_version_the_central_list_does_not_tell_stays_open(name: str) -> None:
    state = only({LIST: PROPS, "x.csproj": project(name), "packages.lock.json": nuget(**{name: "0.1.0"})})
    assert (state.with_manifest, state.disagreements) == ("unknown", ())
    assert any("stands in another manifest" in reason for reason in state.reasons)


def test_what_every_project_gets_is_to_be_locked() -> None:
    files = {LIST: PROPS.replace("{more}", '<GlobalPackageReference Include="Analyzers" Version="1.0" />')}
    state = only(files | {"x.csproj": project("Serilog"), "packages.lock.json": nuget(Serilog="3.1.0")})
    assert kinds(state) == {("not-locked", "analyzers")}
    own = '<Project><ItemGroup><PackageReference Include="Serilog" Version="3.1.0" /></ItemGroup></Project>'
    state = only(files | {"x.csproj": own, "packages.lock.json": nuget(Serilog="3.1.0")})
    assert (state.with_manifest, state.disagreements) == ("unknown", ())


def test_a_damaged_central_list_explains_nothing() -> None:
    state = only({LIST: "<Project>", "x.csproj": project("A"), "packages.lock.json": nuget(A="1.0.0")})
    assert state.with_manifest == "unknown"


@pytest.mark.parametrize(
    "project", ["<Project><PackageReference", '<!DOCTYPE x><Project><PackageReference Include="A"/>']
)
def test_a_damaged_project_file_is_unknown(project: str) -> None:
    assert only({"x.csproj": project, "packages.lock.json": nuget(A="1.0.0")}).with_manifest == "unknown"


PUBSPEC = """name: demo
environment:
  sdk: '>=3.0.0 <4.0.0'
dependencies:
  flutter:
    sdk: flutter
  http: ^1.1.0          # the client
  path: any
  local:
    path: ../local
  yaml: {version: '>=3.0.0 <4.0.0'}
dev_dependencies:
  lints: ^2.0.0
"""


def publock(**versions: str) -> str:
    rows = [
        f'  {name}:\n    dependency: "direct main"\n    description:\n      name: {name}\n      sha256: "{"ab" * 32}"\n'
        f'      url: "https://pub.dev"\n    source: hosted\n    version: "{version}"\n'
        for name, version in versions.items()
    ]
    return "packages:\n" + "".join(rows)


def test_pub() -> None:
    versions = {"http": "1.2.0", "path": "1.9.0", "yaml": "3.1.2", "lints": "2.1.1", "local": "0.0.1"}
    assert only({"pubspec.yaml": PUBSPEC, "pubspec.lock": publock(**versions)}).with_manifest == "yes"
    state = only({"pubspec.yaml": PUBSPEC, "pubspec.lock": publock(**versions | {"http": "2.0.0", "yaml": "2.9.0"})})
    assert kinds(state) == {("constraint", "http"), ("constraint", "yaml")}
    over = PUBSPEC + "dependency_overrides:\n  http: 2.0.0\n"
    assert only({"pubspec.yaml": over, "pubspec.lock": publock(**versions | {"http": "2.0.0"})}).with_manifest == "yes"


MIX = """defmodule Demo.MixProject do
  use Mix.Project
  def project, do: [app: :demo, version: "0.1.0", deps: deps()]

  # Run "mix help deps" to learn about dependencies.
  defp deps do
    [
      {:phoenix, "~> 1.7.0"},
      {:jason, "~> 1.2", only: [:dev, :test], runtime: false}, # [a note]
      {:shared, path: "../shared"},
      {:other, ">= 0.0.0", hex: :real_name}
    ]
  end
end
"""


def mixlock(**versions: str) -> str:
    sums = "ab" * 32
    rows = [f'  "{n}": {{:hex, :{n}, "{v}", "{sums}", [:mix], [], "hexpm", "{sums}"}},' for n, v in versions.items()]
    return "%{\n" + "\n".join(rows) + "\n}\n"


def test_mix() -> None:
    versions = {"phoenix": "1.7.10", "jason": "1.4.1", "real_name": "0.3.0"}
    assert only({"mix.exs": MIX, "mix.lock": mixlock(**versions)}).with_manifest == "yes"
    state = only({"mix.exs": MIX, "mix.lock": mixlock(phoenix="1.8.0", jason="1.4.1")})
    assert kinds(state) == {("constraint", "phoenix"), ("not-locked", "real_name")}


@pytest.mark.parametrize(
    "more",
    [
        "] ++ extra() end",
        "{:a, version()}] end",
        'if(x, do: {:a, "1.0.0"})] end',
        '{:a, "#{v}"}] end',
        '{:a, "1',
        "deps",
    ],
)
def test_a_computed_list_of_mix_stays_open(more: str) -> None:
    written = f'defp deps do\n[{{:jason, "~> 1.2"}}, {more}\n'
    state = only({"mix.exs": written, "mix.lock": mixlock(jason="1.4.1")})
    assert state.with_manifest == "unknown"
    assert state.reasons


def test_hostile_manifests_end_fast() -> None:
    begun = time.process_time()
    for path, text in [
        ("mix.exs", "defp deps do [" + "{" * 200_000),
        ("mix.exs", "defp deps do [" + '"' * 200_001),
        ("mix.exs", "defp deps do\n" * 20_000),
        ("mix.exs", "defp deps do [" + "{:a, [" * 50_000),
        ("x.csproj", "<PackageReference>" * 50_000),
        ("pubspec.yaml", "dependencies: " + "[" * 50_000),
    ]:
        data = text.encode()
        for row in ROWS:
            if path in row.wants.names or any(path.endswith(end) for end in row.wants.suffixes):
                assert len(run(row, File(path, (data,), len(data), DEFAULT_LIMITS)).sheets) <= 1
    assert time.process_time() - begun < 4
