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


VexPlace = Literal["file", "tree", "referrer", "tag", "attestation", "repository"]
"""Where a document was found: given as a file, in `.vex/` of a source tree, as a referrer of the image, at its legacy
tag, in an attestation manifest of its index, in a VEX repository."""


class VexDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A document that was found, and what became of it: one that does not count is *seen, not applied*."""

    found: VexPlace
    place: str
    """A file's name, or the manifest and layer it came from."""
    outcome: Literal["applied", "seen", "failed"]
    """`seen` = read or refused, nothing of it counts; `failed` = nobody could read what is there."""
    code: str = ""
    """Short name of the first thing that spoke against it; empty where it is applied."""
    why: str = ""
    signer: str = ""
    """Whom it counts for: the trust policy's name of the signer, or `the operator`."""
    id: str = ""
    """What the document calls itself."""
    author: str = ""
    """Whom it claims as its author; proven by nothing but the signer."""
    digest: str = ""
    """sha256 of the document's bytes; of an attestation, of its payload."""
    statements_count: int = 0
    applied_count: int = 0
    """Statements that lie within the signer's scope."""
    left_out: tuple[str, ...] = ()
    """Why statements of an applied document do not count, each reason once, the first ones."""
    as_of: str = ""
    """Of a document read from the copy of a remote repository: RFC 3339 time when that was last its publisher's."""


class VexWord(msgspec.Struct, frozen=True, order=True):
    """What one author last said of one finding."""

    author: str
    status: VexStatus
    document: str = ""
    timestamp: str = ""


class VexConflict(msgspec.Struct, frozen=True, kw_only=True):
    """Authors who disagree about one finding; the more cautious word holds."""

    vulnerability: str
    component: str
    """Key of the component."""
    purl: str
    holds: VexWord
    others: tuple[VexWord, ...]


class VexRevocation(msgspec.Struct, frozen=True, kw_only=True):
    """An automatic statement that today's evidence contradicts: it no longer counts."""

    vulnerability: str
    component: str
    purl: str
    status: VexStatus
    """What the statement said."""
    justification: str = ""
    document: str = ""
    timestamp: str = ""
    why: str


class VexObservation(msgspec.Struct, frozen=True, kw_only=True):
    """What verified runtime evidence says of one component; what nobody watched has none."""

    component: str
    """Key of the component."""
    vulnerability: str = ""
    """Limits `blocked_by` and `drill` to one vulnerability; empty = what is said holds for all of the component."""
    opened: bool = False
    """Whether a file of it was opened or mapped."""
    complete: bool = False
    """Watched from before the start, and no event was lost."""
    enforced: bool = False
    """Whether opening is denied from now on."""
    window: str = ""
    """When it was watched, for people (an RFC 3339 interval)."""
    blocked_by: str = ""
    """The deployment's control that keeps the flaw from being used (a seccomp profile, no egress)."""
    drill: str = ""
    """The drill that passed against a protection built in."""
    evidence: tuple[str, ...] = ()
    """Digests of the evidence."""
