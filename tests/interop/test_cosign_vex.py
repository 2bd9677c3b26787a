"""VEX that a real cosign attaches or signs: found unasked, believed by its key, in the old form and the new one."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.adapters.registry import RegistryStore
from assay.adapters.registry_client import RegistryClient
from assay.adapters.vexfolder import VexFolder
from assay.artifact.reference import parse_reference
from assay.flows.vex_discovery import Beside, beside_image
from assay.flows.vex_folders import in_tree
from assay.model.image import Subject
from assay.model.limits import Limits
from assay.trust import vex_policy
from assay.trust.vex import judge
from assay.trust.vex_policy import VexTrust
from fakes.layouts import demo_layers, layout
from registry_push import push_layout
from registry_server import RegistryServer, needs_docker_registry, registry_server
from signing import NOW
from vexplaces import document

COSIGN = os.environ.get("ASSAY_COSIGN") or shutil.which("cosign")
pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(COSIGN is None, reason="no cosign on this machine (PATH or ASSAY_COSIGN)"),
]
LIMITS = Limits(referrers_settle_seconds=0.05)
QUIET = ("--tlog-upload=false", "--use-signing-config=false", "--yes")


def cosign(folder: Path, *words: str) -> None:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "COSIGN_PASSWORD": ""}
    done = subprocess.run([str(COSIGN), *words], cwd=folder, env=environment, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr


def trust(folder: Path) -> VexTrust:
    row = '[[vex.trust]]\nname = "vendor"\nkey = "cosign.pub"\nproducts = ["pkg:pypi/*"]\n'
    return vex_policy.read(row.encode(), where="trust", read_key=lambda name: (folder / name).read_bytes())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    cosign(tmp_path, "generate-key-pair")
    (tmp_path / "vex.json").write_text(json.dumps(document("pkg:pypi/jinja2")))
    return tmp_path


@pytest.fixture(scope="module")
def server() -> Iterator[RegistryServer]:
    with registry_server() as running:
        yield running


@needs_docker_registry
@pytest.mark.parametrize(("new", "found"), [("true", "referrer"), ("false", "tag")])
def test_what_cosign_attaches_is_found_and_believed(server: RegistryServer, folder: Path, new: str, found: str) -> None:
    layout(folder / "image", demo_layers())
    target = parse_reference(f"{server.authority}/vex-{found}:1")
    client = RegistryClient(target, limits=LIMITS, env={})
    try:
        digest = push_layout(client, folder / "image", "1")
    finally:
        client.close()
    words = ("--key", "cosign.key", "--predicate", "vex.json", "--type", "openvex", f"--new-bundle-format={new}")
    cosign(folder, "attest", *words, *QUIET, "--allow-http-registry", f"{server.authority}/vex-{found}@{digest}")
    store = RegistryStore(target, limits=LIMITS, env={})
    try:
        documents = beside_image(Beside(store, store), Subject(name=str(target), digest=digest), LIMITS)
    finally:
        store.close()
    (one,) = judge(documents, trust(folder), image="x", now=NOW)
    assert (one.document.found, one.document.outcome, one.document.why) == (found, "applied", "")
    assert [said.vulnerability for said in one.statements] == ["CVE-2024-2222"]
    (stranger,) = judge(documents, VexTrust(), image="x", now=NOW)
    assert stranger.document.outcome == "seen"


def test_a_document_signed_by_sign_blob_is_believed(folder: Path) -> None:
    (folder / ".vex").mkdir()
    (folder / ".vex/a.json").write_bytes((folder / "vex.json").read_bytes())
    words = ("--key", "cosign.key", "--bundle", ".vex/a.json.sigstore.json", "--new-bundle-format=true")
    cosign(folder, "sign-blob", *words, *QUIET, ".vex/a.json")
    (one,) = judge(in_tree(VexFolder(folder / ".vex")), trust(folder), image="", now=NOW)
    assert (one.document.outcome, one.document.why) == ("applied", "")
