"""Threads for work that leaves the interpreter's lock: inflating, hashing, waiting for a network."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


def processors() -> int:
    """Processors this process may use, at least one."""
    try:
        return len(os.sched_getaffinity(0)) or 1
    except (AttributeError, OSError):
        return os.cpu_count() or 1


class Threads:
    """A `Workers` of at most `count` threads (0 = one a processor). Items are begun in the order given."""

    def __init__(self, count: int = 0) -> None:
        self._count = count if count > 0 else processors()

    def map(self, function: Callable[[A], B], items: Sequence[A]) -> list[B]:
        """Results in the items' order. After an error nothing new is begun; what runs is waited for.

        Of several errors the one of the earliest item is raised, so that the answer does not depend on chance more
        than it must.
        """
        if self._count == 1 or len(items) <= 1:
            return [function(item) for item in items]
        with ThreadPoolExecutor(min(self._count, len(items)), thread_name_prefix="assay") as pool:
            futures: list[Future[B]] = [pool.submit(function, item) for item in items]
            try:
                wait(futures, return_when=FIRST_EXCEPTION)
            finally:
                for future in futures:
                    future.cancel()
        for future in futures:
            error = None if future.cancelled() else future.exception()
            if error is not None:
                raise error
        return [future.result() for future in futures]
