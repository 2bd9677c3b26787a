"""How something was built: SLSA provenance as a value, whichever version told it."""

from typing import Literal

import msgspec

from assay.model.statement import ResourceDescriptor


class Completeness(msgspec.Struct, frozen=True, kw_only=True):
    """What the builder of a v0.2 statement claims to have listed in full."""

    parameters: bool = False
    environment: bool = False
    materials: bool = False


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """SLSA provenance (https://slsa.dev/provenance/v1; v0.2 is read into the same words). A claim of its builder."""

    build_type: str
    builder_id: str
    external_parameters: dict[str, object] = {}
    """What a user of the builder chose; of v0.2 `invocation.parameters`."""
    internal_parameters: dict[str, object] = {}
    """What the builder set; of v0.2 `environment`."""
    resolved_dependencies: tuple[ResourceDescriptor, ...] = ()
    """Materials, in the order given: some builders promise that the first is the source."""
    builder_version: dict[str, str] = {}
    builder_dependencies: tuple[ResourceDescriptor, ...] = ()
    invocation_id: str = ""
    started_on: str = ""
    """RFC 3339, as claimed."""
    finished_on: str = ""
    byproducts: tuple[ResourceDescriptor, ...] = ()
    version: Literal["v1", "v0.2"] = "v1"
    """Which specification the statement follows."""
    config_source: ResourceDescriptor | None = None
    """v0.2 `invocation.configSource`: whence the build's description came."""
    entry_point: str = ""
    """v0.2 `invocation.configSource.entryPoint`."""
    build_config: dict[str, object] = {}
    """v0.2 `buildConfig`."""
    completeness: Completeness | None = None
    reproducible: bool = False
    """v0.2 `metadata.reproducible`: a claim, no proof."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A revision of a repository."""

    repository: str
    """`https://host/path`, without `git+`, `.git` and a final slash."""
    ref: str = ""
    """A full reference, `refs/heads/main` or `refs/tags/v1`; empty where the statement names none."""
    commit: str = ""
    """Hexadecimal commit id; empty where the statement names none."""
