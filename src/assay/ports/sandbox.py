"""Where a build step runs: sealed off, bounded, and honest about how well."""

from typing import Protocol

import msgspec

from assay.model.tracing import Scope, Trace


class SandboxLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a step may use."""

    seconds: float = 600
    memory_bytes: int = 2 << 30
    """Address space of each process."""
    processes_count: int = 1024
    output_bytes: int = 1 << 30
    """Each file, and all outputs together."""
    log_bytes: int = 16 << 20


class SealedCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What runs, and all it sees."""

    root: str
    """The locked root, a folder of the host; mounted read-only at `/`."""
    arguments: tuple[str, ...]
    """The program and its arguments, paths as the step sees them."""
    environment: tuple[tuple[str, str], ...]
    """All variables; there are no others."""
    inputs: str = ""
    """A folder of the host, read-only at `/src`; empty where there is none."""
    output: str = ""
    """A folder of the host, at `/out`; empty where nothing is kept."""
    limits: SandboxLimits = SandboxLimits()
    user: tuple[int, int] | None = None
    """User and group the command believes to be, else those of a step; outside it is nobody either way."""
    trace: Scope = "none"
    """What a tracer watches, where there is one."""
    clock_shift: int = 0
    """Seconds by which programs are shown a later wall clock, where a library can be shown to them; 0 for the real
    one. Nothing of it lies in the root: it is a condition of the run, and adds variables to the environment."""


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """How it ended."""

    exit_code: int
    """As the step left it; 128 + N for signal N."""
    stopped: str = ""
    """Empty, `deadline`, `log` or `output`: the limit that ended it."""
    log: bytes = b""
    """Both output streams, in the order written, cut at the limit."""
    trace: Trace | None = None
    """What was seen; None where nothing was asked for. `unavailable` where no tracer works here."""


class Sandbox(Protocol):
    """A way to run a sealed command."""

    def describe(self) -> str:
        """Program and version."""

    def filter_digest(self) -> str:
        """Digest of the system call filter; empty without one."""

    def probe(self, command: SealedCommand) -> dict[str, tuple[str, str]]:
        """Let the canaries try the ways out, in a sandbox made with the very arguments of the command.

        Returns:
            Canary name → (`closed`, `open` or `unknown`, detail).

        Raises:
            UnavailableError: the sandbox cannot be made here.
        """

    def run(self, command: SealedCommand) -> Finished:
        """Run it.

        Raises:
            UnavailableError: the sandbox cannot be made here.
        """
