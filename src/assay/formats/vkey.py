"""Public keys of notes as one line of text: `name+keyid+base64(type ‖ key)` (signed-note, "Verifier keys")."""

import hashlib
import re

import msgspec

from assay.formats import base64text, note
from assay.model.errors import MalformedError, UnsupportedError

ECDSA = 0x02
"""ECDSA P-256 with SHA-256; the key is DER SubjectPublicKeyInfo, its id the hash of that alone."""
_LENGTHS = {note.ED25519: 32, note.COSIGNATURE_ED25519: 32, note.COSIGNATURE_ML_DSA_44: 1312}
_ID = re.compile(r"[0-9a-f]{8}", re.ASCII)


class VerifierKey(msgspec.Struct, frozen=True):
    """Who may sign a note: name, signature type and key."""

    name: str
    kind: int
    """Signature type byte of the signed-note page: 1 Ed25519, 2 ECDSA, 4 and 6 cosignatures."""
    key: bytes
    """Raw key; DER SubjectPublicKeyInfo for ECDSA."""

    @property
    def whole_id(self) -> bytes:
        """The untruncated key id, 32 bytes."""
        if self.kind == ECDSA:
            return hashlib.sha256(self.key).digest()
        return note.key_id(self.name, self.kind, self.key)

    @property
    def key_id(self) -> bytes:
        """The four bytes that lines carry."""
        return self.whole_id[: note.KEY_ID_BYTES]


def read(text: str, *, where: str) -> VerifierKey:
    """A key from its line.

    Raises:
        MalformedError: another form, a key of another length, or an id that is not the key's.
        UnsupportedError: a signature type outside the table.
    """
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    if not _ID.fullmatch(key_id) or not note.is_name(name) or not name.isprintable():
        raise _bad(where, "expected name+8 hex digits+base64")
    data = base64text.decode(encoded, where=where)
    if not data:
        raise _bad(where, "no key")
    kind = data[0]
    if kind not in _LENGTHS and kind != ECDSA:
        raise UnsupportedError(
            "this kind of note key is not supported",
            where=where,
            why=f"signature type {kind:#04x}",
            remedy="use Ed25519 (01 or 04), ECDSA (02) or ML-DSA-44 (06)",
        )
    found = VerifierKey(name, kind, data[1:])
    if kind in _LENGTHS and len(found.key) != _LENGTHS[kind]:
        raise _bad(where, f"a key of {len(found.key)} bytes, expected {_LENGTHS[kind]}")
    if found.key_id.hex() != key_id:
        raise _bad(where, f"the key's id is {found.key_id.hex()}, the line says {key_id}")
    return found


def write(key: VerifierKey) -> str:
    """The line of a key; `read(write(k)) == k`.

    Raises:
        MalformedError: a name that cannot stand in a line, or a key of another length.
    """
    text = f"{key.name}+{key.key_id.hex()}+{base64text.encode(bytes([key.kind]) + key.key)}"
    read(text, where="key")
    return text


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not a note's verifier key", where=where, why=why, remedy="ask its owner for the vkey line")
