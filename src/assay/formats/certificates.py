"""X.509 certificates, written (RFC 5280): only the forms an authority of ours issues. Reading is the library's.

A TBSCertificate is made first and signed elsewhere, so nobody who builds one needs a private key.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

from assay.formats import der

BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE = "2.5.29.19", "2.5.29.15", "2.5.29.37"
SUBJECT_KEY, AUTHORITY_KEY, SUBJECT_ALTERNATIVE = "2.5.29.14", "2.5.29.35", "2.5.29.17"
CODE_SIGNING, TIME_STAMPING = "1.3.6.1.5.5.7.3.3", "1.3.6.1.5.5.7.3.8"
DIGITAL_SIGNATURE, SIGNS_CERTIFICATES = 0x80, 0x06
"""Key usage: digitalSignature; keyCertSign and cRLSign."""
_ORGANIZATION, _COMMON_NAME = "2.5.4.10", "2.5.4.3"
_EMAIL, _URI, _OTHER = 0x81, 0x86, 0xA0
_NULL_PARAMETERS = frozenset({"1.2.840.113549.1.1.11", "1.2.840.113549.1.1.12", "1.2.840.113549.1.1.13"})
"""RSA signatures carry NULL parameters (RFC 4055 §5), ECDSA and Ed25519 none."""


def tbs(
    *,
    serial: int,
    algorithm: str,
    issuer: bytes,
    start: datetime,
    end: datetime,
    subject: bytes,
    spki: bytes,
    extensions: Iterable[bytes],
) -> bytes:
    """A TBSCertificate of version 3 (§4.1).

    Args:
        serial: positive.
        algorithm: dotted identifier of the signature that will follow.
        issuer: DER of a Name.
        start: notBefore; fractions of a second are cut off.
        end: notAfter, likewise.
        subject: DER of a Name.
        spki: DER SubjectPublicKeyInfo of the subject.
        extensions: in this order, each made by `extension`.
    """
    return der.sequence(
        der.context(0, der.integer(2)),
        der.integer(serial),
        _algorithm(algorithm),
        issuer,
        der.sequence(time(start), time(end)),
        subject,
        spki,
        der.context(3, der.sequence(*extensions)),
    )


def signed(tbs_bytes: bytes, algorithm: str, signature: bytes) -> bytes:
    """The certificate: what was signed, how, and the signature."""
    return der.sequence(tbs_bytes, _algorithm(algorithm), der.bits(signature))


def name(organization: str = "", common_name: str = "") -> bytes:
    """DER of a Name with up to two attributes; with none it is empty, as the subject of a signing leaf."""
    parts = ((_ORGANIZATION, organization), (_COMMON_NAME, common_name))
    return der.sequence(*(der.set_of((der.sequence(der.oid(kind), der.utf8(text)),)) for kind, text in parts if text))


def time(value: datetime) -> bytes:
    """Time (§4.1.2.5): UTCTime through 2049, then GeneralizedTime, whole seconds."""
    whole = value.astimezone(UTC).replace(microsecond=0)
    written = der.time(whole)
    if 1950 <= whole.year < 2050:
        return der.tlv(der.UTC_TIME, der.one(written, where="time").value[2:])
    return written


def extension(kind: str, value: bytes, *, critical: bool = False) -> bytes:
    """One extension around its value."""
    return der.sequence(der.oid(kind), der.boolean(True) if critical else b"", der.octets(value))


def authority(path_length: int) -> bytes:
    """Critical basicConstraints of a certificate authority, with so many authorities below it."""
    return extension(BASIC_CONSTRAINTS, der.sequence(der.boolean(True), der.integer(path_length)), critical=True)


def key_usage(flags: int) -> bytes:
    """Critical keyUsage; `flags` is the first octet of the BIT STRING."""
    unused = (flags & -flags).bit_length() - 1
    return extension(KEY_USAGE, der.tlv(der.BIT_STRING, bytes((unused, flags))), critical=True)


def extended_key_usage(purpose: str, *, critical: bool = False) -> bytes:
    """extendedKeyUsage with one purpose."""
    return extension(EXTENDED_KEY_USAGE, der.sequence(der.oid(purpose)), critical=critical)


def subject_key(spki: bytes) -> bytes:
    """subjectKeyIdentifier."""
    return extension(SUBJECT_KEY, der.octets(key_identifier(spki)))


def authority_key(issuer_key_identifier: bytes) -> bytes:
    """authorityKeyIdentifier with the issuer's key identifier."""
    return extension(AUTHORITY_KEY, der.sequence(der.tlv(0x80, issuer_key_identifier)))


def key_identifier(spki: bytes) -> bytes:
    """RFC 7093 §2, method 1: the leftmost 160 bits of SHA-256 over the key's bits."""
    fields = der.open_(der.one(spki, der.SEQUENCE, where="key"), where="key")
    fields.take(der.SEQUENCE)
    return hashlib.sha256(der.read_bits(fields.take(), where="key")).digest()[:20]


def email(address: str) -> bytes:
    """A critical subjectAltName of one mail address; ASCII."""
    return _alternative(der.tlv(_EMAIL, address.encode("ascii")))


def uri(address: str) -> bytes:
    """A critical subjectAltName of one URI; ASCII."""
    return _alternative(der.tlv(_URI, address.encode("ascii")))


def other_name(kind: str, text: str) -> bytes:
    """A critical subjectAltName of one OtherName that holds a UTF8String."""
    return _alternative(der.tlv(_OTHER, der.oid(kind), der.context(0, der.utf8(text))))


def _alternative(general_name: bytes) -> bytes:
    # §4.2.1.6: critical, because the subject is empty.
    return extension(SUBJECT_ALTERNATIVE, der.sequence(general_name), critical=True)


def _algorithm(dotted: str) -> bytes:
    return der.sequence(der.oid(dotted), der.null() if dotted in _NULL_PARAMETERS else b"")
