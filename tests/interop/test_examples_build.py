"""The examples of specs, locked from the machine's own mirrors and built twice: one digest, and they run.

The addresses come from the machine's own clients; without apt, its mirrors or bubblewrap the tests skip.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from buildroot import has_bubblewrap
from command import assay
from support import ROOT

KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
pytestmark = [
    pytest.mark.interop,
    has_bubblewrap,
    pytest.mark.skipif(not KEYS.exists(), reason="no keyring of Debian on this machine"),
    pytest.mark.skipif(not (shutil.which("apt-get") and shutil.which("gpgv")), reason="no apt or gpgv on this machine"),
]
CLIENTS = ("PIP_", "NPM_", "npm_", "GO", "SSL_", "REQUESTS_", "http", "HTTP", "no_proxy", "NO_PROXY", "NODE_")
"""Variables the machine's own clients are configured with."""


def environment(store):
    return {name: value for name, value in os.environ.items() if name.startswith(CLIENTS)} | {"ASSAY_STORE": str(store)}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A store all examples share, and copies of them."""
    folder = tmp_path_factory.mktemp("examples")
    kept = os.environ.get("ASSAY_TEST_STORE")
    return folder, Path(kept) if kept else folder / "store"


def typed(*words, home, store):
    """Like `command.assay`, with the patience that fetching and compiling need."""
    done = subprocess.run(
        [sys.executable, "-m", "assay", *words], capture_output=True, check=False, timeout=1200,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", str(home)), "LC_ALL": "C.UTF-8"} | environment(store),
    )  # fmt: skip
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def built(name, shop):
    folder, store = shop
    copy = folder / name
    if not copy.exists():
        shutil.copytree(ROOT / "examples" / name, copy)
        code, _, told = typed("lock", str(copy / "assay.yaml"), home=folder, store=store)
        if code == 75:
            pytest.skip(f"the mirrors do not answer: {told[-300:]}")
        assert code == 0, told
    digests = []
    for number in (1, 2):
        out = folder / f"{name}-{number}"
        code, said, told = typed(
            "build", str(copy / "assay.yaml"), "--output", f"oci-dir:{out}", "--no-cache", home=folder, store=store
        )
        assert code == 0, told
        digests.append(said.strip())
        assert "lacks" not in told, "hardening of a step's program"
        assert ": sealed by" in told
    assert digests[0] == digests[1]
    return folder / f"{name}-1", told


@pytest.mark.parametrize("name", ["c", "go", "npm"])
def test_an_example_keeps_one_digest(shop, name):
    built(name, shop)


def test_the_python_example_keeps_one_digest_and_is_read_the_same_by_everybody(shop, tmp_path):
    image, told = built("python", shop)
    for test in ("trusted-roots", "libraries", "user", "answers"):
        assert f"test {test}: passed" in told
    lock = json.loads((shop[0] / "python" / "assay.lock.json").read_bytes())
    pinned = {(one["name"], one["version"]) for one in lock["packages"] if "image" in one["roles"]}
    assert len(pinned) > 40
    ours = json.loads(assay("sbom", f"oci-dir:{image}", "-o", "cyclonedx-json", home=tmp_path).out)
    own = {(one["name"], one["version"]) for one in ours["components"] if one.get("purl", "").startswith("pkg:deb/")}
    assert pinned <= own
    pypi = {one["name"] for one in ours["components"] if one.get("purl", "").startswith("pkg:pypi/")}
    assert {"click", "fast"} <= pypi
    config = image_config(image)
    assert config["config"]["User"] == "65532:65532"


def image_config(image):
    def blob(digest):
        return json.loads((image / "blobs" / "sha256" / digest.partition(":")[2]).read_bytes())

    found = blob(json.loads((image / "index.json").read_bytes())["manifests"][0]["digest"])
    if "manifests" in found:
        found = blob(found["manifests"][0]["digest"])
    return blob(found["config"]["digest"])


@pytest.mark.parametrize("peer", ["syft", "trivy"])
def test_peers_see_every_package_of_the_python_example(shop, peer, tmp_path):
    program = os.environ.get(f"ASSAY_{peer.upper()}") or shutil.which(peer)
    if not program:
        pytest.skip(f"{peer} is not on this machine")
    image, _ = built("python", shop)
    words = {
        "syft": ["scan", f"oci-dir:{image}", "-o", "cyclonedx-json"],
        "trivy": ["image", "--input", str(image), "--format", "cyclonedx", "--scanners", "license", "--offline-scan",
                  "--skip-db-update", "--cache-dir", str(tmp_path)],
    }  # fmt: skip
    done = subprocess.run([program, *words[peer]], capture_output=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr[-500:]
    seen = {
        (one["name"], one["version"].partition(":")[2] or one["version"])
        for one in json.loads(done.stdout)["components"]
        if one.get("purl", "").startswith("pkg:deb/")
    }
    lock = json.loads((shop[0] / "python" / "assay.lock.json").read_bytes())
    pinned = {
        (one["name"], one["version"].partition(":")[2] or one["version"])
        for one in lock["packages"]
        if "image" in one["roles"]
    }
    assert pinned <= seen
