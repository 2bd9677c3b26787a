"""What a build step did, as a tracer saw it: stable from run to run, so that two builds can be compared."""

from typing import Literal

import msgspec

Scope = Literal["none", "processes", "files"]
"""What is traced: nothing, programs and connections, or also every file that was opened."""
TraceState = Literal["complete", "overflow", "unavailable"]
"""Anything but `complete` makes what follows from a trace unknown."""


class Attempt(msgspec.Struct, frozen=True, order=True):
    """Somebody was to be reached over a socket; whether it answered does not matter."""

    family: str
    """`AF_INET`, `AF_INET6`."""
    address: str
    port: int


class TracedProcess(msgspec.Struct, frozen=True):
    """A program that was started. Identifiers are ordinals in the tree of starts, never those of the kernel."""

    number: int
    """From 1."""
    parent: int
    """0 for the step's own shell."""
    program: str
    """Path, as the step sees it."""


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen. Everything is sorted; failed opens, times, arguments and the kernel's numbers are left out."""

    tracer: str
    """`fanotify`, `strace 6.1`; empty where none is available."""
    scope: Scope
    state: TraceState = "complete"
    detail: str = ""
    """Why it is not complete."""
    programs: tuple[str, ...] = ()
    """Paths of everything that was executed, sorted."""
    processes: tuple[TracedProcess, ...] = ()
    """Where the tracer sees who started whom."""
    reads: tuple[str, ...] | None = None
    """Paths of files that were opened outside of the step's own places; None where files are not watched."""
    writes: tuple[str, ...] | None = None
    """Paths that were opened for writing outside of the step's own places; None where the tracer cannot tell."""
    attempts: tuple[Attempt, ...] | None = None
    """Whom the step asked for, loopback included; None where the tracer does not see connections."""

    @property
    def kind(self) -> str:
        """The tracer without its version."""
        return self.tracer.partition(" ")[0]
