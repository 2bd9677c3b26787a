"""Real libraries, packed by the real Maven Shade plugin: plain, minimised, relocated; renamed and stripped by hand."""

import io
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from assay.dependencies.cataloger import File, Package
from assay.dependencies.catalogers.java import catalogue
from assay.model.limits import DEFAULT_LIMITS

MAVEN = shutil.which("mvn")
pytestmark = [pytest.mark.interop, pytest.mark.skipif(MAVEN is None, reason="no Maven on this machine")]
LIBRARIES = {
    "org.apache.logging.log4j:log4j-core": "2.14.1",
    "org.apache.commons:commons-text": "1.9",
    "org.yaml:snakeyaml": "1.29",
    "org.springframework:spring-beans": "5.3.18",
    "com.fasterxml.jackson.core:jackson-databind": "2.9.10",
}
MODEL = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>com.example</groupId><artifactId>app</artifactId><version>7</version>
<properties><maven.compiler.source>8</maven.compiler.source><maven.compiler.target>8</maven.compiler.target><project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>
<dependencies>{dependencies}</dependencies>
<build><plugins><plugin><groupId>org.apache.maven.plugins</groupId><artifactId>maven-shade-plugin</artifactId>
<version>3.5.1</version><configuration><filters><filter><artifact>*:*</artifact><excludes>
<exclude>META-INF/maven/**</exclude><exclude>META-INF/MANIFEST.MF</exclude></excludes></filter></filters>
<createDependencyReducedPom>false</createDependencyReducedPom></configuration><executions>{executions}</executions>
</plugin></plugins></build></project>"""
EXECUTION = """<execution><id>{name}</id><phase>package</phase><goals><goal>shade</goal></goals><configuration>
<outputFile>${{project.build.directory}}/{name}.jar</outputFile>{more}</configuration></execution>"""
RELOCATIONS = "".join(
    f"<relocation><pattern>{package}</pattern><shadedPattern>com.example.hidden.{package}</shadedPattern></relocation>"
    for package in ("org.apache", "org.yaml", "org.springframework", "com.fasterxml")
)
SOURCE = """package com.example; public class App { public static void main(String[] a) {
org.apache.logging.log4j.LogManager.getLogger("x"); new org.yaml.snakeyaml.Yaml().load("a: 1");
new org.apache.commons.text.StringSubstitutor(); } }"""


@pytest.fixture(scope="module")
def target(tmp_path_factory) -> Path:
    """The folder Maven packed the archives into."""
    folder = tmp_path_factory.mktemp("shaded")
    dependencies = "".join(
        "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>".format(
            *name.split(":"), version
        )
        for name, version in LIBRARIES.items()
    )
    executions = (
        EXECUTION.format(name="plain", more="")
        + EXECUTION.format(name="minimised", more="<minimizeJar>true</minimizeJar>")
        + EXECUTION.format(name="relocated", more=f"<relocations>{RELOCATIONS}</relocations>")
    )
    (folder / "pom.xml").write_text(MODEL.format(dependencies=dependencies, executions=executions))
    (folder / "src/main/java/com/example").mkdir(parents=True)
    (folder / "src/main/java/com/example/App.java").write_text(SOURCE)
    words = [str(MAVEN), "-q", "-B", "package", "dependency:copy-dependencies"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=600)
    if done.returncode and ("resolve" in done.stdout or "transfer" in done.stdout):
        pytest.skip(f"Maven's registry cannot be had: {done.stdout[:300]}")
    assert done.returncode == 0, done.stdout[:2_000]
    return folder / "target"


def read(data: bytes, name: str = "foo.jar") -> list[Package]:
    return list(catalogue(File(path=name, chunks=(data,), size=len(data), limits=DEFAULT_LIMITS)).packages)


def method(package: Package) -> str:
    return dict(package.properties).get("java:identity", "")


def stripped(data: bytes) -> bytes:
    """The same archive without its `META-INF`, packed anew."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if not name.startswith("META-INF/"):
                new.writestr(name, old.read(name))
    return out.getvalue()


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_renamed_and_stripped_library_is_named_with_its_version(target, name) -> None:
    artifact, version = name.split(":")[1], LIBRARIES[name]
    data = (target / "dependency" / f"{artifact}-{version}.jar").read_bytes()
    (package,) = read(stripped(data))
    assert (package.name, package.version, package.confidence) == (name, version, "strong")
    assert (method(package), package.path) == ("fingerprint", "")


def test_an_uber_jar_holds_every_library_with_its_version(target) -> None:
    found = {package.name: package for package in read((target / "plain.jar").read_bytes(), "opt/plain.jar")}
    for name, version in LIBRARIES.items():
        assert (found[name].version, found[name].confidence, method(found[name])) == (version, "strong", "fingerprint")
    assert found["org.apache.logging.log4j:log4j-core"].path == "opt/plain.jar!/org/apache/logging/log4j/core"


def test_a_minimised_uber_jar_never_names_another_version(target) -> None:
    found = {package.name: package for package in read((target / "minimised.jar").read_bytes())}
    for name in ("org.yaml:snakeyaml", "org.apache.commons:commons-text"):
        candidates = dict(found[name].properties).get("java:candidates", found[name].version).split()
        assert LIBRARIES[name] in candidates


def test_relocated_libraries_are_found_weakly(target) -> None:
    found = {package.name: package for package in read((target / "relocated.jar").read_bytes(), "r.jar")}
    for name, version in LIBRARIES.items():
        package = found[name]
        assert (package.confidence, method(package)) == ("weak", "structure")
        assert package.path.startswith("r.jar!/com/example/hidden/")
        assert version in dict(package.properties).get("java:candidates", package.version).split()
