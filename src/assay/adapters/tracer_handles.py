"""Steps watched by fanotify as an ordinary user (`ports.tracing.Tracer`): a marked overlay or copy of the root.

What runs in front of the launcher is `tracer_marking`; here it is prepared, bounded and listened to. Where no overlay
can be marked the root is copied into memory, and folders that are too large for that are left to `strace`. Connections
are not seen: what is said of the network rests on namespace and filter. The user's queue of events is the kernel's
(16,384): where it runs over, nothing follows from the trace.
"""

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from types import ModuleType

import msgspec

from assay.adapters import tracer_events, tracer_kernel, tracer_marking
from assay.adapters.bareinterpreter import interpreter
from assay.adapters.tracer_pipe import Pipe, listening
from assay.adapters.tracer_strace import Strace
from assay.formats.stracelog import settled
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.tracing import Scope, Trace, TraceState
from assay.ports.tracing import Watch

COPY_BYTES = 2 << 30
"""Root and inputs together, in memory while the step runs; never more than half of what is free."""
_NOBODY = 65534
_LOADING = """
import sys
for name, text in {parts!r}:
    sys.modules[name] = type(sys)(name)
    exec(compile(text, name, "exec"), sys.modules[name].__dict__)
"""
"""What makes modules of texts, as nothing is imported from where they lie."""
_BLOCK = 4096


class _Report(msgspec.Struct, frozen=True):
    """What the program in front tells at its end."""

    state: TraceState
    detail: str = ""
    how: str = ""
    """`fanotify of an overlay`, `fanotify of a copy`."""
    reads: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()


class Handles:
    """The `Tracer` port by fanotify's handle events."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS, copy_bytes: int = COPY_BYTES, *, overlays: bool = True) -> None:
        self._limits, self._copy_bytes, self._overlays = limits, copy_bytes, overlays

    def describe(self) -> str:
        """It has no version but the kernel's, which may vary where the trace may not."""
        return tracer_marking.COPY if self._trial().overlay else tracer_marking.OVERLAY

    def available(self) -> str:
        """Whether a user without rights may mark what is mounted in a namespace of their own."""
        trial = self._trial()
        return f"{trial.overlay}; {trial.copy}" if trial.overlay and trial.copy else ""

    def _trial(self) -> "_Trial":
        trial = _tried()
        return trial if self._overlays else msgspec.structs.replace(trial, overlay="no overlay is wanted")

    @contextlib.contextmanager
    def watch(self, *, root: str, inputs: str, scope: Scope, uid: int) -> Iterator[Watch]:
        """Stand ready at the end of the pipe; `strace` watches what is too large to copy where it has to be."""
        room = min(self._copy_bytes, _free() // 2)
        folders = [(folder, place) for folder, place in ((root, ""), (inputs, "/src")) if folder]
        instead, said = Strace(limits=self._limits), bytearray()
        with contextlib.ExitStack() as stack:
            copied = not all(self._trial().covers(folder) for folder, _ in folders)
            if copied and _size([folder for folder, _ in folders], room) > room and not instead.available():
                yield stack.enter_context(instead.watch(root=root, inputs=inputs, scope=scope, uid=uid))
                return
            pipe = stack.enter_context(listening(said.extend, self._limits.trace_bytes, uid))
            above = os.path.dirname(pipe.path)
            plan, place = os.path.join(above, "plan"), os.path.join(above, "place")
            os.mkdir(place)
            os.chmod(place, 0o755)  # noqa: S103
            told = {
                "place": place, "bytes": room, "folders": folders, "report": pipe.path,
                "paths": self._limits.trace_paths_count, "overlays": self._overlays,
            }  # fmt: skip
            Path(plan).write_text(json.dumps(told), encoding="utf-8")
            os.chmod(plan, 0o644)
            words = (*interpreter(), "-I", "-S", "-B", "-c", _source(), plan, "--")
            yield _Watch(words, pipe, said, scope, self.describe())


class _Watch:
    """Waits for the report while the step runs."""

    needs_root = False

    def __init__(self, words: tuple[str, ...], pipe: Pipe, said: bytearray, scope: Scope, name: str) -> None:
        self.words, self._pipe, self._said, self._scope, self._name = words, pipe, said, scope, name

    def enter(self) -> None:
        """Nothing to do: the program in front does it."""

    def finish(self) -> Trace:
        """It tells before it ends, so all of it is in the pipe by now."""
        self._pipe.close()
        try:
            found = msgspec.convert(json.loads(self._said), _Report)
        except (ValueError, RecursionError):
            found = _Report("unavailable", "the tracer was ended before it told anything")
        if self._pipe.overran:
            found = _Report("overflow", "what the tracer tells is larger than trace_bytes")
        return Trace(
            tracer=found.how or self._name, scope=self._scope, state=found.state, detail=found.detail,
            programs=tuple(sorted({settled(path) for path in found.programs})),
            reads=tuple(sorted({settled(path) for path in found.reads})) if self._scope == "files" else None,
        )  # fmt: skip


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
    """The program's text, its parts before it: it need not be where the user it runs as can read it."""
    parts = [(part.__name__, _text(part)) for part in (tracer_kernel, tracer_events)]
    return _LOADING.format(parts=parts) + _text(tracer_marking)


def _text(module: ModuleType) -> str:
    return Path(str(module.__file__)).read_text(encoding="utf-8")


class _Trial(msgspec.Struct, frozen=True):
    """What can be marked here."""

    overlay: str
    """Why an overlay's folders cannot be; empty where they can."""
    copy: str
    """Why a copy cannot be."""
    device: int = -1
    """The file system an overlay was tried on."""

    def covers(self, folder: str) -> bool:
        """Whether an overlay is to be had on a folder, as far as it is known."""
        return not self.overlay and os.stat(folder).st_dev == self.device


@lru_cache
def _tried() -> _Trial:
    """Try it in a child, which root first makes nobody."""
    with tempfile.TemporaryDirectory(prefix="assay-trace-") as folder:
        place, lower = os.path.join(folder, "place"), os.path.join(folder, "lower")
        for name in (place, lower):
            os.mkdir(name)
        Path(lower, "file").touch()
        for name in (folder, lower):
            os.chmod(name, 0o755)  # noqa: S103
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            why = ("nothing was tried",) * 2
            try:
                if os.geteuid() == 0:
                    os.setgroups([])
                    os.setresgid(_NOBODY, _NOBODY, _NOBODY)
                    os.setresuid(_NOBODY, _NOBODY, _NOBODY)
                    tracer_kernel.dumpable()
                why = tracer_marking.tried(place, lower)
            finally:
                os.write(writing, json.dumps(why).encode())
                os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            told = pipe.read()
        os.waitpid(child, 0)
        try:
            overlay, copy = json.loads(told)
        except ValueError:
            overlay = copy = "fanotify: the trial ended without a word"
        return _Trial(overlay, copy, os.stat(lower).st_dev)
