"""What is in an image: components, how each was found, how they relate, and what could not be read."""

from typing import Literal

import msgspec

from assay.model.image import Layer, Subject
from assay.model.lock import LockState

Confidence = Literal["certain", "strong", "weak"]
LicenceConfidence = Literal["", "strong", "weak"]
RelationKind = Literal["depends_on", "contains", "owned_by", "built_from"]
BaseMethod = Literal["given", "provenance", "annotation", "label", "history", "none"]
BaseConfidence = Literal["certain", "strong", "weak", "unknown"]
GapKind = Literal["limit", "unreadable", "unknown-program", "unsupported", "skipped"]


class Licence(msgspec.Struct, frozen=True, kw_only=True):
    """What a package declares and, apart from that, what its texts let one conclude. Never NOASSERTION or NONE.

    Declared is what the package's own metadata says: an SPDX expression, or the reason why there is none.
    """

    expression: str = ""
    """The declared one."""
    declared: tuple[str, ...] = ()
    """The raw texts as they were found, sorted."""
    reason: str = ""
    """Why `expression` is empty, e.g. `no licence field in METADATA`; empty when it is not."""
    concluded: str = ""
    """SPDX expression concluded from licence texts or notices; empty where nothing was, or needed to be, concluded."""
    confidence: LicenceConfidence = ""
    """Of the conclusion: `strong` for one licence recognised by its text or notice, `weak` for all else."""
    method: str = ""
    """What was concluded from: `text`, `notice`, `reference`, `names`, joined with `+`; `sbom` for another's."""
    evidence: str = ""
    """Path in the image of the file it was concluded from."""

    @property
    def effective(self) -> str:
        """The declared expression, else the concluded one, else ""."""
        return self.expression or self.concluded


class Occurrence(msgspec.Struct, frozen=True, order=True):
    """One place a component was seen: path inside the image (no leading slash), layer index, how, how surely.

    A path inside a nested archive is written `outer.war!/WEB-INF/lib/inner.jar`.
    """

    path: str
    layer: int | None
    kind: str
    """`package-database`, `package-metadata`, `lock-file`, `build-info`, `archive`; recognised: `classifier`,
    `elf-note`; claimed by a vendor: `sbom`."""
    confidence: Confidence = "certain"


class SourcePackage(msgspec.Struct, frozen=True, order=True):
    """The package a distribution built a binary package from: what its advisories speak about."""

    name: str
    version: str


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """One package. `key` is unique in its inventory, stable across runs, and serves as `bom-ref`."""

    key: str
    purl: str
    ecosystem: str
    """The purl type: deb, apk, rpm, pypi, npm, golang, maven, …; "" for an unidentified component of a foreign SBOM."""
    name: str
    version: str
    source: SourcePackage | None = None
    architecture: str = ""
    licence: Licence = Licence(reason="not recorded")
    maintainer: str = ""
    supplier: str = ""
    """Who distributes this copy, by the distribution's or the package's own metadata; a maintainer is none."""
    cataloguer: str = ""
    occurrences: tuple[Occurrence, ...] = ()
    introduced: int | None = None
    """Index of the first layer that holds this name and version; None for a directory."""
    removed_by: int | None = None
    """Index of the layer that hides it; None = visible in the final root."""
    owner: str = ""
    """Key of the OS component whose files these are; an owned component is folded into its owner in reports."""
    hashes: tuple[str, ...] = ()
    """`sha1:…`, `sha256:…`, sorted."""
    properties: tuple[tuple[str, str], ...] = ()
    """Facts of the ecosystem, sorted by name (e.g. `rpm:modularitylabel`, `go:main`)."""


class Relation(msgspec.Struct, frozen=True, order=True):
    """`source` —kind→ `target`, both component keys; of one kind there is one edge between two components."""

    source: str
    kind: RelationKind
    target: str
    scope: str = ""
    """What a `depends_on` is for: `runtime`, `optional`, `peer`, `build`, `dev`, `test`, `provided`; "" = unknown."""


class Gap(msgspec.Struct, frozen=True, order=True):
    """Something that was seen and could not be understood: never silence."""

    kind: GapKind
    path: str
    layer: int | None
    reason: str
    by: str = ""
    """The cataloguer or reader that met it."""


class Distro(msgspec.Struct, frozen=True, kw_only=True):
    """The facts of `os-release` that matter to matching."""

    id: str
    version_id: str = ""
    codename: str = ""
    name: str = ""
    id_like: tuple[str, ...] = ()


class BaseImage(msgspec.Struct, frozen=True, kw_only=True):
    """Which of the lowest layers came with the image this one was built from, how that is known, and how surely."""

    layers_count: int | None = None
    """How many; None = unknown. The layers above are the application's."""
    confidence: BaseConfidence = "unknown"
    """Of `layers_count`. `certain`: the base was given and its diffIDs are ours."""
    method: BaseMethod = "none"
    """What `layers_count`, or where that is unknown the name, rests on."""
    name: str = ""
    """Its reference, where something names it."""
    digest: str = ""
    """`sha256:…` of its manifest, where something names it."""
    reason: str = ""
    """In one sentence: what was seen, or why nothing is known."""


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """Everything found in one subject; every tuple is sorted (components by key, layers by index)."""

    subject: Subject
    distro: Distro | None = None
    components: tuple[Component, ...] = ()
    relations: tuple[Relation, ...] = ()
    gaps: tuple[Gap, ...] = ()
    layers: tuple[Layer, ...] = ()
    created: str = ""
    """RFC 3339 time of the subject itself (image config), or empty."""
    properties: tuple[tuple[str, str], ...] = ()
    """Facts of the image config that rules ask for, sorted: `config.user`, `config.label:NAME`."""
    locks: tuple[LockState, ...] = ()
    """Every project's lock, judged; sorted by manifest and lock."""
    base: BaseImage | None = None
    """None where nobody looked: a directory, another tool's SBOM."""
