"""Ground truth: `cargo` on what edges are for; Conan, rattler (conda), Mix and cabal on what they locked or installed.

Everything is made here: local channels, repositories and folders of packages; no registry of these tools is asked.
"""

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
from itertools import product
from pathlib import Path

import pytest

from assay.dependencies.assemble import Assembled, assemble
from assay.dependencies.cataloger import File, Sighting
from assay.dependencies.catalogers import TABLE, conan, conda, haskell_lock, mix_lock
from assay.dependencies.chooser import Chooser, run
from assay.dependencies.locks import ROWS
from assay.dependencies.locks.constraints import satisfies
from assay.model.limits import DEFAULT_LIMITS
from interop.test_truth_managers import found, needs, say

pytestmark = pytest.mark.interop


def tree(root: Path) -> Assembled:
    """A source tree read by every row that wants something of it."""
    chooser, sightings = Chooser((*TABLE, *ROWS)), []
    for path in sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink()):
        data, name = path.read_bytes(), path.relative_to(root).as_posix()
        file = File(name, (data,), len(data), DEFAULT_LIMITS, False)
        for row in chooser.choose(name, data[:4], len(data), path.stat().st_mode) or ():
            fragment = run(row, file)
            sightings.append(Sighting(cataloguer=row.name, path=name, layer=None, removed_by=None, fragment=fragment))
    return assemble(sightings, (), installed=False)


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


CARGO = {
    "Cargo.toml": '[workspace]\nmembers = ["app", "inner"]\nresolver = "2"\n[workspace.dependencies]\nshown = { package = "itoa", '
    'version = "=1.0.11" }\n',
    "app/Cargo.toml": '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\ninner = { path = "../inner" }\n'
    'ryu = "=1.0.18"\nold = { package = "cfg-if", version = "=0.1.10" }\n[dev-dependencies]\nshown.workspace = true\n'
    'cfg-if = "=1.0.0"\n[build-dependencies]\nmemchr = "=2.7.4"\n[target."cfg(windows)".dependencies]\nlazy_static = "=1.5.0"\n',
    "inner/Cargo.toml": '[package]\nname = "inner"\nversion = "0.2.0"\nedition = "2021"\n[dependencies]\nshown.workspace = true\n'
    '[dev-dependencies]\nryu = "=1.0.18"\n',
    "app/src/main.rs": "fn main() {}\n", "inner/src/lib.rs": "", "app/build.rs": "fn main() {}\n",
}  # fmt: skip


@needs("cargo")
def test_edges_of_cargo_are_for_what_cargo_metadata_says(tmp_path: Path) -> None:
    write(tmp_path, CARGO)
    told = json.loads(say("cargo", "metadata", "--format-version=1", where=tmp_path))
    names = {package["id"]: f"{package['name']} {package['version']}" for package in told["packages"]}
    truth = {
        (names[node["id"]], names[dep["pkg"]], kind["kind"] or "runtime")
        for node in told["resolve"]["nodes"]
        if node["id"] in told["workspace_members"]
        for dep in node["deps"]
        for kind in dep["dep_kinds"]
    }
    assert {scope for _, _, scope in truth} == {"runtime", "dev", "build"}
    seen = tree(tmp_path)
    said = {component.key: f"{component.name} {component.version}" for component in seen.components}
    ours = {
        (said[r.source], said[r.target], r.scope) for r in seen.relations if said[r.source].startswith(("app", "inner"))
    }
    assert ours == truth
    assert {(lock.manifest, lock.with_manifest) for lock in seen.locks if "/" in lock.manifest} == {
        ("app/Cargo.toml", "yes"), ("inner/Cargo.toml", "yes"),
    }  # fmt: skip


@needs("conan")
def test_a_conan_lock_agrees_with_conans_own_graph(tmp_path: Path) -> None:
    home = {"CONAN_HOME": str(tmp_path / "home")}
    say("conan", "profile", "detect", where=tmp_path, **home)
    for name, version, more in (("zlib", "1.3", ""), ("make", "4.4", ""), ("png", "1.6", 'requires="zlib/[>=1.2]"')):
        recipe = f'from conan import ConanFile\nclass P(ConanFile):\n    name="{name}"\n    version="{version}"\n    {more}\n'
        write(tmp_path, {f"{name}/conanfile.py": recipe})
        say("conan", "create", name, where=tmp_path, **home)
    write(tmp_path, {"app/conanfile.txt": "[requires]\npng/1.6\n[tool_requires]\nmake/4.4\n"})
    say("conan", "lock", "create", "app", where=tmp_path, **home)
    told = json.loads(say("conan", "graph", "info", "app", "--format=json", where=tmp_path, **home))
    truth = {
        tuple(node["ref"].partition("#")[0].split("/"))
        for node in told["graph"]["nodes"].values()
        if "/" in node["ref"]
    }
    assert {name for name, _ in truth} == {"zlib", "make", "png"}
    (tmp_path / "app/conanfile.txt").unlink()  # a list of wishes, which another test reads
    assert found(conan.CATALOGUER, [tmp_path / "app"], installed=False) == truth


RATTLER = """
import asyncio, json, sys
from pathlib import Path
from rattler import Channel, install, solve
from rattler.index import index_fs
root = Path(sys.argv[1])
async def main():
    await index_fs(root / "channel")
    channel = Channel((root / "channel").as_uri())
    found = await solve([channel], ["tool"], platforms=["linux-64", "noarch"])
    await install(found, target_prefix=root / "prefix", cache_dir=root / "cache")
    print(json.dumps(sorted([one.name.normalized, str(one.version)] for one in found)))
asyncio.run(main())
"""


def conda_package(folder: Path, name: str, version: str, *depends: str) -> None:
    content = {f"share/{name}.txt": version.encode()}
    index = {
        "name": name, "version": version, "build": "0", "build_number": 0, "depends": list(depends), "subdir": "noarch",
        "noarch": "generic", "license": "MIT", "timestamp": 1_700_000_000_000,
    }  # fmt: skip
    paths = [
        {"_path": path, "path_type": "hardlink", "sha256": hashlib.sha256(data).hexdigest(), "size_in_bytes": len(data)}
        for path, data in content.items()
    ]
    written = {
        "info/index.json": json.dumps(index).encode(),
        "info/paths.json": json.dumps({"paths": paths, "paths_version": 1}).encode(),
        "info/files": "\n".join(content).encode(),
        **content,
    }
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / f"{name}-{version}-0.tar.bz2", "w:bz2") as archive:
        for path, data in written.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))


@needs("python3")
def test_an_environment_of_conda_agrees_with_the_installers_own_solution(tmp_path: Path) -> None:
    """rattler is the installer behind pixi; it stands beside the `python3` of the path, or the test is left out."""
    if subprocess.run(["python3", "-c", "import rattler"], capture_output=True, check=False).returncode:
        pytest.skip("no py-rattler beside the python3 of the path")
    for name, version, *depends in (
        ("zlib", "1.3.1"),
        ("tool", "2.0", "zlib >=1.3"),
        ("tool", "1.0"),
        ("other", "1.0"),
    ):
        conda_package(tmp_path / "channel/noarch", name, version, *depends)
    told = json.loads(say("python3", "-c", RATTLER, str(tmp_path), where=tmp_path))
    assert told == [["tool", "2.0"], ["zlib", "1.3.1"]]
    assert found(conda.CATALOGUER, [tmp_path / "prefix"]) == {(name, version) for name, version in told}


MIX = """defmodule {module}.MixProject do
  use Mix.Project
  def project, do: [app: :{name}, version: "{version}", deps: deps()]
  defp deps do
    [{deps}]
  end
end
"""


@needs("mix")
@needs("git")
def test_a_mix_lock_agrees_with_mix(tmp_path: Path) -> None:
    """Dependencies from local repositories: Hex, the registry, is not asked."""
    own = {"HOME": str(tmp_path), "MIX_ENV": "prod", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C.UTF-8"}
    git = ("git", "-c", "user.email=a@example.org", "-c", "user.name=a")
    deps = []
    for name in ("first", "second"):
        write(tmp_path, {f"{name}/mix.exs": MIX.format(module=name.title(), name=name, version="1.2.3", deps="")})
        for words in (["init", "-q", "."], ["add", "."], ["commit", "-q", "-m", "all"]):
            say(*git, *words, where=tmp_path / name, **own)
        deps.append(f'{{:{name}, git: "file://{tmp_path / name}"}}')
    write(tmp_path, {"app/mix.exs": MIX.format(module="App", name="app", version="0.1.0", deps=", ".join(deps))})
    say("mix", "deps.get", where=tmp_path / "app", **own)
    told = say("mix", "deps", where=tmp_path / "app", **own)
    truth = dict(re.findall(r"^\* (\w+) \([^\n]*\n  locked at ([0-9a-f]{7})", told, re.MULTILINE))
    assert set(truth) == {"first", "second"}
    lock = (tmp_path / "app/mix.lock").read_bytes()
    file = File("mix.lock", (lock,), len(lock), DEFAULT_LIMITS, False)
    packages = mix_lock.CATALOGUER.catalogue(file).packages
    assert {p.name: dict(p.properties)["hex:commit"][:7] for p in packages} == truth
    shutil.rmtree(tmp_path / "app/deps")
    (state,) = tree(tmp_path / "app").locks
    assert (state.with_manifest, state.hashed) == ("yes", "all")


CABAL = """cabal-version: 2.4
name: {name}
version: {version}
library
  build-depends: {depends}
  default-language: Haskell2010
"""


def cabal_packages(root: Path) -> dict[str, str]:
    """A folder of packages as cabal's only repository; returns the environment."""
    for version in ("1.0", "1.2", "1.2.5", "2.0"):
        data = CABAL.format(name="alpha", version=version, depends="base").encode()
        (root / "packages").mkdir(exist_ok=True)
        with tarfile.open(root / f"packages/alpha-{version}.tar.gz", "w:gz") as archive:
            entry = tarfile.TarInfo(f"alpha-{version}/alpha.cabal")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    write(root, {".cabal/config": f"repository local\n  url: file+noindex://{root / 'packages'}\n"})
    return {"HOME": str(root)}


@needs("cabal")
@needs("ghc")
def test_a_freeze_of_cabal_agrees_with_its_plan(tmp_path: Path) -> None:
    own = cabal_packages(tmp_path)
    app = tmp_path / "app"
    depends = "base >=4.7 && <6, containers, alpha ^>=1.0 || ==1.2.*"
    write(app, {"demo.cabal": CABAL.format(name="demo", version="0.1", depends=depends)})
    say("cabal", "v2-freeze", where=app, **own)
    say("cabal", "v2-build", "--dry-run", where=app, **own)
    plan = json.loads((app / "dist-newstyle/cache/plan.json").read_text())["install-plan"]
    truth = {(one["pkg-name"], one["pkg-version"]) for one in plan if one.get("style") != "local"}
    assert ("alpha", "1.2.5") in truth
    shutil.rmtree(app / "dist-newstyle")
    assert found(haskell_lock.CATALOGUER, [app], installed=False) == truth
    assert [state.with_manifest for state in tree(app).locks] == ["yes"]
    write(app, {"demo.cabal": CABAL.format(name="demo", version="0.1", depends="base, containers, alpha ==2.*")})
    assert [state.with_manifest for state in tree(app).locks] == ["no"]


WITHIN = """
import Distribution.CabalSpecVersion
import Distribution.Parsec
import Distribution.Version
main = interact (unlines . map judge . lines)
judge line = let (range, rest) = break (== '\\t') line
             in case (simpleParsec' CabalSpecV3_0 range, simpleParsec (drop 1 rest)) of
                  (Just r, Just v) -> if withinRange v (r :: VersionRange) then "True" else "False"
                  _ -> "None"
"""
RANGES = (
    "^>=1.2.3", "^>=1.2", "^>=1", "==1.2.*", "==1.2", "==1.*", ">=1.2 && <2", ">1.2", "<=1.2", "<1.2 || >=2", "-any",
    "(>=1 && <1.2) || ==2.0.*", "^>={1.2, 2.0.1}", "=={1.2,2.0}", ">=1 && <2 || ==3 && >2", "((>=1.2))", ">=0 && ^>=1.0 || ==2",
)  # fmt: skip
VERSIONS = (
    "0.9",
    "1",
    "1.0",
    "1.0.5",
    "1.1.9",
    "1.2",
    "1.2.0",
    "1.2.3",
    "1.2.3.1",
    "1.3",
    "1.20",
    "2",
    "2.0",
    "2.0.1",
    "3",
    "10.1",
)


@needs("runghc")
def test_ranges_of_cabal_hold_what_cabals_own_library_says(tmp_path: Path) -> None:
    write(tmp_path, {"Within.hs": WITHIN})
    pairs = list(product(RANGES, VERSIONS))
    done = subprocess.run(
        ["runghc", "Within.hs"],
        cwd=tmp_path,
        input="".join(f"{one}\t{version}\n" for one, version in pairs),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode:
        pytest.skip(f"runghc has no Cabal library: {done.stderr[-200:]}")
    ours = [str(satisfies("hackage", one, version)) for one, version in pairs]
    wrong = [(*pair, o, t) for pair, o, t in zip(pairs, ours, done.stdout.split(), strict=True) if o != t]
    assert not wrong
