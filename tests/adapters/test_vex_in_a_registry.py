"""VEX beside an image in a registry: asked for at its own repository only, with few questions; silence is not "none"."""

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from assay.adapters.registry import RegistryStore
from assay.adapters.registry_client import RegistryClient
from assay.artifact import attestations, referrers
from assay.artifact.reference import Target, parse_reference
from assay.bootstrap.vex import VexSearch, vex_door
from assay.flows.vex_discovery import Beside, beside_image
from assay.formats import oci, predicates
from assay.model.digest import Digest
from assay.model.image import Descriptor, Subject
from assay.model.limits import Limits
from assay.settings import from_environment
from assay.trust import dsse, vex_policy
from assay.trust.vex import judge
from assay.trust.vex_found import Found
from fakes.registry import FakeRegistry, fake_registry
from inventories import full
from signing import NOW, P256
from vexplaces import DSSE, document, envelope, statement, trust_row

LIMITS = Limits(http_backoff_seconds=0.001, http_retries_count=0)
TRUST = vex_policy.read(trust_row("vendor", P256).encode(), where="trust", read_key=lambda name: b"")


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with fake_registry() as running:
        yield running


def target(registry: FakeRegistry) -> Target:
    return parse_reference(f"{registry.authority}/team/app:1")


def put_image(registry: FakeRegistry) -> Digest:
    config = {"mediaType": oci.OCI_CONFIG, "digest": registry.add_blob(b"{}"), "size": 2}
    name, _ = registry.add_manifest(
        {"schemaVersion": 2, "mediaType": oci.OCI_MANIFEST, "config": config, "layers": []}, "1"
    )
    return Digest.parse(name)


def put_tag(registry: FakeRegistry, image: Digest) -> None:
    layer = envelope(image, document("pkg:pypi/jinja2"), P256)
    described = {"mediaType": DSSE, "digest": registry.add_blob(layer), "size": len(layer)}
    described["annotations"] = {"predicateType": predicates.OPENVEX}
    config = {"mediaType": oci.OCI_CONFIG, "digest": registry.add_blob(b"{}"), "size": 2}
    manifest = {"schemaVersion": 2, "mediaType": oci.OCI_MANIFEST, "config": config, "layers": [described]}
    registry.add_manifest(manifest, attestations.legacy_tag(image))


def put_referrer(registry: FakeRegistry, image: Digest) -> None:
    subject = Descriptor(media_type=oci.OCI_MANIFEST, digest=image, size=len(registry.manifests["1"][0]))
    bundle = dsse.sign(statement(image, document("pkg:pypi/jinja2")), P256)
    made = referrers.build_referrer(bundle, subject, predicates.OPENVEX, NOW)
    for blob in made.blobs:
        registry.add_blob(blob)
    registry.add_manifest(json.loads(made.manifest))


def found(registry: FakeRegistry, image: Digest, index: Digest | None = None) -> tuple[Found, ...]:
    client = RegistryClient(target(registry), limits=LIMITS, env={})
    store = RegistryStore(target(registry), limits=LIMITS, client=client)
    try:
        return beside_image(Beside(store, store), Subject(name="x", digest=image, index=index), LIMITS)
    finally:
        store.close()


def outcomes(documents: tuple[Found, ...]) -> list[tuple[str, str]]:
    return [(j.document.found, j.document.outcome) for j in judge(documents, TRUST, image="x", now=NOW)]


@pytest.mark.parametrize("api", [True, False])
def test_both_layouts_are_found_with_or_without_the_api(registry: FakeRegistry, api: bool) -> None:
    image = put_image(registry)
    put_tag(registry, image)
    put_referrer(registry, image)
    registry.referrers_api = api
    if not api:
        listed = [{"mediaType": kind, "digest": name, "size": len(data)} for name, (data, kind) in registry.manifests.items()
                  if b'"subject"' in data]  # fmt: skip
        registry.add_manifest(
            {"schemaVersion": 2, "mediaType": oci.OCI_INDEX, "manifests": listed}, referrers.fallback_tag(image)
        )
    assert outcomes(found(registry, image)) == [("referrer", "applied"), ("tag", "applied")]


def test_an_image_with_nothing_beside_it_costs_two_questions(registry: FakeRegistry) -> None:
    image = put_image(registry)
    assert found(registry, image) == ()
    assert [x.path for x in registry.log] == [
        f"/v2/team/app/referrers/{image}", f"/v2/team/app/manifests/{attestations.legacy_tag(image)}",
    ]  # fmt: skip


@pytest.mark.parametrize("status", [500, 403, 429])
def test_a_registry_that_does_not_say_gives_documents_that_failed(registry: FakeRegistry, status: int) -> None:
    image = put_image(registry)
    put_referrer(registry, image)
    registry.rule("GET", "/referrers/")(lambda x: x.answer(status))
    assert outcomes(found(registry, image)) == [("referrer", "failed")]


def test_a_manifest_that_is_not_its_digest_is_refused(registry: FakeRegistry) -> None:
    image = put_image(registry)
    put_referrer(registry, image)
    name = next(name for name, (data, _) in registry.manifests.items() if b'"subject"' in data)
    data, kind = registry.manifests[name]
    registry.rule("GET", f"/manifests/{name}")(lambda x: x.answer(200, data + b" ", Content_Type=kind))
    (one,) = judge(found(registry, image), TRUST, image="x", now=NOW)
    assert one.document.outcome != "applied"
    assert one.statements == ()


def test_the_door_asks_the_images_own_repository_and_no_other(registry: FakeRegistry, tmp_path: Path) -> None:
    image = put_image(registry)
    put_referrer(registry, image)
    trust = tmp_path / "trust.toml"
    trust.write_text(trust_row("vendor", P256))
    inventory = msgspec.structs.replace(full(), subject=Subject(name=str(target(registry)), digest=image))
    search = VexSearch(target=str(target(registry)), trust=str(trust))
    with vex_door((), search, from_environment({"HOME": str(tmp_path)}), NOW) as said:
        documents, statements = said(inventory)
    assert [(d.outcome, d.signer) for d in documents] == [("applied", "vendor")]
    assert [s.vulnerability for s in statements] == ["CVE-2024-2222"]
    assert {x.path.partition("/team/app/")[0] for x in registry.log} == {"/v2"}


def test_discovery_that_is_not_wanted_asks_nobody(registry: FakeRegistry, tmp_path: Path) -> None:
    put_image(registry)
    search = VexSearch(target=str(target(registry)), discover=False)
    with vex_door((), search, from_environment({"HOME": str(tmp_path)}), NOW) as said:
        assert said(full()) == ((), ())
    assert registry.log == []
