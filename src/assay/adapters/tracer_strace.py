"""Steps watched by `strace` (`ports.tracing.Tracer`): any user's, and it sees connections.

It stands outside of the sandbox and follows the launcher, so the step's filter is the same with and without it, and
nothing of it can be seen or reached from inside. Its log comes through a pipe with a name: no limit of the step's files
applies to it, and no file of any size is left.
"""

import contextlib
import os
import select
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from assay.formats import stracelog
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.tracing import Scope, Trace

_PIECE_BYTES = 1 << 16
_SECONDS = 10.0


class Strace:
    """The `Tracer` port by `strace`."""

    def __init__(self, program: str | None = None, limits: Limits = DEFAULT_LIMITS) -> None:
        self._program = program or shutil.which("strace") or ""
        self._limits = limits

    def describe(self) -> str:
        """`strace 6.1`."""
        return _version(self._program)

    def available(self) -> str:
        """Whether it may trace here: containers often forbid it."""
        return _tried(self._program) if self._program else "strace is not installed"

    @contextlib.contextmanager
    def watch(self, *, root: str, inputs: str, scope: Scope, uid: int) -> Iterator["_Watch"]:
        """Stand ready at the end of the pipe."""
        with tempfile.TemporaryDirectory(prefix="assay-trace-") as folder:
            os.chmod(folder, 0o711)  # noqa: S103
            pipe = os.path.join(folder, "log")
            os.mkfifo(pipe, 0o600)
            if os.geteuid() == 0:
                os.chown(pipe, uid, uid)
            reader = stracelog.Reader(self.describe(), scope, self._limits)
            # Both ends, so that neither opening blocks and the end is ours to say.
            descriptor = os.open(pipe, os.O_RDWR | os.O_CLOEXEC)
            watch = _Watch(self._words(pipe, scope), reader, descriptor, self._limits.trace_bytes)
            try:
                yield watch
            finally:
                watch.close()

    def _words(self, pipe: str, scope: Scope) -> tuple[str, ...]:
        calls = (*stracelog.CALLS, *(stracelog.FILE_CALLS if scope == "files" else ()))
        # A question mark: an architecture without `open` or `fork` is no error.
        wanted = ",".join(f"?{call}" for call in calls)
        return (
            self._program, "-f", "-y", "--decode-pids=pidns", "--seccomp-bpf", "-qq", "-s", "16",
            "-e", f"trace={wanted}", "-e", "signal=none", "-o", pipe, "--",
        )  # fmt: skip


class _Watch:
    """Reads while the step runs."""

    needs_root = False

    def __init__(self, words: tuple[str, ...], reader: stracelog.Reader, descriptor: int, limit: int) -> None:
        self.words, self._reader, self._descriptor, self._left = words, reader, descriptor, limit
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def enter(self) -> None:
        """Nothing to do."""

    def finish(self) -> Trace:
        """All that was written is in the pipe by now; an empty pipe is the end."""
        self.close()
        trace = self._reader.finish()
        if self._left < 0:
            return msgspec.structs.replace(
                trace, state="overflow", detail="the tracer's log is larger than trace_bytes"
            )
        return trace

    def close(self) -> None:
        """Read what is left and stop."""
        if self._ended.is_set():
            return
        self._ended.set()
        self._thread.join()
        os.set_blocking(self._descriptor, False)
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(self._descriptor, _PIECE_BYTES):
                self._take(piece)
        os.close(self._descriptor)

    def _read(self) -> None:
        while not self._ended.is_set():
            ready, _, _ = select.select([self._descriptor], [], [], 0.05)
            if ready:
                self._take(os.read(self._descriptor, _PIECE_BYTES))

    def _take(self, piece: bytes) -> None:
        self._left -= len(piece)
        if self._left >= 0:
            self._reader.feed(piece)


@lru_cache
def _version(program: str) -> str:
    if not program:
        return "strace"
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        told = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=_SECONDS, check=True)  # noqa: S603
        return f"strace {told.stdout.splitlines()[0].rpartition(' ')[2][:20]}"
    return "strace"


@lru_cache
def _tried(program: str) -> str:
    true = shutil.which("true") or "/bin/true"
    words = [
        program,
        "-f",
        "--decode-pids=pidns",
        "--seccomp-bpf",
        "-qq",
        "-e",
        "trace=execve",
        "-o",
        "/dev/null",
        "--",
        true,
    ]
    try:
        told = subprocess.run(words, capture_output=True, text=True, timeout=_SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        return f"strace cannot be run: {error}"
    return "" if told.returncode == 0 else f"strace: {told.stderr.strip()[-200:]}"
