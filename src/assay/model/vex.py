"""VEX statements as values (CISA, "Minimum Requirements for VEX", 2023)."""

from typing import Literal

import msgspec

VexStatus = Literal["not_affected", "affected", "fixed", "under_investigation"]


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
