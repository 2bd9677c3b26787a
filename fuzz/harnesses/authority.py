"""The embedded authority and trust profiles: what strangers ask, what operators keep; each law beside its door."""

import base64
import json
from collections.abc import Iterable
from functools import cache

from assay.flows import authority_life
from assay.formats import authority_requests, authorityfile, signingconfig, trustprofile
from assay.formats.authorityfile import AuthorityFile, Instance, Issuer
from assay.formats.signingconfig import ClientTrustConfig, Service, SigningConfig
from assay.formats.trustprofile import KeyRow, Owners, Profile, SignerRow
from assay.formats.trustroot import TrustedRoot, Validity
from assay.trust import admit, profile

from .shape import Harness

_WINDOW = Validity("2026-01-02T03:04:05Z", "2027-01-02T03:04:05Z")
_INSTANCE = Instance(
    number=1, valid_for=_WINDOW, spki=b"key", key="log-1.key", certificates=(b"c",), url="u", origin="o"
)
_OTHER = Instance(number=1, valid_for=_WINDOW, spki=b"key", key="ct-1.key", url="v", origin="p")
_B64 = base64.b64encode(b"x" * 32).decode()


def check_requests(data: bytes) -> None:
    """A request is a value or an error."""
    authority_requests.timestamp(data) if b"artifactHash" in data else authority_requests.email(data)


def check_certificate(data: bytes) -> None:
    """A wish has one key, and a token that could stand in a header."""
    found = authority_requests.certificate(data, "")
    assert bool(found.csr) != bool(found.public_key)
    assert found.token
    again = authority_requests.certificate(data, "Bearer other.token.here")
    assert again.token == "other.token.here"


def check_entry(data: bytes) -> None:
    """What is admitted is read again as it was asked for."""
    found = authority_requests.entry(data)
    assert bool(found.certificate) != bool(found.spki)
    admit.admit(found)


def check_file(data: bytes) -> None:
    """A file is written as it was read; its issuers are judged."""
    found = authorityfile.read(data, where="x")
    assert authorityfile.read(authorityfile.write(found), where="x") == found
    for row in found.issuers:
        authority_life.issuer_of(row)


def check_config(data: bytes) -> None:
    """A config is written as it was read, alone and beside a trusted root."""
    found = signingconfig.read(data, where="x")
    assert signingconfig.read(signingconfig.write(found), where="x") == found


def check_client(data: bytes) -> None:
    """Both halves are written as they were read, but for the names nobody knows."""
    found = signingconfig.read_client(data, where="x")
    again = signingconfig.read_client(signingconfig.write_client(found), where="x")
    assert again.signing_config == found.signing_config
    assert again.trusted_root.tlogs == found.trusted_root.tlogs


def check_profile(data: bytes) -> None:
    """A profile is written as it was read, says what it means, and never updates itself."""
    found = trustprofile.read(data, where="x")
    written = trustprofile.write(found)
    again = trustprofile.read(written, where="x")
    assert (again.keys, again.signers, again.owners) == (found.keys, found.signers, found.owners)
    profile.notes(found)
    profile.use(found, "2026-01-02T03:04:05Z")


def _requests() -> Iterable[bytes]:
    yield json.dumps({"artifactHash": _B64, "hashAlgorithm": "sha256", "nonce": 7, "certificates": True}).encode()
    yield b'{"email":"a@example.com"}'


def _certificates() -> Iterable[bytes]:
    yield json.dumps({"credentials": {"oidcIdentityToken": "a.b.c"}, "certificateSigningRequest": _B64}).encode()
    key = {"publicKey": {"algorithm": "ECDSA", "content": _B64}, "proofOfPossession": _B64}
    yield json.dumps({"credentials": {"oidcIdentityToken": "a.b.c"}, "publicKeyRequest": key}).encode()


@cache
def _entries() -> tuple[bytes, ...]:
    verifier = {"publicKey": {"rawBytes": _B64}, "keyDetails": "PKIX_ECDSA_P256_SHA_256"}
    hashed = {"digest": _B64, "signature": {"content": _B64, "verifier": verifier}}
    envelope = {"payload": _B64, "payloadType": "application/vnd.in-toto+json", "signatures": [{"sig": _B64}]}
    asked = ({"hashedRekordRequestV002": hashed}, {"dsseRequestV002": {"envelope": envelope, "verifiers": [verifier]}})
    return tuple(json.dumps(one).encode() for one in asked)


def _files() -> Iterable[bytes]:
    issuer = Issuer(issuer="https://login.example", kind="username", domain="example.com", single_use=True)
    yield authorityfile.write(
        AuthorityFile(
            name="a", url="https://sign.example", organization="A", issuers=(issuer,), authorities=(_INSTANCE,),
            ct_logs=(_OTHER,), logs=(_INSTANCE,), timestamps=(_INSTANCE,), witness=_OTHER, witnesses="quorum none\n",
        )
    )  # fmt: skip


def _config() -> SigningConfig:
    one = Service(url="https://sign.example", major_api_version=2, valid_for=_WINDOW, operator="a")
    return SigningConfig(authorities=(one,), logs=(one,), timestamps=(one,), issuers=(one,))


def _profiles() -> Iterable[bytes]:
    row = KeyRow(key_id="x", pem="y", owner="o", usage="u", valid_for=_WINDOW, revoked_since="2026-01-02T03:04:05Z")
    signer = SignerRow(identity="a@example.com", issuer="https://login.example", glob=True)
    yield trustprofile.write(
        Profile(
            name="a", mode="private", version=1, trusted_root=TrustedRoot(), signing_config=_config(), keys=(row,),
            signers=(signer,), owners=Owners(keys=(row,)), expires="2027-01-02T03:04:05Z",
        )
    )  # fmt: skip


HARNESSES = (
    Harness(
        name="authority-request", check=check_requests, doors=(authority_requests.timestamp, authority_requests.email),
        seeds=_requests,
    ),
    Harness(
        name="authority-certificate", check=check_certificate, doors=(authority_requests.certificate,),
        seeds=_certificates,
    ),
    Harness(name="authority-entry", check=check_entry, doors=(authority_requests.entry, admit.admit), seeds=_entries),
    Harness(name="authority-file", check=check_file, doors=(authorityfile.read,), seeds=_files),
    Harness(
        name="signing-config", check=check_config, doors=(signingconfig.read,),
        seeds=lambda: (signingconfig.write(_config()),),
    ),
    Harness(
        name="client-trust-config", check=check_client, doors=(signingconfig.read_client,),
        seeds=lambda: (signingconfig.write_client(ClientTrustConfig(TrustedRoot(), _config())),),
    ),
    Harness(name="trust-profile", check=check_profile, doors=(trustprofile.read, profile.use), seeds=_profiles),
)  # fmt: skip
