"""SLSA provenance of a build: one statement a step and one for each image, chained by digest.

https://slsa.dev/spec/v1.2/provenance. What varies from run to run (times, the invocation) stands in the metadata alone.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from assay.build import lock as locks
from assay.build import spec as specs
from assay.build.debian.scripts import Script
from assay.model.provenance import Provenance
from assay.model.statement import ResourceDescriptor

BUILD_TYPE = "urn:assay:build-type:image:1"
STEP_TYPE = "urn:assay:build-type:step:1"
WORKSTATION = "urn:assay:builder:workstation"
"""The builder nobody else vouches for: it can claim level 1 and no more (trust map)."""


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What all statements of one build share."""

    spec: specs.Spec
    spec_digest: str
    lock: locks.Lock
    lock_digest: str
    builder_id: str
    builder_version: Mapping[str, str]
    invocation_id: str
    started_on: str
    finished_on: str
    sealed_on: str
    """When the store was last written to: before the first step began."""


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


def step_provenance(at: Context, step: StepFacts) -> Provenance:
    """The provenance of one step; its subjects are `subjects(step)`."""
    role = f"toolchain:{step.toolchain}"
    return Provenance(
        build_type=STEP_TYPE,
        builder_id=at.builder_id,
        external_parameters={
            "spec": {"digest": _digest(at.spec_digest)},
            "lock": {"digest": _digest(at.lock_digest)},
            "step": step.name,
            "platform": at.spec.platforms[0],
        },
        internal_parameters={
            "isolation": {
                "level": step.isolation,
                "tool": step.isolation_tool,
                "filter": step.filter_digest,
                "canaries": dict(sorted(step.canaries.items())),
            },
            "environment": dict(step.environment),
            "rootDigest": step.root_digest,
            "network": "none",
            "storeSealedOn": at.sealed_on,
        },
        resolved_dependencies=(
            *_packages(at.lock, role),
            *(_input(at, name, digest) for name, digest in step.inputs),
        ),
        builder_version=dict(at.builder_version),
        invocation_id=at.invocation_id,
        started_on=step.started_on,
        finished_on=step.finished_on,
        byproducts=(
            _document("log", step.log_digest),
            *_scripts(step.skipped),
        ),
    )


def subjects(step: StepFacts) -> tuple[ResourceDescriptor, ...]:
    """A step's outputs."""
    return tuple(
        ResourceDescriptor(name=f"{step.name}.{name}", digest=_digest(digest)) for name, digest in step.outputs
    )


def image_provenance(
    at: Context, platform: str, steps: Iterable[StepFacts], *, skipped: Iterable[Script], tools: Iterable[str]
) -> Provenance:
    """The provenance of one platform's image.

    Args:
        at: see there.
        platform: `linux/amd64`.
        steps: whose outputs went into it.
        skipped: maintainer scripts that were not run.
        tools: name and version of what shaped the bytes.
    """
    outputs = [
        ResourceDescriptor(
            name=f"{step.name}.{name}", digest=_digest(digest), annotations={"role": "step-output", "used": "true"}
        )
        for step in steps
        for name, digest in step.outputs
    ]
    return Provenance(
        build_type=BUILD_TYPE,
        builder_id=at.builder_id,
        external_parameters={
            "spec": {"digest": _digest(at.spec_digest), "name": at.spec.metadata.name},
            "lock": {"digest": _digest(at.lock_digest)},
            "platform": platform,
        },
        internal_parameters={"epoch": at.lock.epoch, "shapingTools": sorted(tools), "storeSealedOn": at.sealed_on},
        resolved_dependencies=(
            *_indexes(at.lock),
            *_packages(at.lock, "image"),
            *_sources(at.lock),
            *_languages(at.lock),
            *outputs,
        ),
        builder_version=dict(at.builder_version),
        invocation_id=at.invocation_id,
        started_on=at.started_on,
        finished_on=at.finished_on,
        byproducts=(_document("lock", at.lock_digest), *_scripts(skipped)),
    )


def _digest(text: str) -> dict[str, str]:
    algorithm, _, value = text.partition(":")
    return {algorithm: value}


def _document(name: str, digest: str) -> ResourceDescriptor:
    return ResourceDescriptor(name=name, digest=_digest(digest))


def _scripts(skipped: Iterable[Script]) -> Iterator[ResourceDescriptor]:
    for one in skipped:
        yield ResourceDescriptor(
            name=f"skipped-script {one.package} {one.name}",
            digest=_digest(one.sha256),
            annotations={"effect": one.effect},
        )


def _indexes(lock: locks.Lock) -> Iterator[ResourceDescriptor]:
    for index in lock.indexes:
        yield ResourceDescriptor(
            name=f"InRelease {index.suite}",
            uri=f"{index.url}/dists/{index.suite}/InRelease",
            digest=_digest(index.in_release),
            annotations={"role": "index", "date": index.date, "signers": ",".join(index.fingerprints)},
        )


def _packages(lock: locks.Lock, role: str) -> Iterator[ResourceDescriptor]:
    places = {index.name: index.url for index in lock.indexes}
    kind = "runtime" if role == "image" else "toolchain"
    for one in lock.packages:
        if role in one.roles:
            yield ResourceDescriptor(
                name=f"{one.name} {one.version} {one.architecture}",
                uri=f"{places[one.index]}/{one.path}",
                digest=_digest(one.sha256),
                annotations={"role": kind, "used": "true" if kind == "runtime" else "not-traced"},
            )


def _sources(lock: locks.Lock) -> Iterator[ResourceDescriptor]:
    for name, source in sorted(lock.sources.items()):
        yield _source(name, source, {})


def _source(name: str, source: locks.SourceLock, more: Mapping[str, str]) -> ResourceDescriptor:
    if isinstance(source, locks.GitLock):
        return ResourceDescriptor(
            name=name,
            uri=f"git+{source.url}@{source.tag or source.commit}",
            digest={"gitCommit": source.commit, "gitTree": source.tree, **_digest(source.content)},
            annotations={"role": "source", **more},
        )
    digest = source.content if isinstance(source, locks.DirectoryLock) else source.sha256
    url = "" if isinstance(source, locks.DirectoryLock) else source.url
    return ResourceDescriptor(name=name, uri=url, digest=_digest(digest), annotations={"role": "source", **more})


def _languages(lock: locks.Lock) -> Iterator[ResourceDescriptor]:
    for wheel in lock.python:
        yield ResourceDescriptor(
            name=wheel.file, uri=f"pkg:pypi/{wheel.name}@{wheel.version}", digest=_digest(wheel.sha256),
            annotations={"role": "language", "used": "true"},
        )  # fmt: skip
    for tarball in lock.npm:
        digest = {**_digest(tarball.sha256), **_digest(tarball.integrity)}
        yield ResourceDescriptor(
            name=f"{tarball.path}", uri=tarball.url, digest=digest, annotations={"role": "language", "used": "true"}
        )
    for module in lock.go:
        yield ResourceDescriptor(
            name=f"{module.module} {module.version}", digest=_digest(module.sha256),
            annotations={"role": "language", "used": "not-traced", "hash": module.hash},
        )  # fmt: skip


def _input(at: Context, name: str, digest: str) -> ResourceDescriptor:
    """What a step saw under a name: a source as locked, or what was made of it."""
    kind, _, rest = name.partition(".")
    annotations: dict[str, object] = {
        "role": "step-output" if kind == "steps" else kind.removesuffix("s"),
        "seen": digest,
    }
    if kind == "sources":
        return _source(rest, at.lock.sources[rest], {"seen": digest})
    return ResourceDescriptor(name=rest if kind == "steps" else name, digest=_digest(digest), annotations=annotations)
