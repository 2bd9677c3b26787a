"""What one scan says: the value every output format is made from, and the published JSON schema's source."""

import msgspec

from assay.model.advisory import Feed
from assay.model.finding import Finding, Uncovered
from assay.model.ignore import Ignores
from assay.model.image import Layer, Subject
from assay.model.index_state import IndexState
from assay.model.inventory import BaseImage, Component, Distro, Gap, Relation
from assay.model.lifecycle import Lifetime
from assay.model.lock import LockState
from assay.model.suspicion import Suspicion
from assay.model.tool import Tool as Tool  # noqa: PLC0414 - a report names it; who writes documents needs no more
from assay.model.verdict import Verdict
from assay.model.vex import VexConflict, VexDocument, VexRevocation


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """Which advisory data was used; `state` is `present`, `absent` (nothing was matched) or `failed`."""

    state: str
    database: str = ""
    """Content digest of the advisory database."""
    built: str = ""
    """Newest feed date in it, RFC 3339 or a date."""
    feeds: tuple[Feed, ...] = ()
    reason: str = ""
    warning: str = ""
    """What a reader must know of the age of the data; empty = nothing."""


class EndOfLife(msgspec.Struct, frozen=True, kw_only=True):
    """Lifecycle of the distribution: `supported`, `ended` or `unknown`."""

    product: str
    cycle: str
    state: str
    date: str = ""
    soon: bool = False
    """Supported, but it ends within the days that were asked for."""
    extended: bool = False
    """Whether `date` is that of extended support (`--extended-support`)."""
    extended_until: str = ""
    """When extended support ends, whether it counts or not."""


class Shares(msgspec.Struct, frozen=True, kw_only=True):
    """How many visible packages nobody owns are direct, transitive, of unknown standing; and why that is unknown."""

    direct: int
    transitive: int
    unknown: int
    unrecorded: tuple[str, ...] = ()
    """Ecosystems of which nothing records what was asked for; "" = unidentified."""
    unreached_count: int = 0
    """Those of other ecosystems: no record calls them direct, and no recorded direct dependency leads to them."""


class Origins(msgspec.Struct, frozen=True, kw_only=True):
    """How many of the same packages came with the base image, how many with the layers above."""

    base: int
    application: int
    unknown: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The report of one subject (`assay scan -o json`)."""

    schema: str = "urn:assay:schema:report:1"
    tool: Tool
    subject: Subject
    created: str = ""
    properties: tuple[tuple[str, str], ...] = ()
    distro: Distro | None = None
    layers: tuple[Layer, ...] = ()
    components: tuple[Component, ...] = ()
    relations: tuple[Relation, ...] = ()
    findings: tuple[Finding, ...] = ()
    uncovered: tuple[Uncovered, ...] = ()
    gaps: tuple[Gap, ...] = ()
    locks: tuple[LockState, ...] = ()
    sources: Sources
    end_of_life: EndOfLife | None = None
    lifetimes: tuple[Lifetime, ...] | None = None
    """Releases of known products, most urgent first; None = nobody looked (no lifecycle data)."""
    base: BaseImage | None = None
    """Which layers are the base image's; None where nobody looked."""
    shares: Shares | None = None
    origins: Origins | None = None
    verdict: Verdict | None = None
    suspicions: tuple[Suspicion, ...] = ()
    """What a person should look at, weightiest first; none of it is a finding, and none decides anything."""
    indexes: tuple[IndexState, ...] = ()
    """Package indexes that were asked what was taken back (`--ask-indexes`); empty = none was asked."""
    ignores: Ignores | None = None
    """What became of the user's ignore rules; None where there were none."""
    vex_documents: tuple[VexDocument, ...] = ()
    """Every VEX document that was given or found, applied or only seen, in the order of discovery."""
    vex_conflicts: tuple[VexConflict, ...] = ()
    """Findings about which authors disagree."""
    vex_revocations: tuple[VexRevocation, ...] = ()
    """Automatic statements that today's evidence contradicts."""
