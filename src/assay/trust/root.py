"""Keys of a trusted root, by what it says of them; and how protobuf-specs calls the keys we know."""

from collections.abc import Iterable
from datetime import datetime

from assay.formats import note
from assay.formats.bundle import LogEntry
from assay.formats.trustroot import TransparencyLog, TrustedRoot
from assay.model.errors import AssayError
from assay.trust import keyring
from assay.trust.keyring import Key

_DETAILS = {
    ("ecdsa-p256", "sha256"): ("PKIX_ECDSA_P256_SHA_256",),
    ("ecdsa-p384", "sha384"): ("PKIX_ECDSA_P384_SHA_384",),
    ("ecdsa-p521", "sha512"): ("PKIX_ECDSA_P521_SHA_512",),
    ("ecdsa-p384", "sha256"): ("PKIX_ECDSA_P384_SHA_256",),
    ("ecdsa-p521", "sha256"): ("PKIX_ECDSA_P521_SHA_256",),
    ("ed25519", ""): ("PKIX_ED25519",),
    ("rsa", "sha256"): (
        "PKIX_RSA_PKCS1V15_2048_SHA256", "PKIX_RSA_PKCS1V15_3072_SHA256", "PKIX_RSA_PKCS1V15_4096_SHA256",
    ),
}  # fmt: skip
"""Names of `PublicKeyDetails` by algorithm and hash (protobuf-specs, sigstore_common.proto)."""
_SHORT_BYTES = 4


def details(key: Key, hash_name: str) -> tuple[str, ...]:
    """The names under which a log writes down a key that signed with this hash; RSA has one for each size."""
    names = _DETAILS.get((key.algorithm, hash_name), ())
    if key.algorithm != "rsa":
        return names
    bits: int = getattr(keyring.load(key.spki, where=key.name), "key_size", 0)
    return tuple(name for name in names if f"_{bits}_" in name)


def key_of(log: TransparencyLog) -> Key | None:
    """The log's key, if it is of the kind the root says; None where it is not, or cannot be read."""
    try:
        loaded = keyring.load(log.spki, where=log.base_url)
        algorithm = keyring.algorithm_of(loaded, where=log.base_url)
    except AssayError:
        return None
    key = Key(key_id=keyring.key_id(log.spki), spki=log.spki, algorithm=algorithm, name=log.base_url)
    hashes = [hash_name for known, hash_name in _DETAILS if known == algorithm]
    return key if any(log.key_details in details(key, hash_name) for hash_name in hashes) else None


def candidates(entry: LogEntry, roots: TrustedRoot) -> list[TransparencyLog]:
    """The listed logs an entry's `logId.keyId` may mean.

    It equals the log's id or its checkpoint key id. An id of four bytes, as checkpoints carry it, is only a hint: its
    checkpoint must then bear the log's own name (`note_key`).
    """
    return [
        log
        for log in roots.tlogs
        if entry.log_id and entry.log_id in (log.log_id, log.checkpoint_key_id) and log.hash_algorithm == "SHA2_256"
    ]


def outside(log: TransparencyLog, times: Iterable[datetime]) -> datetime | None:
    """The first of the times that lies outside the log's window, None if none does."""
    return next((at for at in times if not log.valid_for.holds(at)), None)


def plain_name(url: str) -> str:
    """A log's base URL without scheme and trailing slash: its origin."""
    return url.partition("://")[2].rstrip("/") or url.rstrip("/")


def note_key(log: TransparencyLog, key: Key, name: str, *, version_2: bool) -> bytes:
    """Key id (four bytes) under which the log signs a checkpoint as `name`; empty where it cannot be its name.

    Version 1 hashes the key alone, whatever its kind, and names are not bound to the address. Version 2: an Ed25519 key
    id binds name and key (c2sp.org/signed-note); other keys have the id SHA-256(SPKI), so the name must be the address.
    """
    whole = {log.log_id, log.checkpoint_key_id} - {b""}
    if not version_2:
        made = keyring.hashed(key.spki)
    elif key.algorithm == "ed25519":
        made = note.key_id(name, note.ED25519, key.spki[-32:])
    elif name == plain_name(log.base_url):
        made = keyring.hashed(key.spki)
    else:
        return b""
    short = made[:_SHORT_BYTES] in whole and name == plain_name(log.base_url)
    return made[:_SHORT_BYTES] if made in whole or short else b""
