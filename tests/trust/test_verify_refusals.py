"""Everything that must not be believed, each a bundle or a root that is honest but for one lie, each with its code."""

import base64
import json
from datetime import datetime, timedelta

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

import authorities
import trustworld as w
from assay.formats import dsse, note, rekor, strictjson, trustroot
from assay.formats.note import Checkpoint
from assay.formats.trustroot import Validity
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UntrustedError
from assay.model.statement import Signature
from assay.trust import issue, keyring
from assay.trust.expect import Expected, Identity, Require
from signing import MemorySigner, changed, claim

GOOD = w.make()
DATA = GOOD.data()
KEY = w.make(by="key", log=w.V2)
KEY_DATA = KEY.data()
V1 = w.make(log=w.V1)
ARTIFACT = w.make(content="artifact")
STATEMENT = claim(w.TARGET).payload
MATERIAL, ENVELOPE = "verificationMaterial", "dsseEnvelope"
ENTRY = (MATERIAL, "tlogEntries", 0)
PROOF = (*ENTRY, "inclusionProof")


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def field(data: bytes, *path):
    value = json.loads(data)
    for step in path:
        value = value[step]
    return value


def edited(*path, value, data: bytes = DATA) -> bytes:
    return changed(data, *path, value=value)


def certificate(
    *, subject=None, issuer_signer=None, usage=True, ca=False, purposes=(ExtendedKeyUsageOID.CODE_SIGNING,), names=1
) -> bytes:
    """A leaf that no honest authority would make; without certificate timestamp, as it is refused before that."""
    above = x509.load_der_x509_certificate(w.WORLD.ca)
    key_id = above.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    listed = [x509.RFC822Name(f"someone{i or ''}@example.org") for i in range(names)]
    start = w.NOW
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject or x509.Name([]))
        .issuer_name(above.subject)
        .public_key(w.WORLD.client.key.public_key())
        .serial_number(77)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(minutes=10))
        .add_extension(x509.KeyUsage(usage, False, False, False, False, ca, False, False, False), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id), critical=False)
        .add_extension(x509.SubjectAlternativeName(listed), critical=True)
    )
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(list(purposes)), critical=False)
    if ca:
        builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
    signer = issuer_signer or w.WORLD.ca_signer
    made = builder.sign(signer.key, hashes.SHA384())
    return made.public_bytes(Encoding.DER)


def second_signature() -> w.Made:
    """Another valid signature of the same key over the same bytes: ECDSA makes as many as one likes."""
    twin = w.WORLD.client.sign(dsse.pae(dsse.IN_TOTO, STATEMENT))
    envelope = msgspec.structs.replace(GOOD.content, signatures=(Signature(twin),))
    return GOOD.but(content=envelope, timestamps=(w.stamped(twin),))


def rebound(other: w.Made, made: w.Made = GOOD) -> w.Made:
    """The bundle with the log entry of another one."""
    return made.but(entries=other.entries)


def of_payload(body: bytes) -> bytes:
    value = json.loads(body)
    value["spec"]["data"]["hash"]["value"] = Digest.of(STATEMENT).hex
    return strictjson.canonical(value)


def unknown_kind(body: bytes) -> bytes:
    value = json.loads(body)
    return strictjson.canonical({**value, "kind": "alpine", "apiVersion": "0.0.1"})


def with_key(body: bytes) -> bytes:
    value = json.loads(body)
    verifier = value["spec"]["hashedRekordV002"]["signature"]["verifier"]
    verifier["x509Certificate"]["rawBytes"] = b64(w.WORLD.leaf(w.subject("other@example.org"), now=w.NOW))
    return strictjson.canonical(value)


def lines(*names: str):
    """Lines by these names with the log's right key id, or the log's name with a wrong key id (`!`)."""

    def change(honest):
        (line,) = honest
        return tuple(
            msgspec.structs.replace(line, key_id=b"\1\2\3\4") if n == "!" else msgspec.structs.replace(line, name=n)
            for n in names
        )

    return change


def resigned(text: str) -> dict[str, object]:
    """A checkpoint of another text, signed by the log all the same."""
    return {"text": text, "lines": (w.V2.line(text),)}


TREE = (GOOD.entries[0].proof.root_hash, GOOD.entries[0].proof.tree_size)
ROOT64 = b64(TREE[0])
FORM = {
    "truncated": (DATA[:-9], "PARSE_FORM"),
    "bytes after": (DATA + b" x", "PARSE_FORM"),
    "bad base64": (edited(*ENTRY, "canonicalizedBody", value="!!!!"), "PARSE_FORM"),
    "unpadded base64": (edited(ENVELOPE, "payload", value="AAA"), "PARSE_FORM"),
    "stray bits": (edited(*PROOF, "rootHash", value="AB=="), "PARSE_FORM"),
    "URL alphabet": (edited(*ENTRY, "logId", "keyId", value="_-__"), "PARSE_FORM"),
    "duplicate name": (DATA.replace(b'"hashes"', b'"hashes":[],"hashes"', 1), "PARSE_FORM"),
    "unknown name": (edited(*PROOF, "colour", value=1), "PARSE_FORM"),
    "snake case": (DATA.replace(b"tlogEntries", b"tlog_entries"), "PARSE_FORM"),
    "negative index": (edited(*ENTRY, "logIndex", value="-1"), "PARSE_FORM"),
    "huge index": (edited(*PROOF, "logIndex", value=str(1 << 63)), "PARSE_FORM"),
    "index as number": (edited(*ENTRY, "logIndex", value=5), "PARSE_FORM"),
    "index with plus": (edited(*ENTRY, "logIndex", value="+5"), "PARSE_FORM"),
    "unknown version": (edited("mediaType", value="application/vnd.dev.sigstore.bundle.v0.4+json"), "BUNDLE_VERSION"),
    "bytes after the certificate": (
        edited(MATERIAL, "certificate", "rawBytes", value=b64(GOOD.certificate + b"\0")),
        "PARSE_CERTIFICATE",
    ),
    "bytes after the timestamp": (GOOD.but(timestamps=(GOOD.timestamps[0] + b"\0",)), "PARSE_TIMESTAMP"),
    "bytes after the signature": (
        GOOD.but(content=msgspec.structs.replace(GOOD.content, signatures=(Signature(GOOD.signature + b"\0"),))),
        "SIGNATURE",
    ),
}
CHAIN = [{"rawBytes": b64(c)} for c in (GOOD.certificate, w.WORLD.ca, w.WORLD.ca_root)]
OLD = "application/vnd.dev.sigstore.bundle+json;version=0.2"


def chain_of(*certificates, data: bytes = DATA) -> bytes:
    old = changed(data, "mediaType", value=OLD)
    old = changed(old, MATERIAL, "certificate", value=...)
    return changed(old, MATERIAL, "x509CertificateChain", value={"certificates": list(certificates)})


MATERIALS = {
    "empty chain": (chain_of(), "BUNDLE_MATERIAL"),
    "root in the chain": (chain_of(*CHAIN), "BUNDLE_MATERIAL"),
    "chain in v0.3": (edited("mediaType", value=field(DATA, "mediaType"), data=chain_of(*CHAIN[:1])),
                      "BUNDLE_MATERIAL"),
    "certificate in v0.2": (edited("mediaType", value=OLD), "BUNDLE_MATERIAL"),
    "two materials": (edited(MATERIAL, "publicKey", value={"hint": "x"}), "BUNDLE_MATERIAL"),
    "no material": (edited(MATERIAL, "certificate", value=...), "BUNDLE_MATERIAL"),
    "bare key for a certificate": (
        edited(MATERIAL, "certificate", "rawBytes", value=b64(w.WORLD.client.public_key())),
        "PARSE_CERTIFICATE",
    ),
    "self-issued leaf": (w.make(leaf=w.OTHER_WORLD.ca_root), "BUNDLE_MATERIAL"),
}  # fmt: skip
OTHER_STATEMENT = w.make(statement=claim(Digest.of(b"other")).payload)
CONTENTS = {
    "by another key": (w.make(signer=w.STRANGER), "SIGNATURE"),
    "second valid signature": (second_signature(), "ENTRY_MISMATCH"),
    "changed envelope": (
        GOOD.but(content=msgspec.structs.replace(GOOD.content, payload=STATEMENT + b" ")),
        "SIGNATURE",
    ),
    "other payload type": (w.make(payload_type="application/json"), "BUNDLE_CONTENT"),
    "two signatures": (
        GOOD.but(content=msgspec.structs.replace(GOOD.content, signatures=GOOD.content.signatures * 2)),
        "BUNDLE_CONTENT",
    ),
    "no signature": (edited(ENVELOPE, "signatures", value=[]), "NOT_SIGNED"),
    "no content": (edited(ENVELOPE, value=...), "BUNDLE_CONTENT"),
    "keyid beside a certificate": (edited(ENVELOPE, "signatures", 0, "keyid", value="x"), "BUNDLE_MATERIAL"),
    "other artifact": (OTHER_STATEMENT, "SUBJECT_MISMATCH"),
    "wrong digest hint": (
        ARTIFACT.but(content=msgspec.structs.replace(ARTIFACT.content, digest=b"\0" * 32)),
        "DIGEST_MISMATCH",
    ),
    "other digest algorithm": (
        ARTIFACT.but(content=msgspec.structs.replace(ARTIFACT.content, algorithm="sha512", digest=b"\0" * 64)),
        "DIGEST_MISMATCH",
    ),
    "artifact signed by another key": (w.make(content="artifact", signer=w.STRANGER), "SIGNATURE"),
    "statement with two readings": (w.make(statement=STATEMENT.replace(b'{"', b'{"a":1,"a":2,"', 1)),
                                    "PARSE_STATEMENT"),
}  # fmt: skip
V1_KEY = w.make(by="key", log=w.V1)
ENTRIES = {
    "for another artifact": (rebound(OTHER_STATEMENT), "ENTRY_MISMATCH"),
    "for another certificate": (
        rebound(w.make(leaf=w.WORLD.leaf(w.subject("other@example.org"), now=w.NOW))),
        "ENTRY_MISMATCH",
    ),
    "for another signature": (rebound(w.make()), "ENTRY_MISMATCH"),
    "of a key, not the certificate": (rebound(KEY), "ENTRY_MISMATCH"),
    "key altered in the body": (w.make(body=with_key), "ENTRY_MISMATCH"),
    "other spelling of the body": (w.make(body=lambda b: b.replace(b'":', b'": ', 1)), "ENTRY_MISMATCH"),
    "unknown kind": (w.make(log=w.V1, body=unknown_kind), "ENTRY_KIND"),
    "kind and body differ": (w.make(log=w.V1, logged={"kind": "hashedrekord"}), "ENTRY_KIND"),
    "v1 for another signature": (rebound(w.make(log=w.V1), V1), "ENTRY_MISMATCH"),
    "v1 of the key alone": (rebound(V1_KEY, V1), "ENTRY_MISMATCH"),
    "v1 hashedrekord of the artifact, not the statement": (
        rebound(w.make(log=w.V1, content="artifact"), V1),
        "ENTRY_MISMATCH",
    ),
    "v1 hashedrekord of the payload alone": (
        w.make(log=w.V1, kind="hashedrekord", body=of_payload),
        "ENTRY_MISMATCH",
    ),
    "v1 dsse of an artifact": (rebound(V1, w.make(log=w.V1, content="artifact")), "ENTRY_KIND"),
    "v1 for another artifact": (
        w.make(log=w.V1, content="artifact", body=lambda b: b.replace(w.TARGET.hex.encode(), b"00" * 32)),
        "ENTRY_MISMATCH",
    ),
    "intoto of another statement": (
        rebound(w.make(log=w.V1, kind="intoto", statement=claim(Digest.of(b"other")).payload), V1),
        "ENTRY_MISMATCH",
    ),
    "no entry": (GOOD.but(entries=()), "LOG_UNKNOWN"),
    "two entries": (GOOD.but(entries=GOOD.entries * 2), "LOG_UNKNOWN"),
    "unknown log": (w.make(logged={"log_id": b"\1" * 32}), "LOG_UNKNOWN"),
    "four bytes of an id that is not listed so": (w.make(logged={"log_id": w.V2.key_id[:4]}), "LOG_UNKNOWN"),
    "no log id": (w.make(logged={"log_id": b""}), "LOG_UNKNOWN"),
}


def flipped(hashes):
    return (bytes([hashes[0][0] ^ 1]) + hashes[0][1:], *hashes[1:])


PROOFS = {
    "absent": (w.make(logged={"proof": None}), "INCLUSION_MISSING"),
    "too short": (w.make(proof={"hashes": lambda h: h[:-1]}), "INCLUSION_PROOF"),
    "too long": (w.make(proof={"hashes": lambda h: (*h, h[0])}), "INCLUSION_PROOF"),
    "one bit flipped": (w.make(proof={"hashes": flipped}), "INCLUSION_PROOF"),
    "a short hash": (w.make(proof={"hashes": lambda h: (h[0][:-1], *h[1:])}), "INCLUSION_PROOF"),
    "stale": (w.make(proof={"size": 7}), "CHECKPOINT_ROOT"),
    "other root": (w.make(proof={"root": b"\0" * 32}), "CHECKPOINT_ROOT"),
    "other index": (w.make(proof={"index": 4}), "INCLUSION_PROOF"),
    "index beyond the tree": (w.make(proof={"index": 9}), "INCLUSION_PROOF"),
    "two indices in version 2": (w.make(logged={"log_index": 4}), "INCLUSION_PROOF"),
    "checkpoint of another tree": (
        w.make(proof=resigned(note.checkpoint_text(Checkpoint(w.V2.origin, 9, b"\7" * 32)))),
        "CHECKPOINT_ROOT",
    ),
}
CHECKPOINTS = {
    "no origin": (w.make(proof=resigned(f"\n9\n{ROOT64}\n")), "CHECKPOINT_FORM"),
    "no size": (w.make(proof=resigned(f"{w.V2.origin}\n{ROOT64}\n")), "CHECKPOINT_FORM"),
    "leading zero": (w.make(proof=resigned(f"{w.V2.origin}\n09\n{ROOT64}\n")), "CHECKPOINT_FORM"),
    "no root": (w.make(proof=resigned(f"{w.V2.origin}\n9\n")), "CHECKPOINT_FORM"),
    "short root": (w.make(proof=resigned(f"{w.V2.origin}\n9\nAAAA\n")), "CHECKPOINT_FORM"),
    "empty extension": (w.make(proof=resigned(f"{w.V2.origin}\n9\n{ROOT64}\n\nx\n")), "CHECKPOINT_FORM"),
    "no blank line": (
        edited(*PROOF, "checkpoint", "envelope", value=GOOD.entries[0].proof.checkpoint.replace("\n\n", "\n")),
        "CHECKPOINT_FORM",
    ),
    "no checkpoint": (edited(*PROOF, "checkpoint", value=...), "CHECKPOINT_FORM"),
    "no signature": (w.make(proof={"lines": ()}), "CHECKPOINT_FORM"),
    "right key id, wrong name": (w.make(proof={"lines": lines("other.example")}), "CHECKPOINT_SIGNATURE"),
    "right name, wrong key id": (w.make(proof={"lines": lines("!")}), "CHECKPOINT_SIGNATURE"),
    "other origin": (
        w.make(proof=resigned(note.checkpoint_text(Checkpoint("log-2027.example", 9, b"\7" * 32)))),
        "CHECKPOINT_SIGNATURE",
    ),
    "a second line by the log that does not hold": (
        w.make(proof={"lines": lambda own: (*own, msgspec.structs.replace(own[0], signature=b"\0" * 64))}),
        "CHECKPOINT_SIGNATURE",
    ),
    "v1 under a wrong name": (w.make(log=w.V1, proof={"lines": lines("other.example")}), "CHECKPOINT_SIGNATURE"),
    "v1 with the whole origin as name": (
        w.make(log=w.V1, proof={"lines": lines("rekor.example-1193050959916656506")}), "CHECKPOINT_SIGNATURE"),
    "ECDSA log under another name than its address": (
        w.make(log=msgspec.structs.replace(w.V2_ECDSA, origin="other.example")), "CHECKPOINT_SIGNATURE"),
}  # fmt: skip
LATE = w.NOW + timedelta(minutes=10, seconds=1)
EARLY = w.NOW - timedelta(seconds=1)
SAME_NAME = w.OTHER_WORLD.authority()
TIMES = {
    "promise forged": (
        edited(*ENTRY, "inclusionPromise", "signedEntryTimestamp", value=b64(w.STRANGER.sign(b"x")), data=V1.data()),
        "PROMISE",
    ),
    "promise of another time": (edited(*ENTRY, "integratedTime", value="1700000000", data=V1.data()), "PROMISE"),
    "promise of another index": (edited(*ENTRY, "logIndex", value="4711", data=V1.data()), "PROMISE"),
    "promise without time": (edited(*ENTRY, "integratedTime", value=..., data=V1.data()), "PROMISE"),
    "promise in version 2": (w.make(logged={"promise": b"x"}), "PROMISE"),
    "time in version 2": (w.make(logged={"integrated_time": 5}), "PROMISE"),
    "promise before the certificate": (w.make(log=w.V1, logged={"time": EARLY}), "CERT_WINDOW"),
    "promise after the certificate": (w.make(log=w.V1, logged={"time": LATE}), "CERT_WINDOW"),
    "no promise, and a time nobody proves": (w.make(log=w.V1, logged={"promise": None}), "TIME_MISSING"),
    "version 2 without timestamp": (GOOD.but(timestamps=()), "TIME_MISSING"),
    "timestamp over other bytes": (GOOD.but(timestamps=(w.stamped(b"other"),)), "TIMESTAMP"),
    "timestamp by an unlisted authority": (
        GOOD.but(timestamps=(w.stamped(GOOD.signature, authority=w.UNLISTED_TSA),)), "TIME_MISSING"),
    "the same without its certificate": (
        GOOD.but(timestamps=(w.stamped(GOOD.signature, authority=w.UNLISTED_TSA, certificate=False),)), "TIME_MISSING"),
    "timestamp by a namesake of a listed authority": (
        GOOD.but(timestamps=(w.stamped(GOOD.signature, authority=SAME_NAME),)), "TIMESTAMP"),
    "timestamp before the certificate": (w.make(stamp_at=EARLY), "CERT_WINDOW"),
    "timestamp after the certificate": (w.make(stamp_at=LATE), "CERT_WINDOW"),
    "one timestamp twice": (GOOD.but(timestamps=GOOD.timestamps * 2), "TIMESTAMP"),
    "a good and a late one": (
        GOOD.but(timestamps=(*GOOD.timestamps, w.stamped(GOOD.signature, at=LATE))), "CERT_WINDOW"),
    "no timestamp at all": (GOOD.but(timestamps=(b"",)), "PARSE_TIMESTAMP"),
}  # fmt: skip
NO_SCT = certificate()
CT_STRANGER = authorities.p256()
CERTIFICATES = {
    "expired": (w.make(leaf=w.WORLD.leaf(now=w.NOW - timedelta(hours=1))), "CERT_WINDOW"),
    "not yet valid": (w.make(leaf=w.WORLD.leaf(now=w.NOW + timedelta(hours=1))), "CERT_WINDOW"),
    "wrong purpose": (w.make(leaf=certificate(purposes=[ExtendedKeyUsageOID.SERVER_AUTH])), "CERT_PROFILE"),
    "two purposes": (
        w.make(leaf=certificate(purposes=[ExtendedKeyUsageOID.CODE_SIGNING, ExtendedKeyUsageOID.SERVER_AUTH])),
        "CERT_PROFILE",
    ),
    "no purpose": (w.make(leaf=certificate(purposes=())), "CERT_PROFILE"),
    "no digital signature": (w.make(leaf=certificate(usage=False)), "CERT_PROFILE"),
    "CA": (w.make(leaf=certificate(ca=True)), "CERT_PROFILE"),
    "two names": (w.make(leaf=certificate(names=2)), "CERT_PROFILE"),
    "by an unknown authority": (w.make(leaf=certificate(issuer_signer=authorities.p384())), "CERT_CHAIN"),
    "of another instance": (
        w.make(signer=w.OTHER_WORLD.client, leaf=w.OTHER_WORLD.leaf(now=w.NOW), logged=None), "CERT_CHAIN"),
    "not logged": (w.make(leaf=NO_SCT), "SCT"),
    "logged elsewhere": (w.make(leaf=w.WORLD.leaf(now=w.NOW, log=CT_STRANGER)), "SCT"),
}  # fmt: skip
REFUSED = {
    f"{group}: {name}": row
    for group, table in {
        "form": FORM, "material": MATERIALS, "content": CONTENTS, "entry": ENTRIES, "proof": PROOFS,
        "checkpoint": CHECKPOINTS, "time": TIMES, "certificate": CERTIFICATES,
    }.items()
    for name, row in table.items()
}  # fmt: skip


def refusal(*arguments, **options) -> str:
    with pytest.raises(UntrustedError) as caught:
        w.check(*arguments, **options)
    assert caught.value.step
    assert caught.value.why
    return caught.value.code


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_its_code(case):
    data, code = REFUSED[case]
    assert refusal(data) == code


def altered_leaf() -> bytes:
    """A leaf whose certificate timestamp has one other bit; the authority signed it so."""

    class Wrong:
        def public_key(self) -> bytes:
            return w.WORLD.ct_signer.public_key()

        def sign(self, data: bytes) -> bytes:
            return w.WORLD.ct_signer.sign(data + b"!")

    return w.WORLD.leaf(now=w.NOW, log=Wrong())


def test_an_altered_certificate_timestamp_is_not_even_made():
    with pytest.raises(UntrustedError) as caught:
        altered_leaf()
    assert caught.value.code == "SIGNER"


KEYS = {
    "none given": (KEY_DATA, Expected(), "KEY_REQUIRED"),
    "identity instead": (KEY_DATA, w.BY_IDENTITY, "KEY_REQUIRED"),
    "another": (KEY_DATA, Expected(keys=w.ring(w.STRANGER)), "KEY_UNKNOWN"),
    "given beside a certificate": (DATA, w.BY_KEY, "KEY_UNEXPECTED"),
    "signed by another than named": (w.make(by="key", signer=w.STRANGER), w.BY_KEY, "SIGNATURE"),
    "hint of another key": (
        KEY.but(hint=keyring.key_id(w.STRANGER.public_key())),
        Expected(keys=w.ring(w.MANAGED, w.STRANGER)),
        "SIGNATURE",
    ),
    "no hint": (KEY.but(hint=""), w.BY_KEY, "BUNDLE_MATERIAL"),
    "keyid differs": (
        edited(ENVELOPE, "signatures", 0, "keyid", value="x", data=KEY_DATA), w.BY_KEY, "BUNDLE_MATERIAL"),
    "outside its window": (
        KEY_DATA, Expected(keys=w.ring(w.MANAGED, not_after="2026-11-02T03:04:10Z")), "KEY_WINDOW"),
    "revoked before": (
        KEY_DATA, Expected(keys=w.ring(w.MANAGED, revoked_since="2026-11-02T03:04:11Z")), "KEY_REVOKED"),
    "revoked without a proven time": (
        w.make(by="key", log=None), Expected(keys=w.ring(w.MANAGED, revoked_since="2027-01-01T00:00:00Z")),
        "KEY_REVOKED"),
    "log required": (
        w.make(by="key", log=None), Expected(keys=w.ring(w.MANAGED), require=Require(log="required")), "LOG_UNKNOWN"),
    "version 2 entry without time": (KEY.but(timestamps=()), w.BY_KEY, "TIME_MISSING"),
    "timestamp required": (
        w.make(by="key", log=w.V1), Expected(keys=w.ring(w.MANAGED), require=Require(timestamps="required")),
        "TIME_MISSING"),
    "two operators required": (
        KEY, Expected(keys=w.ring(w.MANAGED), require=Require(timestamps_count=2)), "TIME_MISSING"),
}  # fmt: skip


@pytest.mark.parametrize("case", KEYS)
def test_keys_are_the_callers(case):
    data, expected, code = KEYS[case]
    assert refusal(data, expected) == code


def test_an_unreadable_key_is_refused_before_any_bundle():
    with pytest.raises(MalformedError):
        keyring.key(b"-----BEGIN PUBLIC KEY-----\nAAAB\n-----END PUBLIC KEY-----\n", name="key.pub")


IDENTITY = w.IDENTITY.identity
IDENTITIES = {
    "prefix": (Identity(identity=IDENTITY[:-1], issuer=authorities.ISSUER), "IDENTITY"),
    "suffix": (Identity(identity=IDENTITY[1:], issuer=authorities.ISSUER), "IDENTITY"),
    "longer": (Identity(identity=IDENTITY + "m", issuer=authorities.ISSUER), "IDENTITY"),
    "case": (Identity(identity=IDENTITY.upper(), issuer=authorities.ISSUER), "IDENTITY"),
    "star without glob": (Identity(identity="*", issuer=authorities.ISSUER), "IDENTITY"),
    "glob that is not anchored": (Identity(identity="someone", issuer="*", glob=True), "IDENTITY"),
    "issuer prefix": (Identity(identity=IDENTITY, issuer=authorities.ISSUER[:-1]), "ISSUER"),
    "issuer longer": (Identity(identity=IDENTITY, issuer=authorities.ISSUER + "/"), "ISSUER"),
    "issuer case": (Identity(identity=IDENTITY, issuer=authorities.ISSUER.upper()), "ISSUER"),
    "empty": (Identity(identity="", issuer=""), "IDENTITY"),
}


@pytest.mark.parametrize("case", IDENTITIES)
def test_identity_and_issuer_are_both_exact(case):
    identity, code = IDENTITIES[case]
    assert refusal(DATA, Expected(identities=(identity,))) == code


def test_halves_of_two_expected_pairs_make_no_whole():
    pairs = (
        Identity(identity=IDENTITY, issuer="https://other.example"),
        Identity(identity="other@example.org", issuer=authorities.ISSUER),
    )
    assert refusal(DATA, Expected(identities=pairs)) == "ISSUER"


def at(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


SECOND = timedelta(seconds=1)
AFTER, BEFORE = Validity(at(w.STAMPED + SECOND)), Validity("2026-01-01T00:00:00Z", at(w.STAMPED - SECOND))
GOOD_ROOT = w.roots()


def authority_in(name: str, window: Validity):
    (one,) = getattr(GOOD_ROOT, name)
    return w.roots(**{name: (msgspec.structs.replace(one, valid_for=window),)})


def log_as(**changes):
    return w.roots(tlogs=(w.V2.listed(**changes),))


ROOTS = {
    "log not yet": (log_as(window=AFTER), "LOG_WINDOW"),
    "log no more": (log_as(window=BEFORE), "LOG_WINDOW"),
    "CA not yet": (authority_in("certificate_authorities", AFTER), "CERT_WINDOW"),
    "CA no more": (authority_in("certificate_authorities", BEFORE), "CERT_WINDOW"),
    "TSA not yet": (authority_in("timestamp_authorities", AFTER), "TIMESTAMP_WINDOW"),
    "TSA no more": (authority_in("timestamp_authorities", BEFORE), "TIMESTAMP_WINDOW"),
    "CT log not yet": (
        w.roots(ctlogs=(msgspec.structs.replace(GOOD_ROOT.ctlogs[0], valid_for=AFTER),)), "SCT"),
    "wrong CT key": (
        w.roots(ctlogs=(msgspec.structs.replace(GOOD_ROOT.ctlogs[0], spki=w.STRANGER.public_key()),)), "SCT"),
    "no CT log": (w.roots(ctlogs=()), "SCT"),
    "no log": (w.roots(tlogs=()), "LOG_UNKNOWN"),
    "key type against keyDetails": (log_as(key_details="PKIX_ECDSA_P256_SHA_256"), "LOG_UNKNOWN"),
    "unknown keyDetails": (log_as(key_details="PKIX_ED448"), "LOG_UNKNOWN"),
    "another hash": (log_as(hash_algorithm="SHA2_512"), "LOG_UNKNOWN"),
    "unreadable log key": (log_as(spki=b"\0"), "LOG_UNKNOWN"),
    "another log key under that id": (
        w.roots(tlogs=(w.V2.listed(spki=authorities.p256().public_key()),)), "LOG_UNKNOWN"),
    "no CA": (w.roots(certificate_authorities=()), "CERT_CHAIN"),
    "intermediate without its root": (
        w.roots(certificate_authorities=(w.WORLD.listed(w.WORLD.ca_root, w.OTHER_WORLD.ca_root),)), "CERT_CHAIN"),
    "no TSA": (w.roots(timestamp_authorities=()), "TIME_MISSING"),
    "another instance": (w.OTHER_WORLD.roots(), "LOG_UNKNOWN"),
}  # fmt: skip


@pytest.mark.parametrize("case", ROOTS)
def test_a_root_believes_only_what_it_lists_when_it_lists_it(case):
    root, code = ROOTS[case]
    assert refusal(DATA, root=root) == code


def test_an_expired_authority_is_refused():
    top = authorities.p384()
    span = {"organization": "example", "start": authorities.START}
    root = issue.root(top, common_name="new root", serial=81, end=authorities.END, **span)
    expired = issue.intermediate(
        root, top, w.WORLD.ca_signer.public_key(), common_name="intermediate", serial=82,
        end=w.NOW - timedelta(days=1), **span,
    )  # fmt: skip
    listed = w.roots(certificate_authorities=(w.WORLD.listed(expired, root),))
    assert refusal(w.make(leaf=certificate()), root=listed) == "CERT_WINDOW"


@pytest.mark.parametrize("window", [None, {}, {"start": None}, {"start": ""}, {"start": "2026"}, {"end": "x"}])
def test_a_root_without_a_start_is_refused(window):
    data = json.loads(trustroot.write(w.roots()))
    if window is None:
        del data["tlogs"][0]["publicKey"]["validFor"]
    else:
        data["tlogs"][0]["publicKey"]["validFor"] = window
    with pytest.raises(UntrustedError) as caught:
        trustroot.read(json.dumps(data).encode(), where="root")
    assert caught.value.code == "TRUST_FORM"


def test_without_a_root_no_certificate_is_believed():
    from assay.trust.verify import verify

    with pytest.raises(UntrustedError) as caught:
        verify(DATA, w.TARGET, None, w.BY_IDENTITY, w.LATER, name="bundle")
    assert caught.value.code == "LOG_UNKNOWN"
    optional = Expected(identities=(w.IDENTITY,), require=Require(log="optional"))
    with pytest.raises(UntrustedError):
        verify(DATA, w.TARGET, None, optional, w.LATER, name="bundle")


def test_a_fork_of_a_checkpoint_seen_before_is_refused():
    said = note.checkpoint(GOOD.entries[0].proof.checkpoint.partition("\n\n")[0] + "\n", where="x")
    seen = (msgspec.structs.replace(said, root=b"\7" * 32),)
    assert refusal(DATA, Expected(identities=(w.IDENTITY,), seen=seen)) == "LOG_FORK"
    assert w.check(DATA, Expected(identities=(w.IDENTITY,), seen=(said,)))


def test_a_certificate_of_an_unusual_key_says_so():
    strange = MemorySigner(ec.generate_private_key(ec.SECP256K1()))
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(x509.load_der_x509_certificate(w.WORLD.ca).subject)
        .public_key(strange.key.public_key())
        .serial_number(5)
        .not_valid_before(w.NOW)
        .not_valid_after(w.NOW + SECOND)
    )
    leaf = builder.sign(w.WORLD.ca_signer.key, hashes.SHA384()).public_bytes(Encoding.DER)
    assert refusal(w.make(leaf=leaf)) == "ALGORITHM"


def test_a_body_of_another_hash_is_another_body():
    made = rekor.read(GOOD.entries[0].body, where="body")
    assert (made.algorithm, made.certificate) == ("sha256", GOOD.certificate)
