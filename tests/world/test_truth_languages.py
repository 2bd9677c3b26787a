"""Ground truth: what `pip`, `npm` and `go` say of what they installed or built, package for package."""

import base64
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name

from assay.dependencies.assemble import Assembled, assemble
from assay.dependencies.cataloger import Cataloguer, File, Sighting
from assay.dependencies.catalogers import golang, npm, npm_lock, pypi
from assay.dependencies.chooser import Chooser, run
from assay.model.inventory import Component
from assay.model.limits import DEFAULT_LIMITS

ROWS: tuple[Cataloguer, ...] = (golang.CATALOGUER, npm.CATALOGUER, npm_lock.CATALOGUER, pypi.CATALOGUER)
needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
needs_go = pytest.mark.skipif(shutil.which("go") is None, reason="go is not installed")


def say(*words: str, where: Path, check: bool = True, **environment: str) -> str:
    done = subprocess.run(
        words, cwd=where, capture_output=True, text=True, timeout=120, check=False, env={**os.environ, **environment}
    )
    if check and done.returncode:
        pytest.skip(f"{words[0]} {words[1]} did not succeed here: {done.stderr.strip()[-200:]}")
    return done.stdout


def inventory(root: Path, *, installed: bool = True) -> Assembled:
    """What our cataloguers see in a folder, joined."""
    chooser = Chooser(ROWS)
    sightings = []
    for path in sorted(root.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        name, stat = path.relative_to(root).as_posix(), path.stat()
        with path.open("rb") as file:
            head = file.read(4)
        for row in chooser.choose(name, head, stat.st_size, stat.st_mode) or ():
            data = path.read_bytes()
            given = File(path=name, chunks=(data,), size=len(data), limits=DEFAULT_LIMITS, installed=installed)
            sightings.append(
                Sighting(cataloguer=row.name, path=name, layer=None, removed_by=None, fragment=run(row, given))
            )
    return assemble(sightings, (), installed=installed)


def of(found: Assembled, ecosystem: str) -> list[Component]:
    return [component for component in found.components if component.ecosystem == ecosystem]


def pairs(found: Assembled, ecosystem: str) -> set[tuple[str, str]]:
    """Names and versions; without copies that only lie inside another package (`pip` and `npm` list none of them)."""
    return {
        (component.name, component.version)
        for component in of(found, ecosystem)
        if ecosystem == "golang" or any(place.confidence == "certain" for place in component.occurrences)
    }


def test_the_running_environment_agrees_with_importlib_metadata() -> None:
    site = Path(sysconfig.get_path("purelib"))
    found = {(canonicalize_name(name), version) for name, version in pairs(inventory(site), "pypi")}
    truth = {
        (canonicalize_name(item.metadata["Name"]), item.version)
        for item in importlib.metadata.distributions(path=[str(site)])
    }
    assert found == truth


def test_pip_install_agrees_with_pip_list(tmp_path: Path) -> None:
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    target = tmp_path / "site-packages"
    say(*pip, "install", "-q", "--no-input", "--retries=0", "--timeout=15", f"--target={target}",
        "requests==2.31.0", "zope.interface==6.4", "python-dateutil==2.9.0", where=tmp_path)  # fmt: skip
    truth = {
        (item["name"], item["version"])
        for item in json.loads(say(*pip, "list", "--format=json", f"--path={target}", where=tmp_path))
    }
    found = inventory(tmp_path)
    assert pairs(found, "pypi") == truth
    assert not found.gaps
    components = {component.purl.partition("@")[0]: component for component in of(found, "pypi")}
    assert components["pkg:pypi/zope-interface"].name == "zope.interface"
    facts = dict(components["pkg:pypi/requests"].properties)
    assert (facts.get("pypi:requested"), facts.get("pypi:installer")) == ("true", "pip")
    assert "pypi:requested" not in dict(components["pkg:pypi/idna"].properties)
    edges = {(r.source, r.target) for r in found.relations if r.kind == "depends_on"}
    assert (components["pkg:pypi/requests"].key, components["pkg:pypi/idna"].key) in edges


def tree(node: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(name, version) of everything `npm ls --long` lists below a node and that is there."""
    for name, body in node.get("dependencies", {}).items():
        if not body.get("missing") and body.get("version"):
            yield body.get("name", name), body["version"]
        yield from tree(body)


@needs_npm
def test_npms_own_tree_agrees_with_npm_ls(tmp_path: Path) -> None:
    home = Path(say("npm", "root", "-g", where=tmp_path).strip()) / "npm"
    if not (home / "package.json").is_file():
        pytest.skip("npm's own tree is not where npm says")
    listed = json.loads(say("npm", "ls", "--all", "--json", "--long", where=home, check=False))
    truth = set(tree(listed))
    found = pairs(inventory(home), "npm")
    assert truth
    assert found == truth


@needs_npm
def test_npm_install_agrees_with_npm_ls(tmp_path: Path) -> None:
    project = tmp_path / "app"
    project.mkdir()
    wanted = {"debug": "4.3.4", "@sindresorhus/is": "4.6.0", "old-ms": "npm:ms@2.0.0"}
    (project / "package.json").write_text(
        json.dumps({"name": "app", "version": "1.0.0", "dependencies": wanted, "devDependencies": {"wrappy": "1.0.2"}})
    )
    say("npm", "install", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=0",
        "--fetch-timeout=15000", where=project)  # fmt: skip
    truth = set(tree(json.loads(say("npm", "ls", "--all", "--json", "--long", where=project))))
    found = inventory(tmp_path)
    assert pairs(found, "npm") == truth >= {("ms", "2.0.0"), ("ms", "2.1.2"), ("debug", "4.3.4"), ("wrappy", "1.0.2")}
    facts = {(c.name, c.version): dict(c.properties) for c in of(found, "npm")}
    assert facts["wrappy", "1.0.2"]["npm:dev"] == "true"
    assert "npm:dev" not in facts["debug", "4.3.4"]
    assert facts["debug", "4.3.4"]["npm:direct"] == facts["ms", "2.0.0"]["npm:direct"] == "true"
    assert "npm:direct" not in facts["ms", "2.1.2"]
    keys = {(c.name, c.version): c.key for c in of(found, "npm")}
    edges = {(r.source, r.target) for r in found.relations if r.kind == "depends_on"}
    assert (keys["debug", "4.3.4"], keys["ms", "2.1.2"]) in edges
    assert (keys["debug", "4.3.4"], keys["ms", "2.0.0"]) not in edges
    shutil.rmtree(project / "node_modules")
    assert pairs(inventory(tmp_path), "npm") == set()
    assert {(c.name, c.version) for c in of(inventory(tmp_path, installed=False), "npm")} == truth


def modules(text: str) -> set[tuple[str, str]]:
    """(path, version) of the `dep` lines of `go version -m`, a replacement instead of what it replaces."""
    found: list[tuple[str, str]] = []
    for line in text.splitlines():
        fields = line.strip().split("\t")
        if fields[0] == "=>":
            found.pop()
        if fields[0] in ("dep", "=>"):
            found.append((fields[1], fields[2]))
    return set(found)


def build(folder: Path, source: str, requires: str = "", **environment: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "go.mod").write_text(f"module example.com/app\n\ngo 1.21\n{requires}")
    (folder / "main.go").write_text(source)
    say("go", "build", "-ldflags=-X main.version=1.2.3", "-mod=mod", "-o", "app", ".", where=folder, **environment)
    return folder / "app"


PLAIN = 'package main\n\nvar version = "dev"\n\nfunc main() { println(version) }\n'


@needs_go
@pytest.mark.parametrize(
    ("system", "machine"),
    [
        ("", ""),
        pytest.param("linux", "386", marks=pytest.mark.slow),
        pytest.param("linux", "ppc64", marks=pytest.mark.slow),
        pytest.param("windows", "amd64", marks=pytest.mark.slow),
        pytest.param("darwin", "arm64", marks=pytest.mark.slow),
    ],
)
def test_a_go_program_agrees_with_go_version(tmp_path: Path, system: str, machine: str) -> None:
    target = {"GOOS": system, "GOARCH": machine} if system else {}
    program = build(tmp_path / "src", PLAIN, CGO_ENABLED="0", **target)
    told = say("go", "version", str(program), where=tmp_path).split(": go", 1)[1].split()[0]
    found = inventory(tmp_path)
    assert pairs(found, "golang") == {("example.com/app", "1.2.3"), ("stdlib", told)}
    assert not found.gaps
    assert [relation.kind for relation in found.relations] == ["contains"]


@needs_go
def test_a_go_program_with_modules_agrees_with_go_version(tmp_path: Path) -> None:
    source = 'package main\n\nimport "github.com/google/uuid"\n\nfunc main() { println(uuid.New().String()) }\n'
    program = build(
        tmp_path / "src",
        source,
        "require github.com/google/uuid v1.5.0\nreplace github.com/google/uuid => github.com/google/uuid v1.6.0\n",
    )
    truth = modules(say("go", "version", "-m", str(program), where=tmp_path))
    found = {pair for pair in pairs(inventory(tmp_path), "golang") if pair[0] not in ("stdlib", "example.com/app")}
    assert found == truth == {("github.com/google/uuid", "v1.6.0")}


@needs_go
@pytest.mark.parametrize(("name", "toolchain"), [("go117", "1.17"), ("notgo", "")])
def test_gos_own_test_programs(tmp_path: Path, name: str, toolchain: str) -> None:
    home = Path(say("go", "env", "GOROOT", where=tmp_path).strip())
    encoded = home / "src" / "debug" / "buildinfo" / "testdata" / name / f"{name}.base64"
    if not encoded.is_file():
        pytest.skip("this Go was installed without its test data")
    data = base64.b64decode(encoded.read_bytes())
    found = golang.CATALOGUER.catalogue(File(path="x", chunks=(data,), size=len(data), limits=DEFAULT_LIMITS))
    assert {p.name: p.version for p in found.packages}.get("stdlib", "") == toolchain
