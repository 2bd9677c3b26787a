"""An image archive on standard input, as `docker save NAME | assay sbom -` gives it."""

import gzip
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from command import assay
from fakes.layouts import demo_layers, layout


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("image")
    layout(folder / "image", demo_layers())
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for path in sorted((folder / "image").rglob("*")):
            tar.add(path, path.relative_to(folder / "image").as_posix(), recursive=False)
    return stream.getvalue()


def names(document: bytes) -> list[str]:
    return [component["name"] for component in json.loads(document)["components"]]


def test_an_archive_in_a_pipe_gives_what_the_file_gives(archive: bytes, tmp_path: Path) -> None:
    (tmp_path / "image.tar").write_bytes(archive)
    kept = assay("sbom", "-q", "image.tar", home=tmp_path / "home", cwd=tmp_path)
    piped = assay("sbom", "-q", "-", home=tmp_path / "home", stdin=archive)
    assert (kept.code, piped.code, piped.err) == (0, 0, "")
    assert names(piped.out) == names(kept.out) != []
    assert json.loads(piped.out)["metadata"]["component"]["name"] == "standard input"


def test_a_compressed_archive_and_one_by_redirection(archive: bytes, tmp_path: Path) -> None:
    wanted = names(assay("sbom", "-q", "-", home=tmp_path / "home", stdin=archive).out)
    packed = assay("sbom", "-q", "-", home=tmp_path / "home", stdin=gzip.compress(archive))
    assert (packed.code, names(packed.out)) == (0, wanted)
    (tmp_path / "image.tar").write_bytes(archive)
    with (tmp_path / "image.tar").open("rb") as file:
        done = subprocess.run([sys.executable, "-m", "assay", "sbom", "-q", "-"], stdin=file, capture_output=True,
                              check=False, timeout=60)  # fmt: skip
    assert (done.returncode, names(done.stdout)) == (0, wanted)


def test_a_scan_reads_it_a_second_time_where_it_must(archive: bytes, tmp_path: Path) -> None:
    done = assay("scan", "-q", "--no-cache", "-o", "json", "-", home=tmp_path / "home", stdin=archive)
    assert done.code in (1, 75), done.err
    assert json.loads(done.out)["subject"]["name"] == "standard input"


def test_a_tar_that_is_no_image_is_named_as_such(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("etc"))
    done = assay("sbom", "-q", "-", home=tmp_path, stdin=stream.getvalue())
    assert done.code == 65
    assert "not an image archive (standard input)" in done.err


def test_an_sbom_there_is_still_one(archive: bytes, tmp_path: Path) -> None:
    document = assay("sbom", "-q", "-", home=tmp_path / "home", stdin=archive).out
    again = assay("sbom", "-q", "-", home=tmp_path / "home", stdin=document)
    assert (again.code, names(again.out)) == (0, names(document))


@pytest.mark.parametrize("target", ["./-", "oci-archive:-"])
def test_a_file_of_that_name_is_a_file(archive: bytes, tmp_path: Path, target: str) -> None:
    (tmp_path / "-").write_bytes(archive)
    done = assay("sbom", "-q", target, home=tmp_path / "home", cwd=tmp_path, stdin=b"{}")
    assert (done.code, bool(names(done.out))) == (0, True)
    assert json.loads(done.out)["metadata"]["component"]["name"] == "-"
