"""Private keys in files: made, kept at mode 0600, and reached only through the `Signer` door."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from assay.adapters import secretfile
from assay.adapters.secretfile import PASSPHRASE_VARIABLE, passphrase_from
from assay.model.errors import MalformedError, UnavailableError, UnsupportedError, UntrustedError, UsageError
from assay.model.limits import DEFAULT_LIMITS

__all__ = [
    "KINDS", "PASSPHRASE_VARIABLE", "KeyFileSigner", "Kind", "generate", "passphrase_from", "public_pem", "read_public"
]  # fmt: skip

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

Kind = Literal["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "ed25519", "rsa-2048", "rsa-3072", "rsa-4096"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_CURVES = {"secp256r1": "SHA256", "secp384r1": "SHA384", "secp521r1": "SHA512"}
"""Curves a key may have, and the hash each signs with."""
_PUBLIC = b"-----BEGIN PUBLIC KEY-----"
_COSIGN = b"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----"
_RSA_BITS = (2048, 3072, 4096)


def generate(path: Path, kind: Kind = "ecdsa-p256", passphrase: bytes = b"") -> tuple[Path, Path]:
    """Make a key pair: PKCS#8 PEM at `path` (mode 0600), its public half beside it as `path` + `.pub`.

    Args:
        path: must not exist, nor the `.pub`.
        kind: one of `KINDS`; `ecdsa-p256` is the default.
        passphrase: encrypts the file; empty leaves it plain.

    Returns:
        The two paths.

    Raises:
        UsageError: a file is in the way, or the kind is unknown.
        UnavailableError: the folder cannot be written.
    """
    from cryptography.hazmat.primitives import serialization as s

    if kind not in KINDS:
        raise UsageError("unknown kind of key", why=repr(kind), remedy=f"choose {', '.join(KINDS)}")
    if not path.name:
        raise UsageError("the key's name is no file", where=str(path), remedy="name a file")
    public_path = path.with_name(path.name + ".pub")
    for taken in (path, public_path):
        if os.path.lexists(taken):
            raise UsageError(
                "a file is in the way", where=taken.name, why="keys are never overwritten", remedy="choose another name"
            )
    key = _make(kind)
    encryption = s.BestAvailableEncryption(passphrase) if passphrase else s.NoEncryption()
    private = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, encryption)
    public = key.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo)
    secretfile.write(path, private, 0o600)
    try:
        secretfile.write(public_path, public, 0o644)
    except UnavailableError:
        path.unlink()
        raise
    return path, public_path


class KeyFileSigner:
    """A `Signer` over a PKCS#8 PEM file. The key is read once, when the signer is made."""

    def __init__(self, path: Path, passphrase: Callable[[], bytes] | None = None) -> None:
        """Open the key.

        Args:
            path: mode 0600 or stricter, a regular file.
            passphrase: asked only if the file is encrypted.

        Raises:
            UntrustedError: others may read or write the file (`KEY_MODE`), or the passphrase is wrong (`PASSPHRASE`).
            MalformedError: not a PKCS#8 PEM private key.
            UnsupportedError: a kind of key this program does not sign with.
            UnavailableError: the file cannot be read.
            UsageError: the file is encrypted and no passphrase is at hand.
        """
        self._key = _load(_secret(path), path.name, passphrase)

    def public_key(self) -> bytes:
        """DER SubjectPublicKeyInfo."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        der: bytes = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return der

    def sign(self, data: bytes) -> bytes:
        """Signature over `data`: ECDSA in DER with the curve's hash, RSA PKCS#1 v1.5 with SHA-256, or pure Ed25519."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            return self._key.sign(data, ec.ECDSA(getattr(hashes, _CURVES[self._key.curve.name])()))
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        signature: bytes = self._key.sign(data)
        return signature


def read_public(path: Path) -> bytes:
    """The bytes of a public key file, bounded; `trust.keyring.key` reads them.

    Raises:
        UnavailableError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(DEFAULT_LIMITS.key_bytes + 1)
    except OSError as error:
        raise secretfile.unreadable(path.name, error) from error


def public_pem(spki: bytes) -> bytes:
    """PEM `PUBLIC KEY` of DER SubjectPublicKeyInfo."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

    return load_der_public_key(spki).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _make(kind: Kind) -> Any:
    """A new private key of a kind."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    curves: dict[str, Callable[[], ec.EllipticCurve]] = {
        "ecdsa-p256": ec.SECP256R1, "ecdsa-p384": ec.SECP384R1, "ecdsa-p521": ec.SECP521R1
    }  # fmt: skip
    if kind in curves:
        return ec.generate_private_key(curves[kind]())
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65537, int(kind.removeprefix("rsa-")))


def _secret(path: Path) -> bytes:
    """The bytes of a key file nobody else can touch. Whoever names the public half hears that, not how to hide it."""
    try:
        return secretfile.read(path)
    except UntrustedError:
        if _PUBLIC in read_public(path):
            raise _public_half(path.name) from None
        raise


def _public_half(name: str) -> MalformedError:
    return MalformedError(
        "not a private key", where=name, why="this is a public one", remedy="name the private half, without .pub"
    )


def _load(data: bytes, name: str, passphrase: Callable[[], bytes] | None) -> Any:
    encrypted = b"-----BEGIN ENCRYPTED PRIVATE KEY-----" in data
    secret = (passphrase or passphrase_from())() if encrypted else None
    key = _parse(data, name, secret)
    if _is_known(key):
        return key
    raise UnsupportedError(
        "does not sign with this kind of key",
        where=name,
        why=type(key).__name__,
        remedy="use ECDSA P-256, P-384 or P-521, Ed25519, or RSA of 2048, 3072 or 4096 bits",
    )


def _is_known(key: object) -> bool:
    """Whether a private key is one that verifiers know too."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.curve.name in _CURVES
    if isinstance(key, rsa.RSAPrivateKey):
        return key.key_size in _RSA_BITS
    return isinstance(key, ed25519.Ed25519PrivateKey)


def _parse(data: bytes, name: str, secret: bytes | None) -> "PrivateKeyTypes":
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(data, secret)
    except UnsupportedAlgorithm as error:
        raise UnsupportedError("cannot open this key", where=name, why=str(error), remedy="make a new one") from error
    except (ValueError, TypeError) as error:
        if secret is not None:
            raise UntrustedError(
                "cannot open this key",
                where=name,
                why="the passphrase is wrong, or the file is damaged",
                remedy="give the passphrase it was made with",
                code="PASSPHRASE",
                step="key",
            ) from error
        if _PUBLIC in data:
            raise _public_half(name) from error
        if _COSIGN in data:
            raise UnsupportedError(
                "does not read this form of key",
                where=name,
                why="cosign's own encryption, not PKCS#8",
                remedy="make one with assay keys generate; cosign reads that by `cosign import-key-pair`",
            ) from error
        raise MalformedError(
            "not a private key", where=name, why="not PKCS#8 PEM", remedy="make one with assay keys generate"
        ) from error
