"""cosign before version 3: the payload of a `.sig` layer and the annotations that carry signature and proof.

Clause: cosign SIGNATURE_SPEC.md ("Payload", "Tag-based discovery", "Certificate", "Bundle"). Reading checks the form;
what may be believed is for `trust.legacy` to say.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from assay.formats import base64text, strictjson
from assay.formats.bundle import LogEntry
from assay.model.digest import Digest
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.patterns import lazy

SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"
TYPE = "cosign container image signature"
SIGNATURE = "dev.cosignproject.cosign/signature"
CERTIFICATE = "dev.sigstore.cosign/certificate"
CHAIN = "dev.sigstore.cosign/chain"
BUNDLE = "dev.sigstore.cosign/bundle"
TIMESTAMP = "dev.sigstore.cosign/rfc3161timestamp"
PAYLOAD_BYTES = 64 << 10
"""A `.sig` payload names one digest; the largest with annotations are some kilobytes."""

_PEM = lazy(r"-----BEGIN CERTIFICATE-----\r?\n([A-Za-z0-9+/=\r\n]+?)\r?\n?-----END CERTIFICATE-----", re.ASCII)
_HEX = lazy(r"[0-9a-f]{64}", re.ASCII)
_NUMBERS = range(1 << 63)


class SimpleSigning(msgspec.Struct, frozen=True, kw_only=True):
    """What a `.sig` payload says."""

    digest: Digest
    """`critical.image.docker-manifest-digest`."""
    type: str
    reference: str = ""
    """`docker-reference`: where the image lay; it proves nothing."""


class Proofs(msgspec.Struct, frozen=True, kw_only=True):
    """What a layer's annotations carry beside the payload; None and empty where they do not."""

    signature: bytes = b""
    """Of a `.sig` layer; an `.att` layer has it in its envelope."""
    certificate: bytes | None = None
    """DER of the leaf. The `chain` annotation is not read: intermediates come from the trusted root."""
    entry: LogEntry | None = None
    timestamp: bytes | None = None
    """DER TimeStampResp."""


class _Image(msgspec.Struct):
    digest: str = msgspec.field(name="docker-manifest-digest")


class _Identity(msgspec.Struct, frozen=True):
    reference: str = msgspec.field(name="docker-reference", default="")


class _Critical(msgspec.Struct):
    image: _Image
    type: str
    identity: _Identity = _Identity()


class _Simple(msgspec.Struct):
    critical: _Critical


class _Payload(msgspec.Struct, forbid_unknown_fields=True):
    body: str
    integratedTime: int  # noqa: N815  (the wire's name)
    logIndex: int  # noqa: N815
    logID: str  # noqa: N815


class _Bundle(msgspec.Struct, forbid_unknown_fields=True):
    SignedEntryTimestamp: str
    Payload: _Payload


class _Timestamp(msgspec.Struct, forbid_unknown_fields=True):
    SignedRFC3161Timestamp: str


class _Kind(msgspec.Struct):
    kind: str
    apiVersion: str  # noqa: N815


def read_payload(data: bytes, *, where: str) -> SimpleSigning:
    """Read the payload of a `.sig` layer.

    Raises:
        MalformedError: not strict JSON, or without type and digest.
    """
    wire = _convert(strictjson.loads(data, where=where, limit=PAYLOAD_BYTES), _Simple, where)
    return SimpleSigning(
        digest=Digest.parse(wire.critical.image.digest, where=where),
        type=wire.critical.type,
        reference=wire.critical.identity.reference,
    )


def write_payload(digest: Digest, reference: str = "") -> bytes:
    """The payload that says "this key signs this image"; the same input gives the same bytes."""
    critical = {
        "identity": {"docker-reference": reference},
        "image": {"docker-manifest-digest": str(digest)},
        "type": TYPE,
    }
    return strictjson.canonical({"critical": critical, "optional": None})


def read_proofs(annotations: Mapping[str, str], *, where: str, limits: Limits = DEFAULT_LIMITS) -> Proofs:
    """Read the annotations of a `.sig` or `.att` layer.

    Raises:
        MalformedError: base64 with two spellings, a certificate that is not one PEM block, JSON of another shape.
    """
    bundle, stamp = annotations.get(BUNDLE, ""), annotations.get(TIMESTAMP, "")
    return Proofs(
        signature=base64text.decode(annotations.get(SIGNATURE, ""), where=f"{where}: signature"),
        certificate=_certificate(annotations[CERTIFICATE], where) if annotations.get(CERTIFICATE) else None,
        entry=_entry(bundle, f"{where}: bundle", limits) if bundle else None,
        timestamp=_timestamp(stamp, f"{where}: timestamp", limits) if stamp else None,
    )


def _certificate(text: str, where: str) -> bytes:
    blocks = _PEM.findall(text)
    if len(blocks) != 1 or text.count("-----BEGIN") != 1:
        raise _bad(f"{where}: certificate", f"{len(blocks)} certificates, expected one")
    return base64text.decode("".join(blocks[0].split()), where=f"{where}: certificate")


def _entry(text: str, where: str, limits: Limits) -> LogEntry:
    """The log's promise: the fields it signed, with numbers where a Sigstore bundle has texts."""
    wire = _convert(strictjson.loads(text.encode(), where=where, limit=limits.manifest_bytes), _Bundle, where)
    payload = wire.Payload
    if payload.integratedTime not in _NUMBERS or payload.logIndex not in _NUMBERS:
        raise _bad(where, "a number below zero or above 2^63")
    if not _HEX.fullmatch(payload.logID):
        raise _bad(where, f"logID {payload.logID[:80]!r} is not 32 bytes in lower-case hex")
    body = base64text.decode(payload.body, where=f"{where}: body")
    kind = _convert(strictjson.loads(body, where=f"{where}: body", limit=limits.manifest_bytes), _Kind, where)
    return LogEntry(
        log_index=payload.logIndex,
        log_id=bytes.fromhex(payload.logID),
        kind=kind.kind,
        version=kind.apiVersion,
        body=body,
        integrated_time=payload.integratedTime,
        promise=base64text.decode(wire.SignedEntryTimestamp, where=f"{where}: promise"),
    )


def _timestamp(text: str, where: str, limits: Limits) -> bytes:
    wire = _convert(strictjson.loads(text.encode(), where=where, limit=limits.manifest_bytes), _Timestamp, where)
    return base64text.decode(wire.SignedRFC3161Timestamp, where=where)


def _convert(value: Any, kind: Any, where: str) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise _bad(where, str(error)) from error


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not a cosign signature", where=where, why=why, remedy="sign the image again")
