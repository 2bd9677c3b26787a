"""Build steps, in order: a root of the locked packages, inputs, canaries, the sealed command, its outputs.

Nothing runs before the canaries have tried the very sandbox the step gets; a sandbox that is open runs nothing.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from functools import cache, partial

import msgspec

from assay.build import canaries, closure, compose, outputs, sealing
from assay.build import lock as locks
from assay.build import spec as specs
from assay.build.canaries import Isolation
from assay.build.closure import Closure
from assay.build.debian.root import folders_to_mount
from assay.build.debian.scripts import Script
from assay.build.goprograms import GoProgram
from assay.build.goprograms import inspect as go_programs
from assay.build.hardening import Hardening, inspect
from assay.build.platforms import ARCHITECTURES
from assay.build.step_key import cache_key, digest_of
from assay.flows import step_cache, step_clock
from assay.flows.collect_debian import Sharing, of_role, one_by_one
from assay.flows.install import install
from assay.flows.step_cache import Left
from assay.formats import tarwrite
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import Limits
from assay.model.rebuilding import ClockSeen
from assay.model.tracing import Trace
from assay.model.tree import OwnedEntry, Owner, TreeEntry
from assay.ports.sandbox import Finished, Sandbox, SandboxLimits, SealedCommand
from assay.ports.stores import ContentStore, Spool, StepResults
from assay.ports.workshop import Workshop
from assay.ports.world import Clock

_MIB = 1 << 20
_SHELL = ("/bin/sh", "-eu", "-c")


class Stand(msgspec.Struct, frozen=True, kw_only=True):
    """Where steps run."""

    sandbox: Sandbox
    workshop: Workshop
    clock: Clock
    platform: str = ""
    """Of this machine, `linux/amd64`; empty where nobody asked."""
    clock_shift: int = 0
    """Seconds by which the wall clock of steps is to be ahead, as far as programs can be shown that; 0 in a build that
    is no second one."""
    results: StepResults | None = None
    """Of steps in earlier builds; None where every step is to run, as in every second build."""


class RanStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step that ran and left its outputs."""

    name: str
    outputs: tuple[outputs.Output, ...]
    isolation: Isolation
    root_digest: str
    """SHA-256 of the root's canonical tar."""
    inputs: tuple[tuple[str, str], ...]
    """`sources.X` → digest of its canonical tar as the step saw it."""
    environment: tuple[tuple[str, str], ...]
    log: bytes
    started: str
    finished: str
    skipped: tuple[Script, ...] = ()
    trace: Trace | None = None
    """What a tracer saw; None where the spec asks for none."""
    closure: Closure = Closure(state="not-traced")
    """What of the locked files it used, and whether it read anything else."""
    hardening: tuple[Hardening, ...] = ()
    """Of every program and library it left, where the step asks for hardening."""
    go: tuple[GoProgram, ...] = ()
    """The Go programs it left, with the modules each says it was made from."""
    clock_seen: ClockSeen | None = None
    """What a shifted clock reached; None where none was asked for."""
    key: str = ""
    """What its result follows from (`build.provenance.cache_key`)."""
    left: Left | None = None
    """All it left, for keeping; with the build it was taken from, where it did not run."""


class Root(msgspec.Struct, frozen=True, kw_only=True):
    """A toolchain."""

    lay: Callable[[], str]
    """Lays it on disk, once; where."""
    digest: str
    entries: tuple[OwnedEntry, ...]
    skipped: tuple[Script, ...]


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """What steps work with."""

    spec: specs.Spec
    lock: locks.Lock
    store: ContentStore
    """Sealed."""
    spool: Spool
    limits: Limits
    reviewed: Mapping[str, str]
    stand: Stand
    sharing: Sharing = one_by_one
    """Inflates packages beside each other."""


def run_steps(at: Running, dependencies: Mapping[str, tuple[OwnedEntry, ...]]) -> tuple[RanStep, ...]:
    """Run every step of a spec.

    Args:
        at: see there.
        dependencies: trees of language dependencies, by name.

    Raises:
        UnsupportedError: the sandbox is open, or a step failed or was ended. UsageError: an output is missing.
    """
    done: dict[str, RanStep] = {}
    roots: dict[str, Root] = {}
    with ExitStack() as stack:
        level = _level(at) if at.stand.results is not None and at.spec.steps else ""
        for step in at.spec.steps:
            if step.toolchain not in roots:
                entries, skipped = toolchain_root(
                    at.spec, at.lock, step.toolchain, store=at.store, spool=at.spool, limits=at.limits,
                    reviewed=at.reviewed, sharing=at.sharing,
                )  # fmt: skip
                digest = tree_digest(entries, at.spool)
                lay = cache(partial(_laid, at, stack, entries))
                roots[step.toolchain] = Root(lay=lay, digest=digest, entries=entries, skipped=skipped)
            done[step.name] = _step(at, step, roots[step.toolchain], dependencies, done, level)
    return tuple(done[step.name] for step in at.spec.steps)


def _laid(at: Running, stack: ExitStack, entries: tuple[OwnedEntry, ...]) -> str:
    return stack.enter_context(at.stand.workshop.lay(entries, at.spool.read, epoch=at.lock.epoch))


def _level(at: Running) -> str:
    """How well steps would be sealed off here: results of another level are none. No step has run before this."""
    with ExitStack() as stack:
        root = stack.enter_context(
            at.stand.workshop.lay(folders_to_mount(sealing.MOUNT_POINTS), at.spool.read, epoch=at.lock.epoch)
        )
        environment = sealing.environment(at.lock.epoch, hardened=False, extra={})
        command = SealedCommand(root=root, arguments=(), environment=environment)
        return tried(at.stand.sandbox, command, f"step {at.spec.steps[0].name}").level


def tree_digest(entries: Iterable[OwnedEntry], spool: Spool) -> str:
    """SHA-256 of the canonical tar of entries sorted by path."""
    state = hashlib.sha256()
    for piece in tarwrite.write((item.entry, spool.read(item.span) if item.span else ()) for item in entries):
        state.update(piece)
    return f"sha256:{state.hexdigest()}"


def toolchain_root(
    spec: specs.Spec,
    lock: locks.Lock,
    toolchain: str,
    *,
    store: ContentStore,
    spool: Spool,
    limits: Limits,
    reviewed: Mapping[str, str],
    sharing: Sharing = one_by_one,
) -> tuple[tuple[OwnedEntry, ...], tuple[Script, ...]]:
    """The entries of a toolchain's root, from lock and store alone, and the maintainer scripts that were not run."""
    tree = of_role(
        lock, f"toolchain:{toolchain}", ARCHITECTURES[spec.platforms[0]], store=store, spool=spool, limits=limits,
        reviewed=reviewed, mount_points=sealing.MOUNT_POINTS, acknowledged=spec.image.maintainer_scripts.acknowledge,
        sharing=sharing,
    )  # fmt: skip
    return compose.compose(tree.entries, epoch=lock.epoch), tree.skipped


def _step(
    at: Running,
    step: specs.Step,
    root: Root,
    dependencies: Mapping[str, tuple[OwnedEntry, ...]],
    done: Mapping[str, RanStep],
    level: str,
) -> RanStep:
    wanted = {name: compose.compose(_input(at, name, dependencies, done), epoch=at.lock.epoch) for name in step.inputs}
    merged = compose.compose((item for entries in wanted.values() for item in entries), epoch=at.lock.epoch)
    inputs = tuple((name, tree_digest(entries, at.spool)) for name, entries in sorted(wanted.items()))
    environment = sealing.environment(at.lock.epoch, hardened=step.hardening == "full", extra=step.env)
    key = partial(
        cache_key, command=digest_of(step.run), root=root.digest, inputs=dict(inputs), environment=dict(environment),
        filter_=at.stand.sandbox.filter_digest(),
    )  # fmt: skip
    left, clock = None, None
    if at.stand.results is not None:
        left = step_cache.find(
            at.stand.results,
            key(isolation=level),
            step.trace,
            step.name,
            store=at.store,
            spool=at.spool,
            limits=at.limits,
        )
    if left is None:
        left, clock = _run(at, step, root, merged, environment)
    made = tuple(
        msgspec.structs.replace(one, digest=tree_digest(_whole(one, at.lock.epoch), at.spool))
        for one in outputs.sort_out(left.found, step.outputs, step=step.name)
    )
    return RanStep(
        name=step.name,
        outputs=made,
        isolation=left.isolation,
        root_digest=root.digest,
        inputs=inputs,
        environment=environment,
        log=left.log,
        started=left.started,
        finished=left.finished,
        skipped=root.skipped,
        trace=left.trace,
        closure=closure.judge(left.trace, root.entries, merged),
        hardening=_hardened(left.found, at) if step.hardening == "full" else (),
        go=_go(left.found, at),
        clock_seen=step_clock.reached(clock, root.entries, at.spool.read, at.limits, left.trace),
        key=key(isolation=left.isolation.level),
        left=left,
    )


def _run(
    at: Running, step: specs.Step, root: Root, merged: tuple[OwnedEntry, ...], environment: tuple[tuple[str, str], ...]
) -> tuple[Left, ClockSeen | None]:
    """Run it, and read what it left."""
    with ExitStack() as stack:
        inputs = stack.enter_context(at.stand.workshop.lay(merged, at.spool.read, epoch=at.lock.epoch))
        out = stack.enter_context(at.stand.workshop.empty())
        command = SealedCommand(
            root=root.lay(),
            arguments=(*_SHELL, step.run),
            environment=environment,
            inputs=inputs,
            output=out,
            limits=_limits(step.limits),
            trace=step.trace,
        )
        isolation = tried(at.stand.sandbox, command, f"step {step.name}")
        clock = step_clock.asked(at.stand.sandbox, at.stand.clock, command, at.stand.clock_shift, step.name)
        if clock is not None and clock.ahead:
            command = msgspec.structs.replace(command, clock_shift=clock.ahead)
            isolation = tried(at.stand.sandbox, command, f"step {step.name}")
        started = at.stand.clock.now()
        finished = at.stand.sandbox.run(command)
        ended = at.stand.clock.now()
        _check(step, finished, command.clock_shift)
        found = tuple(
            OwnedEntry(entry, Owner("step", step.name), at.spool.add(content) if entry.kind == "file" else None)
            for entry, content in at.stand.workshop.tree(out)
        )
    left = Left(
        found=found, log=finished.log, isolation=isolation, trace=finished.trace, started=started, finished=ended
    )
    return left, clock


def _go(found: Iterable[OwnedEntry], at: Running) -> tuple[GoProgram, ...]:
    files = (
        (item.entry.path.decode("utf-8", "replace"), item.span.digest, at.spool.read(item.span))
        for item in found
        if item.span is not None and item.span.size <= at.limits.program_bytes
    )
    return go_programs(files, at.limits)


def _hardened(found: Iterable[OwnedEntry], at: Running) -> tuple[Hardening, ...]:
    """Flags were asked for; what counts is what the programs have."""
    files = (
        (item.entry.path.decode("utf-8", "replace"), b"".join(at.spool.read(item.span)))
        for item in found
        if item.span is not None and item.span.size <= at.limits.archive_bytes
    )
    return inspect(files, at.limits)


def _whole(output: outputs.Output, epoch: int) -> tuple[OwnedEntry, ...]:
    return compose.compose(output.entries, epoch=epoch)


def isolation_of(sandbox: Sandbox, command: SealedCommand) -> Isolation:
    """How well a sandbox closes, as the canaries see it in one made with the command's own arguments."""
    states = sandbox.probe(command)
    known = {key: (state, detail) for key, (state, detail) in states.items() if state in ("closed", "open", "unknown")}
    return canaries.judge(known, tool=sandbox.describe(), filter_digest=sandbox.filter_digest())  # type: ignore[arg-type]


def tried(sandbox: Sandbox, command: SealedCommand, where: str) -> Isolation:
    """Every command's own sandbox is tried before the command runs in one like it.

    Raises:
        UnsupportedError: it is open; nothing runs there.
    """
    found = isolation_of(sandbox, command)
    if found.level == "open":
        raise UnsupportedError(
            "the sandbox does not close", where=where,
            why=f"open or unknown: {', '.join(found.open_names)}", remedy="assay doctor says what is missing",
        )  # fmt: skip
    return found


def _check(step: specs.Step, finished: Finished, clock_shift: int) -> None:
    if not finished.stopped and finished.exit_code == 0:
        return
    tail = " | ".join(finished.log.decode("utf-8", "replace").strip().split("\n")[-12:])
    limits = {
        "deadline": f"it ran longer than {step.limits.seconds} s",
        "log": "it printed without end",
        "output": f"it left more than {step.limits.output_mib} MiB",
    }
    days = clock_shift // 86_400
    shown = f"; it was shown a clock {days} days ahead: vary without clock to see whether that is why" if days else ""
    raise UnsupportedError(
        "a step failed",
        where=f"step {step.name}",
        why=(limits.get(finished.stopped) or f"exit code {finished.exit_code}")
        + (f"; its last words: {tail}" if tail else "; it said nothing"),
        remedy="read its words; a step has no network and sees only its toolchain and inputs" + shown,
    )


def _limits(wanted: specs.StepLimits) -> SandboxLimits:
    return SandboxLimits(
        seconds=wanted.seconds,
        memory_bytes=wanted.memory_mib * _MIB,
        processes_count=wanted.processes,
        output_bytes=wanted.output_mib * _MIB,
    )


def _input(
    at: Running, name: str, dependencies: Mapping[str, tuple[OwnedEntry, ...]], done: Mapping[str, RanStep]
) -> Iterator[OwnedEntry]:
    """An input's entries below `$SRC`: `NAME/…` of a source or set of dependencies, `STEP/OUTPUT/…` of a step."""
    kind, _, rest = name.partition(".")
    if kind == "sources":
        item = specs.Install(from_=name, to=f"/{rest}/")
        if isinstance(at.lock.sources[rest], locks.FileLock):
            item = specs.Install(from_=name, to=f"/{rest}/{_file_name(at.lock, rest)}")
        owner = Owner("source", rest)
        source, locked = at.spec.sources[rest], at.lock.sources[rest]
        yield from install(source, locked, item, owner, at.store, at.spool, at.limits, epoch=at.lock.epoch)
    elif kind == "dependencies":
        yield from _below(rest, dependencies[rest])
    else:
        step, _, output = rest.partition(".")
        found = next((one for one in done[step].outputs if one.name == output), None)
        if found is None:
            raise MalformedError("no such output", where=name)
        yield from _below(f"{step}/{output}", found.entries)


def _file_name(lock: locks.Lock, name: str) -> str:
    locked = lock.sources[name]
    return locked.name if isinstance(locked, locks.FileLock) else name


def _below(folder: str, entries: Iterable[OwnedEntry]) -> Iterator[OwnedEntry]:
    """The same entries in a folder."""
    prefix = folder.encode() + b"/"
    for item in entries:
        entry: TreeEntry = msgspec.structs.replace(item.entry, path=prefix + item.entry.path)
        if entry.kind == "hardlink":
            entry = msgspec.structs.replace(entry, link=prefix + entry.link)
        yield OwnedEntry(entry, item.owner, item.span)
