"""What an OIDC token says of itself, unverified: only to refuse early what no authority would take.

Whether a token is genuine is for the certificate authority to judge (`trust.token` in ours).
"""

import base64
import binascii
import re

import msgspec

from assay.formats import strictjson
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS, Limits

_FORM = re.compile(r"[A-Za-z0-9_-]{1,65536}\.[A-Za-z0-9_-]{1,65536}\.[A-Za-z0-9_-]{1,65536}", re.ASCII)
"""JWS Compact Serialization (RFC 7515 §7.1) with a signature."""


class _Claims(msgspec.Struct):
    iss: str
    exp: int | float


class Told(msgspec.Struct, frozen=True):
    """Issuer and expiry a token claims."""

    issuer: str
    expires: int
    """Seconds since 1970."""


def read(token: str, *, limits: Limits = DEFAULT_LIMITS) -> Told:
    """Read issuer and expiry.

    Raises:
        MalformedError: not a signed JWT with `iss` and `exp`. The error does not quote the token.
    """
    if len(token) > limits.token_bytes or not _FORM.fullmatch(token):
        raise _bad("not three parts of base64url")
    part = token.split(".")[1]
    try:
        payload = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error as error:
        raise _bad("the claims are not base64url") from error
    try:
        claims = msgspec.convert(strictjson.loads(payload, where="token", limit=limits.token_bytes), _Claims)
    except (msgspec.ValidationError, MalformedError):
        # The chained error could quote claims of a person: what is missing is said here.
        raise _bad("the claims are no JSON object with iss and exp") from None
    return Told(claims.iss, int(claims.exp))


def _bad(why: str) -> MalformedError:
    return MalformedError(
        "not an identity token",
        where="identity token",
        why=why,
        remedy="give a JWT of an OIDC issuer, or a file with one",
    )
