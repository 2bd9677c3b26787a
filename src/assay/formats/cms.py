"""Signed data (CMS, RFC 5652) in the one form timestamp tokens have: one signer, named by issuer and serial number.

Reading takes apart and judges nothing. What nothing signs (versions, the set of digest algorithms, revocation lists,
unsigned attributes) has one accepted spelling or none, so that one token does not come in many.
"""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from assay.formats import certificates, der
from assay.model.errors import MalformedError

ID_DATA_TST = "1.2.840.113549.1.9.16.1.4"  # id-ct-TSTInfo
ID_SIGNED_DATA = "1.2.840.113549.1.7.2"
CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4", "1.2.840.113549.1.9.5"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
HASHES: Mapping[str, str] = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
"""Hash algorithms that are read and written; another one is named by its identifier."""
HASH_BYTES: Mapping[str, int] = {"sha256": 32, "sha384": 48, "sha512": 64}
_IDS = {name: dotted for dotted, name in HASHES.items()}
_CERTIFICATES_COUNT = 10


class SignedData(msgspec.Struct, frozen=True, kw_only=True):
    """Content signed by exactly one signer, not verified."""

    content: bytes
    """As signed."""
    issuer: bytes
    """DER of the Name of the authority certificate's issuer, as the signer names it."""
    serial: int
    """Its serial number."""
    digest_algorithm: str
    signature_algorithm: str
    """Dotted identifier."""
    signature: bytes
    attributes: bytes
    """The signed attributes as the SET OF that the signature covers."""
    content_type: str
    message_digest: bytes
    certificate_hash_algorithm: str
    """Of signingCertificateV2; empty where the token has no such attribute."""
    certificate_hash: bytes
    certificates: tuple[bytes, ...] = ()


def read(element: der.Element, *, where: str) -> SignedData:
    """ContentInfo (§3), SignedData (§5.1) around a TSTInfo, and in it one SignerInfo (§5.3).

    Raises:
        MalformedError: another form.
    """
    outer = der.open_(element, where=where)
    if der.read_oid(outer.take(), where=where) != ID_SIGNED_DATA:
        raise _bad(where, "a token that is not signed data")
    wrapped = outer.take(0xA0)
    outer.end()
    fields = der.open_(der.one(wrapped.value, der.SEQUENCE, where=where), where=where)
    if der.read_integer(fields.take(), where=where) != 3:  # RFC 5652 §5.1: content of another type than id-data
        raise _bad(where, "signed data of another version than 3")
    digests = [one.raw for one in der.children(fields.take(der.SET), where=where, limit=8)]
    content = _content(fields.take(der.SEQUENCE), where)
    listed = fields.optional(0xA0)
    if fields.optional(0xA1) is not None:
        raise _bad(where, "a token with revocation lists")
    signers = der.children(fields.take(der.SET), where=where, limit=8)
    fields.end()
    if len(signers) != 1:
        raise _bad(where, f"{len(signers)} signers, expected one")
    along = der.children(listed, where=where, limit=_CERTIFICATES_COUNT) if listed else ()
    if any(one.tag != der.SEQUENCE for one in along) or len({one.raw for one in along}) != len(along):
        raise _bad(where, "a certificate of an unknown kind, or one twice")
    return _signer(signers[0], content, tuple(one.raw for one in along), digests, where)


def _content(element: der.Element, where: str) -> bytes:
    fields = der.open_(element, where=where)
    kind = der.read_oid(fields.take(), where=where)
    if kind != ID_DATA_TST:
        raise _bad(where, f"a token around content of the kind {kind}")
    content = der.one(fields.take(0xA0).value, der.OCTET_STRING, where=where).value
    fields.end()
    return content


def _signer(
    element: der.Element, content: bytes, along: tuple[bytes, ...], digests: list[bytes], where: str
) -> SignedData:
    """SignerInfo (RFC 5652 §5.3) that names its certificate by issuer and serial number."""
    fields = der.open_(der.one(element.raw, der.SEQUENCE, where=where), where=where)
    if der.read_integer(fields.take(), where=where) != 1:
        raise _bad(where, "a signer that is not named by issuer and serial number")
    identifier = der.open_(fields.take(der.SEQUENCE), where=where)
    issuer, serial = identifier.take(der.SEQUENCE).raw, der.read_integer(identifier.take(), where=where)
    identifier.end()
    digest = fields.take(der.SEQUENCE)
    if digests != [digest.raw]:
        raise _bad(where, "digest algorithms that are not the signer's")
    digest_algorithm = hash_name(digest, where)
    attributes = b"\x31" + fields.take(0xA0).raw[1:]
    signature_algorithm = _algorithm(fields.take(der.SEQUENCE), where)
    signature = fields.take(der.OCTET_STRING).value
    fields.end()  # no unsigned attributes: nobody's word
    said = _attributes(attributes, where)
    missing = [name for name in (CONTENT_TYPE, MESSAGE_DIGEST) if name not in said]
    if missing:
        raise _bad(where, f"a signer without the attribute {missing[0]}")
    reference = said.get(SIGNING_CERTIFICATE_V2)
    hash_algorithm, certificate_hash = _reference(reference, where) if reference is not None else ("", b"")
    return SignedData(
        content=content,
        issuer=issuer,
        serial=serial,
        digest_algorithm=digest_algorithm,
        signature_algorithm=signature_algorithm,
        signature=signature,
        attributes=attributes,
        content_type=der.read_oid(said[CONTENT_TYPE], where=where),
        message_digest=octet_string(said[MESSAGE_DIGEST], where),
        certificate_hash_algorithm=hash_algorithm,
        certificate_hash=certificate_hash,
        certificates=along,
    )


def _attributes(data: bytes, where: str) -> dict[str, der.Element]:
    """Each attribute's one value; the SET must be in the order of DER, as it was signed."""
    attributes = der.children(der.one(data, der.SET, where=where), where=where)
    if [a.raw for a in attributes] != sorted(a.raw for a in attributes):
        raise _bad(where, "signed attributes out of order")
    found: dict[str, der.Element] = {}
    for attribute in attributes:
        kind, values = _pair(attribute, where)
        if kind in found:
            raise _bad(where, f"two attributes {kind}")
        found[kind] = der.one(values.value, where=where)
    return found


def _pair(attribute: der.Element, where: str) -> tuple[str, der.Element]:
    fields = der.open_(der.one(attribute.raw, der.SEQUENCE, where=where), where=where)
    kind, values = der.read_oid(fields.take(), where=where), fields.take(der.SET)
    fields.end()
    return kind, values


def _reference(element: der.Element, where: str) -> tuple[str, bytes]:
    """The first ESSCertIDv2 (RFC 5035 §3): it identifies the signer's own certificate."""
    outer = der.open_(der.one(element.raw, der.SEQUENCE, where=where), where=where)
    listed = der.children(outer.take(der.SEQUENCE), where=where)
    if not listed:
        raise _bad(where, "signingCertificateV2 names no certificate")
    fields = der.open_(der.one(listed[0].raw, der.SEQUENCE, where=where), where=where)
    kind = fields.optional(der.SEQUENCE)
    name = hash_name(kind, where) if kind is not None else "sha256"
    return name, octet_string(fields.take(), where)


def hash_name(element: der.Element, where: str) -> str:
    """A hash's name out of an AlgorithmIdentifier, or the identifier of an unknown one."""
    dotted = _algorithm(element, where)
    return HASHES.get(dotted, dotted)


def _algorithm(element: der.Element, where: str) -> str:
    """AlgorithmIdentifier with parameters absent or NULL."""
    fields = der.open_(element, where=where)
    dotted = der.read_oid(fields.take(), where=where)
    if (parameters := fields.optional(der.NULL)) is not None and parameters.value:
        raise _bad(where, "a NULL that is not empty")
    fields.end()
    return dotted


def algorithm(name: str) -> bytes:
    """AlgorithmIdentifier of a hash, parameters absent (RFC 5754 §2)."""
    return der.sequence(der.oid(_IDS[name]))


def signed_attributes(content_digest: bytes, time: datetime, certificate_hash: bytes, hash_algorithm: str) -> bytes:
    """The attributes a token's signature covers: content type, signing time, digest, and the signer's certificate.

    Args:
        content_digest: hash of the TSTInfo.
        time: signing time; UTCTime until 2049 as RFC 5652 §11.3 wants, then GeneralizedTime.
        certificate_hash: hash of the signer's certificate.
        hash_algorithm: which hash the last one is, a name of `HASHES`.
    """
    is_default = hash_algorithm == "sha256"  # RFC 5035 §3: the default is not written
    reference = der.sequence(b"" if is_default else algorithm(hash_algorithm), der.octets(certificate_hash))
    return der.set_of(
        (
            _attribute(CONTENT_TYPE, der.oid(ID_DATA_TST)),
            _attribute(SIGNING_TIME, certificates.time(time)),
            _attribute(MESSAGE_DIGEST, der.octets(content_digest)),
            _attribute(SIGNING_CERTIFICATE_V2, der.sequence(der.sequence(reference))),
        )
    )


def write(
    content: bytes,
    attributes: bytes,
    signature: bytes,
    *,
    issuer: bytes,
    serial: int,
    digest_algorithm: str,
    signature_algorithm: str,
    along: tuple[bytes, ...] = (),
) -> bytes:
    """ContentInfo around signed parts; the inverse of `read`.

    Args:
        content: the TSTInfo.
        attributes: what `signed_attributes` made and the signature covers.
        signature: over `attributes`.
        issuer: DER of the Name of the signing certificate's issuer.
        serial: its serial number.
        digest_algorithm: of the attributes' digest, a name of `HASHES`.
        signature_algorithm: dotted identifier.
        along: certificates that go along (certReq).
    """
    signer = der.sequence(
        der.integer(1),
        der.sequence(issuer, der.integer(serial)),
        algorithm(digest_algorithm),
        b"\xa0" + attributes[1:],  # [0] IMPLICIT in place of the SET that was signed (RFC 5652 §5.4)
        der.sequence(der.oid(signature_algorithm)),
        der.octets(signature),
    )
    signed = der.sequence(
        der.integer(3),
        der.set_of((algorithm(digest_algorithm),)),
        der.sequence(der.oid(ID_DATA_TST), der.context(0, der.octets(content))),
        der.set_of(along, 0xA0) if along else b"",
        der.set_of((signer,)),
    )
    return der.sequence(der.oid(ID_SIGNED_DATA), der.context(0, signed))


def octet_string(element: der.Element, where: str) -> bytes:
    """The bytes of an OCTET STRING."""
    return der.one(element.raw, der.OCTET_STRING, where=where).value


def _attribute(kind: str, value: bytes) -> bytes:
    return der.sequence(der.oid(kind), der.set_of((value,)))


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not a timestamp token", where=where, why=why, remedy="ask its author for a valid one")
