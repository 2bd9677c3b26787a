"""Attachments among real peers: registries with the referrers API (crane's, olareg, zot), cosign in both its forms."""

import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from assay import bootstrap
from assay.adapters.layout_store import LayoutStore
from assay.adapters.registry import RegistryStore
from assay.adapters.registry_client import RegistryClient
from assay.artifact.reference import parse_reference
from assay.artifact.referrers import build_referrer, fallback_tag
from assay.interfaces.cli.options import Console
from assay.model.limits import Limits
from assay.settings import from_environment
from fakes.layouts import LayoutBuilder, demo_layers, layout
from gotools import go_tool
from registry_push import push_layout
from registry_server import needs_docker_registry, registry_server
from support import ROOT

pytestmark = pytest.mark.interop

CRANE = ("crane", "github.com/google/go-containerregistry/cmd/crane@v0.21.7")
ZOT = ("zot", "github.com/project-zot/zot@v1.4.3", "./cmd/zot", "containers_image_openpgp")
"""The newest zot that its module's own repository serves; newer ones are named by ASSAY_ZOT."""
OLAREG = ("olareg", "github.com/olareg/olareg@v0.1.2", "github.com/olareg/olareg/cmd/olareg")
COSIGN = ("cosign", "github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3")
SETTINGS = from_environment({})
QUIET = ("--tlog-upload=false", "--use-signing-config=false", "--yes", "--allow-http-registry")
MANY = 120
"""More referrers than a registry puts on one page."""


def program(variable: str, tool: tuple[str, ...]) -> str:
    """A peer: named by a variable, on the path, or built by Go."""
    return os.environ.get(variable) or shutil.which(tool[0]) or str(go_tool(*tool))


def run(*words: object, folder: Path | None = None, code: int = 0) -> str:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder or "/nonexistent"), "COSIGN_PASSWORD": ""}
    done = subprocess.run([str(w) for w in words], capture_output=True, timeout=120, cwd=folder, env=environment)
    assert (done.returncode == 0) == (code == 0), (done.stdout + done.stderr).decode()
    return (done.stdout + done.stderr).decode()


@pytest.fixture(scope="module")
def crane_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`127.0.0.1:PORT` of crane's registry; its log goes to a file, for a pipe nobody reads would stop it."""
    crane = program("ASSAY_CRANE", CRANE)
    log = tmp_path_factory.mktemp("crane") / "log"
    with log.open("wb") as file:
        words = [crane, "registry", "serve", "--address", "127.0.0.1:0"]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=file)
    try:
        end = time.monotonic() + 20
        while not (found := re.search(r"serving on port (\d+)", log.read_text())):
            assert process.poll() is None
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.05)  # a server of another program starts when it starts
        yield f"127.0.0.1:{found[1]}"
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def serving(port: int, *words: str) -> Iterator[str]:
    """`127.0.0.1:PORT` of a registry that these words start."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        end = time.monotonic() + 20
        while True:
            try:
                opener.open(f"http://127.0.0.1:{port}/v2/", timeout=1).close()
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < end, f"{words[0]} does not answer"
                time.sleep(0.1)  # a server of another program starts when it starts
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def olareg_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An olareg that stores in files and deletes."""
    port, folder = free_port(), tmp_path_factory.mktemp("olareg")
    words = ("--addr", "127.0.0.1", "--port", str(port), "--dir", str(folder), "--api-delete", "--gc-frequency", "-1s")
    with serving(port, program("ASSAY_OLAREG", OLAREG), "serve", *words) as place:
        yield place


@pytest.fixture(scope="module")
def zot_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A zot of before the referrers API was settled: it takes the type of a referrer from its (empty) config."""
    zot, port, folder = program("ASSAY_ZOT", ZOT), free_port(), tmp_path_factory.mktemp("zot")
    config = {
        "distSpecVersion": "1.1.1",
        "storage": {"rootDirectory": str(folder / "data"), "gc": False},
        "http": {"address": "127.0.0.1", "port": str(port)},
        "log": {"level": "error", "output": str(folder / "log")},
    }
    (folder / "config.json").write_text(json.dumps(config))
    with serving(port, zot, "serve", str(folder / "config.json")) as place:
        yield place


@pytest.fixture(params=["crane_registry", "olareg_registry", "zot_registry"])
def authority(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(request.param))


class Image:
    """An index of two platforms in a registry, a key, and our commands on it."""

    def __init__(self, authority: str, folder: Path, name: str) -> None:
        self.folder, self.reference = folder, f"{authority}/{name}:1"
        builder = LayoutBuilder(folder / "made")
        platforms = [builder.image(demo_layers(), architecture=word) for word in ("amd64", "arm64")]
        kind = "application/vnd.oci.image.index.v1+json"
        index = json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": platforms}).encode()
        builder.index(builder.put(index, kind))
        self.target = parse_reference(self.reference)
        client = RegistryClient(self.target)
        self.digest = push_layout(client, folder / "made", "1")
        client.close()
        bootstrap.generate_key(str(folder / "key"), "ecdsa-p256", b"")

    def sign(self, **how: object) -> None:
        maker = bootstrap.key_maker(str(self.folder / "key"), None, None)
        door = bootstrap.evidence_door(self.reference, store=None, settings=SETTINGS, platform=None, everything=True)
        with door as (subjects, place):
            for named in subjects:
                statement = (bootstrap.image_signature(named.subject),)
                bootstrap.sign_and_attach(place, named.descriptor, statement, maker, force=bool(how.get("force")))
                if how.get("older"):
                    bootstrap.write_older(place, named.subject, statement, maker, force=False)

    def verify(self, reference: str = "", key: str = "key.pub", **how: object) -> list[int]:
        told = bootstrap.Trusted(keys=(str(self.folder / key),), cosign_v2=bool(how.pop("older", False)))
        search = bootstrap.Search(**{"everything": True, **how})  # type: ignore[arg-type]
        answers = bootstrap.verify_image(reference or self.reference, told, search, SETTINGS)
        return [answer.collected.exit_code() for answer in answers]


def name_of(request: pytest.FixtureRequest) -> str:
    return "".join(c if c.isalnum() else "-" for c in request.node.name.lower()).strip("-")


def test_every_platform_and_the_index_are_signed_and_verified(
    authority: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    image = Image(authority, tmp_path, name_of(request))
    assert image.verify() == [3, 3, 3]
    image.sign()
    assert image.verify() == [0, 0, 0]
    assert image.verify(f"{image.reference.rpartition(':')[0]}@{image.digest}", everything=False) == [0]


def test_a_registry_that_says_it_lists_needs_no_tag(olareg_registry: str, tmp_path: Path) -> None:
    """olareg says `OCI-Subject`; the others list and do not say so, and get the tag as well."""
    image = Image(olareg_registry, tmp_path, "no-tag")
    image.sign()
    store = RegistryStore(image.target)
    assert store.tagged(fallback_tag(image.digest)) == ()
    store.close()


def test_many_referrers_are_all_listed(authority: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    image = Image(authority, tmp_path, name_of(request))
    store = RegistryStore(image.target, limits=Limits(referrers_settle_seconds=0))  # nobody else writes here
    subject = store.describe()
    for number in range(MANY):
        made = build_referrer(b"%d" % number, subject, "urn:test:1", "2026-01-02T03:04:05Z")
        for blob in made.blobs:
            store.push_blob(blob)
        store.push_referrer(made.manifest, made.descriptor, image.digest)
    assert len(store.referrers(image.digest)) == MANY
    store.close()


def test_old_evidence_is_deleted(authority: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    image = Image(authority, tmp_path, name_of(request))
    image.sign()
    image.sign(force=True)
    told = bootstrap.Trusted(keys=(str(tmp_path / "key.pub"),))
    search = bootstrap.Search(everything=True)

    def going(*, delete: bool) -> list[int]:
        plans = bootstrap.prune_image(image.reference, told, search, SETTINGS, keep=1, delete=delete)
        return [len(plan.going) for plan in plans]

    assert going(delete=False) == going(delete=True) == [1, 1, 1]
    assert going(delete=False) == [0, 0, 0]
    assert image.verify() == [0, 0, 0]


def test_there_and_back_and_into_a_registry_without_the_api(
    authority: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    image = Image(authority, tmp_path, name_of(request))
    image.sign(older=True)
    quiet = Console(quiet=True)
    saved = bootstrap.save_image(image.reference, str(tmp_path / "out"), settings=SETTINGS, progress=quiet)
    assert (saved.manifests_count, saved.referrers_count, len(saved.tags)) == (3, 3, 3)
    assert image.verify(f"oci-dir:{tmp_path}/out:1", offline=True) == [0, 0, 0]
    with registry_server() as other:
        loaded = bootstrap.load_image(
            f"{tmp_path}/out:1", f"{other.authority}/x/y:2", settings=SETTINGS, progress=quiet
        )
        assert loaded == saved
        assert image.verify(f"{other.authority}/x/y:2", older=True) == [0, 0, 0]
    crane = program("ASSAY_CRANE", CRANE)
    run(crane, "validate", "--remote", image.reference)
    manifest = json.loads(run(crane, "manifest", f"{image.reference.rpartition(':')[0]}@{image.digest}"))
    assert len(manifest["manifests"]) == 2


@needs_docker_registry
@pytest.mark.parametrize("new", ["true", "false"])
def test_cosign_verifies_what_we_attach_in_both_forms(tmp_path: Path, new: str) -> None:
    cosign = program("ASSAY_COSIGN", COSIGN)
    with registry_server() as server:
        image = Image(server.authority, tmp_path, "both")
        image.sign(older=True)
        named = f"{image.reference.rpartition(':')[0]}@{image.digest}"
        words = ("verify", "--insecure-ignore-tlog=true", f"--new-bundle-format={new}", "--allow-http-registry")
        root = ROOT / "src/assay/trust/public/production/trusted_root.json"  # else it looks for one in the network
        words = (*words, "--trusted-root", str(root)) if new == "true" else words
        run(cosign, *words, "--key", "key.pub", named, folder=tmp_path)
        bootstrap.generate_key(str(tmp_path / "other"), "ecdsa-p256", b"")
        run(cosign, *words, "--key", "other.pub", named, folder=tmp_path, code=1)


@needs_docker_registry
@pytest.mark.parametrize("new", ["true", "false"])
def test_we_verify_what_cosign_attaches_beside_ours(tmp_path: Path, new: str) -> None:
    cosign = program("ASSAY_COSIGN", COSIGN)
    with registry_server() as server:
        image = Image(server.authority, tmp_path, "theirs")
        image.sign(older=True)
        run(cosign, "generate-key-pair", folder=tmp_path)
        (tmp_path / "p.json").write_text('{"a":1}')
        named = f"{image.reference.rpartition(':')[0]}@{image.digest}"
        form = f"--new-bundle-format={new}"
        run(cosign, "sign", "--key", "cosign.key", form, *QUIET, named, folder=tmp_path)
        words = ("--key", "cosign.key", "--predicate", "p.json", "--type", "urn:test:1", form)
        run(cosign, "attest", *words, *QUIET, named, folder=tmp_path)
        older = new == "false"
        assert image.verify(key="cosign.pub", older=older)[0] == 0
        assert image.verify(key="cosign.pub", types=("signature", "urn:test:1"), older=older)[0] == 0
        assert image.verify(older=True)[0] == 0, "ours is still there"
        if older:
            assert image.verify(key="cosign.pub")[0] == 3, "older forms count only where they are asked for"


@needs_docker_registry
def test_cosign_loads_what_we_saved_and_we_read_what_it_saved(tmp_path: Path) -> None:
    cosign = program("ASSAY_COSIGN", COSIGN)
    with registry_server() as server:
        layout(tmp_path / "image", demo_layers())
        reference = f"{server.authority}/one:1"
        client = RegistryClient(parse_reference(reference))
        digest = push_layout(client, tmp_path / "image", "1")
        client.close()
        run(cosign, "generate-key-pair", folder=tmp_path)
        named = f"{server.authority}/one@{digest}"
        run(cosign, "sign", "--key", "cosign.key", "--new-bundle-format=false", *QUIET, named, folder=tmp_path)
        quiet = Console(quiet=True)
        bootstrap.save_image(reference, str(tmp_path / "ours"), settings=SETTINGS, progress=quiet)
        loaded = f"{server.authority}/loaded:1"
        run(cosign, "load", "--allow-http-registry", "--dir", "ours", loaded, folder=tmp_path)
        again = RegistryStore(parse_reference(loaded))
        assert again.describe().digest == digest
        again.close()
        run(cosign, "save", "--allow-http-registry", "--dir", "theirs", named, folder=tmp_path)
        store = LayoutStore(tmp_path / "theirs")
        assert store.describe().digest == digest
        told = bootstrap.Trusted(keys=(str(tmp_path / "cosign.pub"),), cosign_v2=True)
        (answer,) = bootstrap.verify_image(f"oci-dir:{tmp_path}/theirs", told, bootstrap.Search(), SETTINGS)
        assert [row.outcome for row in answer.collected.rows] == ["verified"]
