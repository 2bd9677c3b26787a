"""Our client against a real registry server (Debian's `docker-registry`), with and without a password.

This server has no referrers API: evidence is listed at the fallback tag.
"""

import base64
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.adapters.registry import RegistrySource, RegistryStore
from assay.adapters.registry_client import RegistryClient
from assay.artifact.image import resolve
from assay.artifact.integrity import checked
from assay.artifact.reference import Target, parse_reference
from assay.artifact.referrers import BUNDLE_TYPE, build_referrer, fallback_tag, parse_referrer
from assay.model.digest import Digest
from assay.model.errors import UnavailableError
from assay.model.image import Descriptor, Platform
from assay.model.limits import Limits
from fakes.layouts import demo_layers, layout
from registry_push import push_layout
from registry_server import PASSWORD, USER, RegistryServer, needs_docker_registry, registry_server

pytestmark = needs_docker_registry

LIMITS = Limits(referrers_settle_seconds=0.05)
CREATED = "2026-01-02T03:04:05Z"
PREDICATE = "https://example.org/predicate/v1"


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("registry") / "image"
    layout(folder, demo_layers())
    return folder


@pytest.fixture(scope="module")
def server() -> Iterator[RegistryServer]:
    with registry_server() as running:
        yield running


@pytest.fixture(scope="module")
def guarded() -> Iterator[RegistryServer]:
    with registry_server(password=True) as running:
        yield running


def docker_config(folder: Path, authority: str, password: str = PASSWORD) -> dict[str, str]:
    auth = base64.b64encode(f"{USER}:{password}".encode()).decode()
    (folder / "config.json").write_text(json.dumps({"auths": {authority: {"auth": auth}}}))
    return {"DOCKER_CONFIG": str(folder)}


def pushed(server: RegistryServer, repository: str, image: Path, env: dict[str, str] | None = None) -> Target:
    target = parse_reference(f"{server.authority}/{repository}:1")
    client = RegistryClient(target, limits=LIMITS, env=env or {})
    push_layout(client, image, "1")
    client.close()
    return target


def attach(store: RegistryStore, subject: Descriptor, text: bytes) -> Digest:
    referrer = build_referrer(text, subject, PREDICATE, CREATED)
    for blob in referrer.blobs:
        store.push_blob(blob)
    assert subject.digest is not None
    store.push_referrer(referrer.manifest, referrer.descriptor, subject.digest)
    return Digest.of(referrer.manifest)


def test_an_image_is_read_back_byte_for_byte(server: RegistryServer, image: Path) -> None:
    source = RegistrySource(pushed(server, "team/read", image), limits=LIMITS)
    (resolved,) = resolve(source, platform=None, host=Platform("linux", "amd64"), all_platforms=False, limits=LIMITS)
    assert resolved.layers
    for layer in resolved.layers:
        descriptor = Descriptor(media_type=layer.media_type, digest=layer.digest, size=layer.size)
        with source.stream(descriptor) as chunks:
            data = b"".join(checked(chunks, descriptor))
        assert data == (image / "blobs" / str(layer.digest).replace(":", "/")).read_bytes()
    source.close()


def test_a_digest_reference_names_the_same_image(server: RegistryServer, image: Path) -> None:
    by_tag = RegistrySource(pushed(server, "team/digest", image), limits=LIMITS)
    digest = by_tag.root().descriptor.digest
    by_digest = RegistrySource(parse_reference(f"{server.authority}/team/digest@{digest}"), limits=LIMITS)
    assert by_digest.root().data == by_tag.root().data
    assert by_digest.root().requested == digest
    by_tag.close()
    by_digest.close()


def test_no_evidence_is_an_empty_answer(server: RegistryServer, image: Path) -> None:
    store = RegistryStore(pushed(server, "team/none", image), limits=LIMITS)
    digest = store.describe().digest
    assert digest is not None
    assert store.referrers(digest) == ()
    store.close()


def test_an_image_that_is_not_there_is_unavailable(server: RegistryServer) -> None:
    source = RegistrySource(parse_reference(f"{server.authority}/team/missing:1"), limits=LIMITS)
    with pytest.raises(UnavailableError, match="no such image"):
        source.root()
    source.close()


def test_evidence_goes_there_and_comes_back(server: RegistryServer, image: Path) -> None:
    store = RegistryStore(pushed(server, "team/attach", image), limits=LIMITS)
    subject = store.describe()
    assert subject.digest is not None
    attach(store, subject, b'{"bundle":1}')
    attach(store, subject, b'{"bundle":2}')
    listed = store.referrers(subject.digest)
    assert [entry.artifact_type for entry in listed] == [BUNDLE_TYPE, BUNDLE_TYPE]
    assert all(entry.annotations["dev.sigstore.bundle.predicateType"] == PREDICATE for entry in listed)
    texts = []
    for entry in listed:
        assert entry.digest is not None
        manifest = store.fetch(entry.digest, 1 << 20, manifest=True)
        assert Digest.of(manifest) == entry.digest
        parsed = parse_referrer(manifest, where="test")
        assert parsed.subject.digest == subject.digest
        assert parsed.layer.digest is not None
        texts.append(store.fetch(parsed.layer.digest, 1 << 20, manifest=False))
    assert texts == [b'{"bundle":1}', b'{"bundle":2}']
    assert server.uploads() == []
    store.close()


def test_attaching_twice_changes_nothing(server: RegistryServer, image: Path) -> None:
    store = RegistryStore(pushed(server, "team/twice", image), limits=LIMITS)
    subject = store.describe()
    assert subject.digest is not None
    attach(store, subject, b"same")
    before = store.client.manifest(fallback_tag(subject.digest))
    attach(store, subject, b"same")
    after = store.client.manifest(fallback_tag(subject.digest))
    assert before is not None
    assert after is not None
    assert before.body == after.body
    store.close()


def test_racing_writers_lose_nothing(server: RegistryServer, image: Path) -> None:
    target = pushed(server, "team/race", image)
    failures: list[BaseException] = []
    gate = threading.Barrier(4)

    def write(number: int) -> None:
        store = RegistryStore(target, limits=Limits(referrers_settle_seconds=0.3, referrers_rounds_count=30))
        try:
            subject = store.describe()
            gate.wait(10)
            attach(store, subject, b"bundle %d" % number)
        except BaseException as error:  # noqa: BLE001  (shown by the assertion below)
            failures.append(error)
        finally:
            store.close()

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert failures == []
    store = RegistryStore(target, limits=LIMITS)
    digest = store.describe().digest
    assert digest is not None
    assert len(store.referrers(digest)) == 4
    store.close()


def test_a_password_opens_and_nothing_else_does(guarded: RegistryServer, image: Path, tmp_path: Path) -> None:
    env = docker_config(tmp_path, guarded.authority)
    target = pushed(guarded, "team/guarded", image, env)
    store = RegistryStore(target, limits=LIMITS, env=env)
    subject = store.describe()
    attach(store, subject, b"guarded")
    assert subject.digest is not None
    assert len(store.referrers(subject.digest)) == 1
    store.close()


@pytest.mark.parametrize("password", [None, "wrong"], ids=["none", "wrong"])
def test_a_refusal_says_so_and_shows_no_secret(guarded: RegistryServer, tmp_path: Path, password: str | None) -> None:
    env = docker_config(tmp_path, guarded.authority, password) if password else {}
    source = RegistrySource(parse_reference(f"{guarded.authority}/team/guarded:1"), limits=LIMITS, env=env)
    with pytest.raises(UnavailableError, match=r"401.*log in") as caught:
        source.root()
    shown = f"{caught.value.line()} {caught.value.__cause__!r} {caught.value.__context__!r}"
    assert "wrong" not in shown
    assert base64.b64encode(b"alice:wrong").decode() not in shown
    source.close()


def test_a_credential_of_another_authority_is_not_used(guarded: RegistryServer, tmp_path: Path) -> None:
    env = docker_config(tmp_path, "registry.example:5000")
    source = RegistrySource(parse_reference(f"{guarded.authority}/team/guarded:1"), limits=LIMITS, env=env)
    with pytest.raises(UnavailableError, match="401"):
        source.root()
    source.close()


WRITER = """
import sys
from assay.adapters.registry import RegistryStore
from assay.artifact.older_tags import with_layer
from assay.artifact.reference import parse_reference
from assay.artifact.referrers import build_referrer
from assay.model.digest import Digest
from assay.model.image import Descriptor
store = RegistryStore(parse_reference(sys.argv[1]))
subject = store.describe()
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[2]), int(sys.argv[2]) + 3):
    data = b"bundle %d" % number
    made = build_referrer(data, subject, "https://example.org/p", "2026-01-02T03:04:05Z")
    for blob in made.blobs:
        store.push_blob(blob)
    store.push_referrer(made.manifest, made.descriptor, subject.digest)
    layer = Descriptor(media_type="x/y", digest=Digest.of(data), size=len(data))
    store.change_tagged("older.sig", lambda before: with_layer(before, layer=layer, where="tag"))
store.close()
"""


def test_two_processes_lose_nothing(server: RegistryServer, image: Path) -> None:
    """Two processes at once, at the fallback tag and at an older tag of a registry that knows no conditions."""
    target = pushed(server, "race/two", image)
    both = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(target), str(first)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for first in (0, 10)
    ]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
    for process in both:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    for process in both:
        process.communicate()
        assert process.returncode == 0
    store = RegistryStore(target, limits=LIMITS)
    subject = store.describe().digest
    assert subject is not None
    assert len(store.referrers(subject)) == 6
    (manifest,) = store.tagged("older.sig")
    assert {layer["digest"] for layer in json.loads(manifest)["layers"]} == {
        str(Digest.of(b"bundle %d" % number)) for number in (0, 1, 2, 10, 11, 12)
    }
    store.close()
