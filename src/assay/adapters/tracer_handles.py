"""Steps watched by fanotify as an ordinary user (`ports.tracing.Tracer`): a marked copy of the root in memory.

What runs in front of the launcher is `tracer_marking`; here it is prepared, bounded and listened to. The copy takes
memory, so folders that are too large for it are left to `strace`. Connections are not seen: what is said of the network
rests on namespace and filter. The user's queue of events is the kernel's (16,384): where it runs over, nothing follows
from the trace.
"""

import contextlib
import json
import os
import select
import tempfile
import threading
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path

import msgspec

from assay.adapters import tracer_marking
from assay.adapters.bareinterpreter import interpreter
from assay.adapters.tracer_strace import Strace
from assay.formats.stracelog import settled
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.tracing import Scope, Trace, TraceState
from assay.ports.tracing import Watch

COPY_BYTES = 2 << 30
"""Root and inputs together, in memory while the step runs; never more than half of what is free."""
_NOBODY = 65534
_PIECE_BYTES, _BLOCK = 1 << 16, 4096


class _Report(msgspec.Struct, frozen=True):
    """What the program in front tells at its end."""

    state: TraceState
    detail: str = ""
    reads: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()


class Handles:
    """The `Tracer` port by fanotify's handle events."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS, copy_bytes: int = COPY_BYTES) -> None:
        self._limits, self._copy_bytes = limits, copy_bytes

    def describe(self) -> str:
        """It has no version but the kernel's, which may vary where the trace may not."""
        return "fanotify of a copy"

    def available(self) -> str:
        """Whether a user without rights may mark a file system of a namespace of their own."""
        return _tried()

    @contextlib.contextmanager
    def watch(self, *, root: str, inputs: str, scope: Scope, uid: int) -> Iterator[Watch]:
        """Stand ready at the end of the pipe; `strace` watches what is too large to copy."""
        room = min(self._copy_bytes, _free() // 2)
        folders = [(folder, place) for folder, place in ((root, ""), (inputs, "/src")) if folder]
        instead = Strace(limits=self._limits)
        with contextlib.ExitStack() as stack:
            if _size([folder for folder, _ in folders], room) > room and not instead.available():
                yield stack.enter_context(instead.watch(root=root, inputs=inputs, scope=scope, uid=uid))
                return
            place = stack.enter_context(tempfile.TemporaryDirectory(prefix="assay-trace-"))
            os.chmod(place, 0o755)  # noqa: S103
            plan, pipe = os.path.join(place, "plan"), os.path.join(place, "report")
            copy = os.path.join(place, "copy")
            os.mkdir(copy)
            os.mkfifo(pipe, 0o600)
            if os.geteuid() == 0:
                os.chown(pipe, uid, uid)
            told = {
                "place": copy, "bytes": room, "folders": folders, "report": pipe,
                "paths": self._limits.trace_paths_count,
            }  # fmt: skip
            Path(plan).write_text(json.dumps(told), encoding="utf-8")
            os.chmod(plan, 0o644)
            # Both ends, so that neither opening blocks and the end is ours to say.
            descriptor = os.open(pipe, os.O_RDWR | os.O_CLOEXEC)
            stack.callback(os.close, descriptor)
            watch = _Watch((*interpreter(), "-I", "-S", "-B", "-c", _source(), plan, "--"), descriptor, scope, self)
            stack.callback(watch.close)
            yield watch


class _Watch:
    """Waits for the report while the step runs."""

    needs_root = False

    def __init__(self, words: tuple[str, ...], descriptor: int, scope: Scope, tracer: Handles) -> None:
        self.words, self._descriptor, self._scope = words, descriptor, scope
        self._limit = tracer._limits.trace_bytes
        self._name = tracer.describe()
        self._said = bytearray()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def enter(self) -> None:
        """Nothing to do: the program in front does it."""

    def finish(self) -> Trace:
        """It tells before it ends, so all of it is in the pipe by now."""
        self.close()
        try:
            found = msgspec.convert(json.loads(self._said), _Report)
        except (ValueError, RecursionError):
            found = _Report("unavailable", "the tracer was ended before it told anything")
        if len(self._said) > self._limit:
            found = _Report("overflow", "what the tracer tells is larger than trace_bytes")
        return Trace(
            tracer=self._name, scope=self._scope, state=found.state, detail=found.detail,
            programs=tuple(sorted({settled(path) for path in found.programs})),
            reads=tuple(sorted({settled(path) for path in found.reads})) if self._scope == "files" else None,
        )  # fmt: skip

    def close(self) -> None:
        """Read what is left and stop."""
        if self._ended.is_set():
            return
        self._ended.set()
        self._thread.join()
        os.set_blocking(self._descriptor, False)
        with contextlib.suppress(BlockingIOError):
            while self._take():
                pass

    def _listen(self) -> None:
        while not self._ended.is_set():
            if select.select([self._descriptor], [], [], 0.05)[0]:
                self._take()

    def _take(self) -> bool:
        piece = os.read(self._descriptor, _PIECE_BYTES)
        if len(self._said) <= self._limit:
            self._said += piece
        return bool(piece)


def _size(folders: list[str], limit: int) -> int:
    """Bytes a copy takes in memory, counted until the limit is passed."""
    total, waiting = 0, list(folders)
    while waiting and total <= limit:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                total += _BLOCK
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    total += entry.stat(follow_symlinks=False).st_size
    return total


def _free() -> int:
    """Bytes of memory that can be had; plenty where the kernel does not say."""
    with contextlib.suppress(OSError, ValueError, IndexError), open("/proc/meminfo", encoding="ascii") as file:
        for line in file:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return 2 * COPY_BYTES


@cache
def _source() -> str:
    """The program's text: it need not be where the user it runs as can read it."""
    return Path(tracer_marking.__file__).read_text(encoding="utf-8")


@lru_cache
def _tried() -> str:
    """Try it in a child, which root first makes nobody."""
    with tempfile.TemporaryDirectory(prefix="assay-trace-") as folder:
        os.chmod(folder, 0o755)  # noqa: S103
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            why = "nothing was tried"
            try:
                if os.geteuid() == 0:
                    os.setgroups([])
                    os.setresgid(_NOBODY, _NOBODY, _NOBODY)
                    os.setresuid(_NOBODY, _NOBODY, _NOBODY)
                    tracer_marking.dumpable()
                why = tracer_marking.tried(folder)
            finally:
                os.write(writing, why.encode()[:500] or b"\0")
                os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            told = pipe.read()
        os.waitpid(child, 0)
    return "" if told == b"\0" else told.decode("utf-8", "replace") or "fanotify: the trial ended without a word"
