"""A real cosign 3 and a real registry: it finds and verifies what we attach, and we find and verify what it attaches."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.adapters.keyfile import KeyFileSigner, generate
from assay.adapters.registry import RegistryStore
from assay.adapters.registry_client import RegistryClient
from assay.artifact.reference import parse_reference
from assay.flows.attest import sign_and_attach
from assay.flows.signing import KeyMaker
from assay.flows.verify import collect
from assay.model.limits import Limits
from assay.trust import keyring
from assay.trust.expect import Expected
from assay.trust.keyring import Keyring
from fakes.layouts import demo_layers, layout
from registry_push import push_layout
from registry_server import RegistryServer, needs_docker_registry, registry_server
from signing import NOW, claim

COSIGN = os.environ.get("ASSAY_COSIGN") or shutil.which("cosign")
pytestmark = [
    pytest.mark.interop,
    needs_docker_registry,
    pytest.mark.skipif(COSIGN is None, reason="no cosign on this machine (PATH or ASSAY_COSIGN)"),
]
LIMITS = Limits(referrers_settle_seconds=0.05)


class FixedClock:
    def now(self) -> str:
        return NOW


@pytest.fixture(scope="module")
def server() -> Iterator[RegistryServer]:
    with registry_server() as running:
        yield running


class Place:
    """An image in the registry, and a folder for keys."""

    def __init__(self, server: RegistryServer, folder: Path, name: str) -> None:
        self.folder, self.reference = folder, f"{server.authority}/{name}:1"
        layout(folder / "image", demo_layers())
        target = parse_reference(self.reference)
        client = RegistryClient(target, limits=LIMITS, env={})
        try:
            self.digest = push_layout(client, folder / "image", "1")
        finally:
            client.close()
        self.store = RegistryStore(target, limits=LIMITS, env={})

    def cosign(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.folder), "COSIGN_PASSWORD": ""}
        named = f"{self.reference.rpartition(':')[0]}@{self.digest}"
        command = [str(COSIGN), *words, "--allow-http-registry", named]
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, timeout=60)


@pytest.fixture
def place(server: RegistryServer, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    made = Place(server, tmp_path, request.node.name.replace("_", "-").lower())
    yield made
    made.store.close()


def test_cosign_finds_and_verifies_what_we_attach(place: Place):
    for name in ("mine", "other"):
        generate(place.folder / name)
    signer = KeyFileSigner(place.folder / "mine")
    sign_and_attach(
        place.store,
        place.store.describe(),
        [claim(place.digest)],
        KeyMaker(signer, FixedClock()),
        FixedClock(),
        limits=LIMITS,
    )
    words = ("verify-attestation", "--insecure-ignore-tlog=true", "--type", "urn:test:1")
    good = place.cosign(*words, "--key", "mine.pub")
    assert good.returncode == 0, good.stderr
    assert place.cosign(*words, "--key", "other.pub").returncode != 0


def test_we_find_and_verify_what_cosign_attaches(place: Place):
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(place.folder), "COSIGN_PASSWORD": ""}
    made = subprocess.run([str(COSIGN), "generate-key-pair"], cwd=place.folder, env=environment, capture_output=True)
    assert made.returncode == 0, made.stderr
    (place.folder / "p.json").write_text('{"a":1}')
    words = ("attest", "--key", "cosign.key", "--predicate", "p.json", "--type", "urn:test:1", "--yes")
    done = place.cosign(*words, "--tlog-upload=false", "--use-signing-config=false", "--new-bundle-format=true")
    assert done.returncode == 0, done.stderr
    keys = Keyring((keyring.key((place.folder / "cosign.pub").read_bytes(), name="cosign.pub"),))
    found = collect(place.store, place.digest, None, Expected(keys=keys), NOW, limits=LIMITS)
    assert [(row.outcome, row.predicate_type) for row in found.rows] == [("verified", "urn:test:1")]
    assert found.evidence[0].statement.predicate == {"a": 1}
