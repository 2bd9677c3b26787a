"""A transparency log and an issuance log in folders, as an authority keeps them, for what reads logs."""

import hashlib
from datetime import timedelta
from pathlib import Path

import msgspec

from assay.adapters.tilestore import TileStore
from assay.flows.log import Log
from assay.formats import rekor
from assay.formats.trustroot import TransparencyLog, TrustedRoot
from assay.trust import instances, issue
from authorities import NOW, SUBJECT, WINDOW, World, number, world
from logkeys import LOG, ORIGIN
from signing import P256

WORLD = world()
LOG_URL, CT_ORIGIN = f"https://{ORIGIN}", "ct.example"


class Town:
    """Both logs, begun; `folder/log` and `folder/issuance` are their public files."""

    def __init__(self, folder: Path, world: World = WORLD) -> None:
        self.folder, self.world, self.serial = folder, world, 10
        folder.mkdir(parents=True, exist_ok=True)
        self.log = self.open("log", ORIGIN, LOG)
        self.issuance = self.open("issuance", CT_ORIGIN, world.ct_signer)
        self.log.create()
        self.issuance.create()

    def open(self, name: str, origin: str, signer) -> Log:
        return Log(origin, signer, TileStore(self.folder / name), TileStore(self.folder / f"key-{name}"))

    def roots(self) -> TrustedRoot:
        log = TransparencyLog(
            base_url=LOG_URL, hash_algorithm="SHA2_256", spki=LOG.public_key(), key_details="PKIX_ED25519",
            valid_for=WINDOW, log_id=instances.log_id(ORIGIN, LOG.public_key()),
        )  # fmt: skip
        return msgspec.structs.replace(self.world.roots(), tlogs=(log,))

    def certificate(self, identity: str = SUBJECT.identity, *, logged: bool = True) -> bytes:
        """A certificate; `logged` False: one that was issued in secret."""
        self.serial += 1
        subject = msgspec.structs.replace(SUBJECT, identity=identity)
        spki = self.world.client.public_key()
        when = NOW + timedelta(seconds=self.serial)
        prepared = issue.prepare(subject, spki, self.world.ca, now=when, serial=number(self.serial))
        if logged:
            self.issuance.append([prepared.entry])
        return issue.finish(prepared, self.world.ct_signer, self.world.ca_signer)

    def sign(self, identity: str = SUBJECT.identity, *, logged: bool = True) -> int:
        """A signature by a certificate, logged; its index."""
        return self.log.append([body(self.certificate(identity, logged=logged))]).placed[0].index


def body(certificate: bytes = b"", text: bytes = b"signature", signer=P256) -> bytes:
    """A log entry by a certificate or by a bare key."""
    spki = b"" if certificate else signer.public_key()
    return rekor.hashedrekord_v2(
        algorithm="sha256", digest=hashlib.sha256(text).digest(), signature=text, certificate=certificate, spki=spki,
        key_details="PKIX_ECDSA_P256_SHA_256",
    )  # fmt: skip
