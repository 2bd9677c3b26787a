"""Steps watched by `strace` (`ports.tracing.Tracer`): any user's, and it sees connections.

It stands outside of the sandbox and follows the launcher, so the step's filter is the same with and without it, and
nothing of it can be seen or reached from inside. Its log comes through a pipe with a name: no limit of the step's files
applies to it, and no file of any size is left.
"""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from assay.adapters.tracer_pipe import Pipe, listening
from assay.formats import stracelog
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.tracing import Scope, Trace

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
        reader = stracelog.Reader(self.describe(), scope, self._limits)
        with listening(reader.feed, self._limits.trace_bytes, uid) as pipe:
            yield _Watch(self._words(pipe.path, scope), reader, pipe)

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

    def __init__(self, words: tuple[str, ...], reader: stracelog.Reader, pipe: Pipe) -> None:
        self.words, self._reader, self._pipe = words, reader, pipe

    def enter(self) -> None:
        """Nothing to do."""

    def finish(self) -> Trace:
        """All that was written is in the pipe by now; an empty pipe is the end."""
        self._pipe.close()
        trace = self._reader.finish()
        if self._pipe.overran:
            return msgspec.structs.replace(
                trace, state="overflow", detail="the tracer's log is larger than trace_bytes"
            )
        return trace


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
