"""Signed certificate timestamps (RFC 6962 §3.2-3.3): the list inside a certificate, and what a log signs.

Reading keeps what is signed byte for byte; who is believed is for `trust.certificate` to say.
"""

import hashlib

import msgspec

from assay.formats import der
from assay.model.errors import MalformedError

LIST_OID = "1.3.6.1.4.1.11129.2.4.2"
"""The extension that holds the list."""
SHA256, RSA, ECDSA = 4, 1, 3
"""Numbers of RFC 5246 §7.4.1.4.1."""
LIST_BYTES = 16 * 1024
TIMESTAMPS_COUNT = 16
"""Timestamps one certificate may carry; the public Sigstore embeds one, browsers ask for two or three."""
_PRECERTIFICATE = 1
_EXTENSIONS_TAG = 0xA3


class CertificateTimestamp(msgspec.Struct, frozen=True, kw_only=True):
    """One SCT of version 1."""

    log_id: bytes
    timestamp_ms: int
    extensions: bytes = b""
    hash_algorithm: int = SHA256
    signature_algorithm: int = ECDSA
    signature: bytes


def read_list(value: bytes, *, where: str) -> tuple[CertificateTimestamp, ...]:
    """The SCTs out of the extension's value: an OCTET STRING around the TLS list.

    Raises:
        MalformedError: not such a list, an empty one, too many, another version, bytes left over.
    """
    if len(value) > LIST_BYTES:
        raise _bad(where, f"{len(value)} bytes, limit {LIST_BYTES}")
    items = _Bytes(der.one(value, der.OCTET_STRING, where=where).value, where)
    listed = _Bytes(items.block(2), where)
    items.end()
    found: list[CertificateTimestamp] = []
    while listed.left():
        if len(found) == TIMESTAMPS_COUNT:
            raise _bad(where, f"more than {TIMESTAMPS_COUNT} timestamps")
        found.append(_read_one(_Bytes(listed.block(2), where), where))
    if not found:
        raise _bad(where, "an empty list")
    return tuple(found)


def write_list(timestamps: tuple[CertificateTimestamp, ...]) -> bytes:
    """The extension's value; the inverse of `read_list`."""
    return der.octets(_block(b"".join(_block(_write_one(one)) for one in timestamps)))


def signed_bytes(issuer_spki: bytes, tbs_without_list: bytes, *, timestamp_ms: int, extensions: bytes = b"") -> bytes:
    """What a log signs for an entry of a precertificate (§3.2, `digitally-signed struct`).

    Args:
        issuer_spki: DER SubjectPublicKeyInfo of the issuing CA.
        tbs_without_list: the certificate's TBSCertificate without the list, see `without_list`.
        timestamp_ms: milliseconds since 1970.
        extensions: `CtExtensions`, signed too.
    """
    return b"".join(
        (
            b"\x00\x00",  # version 1, certificate_timestamp
            timestamp_ms.to_bytes(8, "big"),
            _PRECERTIFICATE.to_bytes(2, "big"),
            hashlib.sha256(issuer_spki).digest(),
            _block(tbs_without_list, 3),
            _block(extensions),
        )
    )


def log_id(spki: bytes) -> bytes:
    """A log's identifier: the SHA-256 of its SubjectPublicKeyInfo (§3.2)."""
    return hashlib.sha256(spki).digest()


def without_list(certificate: bytes, *, where: str) -> tuple[bytes, bytes | None]:
    """A certificate's TBSCertificate with the list cut out, and the list's extension value (None: there was none).

    Raises:
        MalformedError: no certificate in DER, no extensions, several lists.
    """
    tbs = der.open_(der.one(certificate, der.SEQUENCE, where=where), where=where).take(der.SEQUENCE)
    fields = der.children(tbs, where=where)
    if not fields or fields[-1].tag != _EXTENSIONS_TAG:
        raise _bad(where, "a certificate without extensions")
    kept: list[bytes] = []
    lists: list[bytes] = []
    inner = der.one(fields[-1].value, der.SEQUENCE, where=where)
    for extension in der.children(inner, where=where):
        parts = der.children(extension, where=where, limit=3)
        if len(parts) < 2:
            raise _bad(where, "an extension without a value")
        is_list = der.read_oid(parts[0], where=where) == LIST_OID
        (lists if is_list else kept).append(parts[-1].value if is_list else extension.raw)
    if len(lists) > 1:
        raise _bad(where, f"{len(lists)} lists of timestamps")
    rest = der.tlv(_EXTENSIONS_TAG, der.sequence(*kept)) if kept else b""
    return der.sequence(*(f.raw for f in fields[:-1]), rest), lists[0] if lists else None


def with_list(tbs: bytes, timestamps: tuple[CertificateTimestamp, ...], *, where: str) -> bytes:
    """A TBSCertificate with the list added as its last extension; the inverse of `without_list`."""
    fields = der.children(der.one(tbs, der.SEQUENCE, where=where), where=where)
    if not fields or fields[-1].tag != _EXTENSIONS_TAG:
        raise _bad(where, "a certificate without extensions")
    inner = der.one(fields[-1].value, der.SEQUENCE, where=where)
    added = der.sequence(der.oid(LIST_OID), der.octets(write_list(timestamps)))
    return der.sequence(*(f.raw for f in fields[:-1]), der.tlv(_EXTENSIONS_TAG, der.sequence(inner.value, added)))


class _Bytes:
    """Vectors of the TLS presentation language (RFC 5246 §4.3)."""

    def __init__(self, data: bytes, where: str) -> None:
        self._data, self._at, self._where = data, 0, where

    def take(self, count: int) -> bytes:
        if count > len(self._data) - self._at:
            raise _bad(self._where, f"{count} bytes wanted, {len(self._data) - self._at} are left")
        self._at += count
        return self._data[self._at - count : self._at]

    def number(self, octets: int) -> int:
        return int.from_bytes(self.take(octets), "big")

    def block(self, octets: int) -> bytes:
        return self.take(self.number(octets))

    def left(self) -> int:
        return len(self._data) - self._at

    def end(self) -> None:
        if self.left():
            raise _bad(self._where, f"{self.left()} bytes left over")


def _read_one(data: _Bytes, where: str) -> CertificateTimestamp:
    version = data.number(1)
    if version != 0:
        raise _bad(where, f"version {version + 1} of a timestamp")
    found = CertificateTimestamp(
        log_id=data.take(32),
        timestamp_ms=data.number(8),
        extensions=data.block(2),
        hash_algorithm=data.number(1),
        signature_algorithm=data.number(1),
        signature=data.block(2),
    )
    data.end()
    return found


def _write_one(one: CertificateTimestamp) -> bytes:
    return b"".join(
        (
            b"\x00",
            one.log_id,
            one.timestamp_ms.to_bytes(8, "big"),
            _block(one.extensions),
            bytes((one.hash_algorithm, one.signature_algorithm)),
            _block(one.signature),
        )
    )


def _block(data: bytes, octets: int = 2) -> bytes:
    return len(data).to_bytes(octets, "big") + data


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError(
        "not a list of certificate timestamps", where=where, why=why, remedy="ask for a new certificate"
    )
