"""A step's own root is asked what time it is, before the step runs under a clock that may be shifted."""

from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec

from assay.build import shifted
from assay.build.closure import followed
from assay.model.limits import Limits
from assay.model.rebuilding import ClockSeen
from assay.model.tracing import Trace
from assay.model.tree import OwnedEntry, Span
from assay.ports.sandbox import Sandbox, SealedCommand
from assay.ports.world import Clock


def asked(sandbox: Sandbox, clock: Clock, command: SealedCommand, shift: int, step: str) -> ClockSeen | None:
    """Run a program of the root in a sandbox like the step's that shows a clock `shift` seconds ahead.

    Returns:
        What it saw; None where no shift is wanted.
    """
    if not shift:
        return None
    question = msgspec.structs.replace(command, arguments=shifted.QUESTION, output="", trace="none", clock_shift=shift)
    before = _seconds(clock.now())
    done = sandbox.run(question)
    return shifted.answered(done.log, before, _seconds(clock.now()), shift, step=step)


def reached(
    seen: ClockSeen | None,
    root: tuple[OwnedEntry, ...],
    read: Callable[[Span], Iterator[bytes]],
    limits: Limits,
    trace: Trace | None,
) -> ClockSeen | None:
    """The same with the programs that saw nothing of it: of those that ran where that is known, else of the root's."""
    if seen is None or not seen.ahead:
        return seen
    traced = trace is not None and trace.state == "complete"
    ran = followed(root, trace.programs) if trace is not None and traced else None
    deaf = shifted.unreached(root, read, limits.compare_file_bytes, ran)
    return msgspec.structs.replace(seen, unreached=deaf, ran="traced" if traced else "unknown")


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())
