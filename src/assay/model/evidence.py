"""A verified claim. Only `trust.verify` makes `Evidence`; `policy` accepts nothing else."""

from typing import Literal

import msgspec

from assay.model.digest import Digest
from assay.model.statement import Statement


class Signer(msgspec.Struct, frozen=True, kw_only=True):
    """Who vouches: a managed key, a certificate's identity, or this process for what it has just observed itself."""

    kind: Literal["key", "certificate", "self"]
    key_id: str = ""
    """base64(SHA-256(SubjectPublicKeyInfo)) of the key; empty for `self`."""
    name: str = ""
    identity: str = ""
    """Of a certificate: its subject alternative name."""
    issuer: str = ""
    """Of a certificate: the OIDC issuer that vouched for the identity."""
    extensions: dict[str, str] = {}
    """Of a certificate: what else the authority wrote down, by the extension's dotted name."""


class Check(msgspec.Struct, frozen=True):
    """One step of a verification."""

    step: str
    outcome: Literal["pass", "fail", "skip"]
    reason: str = ""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """A statement that was verified: by whom it was signed, when it was checked, and each check made."""

    statement: Statement
    signer: Signer
    bundle: Digest | None = None
    """Digest of the bundle bytes as received; None for the process's own observation."""
    verified_at: str = ""
    times: tuple[str, ...] = ()
    """When the signature is proven to have existed (RFC 3339), by a log's promise or a timestamp authority."""
    log: str = ""
    """Origin of the transparency log that holds it; empty where none was proven."""
    inclusion: Literal["", "proven", "promised"] = ""
    """How: by a proof against a signed checkpoint, or (legacy) by the log's promise alone."""
    checks: tuple[Check, ...] = ()

    @property
    def digest(self) -> Digest:
        """What a reason cites: the bundle's digest, or the statement's own."""
        return self.bundle or self.statement.digest
