"""What `trust.verify` believes and what it refuses, each with its code."""

import base64
import json

import pytest

from assay.formats import bundle as bundles
from assay.formats import dsse as envelopes
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnsupportedError, UntrustedError
from assay.model.limits import Limits
from assay.model.statement import Envelope, Signature
from assay.trust import dsse, keyring
from assay.trust.expect import Expected
from assay.trust.observed import observed
from assay.trust.verify import verify
from signing import ED25519, NOW, OTHER, P256, SIGNERS, TARGET, changed, claim, trusting

GOOD = dsse.sign(claim(), P256)
V03_OLD = "application/vnd.dev.sigstore.bundle+json;version=0.3"


@pytest.mark.parametrize("name", SIGNERS)
def test_a_signed_statement_becomes_evidence(name):
    signer = SIGNERS[name]
    data = dsse.sign(claim(), signer)
    evidence = verify(data, TARGET, None, trusting(OTHER, signer), NOW, name="here")
    assert evidence.statement == claim()
    assert evidence.signer.kind == "key"
    assert evidence.signer.key_id == keyring.key_id(signer.public_key())
    assert evidence.digest == Digest.of(data)
    assert {c.step: c.outcome for c in evidence.checks} == {
        "parse": "pass",
        "material": "pass",
        "content": "pass",
        "signature": "pass",
        "statement": "pass",
        "window": "pass",
        "subject": "pass",
    }


@pytest.mark.parametrize("name", SIGNERS)
def test_a_signature_does_not_hold_under_another_key(name):
    signer = SIGNERS[name]
    for other in (s for n, s in SIGNERS.items() if n != name and s.public_key() != signer.public_key()):
        hint = keyring.key_id(other.public_key())
        twin = changed(dsse.sign(claim(), signer), "verificationMaterial", "publicKey", "hint", value=hint)
        with pytest.raises(UntrustedError) as caught:
            verify(twin, TARGET, None, trusting(other, signer), NOW, name="here")
        assert caught.value.code == "SIGNATURE"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def resigned(payload: bytes, kind: str = envelopes.IN_TOTO, times: int = 1, keyid: str | None = None) -> bytes:
    """Correctly signed, whatever it says."""
    hint = keyring.key_id(P256.public_key())
    signature = Signature(P256.sign(envelopes.pae(kind, payload)), hint if keyid is None else keyid)
    return bundles.write(Envelope(payload_type=kind, payload=payload, signatures=(signature,) * times), hint)


ENTRY = {
    "logIndex": "1",
    "logId": {"keyId": "AAAA"},
    "kindVersion": {"kind": "dsse", "version": "0.0.1"},
    "canonicalizedBody": "e30=",
}
REFUSED = {
    "empty": (b"", "PARSE_FORM"),
    "truncated": (GOOD[:-7], "PARSE_FORM"),
    "bytes after": (GOOD + b"x", "PARSE_FORM"),
    "byte-order mark": (b"\xef\xbb\xbf" + GOOD, "PARSE_FORM"),
    "not UTF-8": (GOOD[:-1] + b"\xff", "PARSE_FORM"),
    "duplicate name": (GOOD.replace(b'"mediaType"', b'"mediaType":"x","mediaType"'), "PARSE_FORM"),
    "deep": (b"[" * 10_000, "PARSE_FORM"),
    "array": (b"[]", "PARSE_FORM"),
    "unknown name": (changed(GOOD, "extra", value=1), "PARSE_FORM"),
    "snake case": (GOOD.replace(b"mediaType", b"media_type"), "PARSE_FORM"),
    "unknown name inside": (changed(GOOD, "dsseEnvelope", "extra", value=1), "PARSE_FORM"),
    "unknown name in the signature": (changed(GOOD, "dsseEnvelope", "signatures", 0, "cert", value=""), "PARSE_FORM"),
    "payload is a number": (changed(GOOD, "dsseEnvelope", "payload", value=3), "PARSE_FORM"),
    "unpadded": (changed(GOOD, "dsseEnvelope", "signatures", 0, "sig", value="AAA"), "PARSE_FORM"),
    "URL alphabet": (changed(GOOD, "dsseEnvelope", "signatures", 0, "sig", value="_-__"), "PARSE_FORM"),
    "stray bits": (changed(GOOD, "dsseEnvelope", "signatures", 0, "sig", value="AB=="), "PARSE_FORM"),
    "white space": (changed(GOOD, "dsseEnvelope", "signatures", 0, "sig", value="AAAA\n"), "PARSE_FORM"),
    "negative index": (
        changed(GOOD, "verificationMaterial", "tlogEntries", value=[{**ENTRY, "logIndex": "-1"}]),
        "PARSE_FORM",
    ),
    "huge index": (
        changed(GOOD, "verificationMaterial", "tlogEntries", value=[{**ENTRY, "logIndex": str(1 << 63)}]),
        "PARSE_FORM",
    ),
    "leading zero": (
        changed(GOOD, "verificationMaterial", "tlogEntries", value=[{**ENTRY, "logIndex": "01"}]),
        "PARSE_FORM",
    ),
    "too many timestamps": (
        changed(
            GOOD,
            "verificationMaterial",
            "timestampVerificationData",
            value={"rfc3161Timestamps": [{"signedTimestamp": "AAAA"}] * 33},
        ),
        "PARSE_FORM",
    ),
    "unknown version": (changed(GOOD, "mediaType", value=V03_OLD.replace("0.3", "0.4")), "BUNDLE_VERSION"),
    "no material": (changed(GOOD, "verificationMaterial", value={}), "BUNDLE_MATERIAL"),
    "two materials": (
        changed(GOOD, "verificationMaterial", "certificate", value={"rawBytes": "AAAA"}),
        "BUNDLE_MATERIAL",
    ),
    "chain in v0.3": (
        changed(GOOD, "verificationMaterial", value={"x509CertificateChain": {"certificates": []}}),
        "BUNDLE_MATERIAL",
    ),
    "no hint": (changed(GOOD, "verificationMaterial", "publicKey", "hint", value=""), "BUNDLE_MATERIAL"),
    "keyid differs": (changed(GOOD, "dsseEnvelope", "signatures", 0, "keyid", value="x"), "BUNDLE_MATERIAL"),
    "certificate": (
        changed(GOOD, "verificationMaterial", value={"certificate": {"rawBytes": "AAAA"}}),
        "KEY_UNEXPECTED",
    ),
    "no content": (changed(GOOD, "dsseEnvelope", value=...), "BUNDLE_CONTENT"),
    "two contents": (changed(GOOD, "messageSignature", value={"signature": "AAAA"}), "BUNDLE_CONTENT"),
    "no signatures": (changed(GOOD, "dsseEnvelope", "signatures", value=[]), "NOT_SIGNED"),
    "two signatures": (resigned(claim().payload, times=2), "BUNDLE_CONTENT"),
    "other payload type": (resigned(claim().payload, "application/json"), "BUNDLE_CONTENT"),
    "only a message": (
        changed(changed(GOOD, "messageSignature", value={"signature": "AAAA"}), "dsseEnvelope", value=...),
        "BUNDLE_CONTENT",
    ),
    "changed payload": (changed(GOOD, "dsseEnvelope", "payload", value=b64(claim(predicate={}).payload)), "SIGNATURE"),
    "not DER": (changed(GOOD, "dsseEnvelope", "signatures", 0, "sig", value="AAAA"), "SIGNATURE"),
    "empty signature": (changed(GOOD, "dsseEnvelope", "signatures", 0, "sig", value=""), "SIGNATURE"),
    "signed without the PAE": (
        changed(GOOD, "dsseEnvelope", "signatures", 0, "sig", value=b64(P256.sign(claim().payload))),
        "SIGNATURE",
    ),
    "unknown key": (dsse.sign(claim(), OTHER), "KEY_UNKNOWN"),
    "other artifact": (dsse.sign(claim(Digest.of(b"other")), P256), "SUBJECT_MISMATCH"),
    "payload no JSON": (resigned(b"hello"), "PARSE_STATEMENT"),
    "payload with two readings": (
        resigned(claim().payload.replace(b'"a":1', b'"a":1,"a":2')),
        "PARSE_STATEMENT",
    ),
    "no subject": (resigned(json.dumps({**json.loads(claim().payload), "subject": []}).encode()), "PARSE_STATEMENT"),
    "subject without digest": (
        resigned(json.dumps({**json.loads(claim().payload), "subject": [{"digest": {}}]}).encode()),
        "PARSE_STATEMENT",
    ),
    "other _type": (resigned(claim().payload.replace(b"Statement/v1", b"Statement/v2")), "PARSE_STATEMENT"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses(case):
    data, code = REFUSED[case]
    with pytest.raises(UntrustedError) as caught:
        verify(data, TARGET, None, trusting(P256), NOW, name="here")
    assert caught.value.code == code
    assert caught.value.step
    assert caught.value.where == "here"
    assert caught.value.why


def test_a_key_bundle_needs_a_key():
    with pytest.raises(UntrustedError) as caught:
        verify(GOOD, TARGET, None, Expected(), NOW, name="here")
    assert caught.value.code == "KEY_REQUIRED"


def test_a_certificate_bundle_needs_an_expected_identity():
    data = changed(GOOD, "verificationMaterial", value={"certificate": {"rawBytes": "AAAA"}})
    with pytest.raises(UntrustedError) as caught:
        verify(data, TARGET, None, Expected(), NOW, name="here")
    assert caught.value.code == "IDENTITY"


def test_too_long_is_refused_before_parsing():
    with pytest.raises(UntrustedError) as caught:
        verify(GOOD, TARGET, None, trusting(P256), NOW, name="here", limits=Limits(bundle_bytes=100))
    assert caught.value.code == "PARSE_LIMIT"


@pytest.mark.parametrize(
    ("window", "holds"),
    [
        ({"not_before": NOW, "not_after": NOW}, True),
        ({"not_before": "2026-11-02T03:04:06Z"}, False),
        ({"not_after": "2026-11-02T03:04:04Z"}, False),
    ],
)
def test_a_key_counts_inside_its_closed_window(window, holds):
    keys = trusting(P256, **window)
    if holds:
        assert verify(GOOD, TARGET, None, keys, NOW, name="here")
        return
    with pytest.raises(UntrustedError) as caught:
        verify(GOOD, TARGET, None, keys, NOW, name="here")
    assert caught.value.code == "KEY_WINDOW"


@pytest.mark.parametrize(
    "variant",
    [
        changed(GOOD, "dsseEnvelope", "signatures", 0, "keyid", value=""),
        changed(GOOD, "dsseEnvelope", "signatures", 0, "keyid", value=None),
        changed(GOOD, "dsseEnvelope", "signatures", 0, "keyid", value=keyring.key_id(P256.public_key())),
        changed(GOOD, "mediaType", value=V03_OLD),
        changed(GOOD, "mediaType", value=V03_OLD.replace("0.3", "0.2")),
        changed(GOOD, "mediaType", value=V03_OLD.replace("0.3", "0.1")),
        changed(GOOD, "messageSignature", value=None),
        changed(GOOD, "verificationMaterial", "tlogEntries", value=[]),
    ],
)
def test_positive_traps(variant):
    assert verify(variant, TARGET, None, trusting(P256), NOW, name="here").statement == claim()


def test_log_entries_beside_a_key_are_said_to_be_unchecked():
    data = changed(GOOD, "verificationMaterial", "tlogEntries", value=[ENTRY])
    checks = {c.step: c for c in verify(data, TARGET, None, trusting(P256), NOW, name="here").checks}
    assert checks["log"].outcome == "skip"
    assert "not checked" in checks["log"].reason


def test_without_a_target_the_subject_check_is_reported_as_skipped():
    checks = {c.step: c.outcome for c in verify(GOOD, None, None, trusting(P256), NOW, name="here").checks}
    assert checks["subject"] == "skip"


def test_statement_v01_and_unknown_fields_are_read():
    payload = json.dumps(
        {
            "_type": "https://in-toto.io/Statement/v0.1",
            "subject": [{"digest": {"sha512": "ab"}}, {"digest": {"sha256": TARGET.hex}}],
            "predicateType": "https://cosign.sigstore.dev/attestation/v1",
            "future": [1.5],
        }
    ).encode()
    evidence = verify(resigned(payload), TARGET, None, trusting(P256), NOW, name="here")
    assert evidence.statement.payload == payload
    assert evidence.statement.predicate == {}


def test_an_observation_is_no_signature():
    evidence = observed(claim(), NOW)
    assert evidence.signer.kind == "self"
    assert evidence.bundle is None
    assert evidence.digest == claim().digest


def test_ed25519_bundles_round_trip_byte_for_byte():
    assert dsse.sign(claim(), ED25519) == dsse.sign(claim(), ED25519)


PEM = base64.encodebytes(P256.public_key()).decode()


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", MalformedError),
        (b"hello", MalformedError),
        (P256.public_key() + b"\0", MalformedError),
        (f"-----BEGIN PUBLIC KEY-----\n{PEM}".encode(), MalformedError),
        (f"-----BEGIN PUBLIC KEY-----\n{PEM}-----END PUBLIC KEY-----\n".encode() * 2, MalformedError),
        (f"-----BEGIN PRIVATE KEY-----\n{PEM}-----END PRIVATE KEY-----\n".encode(), MalformedError),
        (f"-----BEGIN CERTIFICATE-----\n{PEM}-----END CERTIFICATE-----\n".encode(), UnsupportedError),
        (b"x" * 100_000, MalformedError),
    ],
    ids=["empty", "text", "trailing", "no-end", "two", "private", "certificate", "endless"],
)
def test_a_key_file_is_read_strictly(data, error):
    with pytest.raises(error):
        keyring.key(data, name="cosign.pub")


def test_pem_and_der_are_the_same_key():
    pem = f"-----BEGIN PUBLIC KEY-----\n{PEM}-----END PUBLIC KEY-----\n".encode()
    assert keyring.key(pem, name="a") == keyring.key(P256.public_key(), name="a")
