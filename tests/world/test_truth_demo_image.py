"""Ground truth on a really built image: what dpkg and pip say of the unpacked root is what we say, package for package."""

import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from command import assay
from support import ROOT

pytestmark = pytest.mark.skipif(
    not (shutil.which("apt-get") and shutil.which("dpkg-deb") and shutil.which("dpkg-query")),
    reason="the image is built from Debian's packages: apt-get and dpkg are needed",
)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration image, built anew."""
    out = tmp_path_factory.mktemp("demo") / "image"
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples/demo_image.py"), str(out)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"the package registries did not deliver: {done.stderr.strip()[-300:]}")
    return out


@pytest.fixture(scope="module")
def root(image: Path) -> Path:
    """The image unpacked by another program's code, layer by layer."""
    out = image.parent / "root"
    index = json.loads((image / "index.json").read_bytes())
    blobs = image / "blobs" / "sha256"
    manifest = json.loads((blobs / index["manifests"][0]["digest"][7:]).read_bytes())
    for layer in manifest["layers"]:
        with tarfile.open(blobs / layer["digest"][7:]) as archive:
            # By attribute: Python before 3.11.4 has no filters and ignores it.
            archive.extraction_filter = getattr(tarfile, "tar_filter", None)
            archive.extractall(out)
    return out


def ours(image: Path, ecosystem: str) -> set[tuple[str, str]]:
    done = assay("scan", f"oci-dir:{image}", "--no-policy", "-q", "-o", "json", home=image.parent / "home")
    assert done.code == 0, done.err
    components = json.loads(done.out)["components"]
    return {(c["name"], c["version"]) for c in components if c["ecosystem"] == ecosystem}


def test_dpkg_query_agrees(image: Path, root: Path) -> None:
    form = "${Package} ${Version} ${db:Status-Status}\\n"
    listed = subprocess.run(
        ["dpkg-query", f"--admindir={root}/var/lib/dpkg", "-W", "-f", form], capture_output=True, text=True, check=True
    )
    truth = {(n, v) for n, v, state in (line.split() for line in listed.stdout.splitlines()) if state == "installed"}
    assert len(truth) > 40
    assert ours(image, "deb") == truth


def test_pip_list_agrees(image: Path, root: Path) -> None:
    site = root / "usr/local/lib/python3/dist-packages"
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "list", "--path", str(site), "--format", "json", "--disable-pip-version-check"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    truth = {(p["name"], p["version"]) for p in json.loads(listed.stdout)}
    assert len(truth) == 6
    assert ours(image, "pypi") == truth


def test_the_unpacked_root_gives_the_same_packages(image: Path, root: Path) -> None:
    done = assay("scan", f"rootfs:{root}", "--no-policy", "-q", "-o", "json", home=image.parent / "home")
    assert done.code == 0, done.err
    components = {(c["purl"]) for c in json.loads(done.out)["components"]}
    again = assay("scan", f"oci-dir:{image}", "--no-policy", "-q", "-o", "json", home=image.parent / "home")
    assert components == {(c["purl"]) for c in json.loads(again.out)["components"]}
