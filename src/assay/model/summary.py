"""What a verifier found: SLSA verification summaries and simple verification results, as values."""

from typing import Literal

import msgspec

from assay.model.statement import ResourceDescriptor


class Verifier(msgspec.Struct, frozen=True, kw_only=True):
    """Who looked. A claim: the signer must be one who may speak for it."""

    id: str
    version: dict[str, str] = {}
    policies: tuple[ResourceDescriptor, ...] | None = None
    """Of a simple verification result: what was applied."""


class VerificationSummary(msgspec.Struct, frozen=True, kw_only=True):
    """https://slsa.dev/verification_summary/v1."""

    verifier: Verifier
    time_verified: str = ""
    """RFC 3339, as claimed."""
    resource_uri: str
    policy: ResourceDescriptor
    input_attestations: tuple[ResourceDescriptor, ...] = ()
    verification_result: Literal["PASSED", "FAILED"]
    verified_levels: tuple[str, ...] = ()
    dependency_levels: dict[str, int] = {}
    slsa_version: str = ""


class SimpleResult(msgspec.Struct, frozen=True, kw_only=True):
    """https://in-toto.io/attestation/svr/v0.2: properties that held when somebody looked."""

    verifier: Verifier
    time_created: str
    properties: tuple[str, ...]
