"""JSON Web Tokens, signed and compact (RFC 7519, RFC 7515 §7.1), and the keys of who issues them (RFC 7517).

Reading judges nothing: `trust.token` does. No error quotes a token.
"""

import base64
import binascii
import re
from typing import Any

import msgspec

from assay.formats import der, strictjson
from assay.model.errors import MalformedError

TOKEN_BYTES = 64 * 1024
KEYS_BYTES = 1024 * 1024
KEYS_COUNT = 100
_PART = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_RSA_ENCRYPTION, _EC_KEY = "1.2.840.113549.1.1.1", "1.2.840.10045.2.1"
_CURVES = {"P-256": ("1.2.840.10045.3.1.7", 32), "P-384": ("1.3.132.0.34", 48)}
"""JWK `crv` (RFC 7518 §6.2.1.1): the curve's identifier, and the octets of a coordinate."""
_DEPTH = 8


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token, not verified."""

    algorithm: str
    key_id: str
    claims: dict[str, Any]
    signed: bytes
    """What the signature covers (JWS Signing Input)."""
    signature: bytes


class JsonKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key of an issuer, fit for RS256, ES256 or ES384."""

    key_id: str
    algorithm: str
    """`alg`, or empty where the key does not say."""
    spki: bytes
    """DER SubjectPublicKeyInfo."""


class _Header(msgspec.Struct):
    alg: str
    kid: str = ""
    crit: Any = None
    b64: Any = None


class _Key(msgspec.Struct):
    kty: str
    kid: str = ""
    use: str = ""
    alg: str = ""
    crv: str = ""
    n: str = ""
    e: str = ""
    x: str = ""
    y: str = ""


class _Keys(msgspec.Struct):
    keys: list[dict[str, Any]]


class _Discovery(msgspec.Struct):
    issuer: str
    jwks_uri: str


def read(token: str) -> Token:
    """Take a token apart.

    Raises:
        MalformedError: not three parts of canonical base64url around strict JSON objects, an unknown critical header
            (RFC 7515 §4.1.11), longer than `TOKEN_BYTES`.
    """
    if len(token) > TOKEN_BYTES:
        raise _bad(f"{len(token)} characters, limit {TOKEN_BYTES}")
    parts = token.split(".")
    if len(parts) != 3:
        raise _bad(f"{len(parts)} parts, expected three")
    header_bytes, payload, signature = (_base64url(part, "token") for part in parts)
    header = _struct(_object(header_bytes, "header"), _Header, "header")
    if header.crit is not None or header.b64 is not None:
        raise _bad("the header asks for an extension")
    return Token(
        algorithm=header.alg,
        key_id=header.kid,
        claims=_object(payload, "claims"),
        signed=f"{parts[0]}.{parts[1]}".encode("ascii"),
        signature=signature,
    )


def read_keys(data: bytes, *, where: str) -> tuple[JsonKey, ...]:
    """The signing keys of a JWK Set; keys for other uses and of other kinds are ignored (RFC 7517 §5).

    Raises:
        MalformedError: no such set, too many keys, or a usable key that is damaged.
    """
    wire = _document(data, _Keys, where)
    if len(wire.keys) > KEYS_COUNT:
        raise _damaged(where, f"more than {KEYS_COUNT} keys")
    return tuple(key for one in wire.keys if (key := _key(one, where)) is not None)


def read_discovery(data: bytes, *, where: str) -> tuple[str, str]:
    """`issuer` and `jwks_uri` of an OpenID Provider Configuration (OpenID Connect Discovery 1.0 §3).

    Raises:
        MalformedError: no such document.
    """
    wire = _document(data, _Discovery, where)
    return wire.issuer, wire.jwks_uri


def _key(value: dict[str, Any], where: str) -> JsonKey | None:
    if value.get("kty") not in ("RSA", "EC") or value.get("use", "sig") != "sig":
        return None
    try:
        wire = msgspec.convert(value, _Key)
    except msgspec.ValidationError as error:
        raise _damaged(where, str(error)[:200]) from error
    if wire.kty == "RSA":
        return JsonKey(key_id=wire.kid, algorithm=wire.alg, spki=_rsa(wire, where))
    if wire.crv not in _CURVES:
        return None
    return JsonKey(key_id=wire.kid, algorithm=wire.alg, spki=_elliptic(wire, where))


def _rsa(wire: _Key, where: str) -> bytes:
    modulus, exponent = (int.from_bytes(_base64url(text, where), "big") for text in (wire.n, wire.e))
    key = der.sequence(der.integer(modulus), der.integer(exponent))
    return der.sequence(der.sequence(der.oid(_RSA_ENCRYPTION), der.null()), der.bits(key))


def _elliptic(wire: _Key, where: str) -> bytes:
    curve, size = _CURVES[wire.crv]
    x, y = _base64url(wire.x, where), _base64url(wire.y, where)
    if len(x) != size or len(y) != size:
        raise _damaged(where, f"coordinates of {len(x)} and {len(y)} octets on {wire.crv}")
    return der.sequence(der.sequence(der.oid(_EC_KEY), der.oid(curve)), der.bits(b"\x04" + x + y))


def _base64url(text: str, where: str) -> bytes:
    """base64url without padding, in its one spelling (RFC 7515 §2)."""
    try:
        if _PART.fullmatch(text):
            data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            if base64.urlsafe_b64encode(data).rstrip(b"=") == text.encode("ascii"):
                return data
    except binascii.Error:
        pass  # said below, without the text
    raise (
        _bad("a part that is not canonical base64url")
        if where == "token"
        else _damaged(where, "a number that is not canonical base64url")
    )


def _object(data: bytes, what: str) -> dict[str, Any]:
    try:
        value = strictjson.loads(data, where=what, limit=TOKEN_BYTES, depth=_DEPTH)
    except MalformedError:
        # The chained error could quote what a person's token says.
        raise _bad(f"its {what} is no strict JSON") from None
    if not isinstance(value, dict):
        raise _bad(f"its {what} is no object")
    return value


def _struct(value: dict[str, Any], kind: type[_Header], what: str) -> _Header:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        raise _bad(f"its {what} has fields of another kind") from None


def _document(data: bytes, kind: type[Any], where: str) -> Any:
    value = strictjson.loads(data, where=where, limit=KEYS_BYTES, depth=16)
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise _damaged(where, str(error)[:200]) from error


def _bad(why: str) -> MalformedError:
    return MalformedError(
        "not an identity token", where="identity token", why=why, remedy="give a signed JWT of an OIDC issuer"
    )


def _damaged(where: str, why: str) -> MalformedError:
    return MalformedError("not a document of an OIDC issuer", where=where, why=why, remedy="ask the issuer's operator")
