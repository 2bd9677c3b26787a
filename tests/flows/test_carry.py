"""An image goes from a registry to a layout and to another registry, and everything attached to it goes along."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.adapters.layout import LayoutSource
from assay.adapters.layout_files import make_layout
from assay.adapters.layout_store import LayoutStore
from assay.adapters.registry import RegistrySource, RegistryStore
from assay.adapters.registry_client import RegistryClient
from assay.artifact.reference import Target, parse_reference
from assay.artifact.referrers import build_referrer, fallback_tag
from assay.flows.carry import Carried, Origin, carry
from assay.model.digest import Digest
from assay.model.errors import UnavailableError, UntrustedError
from assay.model.image import Descriptor
from assay.model.limits import Limits
from fakes.layouts import LayoutBuilder, demo_layers
from fakes.registry import Exchange, FakeRegistry, fake_registry
from registry_push import push_layout

LIMITS = Limits(referrers_settle_seconds=0, http_backoff_seconds=0, upload_piece_bytes=64)
NOW = "2026-01-02T03:04:05Z"
SIGNATURE = b'{"critical":{}}'


class Silent:
    def stage(self, text: str) -> None:
        """Nobody listens."""


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with fake_registry() as running:
        yield running


@pytest.fixture
def second() -> Iterator[FakeRegistry]:
    with fake_registry() as running:
        running.referrers_api = False
        yield running


@pytest.fixture
def image(tmp_path: Path, registry: FakeRegistry) -> Digest:
    """An index of two platforms; a bundle on the index, one on a platform and one on that bundle; an older tag."""
    builder = LayoutBuilder(tmp_path / "made")
    platforms = [builder.image(demo_layers(), architecture=name) for name in ("amd64", "arm64")]
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": platforms}
    builder.index(builder.put(json.dumps(index).encode(), "application/vnd.oci.image.index.v1+json"))
    client = RegistryClient(parse_reference(f"{registry.authority}/a/b:1"), limits=LIMITS)
    root = push_layout(client, tmp_path / "made", "1")
    store = RegistryStore(parse_reference(f"{registry.authority}/a/b:1"), limits=LIMITS, client=client)
    attach(store, store.describe(), b"about the index")
    arm = Descriptor(
        media_type="application/vnd.oci.image.manifest.v1+json",
        digest=Digest.parse(str(platforms[1]["digest"])),
        size=int(str(platforms[1]["size"])),
    )
    attach(store, attach(store, arm, b"about arm64"), b"about what is about arm64")
    store.push_blob(SIGNATURE)
    store.push_blob(b"{}")
    legacy = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": str(Digest.of(b"{}")), "size": 2},
        "layers": [
            {
                "mediaType": "application/vnd.dev.cosign.simplesigning.v1+json",
                "digest": str(Digest.of(SIGNATURE)),
                "size": len(SIGNATURE),
                "annotations": {"dev.cosignproject.cosign/signature": "AAAA"},
            }
        ],
    }
    store.push_manifest(json.dumps(legacy).encode(), str(legacy["mediaType"]), f"sha256-{root.hex}.sig")
    store.close()
    return root


def attach(store: RegistryStore, subject: Descriptor, text: bytes) -> Descriptor:
    made = build_referrer(text, subject, "urn:test:1", NOW)
    for blob in made.blobs:
        store.push_blob(blob)
    assert subject.digest is not None
    store.push_referrer(made.manifest, made.descriptor, subject.digest)
    return made.descriptor


def saved(registry: FakeRegistry, folder: Path) -> Carried:
    make_layout(folder)
    source = RegistrySource(parse_reference(f"{registry.authority}/a/b:1"), limits=LIMITS)
    store = source.store()
    try:
        return carry(Origin(source, store, store), LayoutStore(folder, tag="1"), Silent(), limits=LIMITS)
    finally:
        store.close()
        source.close()


def loaded(folder: Path, registry: FakeRegistry) -> Carried:
    target = Target(scheme="oci-dir", location=str(folder), tag="1")
    layout = LayoutStore(folder, tag="1")
    goal = RegistryStore(parse_reference(f"{registry.authority}/c/d:2"), limits=LIMITS)
    try:
        return carry(Origin(LayoutSource(target), layout, layout), goal, Silent(), limits=LIMITS)
    finally:
        goal.close()


def whole(registry: FakeRegistry) -> dict[str, bytes]:
    return {name: data for name, (data, _) in registry.manifests.items() if name.startswith("sha256:")}


def test_there_and_back_nothing_is_lost(
    registry: FakeRegistry, second: FakeRegistry, image: Digest, tmp_path: Path
) -> None:
    out = saved(registry, tmp_path / "layout")
    assert (out.image, out.manifests_count, out.referrers_count) == (image, 3, 3)
    assert out.tags == (f"sha256-{image.hex}.sig",)
    back = loaded(tmp_path / "layout", second)
    assert back == out
    assert second.blobs == registry.blobs
    lists = [data for name, (data, _) in second.manifests.items() if name.startswith("sha256-") and "." not in name]
    ours = {name: data for name, data in whole(second).items() if data not in lists}
    assert ours == whole(registry)
    assert second.manifests["2"] == registry.manifests["1"]
    assert second.manifests[f"sha256-{image.hex}.sig"] == registry.manifests[f"sha256-{image.hex}.sig"]


def test_the_fallback_index_says_what_the_manifests_say(
    registry: FakeRegistry, second: FakeRegistry, image: Digest, tmp_path: Path
) -> None:
    saved(registry, tmp_path / "layout")
    loaded(tmp_path / "layout", second)
    listed = json.loads(second.manifests[fallback_tag(image)][0])["manifests"]
    (entry,) = listed
    manifest = json.loads(registry.manifests[entry["digest"]][0])
    assert entry["annotations"] == manifest["annotations"]
    assert entry["artifactType"] == manifest["artifactType"]


def test_a_layout_is_what_cosign_looks_for(registry: FakeRegistry, image: Digest, tmp_path: Path) -> None:
    saved(registry, tmp_path / "layout")
    entries = json.loads((tmp_path / "layout/index.json").read_bytes())["manifests"]
    named = {entry["annotations"]["org.opencontainers.image.ref.name"]: entry for entry in entries}
    assert named["1"]["annotations"]["kind"] == "dev.cosignproject.cosign/imageIndex"
    assert named["1"]["digest"] == str(image)
    for path in (tmp_path / "layout/blobs/sha256").iterdir():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name


def test_twice_is_once(registry: FakeRegistry, second: FakeRegistry, image: Digest, tmp_path: Path) -> None:
    saved(registry, tmp_path / "layout")
    before = {path: path.read_bytes() for path in (tmp_path / "layout").rglob("*") if path.is_file()}
    saved(registry, tmp_path / "layout")
    assert {path: path.read_bytes() for path in (tmp_path / "layout").rglob("*") if path.is_file()} == before
    loaded(tmp_path / "layout", second)
    writes = len(second.asked("PATCH", "")) + len(second.asked("POST", ""))
    loaded(tmp_path / "layout", second)
    assert len(second.asked("PATCH", "")) + len(second.asked("POST", "")) == writes


def test_large_blobs_go_in_pieces(registry: FakeRegistry, second: FakeRegistry, image: Digest, tmp_path: Path) -> None:
    saved(registry, tmp_path / "layout")
    loaded(tmp_path / "layout", second)
    assert {len(x.body) for x in second.asked("PATCH", "") if len(x.body) == 64}
    assert all(len(x.body) <= 64 for x in second.asked("PATCH", ""))


def test_a_damaged_blob_is_not_carried(registry: FakeRegistry, image: Digest, tmp_path: Path) -> None:
    victim = max(registry.blobs, key=lambda name: len(registry.blobs[name]))
    registry.blobs[victim] = registry.blobs[victim][:-1] + b"!"
    with pytest.raises(UntrustedError) as caught:
        saved(registry, tmp_path / "layout")
    assert caught.value.code == "DIGEST_MISMATCH"
    assert not (tmp_path / "layout/blobs" / victim.replace(":", "/")).exists()
    assert json.loads((tmp_path / "layout/index.json").read_bytes())["manifests"] == []


def test_a_list_that_cannot_be_read_stops_it(registry: FakeRegistry, image: Digest, tmp_path: Path) -> None:
    @registry.rule("GET", "/referrers/")
    def _(x: Exchange) -> bool:
        return x.answer(403)

    with pytest.raises(UnavailableError):
        saved(registry, tmp_path / "layout")


def test_what_is_about_something_else_stays(registry: FakeRegistry, image: Digest, tmp_path: Path) -> None:
    registry.referrers_api = False
    stranger = build_referrer(b"x", Descriptor(media_type="m", digest=Digest.of(b"o"), size=1), "urn:test:1", NOW)
    registry.add_blob(b"x")
    registry.manifests[str(stranger.descriptor.digest)] = (stranger.manifest, stranger.descriptor.media_type)
    entry = {
        "mediaType": stranger.descriptor.media_type,
        "digest": str(stranger.descriptor.digest),
        "size": len(stranger.manifest),
    }
    document = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [entry]}
    registry.manifests[fallback_tag(image)] = (json.dumps(document).encode(), document["mediaType"])
    assert saved(registry, tmp_path / "layout").referrers_count == 0
