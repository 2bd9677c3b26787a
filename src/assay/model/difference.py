"""What changed between two inventories, as a value every rendering is made from."""

from typing import Literal

import msgspec

from assay.model.image import Subject

ChangeKind = Literal["added", "removed", "renamed", "upgraded", "downgraded", "changed"]
KINDS: tuple[ChangeKind, ...] = ("added", "removed", "renamed", "upgraded", "downgraded", "changed")


class PackageChange(msgspec.Struct, frozen=True, kw_only=True):
    """One package that came, went or has another version. `changed`: the two versions cannot be ordered."""

    kind: ChangeKind
    ecosystem: str
    name: str
    old: str = ""
    new: str = ""
    old_layer: int | None = None
    new_layer: int | None = None
    old_name: str = ""
    """Of a `renamed` one; "" for all others."""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """Something about one package that is on both sides and now says something else; empty = not recorded."""

    ecosystem: str
    name: str
    version: str
    """The new side's."""
    old: str
    new: str


class LayerChange(msgspec.Struct, frozen=True, kw_only=True):
    """A layer that only one side has."""

    kind: Literal["added", "removed"]
    index: int
    digest: str
    """Its diffID, else the blob's digest, else empty."""
    created_by: str


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One named fact that differs (`config.user`, `config.label:NAME`, `distro.version_id`); None = not there."""

    name: str
    old: str | None
    new: str | None


class FindingChange(msgspec.Struct, frozen=True, kw_only=True):
    """One vulnerability of one package that came or went."""

    id: str
    ecosystem: str
    name: str
    version: str
    severity: str
    category: str
    status: str
    """affected or undetermined, on the side that has it."""
    fixed_in: tuple[str, ...]
    because: str
    """`package added`, `version`, `evidence` (introduced); `package removed`, `version`, `evidence` (fixed)."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that differs. `introduced` and `fixed` stay empty where nothing was matched (`matched` False)."""

    old: Subject
    new: Subject
    packages: tuple[PackageChange, ...] = ()
    moved: tuple[Fact, ...] = ()
    """Same version, brought by another layer; texts are layer indexes."""
    licences: tuple[Fact, ...] = ()
    content: tuple[Fact, ...] = ()
    """Same version, other bytes: hashes of one algorithm that differ."""
    layers: tuple[LayerChange, ...] = ()
    shared_layers: int = 0
    """How many layers, counted from the lowest, are the same bytes."""
    distro: tuple[Setting, ...] = ()
    config: tuple[Setting, ...] = ()
    base: tuple[Setting, ...] = ()
    """What is known of the base image, where both sides were looked into."""
    verdict: tuple[Setting, ...] = ()
    """The decision and the outcome of each rule, where both sides were decided by one policy."""
    gaps: tuple[int, int] = (0, 0)
    """How much each side holds that could not be understood: a difference there may hide others."""
    matched: bool = False
    introduced: tuple[FindingChange, ...] = ()
    fixed: tuple[FindingChange, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing differs (names and digests of the subjects do not count)."""
        parts = (self.packages, self.moved, self.licences, self.content, self.layers, self.distro, self.config)
        more = (self.base, self.verdict)
        return not (any(parts) or any(more) or self.introduced or self.fixed or self.gaps[0] != self.gaps[1])
