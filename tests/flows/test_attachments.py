"""Everything attached to an image: listed wherever it lies, told who finds it, and taken away only where it is ours."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.adapters.registry import RegistryStore
from assay.adapters.registry_client import RegistryClient
from assay.artifact import consumers
from assay.artifact.consumers import Present, readings
from assay.artifact.reference import parse_reference
from assay.artifact.referrers import build_referrer
from assay.flows.attached import Place
from assay.flows.attest import sign_and_attach
from assay.flows.doctor import diagnose
from assay.flows.inspect import Judge, inspect, walk
from assay.flows.prune import carry_out, plan
from assay.flows.signing import KeyMaker
from assay.flows.verify import collect
from assay.formats import base64text, bundle, cosign, dsse
from assay.model.digest import Digest
from assay.model.errors import UnavailableError
from assay.model.image import Subject
from assay.model.limits import Limits
from assay.model.statement import Envelope, Signature
from assay.trust.expect import Expected, Legacy
from fakes.layouts import demo_layers, layout
from fakes.registry import MANIFEST, Exchange, FakeRegistry, fake_registry
from registry_push import push_layout
from signing import ED25519, NOW, P256, claim, ring

LIMITS = Limits(referrers_settle_seconds=0, http_backoff_seconds=0)
EMPTY = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": str(Digest.of(b"{}")), "size": 2}
SIGN = "https://sigstore.dev/cosign/sign/v1"
KEYLESS = "urn:keyless:1"


class At:
    def __init__(self, time: str) -> None:
        self.time = time

    def now(self) -> str:
        return self.time


class Place1:
    """An image, and means to attach things to it."""

    def __init__(self, registry: FakeRegistry, folder: Path) -> None:
        self.registry = registry
        layout(folder / "image", demo_layers())
        target = parse_reference(f"{registry.authority}/a/b:1")
        client = RegistryClient(target, limits=LIMITS)
        self.digest = push_layout(client, folder / "image", "1")
        self.store = RegistryStore(target, limits=LIMITS, client=client)
        self.subject = Subject(name="image", digest=self.digest)
        self.index = Digest.of(b"")

    def sign(self, signer: object, kind: str, time: str = NOW, **predicate: object) -> None:
        made = [claim(self.digest, {"time": time, **predicate}, kind)]
        maker = KeyMaker(signer, At(NOW))  # type: ignore[arg-type]
        sign_and_attach(self.store, self.store.describe(), made, maker, At(time), limits=LIMITS)

    def attach(self, data: bytes, kind: str) -> Digest:
        made = build_referrer(data, self.store.describe(), kind, NOW)
        for blob in made.blobs:
            self.store.push_blob(blob)
        self.store.push_referrer(made.manifest, made.descriptor, self.digest)
        assert made.descriptor.digest is not None
        return made.descriptor.digest

    def keyless(self) -> None:
        statement = claim(self.digest, kind=KEYLESS)
        envelope = Envelope(payload_type=dsse.IN_TOTO, payload=statement.payload, signatures=(Signature(b"x"),))
        self.attach(bundle.write(envelope, certificate=b"der"), KEYLESS)

    def manifest(
        self, layers: list[tuple[str, bytes, dict[str, str]]], *tags: str, subject: str = "", **more: str
    ) -> str:
        listed = []
        for kind, data, annotations in layers:
            self.registry.add_blob(data)
            entry = {"mediaType": kind, "digest": str(Digest.of(data)), "size": len(data)}
            listed.append(entry | ({"annotations": annotations} if annotations else {}))
        document: dict[str, object] = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": EMPTY,
            "layers": listed,
            **more,
        }
        if subject:
            size = len(self.registry.manifests[subject][0])
            document["subject"] = {"mediaType": MANIFEST, "digest": subject, "size": size}
        return self.registry.add_manifest(document, *tags)[0]

    def everything(self) -> None:
        """One of each kind."""
        self.sign(P256, SIGN)
        self.sign(ED25519, "urn:foreign:1")
        self.keyless()
        sbom = self.manifest(
            [("application/spdx+json", b"{}", {})], subject=str(self.digest), artifactType="application/spdx+json"
        )
        notation = "application/vnd.cncf.notary.signature"
        self.manifest([("application/jose+json", b"sig", {})], subject=sbom, artifactType=notation)
        tag = f"sha256-{self.digest.hex}"
        simple = "application/vnd.dev.cosign.simplesigning.v1+json"
        self.manifest([(simple, b"{}", {"dev.cosignproject.cosign/signature": "AAAA"})], f"{tag}.sig")
        said = {"predicateType": "urn:old:1"}
        self.manifest([("application/vnd.dsse.envelope.v1+json", b"{}", said)], f"{tag}.att")
        bare = {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"}
        built = self.manifest([("application/vnd.in-toto+json", b"{}", bare)])
        names = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": str(self.digest)}
        entry = {"mediaType": MANIFEST, "digest": built, "size": len(self.registry.manifests[built][0])}
        index = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [entry | {"annotations": names, "platform": {"os": "unknown", "architecture": "unknown"}}],
        }
        self.index = Digest.parse(self.registry.add_manifest(index)[0])
        self.subject = Subject(name="image", digest=self.digest, index=self.index)


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with fake_registry() as running:
        yield running


@pytest.fixture
def image(registry: FakeRegistry, tmp_path: Path) -> Iterator[Place1]:
    made = Place1(registry, tmp_path)
    yield made
    made.store.close()


def test_everything_is_listed_wherever_it_lies(image: Place1) -> None:
    image.everything()
    (tree,) = inspect(Place(image.store, image.store), [image.subject], None, limits=LIMITS)
    found = {(b.item.found, b.item.form, b.item.predicate_type or b.item.artifact_type) for b in walk(tree.branches)}
    assert found == {
        ("referrer", "bundle", SIGN),
        ("referrer", "bundle", "urn:foreign:1"),
        ("referrer", "bundle", KEYLESS),
        ("referrer", "other", "application/spdx+json"),
        ("referrer", "other", "application/vnd.cncf.notary.signature"),
        ("tag", "signature", SIGN),
        ("tag", "envelope", "urn:old:1"),
        ("index", "statement", "https://slsa.dev/provenance/v0.2"),
    }
    assert tree.error is None
    (sbom,) = [b for b in tree.branches if b.item.artifact_type == "application/spdx+json"]
    assert [b.item.artifact_type for b in sbom.branches] == ["application/vnd.cncf.notary.signature"]
    assert all(b.row is None for b in walk(tree.branches))


def test_with_somebody_to_trust_each_is_judged(image: Place1) -> None:
    image.everything()
    by = Judge(roots=None, expected=Expected(keys=ring(P256)), now=NOW)
    (tree,) = inspect(Place(image.store, image.store), [image.subject], by, limits=LIMITS)
    rows = {
        b.item.predicate_type: (b.row.outcome, b.row.code)
        for b in walk(tree.branches)
        if b.row and b.item.found != "tag"
    }
    assert rows == {
        SIGN: ("verified", ""),
        "urn:foreign:1": ("not-trusted", "KEY_UNKNOWN"),
        KEYLESS: ("not-trusted", "KEY_UNEXPECTED"),
        "https://slsa.dev/provenance/v0.2": ("not-signed", "NOT_SIGNED"),
    }
    older = [b.row.outcome for b in walk(tree.branches) if b.row and b.item.found == "tag"]
    assert older == ["unsupported", "unsupported"], "older forms count only where they are asked for"


def test_a_list_that_cannot_be_read_is_not_an_empty_one(image: Place1, registry: FakeRegistry) -> None:
    image.everything()

    def down(x: Exchange) -> bool:
        return x.answer(403)

    registry.rule("GET", "/referrers/")(down)
    (tree,) = inspect(Place(image.store, image.store), [image.subject], None, limits=LIMITS)
    assert isinstance(tree.error, UnavailableError)
    with pytest.raises(UnavailableError):
        diagnose(Place(image.store, image.store), image.subject, limits=LIMITS)


def test_unsigned_statements_of_builders_are_told_where_nothing_else_is(image: Place1) -> None:
    image.everything()
    alone = [d for d in image.store.referrers(image.digest) if d.digest is not None]
    for descriptor in alone:
        del image.registry.manifests[str(descriptor.digest)]
    found = collect(image.store, image.digest, None, Expected(keys=ring(P256)), NOW, index=image.index, limits=LIMITS)
    assert [(row.outcome, row.format, row.predicate_type) for row in found.rows] == [
        ("not-signed", "in-toto statement", "https://slsa.dev/provenance/v0.2")
    ]
    assert found.exit_code() == 3


def test_the_doctor_says_who_finds_what(image: Place1) -> None:
    image.everything()
    told = diagnose(Place(image.store, image.store), image.subject, limits=LIMITS)
    found = {r.consumer.name: (r.signatures_count, r.attestations_count) for r in told.readings}
    assert found == {
        "assay": (2, 3),
        "cosign 3": (2, 3),
        "cosign 2.4-2.6": (1, 1),
        "policy-controller 0.15": (1, 2),
        "Kyverno, type Cosign": (1, 1),
        "Kyverno, type SigstoreBundle": (1, 2),
        "zot, trust view": (1, 0),
    }
    assert [reading.remedy for reading in told.readings] == [""] * len(consumers.TABLE)


def test_the_doctor_has_a_remedy_where_something_is_there_and_not_found() -> None:
    by_name = {r.consumer.name: r for r in readings([Present("signature", "bundle-key")])}
    assert by_name["cosign 3"].remedy == ""
    assert by_name["cosign 2.4-2.6"].remedy == consumers.COMPAT
    assert by_name["policy-controller 0.15"].remedy == consumers.COMPAT
    old = {r.consumer.name: r for r in readings([Present("attestation", "older-tag")])}
    assert old["Kyverno, type SigstoreBundle"].remedy.startswith("sign again")
    assert old["zot, trust view"].remedy == "", "it reads no attestations at all"
    assert {r.remedy for r in readings([])} == {""}


def planned(image: Place1, keep: int = 1, **how: object) -> object:
    return plan(image.store, image.digest, None, Expected(keys=ring(P256)), NOW, keep=keep, limits=LIMITS, **how)  # type: ignore[arg-type]


def times(image: Place1, kind: str) -> list[str]:
    found = collect(image.store, image.digest, None, Expected(keys=ring(P256, ED25519)), NOW, limits=LIMITS)
    return sorted(str(e.statement.predicate["time"]) for e in found.evidence if e.statement.predicate_type == kind)


def test_the_newest_of_each_type_by_each_signer_stay(image: Place1, registry: FakeRegistry) -> None:
    days = [f"2026-01-0{day}T00:00:00Z" for day in range(1, 5)]
    for day in days:
        image.sign(P256, "urn:a:1", day)
        image.sign(ED25519, "urn:a:1", day)
    image.sign(P256, "urn:b:1", days[0])
    made = planned(image, keep=2)
    assert [(old.time, old.kept) for old in made.ours if old.predicate_type == "urn:a:1"] == [
        (days[3], True), (days[2], True), (days[1], False), (days[0], False),
    ]  # fmt: skip
    assert [old.kept for old in made.ours if old.predicate_type == "urn:b:1"] == [True]
    assert made.foreign_count == 4
    before = dict(registry.manifests)
    assert planned(image, keep=2) == made
    assert registry.manifests == before, "a plan changes nothing"
    assert carry_out(made, image.store) == 2
    assert times(image, "urn:a:1") == sorted([*days, *days[2:]])
    assert times(image, "urn:b:1") == days[:1]
    assert planned(image, keep=2).going == ()


def test_what_is_foreign_or_unreadable_stays(image: Place1) -> None:
    image.everything()
    image.attach(b"{", SIGN)
    made = planned(image)
    assert made.going == ()
    assert made.foreign_count == 4
    image.sign(P256, SIGN, "2026-11-05T00:00:00Z")
    made = planned(image)
    assert [old.predicate_type for old in made.going] == [SIGN]


def test_what_cannot_be_fetched_stops_the_pruning(image: Place1, registry: FakeRegistry) -> None:
    for day in (1, 2):
        image.sign(P256, "urn:a:1", f"2026-01-0{day}T00:00:00Z")
    blob = next(name for name, data in registry.blobs.items() if b"dsseEnvelope" in data)
    del registry.blobs[blob]
    with pytest.raises(UnavailableError, match="newest"):
        planned(image)


def test_only_the_types_asked_for_are_pruned(image: Place1) -> None:
    for day in (1, 2):
        for kind in ("urn:a:1", "urn:b:1"):
            image.sign(P256, kind, f"2026-01-0{day}T00:00:00Z")
    made = planned(image, types=frozenset({"urn:a:1"}))
    assert {old.predicate_type for old in made.going} == {"urn:a:1"}


def test_documents_are_json(image: Place1) -> None:
    from assay.interfaces.cli.render import attached

    image.everything()
    by = Judge(roots=None, expected=Expected(keys=ring(P256)), now=NOW)
    trees = inspect(Place(image.store, image.store), [image.subject], by, limits=LIMITS)
    for value in (
        [attached.tree_document(tree) for tree in trees],
        attached.diagnosis_document(diagnose(Place(image.store, image.store), image.subject, limits=LIMITS)),
        attached.plan_document(planned(image), done=False),  # type: ignore[arg-type]
    ):
        assert json.loads(json.dumps(value))


@pytest.mark.parametrize("columns", [80, 40])
def test_no_line_is_wider_than_the_terminal(image: Place1, columns: int) -> None:
    from assay.interfaces.cli.render import attached
    from assay.interfaces.cli.render.text import width

    image.everything()
    by = Judge(roots=None, expected=Expected(keys=ring(P256)), now=NOW)
    trees = inspect(Place(image.store, image.store), [image.subject], by, limits=LIMITS)
    told = diagnose(Place(image.store, image.store), image.subject, limits=LIMITS)
    texts = (
        attached.trees(trees, columns=columns, colour=False),
        attached.diagnosis(told, columns=columns),
        attached.plan(planned(image), columns=columns, done=False),  # type: ignore[arg-type]
    )
    assert all(width(line) <= columns for text in texts for line in text.splitlines())


def test_an_older_signature_may_be_a_referrer(image: Place1) -> None:
    """As cosign 2 attaches it with COSIGN_EXPERIMENTAL and the referrers API."""
    payload = cosign.write_payload(image.digest)
    simple = "application/vnd.dev.cosign.simplesigning.v1+json"
    said = {cosign.SIGNATURE: base64text.encode(P256.sign(payload))}
    kind = "application/vnd.dev.cosign.artifact.sig.v1+json"
    image.manifest([(simple, payload, said)], subject=str(image.digest), artifactType=kind)
    for legacy, outcome in ((True, "verified"), (False, "unsupported")):
        expected = Expected(keys=ring(P256), legacy=Legacy(cosign_v2=legacy))
        (row,) = collect(image.store, image.digest, None, expected, NOW, limits=LIMITS).rows
        assert (row.outcome, row.format) == (outcome, "cosign .sig")
    told = diagnose(Place(image.store, image.store), image.subject, limits=LIMITS)
    assert told.present == (Present("signature", "older-referrer"),)


def test_a_bare_statement_is_a_referrer_nobody_signed(image: Place1) -> None:
    """As Docker attaches in-toto statements: marked unsigned, not downloaded."""
    kind = "application/vnd.in-toto.provenance+json"
    image.manifest([(kind, b"{}", {})], subject=str(image.digest), artifactType=kind)
    image.registry.log.clear()
    (row,) = collect(image.store, image.digest, None, Expected(keys=ring(P256)), NOW, limits=LIMITS).rows
    assert (row.outcome, row.code, row.format) == ("not-signed", "NOT_SIGNED", "in-toto statement")
    assert len(image.registry.log) == 1
