"""The services that keyless signing needs: someone who says who I am, who certifies it, who logs it, who dates it.

Bytes go out and come back; `formats` reads them, `trust` judges them. All of these may raise UnavailableError (no
answer), UnsupportedError (an answer longer than `limits.service_answer_bytes`, or to something else) and UntrustedError
(a refusal of what was asked). No error quotes a token or an answer.
"""

from typing import Protocol

import msgspec


class Submitted(msgspec.Struct, frozen=True, kw_only=True):
    """What a log said to an entry."""

    answer: bytes = b""
    """JSON of the entry as it was logged; empty where it was there before and the log only names its place."""
    index: int | None = None
    """The place of an entry that was there before (Rekor v2)."""


class EphemeralKey(Protocol):
    """A P-256 key that lives as long as the object; a `Signer`."""

    def public_key(self) -> bytes:
        """DER SubjectPublicKeyInfo."""

    def sign(self, data: bytes) -> bytes:
        """ECDSA with SHA-256 over `data`, in DER."""

    def sign_digest(self, digest: bytes) -> bytes:
        """The same over a message whose SHA-256 digest this is."""

    def request(self) -> bytes:
        """A certificate request (PKCS#10, PEM) with an empty subject: the proof that the key is ours."""


class IdentityTokens(Protocol):
    """Where an OIDC token comes from."""

    def token(self, audience: str) -> str:
        """A JWT for an audience.

        Raises:
            UsageError: there is none to be had here.
        """


class CertificateAuthority(Protocol):
    """Fulcio, or what speaks like it."""

    def certify(self, request: bytes, token: str) -> bytes:
        """Send a signing request (JSON) with a token; the JSON answer."""


class TransparencyLog(Protocol):
    """A log of one API version."""

    def submit(self, request: bytes) -> Submitted:
        """Send an entry (JSON) and wait until it is in the log."""

    def read(self, path: str) -> bytes:
        """A file of a tiled log, e.g. `checkpoint` or `tile/0/000`."""


class TimestampAuthority(Protocol):
    """An RFC 3161 authority."""

    def stamp(self, request: bytes) -> bytes:
        """Send a TimeStampReq (DER); the TimeStampResp."""


class Services(Protocol):
    """Opens the services a signing config names; each is spoken to only when it is asked something."""

    def key(self) -> EphemeralKey:
        """A new key."""

    def nonce(self) -> int:
        """A number nobody can guess, of 64 bits."""

    def authority(self, url: str) -> CertificateAuthority:
        """The certificate authority at a base URL."""

    def log(self, url: str, version: int) -> TransparencyLog:
        """The log at a base URL, of a major API version."""

    def timestamps(self, url: str) -> TimestampAuthority:
        """The timestamp authority at a full URL."""
