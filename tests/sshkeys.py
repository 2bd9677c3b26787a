"""SSH keys and signatures for tests: made by `ssh-keygen`, and written byte by byte."""

import base64
import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from assay.formats.sshsig import packed

needs_ssh_keygen = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed here")
KINDS = (("ed25519", ""), ("ecdsa", "256"), ("ecdsa", "384"), ("ecdsa", "521"), ("rsa", "2048"))
TOUCHED = b"\1"


def make(folder: Path, kind: str = "ed25519", bits: str = "") -> Path:
    """A key; its public half lies beside it."""
    place = folder / f"{kind}{bits}"
    words = ["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "x", "-f", str(place)]
    subprocess.run([*words, *(["-b", bits] if bits else [])], check=True, capture_output=True)
    return place


def public(place: Path) -> str:
    """`KIND KEY` of a key."""
    return " ".join(Path(f"{place}.pub").read_text().split()[:2])


def sign(place: Path, message: bytes, namespace: str = "git", *options: str) -> bytes:
    """An armoured signature by `ssh-keygen -Y sign`."""
    words = ["ssh-keygen", "-Y", "sign", "-q", "-n", namespace, "-f", str(place)]
    for one in options:
        words += ["-O", one]
    return subprocess.run(words, input=message, check=True, capture_output=True).stdout


def theirs(folder: Path, message: bytes, signature: bytes, allowed: str, who: str, *options: str) -> bool:
    """What `ssh-keygen -Y verify` says."""
    (folder / "allowed").write_text(allowed)
    (folder / "signature").write_bytes(signature)
    words = [
        "ssh-keygen",
        "-Y",
        "verify",
        "-n",
        "git",
        "-I",
        who,
        "-f",
        str(folder / "allowed"),
        "-s",
        str(folder / "signature"),
    ]
    for one in options:
        words += ["-O", one]
    return subprocess.run(words, input=message, capture_output=True).returncode == 0


def armoured(blob: bytes) -> bytes:
    """In OpenSSH's armour."""
    text = base64.b64encode(blob)
    lines = [text[at : at + 70] for at in range(0, len(text), 70)]
    return b"\n".join([b"-----BEGIN SSH SIGNATURE-----", *lines, b"-----END SSH SIGNATURE-----", b""])


def signature(
    key: bytes, inner: bytes, *, namespace: bytes = b"git", version: int = 1, hashed: bytes = b"sha512"
) -> bytes:
    """An armoured signature of these parts."""
    fields = (key, namespace, b"", hashed, inner)
    return armoured(b"SSHSIG" + version.to_bytes(4, "big") + b"".join(map(packed, fields)))


def signed_data(message: bytes, *, namespace: bytes = b"git", hashed: str = "sha512") -> bytes:
    """What a key signs for a message."""
    fields = (namespace, b"", hashed.encode(), hashlib.new(hashed, message).digest())
    return b"SSHSIG" + b"".join(map(packed, fields))


class SecurityKey:
    """A security key in software."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._ed = ed25519.Ed25519PrivateKey.generate() if "ed25519" in kind else None
        self._ec = ec.generate_private_key(ec.SECP256R1()) if self._ed is None else None
        if self._ed is not None:
            raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
            point = packed(self._ed.public_key().public_bytes(*raw))
        else:
            form = serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
            point = packed(b"nistp256") + packed(self._ec.public_key().public_bytes(*form))
        self.key = packed(kind.encode()) + point + packed(b"ssh:")

    def line(self) -> str:
        return f"{self.kind} {base64.b64encode(self.key).decode()}"

    def sign(self, message: bytes, *, flags: bytes = TOUCHED, rest: bytes = b"") -> bytes:
        counter = (7).to_bytes(4, "big")
        inner = hashlib.sha256(signed_data(message)).digest()
        data = hashlib.sha256(b"ssh:").digest() + flags + counter + inner
        if self._ed is not None:
            value = self._ed.sign(data)
        else:
            value = b"".join(
                packed(_mpint(n)) for n in decode_dss_signature(self._ec.sign(data, ec.ECDSA(hashes.SHA256())))
            )
        return signature(self.key, packed(self.kind.encode()) + packed(value) + flags + counter + rest)


def _mpint(number: int) -> bytes:
    return number.to_bytes(number.bit_length() // 8 + 1, "big")
