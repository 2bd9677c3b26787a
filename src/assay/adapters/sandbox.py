"""Build steps under bubblewrap: the locked root alone, a filter on system calls, every limit enforced from outside.

Run by root, the launcher first becomes a user without rights of its own, so that even a broken sandbox is nobody's.
"""

import contextlib
import hashlib
import json
import os
import platform
import resource
import selectors
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from assay.adapters import faketime, probe, tracers
from assay.adapters.bareinterpreter import copy, lay_interpreter
from assay.build import sealing, seccomp
from assay.model.errors import UnavailableError, UnsupportedError
from assay.model.tracing import Trace
from assay.ports.sandbox import Finished, SandboxLimits, SealedCommand
from assay.ports.tracing import Watch

NOBODY = 65534
"""Whom a launcher run by root becomes."""
Mount = tuple[str, str]
"""A folder of the host, and where it lies inside, read-only."""
_CANARY = "/tmp/.assay-canary"  # noqa: S108  (a place inside the sandbox)
_PROBE_SECONDS = 20.0
_PIECE_BYTES = 1 << 16
_VERSION_SECONDS = 5
_MEASURED_SECONDS = 1.0
"""How often outputs are measured while a step runs."""


class Launcher:
    """What every launcher of sandboxes has in common: limits, tracers, canaries and the log."""

    mark = b""
    """How its own errors begin."""

    def __init__(self, *, filtered: bool = True, tracing: bool = False, uid: int = NOBODY) -> None:
        self._uid = uid
        self._filter = seccomp.program(platform.machine(), tracing=tracing) if filtered else None

    def describe(self) -> str:
        """Program and version."""
        raise NotImplementedError

    def program_digest(self) -> str:
        """SHA-256 of the program's file, hexadecimal; empty where it is none of its own, or cannot be read."""
        return ""

    def _words(
        self, stack: contextlib.ExitStack, command: SealedCommand, extra: tuple[Mount, ...]
    ) -> tuple[list[str], tuple[int, ...]]:
        """What starts it, and the descriptors it needs."""
        raise NotImplementedError

    def filter_digest(self) -> str:
        """Digest of the filter in force; empty where this machine's call numbers are not known."""
        return seccomp.digest(self._filter) if self._filter is not None else ""

    def run(self, command: SealedCommand) -> Finished:
        """Run a command to its end or its limits."""
        return self._run(command, ())

    def probe(self, command: SealedCommand) -> dict[str, tuple[str, str]]:
        """Let the canaries try the ways out, with a bare interpreter of the host laid beside the locked root."""
        with contextlib.ExitStack() as stack:
            places = stack.enter_context(_host_places())
            folder, start = _interpreter(stack)
            # What shows programs another clock lies there too, but is not loaded: its descriptors are no way out.
            _, mounts = _shifted(stack, command, ((folder, _CANARY),))
            limits = msgspec.structs.replace(command.limits, seconds=_PROBE_SECONDS, memory_bytes=1 << 30)
            trial = msgspec.structs.replace(
                command,
                arguments=(*start, json.dumps(places)),
                environment=(*command.environment, ("PYTHONHOME", f"{_CANARY}/home")),
                limits=limits,
                clock_shift=0,
            )
            done = self._run(trial, mounts)
        try:
            found = json.loads(done.log.splitlines()[-1])
            return {str(name): (str(state), str(detail)) for name, (state, detail) in found.items()}
        except (ValueError, IndexError, TypeError, AttributeError) as error:
            text = done.log.decode("utf-8", "replace").strip()[-500:]
            raise _unavailable(f"the canaries said nothing (exit {done.exit_code}): {text or error}") from error

    def _run(self, command: SealedCommand, extra: tuple[Mount, ...]) -> Finished:
        with contextlib.ExitStack() as stack:
            command, extra = _shifted(stack, command, extra)
            launcher, kept = self._words(stack, command, extra)
            watch, refusal = _watching(stack, command, self._uid)
            before = watch.words if watch is not None else ()
            words = [*before, *launcher]
            drops = os.geteuid() == 0
            if command.output and drops:
                os.chown(command.output, self._uid, self._uid)
            at_once = drops and (watch is None or not watch.needs_root)
            try:
                process = subprocess.Popen(  # noqa: S603
                    words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=kept,
                    umask=0o022, start_new_session=True, env={}, cwd="/",
                    preexec_fn=_limited(command.limits, watch, self._uid if drops and not at_once else None),  # noqa: PLW1509
                    user=self._uid if at_once else None, group=self._uid if at_once else None,
                    extra_groups=[] if at_once else None,
                )  # fmt: skip
            except (OSError, subprocess.SubprocessError) as error:
                raise _unavailable(str(error)) from error
            stack.callback(_end, process)
            stopped, log = _followed(process, command)
            done = _finished(process, stopped, log, self.mark)
            trace = watch.finish() if watch is not None else refusal
            return msgspec.structs.replace(done, trace=trace)


class Bubblewrap(Launcher):
    """The `Sandbox` port by `bwrap`."""

    mark = b"bwrap: "

    def __init__(
        self, program: str | None = None, *, filtered: bool = True, tracing: bool = False, uid: int = NOBODY
    ) -> None:
        super().__init__(filtered=filtered, tracing=tracing, uid=uid)
        found = program or shutil.which("bwrap")
        if found is None:
            raise UnavailableError(
                "bwrap not found",
                why="a build step runs sealed off, or not at all",
                remedy="apt-get install bubblewrap, or build a spec without steps",
            )
        self._program = found

    def describe(self) -> str:
        """`bubblewrap 0.8.0`."""
        try:
            told = subprocess.run(  # noqa: S603
                [self._program, "--version"], capture_output=True, text=True, timeout=_VERSION_SECONDS, check=True
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise _unavailable(f"{self._program} --version: {error}") from error
        return told.stdout.strip()[:100]

    def program_digest(self) -> str:
        """SHA-256 of `bwrap`."""
        try:
            with open(self._program, "rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            return ""

    def _words(
        self, stack: contextlib.ExitStack, command: SealedCommand, extra: tuple[Mount, ...]
    ) -> tuple[list[str], tuple[int, ...]]:
        descriptor = None
        if self._filter is not None:
            file = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  (the stack is the context)
            file.write(self._filter)
            file.seek(0)
            descriptor = file.fileno()
        mounts = tuple(word for source, target in extra for word in ("--ro-bind", source, target))
        words = [self._program, *sealing.bubblewrap(command, filter_descriptor=descriptor, extra=mounts)]
        return words, (descriptor,) if descriptor is not None else ()


def _finished(process: "subprocess.Popen[bytes]", stopped: str, log: bytes, mark: bytes) -> Finished:
    if stopped:
        _end(process)
    code = process.wait()
    if code == 1 and log.startswith(mark):
        why = log.decode("utf-8", "replace").splitlines()[0][:300]
        if "not permitted" in why or "user namespace" in why.lower() or "clone" in why:
            raise UnsupportedError(
                "this kernel makes no sandbox",
                why=why,
                remedy="allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, user.max_user_namespaces)",
            )
        raise _unavailable(why)
    return Finished(exit_code=code if code >= 0 else 128 - code, stopped=stopped, log=log)


def _followed(process: "subprocess.Popen[bytes]", command: SealedCommand) -> tuple[str, bytes]:
    """Read the log until the end or a limit; which one."""
    assert process.stdout is not None  # noqa: S101
    limits = command.limits
    log = bytearray()
    deadline = time.monotonic() + limits.seconds
    measured = time.monotonic()
    stream = process.stdout
    with selectors.DefaultSelector() as selector, stream:
        selector.register(stream, selectors.EVENT_READ)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                return "deadline", bytes(log)
            if time.monotonic() - measured >= _MEASURED_SECONDS:
                if _is_too_much(command):
                    return "output", bytes(log)
                measured = time.monotonic()
            if not selector.select(min(left, _MEASURED_SECONDS)):
                continue
            piece = os.read(stream.fileno(), _PIECE_BYTES)
            log += piece[: limits.log_bytes - len(log)]
            if len(piece) > 0 and len(log) == limits.log_bytes:
                return "log", bytes(log)
            if not piece:
                break
    try:  # the log may be closed long before the end
        process.wait(max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return "deadline", bytes(log)
    return "output" if _is_too_much(command) else "", bytes(log)


def _is_too_much(command: SealedCommand) -> bool:
    limit = command.limits.output_bytes
    return bool(command.output) and _size(command.output, limit) > limit


def _size(folder: str, limit: int) -> int:
    """Bytes of all files in a folder, counted until the limit is passed."""
    total, stack = 0, [folder]
    while stack and total <= limit:
        with contextlib.suppress(OSError), os.scandir(stack.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    stack.append(entry.path)
                else:
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
    return total


def _shifted(
    stack: contextlib.ExitStack, command: SealedCommand, extra: tuple[Mount, ...]
) -> tuple[SealedCommand, tuple[Mount, ...]]:
    """With the library that shows another wall clock, where the command asks for one."""
    if not command.clock_shift:
        return command, extra
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="assay-clock-"))
    os.chmod(folder, 0o755)  # noqa: S103
    faketime.lay(folder)
    environment = dict(command.environment) | dict(faketime.environment(command.clock_shift))
    shown = msgspec.structs.replace(command, environment=tuple(sorted(environment.items())))
    return shown, (*extra, (folder, faketime.PLACE))


def _interpreter(stack: contextlib.ExitStack) -> tuple[str, tuple[str, ...]]:
    """A folder with what the canaries run in, and the words that start them there."""
    try:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        os.chmod(folder, 0o755)  # noqa: S103
        start = (*lay_interpreter(folder, _CANARY), "-S", "-s", "-B", f"{_CANARY}/probe.py")
        copy(str(Path(probe.__file__)), Path(folder, "probe.py"))
    except OSError as error:
        raise UnavailableError(
            "no room to try the sandbox", why=error.strerror or type(error).__name__,
            remedy="make room in the temporary folder, or set TMPDIR",
        ) from error  # fmt: skip
    return folder, start


def _watching(stack: contextlib.ExitStack, command: SealedCommand, uid: int) -> tuple[Watch | None, Trace | None]:
    """The best tracer at work; without one a trace that says why there is none."""
    if command.trace == "none":
        return None, None
    tracer, why = tracers.best(command.trace)
    if tracer is None:
        return None, Trace(tracer="", scope=command.trace, state="unavailable", detail=why)
    watch = tracer.watch(root=command.root, inputs=command.inputs, scope=command.trace, uid=uid)
    return stack.enter_context(watch), None


def _limited(limits: SandboxLimits, watch: Watch | None, uid: int | None):  # type: ignore[no-untyped-def]
    """What the child does before it becomes the launcher: `uid` is whom it becomes after the tracer's preparations."""

    def prepare() -> None:
        if watch is not None:
            watch.enter()
        if uid is not None:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
        for kind, value in (
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_FSIZE, limits.output_bytes),
            (resource.RLIMIT_AS, limits.memory_bytes),
            (resource.RLIMIT_NPROC, limits.processes_count),
        ):
            _, hard = resource.getrlimit(kind)
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(kind, (value, value))

    return prepare


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Kill the launcher and so, as they die with it, all that it started."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


@contextlib.contextmanager
def _host_places() -> Iterator[dict[str, object]]:
    """Doors of the host that answer: the canaries must not reach any of them."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        os.chmod(folder, 0o755)  # noqa: S103
        secret = os.urandom(16).hex()
        file = Path(folder, "secret")
        file.write_text(secret, encoding="utf-8")
        path, abstract = f"{folder}/door", f"assay-{secret}"
        for family, address in (
            (socket.AF_UNIX, path),
            (socket.AF_UNIX, f"\0{abstract}"),
            (socket.AF_INET, ("127.0.0.1", 0)),
        ):
            door = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
            door.bind(address)
            door.listen()
        os.chmod(path, 0o777)  # noqa: S103
        port = door.getsockname()[1]
        yield {
            "unix_path": path, "unix_abstract": abstract, "tcp_port": port, "file": str(file), "secret": secret,
            "network": os.readlink("/proc/self/ns/net"),
        }  # fmt: skip


def _unavailable(why: str) -> UnavailableError:
    return UnavailableError("the sandbox cannot be made", why=why, remedy="assay doctor says what is missing")
