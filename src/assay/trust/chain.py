"""Certification paths (RFC 5280 §6) from a leaf to one trusted anchor, and whether they hold at a time.

Stricter than the clause where a signing service has no need of more: no name constraints, no SHA-1, a certificate
authority says that it may sign certificates. Purpose is one extended key usage, honoured down the whole path.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from assay.formats import der
from assay.model.errors import MalformedError, UntrustedError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

CODE_SIGNING = "1.3.6.1.5.5.7.3.3"
TIME_STAMPING = "1.3.6.1.5.5.7.3.8"
_ANY_USAGE = "2.5.29.37.0"
BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE = "2.5.29.19", "2.5.29.15", "2.5.29.37"
_SUBJECT_KEY, _AUTHORITY_KEY, _NAME_CONSTRAINTS = "2.5.29.14", "2.5.29.35", "2.5.29.30"
SUBJECT_ALTERNATIVE = "2.5.29.17"
_UNDERSTOOD = frozenset({BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE, SUBJECT_ALTERNATIVE, _SUBJECT_KEY})
"""Extensions that may be critical: what this file and its callers judge."""
# No Ed25519: certificate timestamps are over issuers with ECDSA or RSA keys, and other verifiers insist on that.
_ALGORITHMS = frozenset(
    {
        "1.2.840.10045.4.3.2",  # ecdsa-with-SHA256
        "1.2.840.10045.4.3.3",
        "1.2.840.10045.4.3.4",
        "1.2.840.113549.1.1.11",  # sha256WithRSAEncryption
        "1.2.840.113549.1.1.12",
        "1.2.840.113549.1.1.13",
    }
)
_NAME_CHARACTERS = {
    b"\x55\x04\x03": (1, 64),  # commonName
    b"\x55\x04\x06": (2, 2),  # countryName
    bytes.fromhex("2b0601040182373c020103"): (2, 2),  # jurisdictionCountryName
}
_LENGTH = 8
"""Certificates of a path, the leaf and the anchor counted."""
_CHECKS = 64
"""Signatures looked at while paths are sought; a hostile set of certificates could have very many paths."""


def read(data: bytes, *, where: str) -> "Certificate":
    """One certificate of version 3 in DER, its extensions readable.

    Raises:
        UntrustedError: `PARSE_CERTIFICATE`.
    """
    from cryptography.x509 import Version, load_der_x509_certificate

    _check_head(data, where)
    try:
        certificate = load_der_x509_certificate(data)
        if certificate.version is not Version.v3:
            raise _malformed(where, f"version {certificate.version.name}")
        for lazy in ("extensions", "issuer", "subject", "not_valid_before_utc", "signature_algorithm_oid"):
            getattr(certificate, lazy)  # the library parses these only now, and raises for what is damaged
        certificate.public_key()
    except _failures() as error:
        raise _malformed(where, str(error)[:200] or type(error).__name__) from error
    return certificate


def _check_head(data: bytes, where: str) -> None:
    """What the library would only warn about, on standard error: serial numbers and names beyond RFC 5280.

    §4.1.2.2: a serial number is positive. Appendix A.1: a common name has 1 to 64 characters, a country two.
    """
    try:
        outer = der.open_(der.one(data, der.SEQUENCE, where=where), where=where)
        fields = der.open_(outer.take(der.SEQUENCE), where=where)
        fields.optional(0xA0)
        serial = der.read_integer(fields.take(), where=where)
        fields.take(der.SEQUENCE)
        names = [fields.take(der.SEQUENCE)]
        fields.take(der.SEQUENCE)
        names.append(fields.take(der.SEQUENCE))
        bad = serial <= 0 or not all(
            _is_bounded(attribute, where) for name in names for attribute in _each(name, where)
        )
    except MalformedError as error:
        raise _malformed(where, error.why) from error
    if bad:
        raise _malformed(where, "a serial number or a name beyond RFC 5280")


def _each(name: der.Element, where: str) -> Iterator[der.Element]:
    for part in der.children(name, where=where):
        yield from der.children(part, where=where)


def _is_bounded(attribute: der.Element, where: str) -> bool:
    fields = der.open_(attribute, where=where)
    kind, value = fields.take(der.OID).value, fields.take()
    fields.end()
    low, high = _NAME_CHARACTERS.get(kind, (0, len(value.value)))
    return low <= len(value.value.decode("utf-8", "replace") if value.tag == der.UTF8 else value.value) <= high


def spki(certificate: "Certificate") -> bytes:
    """DER SubjectPublicKeyInfo of a certificate."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@lru_cache(maxsize=256)
def listed(data: bytes, where: str) -> "Certificate":
    """As `read`, for certificates of a trusted root: the same few come again with every bundle, and are remembered."""
    return read(data, where=where)


def extension(certificate: "Certificate", oid: str) -> Any:
    """The extension of this kind (with `critical` and `value`), or None."""
    return next((e for e in certificate.extensions if e.oid.dotted_string == oid), None)


def paths(
    leaf: "Certificate", others: Sequence["Certificate"], anchor: "Certificate", purpose: str
) -> Iterator[tuple["Certificate", ...]]:
    """Every path from the leaf to the anchor, leaf first, whose signatures and constraints hold; time aside.

    Args:
        leaf: what is to be believed; its own extensions are the caller's to judge.
        others: intermediates that nobody vouches for.
        anchor: the one certificate that is trusted as it stands.
        purpose: the extended key usage that every authority on the way must leave open.
    """
    budget = [_CHECKS]
    yield from _extend((leaf,), (*others, anchor), anchor, purpose, budget)


def outside(path: Sequence["Certificate"], at: datetime) -> str:
    """Which certificate of a path is not valid at a time (both ends belong to the window), or nothing."""
    for certificate in path:
        start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if not start <= at <= end:
            name = certificate.subject.rfc4514_string()[:80] or "the leaf"
            return f"{name} is valid from {start:%Y-%m-%dT%H:%M:%SZ} to {end:%Y-%m-%dT%H:%M:%SZ}, not at {text(at)}"
    return ""


def unknown_critical(certificate: "Certificate") -> str:
    """A critical extension nobody here understands, or nothing (RFC 5280 §4.2: then it must be refused)."""
    return next(
        (e.oid.dotted_string for e in certificate.extensions if e.critical and e.oid.dotted_string not in _UNDERSTOOD),
        "",
    )


def text(at: datetime) -> str:
    """A time for people: RFC 3339, with a fraction where there is one."""
    return at.isoformat().replace("+00:00", "Z")


def _extend(
    path: tuple["Certificate", ...],
    pool: Sequence["Certificate"],
    anchor: "Certificate",
    purpose: str,
    budget: list[int],
) -> Iterator[tuple["Certificate", ...]]:
    """Depth first; at most `_LENGTH` deep, so the recursion is bounded."""
    for issuer in pool:
        if issuer in path or issuer.subject != path[-1].issuer or not _may_issue(issuer, path, anchor, purpose):
            continue
        if budget[0] == 0:
            return
        budget[0] -= 1
        # An authority's own certificate is seen with every bundle, a signer's once: only the former is remembered.
        issued = _issued_authority if len(path) > 1 or purpose == TIME_STAMPING else _issued
        if not issued(path[-1], issuer):
            continue
        if issuer == anchor:
            yield (*path, issuer)
        elif len(path) + 2 <= _LENGTH:
            yield from _extend((*path, issuer), pool, anchor, purpose, budget)


def _may_issue(issuer: "Certificate", path: Sequence["Certificate"], anchor: "Certificate", purpose: str) -> bool:
    """Whether an authority's own constraints let it stand above this path."""
    basic, usage = extension(issuer, BASIC_CONSTRAINTS), extension(issuer, KEY_USAGE)
    if basic is None or not basic.value.ca or unknown_critical(issuer) or extension(issuer, _NAME_CONSTRAINTS):
        return False
    # §4.2.1.9: intermediates below it that are not self-issued.
    below = sum(1 for certificate in path[1:] if certificate.subject != certificate.issuer)
    if basic.value.path_length is not None and below > basic.value.path_length:
        return False
    if usage is None:
        if issuer != anchor:
            return False
    elif not usage.value.key_cert_sign:
        return False
    purposes = extension(issuer, EXTENDED_KEY_USAGE)
    allowed = None if purposes is None else {one.dotted_string for one in purposes.value}
    return allowed is None or purpose in allowed or _ANY_USAGE in allowed


def _issued(child: "Certificate", issuer: "Certificate") -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    if child.signature_algorithm_oid.dotted_string not in _ALGORITHMS:
        return False
    named, own = extension(child, _AUTHORITY_KEY), extension(issuer, _SUBJECT_KEY)
    wanted = None if named is None else named.value.key_identifier
    if wanted is not None and own is not None and wanted != own.value.digest:
        return False
    try:
        child.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


@lru_cache(maxsize=256)
def _issued_authority(child: "Certificate", issuer: "Certificate") -> bool:
    """`_issued`, remembered: it depends on nothing but these two, and half of what a verification costs is here."""
    return _issued(child, issuer)


def _failures() -> tuple[type[Exception], ...]:
    """What the X.509 library raises for bytes it will not read."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    return (
        ValueError, TypeError, OverflowError, UnsupportedAlgorithm, x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType, x509.InvalidVersion,
    )  # fmt: skip


def _malformed(where: str, why: str) -> UntrustedError:
    return UntrustedError(
        "not a certificate", where=where, why=why, remedy="ask the signer for a whole bundle",
        code="PARSE_CERTIFICATE", step="parse",
    )  # fmt: skip
