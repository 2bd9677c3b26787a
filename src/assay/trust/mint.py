"""Identity tokens of the built-in issuer: for tests on loopback, never for people.

Whoever reaches it gets a token for any address; that is why an authority that listens elsewhere refuses to have one.
"""

import base64
from datetime import datetime

from assay.formats import base64text, strictjson
from assay.formats.jwt import JsonKey
from assay.model.errors import UsageError
from assay.ports.decisions import Signer
from assay.trust import keyring

LIFETIME_SECONDS = 600
PATH = "test-issuer"
_HALF = 32


def token(signer: Signer, issuer: str, email: str, now: datetime, *, audience: str = "sigstore") -> str:
    """A signed token (ES256) that says: this mail address is verified.

    Args:
        signer: a P-256 key.
        issuer: its address, as verifiers will expect it.
        email: whom the token names.
        now: aware.
        audience: `aud`.

    Raises:
        UsageError: no mail address.
    """
    if not email.isascii() or not email.isprintable() or email.count("@") != 1 or len(email) > 254:
        raise UsageError("not a mail address", why=repr(email[:60]), remedy="write somebody@example.com")
    seconds = int(now.timestamp())
    header = {"alg": "ES256", "kid": _key_name(signer.public_key()), "typ": "JWT"}
    claims = {
        "aud": audience,
        "email": email,
        "email_verified": True,
        "exp": seconds + LIFETIME_SECONDS,
        "iat": seconds,
        "iss": issuer,
        "nbf": seconds,
        "sub": email,
    }
    signed = b".".join(_part(strictjson.canonical(value)) for value in (header, claims))
    return b".".join((signed, _part(_raw(signer.sign(signed))))).decode("ascii")


def keys(spki: bytes) -> tuple[JsonKey, ...]:
    """The issuer's one key, as `trust.token` takes it."""
    return (JsonKey(key_id=_key_name(spki), algorithm="ES256", spki=spki),)


def discovery(issuer: str) -> bytes:
    """The discovery document (OpenID Connect Discovery 1.0 §4.2), as far as verifiers read it."""
    return strictjson.canonical(
        {
            "authorization_endpoint": f"{issuer}/token",
            "id_token_signing_alg_values_supported": ["ES256"],
            "issuer": issuer,
            "jwks_uri": f"{issuer}/keys",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "token_endpoint": f"{issuer}/token",
        }
    )


def key_set(spki: bytes) -> bytes:
    """The JSON Web Key Set (RFC 7517 §5): an uncompressed point, its halves apart."""
    point = spki[-2 * _HALF :]
    key = {
        "alg": "ES256",
        "crv": "P-256",
        "kid": _key_name(spki),
        "kty": "EC",
        "use": "sig",
        "x": _part(point[:_HALF]).decode(),
        "y": _part(point[_HALF:]).decode(),
    }
    return strictjson.canonical({"keys": [key]})


def _raw(signature: bytes) -> bytes:
    """ECDSA as JWS has it: both halves at full length (RFC 7518 §3.4)."""
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    return b"".join(half.to_bytes(_HALF, "big") for half in decode_dss_signature(signature))


def _key_name(spki: bytes) -> str:
    return base64.urlsafe_b64encode(base64text.decode(keyring.key_id(spki), where="key")).rstrip(b"=").decode()


def _part(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
