"""DSSE envelopes: bytes to `Envelope` and back, and the encoding that is signed (DSSE v1)."""

from typing import Any

import msgspec

from assay.formats import base64text, strictjson
from assay.model.errors import MalformedError
from assay.model.statement import Envelope, Signature

IN_TOTO = "application/vnd.in-toto+json"
"""Payload type of in-toto statements (in-toto attestation spec v1, envelope.md)."""


class _SignatureWire(msgspec.Struct, forbid_unknown_fields=True):
    sig: str
    keyid: str | None = None


class EnvelopeWire(msgspec.Struct, forbid_unknown_fields=True):
    """The JSON form; unknown names are refused, `null` means absent."""

    payload: str
    payloadType: str  # noqa: N815  (the wire's name)
    signatures: list[_SignatureWire] | None = None


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE v1 protocol, PAE: `DSSEv1 SP len(type) SP type SP len(payload) SP payload`, lengths in bytes.

    >>> pae("http://example.com/HelloWorld", b"hello world")
    b'DSSEv1 29 http://example.com/HelloWorld 11 hello world'
    """
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def read(data: bytes, *, where: str, limit: int) -> Envelope:
    """Read a bare envelope.

    Raises:
        MalformedError: not strict JSON, an unknown name, or base64 with two spellings.
    """
    return from_object(strictjson.loads(data, where=where, limit=limit), where=where)


def from_object(value: Any, *, where: str) -> Envelope:
    """The envelope inside an already parsed JSON value.

    Raises:
        MalformedError: another shape, or base64 with two spellings.
    """
    try:
        return from_wire(msgspec.convert(value, EnvelopeWire), where=where)
    except msgspec.ValidationError as error:
        raise MalformedError("not a DSSE envelope", where=where, why=str(error), remedy="sign it again") from error


def from_wire(wire: EnvelopeWire, *, where: str) -> Envelope:
    """Decode the base64 fields.

    Raises:
        MalformedError: base64 with two spellings.
    """
    return Envelope(
        payload_type=wire.payloadType,
        payload=base64text.decode(wire.payload, where=f"{where}: payload"),
        signatures=tuple(
            Signature(base64text.decode(s.sig, where=f"{where}: signatures[{i}].sig"), s.keyid or "")
            for i, s in enumerate(wire.signatures or ())
        ),
    )


def to_object(envelope: Envelope) -> dict[str, object]:
    """The JSON value of an envelope; an empty `keyid` is left out."""
    return {
        "payload": base64text.encode(envelope.payload),
        "payloadType": envelope.payload_type,
        "signatures": [
            {"sig": base64text.encode(s.sig), **({"keyid": s.keyid} if s.keyid else {})} for s in envelope.signatures
        ],
    }


def write(envelope: Envelope) -> bytes:
    """Canonical JSON of a bare envelope."""
    return strictjson.canonical(to_object(envelope))
