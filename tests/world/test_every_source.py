"""One image in every form a user may have it in: the command reads each, and each tells the same packages."""

import gzip
import io
import json
import tarfile
from pathlib import Path

import pytest

from command import Done, assay
from fakes.layouts import demo_layers, layout

PACKAGES = {("bash", "5.2.15-2+b2"), ("openssl", "3.0.9-1"), ("Jinja2", "3.1.2"), ("requests", "2.32.3")}
FORMS = [
    "oci-dir:image", "oci-dir:image:latest", "image", "oci-archive:oci.tar", "oci.tar", "oci-archive:oci.tar.gz",
    "docker-archive:old.tar", "docker-archive:old.tar:demo:latest", "old.tar", "docker-archive:old.tar.gz",
    "docker-archive:new.tar", "rootfs:root", "sbom:sbom.json", "sbom.json",
]  # fmt: skip


def _pack(file: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(file, "w") as out:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            out.addfile(member, io.BytesIO(data))
    file.with_name(file.name + ".gz").write_bytes(gzip.compress(file.read_bytes(), 1))


def _below(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def _saved(image: dict[str, bytes]) -> dict[str, bytes]:
    """What `docker save` wrote before OCI: plain layers in folders of their own, one `manifest.json`."""
    index = json.loads(image["index.json"])
    manifest = json.loads(image["blobs/sha256/" + index["manifests"][0]["digest"][7:]])
    config = manifest["config"]["digest"][7:]
    blobs = [gzip.decompress(image["blobs/sha256/" + layer["digest"][7:]]) for layer in manifest["layers"]]
    layers = {f"{number}/layer.tar": blob for number, blob in enumerate(blobs)}
    entry = {"Config": f"{config}.json", "RepoTags": ["docker.io/library/demo:latest"], "Layers": list(layers)}
    return {f"{config}.json": image[f"blobs/sha256/{config}"], **layers, "manifest.json": json.dumps([entry]).encode()}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("forms")
    layout(folder / "image", demo_layers())
    image = _below(folder / "image")
    _pack(folder / "oci.tar", image)
    _pack(folder / "old.tar", _saved(image))
    _pack(folder / "new.tar", image | {"manifest.json": b"[]"})
    for layer in demo_layers():
        for name, data in layer.items():
            path = folder / "root" / name
            if path.name.startswith(".wh."):
                (path.parent / path.name[4:] / "METADATA").unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    (folder / "sbom.json").write_bytes(_run(folder, "sbom", "oci-dir:image").out)
    return folder


def _run(folder: Path, *words: str, stdin: bytes = b"") -> Done:
    return assay(*words, home=folder / "home", stdin=stdin, cwd=folder)


def _present(done: Done) -> set[tuple[str, str]]:
    assert done.code in (0, 1), done.err
    return {(c["name"], c["version"]) for c in json.loads(done.out)["components"] if c["removed_by"] is None}


@pytest.mark.parametrize("target", FORMS)
def test_every_form_tells_the_same_packages(home: Path, target: str) -> None:
    assert _present(_run(home, "scan", target, "-o", "json", "-q")) == PACKAGES


def test_an_sbom_on_standard_input(home: Path) -> None:
    data = (home / "sbom.json").read_bytes()
    assert _present(_run(home, "scan", "-", "-o", "json", "-q", stdin=data)) == PACKAGES
