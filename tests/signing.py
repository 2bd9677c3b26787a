"""Keys and bundles for tests: real signatures by throw-away keys."""

import hashlib
import json
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from assay.formats import intoto
from assay.model.digest import Digest
from assay.model.statement import ResourceDescriptor, Statement
from assay.trust import keyring
from assay.trust.expect import Expected
from assay.trust.keyring import Keyring

NOW = "2026-11-02T03:04:05Z"
TARGET = Digest("sha256", hashlib.sha256(b"an image manifest").hexdigest())


class MemorySigner:
    """A `Signer` over a key object; the hash is the first of the algorithm's row."""

    def __init__(self, key: Any, algorithm: Any = None) -> None:
        self.key, self.algorithm = key, algorithm or hashes.SHA256()

    def public_key(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, data: bytes) -> bytes:
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(data, ec.ECDSA(self.algorithm))
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(data, padding.PKCS1v15(), self.algorithm)
        return self.key.sign(data)


P256 = MemorySigner(ec.generate_private_key(ec.SECP256R1()))
OTHER = MemorySigner(ec.generate_private_key(ec.SECP256R1()))
ED25519 = MemorySigner(ed25519.Ed25519PrivateKey.generate())
SIGNERS = {
    "p256": P256,
    "ed25519": ED25519,
    "p384": MemorySigner(ec.generate_private_key(ec.SECP384R1()), hashes.SHA384()),
    "p384-sha256": MemorySigner(ec.generate_private_key(ec.SECP384R1()), hashes.SHA256()),
    "p521": MemorySigner(ec.generate_private_key(ec.SECP521R1()), hashes.SHA512()),
    "rsa2048": MemorySigner(rsa.generate_private_key(65537, 2048)),
}


def ring(*signers: MemorySigner, **window: str) -> Keyring:
    return Keyring(tuple(keyring.key(s.public_key(), name=f"key {i}", **window) for i, s in enumerate(signers)))


def trusting(*signers: MemorySigner, **window: str) -> Expected:
    """Their keys and nobody else's."""
    return Expected(keys=ring(*signers, **window))


def claim(target: Digest = TARGET, predicate: dict[str, object] | None = None, kind: str = "urn:test:1") -> Statement:
    subject = ResourceDescriptor(name="image", digest={target.algorithm: target.hex})
    return intoto.statement([subject], kind, predicate if predicate is not None else {"a": 1})


def changed(bundle: bytes, *path: str | int, value: Any) -> bytes:
    """The bundle with one field replaced (or removed, with `...`)."""
    document = json.loads(bundle)
    place = document
    for step in path[:-1]:
        place = place[step]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return json.dumps(document).encode()
