"""What a transparency log is asked and answers, API versions 1 and 2; the entry comes out as a bundle carries it.

Version 1 (sigstore/rekor, openapi.yaml): `hashedrekord/0.0.1` and `dsse/0.0.1`; its hashes and log id are hexadecimal.
Version 2 (sigstore/rekor-tiles, CLIENTS.md): `hashedRekordRequestV002` alone; a DSSE envelope is logged as the
digest of its PAE. Nothing in an answer is believed here.
"""

import re

import msgspec

from assay.formats import base64text, dsse, rekor, strictjson
from assay.formats.bundle import InclusionProof, LogEntry
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.statement import Envelope

KEY_DETAILS = "PKIX_ECDSA_P256_SHA_256"
"""Of the ephemeral keys: P-256 with SHA-256 (protobuf-specs, PublicKeyDetails)."""
_HEX = re.compile(r"(?:[0-9a-f]{2})*", re.ASCII)
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_LIMIT = 1 << 63
_HASHES_COUNT = 64
"""A path in a tree of fewer than 2^63 leaves is not longer."""


class _Proof1(msgspec.Struct):
    checkpoint: str
    hashes: list[str]
    logIndex: int  # noqa: N815  (the wire's name)
    rootHash: str  # noqa: N815
    treeSize: int  # noqa: N815


class _Verification1(msgspec.Struct):
    inclusionProof: _Proof1  # noqa: N815
    signedEntryTimestamp: str  # noqa: N815


class _Entry1(msgspec.Struct):
    body: str
    integratedTime: int  # noqa: N815
    logID: str  # noqa: N815
    logIndex: int  # noqa: N815
    verification: _Verification1


class _Kind(msgspec.Struct):
    kind: str
    version: str = msgspec.field(name="apiVersion")


class _LogId(msgspec.Struct):
    keyId: str  # noqa: N815


class _KindVersion(msgspec.Struct):
    kind: str
    version: str


class _Checkpoint(msgspec.Struct):
    envelope: str


class _Proof2(msgspec.Struct):
    checkpoint: _Checkpoint
    rootHash: str  # noqa: N815
    treeSize: str | int  # noqa: N815
    logIndex: str | int = 0  # noqa: N815  (proto3 JSON leaves zero out)
    hashes: list[str] = []


class _Entry2(msgspec.Struct):
    canonicalizedBody: str  # noqa: N815
    inclusionProof: _Proof2  # noqa: N815
    kindVersion: _KindVersion  # noqa: N815
    logId: _LogId  # noqa: N815
    logIndex: str | int = 0  # noqa: N815


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """A signature that is to be logged: over what, and by whom; either `certificate` or `spki`."""

    digest: bytes
    """Of the artifact, or of the PAE of an envelope."""
    signature: bytes
    algorithm: str = "sha256"
    """Of `digest`: `sha256`, `sha384` or `sha512`."""
    key_details: str = KEY_DETAILS
    certificate: bytes = b""
    """DER of the leaf."""
    spki: bytes = b""
    """DER SubjectPublicKeyInfo of a managed key."""


def request(version: int, signed: Signed, envelope: Envelope | None = None) -> bytes:
    """The body that logs a signature.

    Args:
        version: of the log's API, 1 or 2.
        signed: what is logged.
        envelope: of one signature, where it is one that was signed; version 1 wants to see it.
    """
    if version != 1:
        return _request2(signed)
    verifier = base64text.encode(_pem(signed))
    if envelope is not None:
        proposed = {"envelope": dsse.write(envelope).decode(), "verifiers": [verifier]}
        return _request1(rekor.DSSE_V1, {"proposedContent": proposed})
    data = {"hash": {"algorithm": signed.algorithm, "value": signed.digest.hex()}}
    signature = {"content": base64text.encode(signed.signature), "publicKey": {"content": verifier}}
    return _request1(rekor.HASHEDREKORD_V1, {"data": data, "signature": signature})


def body(signed: Signed) -> bytes:
    """The body that a log of version 2 writes of it."""
    return rekor.hashedrekord_v2(
        algorithm=signed.algorithm,
        digest=signed.digest,
        signature=signed.signature,
        key_details=signed.key_details,
        certificate=signed.certificate,
        spki=signed.spki,
    )


def answer(version: int, data: bytes, *, where: str, limits: Limits = DEFAULT_LIMITS) -> LogEntry:
    """The entry a log of an API version answers with.

    Raises:
        MalformedError: another form, more than one entry, base64, hexadecimal or numbers with two spellings.
    """
    value = strictjson.loads(data, where=where, limit=limits.service_answer_bytes, depth=limits.json_depth_count)
    try:
        if version != 1:
            return _entry2(msgspec.convert(value, _Entry2), where)
        if not isinstance(value, dict) or len(value) != 1:
            raise _bad(where, "not exactly one entry")
        return _entry1(msgspec.convert(next(iter(value.values())), _Entry1), where)
    except msgspec.ValidationError as error:
        raise _bad(where, str(error)) from error


def pem(data: bytes, label: str = "CERTIFICATE") -> bytes:
    """DER in PEM: lines of 64 characters, one line break at the end (RFC 7468)."""
    text = base64text.encode(data)
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()


def _pem(signed: Signed) -> bytes:
    return pem(signed.certificate) if signed.certificate else pem(signed.spki, "PUBLIC KEY")


def _request1(kind: tuple[str, str], spec: dict[str, object]) -> bytes:
    return strictjson.canonical({"apiVersion": kind[1], "kind": kind[0], "spec": spec})


def _request2(signed: Signed) -> bytes:
    raw = {"rawBytes": base64text.encode(signed.certificate or signed.spki)}
    verifier = {"keyDetails": signed.key_details, "x509Certificate" if signed.certificate else "publicKey": raw}
    value = {
        "digest": base64text.encode(signed.digest),
        "signature": {"content": base64text.encode(signed.signature), "verifier": verifier},
    }
    return strictjson.canonical({"hashedRekordRequestV002": value})


def _entry1(wire: _Entry1, where: str) -> LogEntry:
    logged = base64text.decode(wire.body, where=where)
    named = strictjson.loads(logged, where=f"{where}: body", limit=len(logged))
    kind = msgspec.convert(named, _Kind)
    proof = wire.verification.inclusionProof
    return LogEntry(
        log_index=_number(wire.logIndex, where),
        log_id=_hex(wire.logID, where),
        kind=kind.kind,
        version=kind.version,
        body=logged,
        integrated_time=_number(wire.integratedTime, where),
        promise=base64text.decode(wire.verification.signedEntryTimestamp, where=where),
        proof=InclusionProof(
            log_index=_number(proof.logIndex, where),
            root_hash=_hex(proof.rootHash, where),
            tree_size=_number(proof.treeSize, where),
            hashes=tuple(_hex(text, where) for text in _path(proof.hashes, where)),
            checkpoint=proof.checkpoint,
        ),
    )


def _entry2(wire: _Entry2, where: str) -> LogEntry:
    proof = wire.inclusionProof
    return LogEntry(
        log_index=_number(wire.logIndex, where),
        log_id=base64text.decode(wire.logId.keyId, where=where),
        kind=wire.kindVersion.kind,
        version=wire.kindVersion.version,
        body=base64text.decode(wire.canonicalizedBody, where=where),
        proof=InclusionProof(
            log_index=_number(proof.logIndex, where),
            root_hash=base64text.decode(proof.rootHash, where=where),
            tree_size=_number(proof.treeSize, where),
            hashes=tuple(base64text.decode(text, where=where) for text in _path(proof.hashes, where)),
            checkpoint=proof.checkpoint.envelope,
        ),
    )


def _path(hashes: list[str], where: str) -> list[str]:
    if len(hashes) > _HASHES_COUNT:
        raise _bad(where, f"a proof of {len(hashes)} hashes")
    return hashes


def _number(value: str | int, where: str) -> int:
    """A 64-bit number: as JSON has it in version 1, as a decimal text in version 2."""
    text = str(value)[:40]
    if not _DECIMAL.fullmatch(text) or int(text) >= _LIMIT:
        raise _bad(where, f"{text!r} is not a canonical 64-bit number")
    return int(text)


def _hex(text: str, where: str) -> bytes:
    if not _HEX.fullmatch(text):
        raise _bad(where, f"{text[:40]!r} is not lower-case hexadecimal")
    return bytes.fromhex(text)


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError(
        "not an answer of a transparency log", where=where, why=why, remedy="check the address in the signing config"
    )
