"""Identity tokens: who asks for a certificate, says which issuer, and does the key belong to who asks.

Pure: the issuers' keys, the time and what was seen before are handed in. No error quotes a token or a claim of a
person; every refusal is an `UntrustedError` whose `code` names the check.
"""

import hashlib
import ipaddress
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

from assay.formats import jwt
from assay.formats.jwt import JsonKey, Token
from assay.model.errors import MalformedError, UnsupportedError, UntrustedError, UsageError
from assay.trust import dsse, identity, keyring
from assay.trust.identity import TEMPLATES, Template
from assay.trust.issue import Subject

SKEW_SECONDS = 60
_ALGORITHMS: Mapping[str, tuple[str, str, int]] = {
    "RS256": ("rsa", "SHA256", 0),
    "ES256": ("ecdsa-p256", "SHA256", 32),
    "ES384": ("ecdsa-p384", "SHA384", 48),
}
"""RFC 7518 §3.1: the kind of key, the hash, the octets of each half of an ECDSA signature."""
_TRIED = 8
"""Keys tried for a token that names none."""

KeysOf = Callable[[str, str], Sequence[JsonKey]]
"""Issuer and key id to the issuer's keys now; may ask the issuer again for an id it does not know."""


class Issuer(msgspec.Struct, frozen=True, kw_only=True):
    """An issuer on the allow-list."""

    url: str
    """Exactly as `iss` says it."""
    kind: str
    """A row of `trust.identity.TEMPLATES`, or `custom`."""
    audience: str = "sigstore"
    url_of_service: str = ""
    """Where the CI service lives, if not where the row says (`https://git.example`)."""
    domain: str = ""
    """`username`: what follows the `!`; `uri`: what the subject begins with; `spiffe`: the trust domain."""
    issuer_claim: str = ""
    """Claim, or path into one, that names the issuer in certificates instead (`federated_claims/connector_id`)."""
    template: Template | None = None
    """Of `custom`."""
    is_single_use: bool = False
    description: str = ""


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What a judged token says."""

    subject: Subject
    challenge: str
    """What a client without a certificate request must have signed."""
    expires: datetime
    fingerprint: str
    """SHA-256 of what the issuer signed, in hex: one token, however it is spelled."""
    is_single_use: bool = False


def check_issuer(issuer: Issuer) -> Issuer:
    """The issuer, if its row makes sense.

    Raises:
        UsageError: an address that is not https (http only on loopback), an unknown kind, a missing domain, a damaged
            template.
    """
    template = _template(issuer)
    if not _is_safe(issuer.url):
        raise _usage(issuer, "its address is not https (http is for loopback alone)")
    if template.needs_domain and not issuer.domain:
        raise _usage(issuer, f"an issuer of the kind {issuer.kind} needs a domain")
    if issuer.kind == "uri" and (not _is_safe(issuer.domain) or urlsplit(issuer.domain).path):
        raise _usage(issuer, "its domain must be like https://example.com")
    texts = (template.identity, template.challenge, *template.words.values())
    if not all(identity.is_template(text) for text in texts):
        raise _usage(issuer, "a template with a stray brace")
    return issuer


def judge(token: str, issuers: Sequence[Issuer], keys_of: KeysOf, now: datetime) -> Claims:
    """Believe a token of a listed issuer, or say why not.

    Args:
        token: a compact JWT.
        issuers: the allow-list.
        keys_of: the issuers' keys; only asked about listed issuers.
        now: aware.

    Raises:
        MalformedError: no signed JWT.
        UntrustedError: `TOKEN_ISSUER`, `TOKEN_ALGORITHM`, `TOKEN_KEY`, `TOKEN_SIGNATURE`, `TOKEN_AUDIENCE`,
            `TOKEN_TIME`, `TOKEN_IDENTITY`.
        UnavailableError: from `keys_of`: the issuer does not answer.
    """
    parsed = jwt.read(token)
    issuer = next((one for one in issuers if one.url == parsed.claims.get("iss")), None)
    if issuer is None:
        raise _no("TOKEN_ISSUER", "its issuer is not on the list")
    if parsed.algorithm not in _ALGORITHMS:
        raise _no("TOKEN_ALGORITHM", "it is not signed with RS256, ES256 or ES384")
    _signature(parsed, keys_of(issuer.url, parsed.key_id))
    audience = parsed.claims.get("aud")
    if issuer.audience not in (audience if isinstance(audience, list) else [audience]):
        raise _no("TOKEN_AUDIENCE", f"it is not meant for {issuer.audience}")
    expires = _time(parsed.claims, now)
    return _claims(parsed, issuer, expires)


def by_request(request: bytes) -> bytes:
    """The key of a certificate request (PKCS#10, PEM or DER) whose signature shows that the asker holds it.

    Returns:
        DER SubjectPublicKeyInfo. Everything else a request says is ignored.

    Raises:
        MalformedError: no certificate request.
        UntrustedError: `POSSESSION`.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from cryptography.x509 import load_der_x509_csr, load_pem_x509_csr

    try:
        load = load_pem_x509_csr if request.lstrip().startswith(b"-----") else load_der_x509_csr
        parsed = load(request)
        is_held = parsed.is_signature_valid
        spki = parsed.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise MalformedError(
            "not a certificate request", where="request", why=str(error)[:200], remedy="send PKCS#10"
        ) from error
    if not is_held:
        raise _no("POSSESSION", "the certificate request is not signed by its own key")
    return spki


def by_signature(public_key: bytes, proof: bytes, challenge: str) -> bytes:
    """The key, if its signature over the challenge shows that the asker holds it.

    Args:
        public_key: PEM or DER.
        proof: signature over the challenge's UTF-8.
        challenge: of the judged token.

    Raises:
        MalformedError, UnsupportedError: no such key.
        UntrustedError: `POSSESSION`.
    """
    key = keyring.key(public_key, name="the client's key")
    if not dsse.valid(key, proof, challenge.encode()):
        raise _no("POSSESSION", "the proof does not hold over the token's email or sub")
    return key.spki


def check_unused(claims: Claims, seen: Collection[str]) -> None:
    """Refuse a token of a single-use issuer that took a certificate before.

    Raises:
        UntrustedError: `TOKEN_USED`.
    """
    if claims.is_single_use and claims.fingerprint in seen:
        raise _no("TOKEN_USED", "its issuer's tokens may be used once, and this one was")


def _signature(parsed: Token, keys: Sequence[JsonKey]) -> None:
    kind, _, _ = _ALGORITHMS[parsed.algorithm]
    fitting = [key for key in keys if key.algorithm in {"", parsed.algorithm}]
    if parsed.key_id:
        fitting = [key for key in fitting if key.key_id == parsed.key_id]
    loaded = [found for key in fitting[:_TRIED] if (found := _load(key.spki, kind)) is not None]
    if not loaded:
        raise _no("TOKEN_KEY", "its issuer has no such key")
    if not any(_holds(key, parsed) for key in loaded):
        raise _no("TOKEN_SIGNATURE", "its signature does not hold")


def _load(spki: bytes, kind: str) -> Any:
    """The key object, if it is of this kind."""
    try:
        loaded = keyring.load(spki, where="issuer's key")
        return loaded if keyring.algorithm_of(loaded, where="issuer's key") == kind else None
    except (MalformedError, UnsupportedError):
        return None  # no key for this token; "no such key" is said


def _holds(key: Any, parsed: Token) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    kind, name, half = _ALGORITHMS[parsed.algorithm]
    algorithm, signature = getattr(hashes, name)(), parsed.signature
    try:
        if kind == "rsa":
            key.verify(signature, parsed.signed, padding.PKCS1v15(), algorithm)
            return True
        if len(signature) != 2 * half:  # RFC 7518 §3.4: both halves at full length
            return False
        r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
        key.verify(encode_dss_signature(r, s), parsed.signed, ec.ECDSA(algorithm))
    except InvalidSignature:
        return False
    return True


def _time(claims: Mapping[str, Any], now: datetime) -> datetime:
    """`exp`, `iat` and `nbf` (RFC 7519 §4.1) with 60 seconds for clocks that differ."""
    at = now.timestamp()
    expires, issued = _moment(claims, "exp"), _moment(claims, "iat")
    starts = _moment(claims, "nbf") if "nbf" in claims else issued
    if at >= expires + SKEW_SECONDS:
        raise _no("TOKEN_TIME", "it has expired")
    if max(issued, starts) > at + SKEW_SECONDS:
        raise _no("TOKEN_TIME", "it is not valid yet")
    return datetime.fromtimestamp(expires, UTC)


def _moment(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 253_402_300_800:
        raise _no("TOKEN_TIME", f"it has no {name}")
    return float(value)


def _claims(parsed: Token, issuer: Issuer, expires: datetime) -> Claims:
    template = _template(issuer)
    settings = {"url": issuer.url_of_service or template.url, "domain": issuer.domain}
    claims = parsed.claims
    if template.verified and claims.get(template.verified) is not True:
        raise _no("TOKEN_IDENTITY", f"its issuer has not verified it ({template.verified})")
    name = identity.fill(template.identity, claims, settings)
    challenge = identity.fill(template.challenge, claims, settings)
    subject = identity.fill("{sub}", claims, settings)
    if name is None or challenge is None or subject is None:
        raise _no("TOKEN_IDENTITY", f"it lacks claims that an issuer of the kind {issuer.kind} gives")
    prefix = identity.fill(template.prefix, claims, settings) or ""
    if not name.startswith(prefix) or not _fits(name, template.identity_kind):
        raise _no("TOKEN_IDENTITY", f"its subject does not fit an issuer of the kind {issuer.kind}")
    vouched = identity.fill("{" + issuer.issuer_claim + "}", claims, {}) if issuer.issuer_claim else issuer.url
    if vouched is None:
        raise _no("TOKEN_IDENTITY", f"it lacks the claim {issuer.issuer_claim}")
    words = {word: text for word, form in template.words.items() if (text := identity.fill(form, claims, settings))}
    return Claims(
        subject=Subject(
            identity=name,
            identity_kind=template.identity_kind,
            issuer=vouched,
            extensions={**words, "tokenSubject": subject},
        ),
        challenge=challenge,
        expires=expires,
        fingerprint=hashlib.sha256(parsed.signed).hexdigest(),
        is_single_use=issuer.is_single_use,
    )


def _fits(name: str, kind: str) -> bool:
    """Whether a name has the form of its kind: what verifiers compare must have one reading."""
    if kind == "email":
        local, _, domain = name.rpartition("@")
        return name.isascii() and " " not in name and bool(local and domain) and "@" not in local
    if kind == "uri":
        return name.isascii() and " " not in name and ":" in name
    user, _, domain = name.rpartition("!")
    return bool(user and domain) and "@" not in user and "!" not in user


def _template(issuer: Issuer) -> Template:
    found = issuer.template if issuer.kind == "custom" else TEMPLATES.get(issuer.kind)
    if found is None:
        raise _usage(issuer, f"kind {issuer.kind[:40]!r}; known are {', '.join(sorted(TEMPLATES))} and custom")
    return found


def _is_safe(url: str) -> bool:
    """https, or http to this very machine; nothing that could be read in two ways."""
    if not (url.isascii() and url.isprintable()) or any(sign in url for sign in " ?#@\\"):
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme == "https":
            return bool(host)
        return parts.scheme == "http" and (host == "localhost" or ipaddress.ip_address(host).is_loopback)
    except ValueError:
        return False


def _usage(issuer: Issuer, why: str) -> UsageError:
    return UsageError("cannot use this OIDC issuer", where=issuer.url[:200], why=why, remedy="correct its settings")


def _no(code: str, why: str) -> UntrustedError:
    return UntrustedError(
        "cannot believe this identity token", where="identity token", why=why,
        remedy="get a fresh token for this authority", code=code, step="token",
    )  # fmt: skip
