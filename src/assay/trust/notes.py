"""Signatures of notes: whether one holds, and making one through a `Signer`."""

from typing import Any

from assay.formats import cosignature, note, vkey
from assay.formats.note import Note, NoteSignature
from assay.formats.vkey import VerifierKey
from assay.model.errors import MalformedError, UnsupportedError
from assay.ports.decisions import Signer
from assay.trust import keyring

_SPKI_ED25519 = bytes.fromhex("302a300506032b6570032100")
"""RFC 8410: everything of the DER before the raw key."""
_SPKI_ML_DSA_44 = bytes.fromhex("30820532300b06096086480165030403110382052100")
"""RFC 9881: likewise."""


def lines_of(key: VerifierKey, value: Note) -> tuple[NoteSignature, ...]:
    """The lines that claim to be this key's: name and key id agree. All others are to be ignored."""
    key_id = key.key_id
    return tuple(line for line in value.signatures if line.name == key.name and line.key_id == key_id)


def verify(key: VerifierKey, text: str, line: NoteSignature, *, where: str) -> int | None:
    """The time of a signature that holds (POSIX seconds; 0 for kinds without time), None where it does not.

    Raises:
        MalformedError: the key is none, or a cosigned text is no checkpoint.
    """
    if key.kind in (note.ED25519, vkey.ECDSA):
        return 0 if _holds(key, line.signature, text.encode(), where) else None
    parts = cosignature.unwrap(key.kind, line.signature)
    if parts is None:
        return None
    time, signature = parts
    message = cosignature.message(key.kind, key.name, time, text, where=where)
    return time if _holds(key, signature, message, where) else None


def key_of(name: str, spki: bytes, *, cosigner: bool, where: str) -> VerifierKey:
    """The verifier key of a signer's public key (DER SubjectPublicKeyInfo), for a log or for a witness.

    Raises:
        UnsupportedError: a witness signs with Ed25519 or ML-DSA-44, a log with those or ECDSA.
        MalformedError: a name that cannot stand in a note.
    """
    if not note.is_name(name):
        raise MalformedError(
            "not a key name", where=where, why=repr(name[:60]), remedy="leave out spaces and plus signs"
        )
    if spki.startswith(_SPKI_ED25519):
        kind = note.COSIGNATURE_ED25519 if cosigner else note.ED25519
        return VerifierKey(name, kind, spki[len(_SPKI_ED25519) :])
    if spki.startswith(_SPKI_ML_DSA_44):
        return VerifierKey(name, note.COSIGNATURE_ML_DSA_44, spki[len(_SPKI_ML_DSA_44) :])
    if not cosigner and keyring.algorithm_of(keyring.load(spki, where=where), where=where) == "ecdsa-p256":
        return VerifierKey(name, vkey.ECDSA, spki)
    raise UnsupportedError(
        "this kind of key does not sign notes", where=where, why="not Ed25519", remedy="make an Ed25519 key"
    )


def sign(text: str, name: str, signer: Signer, *, time: int | None = None, where: str = "note") -> NoteSignature:
    """A signature line over a note's text.

    Args:
        text: with its final line break.
        name: the key's name: for a log its origin.
        signer: the private key.
        time: POSIX seconds for a cosignature of a witness; None for a log's own signature.
        where: named in errors.

    Raises:
        UnsupportedError, MalformedError: as `key_of` and `cosignature.message`.
    """
    key = key_of(name, signer.public_key(), cosigner=time is not None, where=where)
    if key.kind in (note.ED25519, vkey.ECDSA):
        return NoteSignature(name, key.key_id, signer.sign(text.encode()))
    at = time or 0
    signature = signer.sign(cosignature.message(key.kind, name, at, text, where=where))
    return NoteSignature(name, key.key_id, cosignature.wrap(at, signature))


def _holds(key: VerifierKey, signature: bytes, message: bytes, where: str) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        _load(key, where)(signature, message)
    except InvalidSignature:
        return False
    return True


def _load(key: VerifierKey, where: str) -> Any:
    """A function (signature, message) that raises where the signature does not hold."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa

    try:
        if key.kind == note.COSIGNATURE_ML_DSA_44:
            return mldsa.MLDSA44PublicKey.from_public_bytes(key.key).verify
        if key.kind != vkey.ECDSA:
            return ed25519.Ed25519PublicKey.from_public_bytes(key.key).verify
    except ValueError as error:
        raise MalformedError("not a public key", where=where, why=str(error), remedy="ask for the vkey") from error
    loaded = keyring.load(key.key, where=where)
    if not isinstance(loaded, ec.EllipticCurvePublicKey):
        raise MalformedError("not an ECDSA key", where=where, why="signature type 02", remedy="ask for the vkey")
    return lambda signature, message: loaded.verify(signature, message, ec.ECDSA(hashes.SHA256()))
