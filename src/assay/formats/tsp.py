"""Time-stamp protocol (RFC 3161, RFC 5816) with the little of CMS (RFC 5652) it needs, read and written.

Reading takes apart and judges nothing: which authority is trusted and whether a signature holds is for
`trust.timestamps`. What is signed is kept byte for byte.
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
GRANTED, REJECTION = 0, 2
REASONS: Mapping[str, int] = {
    "badAlg": 0, "badRequest": 2, "badDataFormat": 5, "timeNotAvailable": 14, "unacceptedPolicy": 15,
    "unacceptedExtension": 16, "addInfoNotAvailable": 17, "systemFailure": 25,
}  # fmt: skip
"""PKIFailureInfo (RFC 3161 §2.4.2): the bit of each."""
REQUEST_BYTES = 16 * 1024
RESPONSE_BYTES = 256 * 1024
_CERTIFICATES_COUNT = 10
_NONCE_BITS = 512


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """TimeStampReq. `hash_algorithm` is a name of `HASHES`, or the identifier of one that is not there."""

    hash_algorithm: str
    imprint: bytes
    policy: str = ""
    nonce: int | None = None
    wants_certificate: bool = False
    has_extensions: bool = False


class Information(msgspec.Struct, frozen=True, kw_only=True):
    """TSTInfo: what an authority says about a hash and a time."""

    policy: str
    hash_algorithm: str
    imprint: bytes
    serial: int
    time: datetime
    nonce: int | None = None
    accuracy_ms: int | None = None
    """Half width of the interval, in whole milliseconds rounded up; None where the authority does not say."""
    has_critical_extension: bool = False
    """None is known here, so such a token must be refused; it is not written."""


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A signed token with exactly one signer, not verified."""

    information: Information
    content: bytes
    """DER of the TSTInfo as signed."""
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


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """TimeStampResp. `token` is None unless granted."""

    status: int
    text: str = ""
    token: Token | None = None


def read_request(data: bytes, *, where: str) -> Request:
    """TimeStampReq (§2.4.1).

    Raises:
        MalformedError: not such a request in DER, another version, an imprint of another length than its hash.
    """
    _bound(data, REQUEST_BYTES, where)
    fields = der.open_(der.one(data, der.SEQUENCE, where=where), where=where)
    if der.read_integer(fields.take(), where=where) != 1:
        raise _bad(where, "a request of another version than 1")
    algorithm, imprint = _imprint(fields.take(der.SEQUENCE), where)
    policy, nonce = fields.optional(der.OID), fields.optional(der.INTEGER)
    wants = fields.optional(der.BOOLEAN)
    extensions = fields.optional(0xA0)
    fields.end()
    return Request(
        hash_algorithm=algorithm,
        imprint=imprint,
        policy=der.read_oid(policy, where=where) if policy else "",
        nonce=_nonce(nonce, where),
        wants_certificate=_flag(wants, where),
        has_extensions=extensions is not None,
    )


def write_request(request: Request) -> bytes:
    """TimeStampReq in DER; the inverse of `read_request` (extensions are not written)."""
    return der.sequence(
        der.integer(1),
        der.sequence(algorithm(request.hash_algorithm), der.octets(request.imprint)),
        der.oid(request.policy) if request.policy else b"",
        der.integer(request.nonce) if request.nonce is not None else b"",
        der.boolean(True) if request.wants_certificate else b"",
    )


def read_response(data: bytes, *, where: str) -> Response:
    """TimeStampResp (§2.4.2) with a token that one signer signed.

    Raises:
        MalformedError: not such a response in DER; a token where none was granted, or none where one was.
    """
    _bound(data, RESPONSE_BYTES, where)
    fields = der.open_(der.one(data, der.SEQUENCE, where=where), where=where)
    status, text = _status(fields.take(der.SEQUENCE), where)
    token = fields.optional(der.SEQUENCE)
    fields.end()
    if (token is None) == (status in {GRANTED, 1}):
        raise _bad(where, f"status {status} {'without a' if token is None else 'beside a'} token")
    return Response(status=status, text=text, token=None if token is None else _token(token, where))


def read_information(data: bytes, *, where: str) -> Information:
    """TSTInfo (§2.4.2).

    Raises:
        MalformedError: not such a value in DER, another version.
    """
    fields = der.open_(der.one(data, der.SEQUENCE, where=where), where=where)
    if der.read_integer(fields.take(), where=where) != 1:
        raise _bad(where, "a TSTInfo of another version than 1")
    policy = der.read_oid(fields.take(), where=where)
    hash_algorithm, imprint = _imprint(fields.take(der.SEQUENCE), where)
    serial = der.read_integer(fields.take(), where=where)
    time = der.read_time(fields.take(), where=where)
    accuracy = fields.optional(der.SEQUENCE)
    ordering = fields.optional(der.BOOLEAN)
    if ordering is not None:
        der.read_boolean(ordering, where=where)
    nonce = fields.optional(der.INTEGER)
    fields.optional(0xA0)  # tsa: a name beside the certificate's, proves nothing
    extensions = fields.optional(0xA1)
    fields.end()
    return Information(
        policy=policy,
        hash_algorithm=hash_algorithm,
        imprint=imprint,
        serial=serial,
        time=time,
        nonce=_nonce(nonce, where),
        accuracy_ms=_accuracy(accuracy, where) if accuracy else None,
        has_critical_extension=extensions is not None and _is_critical(extensions, where),
    )


def write_information(information: Information) -> bytes:
    """TSTInfo in DER; the inverse of `read_information`."""
    accuracy = b""
    if information.accuracy_ms is not None:
        seconds, millis = divmod(information.accuracy_ms, 1000)
        parts = (der.integer(seconds) if seconds else b"", _implicit(0x80, der.integer(millis)) if millis else b"")
        accuracy = der.sequence(*parts)
    return der.sequence(
        der.integer(1),
        der.oid(information.policy),
        der.sequence(algorithm(information.hash_algorithm), der.octets(information.imprint)),
        der.integer(information.serial),
        der.time(information.time),
        accuracy,
        der.integer(information.nonce) if information.nonce is not None else b"",
    )


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


def write_granted(
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
    """A whole TimeStampResp around signed parts.

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
    token = der.sequence(der.oid(ID_SIGNED_DATA), der.context(0, signed))
    return der.sequence(der.sequence(der.integer(GRANTED)), token)


def write_rejection(reason: str, text: str) -> bytes:
    """A TimeStampResp that refuses: a name of `REASONS`, and a word to people."""
    bit = REASONS[reason]
    value = (1 << (7 - bit % 8)).to_bytes(1, "big").rjust(bit // 8 + 1, b"\0")
    failure = der.tlv(der.BIT_STRING, bytes((7 - bit % 8,)), value)
    return der.sequence(der.sequence(der.integer(REJECTION), der.sequence(der.utf8(text)), failure))


def algorithm(name: str) -> bytes:
    """AlgorithmIdentifier of a hash, parameters absent (RFC 5754 §2)."""
    return der.sequence(der.oid(_IDS[name]))


def _token(element: der.Element, where: str) -> Token:
    """ContentInfo, SignedData, and in it one SignerInfo."""
    outer = der.open_(element, where=where)
    if der.read_oid(outer.take(), where=where) != ID_SIGNED_DATA:
        raise _bad(where, "a token that is not signed data")
    wrapped = outer.take(0xA0)
    outer.end()
    fields = der.open_(der.one(wrapped.value, der.SEQUENCE, where=where), where=where)
    # Nothing signs these fields, so they get no freedom: one token shall have one spelling.
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


def _signer(element: der.Element, content: bytes, along: tuple[bytes, ...], digests: list[bytes], where: str) -> Token:
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
    digest_algorithm = _hash_name(digest, where)
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
    return Token(
        information=read_information(content, where=where),
        content=content,
        issuer=issuer,
        serial=serial,
        digest_algorithm=digest_algorithm,
        signature_algorithm=signature_algorithm,
        signature=signature,
        attributes=attributes,
        content_type=der.read_oid(said[CONTENT_TYPE], where=where),
        message_digest=_octets(said[MESSAGE_DIGEST], where),
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
    name = _hash_name(kind, where) if kind is not None else "sha256"
    return name, _octets(fields.take(), where)


def _status(element: der.Element, where: str) -> tuple[int, str]:
    """PKIStatusInfo: the status, and what it says to people."""
    fields = der.open_(element, where=where)
    status = der.read_integer(fields.take(), where=where)
    strings = fields.optional(der.SEQUENCE)
    fields.optional(der.BIT_STRING)
    fields.end()
    texts = der.children(strings, where=where) if strings else ()
    return status, "; ".join(der.read_utf8(one, where=where) for one in texts)[:500]


def _imprint(element: der.Element, where: str) -> tuple[str, bytes]:
    fields = der.open_(element, where=where)
    name, value = _hash_name(fields.take(der.SEQUENCE), where), _octets(fields.take(), where)
    fields.end()
    if len(value) != HASH_BYTES.get(name, len(value)):
        raise _bad(where, f"an imprint of {len(value)} bytes for {name}")
    return name, value


def _hash_name(element: der.Element, where: str) -> str:
    """A hash's name, or the identifier of an unknown one."""
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


def _nonce(element: der.Element | None, where: str) -> int | None:
    if element is None:
        return None
    value = der.read_integer(element, where=where)
    if value.bit_length() > _NONCE_BITS:
        raise _bad(where, f"a nonce of more than {_NONCE_BITS} bits")
    return value


def _flag(element: der.Element | None, where: str) -> bool:
    """A BOOLEAN DEFAULT FALSE; some clients write the default, which is harmless in a request."""
    return element is not None and der.read_boolean(element, where=where)


def _accuracy(element: der.Element, where: str) -> int:
    fields = der.open_(element, where=where)
    parts = [(fields.optional(tag), unit) for tag, unit in ((der.INTEGER, 1_000_000), (0x80, 1000), (0x81, 1))]
    fields.end()
    micros = sum(
        _small(der.Element(der.INTEGER, part.value, part.raw), where) * unit for part, unit in parts if part is not None
    )
    return -(-micros // 1000)


def _is_critical(element: der.Element, where: str) -> bool:
    """Whether any of the extensions is critical (RFC 5280 §4.1)."""
    found = False
    for extension in der.children(element, where=where):
        fields = der.open_(der.one(extension.raw, der.SEQUENCE, where=where), where=where)
        fields.take(der.OID)
        found |= _flag(fields.optional(der.BOOLEAN), where)
        fields.take(der.OCTET_STRING)
        fields.end()
    return found


def _small(element: der.Element, where: str) -> int:
    value = der.read_integer(element, where=where)
    if not 0 <= value < 1 << 31:
        raise _bad(where, "an accuracy out of range")
    return value


def _octets(element: der.Element, where: str) -> bytes:
    return der.one(element.raw, der.OCTET_STRING, where=where).value


def _attribute(kind: str, value: bytes) -> bytes:
    return der.sequence(der.oid(kind), der.set_of((value,)))


def _implicit(tag: int, encoded: bytes) -> bytes:
    return bytes((tag,)) + encoded[1:]


def _bound(data: bytes, limit: int, where: str) -> None:
    if len(data) > limit:
        raise _bad(where, f"{len(data)} bytes, limit {limit}")


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not a timestamp", where=where, why=why, remedy="ask its author for a valid one")
