"""Layouts and archives: one contract, every form; and what is wrong with each."""

import gzip
import io
import json
import os
import tarfile
import tempfile
from pathlib import Path

import pytest

from assay.adapters.archive import open_archive
from assay.adapters.archive_input import is_archive
from assay.adapters.layout import LayoutSource
from assay.artifact.image import blob_of, resolve
from assay.artifact.layers import scan_layer
from assay.artifact.reference import Scheme, Target
from assay.formats import oci
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnsupportedError, UntrustedError, UsageError
from assay.model.image import Descriptor
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.content import ImageSource
from fakes.layouts import LayoutBuilder, demo_layers, layout
from fakes.tars import archive

FORMS = ["oci-dir", "oci-archive", "oci-archive.gz", "docker-new", "docker-old", "docker-old.gz", "docker-links"]


def pack(folder: Path, file: Path, mode: str = "w") -> None:
    with tarfile.open(file, mode) as out:
        for path in sorted(folder.rglob("*")):
            out.add(path, path.relative_to(folder).as_posix(), recursive=False)


def docker_save(folder: Path, *, links: bool = False) -> None:
    """Turn a layout with one image into what `docker save` wrote before OCI."""
    index = json.loads((folder / "index.json").read_bytes())
    blobs = folder / "blobs" / "sha256"
    manifest = json.loads((blobs / index["manifests"][0]["digest"][7:]).read_bytes())
    config = manifest["config"]["digest"][7:]
    (folder / f"{config}.json").write_bytes((blobs / config).read_bytes())
    layers = []
    for number, layer in enumerate(manifest["layers"]):
        plain = gzip.decompress((blobs / layer["digest"][7:]).read_bytes())
        (folder / f"layer{number}").mkdir()
        layers.append(f"layer{number}/layer.tar")
        if links:
            (folder / f"{number}.tar").write_bytes(plain)
            (folder / layers[-1]).symlink_to(f"../{number}.tar")
        else:
            (folder / layers[-1]).write_bytes(plain)
    for path in [*blobs.iterdir(), folder / "index.json", folder / "oci-layout"]:
        path.unlink()
    entry = {"Config": f"{config}.json", "RepoTags": ["demo:latest"], "Layers": layers}
    (folder / "manifest.json").write_bytes(json.dumps([entry]).encode())


def make(form: str, tmp_path: Path) -> ImageSource:
    folder, file = tmp_path / "demo", tmp_path / "demo.tar"
    layout(folder, demo_layers())
    if form == "oci-dir":
        return LayoutSource(Target(scheme="oci-dir", location=str(folder)))
    scheme: Scheme = "oci-archive" if form.startswith("oci") else "docker-archive"
    if form.startswith(("docker-old", "docker-links")):
        docker_save(folder, links=form == "docker-links")
    elif form == "docker-new":
        (folder / "manifest.json").write_text("[]")
    pack(folder, file, "w:gz" if form.endswith(".gz") else "w")
    return open_archive(Target(scheme=scheme, location=str(file)), DEFAULT_LIMITS)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_files(form: str, tmp_path: Path) -> None:
    source = make(form, tmp_path)
    try:
        (image,) = resolve(source)
        found: list[dict[str, bytes]] = []
        for layer in image.layers:
            files: dict[str, bytes] = {}

            def take(
                _: bool, path: str, chunks: tuple[bytes, ...], _size: int, _mode: int, into: dict[str, bytes] = files
            ) -> None:
                into[path] = b"".join(chunks)

            with source.stream(blob_of(layer)) as stored:
                scan_layer(stored, layer, lambda *_: True, take, DEFAULT_LIMITS, where="layer")
            found.append(files)
    finally:
        source.close()
    expected = [{p: d for p, d in layer.items() if ".wh." not in p} for layer in demo_layers()]
    assert found == expected
    assert [layer.created_by for layer in image.layers] == ["step 0", "step 1", "step 2"]
    assert image.subject.name == ("demo" if form == "oci-dir" else "demo.tar")
    assert str(tmp_path) not in repr(image)


def test_an_old_docker_archive_is_about_its_config(tmp_path: Path) -> None:
    source = make("docker-old", tmp_path)
    (image,) = resolve(source)
    assert image.subject.digest == image.config_digest
    assert image.subject.media_type == oci.DOCKER_CONFIG
    assert all(layer.diff_id and not layer.digest for layer in image.layers)
    source.close()
    source.close()


def test_a_docker_archive_called_an_oci_archive_is_told_its_name(tmp_path: Path) -> None:
    make("docker-old", tmp_path).close()
    with pytest.raises(UsageError, match="docker-archive:"):
        open_archive(Target(scheme="oci-archive", location=str(tmp_path / "demo.tar")), DEFAULT_LIMITS)


def test_a_config_that_is_not_what_its_name_says_is_untrusted(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    layout(folder, demo_layers())
    docker_save(folder)
    config = next(path for path in folder.iterdir() if len(path.stem) == 64)
    config.write_bytes(config.read_bytes() + b" ")
    pack(folder, tmp_path / "demo.tar")
    source = open_archive(Target(scheme="docker-archive", location=str(tmp_path / "demo.tar")), DEFAULT_LIMITS)
    with pytest.raises(UntrustedError, match=config.stem):
        resolve(source)
    source.close()


def _layout(tmp_path: Path, *names: str) -> LayoutBuilder:
    builder = LayoutBuilder(tmp_path / "many")
    entries = [builder.image([{"f": name.encode()}]) | {"annotations": {oci.REF_NAME: name}} for name in names]
    builder.index(*entries)
    return builder


def _open(tmp_path: Path, tag: str = "", digest: Digest | None = None) -> LayoutSource:
    return LayoutSource(Target(scheme="oci-dir", location=str(tmp_path / "many"), tag=tag, digest=digest))


def test_a_layout_with_several_images_wants_a_choice(tmp_path: Path) -> None:
    _layout(tmp_path, "one", "two")
    with pytest.raises(UsageError, match="several images match") as caught:
        _open(tmp_path).root()
    assert "one" in caught.value.why
    assert "two" in caught.value.why
    chosen = _open(tmp_path, "two").root()
    assert chosen.descriptor.annotations[oci.REF_NAME] == "two"
    assert resolve(_open(tmp_path, digest=chosen.descriptor.digest))[0].subject.digest == chosen.descriptor.digest
    with pytest.raises(UsageError, match="no image called 'three'"):
        _open(tmp_path, "three").root()


def test_a_manifest_inside_an_index_is_found_by_digest(tmp_path: Path) -> None:
    builder = LayoutBuilder(tmp_path / "many")
    inner = builder.image([{"f": b"x"}])
    data = json.dumps({"schemaVersion": 2, "mediaType": oci.OCI_INDEX, "manifests": [inner]}).encode()
    builder.index(builder.put(data, oci.OCI_INDEX) | {"annotations": {oci.REF_NAME: "latest"}})
    digest = Digest.parse(str(inner["digest"]))
    (image,) = resolve(_open(tmp_path, digest=digest))
    assert (image.subject.digest, image.subject.index) == (digest, None)
    (image,) = resolve(_open(tmp_path, "latest"))
    assert (image.subject.digest, image.subject.index) == (digest, Digest.of(data))
    with pytest.raises(UsageError, match="no such image"):
        _open(tmp_path, digest=Digest("sha256", "0" * 64)).root()


def test_a_foreign_blob_under_a_digest_is_untrusted(tmp_path: Path) -> None:
    builder = _layout(tmp_path, "one")
    digest = json.loads((builder.folder / "index.json").read_bytes())["manifests"][0]["digest"]
    blob = builder.folder / "blobs" / "sha256" / digest[7:]
    blob.write_bytes(blob.read_bytes().replace(b"2", b"3", 1))
    with pytest.raises(UntrustedError, match=digest):
        resolve(_open(tmp_path))


@pytest.mark.parametrize(
    ("marker", "error"),
    [(None, UsageError), (b"{}", MalformedError), (b"[]", MalformedError), (b'{"imageLayoutVersion":"2.0.0"}', MalformedError), (b" " * 9000, UnsupportedError)],
)  # fmt: skip
def test_what_is_no_layout(marker: bytes | None, error: type[Exception], tmp_path: Path) -> None:
    builder = _layout(tmp_path, "one")
    path = builder.folder / "oci-layout"
    path.unlink() if marker is None else path.write_bytes(marker)
    with pytest.raises(error):
        _open(tmp_path).root()


def test_a_layout_without_index_or_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        _open(tmp_path).root()
    (_layout(tmp_path, "one").folder / "index.json").unlink()
    with pytest.raises(MalformedError, match=r"index\.json is missing"):
        _open(tmp_path).root()


def test_a_pipe_or_a_folder_in_place_of_a_blob_does_not_block(tmp_path: Path) -> None:
    builder = _layout(tmp_path, "one")
    blobs = builder.folder / "blobs" / "sha256"
    for make_other in (os.mkfifo, os.mkdir):
        other = blobs / ("0" * 64)
        make_other(other)
        descriptor = Descriptor(media_type="", digest=Digest("sha256", "0" * 64), size=None)
        with pytest.raises(MalformedError, match="not a regular file"):
            _open(tmp_path).fetch(descriptor, 100)
        other.unlink() if other.is_fifo() else other.rmdir()


def test_fetching_is_bounded(tmp_path: Path) -> None:
    _layout(tmp_path, "one")
    source = _open(tmp_path)
    root = source.root().descriptor
    with pytest.raises(UnsupportedError, match="too large"):
        source.fetch(root, 10)
    with pytest.raises(UnsupportedError, match="too large"):
        source.fetch(Descriptor(media_type="", digest=root.digest, size=None), 10)


def _archive(tmp_path: Path, data: bytes, scheme: Scheme = "file", limits: Limits = DEFAULT_LIMITS) -> ImageSource:
    (tmp_path / "a.tar").write_bytes(data)
    return open_archive(Target(scheme=scheme, location=str(tmp_path / "a.tar")), limits)


def test_what_is_no_archive(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        open_archive(Target(scheme="file", location=str(tmp_path / "none")), DEFAULT_LIMITS)
    with pytest.raises(UsageError, match="not a file"):
        open_archive(Target(scheme="file", location=str(tmp_path)), DEFAULT_LIMITS)
    with pytest.raises(MalformedError, match="not an image archive"):
        _archive(tmp_path, archive([("hello", "file", b"x")]))
    with pytest.raises(UsageError, match="not an OCI archive"):
        _archive(tmp_path, archive([("manifest.json", "file", b"[]")]), "oci-archive")
    with pytest.raises(MalformedError, match="tar archive"):
        _archive(tmp_path, b"\xff" * 2000)
    with pytest.raises(MalformedError, match="damaged gzip"):
        _archive(tmp_path, gzip.compress(archive([("manifest.json", "file", b"[]")]))[:-20])
    with pytest.raises(UnsupportedError, match="archive_entries_count"):
        _archive(tmp_path, archive([(str(n), "file", b"") for n in range(5)]), limits=Limits(archive_entries_count=4))


def test_a_compressed_archive_is_bounded_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spool))
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(UnsupportedError, match="inflates beyond the limit"):
        _archive(tmp_path, gzip.compress(bytes(9 << 20)), limits=Limits(image_archive_bytes=1 << 20))
    assert not list(spool.iterdir())
    source = make("oci-archive.gz", tmp_path)
    assert not list(spool.iterdir())
    resolve(source)
    source.close()
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize(
    "rows",
    [
        [("l", "sym", "l")],
        [("l", "sym", "../../etc/passwd")],
        [("l", "sym", "/etc/passwd")],
        [("l", "hard", "nowhere")],
        [("l", "dir", "")],
        [],
    ],
    ids=["loop", "climb", "absolute", "dangling", "folder", "absent"],
)
def test_layers_that_are_links_stay_in_the_archive(rows: list[tuple[str, str, str]], tmp_path: Path) -> None:
    config = json.dumps(
        {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [str(Digest.of(b""))]}}
    )
    listed = json.dumps([{"Config": "c.json", "Layers": ["l"]}])
    data = archive([("manifest.json", "file", listed.encode()), ("c.json", "file", config.encode()), *rows])
    source = _archive(tmp_path, data)
    (image,) = resolve(source)
    with pytest.raises(MalformedError), source.stream(blob_of(image.layers[0])):
        pass
    source.close()


def test_archives_are_told_by_their_first_block(tmp_path: Path) -> None:
    tar = archive([("a", "file", b"")])
    for data, expected in (
        (tar, True),
        (gzip.compress(tar), True),
        (b'{"bomFormat":"CycloneDX"}', False),
        (b"", False),
    ):
        (tmp_path / "f").write_bytes(data)
        assert is_archive(str(tmp_path / "f")) is expected
    assert not is_archive(str(tmp_path))
    assert not is_archive(str(tmp_path / "none"))


def test_one_source_serves_several_threads(tmp_path: Path) -> None:
    from assay.adapters.workers import Threads

    source = make("oci-archive", tmp_path)
    (image,) = resolve(source)

    def read(number: int) -> bytes:
        with source.stream(blob_of(image.layers[number % len(image.layers)])) as stored:
            return b"".join(stored)

    blobs = Threads(4).map(read, range(40))
    for number, blob in enumerate(blobs):
        assert Digest.of(blob) == image.layers[number % len(image.layers)].digest
    source.close()
    assert io.BytesIO(blobs[0]).read(2) == b"\x1f\x8b"
