"""Another registry (`crane registry serve`, with the referrers API) and other clients (`crane`, `skopeo`) on our work."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.adapters.layout_store import LayoutStore
from assay.adapters.registry import RegistryStore
from assay.adapters.registry_client import RegistryClient
from assay.artifact.reference import parse_reference
from assay.artifact.referrers import build_referrer, fallback_tag
from assay.model.image import Descriptor
from assay.ports.content import ReferrerStore
from fakes.layouts import demo_layers, layout
from registry_push import push_layout
from registry_server import needs_docker_registry, registry_server

CRANE = os.environ.get("ASSAY_CRANE") or shutil.which("crane")
SKOPEO = shutil.which("skopeo")

pytestmark = pytest.mark.interop
needs_crane = pytest.mark.skipif(CRANE is None, reason="no crane on this machine (PATH or ASSAY_CRANE)")
needs_skopeo = pytest.mark.skipif(SKOPEO is None, reason="no skopeo on this machine")


def run(*words: object) -> str:
    done = subprocess.run([str(word) for word in words], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("peers") / "image"
    layout(folder, demo_layers())
    return folder


@pytest.fixture
def peer() -> Iterator[str]:
    """`127.0.0.1:PORT` of crane's registry."""
    process = subprocess.Popen(
        [str(CRANE), "registry", "serve", "--address", "127.0.0.1:0"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    try:
        line = process.stderr.readline().decode()
        while "serving" not in line:
            assert line, "crane ended"
            line = process.stderr.readline().decode()
        yield f"127.0.0.1:{line.split()[-1]}"
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def attach(store: ReferrerStore, text: bytes) -> Descriptor:
    subject = store.describe()
    assert subject.digest is not None
    made = build_referrer(text, subject, "https://example.org/p", "2026-01-02T03:04:05Z")
    for data in made.blobs:
        store.push_blob(data)
    store.push_referrer(made.manifest, made.descriptor, subject.digest)
    assert made.descriptor in store.referrers(subject.digest)
    return made.descriptor


@needs_crane
def test_a_registry_of_another_make(peer: str, image: Path) -> None:
    target = parse_reference(f"{peer}/team/app:1")
    push_layout(RegistryClient(target), image, "1")
    store = RegistryStore(target)
    first, second = attach(store, b"one"), attach(store, b"two")
    subject = store.describe().digest
    assert subject is not None
    assert {d.digest for d in store.referrers(subject)} == {first.digest, second.digest}
    manifest = json.loads(run(CRANE, "manifest", f"{peer}/team/app@{first.digest}"))
    assert manifest["subject"]["digest"] == str(subject)
    store.close()


@needs_crane
@needs_docker_registry
def test_crane_finds_our_evidence_at_the_fallback_tag(image: Path) -> None:
    with registry_server() as server:
        target = parse_reference(f"{server.authority}/team/app:1")
        push_layout(RegistryClient(target), image, "1")
        store = RegistryStore(target)
        made = attach(store, b"one")
        subject = store.describe().digest
        assert subject is not None
        listed = json.loads(run(CRANE, "manifest", f"{server.authority}/team/app:{fallback_tag(subject)}"))
        assert [entry["digest"] for entry in listed["manifests"]] == [str(made.digest)]
        assert listed["manifests"][0]["artifactType"] == made.artifact_type
        run(CRANE, "validate", "--remote", f"{server.authority}/team/app:1")
        store.close()


@needs_skopeo
@needs_docker_registry
def test_skopeo_reads_what_we_pushed_and_we_read_what_it_pushed(image: Path, tmp_path: Path) -> None:
    with registry_server() as server:
        run(
            SKOPEO,
            "--insecure-policy",
            "copy",
            "--dest-tls-verify=false",
            f"oci:{image}:latest",
            f"docker://{server.authority}/a/b:1",
        )
        target = parse_reference(f"{server.authority}/a/b:1")
        store = RegistryStore(target)
        attach(store, b"one")
        copied = f"oci:{tmp_path}/copy:latest"
        run(SKOPEO, "--insecure-policy", "copy", "--src-tls-verify=false", f"docker://{server.authority}/a/b:1", copied)
        assert LayoutStore(tmp_path / "copy").describe().digest == store.describe().digest
        store.close()


@needs_skopeo
def test_skopeo_still_reads_a_layout_with_our_evidence(image: Path, tmp_path: Path) -> None:
    shutil.copytree(image, tmp_path / "image")
    attach(LayoutStore(tmp_path / "image"), b"one")
    run(SKOPEO, "--insecure-policy", "copy", f"oci:{tmp_path}/image:latest", f"oci:{tmp_path}/copy:latest")
    assert LayoutStore(tmp_path / "copy").describe() == LayoutStore(tmp_path / "image").describe()
