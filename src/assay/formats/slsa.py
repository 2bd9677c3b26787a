"""SLSA provenance: v1 written and read, v0.2 read into the same words (slsa.dev/spec/v1.2, build-provenance)."""

from collections.abc import Mapping

import msgspec

from assay.formats import claims, predicates
from assay.model.errors import UnsupportedError
from assay.model.provenance import Completeness, Provenance
from assay.model.statement import ResourceDescriptor

_WHAT = "SLSA provenance"


class _Definition(msgspec.Struct, frozen=True, kw_only=True):
    build_type: str
    external_parameters: dict[str, object] = {}
    internal_parameters: dict[str, object] = {}
    resolved_dependencies: tuple[ResourceDescriptor, ...] = ()


class _Builder(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    version: dict[str, str] = {}
    builder_dependencies: tuple[ResourceDescriptor, ...] = ()


class _Metadata(msgspec.Struct, frozen=True, kw_only=True):
    invocation_id: str = ""
    started_on: str = ""
    finished_on: str = ""


class _Run(msgspec.Struct, frozen=True, kw_only=True):
    builder: _Builder
    metadata: _Metadata = _Metadata()
    byproducts: tuple[ResourceDescriptor, ...] = ()


class _V1(msgspec.Struct, frozen=True, kw_only=True):
    build_definition: _Definition
    run_details: _Run


class _ConfigSource(msgspec.Struct, frozen=True, kw_only=True):
    uri: str = ""
    digest: dict[str, str] = {}
    entry_point: str = ""


class _Invocation(msgspec.Struct, frozen=True, kw_only=True):
    config_source: _ConfigSource | None = None
    parameters: dict[str, object] = {}
    environment: dict[str, object] = {}


class _Times(msgspec.Struct, frozen=True, kw_only=True):
    build_invocation_id: str = ""
    build_started_on: str = ""
    build_finished_on: str = ""
    completeness: Completeness | None = None
    reproducible: bool = False


class _V02(msgspec.Struct, frozen=True, kw_only=True):
    builder: _Builder
    build_type: str
    invocation: _Invocation = _Invocation()
    build_config: dict[str, object] = {}
    metadata: _Times = _Times()
    materials: tuple[ResourceDescriptor, ...] = ()


def read(predicate_type: str, predicate: Mapping[str, object], *, where: str) -> Provenance:
    """Provenance out of a predicate.

    Args:
        predicate_type: as the statement names it; decides which version is read.
        predicate: the parsed object.
        where: named in errors.

    Raises:
        MalformedError: a required field (builder, build type) is missing, or one has another type.
        UnsupportedError: no provenance of v1 or v0.2.
    """
    reader = _READERS.get(predicate_type)
    if reader is None:
        raise UnsupportedError(
            "not SLSA provenance of a known version",
            where=where,
            why=f"its predicate type is {predicate_type[:100]!r}",
            remedy=f"attest {predicates.PROVENANCE}",
        )
    return reader(predicate, where)


def write(provenance: Provenance) -> dict[str, object]:
    """The predicate of v1; `externalParameters` is always there, as the specification demands.

    Raises:
        UnsupportedError: the value was read from v0.2; what only that version says would be lost.
    """
    if provenance.version != "v1":
        raise UnsupportedError("cannot write provenance of v0.2", why="only v1 is written", remedy="describe it in v1")
    definition = _Definition(
        build_type=provenance.build_type,
        external_parameters=provenance.external_parameters,
        internal_parameters=provenance.internal_parameters,
        resolved_dependencies=provenance.resolved_dependencies,
    )
    run = _Run(
        builder=_Builder(
            id=provenance.builder_id,
            version=provenance.builder_version,
            builder_dependencies=provenance.builder_dependencies,
        ),
        metadata=_Metadata(
            invocation_id=provenance.invocation_id,
            started_on=provenance.started_on,
            finished_on=provenance.finished_on,
        ),
        byproducts=provenance.byproducts,
    )
    written = claims.write(definition)
    written["externalParameters"] = provenance.external_parameters
    return {"buildDefinition": written, "runDetails": claims.write(run)}


def _read_v1(predicate: Mapping[str, object], where: str) -> Provenance:
    wire = claims.read(predicate, _V1, where=where, what=_WHAT)
    definition, run = wire.build_definition, wire.run_details
    return Provenance(
        build_type=definition.build_type,
        builder_id=run.builder.id,
        external_parameters=definition.external_parameters,
        internal_parameters=definition.internal_parameters,
        resolved_dependencies=definition.resolved_dependencies,
        builder_version=run.builder.version,
        builder_dependencies=run.builder.builder_dependencies,
        invocation_id=run.metadata.invocation_id,
        started_on=run.metadata.started_on,
        finished_on=run.metadata.finished_on,
        byproducts=run.byproducts,
    )


def _read_v02(predicate: Mapping[str, object], where: str) -> Provenance:
    wire = claims.read(predicate, _V02, where=where, what=_WHAT)
    source = wire.invocation.config_source
    return Provenance(
        version="v0.2",
        build_type=wire.build_type,
        builder_id=wire.builder.id,
        external_parameters=wire.invocation.parameters,
        internal_parameters=wire.invocation.environment,
        resolved_dependencies=wire.materials,
        invocation_id=wire.metadata.build_invocation_id,
        started_on=wire.metadata.build_started_on,
        finished_on=wire.metadata.build_finished_on,
        config_source=ResourceDescriptor(uri=source.uri, digest=source.digest) if source else None,
        entry_point=source.entry_point if source else "",
        build_config=wire.build_config,
        completeness=wire.metadata.completeness,
        reproducible=wire.metadata.reproducible,
    )


_READERS = {predicates.PROVENANCE: _read_v1, predicates.PROVENANCE_V02: _read_v02}
