"""A way to watch what a sealed command does."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from assay.model.tracing import Scope, Trace


class Watch(Protocol):
    """One command being watched."""

    @property
    def words(self) -> Sequence[str]:
        """What stands before the launcher's own words; empty where the tracer is no program."""

    @property
    def needs_root(self) -> bool:
        """Whether `enter` has to run before rights are dropped."""

    def enter(self) -> None:
        """What the child does before it becomes the launcher; nothing that allocates more than it must.

        Raises:
            OSError: the kernel says no.
        """

    def finish(self) -> Trace:
        """What was seen, after the command ended."""


class Tracer(Protocol):
    """A tracer of this machine."""

    def describe(self) -> str:
        """Name and version."""

    def available(self) -> str:
        """Empty where it works here; else why not."""

    def watch(self, *, root: str, inputs: str, scope: Scope, uid: int) -> AbstractContextManager[Watch]:
        """Get ready to watch a command.

        Args:
            root: folder of the host that becomes `/`.
            inputs: folder of the host that becomes `/src`; empty where there is none.
            scope: what is asked for.
            uid: who will run the launcher.
        """
