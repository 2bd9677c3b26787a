"""A message signed by an SSH key that somebody allowed: the proof, or why there is none.

OpenSSH PROTOCOL.sshsig; signature algorithms of RFC 8709 (Ed25519), RFC 5656 (ECDSA), RFC 8332 (RSA with SHA-2) and
OpenSSH PROTOCOL.u2f (security keys). `ssh-rsa` is RSA with SHA-1 and refused.
"""

import hashlib
from collections.abc import Callable, Sequence

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from assay.formats import sshsig
from assay.formats.allowedsigners import AllowedSigner
from assay.formats.sshsig import Fields, SshSignature
from assay.model.errors import AssayError, MalformedError, UnsupportedError, UntrustedError

_RSA_BITS = range(2048, 16_385)
_PRESENT = 1
"""Flag of a security key: somebody touched it (WebAuthn level 2 §6.1, UP)."""


class SshSigned(msgspec.Struct, frozen=True, kw_only=True):
    """Who signed, as far as it was shown."""

    fingerprint: str
    """`SHA256:…` of the key."""
    principals: tuple[str, ...]
    """To whom the allowed signers say it belongs, sorted."""
    algorithm: str
    namespace: str
    digest: str
    """SHA-256 of the message, in hexadecimal."""


def verify(
    message: bytes,
    armoured: bytes,
    signers: Sequence[AllowedSigner],
    *,
    namespace: str,
    times: Sequence[int],
    where: str,
) -> SshSigned:
    """The proof that one of the signers signed the message for this purpose.

    Args:
        message: the bytes.
        armoured: the signature.
        signers: whom the caller believes.
        namespace: exactly what the signature must be for.
        times: Unix seconds at each of which the signer must be allowed; without any, a signer with a window is refused.
        where: named in errors.

    Raises:
        UntrustedError: a bad signature, an unknown key, one that may not sign this or not then, a weak algorithm.
        MalformedError: no signature. UnsupportedError: a certificate, or a kind of key that is not known.
    """
    found = sshsig.read(armoured, where=where)
    name = sshsig.fingerprint(found.key)
    if found.namespace != namespace:
        raise _untrusted(where, f"it was made for {found.namespace[:40]!r}, not {namespace!r}", "source.unknown-key")
    lines = [one for one in signers if one.key == found.key and not one.is_authority]
    try:
        kind = Fields(found.key, where).text()
        if "-cert-v01@" in kind:
            raise UnsupportedError(
                "a signature by an SSH certificate", where=where, why=kind, remedy="allow the key itself"
            )
        if not lines:
            raise _untrusted(where, f"{name} is no key of the allowed signers", "source.unknown-key")
        _check(found, kind, message, where)
    except InvalidSignature as error:
        raise _untrusted(where, f"the signature by {name} does not fit the content", "source.bad-signature") from error
    refusals = {one: _refusal(one, namespace, times) for one in lines}
    allowed = sorted({one.principals for one, why in refusals.items() if not why})
    if not allowed:
        raise _untrusted(where, f"{name} {next(iter(refusals.values()))}", "source.key-not-valid")
    return SshSigned(
        fingerprint=name, principals=tuple(allowed), algorithm=found.algorithm, namespace=namespace,
        digest=hashlib.sha256(message).hexdigest(),
    )  # fmt: skip


def _refusal(signer: AllowedSigner, namespace: str, times: Sequence[int]) -> str:
    if not signer.signs(namespace):
        return f"may not sign for {namespace!r}"
    if (signer.valid_after, signer.valid_before) == (None, None):
        return ""
    if not times:
        return "is allowed for a time only, and no time is known"
    if signer.valid_after is not None and min(times) < signer.valid_after:
        return "was not yet allowed then"
    if signer.valid_before is not None and max(times) > signer.valid_before:
        return "is allowed no more: whoever has it can write any time into what it signs"
    return ""


def _check(found: SshSignature, kind: str, message: bytes, where: str) -> None:
    """Whether key and signature fit.

    Raises:
        InvalidSignature: they do not.
    """
    row = _KINDS.get(kind)
    if row is None:
        raise UnsupportedError("an SSH key of an unknown kind", where=where, why=f"{kind!a}")
    algorithms, check = row
    if found.algorithm not in algorithms:
        if found.algorithm == "ssh-rsa":
            why = "ssh-rsa signs SHA-1"
            raise UntrustedError("a weak signature", where=where, why=why, code="source.weak-algorithm")
        raise MalformedError("not an SSH signature", where=where, why=f"a {kind} makes no {found.algorithm!a}")
    fields = Fields(found.key, where)
    fields.text()
    data = found.signed_data(message)
    if kind.startswith("sk-"):
        check(fields, found, data, where)
        return
    if found.rest:
        raise MalformedError("not an SSH signature", where=where, why=f"{len(found.rest)} bytes follow")
    check(fields, found, data, where)


def _ed25519(fields: Fields, found: SshSignature, data: bytes, where: str) -> None:
    point = fields.string()
    if found.algorithm.startswith("sk-"):
        data = _touched(fields, found, data, where)
    fields.ended()
    _ed25519_key(point, where).verify(found.value, data)


def _ed25519_key(point: bytes, where: str) -> ed25519.Ed25519PublicKey:
    try:
        return ed25519.Ed25519PublicKey.from_public_bytes(point)
    except ValueError as error:
        raise MalformedError("not an SSH key", where=where, why=str(error)) from error


_CURVES: dict[str, tuple[ec.EllipticCurve, hashes.HashAlgorithm]] = {
    "nistp256": (ec.SECP256R1(), hashes.SHA256()),
    "nistp384": (ec.SECP384R1(), hashes.SHA384()),
    "nistp521": (ec.SECP521R1(), hashes.SHA512()),
}


def _ecdsa(fields: Fields, found: SshSignature, data: bytes, where: str) -> None:
    name, point = fields.text(), fields.string()
    if name not in _CURVES or f"ecdsa-sha2-{name}" not in found.algorithm:
        raise MalformedError("not an SSH key", where=where, why=f"the curve {name!a}")
    curve, algorithm = _CURVES[name]
    if found.algorithm.startswith("sk-"):
        data = _touched(fields, found, data, where)
    fields.ended()
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(curve, point)
    except ValueError as error:
        raise MalformedError("not an SSH key", where=where, why=str(error)) from error
    numbers = Fields(found.value, where)
    r, s = numbers.number(), numbers.number()
    numbers.ended()
    key.verify(encode_dss_signature(r, s), data, ec.ECDSA(algorithm))


def _rsa(fields: Fields, found: SshSignature, data: bytes, where: str) -> None:
    exponent, modulus = fields.number(), fields.number()
    fields.ended()
    if modulus.bit_length() not in _RSA_BITS:
        why = f"an RSA key of {modulus.bit_length()} bits"
        raise UntrustedError("a weak signature", where=where, why=why, code="source.weak-algorithm")
    try:
        key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    except ValueError as error:
        raise MalformedError("not an SSH key", where=where, why=str(error)) from error
    size = (modulus.bit_length() + 7) // 8
    algorithm = hashes.SHA256() if found.algorithm == "rsa-sha2-256" else hashes.SHA512()
    key.verify(found.value.rjust(size, b"\0"), data, padding.PKCS1v15(), algorithm)


def _touched(fields: Fields, found: SshSignature, data: bytes, where: str) -> bytes:
    """What a security key signs: the hash of its application, flags and counter, and the hash of the data.

    Raises:
        UntrustedError: nobody touched it.
    """
    application = fields.string()
    rest = Fields(found.rest, where)
    flags, counter = rest.take(1), rest.take(4)
    rest.ended()
    if not flags[0] & _PRESENT:
        raise _untrusted(where, "nobody touched the security key", "source.bad-signature")
    return hashlib.sha256(application).digest() + flags + counter + hashlib.sha256(data).digest()


_Check = Callable[[Fields, SshSignature, bytes, str], None]
_KINDS: dict[str, tuple[tuple[str, ...], _Check]] = {
    "ssh-ed25519": (("ssh-ed25519",), _ed25519),
    "sk-ssh-ed25519@openssh.com": (("sk-ssh-ed25519@openssh.com",), _ed25519),
    "ecdsa-sha2-nistp256": (("ecdsa-sha2-nistp256",), _ecdsa),
    "ecdsa-sha2-nistp384": (("ecdsa-sha2-nistp384",), _ecdsa),
    "ecdsa-sha2-nistp521": (("ecdsa-sha2-nistp521",), _ecdsa),
    "sk-ecdsa-sha2-nistp256@openssh.com": (("sk-ecdsa-sha2-nistp256@openssh.com",), _ecdsa),
    "ssh-rsa": (("rsa-sha2-256", "rsa-sha2-512"), _rsa),
}
"""Kind of key → algorithms it may sign with, and the check."""


def _untrusted(where: str, why: str, code: str) -> AssayError:
    return UntrustedError(
        "no good signature by an allowed signer", where=where, why=why, code=code,
        remedy="look at who signed; allow a key only where its owner publishes it",
    )  # fmt: skip
