"""VEX that was found and that nobody has judged yet."""

from typing import TYPE_CHECKING, Literal

import msgspec

from assay.formats import predicates
from assay.model.digest import Digest
from assay.model.errors import AssayError
from assay.model.vex import VexPlace

if TYPE_CHECKING:
    from assay.trust.vex_policy import Trusted

STALE = "STALE"
"""Code of the word that a copy could not be brought up to date."""
VEX_TYPES = frozenset({predicates.OPENVEX})
"""Predicate types that are VEX, in their usual spelling."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A document found, not yet judged; or why it could not be fetched."""

    found: VexPlace
    place: str
    kind: Literal["attestation", "document"]
    """`attestation`: a Sigstore bundle, a DSSE envelope or a bare in-toto statement; `document`: the VEX itself."""
    data: bytes = b""
    signature: bytes = b""
    """For a document: the Sigstore bundle beside it that signs its bytes, if there is one."""
    carrier: Digest | None = None
    """For a bare statement: the manifest that carries it, which somebody may have signed."""
    carrier_signatures: tuple[bytes, ...] = ()
    """Sigstore bundles about the carrier."""
    target: Digest | None = None
    """For an attestation: what it must be about."""
    certificate: bool = False
    """Whether the place says that a certificate signed it."""
    annotations: dict[str, str] = {}
    """Of such a layer: what cosign 2 wrote beside it, the certificate and the log's promise among it."""
    error: AssayError | None = None
    vouched: "Trusted | None" = None
    """For a document without a signature: for what the settings believe the place it came from."""
    as_of: str = ""
    """RFC 3339 time when the copy it was read from was last what its publisher has; empty = it was read there."""
