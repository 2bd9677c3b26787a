"""Sigstore bundles: read v0.1 to v0.3 strictly, write v0.3 with a managed key.

Reading checks the form of every field (unknown names refused, canonical integers and base64) and hands back what is
there; which combinations may be believed is for `trust.verify` to say. Clause: sigstore protobuf-specs,
`sigstore_bundle.proto`, in its canonical JSON form.
"""

import re
from typing import Any

import msgspec

from assay.formats import base64text, dsse, strictjson
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.statement import Envelope

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
"""What is written, and the artifact type of its referrer."""
VERSIONS = {
    "application/vnd.dev.sigstore.bundle+json;version=0.1": "0.1",
    "application/vnd.dev.sigstore.bundle+json;version=0.2": "0.2",
    "application/vnd.dev.sigstore.bundle+json;version=0.3": "0.3",
    MEDIA_TYPE: "0.3",
}
"""Exact media types; anything else is an unknown version."""
DIGEST_NAMES = {"SHA2_256": "sha256", "SHA2_384": "sha384", "SHA2_512": "sha512"}
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


class MessageSignature(msgspec.Struct, frozen=True, kw_only=True):
    """A signature over an artifact's own bytes; `algorithm` and `digest` are empty where the bundle names none."""

    signature: bytes
    algorithm: str = ""
    digest: bytes = b""


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle holds. None means absent; nothing here is verified."""

    media_type: str
    version: str
    """`0.1`, `0.2`, `0.3`, or empty for a media type this program does not know."""
    key_hint: str | None = None
    certificate: bytes | None = None
    chain: tuple[bytes, ...] | None = None
    envelope: Envelope | None = None
    message: MessageSignature | None = None
    log_entries_count: int = 0
    timestamps: tuple[bytes, ...] = ()


class _Raw(msgspec.Struct, forbid_unknown_fields=True):
    rawBytes: str  # noqa: N815


class _Chain(msgspec.Struct, forbid_unknown_fields=True):
    certificates: list[_Raw] | None = None


class _PublicKey(msgspec.Struct, forbid_unknown_fields=True):
    hint: str | None = None


class _Timestamp(msgspec.Struct, forbid_unknown_fields=True):
    signedTimestamp: str  # noqa: N815


class _Timestamps(msgspec.Struct, forbid_unknown_fields=True):
    rfc3161Timestamps: list[_Timestamp] | None = None  # noqa: N815


class _LogId(msgspec.Struct, forbid_unknown_fields=True):
    keyId: str  # noqa: N815


class _Kind(msgspec.Struct, forbid_unknown_fields=True):
    kind: str
    version: str


class _Promise(msgspec.Struct, forbid_unknown_fields=True):
    signedEntryTimestamp: str  # noqa: N815


class _Checkpoint(msgspec.Struct, forbid_unknown_fields=True):
    envelope: str


class _Proof(msgspec.Struct, forbid_unknown_fields=True):
    rootHash: str  # noqa: N815
    treeSize: str  # noqa: N815
    logIndex: str | None = None  # noqa: N815
    hashes: list[str] | None = None
    checkpoint: _Checkpoint | None = None


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    logId: _LogId  # noqa: N815
    kindVersion: _Kind  # noqa: N815
    canonicalizedBody: str  # noqa: N815
    logIndex: str | None = None  # noqa: N815
    integratedTime: str | None = None  # noqa: N815
    inclusionPromise: _Promise | None = None  # noqa: N815
    inclusionProof: _Proof | None = None  # noqa: N815


class _Material(msgspec.Struct, forbid_unknown_fields=True):
    certificate: _Raw | None = None
    publicKey: _PublicKey | None = None  # noqa: N815
    x509CertificateChain: _Chain | None = None  # noqa: N815
    tlogEntries: list[_Entry] | None = None  # noqa: N815
    timestampVerificationData: _Timestamps | None = None  # noqa: N815


class _MessageDigest(msgspec.Struct, forbid_unknown_fields=True):
    algorithm: str
    digest: str


class _Message(msgspec.Struct, forbid_unknown_fields=True):
    signature: str
    messageDigest: _MessageDigest | None = None  # noqa: N815


class _Bundle(msgspec.Struct, forbid_unknown_fields=True):
    mediaType: str  # noqa: N815
    verificationMaterial: _Material  # noqa: N815
    messageSignature: _Message | None = None  # noqa: N815
    dsseEnvelope: dsse.EnvelopeWire | None = None  # noqa: N815


def read(data: bytes, *, where: str, limits: Limits = DEFAULT_LIMITS) -> Bundle:
    """Read one bundle, the bytes as received.

    Raises:
        MalformedError: not strict JSON, unknown names, wrong types, base64 or integers with two spellings, or more
            certificates or timestamps than a bundle may hold.
    """
    value = strictjson.loads(data, where=where, limit=limits.bundle_bytes, depth=limits.json_depth_count)
    if isinstance(value, dict) and isinstance(kind := value.get("mediaType"), str) and kind not in VERSIONS:
        # An unknown version may rightly have other fields: name the version, not the first strange field.
        return Bundle(media_type=kind, version="")
    wire = _convert(value, where)
    material = wire.verificationMaterial
    chain = material.x509CertificateChain
    certificates = chain.certificates or [] if chain is not None else []
    times = (material.timestampVerificationData.rfc3161Timestamps or []) if material.timestampVerificationData else []
    _bound(len(certificates), limits.bundle_certificates_count, "certificates", where)
    _bound(len(times), limits.bundle_timestamps_count, "timestamps", where)
    _bound(len(material.tlogEntries or ()), limits.bundle_log_entries_count, "log entries", where)
    for index, entry in enumerate(material.tlogEntries or ()):
        _check_entry(entry, f"{where}: tlogEntries[{index}]")
    return Bundle(
        media_type=wire.mediaType,
        version=VERSIONS[wire.mediaType],
        key_hint=None if material.publicKey is None else material.publicKey.hint or "",
        certificate=_raw(material.certificate, where) if material.certificate else None,
        chain=None if chain is None else tuple(_raw(c, where) for c in certificates),
        envelope=dsse.from_wire(wire.dsseEnvelope, where=f"{where}: dsseEnvelope") if wire.dsseEnvelope else None,
        message=_message(wire.messageSignature, where) if wire.messageSignature else None,
        log_entries_count=len(material.tlogEntries or ()),
        timestamps=tuple(base64text.decode(t.signedTimestamp, where=f"{where}: signedTimestamp") for t in times),
    )


def write(envelope: Envelope, hint: str) -> bytes:
    """A v0.3 bundle of one DSSE envelope signed by a managed key, as canonical JSON.

    Args:
        envelope: signed; its `keyid` is empty or equals `hint`.
        hint: base64(SHA-256(SubjectPublicKeyInfo)) of the key.
    """
    value = {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {"publicKey": {"hint": hint}},
        "dsseEnvelope": dsse.to_object(envelope),
    }
    return strictjson.canonical(value)


def _convert(value: Any, where: str) -> _Bundle:
    try:
        return msgspec.convert(value, _Bundle)
    except msgspec.ValidationError as error:
        raise _bad(where, str(error)) from error


def _raw(wire: _Raw, where: str) -> bytes:
    return base64text.decode(wire.rawBytes, where=f"{where}: certificate")


def _message(wire: _Message, where: str) -> MessageSignature:
    signature = base64text.decode(wire.signature, where=f"{where}: messageSignature.signature")
    if wire.messageDigest is None:
        return MessageSignature(signature=signature)
    return MessageSignature(
        signature=signature,
        algorithm=DIGEST_NAMES.get(wire.messageDigest.algorithm, wire.messageDigest.algorithm),
        digest=base64text.decode(wire.messageDigest.digest, where=f"{where}: messageDigest.digest"),
    )


def _check_entry(entry: _Entry, where: str) -> None:
    """The form of a log entry; its meaning is not judged here."""
    proof = entry.inclusionProof
    texts = [entry.logId.keyId, entry.canonicalizedBody]
    texts += [entry.inclusionPromise.signedEntryTimestamp] if entry.inclusionPromise else []
    texts += [proof.rootHash, *(proof.hashes or ())] if proof else []
    for text in texts:
        base64text.decode(text, where=where)
    numbers = [entry.logIndex, entry.integratedTime] + ([proof.logIndex, proof.treeSize] if proof else [])
    for number in numbers:
        if number is not None and (not _DECIMAL.fullmatch(number) or int(number) >= 1 << 63):
            raise _bad(where, f"{number[:40]!r} is not a canonical 64-bit decimal")


def _bound(count: int, limit: int, what: str, where: str) -> None:
    if count > limit:
        raise _bad(where, f"{count} {what}, limit {limit}")


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not a Sigstore bundle", where=where, why=why, remedy="ask its author for a valid bundle")
