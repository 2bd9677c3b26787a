"""Ground truth: what .NET's SDK restores, locks, lists and publishes; NuGet's own library on versions and ranges.

The packages are made here and lie in a folder; no registry of packages is asked.
"""

import json
import os
import random
import re
import shutil
import subprocess
import zipfile
from itertools import product
from pathlib import Path

import pytest

from assay.dependencies.catalogers import dotnet as cataloguers
from assay.dependencies.locks.constraints import satisfies
from assay.dependencies.versions import SCHEMES
from dotnettools import Dotnet, dotnet
from interop.test_truth_managers import found, say
from interop.test_truth_managers_further import tree, write

pytestmark = pytest.mark.interop
JUDGE = """using System; using NuGet.Versioning;
class Judge { static void Main() { string line; while ((line = Console.ReadLine()) != null) {
  var part = line.Split('\\t'); NuGetVersion one, other; VersionRange range; var said = "None";
  if (part[0] == "order") {
    if (NuGetVersion.TryParse(part[1], out one) && NuGetVersion.TryParse(part[2], out other))
      said = Math.Sign(one.CompareTo(other)).ToString();
  } else if (VersionRange.TryParse(part[1], out range) && NuGetVersion.TryParse(part[2], out one))
    said = range.Satisfies(one) ? "True" : "False";
  Console.WriteLine(said); } } }
"""
LIBRARIES = ("System.Private.CoreLib", "System.Runtime", "System.Console", "System.Runtime.Extensions", "netstandard")


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Dotnet:
    found = dotnet()
    home = str(tmp_path_factory.mktemp("home"))
    return found._replace(environment={**found.environment, "HOME": home, "NUGET_PACKAGES": f"{home}/packages"})


@pytest.fixture(scope="module")
def judge(tool: Dotnet, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A program around the SDK's `NuGet.Versioning`; its command."""
    place = tmp_path_factory.mktemp("judge")
    library = tool.sdk / "NuGet.Versioning.dll"
    references = [f"-r:{tool.runtime / name}.dll" for name in LIBRARIES]
    write(place, {
        "Judge.cs": JUDGE,
        "judge.runtimeconfig.json": json.dumps(
            {"runtimeOptions": {"framework": {"name": "Microsoft.NETCore.App", "version": tool.runtime.name}}}
        ),
    })  # fmt: skip
    compiler = str(tool.sdk / "Roslyn/bincore/csc.dll")
    words = [compiler, "-nologo", "-out:judge.dll", *references, f"-r:{library}", "Judge.cs"]
    say(tool.program, *words, where=place, **tool.environment)
    shutil.copy(library, place)
    return [tool.program, str(place / "judge.dll")]


def asked(judge: list[str], tool: Dotnet, what: str, pairs: list[tuple[str, str]]) -> list[str]:
    done = subprocess.run(
        judge,
        input="".join(f"{what}\t{one}\t{other}\n" for one, other in pairs),
        env={**os.environ, **tool.environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout.split()


def nuget_version(dice: random.Random) -> str:
    numbers = ".".join(dice.choice(["1", "2", "10", "01"]) for _ in range(dice.randint(1, 5)))
    pieces = ["a", "B", "2", "10", "-", "rc-1", "RC1", "0", "00", "01"]
    if dice.random() < 0.5:
        numbers += "-" + ".".join(dice.choice(pieces) for _ in range(dice.randint(1, 3)))
    return numbers + dice.choice(["", "", "+b", "+1.c", "-", "+"])


LENIENT = re.compile(r"^[0-9]+(?![0-9.])|[-.]0[0-9]+(?![0-9A-Za-z-])|\+$")
"""What NuGet 4.9 refuses and has an order all the same: one number, a number of a pre-release with zeros before it, an
empty `+`."""


def test_versions_are_in_the_order_of_nugets_own_library(tool: Dotnet, judge: list[str]) -> None:
    dice, scheme = random.Random(11), SCHEMES["nuget"]
    pairs = [(nuget_version(dice), nuget_version(dice)) for _ in range(5_000)]
    pairs += [(one, one.swapcase()) for one, _ in pairs[:500]]
    ours = [str(scheme.compare(*pair)) for pair in pairs]
    answers = list(zip(pairs, ours, asked(judge, tool, "order", pairs), strict=True))
    assert not [(*pair, o, t) for pair, o, t in answers if t not in (o, "None")]
    assert not [pair for pair, o, t in answers if o != t and not any(LENIENT.search(one) for one in pair)]
    assert sum(one != "None" for one in ours) > 2_000


RANGES = (
    "1.0", "1.0.0.1", "[1.0]", "[1.0,]", "(1.0,)", "[,1.0]", "(,1.0)", "[1.0,2.0]", "(1.0,2.0)", "[1.0,2.0)",
    "[1.0-beta,2.0-rc)", "[ 1.0 , 2.0 )", "[1.0-beta]", "1.0-beta", "(1.0)", "[1.0", "[2.0,1.0]", "[]", "(,)", "[,]", "1.0.0.0.0",
    "(1.0,1.0)", "[1.0,1.0]", "[1.0,1.0)", "*", "1.*", "1.0.*", "1.2.0.*", "[1.*,2.0)", "[1.*, )", "v1.0",
    ">=1.0", "^1.0", "1.0 - 2.0", "", "[1.0,2.0,3.0]", "1.0-*", "1.0-b*", "2.0.0-BETA",
)  # fmt: skip
UNREAD = ("(1.0)", "1.0-*", "1.0-b*")
"""Nobody here can tell: the documentation calls them invalid, or does not speak of them."""
WEIGHED = (
    "0.9", "1.0-alpha", "1.0-beta", "1.0-BETA", "1.0-rc.1", "1.0", "1.0.0", "1.0.0.0", "1.0.0.1", "1.0.1", "1.2", "1.2.0.5",
    "1.5-pre", "1.9.9", "2.0-alpha", "2.0-rc", "2.0-rc.1", "2.0", "2.0.0+meta", "2.0.1", "3.0", "10.0", "01.0", "1.0-", "x",
)  # fmt: skip


def test_ranges_hold_what_nugets_own_library_says(tool: Dotnet, judge: list[str]) -> None:
    """Of a floating range NuGet takes the best of what there is; we say what it takes, or that nobody here can tell."""
    pairs = list(product(RANGES, WEIGHED))
    ours = [str(satisfies("nuget", *pair)) for pair in pairs]
    answers = list(zip(pairs, ours, asked(judge, tool, "range", pairs), strict=True))
    wrong = [(*pair, o, t) for pair, o, t in answers if o != t and not (o == "None" and pair[0] in UNREAD)]
    assert not [one for one in wrong if "*" not in one[0] and one[0] != "1"]  # NuGet 4.9 refuses one number alone
    assert not [one for one in wrong if one[2] == "True" and one[3] == "False"]


NUSPEC = (
    '<?xml version="1.0"?><package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd"><metadata>'
    "<id>{name}</id><version>{version}</version><authors>a</authors><description>d</description>"
    '<dependencies><group targetFramework=".NETStandard1.0">{depends}</group></dependencies></metadata></package>'
)
TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="nuspec" ContentType="application/octet"/><Default Extension="dll" ContentType="application/octet"/></Types>'
)
FEED: dict[tuple[str, str], dict[str, str]] = {
    ("Acme.One", "1.2.0"): {"Acme.Two": "[1.5,2.0)", "acme.facade": "1.0.0"},
    ("Acme.One", "1.3.0-beta"): {},
    ("Acme.Two", "1.5.0"): {"Acme.Three": "0.1.0-alpha.2"},
    ("Acme.Two", "2.0.0"): {},
    ("Acme.Three", "0.1.0-alpha.2"): {},
    ("Acme.Facade", "1.0.0.4"): {},
    ("Acme.Facade", "1.0.0"): {},
    ("Acme.Build", "3.0.0"): {},
}
PROJECT = """<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><OutputType>Exe</OutputType>
<TargetFramework>netcoreapp2.2</TargetFramework><DisableImplicitFrameworkReferences>true</DisableImplicitFrameworkReferences>
<RestorePackagesWithLockFile>true</RestorePackagesWithLockFile><GenerateAssemblyInfo>false</GenerateAssemblyInfo>
<UseAppHost>false</UseAppHost></PropertyGroup><ItemGroup>
<PackageReference Include="Acme.One" Version="1.*"/><PackageReference Include="Acme.Build" Version="[3.0.0]" PrivateAssets="all"/>
<Reference Include="{core}/System.Private.CoreLib.dll" Private="false"/><Reference Include="{core}/System.Runtime.dll" Private="false"/>
</ItemGroup></Project>
"""


def feed(root: Path) -> None:
    """A folder of packages, and the settings that make it the only source."""
    (root / "feed").mkdir()
    for (name, version), depends in FEED.items():
        needs = "".join(f'<dependency id="{other}" version="{wanted}"/>' for other, wanted in depends.items())
        with zipfile.ZipFile(root / f"feed/{name}.{version}.nupkg", "w") as package:
            package.writestr(f"{name}.nuspec", NUSPEC.format(name=name, version=version, depends=needs))
            package.writestr("[Content_Types].xml", TYPES)
            package.writestr("lib/netstandard1.0/_._" if "Facade" in name else f"lib/netstandard1.0/{name}.dll", b"MZ")
    source = f'<clear/><add key="local" value="{root / "feed"}"/>'
    write(root, {"NuGet.Config": f"<configuration><packageSources>{source}</packageSources></configuration>"})


def test_locks_and_published_programs_agree_with_dotnet(tool: Dotnet, tmp_path: Path) -> None:
    feed(tmp_path)
    write(tmp_path, {
        "app/app.csproj": PROJECT.format(core=tool.runtime), "app/app.cs": "class P { static void Main() {} }",
    })  # fmt: skip
    app = tmp_path / "app"
    say(tool.program, "publish", "-v", "m", "-o", str(tmp_path / "out"), where=app, **tool.environment)
    told = say(tool.program, "list", "package", "--include-transitive", where=app, **tool.environment)
    truth = {
        (words[0], words[-1]) for words in (line.split() for line in re.findall(r"^ +> (.+)$", told, re.MULTILINE))
    }
    assert truth == {
        ("Acme.One", "1.2.0"), ("Acme.Two", "1.5.0"), ("Acme.Three", "0.1.0-alpha.2"), ("Acme.Facade", "1.0.0"),
        ("Acme.Build", "3.0.0"),
    }  # fmt: skip
    assert found(cataloguers.LOCK, [app], installed=False) == truth
    deps = json.loads((tmp_path / "out/app.deps.json").read_text())
    packages = {tuple(key.split("/")) for key, body in deps["libraries"].items() if body["type"] == "package"}
    assert found(cataloguers.CATALOGUER, [tmp_path / "out"]) - {("app", "1.0.0")} == packages
    assert packages < truth
    shutil.rmtree(app / "obj")
    shutil.rmtree(app / "bin", ignore_errors=True)
    seen = tree(app)
    names = {component.key: component.name for component in seen.components}
    assert {(names[r.source], names[r.target]) for r in seen.relations} >= {
        ("Acme.One", "Acme.Two"), ("Acme.Two", "Acme.Three"), ("Acme.One", "Acme.Facade"),
    }  # fmt: skip
    (state,) = seen.locks
    assert (state.with_manifest, state.hashed) == ("yes", "all")
    write(app, {"app.csproj": PROJECT.format(core=tool.runtime).replace("1.*", "[1.3.0-beta]")})
    assert [state.with_manifest for state in tree(app).locks] == ["no"]
