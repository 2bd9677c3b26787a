"""What one run of the builder is: all that its statements share, and what is said of each step."""

from collections.abc import Mapping

import msgspec

from assay.build import lock as locks
from assay.build import spec as specs
from assay.build.closure import Closure
from assay.build.debian.scripts import Script
from assay.model.comparison import Conditions
from assay.model.rebuilding import RebuildReport
from assay.model.statement import ResourceDescriptor
from assay.model.tracing import Trace

BUILD_TYPE = "urn:assay:build-type:image:1"
STEP_TYPE = "urn:assay:build-type:step:1"
WORKSTATION = "urn:assay:builder:workstation"
"""The builder nobody else vouches for: it can claim level 1 and no more (trust map)."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What one run of the builder adds: times stand in metadata alone."""

    builder_id: str
    builder_version: Mapping[str, str]
    invocation_id: str
    started_on: str
    finished_on: str
    sealed_on: str
    """When the store was read whole and closed for writing: before the first step began."""
    fetched_on: str = ""
    """When the last of the locked inputs was written into the store."""
    checked_on: str = ""
    """When every input was hashed again, after the last step; empty where no step ran."""
    conditions: Conditions = Conditions()
    """What the build ran under, so that a rebuild that differs can show why."""
    rebuild: RebuildReport | None = None
    """What its rebuilds say, where it was built again before it was published; the build's record carries it whole."""
    parts: tuple[ResourceDescriptor, ...] = ()
    """What the builder consists of on this machine: itself and its sandbox (`build.builder_parts`)."""


class Context(Run, frozen=True, kw_only=True):
    """What all statements of one build share."""

    spec: specs.Spec
    spec_digest: str
    lock: locks.Lock
    lock_digest: str


class When(msgspec.Struct, frozen=True, kw_only=True):
    """The build a step's result comes from: the order of its times is the proof that its inputs were sealed."""

    invocation_id: str = ""
    fetched_on: str = ""
    sealed_on: str = ""
    checked_on: str = ""


class StepFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of one step."""

    name: str
    toolchain: str
    inputs: tuple[tuple[str, str], ...]
    outputs: tuple[tuple[str, str], ...]
    """Output → `sha256:…` of its canonical tar."""
    root_digest: str
    isolation: str
    isolation_tool: str
    filter_digest: str
    canaries: Mapping[str, str]
    log_digest: str
    environment: tuple[tuple[str, str], ...]
    started_on: str
    finished_on: str
    skipped: tuple[Script, ...] = ()
    command: str = ""
    """The step's own text."""
    trace: Trace | None = None
    closure: Closure = Closure(state="not-traced")
    taken: When | None = None
    """The build its result was taken from; None where it ran in this one."""
