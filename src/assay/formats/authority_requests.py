"""What signing clients ask an authority for: certificates (Fulcio API v2), log entries (Rekor API v2), timestamps.

Requests come from anybody: strict JSON, bounded, one meaning. Unknown names are ignored, as proto3 JSON readers do for
clients newer than they are; base64 has one spelling.
"""

import re
from typing import Any

import msgspec

from assay.formats import base64text, dsse, strictjson
from assay.formats.dsse import EnvelopeWire
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.statement import Envelope

_BEARER = re.compile(r"[Bb]earer +([A-Za-z0-9_.~+/=-]+)", re.ASCII)
_HASH_BYTES = {"sha256": 32, "sha384": 48, "sha512": 64}
_NONCE_LIMIT = 1 << 160


class CertificateRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A wish for a certificate: a token, and a key with the proof that it is the asker's."""

    token: str
    csr: bytes = b""
    """PKCS#10 in PEM, or empty where `public_key` is given."""
    public_key: bytes = b""
    """PEM or DER of the key."""
    proof: bytes = b""
    """Signature over the token's `email` or `sub`."""


class EntryRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A signature to be logged. Exactly one of `certificate` and `spki`; `envelope` only in the older DSSE form."""

    signature: bytes
    digest: bytes = b""
    """Of what was signed; empty where `envelope` is given."""
    certificate: bytes = b""
    """DER."""
    spki: bytes = b""
    key_details: str = ""
    envelope: Envelope | None = None


class TimestampRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A wish for a timestamp in JSON, as sigstore-js sends it."""

    digest: bytes
    algorithm: str
    """`sha256`, `sha384` or `sha512`."""
    nonce: int | None = None
    certificates: bool = False


class _Credentials(msgspec.Struct):
    oidcIdentityToken: str = ""  # noqa: N815  (the wire's name)


class _PublicKey(msgspec.Struct):
    content: str
    algorithm: str = ""


class _KeyRequest(msgspec.Struct):
    publicKey: _PublicKey  # noqa: N815
    proofOfPossession: str  # noqa: N815


class _CertificateWire(msgspec.Struct):
    credentials: _Credentials | None = None
    certificateSigningRequest: str | None = None  # noqa: N815
    publicKeyRequest: _KeyRequest | None = None  # noqa: N815


class _Raw(msgspec.Struct):
    rawBytes: str  # noqa: N815


class _Verifier(msgspec.Struct):
    keyDetails: str  # noqa: N815
    publicKey: _Raw | None = None  # noqa: N815
    x509Certificate: _Raw | None = None  # noqa: N815


class _Signature(msgspec.Struct):
    content: str
    verifier: _Verifier


class _Hashed(msgspec.Struct):
    digest: str
    signature: _Signature


class _Dsse(msgspec.Struct):
    envelope: dict[str, Any]
    verifiers: list[_Verifier]


class _EntryWire(msgspec.Struct):
    hashedRekordRequestV002: _Hashed | None = None  # noqa: N815
    dsseRequestV002: _Dsse | None = None  # noqa: N815


class _EmailWire(msgspec.Struct):
    email: str


class _TimestampWire(msgspec.Struct):
    artifactHash: str  # noqa: N815
    hashAlgorithm: str  # noqa: N815
    nonce: int | str | None = None
    certificates: bool | None = None


def certificate(data: bytes, bearer: str, *, limits: Limits = DEFAULT_LIMITS) -> CertificateRequest:
    """Read `POST /api/v2/signingCert`.

    Args:
        data: the body.
        bearer: the `Authorization` header, empty where there is none; it rules over the token in the body.
        limits: `request_bytes`, `token_bytes`.

    Raises:
        MalformedError: no token, or not exactly one of a certificate request and a key with its proof.
    """
    wire = _read(data, _CertificateWire, limits)
    token = _token(bearer, wire.credentials)
    if not token or len(token) > limits.token_bytes:
        raise _bad("no identity token, or one that is too long", "send Authorization: Bearer TOKEN")
    if (wire.certificateSigningRequest is None) == (wire.publicKeyRequest is None):
        raise _bad("expected one of certificateSigningRequest and publicKeyRequest")
    if wire.certificateSigningRequest is not None:
        return CertificateRequest(token=token, csr=_base64(wire.certificateSigningRequest, "certificateSigningRequest"))
    asked = wire.publicKeyRequest
    if asked is None:
        raise _bad("no key")
    return CertificateRequest(
        token=token,
        public_key=_key(asked.publicKey.content),
        proof=_base64(asked.proofOfPossession, "proofOfPossession"),
    )


def entry(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> EntryRequest:
    """Read `POST <log>/api/v2/log/entries`, in today's form or the DSSE form that older clients still send.

    Raises:
        MalformedError: not exactly one form, not exactly one verifier, another number of signatures than one.
    """
    wire = _read(data, _EntryWire, limits, limits.entry_request_bytes)
    if (wire.hashedRekordRequestV002 is None) == (wire.dsseRequestV002 is None):
        raise _bad("expected one of hashedRekordRequestV002 and dsseRequestV002")
    if wire.hashedRekordRequestV002 is not None:
        hashed = wire.hashedRekordRequestV002
        return _entry(hashed.signature.verifier, _base64(hashed.signature.content, "signature"), hashed.digest, None)
    asked = wire.dsseRequestV002
    if asked is None or len(asked.verifiers) != 1:
        raise _bad("expected one verifier")
    try:
        envelope = dsse.from_wire(msgspec.convert(asked.envelope, EnvelopeWire), where="envelope")
    except msgspec.ValidationError as error:
        raise _bad(f"envelope: {error}") from error
    if len(envelope.signatures) != 1:
        raise _bad(f"{len(envelope.signatures)} signatures in the envelope, expected one")
    return _entry(asked.verifiers[0], envelope.signatures[0].sig, "", envelope)


def timestamp(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> TimestampRequest:
    """Read `POST /api/v1/timestamp` in JSON.

    Raises:
        MalformedError: another hash, a digest of another length, a nonce that is none.
    """
    wire = _read(data, _TimestampWire, limits)
    digest, algorithm = _base64(wire.artifactHash, "artifactHash"), wire.hashAlgorithm.lower().replace("-", "")
    if _HASH_BYTES.get(algorithm) != len(digest):
        raise _bad(f"{len(digest)} bytes of {wire.hashAlgorithm[:40]!r}", "send SHA-256, SHA-384 or SHA-512")
    nonce = wire.nonce
    if isinstance(nonce, str):
        if not (nonce.isascii() and nonce.isdigit() and len(nonce) <= 48):
            raise _bad("a nonce that is no number")
        nonce = int(nonce)
    if nonce is not None and not 0 <= nonce < _NONCE_LIMIT:
        raise _bad("a nonce that is too large")
    return TimestampRequest(digest=digest, algorithm=algorithm, nonce=nonce, certificates=bool(wire.certificates))


def email(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> str:
    """Read `POST /test-issuer/token`: the address a token is wanted for."""
    wire: _EmailWire = _read(data, _EmailWire, limits)
    return wire.email


def _entry(verifier: _Verifier, signature: bytes, digest: str, envelope: Envelope | None) -> EntryRequest:
    if (verifier.publicKey is None) == (verifier.x509Certificate is None):
        raise _bad("expected one of publicKey and x509Certificate")
    key, certificate = verifier.publicKey, verifier.x509Certificate
    return EntryRequest(
        signature=signature,
        digest=_base64(digest, "digest") if envelope is None else b"",
        certificate=_base64(certificate.rawBytes, "x509Certificate") if certificate else b"",
        spki=_base64(key.rawBytes, "publicKey") if key else b"",
        key_details=verifier.keyDetails,
        envelope=envelope,
    )


def _token(bearer: str, credentials: _Credentials | None) -> str:
    if bearer:
        found = _BEARER.fullmatch(bearer.strip())
        return found[1] if found else ""
    return credentials.oidcIdentityToken if credentials else ""


def _key(content: str) -> bytes:
    """A key as clients send it: PEM as text, or base64 of PEM or DER."""
    if content.lstrip().startswith("-----BEGIN"):
        return content.encode()
    return _base64(content, "publicKey")


def _read(data: bytes, kind: type[Any], limits: Limits, limit: int = 0) -> Any:
    limit = limit or limits.request_bytes
    value = strictjson.loads(data, where="request", limit=limit, depth=limits.json_depth_count)
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise _bad(str(error)) from error


def _base64(text: str, name: str) -> bytes:
    data = base64text.decode(text, where=name)
    if not data:
        raise _bad(f"{name} is empty")
    return data


def _bad(why: str, remedy: str = "send what the interface asks for") -> MalformedError:
    return MalformedError("not a request this authority answers", where="request", why=why, remedy=remedy)
