"""SLSA provenance of a build: one statement a step and one for each image, chained by digest.

https://slsa.dev/spec/v1.2/provenance. What varies from run to run (times, the invocation) stands in the metadata alone.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from assay.build import builder_parts
from assay.build import lock as locks
from assay.build.debian.scripts import Script
from assay.build.platforms import of_platform
from assay.build.resolved import digest_set, document, indexes, input_of, languages, packages, scripts, sources
from assay.build.run import BUILD_TYPE, STEP_TYPE, Context, StepFacts, When
from assay.build.step_key import cache_key, digest_of
from assay.build.step_trace import runtime_trace, trace_digest
from assay.formats import rebuilding, strictjson
from assay.model.provenance import Provenance
from assay.model.statement import ResourceDescriptor

_LEVELS = ("open", "namespaced", "sealed")
"""Of isolation, the least first."""


def step_provenance(at: Context, step: StepFacts) -> Provenance:
    """The provenance of one step; its subjects are `subjects(step)`."""
    role = f"toolchain:{step.toolchain}"
    command = digest_of(step.command)
    told = runtime_trace(at, step)
    return Provenance(
        build_type=STEP_TYPE,
        builder_id=at.builder_id,
        external_parameters={
            "spec": {"digest": digest_set(at.spec_digest)},
            "lock": {"digest": digest_set(at.lock_digest)},
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
            **_conditions(at),
            "environment": dict(step.environment),
            "rootDigest": step.root_digest,
            "network": "none",
            **_store_times(step.taken or at),
            **({"takenFrom": {"invocationId": step.taken.invocation_id}} if step.taken is not None else {}),
            "commandDigest": command,
            "inputs": dict(step.inputs),
            "cacheKey": cache_key(
                command=command,
                root=step.root_digest,
                inputs=dict(step.inputs),
                environment=dict(step.environment),
                isolation=step.isolation,
                filter_=step.filter_digest,
            ),
            "trace": {
                "tracer": step.trace.tracer if step.trace is not None else "",
                "state": step.trace.state if step.trace is not None else "not-traced",
                "closure": step.closure.state,
                **({"why": step.closure.why} if step.closure.why else {}),
            },
        },
        resolved_dependencies=(
            *packages(at.lock, role, step.closure.used),
            *(input_of(at, name, digest, step.closure.used) for name, digest in step.inputs),
        ),
        builder_version=dict(at.builder_version),
        builder_dependencies=(*_itself(at), *_sandboxes(at, (step,))),
        invocation_id=at.invocation_id,
        started_on=step.started_on,
        finished_on=step.finished_on,
        byproducts=(
            document("log", step.log_digest),
            *((document("trace", trace_digest(told.monitor_log)),) if told is not None else ()),
            *scripts(step.skipped),
        ),
    )


def subjects(step: StepFacts) -> tuple[ResourceDescriptor, ...]:
    """A step's outputs."""
    return tuple(
        ResourceDescriptor(name=f"{step.name}.{name}", digest=digest_set(digest)) for name, digest in step.outputs
    )


def image_provenance(
    at: Context,
    platform: str,
    steps: Iterable[StepFacts],
    *,
    skipped: Iterable[Script],
    tools: Iterable[str],
    label: str = "",
    compressors: Iterable[locks.ShapingTool] = (),
) -> Provenance:
    """The provenance of one platform's image.

    Args:
        at: see there.
        platform: `linux/amd64`.
        steps: whose outputs went into it.
        skipped: maintainer scripts that were not run.
        tools: name and version of what shaped the bytes.
        label: whether code of that platform ran (`build.platforms`).
        compressors: what shaped the bytes, as it is on this machine.
    """
    own, ran = of_platform(at.lock, platform), tuple(steps)
    outputs = [
        ResourceDescriptor(
            name=f"{step.name}.{name}", digest=digest_set(digest), annotations={"role": "step-output", "used": "true"}
        )
        for step in ran
        for name, digest in step.outputs
    ]
    return Provenance(
        build_type=BUILD_TYPE,
        builder_id=at.builder_id,
        external_parameters={
            "spec": {"digest": digest_set(at.spec_digest), "name": at.spec.metadata.name},
            "lock": {"digest": digest_set(at.lock_digest)},
            "platform": platform,
        },
        internal_parameters={
            "epoch": at.lock.epoch,
            "shapingTools": sorted(tools),
            **_isolation(ran),
            **_conditions(at),
            **({"assembly": label} if label else {}),
            **_store_times(at),
        },
        resolved_dependencies=(
            *indexes(at.lock),
            *packages(own, "image"),
            *sources(at.lock),
            *languages(own),
            *outputs,
        ),
        builder_version=dict(at.builder_version),
        builder_dependencies=(*_itself(at), *builder_parts.compressors(compressors), *_sandboxes(at, ran)),
        invocation_id=at.invocation_id,
        started_on=at.started_on,
        finished_on=at.finished_on,
        byproducts=(document("lock", at.lock_digest), *_rebuilds(at), *scripts(skipped)),
    )


def _itself(at: Context) -> Iterator[ResourceDescriptor]:
    return (part for part in at.parts if part.annotations.get("role") != builder_parts.SANDBOX)


def _sandboxes(at: Context, steps: Iterable[StepFacts]) -> tuple[ResourceDescriptor, ...]:
    """Of steps that ran in this build, and of those an earlier one ran: of these no program's digest is known."""
    ran = tuple(steps)
    own = builder_parts.sandboxes((one.isolation_tool for one in ran if one.taken is None), at.parts, elsewhere=False)
    other = builder_parts.sandboxes((one.isolation_tool for one in ran if one.taken), at.parts, elsewhere=True)
    return (*own, *(one for one in other if (one.name, one.annotations) not in [(o.name, o.annotations) for o in own]))


def _store_times(at: Context | When) -> dict[str, object]:
    """Of the build it ran in, in the order they have to have (`build.sealing-order`); what is not known is left out."""
    times = {"storeFetchedOn": at.fetched_on, "storeSealedOn": at.sealed_on, "storeCheckedOn": at.checked_on}
    return {name: time for name, time in times.items() if time}


def _conditions(at: Context) -> dict[str, object]:
    """What the build ran under, and what its rebuilds varied of that; no name of a machine or a person."""
    found = at.conditions
    told = {"cpus": found.cpus_count, "kernel": found.kernel, "uid": found.uid}
    conditions = {name: value for name, value in told.items() if value not in (0, "", -1)}
    varied = {one.name: one.state for one in at.rebuild.variations} if at.rebuild is not None else {}
    return {"conditions": conditions, **({"variations": varied} if varied else {})}


def _isolation(steps: Sequence[StepFacts]) -> dict[str, object]:
    """The least isolation of all steps; each tells its own with its canaries."""
    levels = {step.isolation for step in steps}
    return {"isolation": {"level": next((word for word in _LEVELS if word in levels), "open")}} if levels else {}


def _rebuilds(at: Context) -> Iterator[ResourceDescriptor]:
    """The report of the rebuilds, by the digest of its canonical JSON, as the build's record carries it."""
    if at.rebuild is not None:
        told = strictjson.canonical(rebuilding.document(at.rebuild))
        digest = f"sha256:{hashlib.sha256(told).hexdigest()}"
        yield ResourceDescriptor(
            name="rebuild-report", digest=digest_set(digest), annotations={"verdict": at.rebuild.verdict}
        )
