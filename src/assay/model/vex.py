"""VEX statements as values (CISA, "Minimum Requirements for VEX", 2023)."""

from typing import Literal

import msgspec

VexStatus = Literal["not_affected", "affected", "fixed", "under_investigation"]
VexScope = Literal["", "component", "image", "family", "organisation"]
"""How far a decision reaches; the products say the same in identifiers, this word says it to people."""
VexConfidence = Literal["", "certain", "strong", "weak"]


class VexProduct(msgspec.Struct, frozen=True):
    """A product and its subcomponents, each as the set of identifiers the document gives (purls, IRIs, digests)."""

    identifiers: tuple[str, ...]
    subcomponents: tuple[str, ...] = ()


class VexStatement(msgspec.Struct, frozen=True, kw_only=True):
    """One statement; document facts are repeated in it so that it stands alone."""

    vulnerability: str
    aliases: tuple[str, ...] = ()
    products: tuple[VexProduct, ...] = ()
    status: VexStatus
    justification: str = ""
    impact: str = ""
    action: str = ""
    timestamp: str = ""
    author: str = ""
    document: str = ""
    digest: str = ""
    """sha256 digest of the document's bytes."""
    notes: str = ""
    """How the status was come to, for people (OpenVEX `status_notes`, CycloneDX `detail` beside an impact)."""
    reason: str = ""
    """Why somebody decided so, where that is more than the impact."""
    expires: str = ""
    """RFC 3339 time from which on the statement counts as `under_investigation` and asks for review; "" = never."""
    scope: VexScope = ""
    confidence: VexConfidence = ""
    evidence: tuple[str, ...] = ()
    """Digests or URIs of what the statement rests on."""
    words: tuple[tuple[str, str], ...] = ()
    """The form's own words where a word of ours says less, e.g. `("cyclonedx:justification", "requires_environment")`;
    sorted by name, then value."""
