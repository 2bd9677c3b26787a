"""Verified provenance for tests: what the verifier would hand on, without the cryptography."""

from typing import Any

from assay.formats import intoto
from assay.model.evidence import Evidence, Signer
from assay.model.statement import ResourceDescriptor
from signing import TARGET

GITHUB = "https://token.actions.githubusercontent.com"


def signed_by(predicate_type: str, predicate: dict[str, Any], signer: Signer, **more: Any) -> Evidence:
    """A statement about `TARGET` as evidence of a signer."""
    subject = ResourceDescriptor(name="image", digest={TARGET.algorithm: TARGET.hex})
    return Evidence(statement=intoto.statement([subject], predicate_type, predicate), signer=signer, **more)


def certified(identity: str, issuer: str = GITHUB, **extensions: str) -> Signer:
    return Signer(kind="certificate", identity=identity, issuer=issuer, extensions=extensions)
