"""Step 12: the log entry is about this very signature, by this very key, over this very content."""

import hashlib

import msgspec

from assay.formats import rekor
from assay.formats.bundle import LogEntry
from assay.formats.rekor import Body
from assay.model.errors import MalformedError, UnsupportedError, UntrustedError
from assay.model.statement import Envelope
from assay.trust import root
from assay.trust.keyring import Key


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle holds, its signature verified."""

    key: Key
    certificate: bytes = b""
    """DER of the signer's certificate; empty for a managed key."""
    signature: bytes
    hash_name: str
    """Hash the signature was made with; empty for pure Ed25519."""
    envelope: Envelope | None = None
    message: bytes = b""
    """PAE of the envelope."""
    artifact: dict[str, bytes] = {}
    """Digests of the artifact whose bytes were signed, by algorithm."""


def bind(entry: LogEntry, signed: Signed, *, name: str) -> None:
    """Compare an entry with the bundle around it.

    Raises:
        UntrustedError: `ENTRY_KIND`, `ENTRY_MISMATCH`.
    """
    try:
        body = rekor.read(entry.body, where=name)
    except UnsupportedError as error:
        raise _no("ENTRY_KIND", name, error.why) from error
    except MalformedError as error:
        raise _no("ENTRY_MISMATCH", name, error.why) from error
    if (body.kind, body.version) != (entry.kind, entry.version):
        why = f"the body is {body.kind} {body.version}, the bundle calls it {entry.kind[:40]} {entry.version[:20]}"
        raise _no("ENTRY_KIND", name, why)
    if (body.kind, body.version) == rekor.HASHEDREKORD_V2:
        _rebuild(entry, body, signed, name)
        return
    if signed.envelope is None and (body.kind, body.version) != rekor.HASHEDREKORD_V1:
        raise _no("ENTRY_KIND", name, f"{body.kind} {body.version} does not log this kind of signature")
    _compare(body, signed, name)


def _rebuild(entry: LogEntry, body: Body, signed: Signed, name: str) -> None:
    """Version 2: the body made out of the bundle is the body that was logged, byte for byte."""
    hash_name = signed.hash_name
    digest = _digest(signed, hash_name)
    if not hash_name or digest is None:
        raise _no("ENTRY_MISMATCH", name, f"a {signed.key.algorithm} signature cannot be logged as a hash")
    wanted = {
        rekor.hashedrekord_v2(
            algorithm=hash_name,
            digest=digest,
            signature=signed.signature,
            key_details=details,
            certificate=signed.certificate,
            spki=b"" if signed.certificate else signed.key.spki,
        )
        for details in root.details(signed.key, hash_name)
    }
    if entry.body not in wanted:
        raise _no("ENTRY_MISMATCH", name, f"the entry is of another {_other(body, signed, digest)}")


def _compare(body: Body, signed: Signed, name: str) -> None:
    """Version 1: hash, one signature, key or certificate; of `intoto` also type and payload, where it holds them.

    `hashedrekord` holds the digest of what was signed (of a statement its PAE), `dsse` and `intoto` of the payload.
    """
    envelope = signed.envelope
    if envelope is None or (body.kind, body.version) == rekor.HASHEDREKORD_V1:
        digest = _digest(signed, body.algorithm)
    else:
        digest = _hash(body.algorithm, envelope.payload)
    same = (
        digest is not None
        and body.digest == digest
        and body.signature == signed.signature
        and (body.certificate, body.spki) == (signed.certificate, b"" if signed.certificate else signed.key.spki)
    )
    if envelope is not None and (body.kind, body.version) == rekor.INTOTO_V2:
        same = same and body.payload_type == envelope.payload_type and body.payload in (None, envelope.payload)
    if not same:
        raise _no("ENTRY_MISMATCH", name, f"the entry is of another {_other(body, signed, digest)}")


def _digest(signed: Signed, hash_name: str) -> bytes | None:
    return _hash(hash_name, signed.message) if signed.envelope is not None else signed.artifact.get(hash_name)


def _hash(algorithm: str, data: bytes) -> bytes | None:
    return hashlib.new(algorithm, data).digest() if algorithm in {"sha256", "sha384", "sha512"} else None


def _other(body: Body, signed: Signed, digest: bytes | None) -> str:
    """What differs, in words."""
    if body.digest != digest:
        return "content"
    if body.signature != signed.signature:
        return "signature"
    return "key or form"


def _no(code: str, name: str, why: str) -> UntrustedError:
    return UntrustedError(
        "cannot believe this log entry",
        where=name,
        why=why,
        remedy="ask its author for the bundle with the entry that belongs to it",
        code=code,
        step="entry",
    )
