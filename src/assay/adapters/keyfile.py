"""Private keys in files: made, kept at mode 0600, and reached only through the `Signer` door."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from assay.model.errors import MalformedError, UnavailableError, UnsupportedError, UntrustedError, UsageError
from assay.model.limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

Kind = Literal["ecdsa-p256", "ed25519"]
PASSPHRASE_VARIABLE = "ASSAY_KEY_PASSPHRASE"  # noqa: S105  (a name, not a secret)


def generate(path: Path, kind: Kind = "ecdsa-p256", passphrase: bytes = b"") -> tuple[Path, Path]:
    """Make a key pair: PKCS#8 PEM at `path` (mode 0600), its public half beside it as `path` + `.pub`.

    Args:
        path: must not exist, nor the `.pub`.
        kind: `ecdsa-p256` (the default) or `ed25519`.
        passphrase: encrypts the file; empty leaves it plain.

    Returns:
        The two paths.

    Raises:
        UsageError: a file is in the way, or the kind is unknown.
        UnavailableError: the folder cannot be written.
    """
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    makers: dict[str, Callable[[], Any]] = {
        "ecdsa-p256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
    }
    if kind not in makers:
        raise UsageError("unknown kind of key", why=repr(kind), remedy=f"choose {' or '.join(makers)}")
    if not path.name:
        raise UsageError("the key's name is no file", where=str(path), remedy="name a file")
    public_path = path.with_name(path.name + ".pub")
    for taken in (path, public_path):
        if os.path.lexists(taken):
            raise UsageError(
                "a file is in the way", where=taken.name, why="keys are never overwritten", remedy="choose another name"
            )
    key = makers[kind]()
    encryption = s.BestAvailableEncryption(passphrase) if passphrase else s.NoEncryption()
    private = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, encryption)
    public = key.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo)
    _write(path, private, 0o600)
    try:
        _write(public_path, public, 0o644)
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
        self._key = _load(_read(path), path.name, passphrase)

    def public_key(self) -> bytes:
        """DER SubjectPublicKeyInfo."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        der: bytes = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return der

    def sign(self, data: bytes) -> bytes:
        """Signature over `data`: ECDSA P-256 with SHA-256 in DER, or pure Ed25519."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec

        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            return self._key.sign(data, ec.ECDSA(hashes.SHA256()))
        signature: bytes = self._key.sign(data)
        return signature


def passphrase_from(file: Path | None = None, prompt: Callable[[], str] | None = None) -> Callable[[], bytes]:
    """Where a passphrase comes from, in this order: a file, the environment, a prompt; never the command line.

    Returns:
        A function that fetches it when it is needed; a file's one trailing line break is not part of it.
    """

    def fetch() -> bytes:
        if file is not None:
            return _read(file).removesuffix(b"\n").removesuffix(b"\r")
        if (text := os.environ.get(PASSPHRASE_VARIABLE)) is not None:
            return text.encode()
        if prompt is not None:
            return prompt().encode()
        raise UsageError(
            "the key needs a passphrase",
            why="none was given",
            remedy=f"name a file that holds it, or set {PASSPHRASE_VARIABLE}",
        )

    return fetch


def read_public(path: Path) -> bytes:
    """The bytes of a public key file, bounded; `trust.keyring.key` reads them.

    Raises:
        UnavailableError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(DEFAULT_LIMITS.key_bytes + 1)
    except OSError as error:
        raise _unreadable(path.name, error) from error


def _write(path: Path, data: bytes, mode: int) -> None:
    """Create, never follow or replace; durable before the name is given back."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    created = False
    try:
        descriptor = os.open(path, flags, mode)
        created = True
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        if created:
            path.unlink(missing_ok=True)  # half a key is worse than none
        raise UnavailableError(
            "cannot write the key", where=path.name, why=error.strerror or str(error), remedy="choose another folder"
        ) from error


def _read(path: Path) -> bytes:
    """A secret's bytes, only if no one else can read or write the file (judged on the open descriptor)."""
    try:
        with open(path, "rb", opener=lambda p, f: os.open(p, f | os.O_NONBLOCK)) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise UsageError("not a regular file", where=path.name, remedy="name the key file itself")
            if status.st_mode & 0o077:
                raise UntrustedError(
                    "others can read this secret",
                    where=path.name,
                    why=f"mode {stat.S_IMODE(status.st_mode):04o}",
                    remedy="chmod 600 it; if others may have read it, make a new key",
                    code="KEY_MODE",
                    step="key",
                )
            return file.read(DEFAULT_LIMITS.key_bytes)
    except OSError as error:
        raise _unreadable(path.name, error) from error


def _load(data: bytes, name: str, passphrase: Callable[[], bytes] | None) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    encrypted = b"-----BEGIN ENCRYPTED PRIVATE KEY-----" in data
    secret = (passphrase or passphrase_from())() if encrypted else None
    key = _parse(data, name, secret)
    p256 = isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name == "secp256r1"
    if p256 or isinstance(key, ed25519.Ed25519PrivateKey):
        return key
    raise UnsupportedError(
        "does not sign with this kind of key",
        where=name,
        why=type(key).__name__,
        remedy="use ECDSA P-256 or Ed25519",
    )


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
        raise MalformedError(
            "not a private key", where=name, why="not PKCS#8 PEM", remedy="make one with assay key generate"
        ) from error


def _unreadable(name: str, error: OSError) -> UnavailableError:
    return UnavailableError(
        "cannot read the file", where=name, why=error.strerror or str(error), remedy="check the path and its mode"
    )
