"""Threads for work that leaves the interpreter's lock: inflating, hashing, waiting for a network."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice, repeat
from typing import TypeVar, cast

from assay.adapters.allocator import keep_freed_memory

_AHEAD_COUNT = 8
"""Items that wait for their turn: bounds memory, and keeps as many threads busy."""
_HANDED_COUNT = 4
"""Chunks handed over at once: to wake the other thread for each costs a quarter of what is won."""
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

    def ahead(self, function: Callable[[A], B], items: Iterable[A], *, together: bool) -> Iterator[B]:
        """Results in the items' order, while the next items are made; at most a few wait, so memory stays bounded.

        Args:
            function: what is done to each.
            items: made in the caller's thread.
            together: whether calls may run side by side; else one after another, only beside the caller.
        """
        if self._count == 1:
            yield from map(function, items)
            return
        from concurrent.futures import Future, ThreadPoolExecutor

        waiting: deque[Future[B]] = deque()
        pool = ThreadPoolExecutor(self._count if together else 1, thread_name_prefix="assay")
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                while len(waiting) > _AHEAD_COUNT or (waiting and waiting[0].done()):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)

    @contextmanager
    def beside(self, chunks: Iterator[bytes]) -> Iterator[Iterator[bytes]]:
        """The same chunks, made in a thread of their own while the caller works; a few wait.

        What making them raises is raised where the chunk is asked for. At the end of the block nothing is made any
        more.
        """
        if self._count == 1:
            yield chunks
            return
        with closing(self._made(chunks)) as made:
            yield made

    def _made(self, chunks: Iterator[bytes]) -> Generator[bytes]:
        keep_freed_memory()
        for some in self.ahead(lambda source: tuple(islice(source, _HANDED_COUNT)), repeat(chunks), together=False):
            if not some:
                return
            yield from some

    def map(self, function: Callable[[A], B], items: Sequence[A]) -> list[B]:
        """Results in the items' order. After an error nothing new is begun; what runs is waited for.

        Of several errors the one of the earliest item is raised, so that the answer does not depend on chance more
        than it must.
        """
        keep_freed_memory()
        if self._count == 1 or len(items) <= 1:
            return [function(item) for item in items]
        from concurrent.futures import ThreadPoolExecutor
        from threading import Event

        failed = Event()

        def guarded(item: A) -> B | None:
            if failed.is_set():
                return None  # never looked at: the error is raised
            try:
                return function(item)
            except BaseException:
                failed.set()
                raise

        with ThreadPoolExecutor(min(self._count, len(items)), thread_name_prefix="assay") as pool:
            futures = [pool.submit(guarded, item) for item in items]
            try:
                errors = [error for future in futures if (error := future.exception()) is not None]
            except BaseException:  # an interrupt of the waiting thread: let nothing new begin
                failed.set()
                raise
        if errors:
            raise errors[0]
        return [cast("B", future.result()) for future in futures]
