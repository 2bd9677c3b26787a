"""Sigstore bundles: read v0.1 to v0.3 strictly, write v0.3.

Reading checks the form of every field (unknown names refused, canonical integers and base64) and hands back what is
there; which combinations may be believed is for `trust.verify` to say. Clause: sigstore protobuf-specs,
`sigstore_bundle.proto`, in its canonical JSON form.
"""

import base64
import re
from collections.abc import Iterable

import msgspec

from assay.formats import base64text, dsse, strictcheck, strictjson
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.patterns import lazy
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
_WRITTEN_NAMES = {name: wire for wire, name in DIGEST_NAMES.items()}
_DECIMAL = lazy(r"0|[1-9][0-9]{0,18}", re.ASCII)


class MessageSignature(msgspec.Struct, frozen=True, kw_only=True):
    """A signature over an artifact's own bytes; `algorithm` and `digest` are empty where the bundle names none."""

    signature: bytes
    algorithm: str = ""
    digest: bytes = b""


class InclusionProof(msgspec.Struct, frozen=True, kw_only=True):
    """The path of a leaf to a root that a checkpoint speaks of."""

    log_index: int
    """Of the leaf in this tree; a sharded log's outer index is another one."""
    root_hash: bytes
    tree_size: int
    hashes: tuple[bytes, ...] = ()
    checkpoint: str | None = None
    """The signed note as it was received."""


class LogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a transparency log. None means absent; a number that is absent is 0, as in any proto3 JSON."""

    log_index: int
    log_id: bytes
    kind: str
    version: str
    body: bytes
    """The canonicalized body: the bytes of the leaf."""
    integrated_time: int | None = None
    """Seconds since 1970; proven by `promise` alone."""
    promise: bytes | None = None
    """The signed entry timestamp (SET)."""
    proof: InclusionProof | None = None


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
    entries: tuple[LogEntry, ...] = ()
    timestamps: tuple[bytes, ...] = ()
    """RFC 3161 tokens, DER TimeStampResp."""


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


class _Named(msgspec.Struct):
    mediaType: str | None = None  # noqa: N815


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
    strictcheck.check(data, where=where, limit=limits.bundle_bytes, depth=limits.json_depth_count)
    kind = media_type(data)
    if kind is not None and kind not in VERSIONS:
        # An unknown version may rightly have other fields: name the version, not the first strange field.
        return Bundle(media_type=kind, version="")
    wire = _wire(data, where)
    material = wire.verificationMaterial
    chain = material.x509CertificateChain
    certificates = chain.certificates or [] if chain is not None else []
    times = (material.timestampVerificationData.rfc3161Timestamps or []) if material.timestampVerificationData else []
    _bound(len(certificates), limits.bundle_certificates_count, "certificates", where)
    _bound(len(times), limits.bundle_timestamps_count, "timestamps", where)
    _bound(len(material.tlogEntries or ()), limits.bundle_log_entries_count, "log entries", where)
    return Bundle(
        media_type=wire.mediaType,
        version=VERSIONS[wire.mediaType],
        key_hint=None if material.publicKey is None else material.publicKey.hint or "",
        certificate=_raw(material.certificate, where) if material.certificate else None,
        chain=None if chain is None else tuple(_raw(c, where) for c in certificates),
        envelope=dsse.from_wire(wire.dsseEnvelope, where=f"{where}: dsseEnvelope") if wire.dsseEnvelope else None,
        message=_message(wire.messageSignature, where) if wire.messageSignature else None,
        entries=tuple(_entry(e, f"{where}: tlogEntries[{i}]") for i, e in enumerate(material.tlogEntries or ())),
        timestamps=tuple(base64text.decode(t.signedTimestamp, where=f"{where}: signedTimestamp") for t in times),
    )


def write(
    content: Envelope | MessageSignature,
    hint: str | None = None,
    *,
    certificate: bytes | None = None,
    entries: Iterable[LogEntry] = (),
    timestamps: Iterable[bytes] = (),
) -> bytes:
    """A v0.3 bundle as canonical JSON; `read` gives back what was handed in.

    Args:
        content: a signed envelope (its `keyid` empty or equal to `hint`), or a signature over an artifact's bytes.
        hint: base64(SHA-256(SubjectPublicKeyInfo)) of the managed key.
        certificate: DER of the leaf, instead of `hint`.
        entries: log entries, as the log answered.
        timestamps: DER TimeStampResp over the signature's bytes.

    Raises:
        ValueError: both or neither of `hint` and `certificate`.
    """
    if (hint is None) == (certificate is None):
        raise ValueError("a bundle names either a key or a certificate")
    material: dict[str, object] = (
        {"publicKey": {"hint": hint}} if certificate is None else {"certificate": _raw_object(certificate)}
    )
    if logged := [_entry_object(entry) for entry in entries]:
        material["tlogEntries"] = logged
    if stamped := [{"signedTimestamp": base64text.encode(token)} for token in timestamps]:
        material["timestampVerificationData"] = {"rfc3161Timestamps": stamped}
    head = {"mediaType": MEDIA_TYPE, "verificationMaterial": material}
    if not isinstance(content, Envelope):
        return strictjson.canonical({**head, "messageSignature": _message_object(content)})
    # Its payload may be a large SBOM, of which the encoder would hold four copies: it is put in where it comes first.
    bare = strictjson.canonical({**head, "dsseEnvelope": dsse.to_object(msgspec.structs.replace(content, payload=b""))})
    start = b'{"dsseEnvelope":{"payload":"'
    return b"".join((start, base64.b64encode(content.payload), bare.removeprefix(start)))


def _raw_object(der: bytes) -> dict[str, object]:
    return {"rawBytes": base64text.encode(der)}


def _message_object(message: MessageSignature) -> dict[str, object]:
    named = {
        "algorithm": _WRITTEN_NAMES.get(message.algorithm, message.algorithm),
        "digest": base64text.encode(message.digest),
    }
    return {
        **({"messageDigest": named} if message.algorithm else {}),
        "signature": base64text.encode(message.signature),
    }


def _entry_object(entry: LogEntry) -> dict[str, object]:
    """An entry as its log would have written it: int64 as text, empty fields left out (proto3 JSON)."""
    optional = {
        "logIndex": str(entry.log_index) if entry.log_index else None,
        "integratedTime": str(entry.integrated_time) if entry.integrated_time else None,
        "inclusionPromise": {"signedEntryTimestamp": base64text.encode(entry.promise)} if entry.promise else None,
        "inclusionProof": _proof_object(entry.proof) if entry.proof else None,
    }
    return {
        "logId": {"keyId": base64text.encode(entry.log_id)},
        "kindVersion": {"kind": entry.kind, "version": entry.version},
        "canonicalizedBody": base64text.encode(entry.body),
        **{name: value for name, value in optional.items() if value is not None},
    }


def _proof_object(proof: InclusionProof) -> dict[str, object]:
    optional = {
        "logIndex": str(proof.log_index) if proof.log_index else None,
        "hashes": [base64text.encode(h) for h in proof.hashes] or None,
        "checkpoint": {"envelope": proof.checkpoint} if proof.checkpoint is not None else None,
    }
    return {
        "rootHash": base64text.encode(proof.root_hash),
        "treeSize": str(proof.tree_size),
        **{name: value for name, value in optional.items() if value is not None},
    }


def media_type(data: bytes) -> str | None:
    """The media type some bytes say they have, whatever else they are; None where they say nothing."""
    try:
        return msgspec.json.decode(data, type=_Named).mediaType
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _wire(data: bytes, where: str) -> _Bundle:
    """The fields, straight from bytes that were checked: in between, all of it would lie there once more."""
    try:
        return msgspec.json.decode(data, type=_Bundle)
    except msgspec.DecodeError as error:
        raise _bad(where, str(error)) from error


def _raw(wire: _Raw, where: str) -> bytes:
    return base64text.decode(wire.rawBytes, where=f"{where}: certificate")


def _message(wire: _Message, where: str) -> MessageSignature:
    signature = base64text.decode(wire.signature, where=f"{where}: messageSignature.signature")
    if wire.messageDigest is None:
        return MessageSignature(signature=signature)
    if not wire.messageDigest.algorithm:
        raise _bad(where, "messageDigest without an algorithm")
    return MessageSignature(
        signature=signature,
        algorithm=DIGEST_NAMES.get(wire.messageDigest.algorithm, wire.messageDigest.algorithm),
        digest=base64text.decode(wire.messageDigest.digest, where=f"{where}: messageDigest.digest"),
    )


def _entry(entry: _Entry, where: str) -> LogEntry:
    """The form of a log entry; its meaning is not judged here."""
    promise = entry.inclusionPromise
    return LogEntry(
        log_index=_number(entry.logIndex, where),
        log_id=base64text.decode(entry.logId.keyId, where=f"{where}: logId"),
        kind=entry.kindVersion.kind,
        version=entry.kindVersion.version,
        body=base64text.decode(entry.canonicalizedBody, where=f"{where}: canonicalizedBody"),
        # Clients write "0" for the entries of a log that gives no time: absent, as proto3 has it.
        integrated_time=_number(entry.integratedTime, where) or None,
        promise=base64text.decode(promise.signedEntryTimestamp, where=f"{where}: promise") if promise else None,
        proof=_proof(entry.inclusionProof, f"{where}: inclusionProof") if entry.inclusionProof else None,
    )


def _proof(proof: _Proof, where: str) -> InclusionProof:
    return InclusionProof(
        log_index=_number(proof.logIndex, where),
        root_hash=base64text.decode(proof.rootHash, where=f"{where}: rootHash"),
        tree_size=_number(proof.treeSize, where),
        hashes=tuple(base64text.decode(h, where=f"{where}: hashes[{i}]") for i, h in enumerate(proof.hashes or ())),
        checkpoint=None if proof.checkpoint is None else proof.checkpoint.envelope,
    )


def _number(text: str | None, where: str) -> int:
    """A canonical 64-bit decimal; absent is 0."""
    if text is None:
        return 0
    if not _DECIMAL.fullmatch(text) or int(text) >= 1 << 63:
        raise _bad(where, f"{text[:40]!r} is not a canonical 64-bit decimal")
    return int(text)


def _bound(count: int, limit: int, what: str, where: str) -> None:
    if count > limit:
        raise _bad(where, f"{count} {what}, limit {limit}")


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not a Sigstore bundle", where=where, why=why, remedy="ask its author for a valid bundle")
