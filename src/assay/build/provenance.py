"""SLSA provenance of a build: one statement a step and one for each image, chained by digest.

https://slsa.dev/spec/v1.2/provenance. What varies from run to run (times, the invocation) stands in the metadata alone.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import msgspec

from assay.build import builder_parts
from assay.build import lock as locks
from assay.build import spec as specs
from assay.build.closure import Closure
from assay.build.debian.scripts import Script
from assay.build.platforms import of_platform
from assay.formats import predicate_values, rebuilding, strictjson
from assay.model.comparison import Conditions
from assay.model.predicates import Monitor, MonitoredProcess, MonitorLog, RuntimeTrace, TraceTimes
from assay.model.provenance import Provenance
from assay.model.rebuilding import RebuildReport
from assay.model.statement import ResourceDescriptor
from assay.model.tracing import Trace

BUILD_TYPE = "urn:assay:build-type:image:1"
STEP_TYPE = "urn:assay:build-type:step:1"
WORKSTATION = "urn:assay:builder:workstation"
"""The builder nobody else vouches for: it can claim level 1 and no more (trust map)."""
_LEVELS = ("open", "namespaced", "sealed")
"""Of isolation, the least first."""
_OWNERS = {"sources": "source", "dependencies": "dependency", "steps": "step"}
"""Kind of an input, and of the owner of its entries."""


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


def digest_of(text: str) -> str:
    """`sha256:…` of a step's text."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def cache_key(
    *, command: str, root: str, inputs: Mapping[str, str], environment: Mapping[str, str], isolation: str, filter_: str
) -> str:
    """What a step's result follows from, as one digest; results of two isolation levels never have one key.

    Args:
        command: digest of the step's text.
        root: digest of its root's canonical tar.
        inputs: name to digest, as the step saw them.
        environment: all variables.
        isolation: level.
        filter_: digest of the system call filter.
    """
    parts = [command, root, dict(inputs), dict(environment), isolation, filter_]
    return f"sha256:{hashlib.sha256(strictjson.canonical(parts)).hexdigest()}"


def trace_digest(log: MonitorLog) -> str:
    """What names a trace: SHA-256 of its entries alone, so that two runs that did the same have one digest."""
    value = RuntimeTrace(
        monitor=Monitor(type=""), monitored_process=MonitoredProcess(host_id="", type="", event=""), monitor_log=log
    )
    entries = predicate_values.write(value)["monitorLog"]
    return f"sha256:{hashlib.sha256(strictjson.canonical(entries)).hexdigest()}"


def runtime_trace(at: Context, step: StepFacts) -> RuntimeTrace | None:
    """The trace of a step as the predicate runtime-trace v0.1; None where nothing was traced.

    An asynchronous tracer knows names, not bytes: the digests are those of the locked tree, which was read-only.
    """
    trace = step.trace
    if trace is None or not trace.tracer:
        return None
    return RuntimeTrace(
        monitor=Monitor(
            type=trace.tracer,
            trace_policy={
                "step": step.name,
                "scope": trace.scope,
                "state": trace.state,
                **({"detail": trace.detail} if trace.detail else {}),
                "mounts": ["/", "/src"] if trace.kind == "fanotify" else ["/"],
                "connections": "not-watched" if trace.attempts is None else "watched",
                "leftOut": ["failed opens", "folders", "arguments", "/build", "/out", "/tmp"],  # noqa: S108
            },
        ),
        monitored_process=MonitoredProcess(host_id=at.builder_id, type=STEP_TYPE, event=at.invocation_id),
        monitor_log=_entries(trace, step.closure),
        metadata=TraceTimes(build_started_on=step.started_on, build_finished_on=step.finished_on),
    )


def _entries(trace: Trace, found: Closure) -> MonitorLog:
    if trace.processes:
        processes: list[dict[str, object]] = [
            {"number": one.number, "parent": one.parent, "program": one.program} for one in trace.processes
        ]
    else:
        processes = [{"program": program} for program in trace.programs]
    files: tuple[ResourceDescriptor, ...] | None = None
    if trace.reads is not None:
        locked = [
            ResourceDescriptor(name=one.path, digest={"sha256": one.digest}, annotations={"owner": one.owner})
            for one in found.accessed
        ]
        others = [
            ResourceDescriptor(name=path, annotations={"place": place})
            for place, paths in (
                ("system", found.system),
                ("outside", found.outside),
                ("written-outside", found.written),
            )
            for path in paths
        ]
        files = (*locked, *others)
    network: tuple[dict[str, object], ...] | None = None
    if trace.attempts is not None:
        network = tuple({"family": one.family, "address": one.address, "port": one.port} for one in trace.attempts)
    return MonitorLog(process=tuple(processes), network=network, file_access=files)


def step_provenance(at: Context, step: StepFacts) -> Provenance:
    """The provenance of one step; its subjects are `subjects(step)`."""
    role = f"toolchain:{step.toolchain}"
    command = digest_of(step.command)
    told = runtime_trace(at, step)
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
            *_packages(at.lock, role, step.closure.used),
            *(_input(at, name, digest, step.closure.used) for name, digest in step.inputs),
        ),
        builder_version=dict(at.builder_version),
        builder_dependencies=(*_itself(at), *_sandboxes(at, (step,))),
        invocation_id=at.invocation_id,
        started_on=step.started_on,
        finished_on=step.finished_on,
        byproducts=(
            _document("log", step.log_digest),
            *((_document("trace", trace_digest(told.monitor_log)),) if told is not None else ()),
            *_scripts(step.skipped),
        ),
    )


def subjects(step: StepFacts) -> tuple[ResourceDescriptor, ...]:
    """A step's outputs."""
    return tuple(
        ResourceDescriptor(name=f"{step.name}.{name}", digest=_digest(digest)) for name, digest in step.outputs
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
            name=f"{step.name}.{name}", digest=_digest(digest), annotations={"role": "step-output", "used": "true"}
        )
        for step in ran
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
        internal_parameters={
            "epoch": at.lock.epoch,
            "shapingTools": sorted(tools),
            **_isolation(ran),
            **_conditions(at),
            **({"assembly": label} if label else {}),
            **_store_times(at),
        },
        resolved_dependencies=(
            *_indexes(at.lock),
            *_packages(own, "image"),
            *_sources(at.lock),
            *_languages(own),
            *outputs,
        ),
        builder_version=dict(at.builder_version),
        builder_dependencies=(*_itself(at), *builder_parts.compressors(compressors), *_sandboxes(at, ran)),
        invocation_id=at.invocation_id,
        started_on=at.started_on,
        finished_on=at.finished_on,
        byproducts=(_document("lock", at.lock_digest), *_rebuilds(at), *_scripts(skipped)),
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


def _digest(text: str) -> dict[str, str]:
    algorithm, _, value = text.partition(":")
    return {algorithm: value}


def _document(name: str, digest: str) -> ResourceDescriptor:
    return ResourceDescriptor(name=name, digest=_digest(digest))


def _rebuilds(at: Context) -> Iterator[ResourceDescriptor]:
    """The report of the rebuilds, by the digest of its canonical JSON, as the build's record carries it."""
    if at.rebuild is not None:
        told = strictjson.canonical(rebuilding.document(at.rebuild))
        digest = f"sha256:{hashlib.sha256(told).hexdigest()}"
        yield ResourceDescriptor(
            name="rebuild-report", digest=_digest(digest), annotations={"verdict": at.rebuild.verdict}
        )


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


def _packages(lock: locks.Lock, role: str, used: Collection[str] | None = None) -> Iterator[ResourceDescriptor]:
    """Packages of a role; those of a toolchain with whether a file of theirs was opened (None: nobody knows)."""
    places = {index.name: index.url for index in lock.indexes}
    kind = "runtime" if role == "image" else "toolchain"
    for one in lock.packages:
        if role in one.roles:
            yield ResourceDescriptor(
                name=f"{one.name} {one.version} {one.architecture}",
                uri=f"{places[one.index]}/{one.path}",
                digest=_digest(one.sha256),
                annotations={"role": kind, "used": "true" if kind == "runtime" else _used(f"package {one.name}", used)},
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


def _used(owner: str, used: Collection[str] | None) -> str:
    return "not-traced" if used is None else "true" if owner in used else "false"


def _input(at: Context, name: str, digest: str, used: Collection[str] | None) -> ResourceDescriptor:
    """What a step saw under a name: a source as locked, or what was made of it."""
    kind, _, rest = name.partition(".")
    word = _used(f"{_OWNERS.get(kind, kind)} {rest}", used)
    annotations: dict[str, object] = {
        "role": "step-output" if kind == "steps" else kind.removesuffix("s"),
        "seen": digest,
        "used": word,
    }
    if kind == "sources":
        return _source(rest, at.lock.sources[rest], {"seen": digest, "used": word})
    return ResourceDescriptor(name=rest if kind == "steps" else name, digest=_digest(digest), annotations=annotations)
