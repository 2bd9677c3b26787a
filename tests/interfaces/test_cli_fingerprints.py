"""Fingerprints from the command line: made from a Maven repository, used on a tree, carried by the SBOM."""

import json
from pathlib import Path

import pytest

from assay.flows.fingerprints import coordinates
from command import Done, assay
from dependencies.jars import jar
from dependencies.libraries import VERSIONS, app, classes, fingerprint_file


@pytest.fixture(scope="module")
def repository(tmp_path_factory) -> Path:
    """A Maven repository with four versions of one library, sources and a damaged archive."""
    root = tmp_path_factory.mktemp("repository")
    for version in VERSIONS:
        folder = root / "org/acme/engine" / version
        folder.mkdir(parents=True)
        (folder / f"engine-{version}.jar").write_bytes(jar(classes(version)))
        (folder / f"engine-{version}-sources.jar").write_bytes(jar(app()))
    (root / "org/acme/bad/1").mkdir(parents=True)
    (root / "org/acme/bad/1/bad-1.jar").write_bytes(b"PK no")
    return root


@pytest.fixture(scope="module")
def made(repository, tmp_path_factory) -> tuple[Done, Path]:
    out = tmp_path_factory.mktemp("made") / "mine.bin"
    return assay("db", "fingerprints", "--from", str(repository), "--out", str(out), home=out.parent), out


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("tree")
    (root / "opt").mkdir()
    (root / "opt/app.jar").write_bytes(jar({**app(), **classes("1.2")}))
    return root


def names(done: Done) -> list[tuple[str, str]]:
    assert done.code == 0, done.err
    found = json.loads(done.out).get("components", ())
    return [(one["name"], one.get("version", "")) for one in found if one.get("purl", "").startswith("pkg:maven/")]


def test_the_file_is_what_the_library_makes_of_the_same_archives(made) -> None:
    done, out = made
    assert done.code == 0
    assert b"1 libraries, 4 versions" in done.out
    assert "skipped org/acme/bad/1/bad-1.jar" in done.err
    assert out.read_bytes() == fingerprint_file()


def test_it_names_a_library_that_nobody_else_knows(made, tree, tmp_path) -> None:
    words = ("sbom", f"rootfs:{tree}", "-o", "cyclonedx-json")
    assert names(assay(*words, home=tmp_path)) == []
    by_flag = assay(*words, "--fingerprints", str(made[1]), home=tmp_path)
    by_setting = assay(*words, home=tmp_path, env={"ASSAY_FINGERPRINTS": str(made[1])})
    assert names(by_flag) == names(by_setting) == [("org.acme:engine", "1.2")]
    for part in ("java:identity", "fingerprint", "opt/app.jar!/org/acme/engine"):
        assert part.encode() in by_flag.out


def test_the_sbom_carries_what_was_recognised(made, tree, tmp_path) -> None:
    first = assay("sbom", f"rootfs:{tree}", "-o", "cyclonedx-json", "--fingerprints", str(made[1]), home=tmp_path)
    (tmp_path / "first.json").write_bytes(first.out)
    again = assay("convert", str(tmp_path / "first.json"), "-o", "cyclonedx-json", home=tmp_path)
    assert json.loads(again.out)["components"] == json.loads(first.out)["components"]


def test_a_file_that_is_none_is_refused(tree, tmp_path) -> None:
    (tmp_path / "bad.bin").write_bytes(b"\x80")
    done = assay("sbom", f"rootfs:{tree}", "--fingerprints", str(tmp_path / "bad.bin"), home=tmp_path)
    assert done.code == 65
    assert "assay db fingerprints" in done.err


def test_a_folder_without_archives_is_refused(tmp_path) -> None:
    done = assay("db", "fingerprints", "--from", str(tmp_path), "--out", str(tmp_path / "x.bin"), home=tmp_path)
    assert (done.code, (tmp_path / "x.bin").exists()) == (2, False)
    assert "Maven repository" in done.err


def test_only_the_named_libraries_are_taken(repository, tmp_path) -> None:
    words = ("db", "fingerprints", "--from", str(repository), "--out", str(tmp_path / "x.bin"))
    assert assay(*words, "org.acme:other", home=tmp_path).code == 2
    assert b"4 versions" in assay(*words, "org.acme:engine", home=tmp_path).out


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("org/yaml/snakeyaml/1.33/snakeyaml-1.33.jar", ("org.yaml", "snakeyaml", "1.33")),
        ("log4j/log4j/1.2.17/log4j-1.2.17.jar", ("log4j", "log4j", "1.2.17")),
        ("log4j/log4j/1.2.17/log4j-1.2.17-sources.jar", None),
        ("log4j/1.2.17/log4j-1.2.17.jar", None),
        ("a.jar", None),
    ],
)
def test_coordinates_come_from_the_layout(path: str, place) -> None:
    assert coordinates(path) == place
