"""What a verification asks of a registry: no more than three requests where annotations narrow it, every blob once."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay import bootstrap
from assay.adapters.registry import RegistryStore
from assay.adapters.registry_client import RegistryClient
from assay.artifact.reference import parse_reference
from assay.artifact.referrers import fallback_tag
from assay.bootstrap.machine import host
from assay.flows import verify
from assay.flows.attest import sign_and_attach
from assay.flows.signing import KeyMaker
from assay.flows.verify import Memory, collect
from assay.formats import predicates
from assay.model.digest import Digest
from assay.model.errors import UnavailableError, UsageError
from assay.model.image import Descriptor, Platform
from assay.model.limits import Limits
from assay.settings import from_environment
from assay.trust.expect import Expected
from fakes.layouts import LayoutBuilder, demo_layers, layout
from fakes.registry import Exchange, FakeRegistry, fake_registry
from registry_push import push_layout
from signing import ED25519, NOW, P256, claim, ring

LIMITS = Limits(referrers_settle_seconds=0, http_backoff_seconds=0)
SETTINGS = from_environment({})
SBOM, VULNS = predicates.CYCLONEDX, predicates.VULNS


class FixedClock:
    def now(self) -> str:
        return NOW


class Image:
    """An image in a registry with two statements by one key and one by another."""

    def __init__(self, registry: FakeRegistry, folder: Path) -> None:
        self.registry, self.name = registry, f"{registry.authority}/a/b"
        layout(folder / "image", demo_layers())
        target = parse_reference(f"{self.name}:1")
        self.client = RegistryClient(target, limits=LIMITS)
        self.digest = push_layout(self.client, folder / "image", "1")
        self.store = RegistryStore(target, limits=LIMITS, client=self.client)
        for signer, kind in ((P256, SBOM), (P256, VULNS), (ED25519, "urn:other:1")):
            made = [claim(self.digest, kind=kind)]
            maker = KeyMaker(signer, FixedClock())
            sign_and_attach(self.store, self.store.describe(), made, maker, FixedClock(), limits=LIMITS)
        self.key = folder / "key.pub"
        self.key.write_bytes(P256.public_key())
        registry.log.clear()

    def asked(self) -> list[str]:
        return [f"{x.method} {x.path.split('/')[4]}" for x in self.registry.log]

    def verify(self, selector: str, *types: str, **how: object) -> tuple[bootstrap.Answer, ...]:
        trusted = bootstrap.Trusted(keys=(str(self.key),))
        return bootstrap.verify_image(f"{self.name}{selector}", trusted, bootstrap.Search(types=types, **how), SETTINGS)


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with fake_registry() as running:
        yield running


@pytest.fixture
def image(registry: FakeRegistry, tmp_path: Path) -> Iterator[Image]:
    made = Image(registry, tmp_path)
    yield made
    made.store.close()


def test_by_digest_and_type_three_requests_are_enough(image: Image) -> None:
    ((_, collected),) = [(a.subject, a.collected) for a in image.verify(f"@{image.digest}", "cyclonedx")]
    assert image.asked() == ["GET referrers", "GET manifests", "GET blobs"]
    assert [row.outcome for row in collected.rows] == ["verified"]
    assert collected.narrowed_count == 2


def test_a_tag_costs_one_more(image: Image) -> None:
    image.verify(":1", "cyclonedx")
    assert image.asked() == ["GET manifests", "GET referrers", "GET manifests", "GET blobs"]


def test_without_a_type_each_statement_costs_two(image: Image) -> None:
    (answer,) = image.verify(f"@{image.digest}")
    assert sorted(row.outcome for row in answer.collected.rows) == ["not-trusted", "verified", "verified"]
    assert len(image.registry.log) == 1 + 2 * 3
    blobs = [x.path for x in image.registry.asked("GET", "/blobs/")]
    assert len(blobs) == len(set(blobs))


def test_the_fallback_tag_costs_one_more(image: Image, registry: FakeRegistry) -> None:
    listed = image.store.referrers(image.digest)
    entries = [
        {"mediaType": d.media_type, "digest": str(d.digest), "size": d.size, "artifactType": d.artifact_type}
        | {"annotations": d.annotations}
        for d in listed
    ]
    kind = "application/vnd.oci.image.index.v1+json"
    document = {"schemaVersion": 2, "mediaType": kind, "manifests": entries}
    registry.referrers_api = False
    registry.manifests[fallback_tag(image.digest)] = (json.dumps(document).encode(), kind)
    registry.log.clear()
    (answer,) = image.verify(f"@{image.digest}", "cyclonedx")
    assert image.asked() == ["GET referrers", "GET manifests", "GET manifests", "GET blobs"]
    assert answer.collected.exit_code() == 0


def test_what_was_verified_before_is_not_downloaded_again(image: Image) -> None:
    memory, expected = Memory(LIMITS), Expected(keys=ring(P256))
    first = collect(image.store, image.digest, None, expected, NOW, memory=memory, limits=LIMITS)
    image.registry.log.clear()
    second = collect(image.store, image.digest, None, expected, NOW, memory=memory, limits=LIMITS)
    assert second == first
    assert "GET blobs" not in image.asked()
    collect(image.store, image.digest, None, Expected(keys=ring(ED25519)), NOW, memory=memory, limits=LIMITS)
    assert image.asked().count("GET blobs") == 3, "who trusts another key asks anew"


def test_a_managed_key_is_judged_anew_at_another_time(image: Image) -> None:
    memory, expected = Memory(LIMITS), Expected(keys=ring(P256, not_after="2026-12-01T00:00:00Z"))
    collect(image.store, image.digest, None, expected, NOW, memory=memory, limits=LIMITS)
    later = collect(image.store, image.digest, None, expected, "2027-01-01T00:00:00Z", memory=memory, limits=LIMITS)
    assert {row.outcome for row in later.rows} == {"outside-validity", "not-trusted"}


def test_the_memory_has_an_end(image: Image) -> None:
    memory, expected = Memory(Limits(evidence_memory_bytes=10)), Expected(keys=ring(P256))
    for _ in range(2):
        image.registry.log.clear()
        collect(image.store, image.digest, None, expected, NOW, memory=memory, limits=LIMITS)
        assert image.asked().count("GET blobs") == 3


def test_trust_has_one_digest_and_another_trust_another() -> None:
    digests = [
        verify.trust_digest(None, expected)
        for expected in (Expected(keys=ring(P256)), Expected(keys=ring(P256)), Expected(keys=ring(ED25519)), Expected())
    ]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_an_annotation_that_lies_hides_nothing_but_itself(image: Image, registry: FakeRegistry) -> None:
    """A referrer annotated as another type is not looked at; one annotated as the wanted type is judged by content."""
    made = [claim(image.digest, kind="urn:hidden:1")]
    sign_and_attach(
        image.store, image.store.describe(), made, KeyMaker(P256, FixedClock()), FixedClock(), limits=LIMITS
    )
    for name, (data, kind) in list(registry.manifests.items()):
        if b"urn:hidden:1" in data:
            lying = data.replace(b"urn:hidden:1", SBOM.encode())
            del registry.manifests[name]
            registry.manifests[str(Digest.of(lying))] = (lying, kind)
    (answer,) = image.verify(f"@{image.digest}", "cyclonedx")
    assert [row.predicate_type for row in answer.collected.rows] == [SBOM]
    assert answer.collected.narrowed_count == 3


def test_a_type_of_which_nothing_verified_is_missed(image: Image) -> None:
    (answer,) = image.verify(f"@{image.digest}", "cyclonedx", "urn:other:1")
    assert answer.collected.missing == ("urn:other:1",)
    assert answer.collected.exit_code() == 3
    assert answer.collected.summary().endswith("; none of type urn:other:1")


def test_an_index_leads_to_the_platform_and_all_of_it_can_be_asked_for(registry: FakeRegistry, tmp_path: Path) -> None:
    builder = LayoutBuilder(tmp_path / "made")
    platforms = [builder.image(demo_layers(), architecture=name) for name in ("amd64", "arm64")]
    kind = "application/vnd.oci.image.index.v1+json"
    builder.index(
        builder.put(json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": platforms}).encode(), kind)
    )
    client = RegistryClient(parse_reference(f"{registry.authority}/a/b:1"), limits=LIMITS)
    index = push_layout(client, tmp_path / "made", "1")
    store = RegistryStore(parse_reference(f"{registry.authority}/a/b:1"), limits=LIMITS, client=client)
    maker = KeyMaker(P256, FixedClock())
    sign_and_attach(store, store.describe(), [claim(index)], maker, FixedClock(), limits=LIMITS)
    store.close()
    key, other = tmp_path / "key.pub", tmp_path / "other.pub"
    key.write_bytes(P256.public_key())
    other.write_bytes(ED25519.public_key())
    trusted = bootstrap.Trusted(keys=(str(key),))
    name = f"{registry.authority}/a/b"

    def codes(reference: str, **how: object) -> list[int]:
        answers = bootstrap.verify_image(reference, trusted, bootstrap.Search(**how), SETTINGS)
        return [answer.collected.exit_code() for answer in answers]

    assert codes(f"{name}:1") == [0], "the tag names the index, as its digest does"
    assert codes(f"{name}:1", platform=host()) == [3], "a signature of the index is none of a platform that is named"
    assert codes(f"{name}:1", everything=True) == [0, 3, 3]
    assert codes(f"{name}@{index}") == [0], "the digest of the index names the index"
    trusted = bootstrap.Trusted(keys=(str(other),))
    assert [codes(f"{name}{at}") for at in (f"@{index}", ":1")] == [[3, 3]] * 2, "neither the index nor its platform"
    arm = next(p for p in platforms if p["platform"] == {"os": "linux", "architecture": "amd64"})
    digest = Digest.parse(str(arm["digest"]))
    leaf = Descriptor(media_type=str(arm["mediaType"]), digest=digest, size=int(str(arm["size"])))
    store = RegistryStore(parse_reference(f"{registry.authority}/a/b:1"), limits=LIMITS)
    sign_and_attach(store, leaf, [claim(digest)], KeyMaker(ED25519, FixedClock()), FixedClock(), limits=LIMITS)
    store.close()
    if host() == Platform("linux", "amd64"):
        assert codes(f"{name}@{index}") == [0], "what somebody else says of the index hides nothing of its platform"


def test_a_registry_that_is_down_is_unavailable_and_never_unsigned(image: Image, registry: FakeRegistry) -> None:
    def down(x: Exchange) -> bool:
        return x.answer(403)

    registry.rule("GET", "/referrers/")(down)
    with pytest.raises(UnavailableError):
        image.verify(f"@{image.digest}")


def test_half_a_wish_is_refused(image: Image) -> None:
    def wish(**told: tuple[str, ...]) -> None:
        bootstrap.verify_image(f"{image.name}:1", bootstrap.Trusted(**told), bootstrap.Search(), SETTINGS)

    with pytest.raises(UsageError, match="whom do you trust"):
        wish()
    with pytest.raises(UsageError, match="without its issuer"):
        wish(identities=("a@b",))
    with pytest.raises(UsageError, match="offline"):
        image.verify(":1", offline=True)
    assert image.registry.log == []
    with pytest.raises(UsageError, match="no such predicate type"):
        image.verify(":1", "sbom")
