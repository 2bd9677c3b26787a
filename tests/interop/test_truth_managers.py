"""Ground truth: what `gem`, `composer`, `R`, `mvn`, `cargo` and `uv` say of what they installed or locked themselves."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from assay.dependencies.assemble import assemble
from assay.dependencies.cataloger import Cataloguer, File, Sighting
from assay.dependencies.catalogers import cargo_lock, composer, gem, java, r, uv_lock
from assay.dependencies.chooser import Chooser, run
from assay.model.limits import DEFAULT_LIMITS

pytestmark = pytest.mark.interop
SECONDS = 240
Pairs = set[tuple[str, str]]


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"no {program} on this machine")


def say(*words: str, where: Path, **environment: str) -> str:
    """What a manager prints; a manager that cannot do its own work here (no registry) skips the test."""
    done = subprocess.run(
        words,
        cwd=where,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        env={**os.environ, **environment},
    )
    if done.returncode:
        pytest.skip(f"{words[0]} did not succeed here: {(done.stderr or done.stdout).strip()[-300:]}")
    return done.stdout


def found(row: Cataloguer, roots: Iterable[Path], *, installed: bool = True) -> Pairs:
    """Name and version of what one cataloguer sees in folders (links are not followed), and no gap."""
    chooser, sightings = Chooser((row,)), []
    for path in sorted(path for root in roots for path in root.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        stat = path.stat()
        with path.open("rb") as file:
            head = file.read(4)
        for chosen in chooser.choose(path.as_posix().lstrip("/"), head, stat.st_size, stat.st_mode) or ():
            data = path.read_bytes()
            name = path.as_posix().lstrip("/")
            given = File(path=name, chunks=(data,), size=len(data), limits=DEFAULT_LIMITS, installed=installed)
            sightings.append(
                Sighting(cataloguer=row.name, path=name, layer=None, removed_by=None, fragment=run(chosen, given))
            )
    assembled = assemble(sightings, (), installed=installed)
    assert not assembled.gaps
    return {(component.name, component.version) for component in assembled.components}


@needs("gem")
def test_ruby_gems_agree_with_gem_list(tmp_path: Path) -> None:
    listed = say("gem", "list", "--local", "--all", where=tmp_path).splitlines()
    truth = set()
    for line in listed:
        if match := re.fullmatch(r"(\S+) \((.+)\)", line.strip()):
            truth |= {(match[1], version.removeprefix("default: ").split()[0]) for version in match[2].split(", ")}
    homes = say("gem", "env", "gempath", where=tmp_path).strip().split(":")
    assert truth
    assert found(gem.CATALOGUER, [Path(home) / "specifications" for home in homes]) == truth


@needs("composer")
def test_php_packages_agree_with_composer_show(tmp_path: Path) -> None:
    """Packages of folders, so that no registry is needed; what Composer writes of them is its own."""
    for name, version in (("first", "1.2.3"), ("second", "v2.0.0-beta1"), ("tool", "0.1.0")):
        (tmp_path / "packages" / name).mkdir(parents=True)
        manifest = {"name": f"acme/{name}", "version": version, "license": "MIT"}
        (tmp_path / "packages" / name / "composer.json").write_text(json.dumps(manifest))
    project = {
        "name": "acme/app",
        "repositories": [
            {"type": "path", "url": "packages/*", "options": {"symlink": False}},
            {"packagist.org": False},
        ],
        "require": {"acme/first": "*", "acme/second": "*"},
        "require-dev": {"acme/tool": "*"},
        "minimum-stability": "beta",
    }
    (tmp_path / "composer.json").write_text(json.dumps(project))
    home = {"COMPOSER_ALLOW_SUPERUSER": "1", "COMPOSER_HOME": str(tmp_path / "home")}
    say("composer", "install", "--no-interaction", "--no-progress", where=tmp_path, **home)
    shown = json.loads(say("composer", "show", "--format=json", where=tmp_path, **home))["installed"]
    truth = {(package["name"], package["version"]) for package in shown}
    assert len(truth) == 3
    assert found(composer.CATALOGUER, [tmp_path]) == truth
    locked = json.loads(say("composer", "show", "--locked", "--format=json", where=tmp_path, **home))["locked"]
    assert found(composer.LOCK, [tmp_path], installed=False) == {(p["name"], p["version"]) for p in locked}


@needs("Rscript")
def test_r_packages_agree_with_installed_packages(tmp_path: Path) -> None:
    program = "p <- installed.packages(); cat(paste(p[,'Package'], p[,'Version'], p[,'LibPath'], sep='\\t'), sep='\\n')"
    rows = [line.split("\t") for line in say("Rscript", "-e", program, where=tmp_path).splitlines()]
    libraries = {Path(library).resolve() for _, _, library in rows}
    assert len(rows) >= 10
    assert found(r.CATALOGUER, libraries) == {(name, version) for name, version, _ in rows}


POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>example</groupId><artifactId>app</artifactId><version>1</version><dependencies>
<dependency><groupId>com.fasterxml.jackson.core</groupId><artifactId>jackson-databind</artifactId><version>2.15.2</version></dependency>
<dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-core</artifactId><version>2.17.1</version></dependency>
<dependency><groupId>commons-io</groupId><artifactId>commons-io</artifactId><version>2.11.0</version></dependency>
<dependency><groupId>org.yaml</groupId><artifactId>snakeyaml</artifactId><version>2.0</version></dependency>
<dependency><groupId>com.google.guava</groupId><artifactId>guava</artifactId><version>31.1-jre</version></dependency>
<dependency><groupId>org.springframework</groupId><artifactId>spring-web</artifactId><version>5.3.27</version></dependency>
</dependencies></project>
"""

GUESSED = {"checker-qual"}
"""Artifacts whose jar has no pom.properties and whose manifest names no group: ours is a guess, and marked so."""


@needs("mvn")
@pytest.mark.slow
def test_jars_agree_with_mavens_dependency_list(tmp_path: Path) -> None:
    """The jars of a real project as Maven copied them, named by file name alone; Maven's list has their coordinates."""
    (tmp_path / "pom.xml").write_text(POM)
    maven = ("mvn", "-B", "-q", "-o") if os.environ.get("ASSAY_OFFLINE") else ("mvn", "-B", "-q")
    say(*maven, "dependency:copy-dependencies", "-DoutputDirectory=jars", where=tmp_path)
    say(*maven, "dependency:list", "-DoutputFile=list.txt", where=tmp_path)
    lines = re.findall(r"^\s*([\w.-]+):([\w.-]+):jar:([\w.-]+):", (tmp_path / "list.txt").read_text(), re.MULTILINE)
    truth = {(f"{group}:{artifact}", version) for group, artifact, version in lines}
    assert len(truth) >= 10
    seen = found(java.CATALOGUER, [tmp_path / "jars"])
    assert {(name.partition(":")[2], version) for name, version in seen} == {
        (name.partition(":")[2], version) for name, version in truth
    }
    assert {name.partition(":")[2] for name, _ in seen ^ truth} <= GUESSED


@needs("cargo")
def test_a_cargo_lock_agrees_with_cargo_metadata(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.rs").write_text("fn main() {}\n")
    (tmp_path / "Cargo.toml").write_text(
        '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n\n[dependencies]\nitoa = "=1.0.11"\n'
        'serde_json = { version = "=1.0.120", default-features = false, features = ["std"] }\n'
    )
    told = json.loads(say("cargo", "metadata", "--format-version=1", where=tmp_path))
    truth = {(package["name"], package["version"]) for package in told["packages"] if package["source"]}
    assert ("ryu", next(version for name, version in truth if name == "ryu")) in truth
    assert found(cargo_lock.CATALOGUER, [tmp_path], installed=False) - {("app", "0.1.0")} == truth


@needs("uv")
def test_a_uv_lock_agrees_with_uv_export(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "app"\nversion = "0.1.0"\nrequires-python = ">=3.11"\n'
        'dependencies = ["requests==2.32.3"]\n\n[dependency-groups]\ndev = ["iniconfig==2.0.0"]\n'
    )
    say("uv", "lock", "-q", where=tmp_path)
    told = say("uv", "export", "-q", "--no-hashes", "--no-emit-project", "--all-groups", where=tmp_path)
    truth = set(re.findall(r"^([\w.-]+)==([\w.]+)", told, re.MULTILINE))
    assert ("iniconfig", "2.0.0") in truth
    assert found(uv_lock.CATALOGUER, [tmp_path], installed=False) - {("app", "0.1.0")} == truth
