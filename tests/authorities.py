"""A throw-away signing authority for tests: CA, CT log and TSA over keys in memory, with a fixed clock."""

import shutil
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from assay.formats import ct
from assay.formats.trustroot import CertificateAuthority, TransparencyLog, TrustedRoot, Validity
from assay.trust import issue, stamp
from signing import MemorySigner

OPENSSL = shutil.which("openssl")
needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="no openssl on this machine")

START = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2036, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 2, 3, 4, 5, 678_900, tzinfo=UTC)
WINDOW = Validity("2026-01-01T00:00:00Z")
ISSUER = "https://issuer.example"


def p384() -> MemorySigner:
    return MemorySigner(ec.generate_private_key(ec.SECP384R1()), hashes.SHA384())


def p256() -> MemorySigner:
    return MemorySigner(ec.generate_private_key(ec.SECP256R1()))


def number(seed: int) -> int:
    return issue.serial(seed.to_bytes(20, "big"))


class World(msgspec.Struct, frozen=True):
    """Keys and certificates of one authority."""

    ca_root: bytes
    ca: bytes
    ca_signer: MemorySigner
    ct_signer: MemorySigner
    tsa_root: bytes
    tsa: bytes
    tsa_signer: MemorySigner
    client: MemorySigner

    def roots(self) -> TrustedRoot:
        spki = self.ct_signer.public_key()
        log = TransparencyLog(
            base_url="https://ct.example", hash_algorithm="SHA2_256", spki=spki,
            key_details="PKIX_ECDSA_P256_SHA_256", valid_for=WINDOW, log_id=ct.log_id(spki),
        )  # fmt: skip
        return TrustedRoot(
            ctlogs=(log,),
            certificate_authorities=(self.listed(self.ca, self.ca_root),),
            timestamp_authorities=(self.listed(self.tsa, self.tsa_root),),
        )

    def listed(self, *certificates: bytes) -> CertificateAuthority:
        return CertificateAuthority(
            organization="example", common_name="test", uri="https://ca.example", certificates=certificates,
            valid_for=WINDOW,
        )  # fmt: skip

    def leaf(self, subject: issue.Subject | None = None, now: datetime = NOW, **changes) -> bytes:
        arguments = {"spki": self.client.public_key(), "issuer": self.ca, "log": self.ct_signer,
                     "authority": self.ca_signer, "now": now, "serial": number(7), **changes}  # fmt: skip
        return issue.issue(subject or SUBJECT, **arguments)

    def authority(self) -> stamp.Authority:
        return stamp.Authority(certificate=self.tsa, signer=self.tsa_signer)


SUBJECT = issue.Subject(
    identity="someone@example.org", identity_kind="email", issuer=ISSUER, extensions={"tokenSubject": "someone"}
)


def world(tsa_signer: MemorySigner | None = None) -> World:
    root, intermediate, tsa_root = p384(), p384(), p384()
    tsa_signer = tsa_signer or p256()
    span = {"start": START, "end": END}
    ca_root = issue.root(root, organization="example", common_name="root", serial=number(1), **span)
    stamp_root = issue.root(tsa_root, organization="example", common_name="tsa root", serial=number(2), below=0, **span)
    return World(
        ca_root=ca_root,
        ca=issue.intermediate(
            ca_root, root, intermediate.public_key(), organization="example", common_name="intermediate",
            serial=number(3), start=START, end=END - timedelta(days=1),
        ),
        ca_signer=intermediate,
        ct_signer=p256(),
        tsa_root=stamp_root,
        tsa=issue.timestamping(
            stamp_root, tsa_root, tsa_signer.public_key(), organization="example", common_name="tsa",
            serial=number(4), **span,
        ),
        tsa_signer=tsa_signer,
        client=p256(),
    )  # fmt: skip
