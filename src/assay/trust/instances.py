"""What an authority's instances mean to others: the trusted root and the signing config it publishes."""

import hashlib

from assay.formats import vkey
from assay.formats.authorityfile import AuthorityFile, Instance
from assay.formats.signingconfig import Selection, Service, SigningConfig
from assay.formats.trustroot import CertificateAuthority, TransparencyLog, TrustedRoot, Validity
from assay.trust import keyring, notes

KEY_DETAILS = {
    "ecdsa-p256": "PKIX_ECDSA_P256_SHA_256",
    "ecdsa-p384": "PKIX_ECDSA_P384_SHA_384",
    "ecdsa-p521": "PKIX_ECDSA_P521_SHA_512",
    "ed25519": "PKIX_ED25519",
}
"""Names of protobuf-specs (`PublicKeyDetails`); of RSA keys the name says the size, see `key_details`."""


def log_path(name: str, number: int) -> str:
    """Path of a log under the authority's address; a new key has a new one, never used before."""
    return f"log/{name}-{number}"


def issuance_path(name: str, number: int) -> str:
    """Path of an issuance log."""
    return f"issuance/{name}-{number}"


def place(url: str, path: str) -> str:
    """An address below another one, without scheme: a name for a key that no other key there has."""
    return f"{url.partition('://')[2]}/{path}"


def key_details(spki: bytes) -> str:
    """A public key's algorithm in the words of protobuf-specs.

    Raises:
        UnsupportedError, MalformedError: as `keyring.key`.
    """
    algorithm = keyring.key(spki, name="key").algorithm
    if algorithm == "rsa":
        loaded = keyring.load(spki, where="key")
        return f"PKIX_RSA_PKCS1V15_{loaded.key_size}_SHA256"  # type: ignore[union-attr]
    return KEY_DETAILS[algorithm]


def trusted_root(file: AuthorityFile) -> TrustedRoot:
    """Every instance there has been, oldest first, each in its window."""
    return TrustedRoot(
        tlogs=tuple(_log(file, one, log_id(one.origin, one.spki)) for one in file.logs),
        ctlogs=tuple(_log(file, one, hashlib.sha256(one.spki).digest()) for one in file.ct_logs),
        certificate_authorities=tuple(_authority(file, one, file.url, "CA") for one in file.authorities),
        timestamp_authorities=tuple(
            _authority(file, one, f"{file.url}/api/v1/timestamp", "TSA") for one in file.timestamps
        ),
    )


def signing_config(file: AuthorityFile) -> SigningConfig:
    """Where to sign now and next, newest first. The timestamp authority's address is written in full."""

    def service(url: str, version: int, window: Validity) -> Service:
        return Service(url=url, major_api_version=version, valid_for=window, operator=file.organization)

    def newest(instances: tuple[Instance, ...]) -> Validity:
        return instances[-1].valid_for

    logs = [service(one.url, 2, one.valid_for) for one in reversed(file.logs)]
    issuers = [
        Service(url=one.issuer, major_api_version=1, valid_for=newest(file.authorities), operator=file.organization)
        for one in file.issuers
        if one.kind == "email"
    ]
    return SigningConfig(
        authorities=(service(file.url, 1, newest(file.authorities)),),
        issuers=tuple(issuers),
        logs=tuple(log for log in logs if not log.valid_for.end),
        log_selection=Selection("ANY"),
        timestamps=(service(f"{file.url}/api/v1/timestamp", 1, newest(file.timestamps)),),
        timestamp_selection=Selection("ANY"),
    )


def _log(file: AuthorityFile, one: Instance, identifier: bytes) -> TransparencyLog:
    return TransparencyLog(
        base_url=one.url,
        hash_algorithm="SHA2_256",
        spki=one.spki,
        key_details=key_details(one.spki),
        valid_for=one.valid_for,
        log_id=identifier,
        operator=file.organization,
    )


def log_id(name: str, spki: bytes) -> bytes:
    """The untruncated key id of a log: of Ed25519 as in signed notes, of other keys SHA-256 of the key."""
    return notes.key_of(name, spki, cosigner=False, where=name).whole_id


def witness_name(file: AuthorityFile) -> str:
    """The key name of an authority as a witness."""
    return place(file.url, "witness")


def policy_lines(file: AuthorityFile) -> str:
    """A tlog-policy: every log that is not frozen, and the authority as a witness; it demands nobody yet."""
    rows = []
    for one in (*file.logs, *file.ct_logs):
        if not one.valid_for.end:
            key = notes.key_of(one.origin, one.spki, cosigner=False, where=one.url)
            rows.append(f"log {vkey.write(key)} {one.url}\n")
    if file.witness is not None:
        key = notes.key_of(witness_name(file), file.witness.spki, cosigner=True, where="witness")
        rows.append(f"witness {file.name} {vkey.write(key)} {file.url}\n")
    return "".join((*rows, "quorum none\n"))


def _authority(file: AuthorityFile, one: Instance, uri: str, what: str) -> CertificateAuthority:
    return CertificateAuthority(
        organization=file.organization,
        common_name=f"{file.name} {what} {one.number}",
        uri=uri,
        certificates=one.certificates,
        valid_for=one.valid_for,
        operator=file.organization,
    )
