"""A command that ends early clears away what it began: a terminated one as an interrupted one does."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import click

_ENDING = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def unwound() -> Iterator[None]:
    """SIGTERM and SIGHUP end the block through its `finally` clauses, with the exit code a shell expects (143, 129).

    Whoever cancels a build (a pipeline, a closed terminal) would else leave a build root of hundreds of megabytes and
    a half-written layout. A signal that is ignored (`nohup`) stays ignored; a forked helper, whose parent's folders are
    not its own, just ends.
    """
    owner, before = os.getpid(), {number: signal.getsignal(number) for number in _ENDING}

    def end(number: int, _: FrameType | None) -> None:
        if os.getpid() != owner:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        click.echo(f"assay: ended by {signal.Signals(number).name}", err=True)
        raise SystemExit(128 + number)

    for number, handler in before.items():
        if handler == signal.SIG_DFL:
            signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler == signal.SIG_DFL:
                signal.signal(number, handler)
