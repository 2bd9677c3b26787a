"""The trace of a step as the predicate runtime-trace v0.1, and what names it."""

import hashlib

from assay.build.closure import Closure
from assay.build.run import STEP_TYPE, Context, StepFacts
from assay.formats import predicate_values, strictjson
from assay.model.predicates import Monitor, MonitoredProcess, MonitorLog, RuntimeTrace, TraceTimes
from assay.model.statement import ResourceDescriptor
from assay.model.tracing import Trace


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
