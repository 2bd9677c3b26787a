"""SSH signatures over messages (OpenSSH PROTOCOL.sshsig, version 1) and the public keys in them (RFC 4253 §6.6).

Form alone: nothing here is believed, and no key is computed with.
"""

import hashlib

import msgspec

from assay.formats import base64text
from assay.model.errors import MalformedError, UnsupportedError

_BEGIN, _END = b"-----BEGIN SSH SIGNATURE-----", b"-----END SSH SIGNATURE-----"
_MAGIC = b"SSHSIG"
_VERSION = 1
_ARMOUR_BYTES = 64 << 10
"""An RSA key of 16,384 bits and its signature need 6 KiB."""
_HASHES = {"sha256": hashlib.sha256, "sha512": hashlib.sha512}


class SshSignature(msgspec.Struct, frozen=True, kw_only=True):
    """One signature, taken apart."""

    key: bytes
    """Public key that is said to have signed, as SSH writes it."""
    namespace: str
    """What the signature is for: `git`, `file`; one for another purpose proves nothing."""
    reserved: bytes
    hash_algorithm: str
    algorithm: str
    """`ssh-ed25519`, `rsa-sha2-512`, …"""
    value: bytes
    """What the algorithm made."""
    rest: bytes = b""
    """Behind it: flags and counter of a security key."""

    def signed_data(self, message: bytes) -> bytes:
        """The bytes the key has signed, for a message: its hash, with namespace and algorithm around it."""
        digest = _HASHES[self.hash_algorithm](message).digest()
        fields = (self.namespace.encode(), self.reserved, self.hash_algorithm.encode(), digest)
        return _MAGIC + b"".join(map(packed, fields))


class Fields:
    """Reads the fields of SSH's wire form one after the other (RFC 4251 §5)."""

    def __init__(self, data: bytes, where: str) -> None:
        self._data, self._at, self._where = data, 0, where

    def string(self) -> bytes:
        """A length in four bytes, and as many bytes.

        Raises:
            MalformedError: it ends before.
        """
        size = int.from_bytes(self.take(4), "big")
        return self.take(size)

    def text(self) -> str:
        """A string of printable ASCII."""
        data = self.string()
        if not data.isascii() or not data.decode("ascii").isprintable():
            raise self._bad(f"a name is {data[:40]!r}")
        return data.decode("ascii")

    def number(self) -> int:
        """A positive number in its shortest form (`mpint`)."""
        data = self.string()
        if not data or data[0] & 0x80 or (len(data) > 1 and not data[0] and not data[1] & 0x80):
            raise self._bad("a number is negative, zero, or not in its shortest form")
        return int.from_bytes(data, "big")

    def take(self, size: int) -> bytes:
        """So many bytes."""
        data = self._data[self._at : self._at + size]
        if len(data) < size:
            raise self._bad("it ends too soon")
        self._at += size
        return data

    def left(self) -> bytes:
        """Everything that has not been read."""
        data = self._data[self._at :]
        self._at = len(self._data)
        return data

    def ended(self) -> None:
        """Nothing may follow.

        Raises:
            MalformedError: something does.
        """
        if self._at != len(self._data):
            raise self._bad(f"{len(self._data) - self._at} bytes follow")

    def _bad(self, why: str) -> MalformedError:
        return _bad(self._where, why)


def packed(data: bytes) -> bytes:
    """A string in SSH's wire form."""
    return len(data).to_bytes(4, "big") + data


def fingerprint(key: bytes) -> str:
    """The name of a public key as `ssh-keygen -l` prints it.

    >>> fingerprint(b"")
    'SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU'
    """
    return "SHA256:" + base64text.encode(hashlib.sha256(key).digest()).rstrip("=")


def read(armoured: bytes, *, where: str) -> SshSignature:
    """A signature out of its armour.

    Raises:
        MalformedError: damaged, more than one, or something behind it.
        UnsupportedError: another version, or a hash that is not SHA-256 or SHA-512.
    """
    fields = Fields(_dearmoured(armoured, where), where)
    if fields.take(len(_MAGIC)) != _MAGIC:
        raise _bad(where, "it does not begin with SSHSIG")
    version = int.from_bytes(fields.take(4), "big")
    if version != _VERSION:
        raise UnsupportedError("an SSH signature of another version", where=where, why=str(version))
    key, namespace, reserved, hashed, inner = (
        fields.string(), fields.text(), fields.string(), fields.text(), fields.string(),
    )  # fmt: skip
    fields.ended()
    if hashed not in _HASHES:
        raise UnsupportedError("an SSH signature over another hash", where=where, why=f"{hashed!a}")
    signature = Fields(inner, where)
    return SshSignature(
        key=key,
        namespace=namespace,
        reserved=reserved,
        hash_algorithm=hashed,
        algorithm=signature.text(),
        value=signature.string(),
        rest=signature.left(),
    )


def _dearmoured(armoured: bytes, where: str) -> bytes:
    text = armoured.strip()
    if len(text) > _ARMOUR_BYTES or not text.startswith(_BEGIN) or not text.endswith(_END):
        raise _bad(where, "it is not one armoured signature")
    body = text[len(_BEGIN) : -len(_END)]
    if not body.startswith((b"\n", b"\r\n")) or b"-" in body:
        raise _bad(where, "it is not one armoured signature")
    return base64text.decode(b"".join(body.split()).decode("ascii", "replace"), where=where)


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not an SSH signature", where=where, why=why, remedy="look at who made it")
