"""Signatures: make a DSSE envelope through a `Signer`, and check one signature with one key, by algorithm."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from assay.formats import bundle, dsse
from assay.model.errors import UntrustedError
from assay.model.statement import Envelope, Signature, Statement
from assay.ports.decisions import Signer
from assay.trust import keyring
from assay.trust.keyring import Key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

_HASHES: dict[str, tuple[str, ...]] = {
    "ecdsa-p256": ("SHA256",),
    "ecdsa-p384": ("SHA384", "SHA256"),
    "ecdsa-p521": ("SHA512", "SHA256"),
    "rsa": ("SHA256",),
}
"""Hashes accepted on reading, the one written first. Ed25519 (pure) has none."""


def sign(statement: Statement, signer: Signer) -> bytes:
    """A Sigstore v0.3 key bundle around the statement's exact bytes.

    The bundle's `hint` is base64(SHA-256(SubjectPublicKeyInfo)). The DSSE `keyid` stays empty: DSSE leaves it
    optional, and cosign 3 refuses any that differs from its own SSH fingerprint of the key (measured with 3.1.3).
    """
    signature = Signature(signer.sign(dsse.pae(dsse.IN_TOTO, statement.payload)))
    envelope = Envelope(payload_type=dsse.IN_TOTO, payload=statement.payload, signatures=(signature,))
    return bundle.write(envelope, keyring.key_id(signer.public_key()))


def valid(key: Key, signature: bytes, message: bytes) -> bool:
    """Whether `signature` is the key's over the whole `message`."""
    return held(key, signature, message) is not None


def held(key: Key, signature: bytes, message: bytes) -> str | None:
    """Name of the hash the key signed the whole `message` with (empty for pure Ed25519); None if it did not sign it."""
    loaded = keyring.load(key.spki, where=key.name)
    if key.algorithm == "ed25519":
        return "" if _holds(lambda: loaded.verify(signature, message)) else None  # type: ignore[union-attr, call-arg]
    hashes = _hashes(key)
    return next((h.name for h in hashes if _holds(lambda h=h: _verify(loaded, key, signature, message, h))), None)


def held_digest(key: Key, signature: bytes, digests: Mapping[str, bytes]) -> str | None:
    """Name of the hash the key signed an artifact with that has these digests; None if it did not sign it.

    Args:
        key: the trusted key.
        signature: as found in the bundle.
        digests: raw digests of the artifact by algorithm: `sha256`, `sha384`, `sha512`.

    Raises:
        UntrustedError: `ALGORITHM`: pure Ed25519 needs the artifact itself, or the key signs none of these hashes.
    """
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

    chosen = [h for h in _hashes(key) if h.name in digests]
    if not chosen:
        raise UntrustedError(
            "this key cannot be checked against a digest alone",
            where=key.name,
            why=f"{key.algorithm} does not sign {' or '.join(sorted(digests)) or 'unknown'} digests",
            remedy="sign a statement instead",
            code="ALGORITHM",
            step="content",
        )
    loaded = keyring.load(key.spki, where=key.name)
    for one in chosen:
        if _holds(lambda h=one: _verify(loaded, key, signature, digests[h.name], Prehashed(h))):
            return one.name
    return None


def _hashes(key: Key) -> "list[HashAlgorithm]":
    from cryptography.hazmat.primitives import hashes

    return [getattr(hashes, name)() for name in _HASHES.get(key.algorithm, ())]


def _verify(loaded: Any, key: Key, signature: bytes, message: bytes, algorithm: Any) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec, padding

    if key.algorithm == "rsa":
        loaded.verify(signature, message, padding.PKCS1v15(), algorithm)
    else:
        loaded.verify(signature, message, ec.ECDSA(algorithm))


def _holds(check: Any) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        check()
    except InvalidSignature:
        return False
    return True
