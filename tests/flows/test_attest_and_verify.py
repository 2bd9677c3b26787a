"""Statements go out signed and attached, come back verified, and nothing else is believed on the way."""

import json
from collections.abc import Callable

import pytest

from assay.artifact import referrers
from assay.flows.attest import sign_and_attach
from assay.flows.decide import decide
from assay.flows.signing import KeyMaker
from assay.flows.statements import resource_uri, statements, summary
from assay.flows.verify import collect
from assay.formats import intoto, predicates, vsa
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnavailableError, UnsupportedError, UntrustedError
from assay.model.image import Descriptor, Subject
from assay.policy import explain
from deciding import CLEAN, REPORT, FakeEngine, answer, change, policy, rego, seen
from signing import ED25519, NOW, OTHER, P256, changed, claim, trusting

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
IMAGE = b'{"schemaVersion":2}'
TARGET = Digest.of(IMAGE)
DESCRIPTOR = Descriptor(media_type=MANIFEST_TYPE, digest=TARGET, size=len(IMAGE))
SUBJECT = Subject(name="registry.example/team/app:1.0", digest=TARGET)
CLEAN = change(CLEAN, subject=SUBJECT)
REPORT = change(REPORT, subject=SUBJECT)
SBOM = (predicates.CYCLONEDX, b'{"bomFormat":"CycloneDX","components":[{"purl":"pkg:deb/a@1","name":"a"}]}')


class FixedClock:
    def now(self) -> str:
        return NOW


class MemoryStore:
    """A `ReferrerStore` in memory that counts its writes."""

    def __init__(self) -> None:
        self.blobs: dict[Digest, bytes] = {}
        self.listed: list[Descriptor] = []
        self.writes: list[str] = []
        self.fetch_hook: Callable[[Digest, bytes], bytes] = lambda _, data: data

    def describe(self) -> Descriptor:
        return DESCRIPTOR

    def referrers(self, subject: Digest) -> tuple[Descriptor, ...]:
        return tuple(self.listed) if subject == TARGET else ()

    def fetch(self, digest: Digest, limit: int, *, manifest: bool) -> bytes:
        return self.fetch_hook(digest, self.blobs[digest])

    def push_blob(self, data: bytes) -> Digest:
        self.writes.append("blob")
        self.blobs[Digest.of(data)] = data
        return Digest.of(data)

    def push_referrer(self, manifest: bytes, descriptor: Descriptor, subject: Digest) -> None:
        parsed = referrers.parse_referrer(manifest, where="pushed")
        assert parsed.layer.digest in self.blobs, "the blob goes before the manifest"
        self.writes.append("referrer")
        self.blobs[Digest.of(manifest)] = manifest
        self.listed.append(descriptor)

    def attach(self, bundle: bytes, predicate_type: str = "urn:x:1") -> None:
        made = referrers.build_referrer(bundle, DESCRIPTOR, predicate_type, NOW)
        for blob in made.blobs:
            self.push_blob(blob)
        self.push_referrer(made.manifest, made.descriptor, TARGET)


@pytest.fixture
def store():
    return MemoryStore()


def attach(store, made, signer=P256, **how):
    return sign_and_attach(store, DESCRIPTOR, made, KeyMaker(signer, FixedClock()), FixedClock(), **how)


def collected(store, *signers):
    return collect(store, TARGET, None, trusting(*signers), NOW)


def test_what_is_attached_comes_back_as_evidence(store):
    made = statements(REPORT, timestamp=NOW, documents=(SBOM,))
    attached = attach(store, made)
    assert [a.written for a in attached] == [True] * 3
    found = collected(store, P256)
    assert sorted(e.statement.payload for e in found.evidence) == sorted(s.payload for s in made)
    assert {row.outcome for row in found.rows} == {"verified"}
    assert found.exit_code() == 0
    assert found.summary() == f"3 of 3 attestations of {TARGET} verified"


def test_attaching_again_writes_nothing(store):
    made = statements(REPORT, timestamp=NOW)
    first = attach(store, made)
    store.writes.clear()
    again = attach(store, made)
    assert store.writes == []
    assert [(a.bundle, a.manifest, a.written) for a in again] == [(a.bundle, a.manifest, False) for a in first]
    assert [a.written for a in attach(store, made, force=True)] == [True, True]


def test_another_signer_or_another_statement_is_written(store):
    made = statements(REPORT, timestamp=NOW)
    attach(store, made)
    assert all(a.written for a in attach(store, made, ED25519))
    newer = statements(REPORT, timestamp="2026-11-03T00:00:00Z")
    assert {a.predicate_type: a.written for a in attach(store, newer)} == {
        predicates.IMAGE_FACTS: False,
        predicates.VULNS: True,
    }


def test_a_damaged_copy_does_not_count_as_there(store):
    made = statements(REPORT, timestamp=NOW)[:1]
    attach(store, made)
    store.fetch_hook = lambda _, data: data[:-1] + b" "
    assert [a.written for a in attach(store, made)] == [True]


def test_a_statement_about_something_else_is_not_attached(store):
    with pytest.raises(UntrustedError) as caught:
        attach(store, [claim(Digest.of(b"other"))])
    assert caught.value.code == "SUBJECT_MISMATCH"
    assert store.writes == []


def test_a_target_without_a_digest_cannot_hold_evidence(store):
    with pytest.raises(UnsupportedError):
        sign_and_attach(
            store, Descriptor(media_type="x", digest=None, size=None), [], KeyMaker(P256, FixedClock()), FixedClock()
        )


def test_none_found_and_none_verified_never_share_a_message(store):
    nothing = collected(store, P256)
    assert nothing.summary().startswith("no attestation is attached")
    assert nothing.exit_code() == 3
    attach(store, [claim(TARGET)], OTHER)
    unbelieved = collected(store, P256)
    assert unbelieved.summary() == f"none of 1 attestations of {TARGET} verified"
    assert unbelieved.exit_code() == 3
    assert unbelieved.rows[0].code == "KEY_UNKNOWN"


def test_each_referrer_is_judged_by_itself(store):
    from assay.trust import dsse

    attach(store, [claim(TARGET)])
    store.attach(dsse.sign(claim(TARGET), OTHER))
    store.attach(dsse.sign(claim(Digest.of(b"replayed")), P256))
    store.attach(b"{")
    store.attach(changed(dsse.sign(claim(TARGET), P256), "dsseEnvelope", "signatures", value=[]))
    found = collected(store, P256)
    assert sorted((row.outcome, row.code) for row in found.rows) == [
        ("malformed", "PARSE_FORM"),
        ("not-signed", "NOT_SIGNED"),
        ("not-trusted", "KEY_UNKNOWN"),
        ("not-trusted", "SUBJECT_MISMATCH"),
        ("verified", ""),
    ]
    assert len(found.evidence) == 1


def test_referrers_of_other_kinds_are_counted_and_left_alone(store):
    store.listed.append(
        Descriptor(media_type="x", digest=Digest.of(b"s"), size=1, artifact_type="application/spdx+json")
    )
    found = collected(store, P256)
    assert (found.rows, found.ignored_count) == ((), 1)
    assert "1 referrers are something else" in found.summary()


@pytest.mark.parametrize("part", ["manifest", "bundle"])
def test_bytes_that_do_not_match_their_digest_are_not_trusted(store, part):
    attach(store, [claim(TARGET)])
    manifest = store.listed[0].digest
    swap = {
        "manifest": lambda d, b: b + b" " if d == manifest else b,
        "bundle": lambda d, b: b if d == manifest else b[1:],
    }
    store.fetch_hook = swap[part]
    (row,) = collected(store, P256).rows
    assert row.outcome == "not-trusted"


def test_what_cannot_be_fetched_is_unavailable_and_not_unsigned(store):
    attach(store, [claim(TARGET)])

    def broken(digest, data):
        raise UnavailableError("no answer", why="timeout")

    store.fetch_hook = broken
    found = collected(store, P256)
    assert [row.outcome for row in found.rows] == ["unavailable"]
    assert found.exit_code() == 75


def test_a_referrer_copied_from_another_image_is_refused(store):
    made = referrers.build_referrer(
        b"{}", Descriptor(media_type=MANIFEST_TYPE, digest=Digest.of(b"o"), size=1), "urn:x:1", NOW
    )
    store.blobs[made.descriptor.digest] = made.manifest
    store.listed.append(made.descriptor)
    (row,) = collected(store, P256).rows
    assert (row.outcome, row.code) == ("not-trusted", "SUBJECT_MISMATCH")


def test_the_verdict_over_attestations_equals_the_local_one(store):
    bundle = policy(rego("a.one", needs="findings"), rego("b.two", needs="sbom"), rego("c.three", needs="image"))
    engine = FakeEngine(a_one=answer("a_one", deny=({"msg": "no"},)))
    local = decide(seen(REPORT, SBOM), bundle, engine, NOW, SUBJECT, 1)
    attach(store, statements(REPORT, timestamp=NOW, documents=(SBOM,)))
    found = collected(store, P256)
    remote = decide(found.evidence, bundle, engine, NOW, SUBJECT, 1, rows=found.rows)
    assert [(r.rule, r.outcome) for r in remote.reasons] == [(r.rule, r.outcome) for r in local.reasons]
    facts = json.loads(engine.facts)
    assert facts["signatures"]["verifying"] is True
    assert {a["kind"] for a in facts["signatures"]["attestations"]} == {"key"}


def test_without_attestations_a_verification_finds_evidence_missing(store):
    found = collected(store, P256)
    bundle = policy(rego("a.one", needs="findings"), rego("b.two", needs="signatures"))
    verdict = decide(found.evidence, bundle, FakeEngine(), NOW, SUBJECT, 1, rows=found.rows)
    assert {r.outcome for r in verdict.reasons} == {"evidence_missing"}
    assert explain.exit_code(verdict) == 1


@pytest.mark.parametrize("deny", [(), ({"msg": "no"},)])
def test_a_verdict_becomes_a_summary_and_comes_back(store, deny):
    engine = FakeEngine(a_one=answer("a_one", deny=deny))
    verdict = decide(seen(CLEAN), policy(rego("a.one", needs="findings")), engine, NOW, SUBJECT, 1)
    made = summary(verdict, CLEAN)
    attach(store, [made])
    (evidence,) = collected(store, P256).evidence
    assert evidence.statement.predicate_type == predicates.VSA
    read = vsa.read(evidence.statement.predicate, where="x")
    assert read.verification_result == ("FAILED" if deny else "PASSED")
    assert read.verified_levels == ("FAILED" if deny else "ASSAY_POLICY_PASSED",)
    assert not any(level.startswith("SLSA_") for level in read.verified_levels)
    assert read.resource_uri.startswith("pkg:oci/app@sha256%3A")
    assert read.policy.digest == {"sha256": verdict.policy_digest.removeprefix("sha256:")}
    assert [r.digest for r in read.input_attestations] == [
        {"sha256": text.removeprefix("sha256:")} for text in verdict.reasons[0].evidence
    ]
    assert evidence.statement.predicate["urn:assay:vsa:reasons"][0]["messages"] == [e["msg"] for e in deny]


def test_a_summary_with_missing_fields_is_malformed():
    with pytest.raises(MalformedError):
        vsa.read({"verifier": {"id": "x"}}, where="x")


def test_the_vulnerability_predicate_has_the_required_fields():
    (statement,) = [s for s in statements(REPORT, timestamp=NOW) if s.predicate_type == predicates.VULNS]
    scanner = statement.predicate["scanner"]
    assert scanner["uri"]
    assert scanner["db"]["lastUpdate"] == "2026-11-01T00:00:00Z"
    assert statement.predicate["metadata"] == {"scanStartedOn": NOW, "scanFinishedOn": NOW}
    assert all(r["id"] and all(s["method"] and s["score"] for s in r["severity"]) for r in scanner["result"])


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("registry.example/team/App:1.0", "pkg:oci/app@sha256%3A"),
        ("registry.example:5000/team/app@sha256:" + "00" * 32, "pkg:oci/app@sha256%3A"),
        ("debian", "pkg:oci/debian@sha256%3A"),
    ],
)
def test_resource_uris(name, start):
    assert resource_uri(Subject(name=name, digest=TARGET)).startswith(start)


def test_resource_uris_name_the_repository_or_nothing():
    uri = resource_uri(Subject(name="registry.example:5000/team/app:1", digest=TARGET))
    assert uri.endswith("?repository_url=registry.example%3A5000/team/app")
    assert "?" not in resource_uri(Subject(name="app:1", digest=TARGET))
    assert resource_uri(Subject(name="root fs", kind="rootfs")) == "urn:assay:rootfs:root%20fs"


def test_a_folder_is_named_by_its_inventory():
    folder = change(CLEAN, subject=Subject(name="rootfs", kind="rootfs"))
    first, again = statements(folder, timestamp=NOW), statements(folder, timestamp=NOW)
    assert first == again
    assert first[0].subject[0].digest["sha256"]
    other = statements(change(folder, components=()), timestamp=NOW)
    assert other[0].subject != first[0].subject


def test_a_document_that_is_no_object_is_refused():
    with pytest.raises(MalformedError):
        statements(CLEAN, timestamp=NOW, documents=((predicates.SPDX, b"[]"),))


def test_statements_are_canonical_and_repeatable():
    for statement in statements(REPORT, timestamp=NOW, documents=(SBOM,)):
        assert intoto.read(statement.payload, where="x") == statement


def test_a_document_is_stated_about_any_subject(store):
    from assay.flows.statements import document

    made = document(SUBJECT, kind="urn:custom:1", data=b'{"b":1,"a":[2]}')
    attach(store, [made])
    (evidence,) = collected(store, P256).evidence
    assert evidence.statement.predicate == {"a": [2], "b": 1}
    assert evidence.statement.predicate_type == "urn:custom:1"
    with pytest.raises(UnsupportedError):
        document(Subject(name="x"), kind="urn:custom:1", data=b"{}")
    with pytest.raises(MalformedError):
        document(SUBJECT, kind="urn:custom:1", data=b"[]")


def test_an_sbom_is_attached_as_a_document_too_and_once(store):
    from assay.flows.attest import attach_document

    store.push_referrer = lambda manifest, descriptor, subject: (
        store.writes.append("referrer"),
        store.blobs.__setitem__(Digest.of(manifest), manifest),
        store.listed.append(descriptor),
    )
    sbom, facts = statements(REPORT, timestamp=NOW, documents=(SBOM,))[2], statements(REPORT, timestamp=NOW)[0]
    done = attach_document(store, DESCRIPTOR, sbom, FixedClock())
    assert done.written
    assert json.loads(store.blobs[done.bundle]) == json.loads(SBOM[1])
    assert store.listed[0].artifact_type == "application/vnd.cyclonedx+json"
    writes = len(store.writes)
    again = attach_document(store, DESCRIPTOR, sbom, FixedClock())
    assert (again.written, again.manifest, len(store.writes)) == (False, done.manifest, writes)
    assert attach_document(store, DESCRIPTOR, facts, FixedClock()) is None
    assert collected(store, P256).ignored_count == 1, "a document is no evidence"


def test_every_kind_of_sbom_has_its_media_type(store):
    from assay.flows.attest import PLAIN_TYPES, attach_document
    from assay.flows.statements import document

    store.push_referrer = lambda manifest, descriptor, _: (
        store.blobs.__setitem__(Digest.of(manifest), manifest),
        store.listed.append(descriptor),
    )
    for kind in PLAIN_TYPES:
        assert attach_document(store, DESCRIPTOR, document(SUBJECT, kind=kind, data=b"{}"), FixedClock()).written
    assert [one.artifact_type for one in store.listed] == [
        "application/vnd.cyclonedx+json",
        "application/spdx+json",
        "application/spdx3+json",
    ]
