"""cosign's older forms: believed by the checks of a bundle, and by nothing less; each lie has its own refusal."""

import hashlib
import json
from typing import Any

import msgspec
import pytest

from assay.formats import bundle, cosign, dsse, predicates, rekor, strictjson
from assay.model.digest import Digest
from assay.model.errors import UnavailableError
from assay.trust.examine import Row
from assay.trust.expect import Expected, Identity, Legacy, Require
from assay.trust.legacy import LegacyCandidate, judge
from signing import claim
from trustworld import (
    BY_IDENTITY,
    BY_KEY,
    LATER,
    LOGGED,
    MANAGED,
    NOW,
    STRANGER,
    V1,
    WORLD,
    make,
    pem,
    ring,
    roots,
    stamped,
)

IMAGE = Digest.of(b"an image")
PAYLOAD = cosign.write_payload(IMAGE, "registry.example/app")
OLD = Legacy(cosign_v2=True)


def old(expected: Expected, **changes: Any) -> Expected:
    return msgspec.structs.replace(expected, legacy=OLD, **changes)


def promise(body: bytes, **changes: Any) -> str:
    """The `bundle` annotation: what the log promised, with numbers."""
    seconds, index = int(LOGGED.timestamp()), 4_000
    message = rekor.promised(body, integrated_time=seconds, log_id=V1.key_id, log_index=index)
    payload = {
        "body": bundle.base64text.encode(body),
        "integratedTime": seconds,
        "logIndex": index,
        "logID": V1.key_id.hex(),
    } | changes
    return json.dumps({"SignedEntryTimestamp": bundle.base64text.encode(V1.signer.sign(message)), "Payload": payload})


def signed(
    payload: bytes = PAYLOAD, *, keyless: bool = True, logged: bool = True, signer: Any = None
) -> dict[str, str]:
    """The annotations of an honest `.sig` layer."""
    key = signer or (WORLD.client if keyless else MANAGED)
    signature = key.sign(payload)
    certificate = WORLD.leaf(now=NOW)
    shown = pem(certificate, "CERTIFICATE") if keyless else pem(key.public_key(), "PUBLIC KEY")
    said = {cosign.SIGNATURE: bundle.base64text.encode(signature)}
    if keyless:
        said |= {cosign.CERTIFICATE: shown, cosign.CHAIN: pem(WORLD.ca, "CERTIFICATE")}
    if logged:
        spec = {
            "data": {"hash": {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()}},
            "signature": {
                "content": bundle.base64text.encode(signature),
                "publicKey": {"content": bundle.base64text.encode(shown.encode())},
            },
        }
        body = strictjson.canonical({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": spec})
        said[cosign.BUNDLE] = promise(body)
    return said


def sig(annotations: dict[str, str], payload: bytes = PAYLOAD, expected: Expected = BY_IDENTITY, **how: Any) -> Row:
    candidate = LegacyCandidate(place="tag x.sig", payload=True, data=payload, annotations=annotations)
    return judge(candidate, how.get("target", IMAGE), roots(), old(expected), LATER)


def att(kind: str = "dsse", by: str = "certificate", expected: Expected | None = None, **how: Any) -> Row:
    made = make(by=by, log=V1, kind=kind, statement=claim(IMAGE).payload)
    assert not isinstance(made.content, bundle.MessageSignature)
    said = {} if made.certificate is None else {cosign.CERTIFICATE: pem(made.certificate, "CERTIFICATE")}
    if kind:
        said[cosign.BUNDLE] = promise(made.entries[0].body)
    said |= how.get("annotations", {})
    candidate = LegacyCandidate(
        place="tag x.att", payload=False, data=how.get("data") or dsse.write(made.content), annotations=said
    )
    chosen = expected or (BY_IDENTITY if by == "certificate" else BY_KEY)
    return judge(candidate, how.get("target", IMAGE), roots(), old(chosen), LATER)


@pytest.mark.parametrize("kind", ["dsse", "intoto"])
def test_an_attestation_by_certificate_is_believed_by_the_logs_promise(kind: str) -> None:
    row = att(kind)
    assert (row.outcome, row.reason) == ("verified", "")
    assert row.evidence is not None
    assert row.evidence.statement.payload == claim(IMAGE).payload
    assert row.evidence.signer.identity == "someone@example.org"
    assert row.evidence.inclusion == "promised"
    assert row.format == "cosign .att"


@pytest.mark.parametrize("kind", ["", "dsse"])
def test_an_attestation_by_key_is_believed_with_and_without_a_log(kind: str) -> None:
    row = att(kind, "key")
    assert (row.outcome, row.reason) == ("verified", "")
    required = msgspec.structs.replace(BY_KEY, require=Require(log="required"))
    assert att(kind, "key", required).outcome == ("verified" if kind else "not-trusted")


def test_the_evidence_cites_the_bytes_that_were_received() -> None:
    made = make(by="key", log=None, statement=claim(IMAGE).payload)
    assert not isinstance(made.content, bundle.MessageSignature)
    data = dsse.write(made.content)
    row = att("", "key", data=data)
    assert row.evidence is not None
    assert row.evidence.bundle == Digest.of(data)


@pytest.mark.parametrize(("keyless", "logged"), [(True, True), (False, True), (False, False)])
def test_a_signature_is_believed(keyless: bool, logged: bool) -> None:
    row = sig(signed(keyless=keyless, logged=logged), expected=BY_IDENTITY if keyless else BY_KEY)
    assert (row.outcome, row.reason, row.predicate_type) == ("verified", "", predicates.COSIGN_SIGN)
    assert row.format == "cosign .sig"
    assert row.signer
    assert row.evidence is None, "it holds no statement a policy could weigh"


def test_among_several_keys_the_one_that_signed_is_found() -> None:
    several = Expected(keys=ring(STRANGER, MANAGED))
    assert sig(signed(keyless=False, logged=False), expected=several).signer == "key 1"
    assert sig(signed(keyless=False, logged=False), expected=Expected(keys=ring(STRANGER))).code == "SIGNATURE"


def test_where_it_lay_proves_nothing() -> None:
    elsewhere = cosign.write_payload(IMAGE, "somewhere/else")
    assert sig(signed(elsewhere), elsewhere).outcome == "verified"


def other_payload(**changes: Any) -> bytes:
    document = json.loads(PAYLOAD)
    document["critical"] |= changes
    return json.dumps(document).encode()


OTHER_IMAGE = other_payload(image={"docker-manifest-digest": str(Digest.of(b"another image"))})
OTHER_TYPE = other_payload(type="atomic container signature")


def twisted(**changes: Any) -> dict[str, str]:
    """An honest layer with other words in the promise."""
    said = signed()
    document = json.loads(said[cosign.BUNDLE])
    document["Payload"] |= changes
    return said | {cosign.BUNDLE: json.dumps(document)}


def body_of_another() -> str:
    return signed(OTHER_IMAGE)[cosign.BUNDLE]


CASES: dict[str, tuple[dict[str, str], bytes, str, str]] = {
    "another image": (signed(OTHER_IMAGE), OTHER_IMAGE, "not-trusted", "SUBJECT_MISMATCH"),
    "another type": (signed(OTHER_TYPE), OTHER_TYPE, "malformed", "BUNDLE_CONTENT"),
    "another payload": (signed(), PAYLOAD + b" ", "not-trusted", "SIGNATURE"),
    "a payload that is no JSON": (signed(b"x"), b"x", "malformed", ""),
    "a payload with two readings": (
        signed(PAYLOAD.replace(b'"optional":null', b'"optional":1,"optional":2')),
        PAYLOAD.replace(b'"optional":null', b'"optional":1,"optional":2'), "malformed", "",
    ),
    "no signature": ({}, PAYLOAD, "not-signed", "NOT_SIGNED"),
    "a key where an identity is expected": (signed(keyless=False), PAYLOAD, "not-trusted", "KEY_REQUIRED"),
    "no log": (signed(logged=False), PAYLOAD, "not-trusted", "LOG_UNKNOWN"),
    "the time moved": (twisted(integratedTime=1_800_000_000), PAYLOAD, "not-trusted", "PROMISE"),
    "the index moved": (twisted(logIndex=1), PAYLOAD, "not-trusted", "PROMISE"),
    "an unknown log": (twisted(logID="00" * 32), PAYLOAD, "not-trusted", "LOG_UNKNOWN"),
    "the log id in capitals": (twisted(logID=V1.key_id.hex().upper()), PAYLOAD, "malformed", ""),
    "a number as a text": (twisted(logIndex="4000"), PAYLOAD, "malformed", ""),
    "a negative number": (twisted(logIndex=-1), PAYLOAD, "malformed", ""),
    "an unknown name": (twisted(extra=1), PAYLOAD, "malformed", ""),
    "the entry of another signature": (
        signed() | {cosign.BUNDLE: body_of_another()}, PAYLOAD, "not-trusted", "ENTRY_MISMATCH",
    ),
    "two certificates": (
        signed() | {cosign.CERTIFICATE: 2 * pem(WORLD.leaf(now=NOW), "CERTIFICATE")}, PAYLOAD, "malformed", "",
    ),
    "no certificate": (signed() | {cosign.CERTIFICATE: "x"}, PAYLOAD, "malformed", ""),
    "base64 with two spellings": (signed() | {cosign.SIGNATURE: "AAB="}, PAYLOAD, "malformed", ""),
    "a timestamp of other bytes": (
        signed() | {cosign.TIMESTAMP: json.dumps({"SignedRFC3161Timestamp": bundle.base64text.encode(stamped(b"x"))})},
        PAYLOAD, "not-trusted", "TIMESTAMP",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_each_lie_is_refused(case: str) -> None:
    annotations, payload, outcome, code = CASES[case]
    row = sig(annotations, payload)
    assert (row.outcome, row.code) == (outcome, code), row.reason


def test_another_identity_is_another_word() -> None:
    stranger = Expected(identities=(Identity(identity="else@example.org", issuer="https://issuer.example"),))
    assert sig(signed(), expected=stranger).outcome == "wrong-identity"
    assert att(expected=stranger).outcome == "wrong-identity"


def test_an_attestation_of_another_image_is_refused() -> None:
    assert att(target=Digest.of(b"another image")).code == "SUBJECT_MISMATCH"
    assert att(data=b"{").outcome == "malformed"


def test_without_the_switch_it_is_not_even_read() -> None:
    candidate = LegacyCandidate(place="tag x.sig", payload=True, data=b"\x00", annotations={})
    row = judge(candidate, IMAGE, roots(), BY_IDENTITY, LATER)
    assert (row.outcome, "asked for" in row.reason) == ("unsupported", True)


def test_what_could_not_be_fetched_is_unavailable() -> None:
    candidate = LegacyCandidate(place="x", payload=True, error=UnavailableError("no answer"))
    assert judge(candidate, IMAGE, roots(), old(BY_IDENTITY), LATER).outcome == "unavailable"


def test_the_payload_is_cosigns_own_text() -> None:
    """The text cosign 2 signs, byte for byte (SIGNATURE_SPEC.md)."""
    assert (
        b'{"critical":{"identity":{"docker-reference":"registry.example/app"},"image":{"docker-manifest-digest":"'
        + str(IMAGE).encode()
        + b'"},"type":"cosign container image signature"},"optional":null}'
    ) == PAYLOAD
