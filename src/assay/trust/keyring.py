"""Keys someone has decided to trust: handed in as bytes, known by their id, judged within their window."""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from assay.formats import base64text
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

Algorithm = Literal["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "ed25519", "rsa"]
_CURVES: dict[str, Algorithm] = {"secp256r1": "ecdsa-p256", "secp384r1": "ecdsa-p384", "secp521r1": "ecdsa-p521"}
_RSA_BITS = (2048, 3072, 4096)
_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\r?\n([A-Za-z0-9+/=\r\n]+?)\r?\n?-----END \1-----", re.ASCII)
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", re.ASCII)


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One trusted public key. The window is closed on both ends; an empty end is open."""

    key_id: str
    """base64(SHA-256(SubjectPublicKeyInfo)), as Sigstore bundles name it in `hint`."""
    spki: bytes
    """DER SubjectPublicKeyInfo."""
    algorithm: Algorithm
    name: str = ""
    not_before: str = ""
    not_after: str = ""
    owner: str = ""
    """Who answers for it; thresholds count one per owner."""
    usage: str = ""
    """What it is for, in its owner's words."""
    revoked_since: str = ""
    """RFC 3339 UTC; from this moment on its signatures count no more. Empty: never revoked."""
    revoked_reason: str = ""


class Keyring(msgspec.Struct, frozen=True):
    """The keys a caller trusts. Bundles select among them and never add one."""

    keys: tuple[Key, ...] = ()

    def named(self, hint: str) -> tuple[Key, ...]:
        """The rows of the key a bundle's hint names, one for each window; npm's registry spells it `SHA256:…`."""
        return tuple(key for key in self.keys if hint in (key.key_id, f"SHA256:{key.key_id.rstrip('=')}"))


def is_open(key: Key, now: str) -> bool:
    """Whether a time (RFC 3339 UTC with seconds) lies in the key's window: of one width, text order is time order."""
    return not ((key.not_before and now < key.not_before) or (key.not_after and now > key.not_after))


def refused(key: Key, times: Sequence[datetime], now: str) -> tuple[str, str]:
    """Why a key must not be believed for signatures of these verified times: a code and a reason, or two empty texts.

    Old signatures outlive rotation and revocation, as far as somebody else proves their time. Without a verified time
    the window is judged now, and a revoked key never counts.

    Args:
        key: with its window and revocation.
        times: every verified time of the signature, or none.
        now: RFC 3339 UTC with seconds.
    """
    for time in times or (datetime.fromisoformat(now),):
        if key.not_before and time < datetime.fromisoformat(key.not_before):
            return "KEY_WINDOW", f"the key is valid from {key.not_before}, this is of {_text(time)}"
        if key.not_after and time > datetime.fromisoformat(key.not_after):
            return "KEY_WINDOW", f"the key was valid until {key.not_after}, this is of {_text(time)}"
    if not key.revoked_since:
        return "", ""
    why = f"revoked since {key.revoked_since}" + (f": {key.revoked_reason}" if key.revoked_reason else "")
    if not times:
        return "KEY_REVOKED", f"{why}; nothing proves that this is older"
    if max(times) >= datetime.fromisoformat(key.revoked_since):
        return "KEY_REVOKED", f"{why}; this is of {_text(max(times))}"
    return "", ""


def hashed(spki: bytes) -> bytes:
    """SHA-256(SubjectPublicKeyInfo)."""
    return hashlib.sha256(spki).digest()


def key_id(spki: bytes) -> str:
    """base64(SHA-256(SubjectPublicKeyInfo)): the `hint` of a bundle and the DSSE `keyid`."""
    return base64text.encode(hashed(spki))


def key(data: bytes, *, name: str, not_before: str = "", not_after: str = "") -> Key:
    """A trusted key out of the bytes of a file: PEM `PUBLIC KEY`, or DER SubjectPublicKeyInfo.

    Args:
        data: the file's bytes.
        name: what people call it; also the place in errors.
        not_before: RFC 3339 UTC with seconds, or empty.
        not_after: likewise.

    Raises:
        MalformedError: not a public key, several keys, a private key, base64 with stray bits, a bad time.
        UnsupportedError: a certificate, or an algorithm that is not in the table.
    """
    if len(data) > DEFAULT_LIMITS.key_bytes:
        raise _bad(name, f"{len(data)} bytes, limit {DEFAULT_LIMITS.key_bytes}")
    for time in filter(None, (not_before, not_after)):
        if not _TIME.fullmatch(time):
            raise _bad(name, f"{time[:40]!r} is not a time like 2026-01-02T03:04:05Z")
    der = _pem(data, name) if data.lstrip().startswith(b"-----") else data
    loaded = load(der, where=name)
    spki = _spki(loaded)
    if spki != der:
        raise _bad(name, "not the canonical DER of its key")
    return Key(
        key_id=key_id(spki),
        spki=spki,
        algorithm=algorithm_of(loaded, where=name),
        name=name,
        not_before=not_before,
        not_after=not_after,
    )


def load(spki: bytes, *, where: str) -> "PublicKeyTypes":
    """The key object of DER SubjectPublicKeyInfo.

    Raises:
        MalformedError: not DER of a public key, or a point that is not on its curve.
        UnsupportedError: an algorithm the library does not know.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        return load_der_public_key(spki)
    except UnsupportedAlgorithm as error:
        raise _unsupported(where, str(error)) from error
    except (ValueError, TypeError) as error:
        raise _bad(where, str(error).splitlines()[0] if str(error) else "not DER of a public key") from error


def algorithm_of(loaded: Any, *, where: str) -> Algorithm:
    """Which row of the algorithm table a key belongs to.

    Raises:
        UnsupportedError: none.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(loaded, ec.EllipticCurvePublicKey) and loaded.curve.name in _CURVES:
        return _CURVES[loaded.curve.name]
    if isinstance(loaded, ed25519.Ed25519PublicKey):
        return "ed25519"
    if isinstance(loaded, rsa.RSAPublicKey) and loaded.key_size in _RSA_BITS:
        return "rsa"
    raise _unsupported(where, f"{type(loaded).__name__} with these parameters")


def _text(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


def _pem(data: bytes, name: str) -> bytes:
    """The DER inside exactly one PEM block of a public key (RFC 7468)."""
    blocks = _PEM.findall(data)
    if len(blocks) != 1 or data.count(b"-----BEGIN") != 1:
        raise _bad(name, f"{len(blocks)} complete PEM blocks, expected one PUBLIC KEY")
    label, body = blocks[0]
    if label == b"CERTIFICATE":
        raise _unsupported(name, "this is a certificate")
    if b"PRIVATE" in label:
        raise _bad(name, "this is a private key; verification takes the public one (the .pub file)")
    if label != b"PUBLIC KEY":
        raise _bad(name, f"PEM block is {label.decode('ascii')}, expected PUBLIC KEY")
    return base64text.decode(b"".join(body.split()).decode("ascii"), where=name)


def _spki(loaded: "PublicKeyTypes") -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return loaded.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not a public key", where=where, why=why, remedy="give a PEM file with one PUBLIC KEY")


def _unsupported(where: str, why: str) -> UnsupportedError:
    return UnsupportedError(
        "this kind of key is not supported",
        where=where,
        why=why,
        remedy="use ECDSA P-256, P-384 or P-521, Ed25519, or RSA of 2048, 3072 or 4096 bits",
    )
