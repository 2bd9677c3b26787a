"""Bodies of log entries: what a Rekor log says it was shown, and the canonical body a version 2 log writes.

Clauses: sigstore/rekor `pkg/types` (`hashedrekord/0.0.1`, `dsse/0.0.1`, `intoto/0.0.2`), sigstore/rekor-tiles
`hashedrekord/0.0.2`. Nothing in a body is believed here.
"""

import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from assay.formats import base64text, strictjson
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import DEFAULT_LIMITS, Limits

HASHEDREKORD_V1, DSSE_V1, INTOTO_V2 = ("hashedrekord", "0.0.1"), ("dsse", "0.0.1"), ("intoto", "0.0.2")
HASHEDREKORD_V2 = ("hashedrekord", "0.0.2")
"""The one kind of version 2 logs: the digest of what was signed, the signature, the key."""
_HASHES = {"SHA2_256": "sha256", "SHA2_384": "sha384", "SHA2_512": "sha512"}
_WRITTEN = {name: wire for wire, name in _HASHES.items()}
_PEM = re.compile(rb"-----BEGIN ([A-Z ]{1,40})-----\r?\n([A-Za-z0-9+/=\r\n]+?)\r?\n?-----END \1-----\s*", re.ASCII)
_HEX = re.compile(r"(?:[0-9a-f]{2})+", re.ASCII)
_T = TypeVar("_T")


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry is about. Empty fields are those its kind does not have."""

    kind: str
    version: str
    algorithm: str = ""
    """`sha256`, `sha384`, `sha512`: of `digest`."""
    digest: bytes = b""
    """Of the artifact, of the PAE (`hashedrekord/0.0.2`), or of the payload (`dsse`, `intoto`)."""
    signature: bytes = b""
    certificate: bytes = b""
    """DER of the signer's certificate."""
    spki: bytes = b""
    """DER SubjectPublicKeyInfo, where it was signed with a bare key."""
    key_details: str = ""
    payload_type: str = ""
    payload: bytes | None = None
    """`intoto/0.0.2` may hold the payload itself."""


class _Hash(msgspec.Struct):
    algorithm: str
    value: str


class _Data(msgspec.Struct):
    hash: _Hash


class _Content(msgspec.Struct):
    content: str


class _Signature(msgspec.Struct):
    content: str
    publicKey: _Content  # noqa: N815  (the wire's name)


class _Hashedrekord(msgspec.Struct):
    data: _Data
    signature: _Signature


class _DsseSignature(msgspec.Struct):
    signature: str
    verifier: str


class _Dsse(msgspec.Struct):
    payloadHash: _Hash  # noqa: N815
    signatures: list[_DsseSignature]


class _IntotoSignature(msgspec.Struct):
    sig: str
    publicKey: str  # noqa: N815


class _IntotoEnvelope(msgspec.Struct):
    payloadType: str  # noqa: N815
    signatures: list[_IntotoSignature]
    payload: str | None = None


class _IntotoContent(msgspec.Struct):
    envelope: _IntotoEnvelope
    payloadHash: _Hash  # noqa: N815


class _Intoto(msgspec.Struct):
    content: _IntotoContent


class _Raw(msgspec.Struct, forbid_unknown_fields=True):
    rawBytes: str  # noqa: N815


class _Verifier(msgspec.Struct, forbid_unknown_fields=True):
    keyDetails: str  # noqa: N815
    x509Certificate: _Raw | None = None  # noqa: N815
    publicKey: _Raw | None = None  # noqa: N815


class _V2Signature(msgspec.Struct, forbid_unknown_fields=True):
    content: str
    verifier: _Verifier


class _V2Data(msgspec.Struct, forbid_unknown_fields=True):
    algorithm: str
    digest: str


class _V2(msgspec.Struct, forbid_unknown_fields=True):
    data: _V2Data
    signature: _V2Signature


class _V2Spec(msgspec.Struct, forbid_unknown_fields=True):
    hashedRekordV002: _V2  # noqa: N815


class _Envelope(msgspec.Struct):
    apiVersion: str  # noqa: N815
    kind: str
    spec: dict[str, Any]


def hashedrekord_v2(
    *,
    algorithm: str,
    digest: bytes,
    signature: bytes,
    key_details: str,
    certificate: bytes = b"",
    spki: bytes = b"",
) -> bytes:
    """The body a version 2 log writes (RFC 8785), byte for byte.

    Args:
        algorithm: `sha256`, `sha384` or `sha512`.
        digest: of the artifact, or of a DSSE envelope's PAE.
        signature: as made.
        key_details: the key's algorithm by its name in protobuf-specs (`PublicKeyDetails`).
        certificate: DER of the signer's certificate.
        spki: DER of the key, instead.
    """
    raw = {"rawBytes": base64text.encode(certificate or spki)}
    verifier = {"keyDetails": key_details, "x509Certificate" if certificate else "publicKey": raw}
    record = {
        "data": {"algorithm": _WRITTEN[algorithm], "digest": base64text.encode(digest)},
        "signature": {"content": base64text.encode(signature), "verifier": verifier},
    }
    kind, version = HASHEDREKORD_V2
    return strictjson.canonical({"apiVersion": version, "kind": kind, "spec": {"hashedRekordV002": record}})


def promised(body: bytes, *, integrated_time: int, log_id: bytes, log_index: int) -> bytes:
    """What a promise (signed entry timestamp) signs: RFC 8785 of body, time in seconds, log id, global index."""
    value = {
        "body": base64text.encode(body),
        "integratedTime": integrated_time,
        "logID": log_id.hex(),
        "logIndex": log_index,
    }
    return strictjson.canonical(value)


def read(body: bytes, *, where: str, limits: Limits = DEFAULT_LIMITS) -> Body:
    """Read a body of a known kind.

    Raises:
        MalformedError: not strict JSON, or not of the form its kind has.
        UnsupportedError: a kind or version that is not known.
    """
    value = strictjson.loads(body, where=where, limit=limits.bundle_bytes, depth=limits.json_depth_count)
    outer = _convert(value, _Envelope, where)
    reader = _READERS.get((outer.kind, outer.apiVersion))
    if reader is None:
        raise UnsupportedError(
            "an entry of an unknown kind", where=where, why=f"{outer.kind[:40]!r} {outer.apiVersion[:20]!r}"
        )
    return reader(outer, where)


def _hashedrekord_v1(outer: _Envelope, where: str) -> Body:
    spec = _convert(outer.spec, _Hashedrekord, where)
    return _body(outer, spec.data.hash, _bytes(spec.signature.content, where), spec.signature.publicKey.content, where)


def _dsse_v1(outer: _Envelope, where: str) -> Body:
    spec = _convert(outer.spec, _Dsse, where)
    one = _single(spec.signatures, where)
    return _body(outer, spec.payloadHash, _bytes(one.signature, where), one.verifier, where)


def _intoto_v2(outer: _Envelope, where: str) -> Body:
    content = _convert(outer.spec, _Intoto, where).content
    one = _single(content.envelope.signatures, where)
    # The log encodes once more what the envelope has in base64 already: signature and payload.
    signature = _bytes(_ascii(_bytes(one.sig, where), where), where)
    stored = content.envelope.payload
    payload = None if stored is None else _bytes(_ascii(_bytes(stored, where), where), where)
    body = _body(outer, content.payloadHash, signature, one.publicKey, where)
    return msgspec.structs.replace(body, payload_type=content.envelope.payloadType, payload=payload)


def _hashedrekord_v2(outer: _Envelope, where: str) -> Body:
    record = _convert(outer.spec, _V2Spec, where).hashedRekordV002
    verifier = record.signature.verifier
    if (verifier.x509Certificate is None) == (verifier.publicKey is None):
        raise _bad(where, "needs either a certificate or a key")
    if record.data.algorithm not in _HASHES:
        raise _bad(where, f"hash {record.data.algorithm[:40]!r} is not known")
    return Body(
        kind=outer.kind,
        version=outer.apiVersion,
        algorithm=_HASHES[record.data.algorithm],
        digest=_bytes(record.data.digest, where),
        signature=_bytes(record.signature.content, where),
        certificate=_bytes(verifier.x509Certificate.rawBytes, where) if verifier.x509Certificate else b"",
        spki=_bytes(verifier.publicKey.rawBytes, where) if verifier.publicKey else b"",
        key_details=verifier.keyDetails,
    )


_READERS: dict[tuple[str, str], Callable[[_Envelope, str], Body]] = {
    HASHEDREKORD_V1: _hashedrekord_v1,
    DSSE_V1: _dsse_v1,
    INTOTO_V2: _intoto_v2,
    HASHEDREKORD_V2: _hashedrekord_v2,
}


def _body(outer: _Envelope, said: _Hash, signature: bytes, verifier: str, where: str) -> Body:
    if not _HEX.fullmatch(said.value):
        raise _bad(where, "a hash that is not lower-case hex")
    label, der = _pem(_bytes(verifier, where), where)
    return Body(
        kind=outer.kind,
        version=outer.apiVersion,
        algorithm=said.algorithm,
        digest=bytes.fromhex(said.value),
        signature=signature,
        certificate=der if label == b"CERTIFICATE" else b"",
        spki=der if label == b"PUBLIC KEY" else b"",
    )


def _pem(data: bytes, where: str) -> tuple[bytes, bytes]:
    """Label and DER of the one PEM block (RFC 7468)."""
    found = _PEM.fullmatch(data)
    if found is None or found[1] not in {b"CERTIFICATE", b"PUBLIC KEY"}:
        raise _bad(where, "its verifier is not one PEM block of a certificate or a public key")
    return found[1], _bytes(b"".join(found[2].split()).decode("ascii"), where)


def _single(items: list[_T], where: str) -> _T:
    if len(items) != 1:
        raise _bad(where, f"{len(items)} signatures, expected one")
    return items[0]


def _convert(value: Any, kind: type[_T], where: str) -> _T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise _bad(where, str(error)) from error


def _bytes(text: str, where: str) -> bytes:
    return base64text.decode(text, where=where)


def _ascii(data: bytes, where: str) -> str:
    try:
        return data.decode("ascii")
    except UnicodeDecodeError as error:
        raise _bad(where, "not base64 inside base64") from error


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not the body of a log entry", where=where, why=why, remedy="ask for the entry again")
