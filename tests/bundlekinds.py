"""Kinds of bundles that must be believed: the usual ones, and those that only look unusual."""

import base64
import json
from datetime import timedelta
from typing import Any

import msgspec

import authorities
import trustworld as w
from assay.formats import certificates, ct, intoto, note
from assay.formats.ct import CertificateTimestamp
from assay.trust import chain, issue, notes
from logkeys import QUANTUM, WITNESSES
from signing import MemorySigner, changed

GOOD = w.make()
OLD = "application/vnd.dev.sigstore.bundle+json;version="
MATERIAL = "verificationMaterial"
ENTRIES, ENTRY = (MATERIAL, "tlogEntries"), (MATERIAL, "tlogEntries", 0)
STAMPS = (MATERIAL, "timestampVerificationData")
ABSENT = {"null", "removed"}
NONE = ABSENT | {"emptied", "shortened"}
DIGEST = {("messageSignature", "messageDigest"): ABSENT}
"""The digest is a hint: what the signature covers is the artifact itself."""
PROMISE = {(*ENTRY, "inclusionPromise"): ABSENT}
"""Where the time is proven otherwise, or the key needs none, the proof alone shows that it was logged."""
LOG = {ENTRIES: NONE, ENTRY: {"removed"}}
"""A managed key vouches alone unless `log: required`."""
TIMES = {
    STAMPS: ABSENT | {"emptied"},
    (*STAMPS, "rfc3161Timestamps"): NONE,
    (*STAMPS, "rfc3161Timestamps", 0): {"removed"},
}
"""The promise proves a time as well."""
UNPROVEN = {
    (*ENTRY, "integratedTime"): ABSENT | {"one more", "one less"},
    (*ENTRY, "logIndex"): ABSENT | {"one more", "one less"},
}
"""Without a promise nothing signs these two, and nothing is concluded from them."""
NOTHING: dict[tuple[str | int, ...], set[str]] = {}
KINDS = {
    "certificate, statement, v1": (w.make(log=w.V1), NOTHING),
    "certificate, statement, v2": (w.make(), NOTHING),
    "certificate, statement, v2 by ECDSA": (w.make(log=w.V2_ECDSA), NOTHING),
    "certificate, artifact, v1": (w.make(log=w.V1, content="artifact"), DIGEST),
    "certificate, artifact, v2": (w.make(content="artifact"), DIGEST),
    "certificate, intoto, v1 with timestamp": (w.make(log=w.V1, kind="intoto", stamps=True), TIMES | PROMISE),
    "certificate, v1 without promise": (w.make(log=w.V1, logged={"promise": None}, stamps=True), UNPROVEN),
    "key, statement, v1": (w.make(by="key", log=w.V1), LOG | PROMISE),
    "key, statement, v2": (w.make(by="key"), LOG),
    "key, statement, no log": (w.make(by="key", log=None), NOTHING),
    "key, artifact, v1": (w.make(by="key", log=w.V1, content="artifact"), LOG | PROMISE | DIGEST),
    "key, artifact, v2": (w.make(by="key", content="artifact"), LOG | DIGEST),
}
"""Each kind, and the one-field mutants of it that are believed: what is done where."""


def lines(*more: Any):
    """More lines around the log's own, which stands last."""

    def change(honest):
        return (*more, *honest)

    return change


def cosigned(*signers: MemorySigner) -> w.Made:
    """Sign, and cosign the very text the log signed."""
    made = w.make()
    (entry,) = made.entries
    read = note.parse(entry.proof.checkpoint.encode(), where="x")
    more = [notes.sign(read.text, f"witness.example/{i}", s, time=1_700_000_000) for i, s in enumerate(signers)]
    signed = note.write(note.Note(read.text, (*more, *read.signatures))).decode()
    proof = msgspec.structs.replace(entry.proof, checkpoint=signed)
    return made.but(entries=(msgspec.structs.replace(entry, proof=proof),))


def leaf(*changes: dict[str, Any]) -> bytes:
    """A certificate with one timestamp for each change of an honest one (`extensions` are signed too)."""
    prepared = issue.prepare(
        authorities.SUBJECT, w.WORLD.client.public_key(), w.WORLD.ca, now=w.NOW, serial=authorities.number(9)
    )
    bare, issuer = prepared.tbs, chain.spki(chain.read(w.WORLD.ca, where="x"))
    found = []
    for change in changes:
        extensions = change.get("extensions", b"")
        signed = ct.signed_bytes(issuer, bare, timestamp_ms=prepared.timestamp_ms, extensions=extensions)
        signer = change.get("signer", w.WORLD.ct_signer)
        found.append(CertificateTimestamp(
            log_id=ct.log_id(signer.public_key()), timestamp_ms=prepared.timestamp_ms, extensions=extensions,
            signature_algorithm=3, signature=change.get("signature") or signer.sign(signed),
        ))  # fmt: skip
    tbs = ct.with_list(bare, tuple(found), where="x")
    return certificates.signed(tbs, issue.ALGORITHMS["ecdsa-p384"], w.WORLD.ca_signer.sign(tbs))


def chained(made: w.Made, *others: bytes, version: str = "0.2") -> bytes:
    """The bundle in the older form: a chain."""
    data = changed(made.data(), "mediaType", value=OLD + version)
    data = changed(data, MATERIAL, "certificate", value=...)
    certificates = [{"rawBytes": base64.b64encode(c).decode()} for c in (made.certificate, *others)]
    return changed(data, MATERIAL, "x509CertificateChain", value={"certificates": certificates})


def statement(*subjects: dict[str, Any], **more: Any) -> bytes:
    value = {
        "_type": intoto.STATEMENT_V1,
        "subject": list(subjects),
        "predicateType": "urn:x:1",
        "predicate": {},
        **more,
    }
    return json.dumps(value).encode()


V1 = w.make(log=w.V1)
STRANGE_LINE = note.NoteSignature(w.V2.name, b"\1\2\3\4", b"x" * 70)
TRAPS: dict[str, Any] = {
    "cosigned": lambda: cosigned(*WITNESSES[:2]),
    "cosigned by ML-DSA-44": lambda: cosigned(QUANTUM),
    "the log's line is last": lambda: w.make(proof={"lines": lines(note.NoteSignature("z", b"abcd", b"?"))}),
    "a second line of the origin under an unknown key id": lambda: w.make(proof={"lines": lines(STRANGE_LINE)}),
    "the log's line twice": lambda: w.make(proof={"lines": lambda own: own * 2}),
    "extension lines": lambda: w.make(proof={"extensions": ("Timestamp: 1675209600000000000", "x")}),
    "certificate timestamp with extensions": lambda: w.make(leaf=leaf({"extensions": b"\0\1\2"})),
    "a second certificate timestamp by an unknown log": lambda: w.make(leaf=leaf({"signer": w.STRANGER}, {})),
    "timestamp without its certificate": lambda: GOOD.but(
        timestamps=(w.stamped(GOOD.signature, certificate=False),)),
    "two timestamps": lambda: GOOD.but(
        timestamps=(*GOOD.timestamps, w.stamped(GOOD.signature, at=w.STAMPED + timedelta(seconds=1)))),
    "a timestamp by somebody else beside": lambda: V1.but(
        timestamps=(w.stamped(V1.signature, authority=w.UNLISTED_TSA),)),
    "time on the first second of the certificate": lambda: w.make(stamp_at=w.NOW),
    "time on the last second of the certificate": lambda: w.make(stamp_at=w.NOW + timedelta(minutes=10)),
    "intoto with promise and timestamp": lambda: w.make(log=w.V1, kind="intoto", stamps=True),
    "statement logged as hashedrekord 0.0.1": lambda: w.make(log=w.V1, kind="hashedrekord"),
    "promise without need of a timestamp": lambda: V1,
    "version 1 by its proof, without promise, with timestamp": lambda: w.make(
        log=w.V1, logged={"promise": None}, stamps=True),
    "chain with a superfluous intermediate": lambda: chained(GOOD, w.WORLD.ca, w.OTHER_WORLD.ca),
    "version 0.1 with promise and proof": lambda: chained(V1, version="0.1"),
    "empty keyid": lambda: changed(GOOD.data(), "dsseEnvelope", "signatures", 0, "keyid", value=""),
    "null for absent": lambda: changed(GOOD.data(), MATERIAL, "publicKey", value=None),
    "integrated time 0": lambda: changed(GOOD.data(), MATERIAL, "tlogEntries", 0, "integratedTime", value="0"),
    "old media type of version 0.3": lambda: changed(GOOD.data(), "mediaType", value=OLD + "0.3"),
    "alone in its tree": lambda: w.make(proof={"before": 0, "after": 0}),
    "first leaf": lambda: w.make(proof={"before": 0}),
    "large tree": lambda: w.make(proof={"before": 300, "after": 77}),
    "subject without name": lambda: w.make(statement=statement({"digest": {"sha256": w.TARGET.hex}})),
    "one subject of several": lambda: w.make(statement=statement(
        {"name": "a", "digest": {"sha256": "00" * 32}}, {"name": "b", "digest": {"sha256": w.TARGET.hex}})),
    "unknown names and fractions in the statement": lambda: w.make(statement=statement(
        {"digest": {"sha256": w.TARGET.hex}, "colour": 1}, future=[1.5])),
}  # fmt: skip
"""Made when asked for: bundles or their bytes."""
