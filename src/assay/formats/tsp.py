"""Time-stamp protocol (RFC 3161, RFC 5816): requests, answers and what they say, read and written.

Reading takes apart and judges nothing: which authority is trusted and whether a signature holds is for
`trust.timestamps`. What is signed is kept byte for byte.
"""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from assay.formats import cms, der
from assay.formats.cms import SignedData
from assay.model.errors import MalformedError

GRANTED, REJECTION = 0, 2
REASONS: Mapping[str, int] = {
    "badAlg": 0, "badRequest": 2, "badDataFormat": 5, "timeNotAvailable": 14, "unacceptedPolicy": 15,
    "unacceptedExtension": 16, "addInfoNotAvailable": 17, "systemFailure": 25,
}  # fmt: skip
"""PKIFailureInfo (RFC 3161 §2.4.2): the bit of each."""
REQUEST_BYTES = 16 * 1024
RESPONSE_BYTES = 256 * 1024
_NONCE_BITS = 512


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """TimeStampReq. `hash_algorithm` is a name of `cms.HASHES`, or the identifier of one that is not there."""

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


class Token(SignedData, frozen=True, kw_only=True):
    """A signed token with exactly one signer, not verified; `content` is the DER of `information`."""

    information: Information


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
        der.sequence(cms.algorithm(request.hash_algorithm), der.octets(request.imprint)),
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
        der.sequence(cms.algorithm(information.hash_algorithm), der.octets(information.imprint)),
        der.integer(information.serial),
        der.time(information.time),
        accuracy,
        der.integer(information.nonce) if information.nonce is not None else b"",
    )


def write_granted(content_info: bytes) -> bytes:
    """A TimeStampResp around a token that `cms.write` made."""
    return der.sequence(der.sequence(der.integer(GRANTED)), content_info)


def write_rejection(reason: str, text: str) -> bytes:
    """A TimeStampResp that refuses: a name of `REASONS`, and a word to people."""
    bit = REASONS[reason]
    value = (1 << (7 - bit % 8)).to_bytes(1, "big").rjust(bit // 8 + 1, b"\0")
    failure = der.tlv(der.BIT_STRING, bytes((7 - bit % 8,)), value)
    return der.sequence(der.sequence(der.integer(REJECTION), der.sequence(der.utf8(text)), failure))


def _token(element: der.Element, where: str) -> Token:
    signed = cms.read(element, where=where)
    return Token(**msgspec.structs.asdict(signed), information=read_information(signed.content, where=where))


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
    name, value = cms.hash_name(fields.take(der.SEQUENCE), where), cms.octet_string(fields.take(), where)
    fields.end()
    if len(value) != cms.HASH_BYTES.get(name, len(value)):
        raise _bad(where, f"an imprint of {len(value)} bytes for {name}")
    return name, value


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


def _implicit(tag: int, encoded: bytes) -> bytes:
    return bytes((tag,)) + encoded[1:]


def _bound(data: bytes, limit: int, where: str) -> None:
    if len(data) > limit:
        raise _bad(where, f"{len(data)} bytes, limit {limit}")


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not a timestamp", where=where, why=why, remedy="ask its author for a valid one")
