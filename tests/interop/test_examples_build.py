"""The examples of specs, locked from the machine's own mirrors and built twice: one digest, and they run.

The addresses come from the machine's own clients; without apt, its mirrors or bubblewrap the tests skip.
"""

import base64
import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from buildroot import has_bubblewrap
from command import assay
from support import ROOT

sys.path.append(str(ROOT / "bench"))

import identities
import peers

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


def signing_key(folder, store):
    """With a key the evidence is attached; the image stays what it is."""
    key = folder / "key"
    if not key.exists():
        assert typed("keys", "generate", str(key), "--no-passphrase", home=folder, store=store)[0] == 0
    return key


BUILT = {}
"""What a module's tests share: each example is built twice, once."""


def built(name, shop):
    """An example, built without and with a key (its layout's name ends in 2); the layout, and what was told."""
    if name not in BUILT:
        BUILT[name] = built_twice(name, shop)
    return BUILT[name]


def built_twice(name, shop):
    folder, store = shop
    copy = folder / name
    if not copy.exists():
        shutil.copytree(ROOT / "examples" / name, copy)
        code, _, told = typed("lock", str(copy / "assay.yaml"), home=folder, store=store)
        if code == 75:
            shutil.rmtree(copy)  # the next test that wants it is told the same
            pytest.skip(f"the mirrors do not answer, or a program is missing: {told[-300:]}")
        assert code == 0, told
    digests = []
    for number in (1, 2):
        out = folder / f"{name}-{number}"
        signed = ("--key", str(signing_key(folder, store))) if number == 2 else ()
        words = ("build", str(copy / "assay.yaml"), "--output", f"oci-dir:{out}", "--no-cache", *signed)
        code, said, told = typed(*words, home=folder, store=store)
        assert code == 0, told
        digests.append(said.split()[0])
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


ECOSYSTEMS = {"deb", "pypi", "npm", "golang"}
Places = dict[identities.Identity, set[str]]
"""What one account names, each with the files it says it is in."""


class Explained(NamedTuple):
    """Why an account may name a package that another does not."""

    ecosystem: str
    by_builder: bool
    """Whether the builder names it (and the scanners do not), or they do (and it does not)."""
    holds: Callable[[identities.Identity, set[str]], bool]
    """Of the package and the files where our scan, or the builder, has it."""
    why: str


EXPLAINED = (
    Explained("pypi", False, lambda one, _: one.name == "fast", "a wheel a step made: the builder names the step's output"),
    Explained(
        "npm", False, lambda _, files: bool(files) and all(file.startswith("usr/share/nodejs/") for file in files),
        "Debian's nodejs carries it: the builder names the package of Debian its files belong to",
    ),
    Explained(
        "npm", True, lambda _, files: not files, "a tool a step was given: what was installed was made with it"
    ),
    Explained(
        "golang", False, lambda one, _: (one.name, one.version) in {("example.org/hello", ""), ("example.org/hello", "(devel)")},
        "the program's own module, which one of them gives a version: the builder names the step's output",
    ),
)  # fmt: skip


def account(document):
    """Identities of a CycloneDX document in the ecosystems an example installs from, and their files."""
    found: Places = {}
    for part in document["components"]:
        if part.get("purl", "").removeprefix("pkg:").partition("/")[0] in ECOSYSTEMS:
            places = {one["location"] for one in part.get("evidence", {}).get("occurrences", ())}
            found.setdefault(identities.identity(part["purl"]), set()).update(places)
    return found


def builders_own(layout):
    """The SBOM that was attached when the image left the builder."""
    for blob in (layout / "blobs" / "sha256").iterdir():
        with contextlib.suppress(ValueError, KeyError, TypeError):
            statement = json.loads(base64.b64decode(json.loads(blob.read_bytes())["dsseEnvelope"]["payload"]))
            if statement["predicateType"] == "https://cyclonedx.org/bom":
                return account(statement["predicate"])
    raise AssertionError("no SBOM is attached")


def told_by(who, image, tmp_path):
    """What our scan or a peer names in an image."""
    if who == "scan":
        return account(json.loads(assay("sbom", f"oci-dir:{image}", "-o", "cyclonedx-json", home=tmp_path).out))
    peer = peers.newest(peers.find(Path(os.environ.get("ASSAY_PEERS") or peers.CACHE / "peers"), [who]), who)
    if peer is None:
        pytest.skip(f"{who} is not on this machine")
    peer.prepare(tmp_path / "cache")
    words, more = peer.sbom(f"oci-dir:{image}", tmp_path / "peer.json", tmp_path / "cache")
    done = subprocess.run(words, env={**os.environ, **more}, capture_output=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr[-500:]
    return account(json.loads((tmp_path / "peer.json").read_bytes()))


def explained(one, files, by_builder):
    return any(
        (row.ecosystem, row.by_builder) == (one.ecosystem, by_builder) and row.holds(one, files) for row in EXPLAINED
    )


@pytest.mark.parametrize("who", ["scan", "syft", "trivy"])
@pytest.mark.parametrize("name", ["python", "npm", "go"])
def test_scanners_name_what_the_builder_names_package_for_package(shop, name, who, tmp_path):
    image, _ = built(name, shop)
    own, theirs = builders_own(shop[0] / f"{name}-2"), told_by(who, image, tmp_path)
    ours = theirs if who == "scan" else told_by("scan", image, tmp_path)
    common = {one.ecosystem for one in own.keys() & theirs.keys()}
    assert common == {"python": {"deb", "pypi"}, "npm": {"deb", "npm"}, "go": {"deb", "golang"}}[name]
    more = {one for one in theirs.keys() - own.keys() if not explained(one, ours.get(one, set()), False)}
    less = {one for one in own.keys() - theirs.keys() if not explained(one, own[one], True)}
    assert (more, less) == (set(), set())
    assert {
        one for one in theirs.keys() ^ ours.keys() if one.version != "(devel)" and one.name != "example.org/hello"
    } == set()
