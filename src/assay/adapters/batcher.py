"""Many callers, one writer: what arrives while a batch is being written becomes the next batch.

A log makes a batch durable with a handful of fsyncs, whatever its length; so callers wait together, and under load the
batches grow by themselves. Nobody sleeps: an entry that arrives alone is written at once.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Generic, TypeVar

from assay.model.errors import UnavailableError

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """Hands what callers submit to `commit`, in order, one batch at a time, on a thread of its own."""

    def __init__(
        self,
        commit: Callable[[Sequence[Item]], Sequence[Result]],
        *,
        name: str,
        batch: int,
        waiting: int,
        seconds: float,
    ) -> None:
        """Start the writer.

        Args:
            commit: writes a batch, durably; one result for each item, in order. What it raises, every caller gets.
            name: of the thread, and in errors.
            batch: greatest number of items at once.
            waiting: items that may wait; more are refused at once.
            seconds: how long a caller waits.
        """
        self._commit, self._name, self._batch, self._waiting, self._seconds = commit, name, batch, waiting, seconds
        self._queue: deque[tuple[Item, Future[Result]]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, item: Item) -> Result:
        """Wait until the batch with this item is written.

        Raises:
            UnavailableError: too many wait already, it takes too long, or the writer has been closed.
        """
        future: Future[Result] = Future()
        with self._changed:
            if self._closed or len(self._queue) >= self._waiting:
                raise self._no("it is stopping" if self._closed else f"{len(self._queue)} entries wait already")
            self._queue.append((item, future))
            self._changed.notify()
        try:
            return future.result(self._seconds)
        except FutureTimeout as error:
            raise self._no(f"nothing was written within {self._seconds:g} s; the entry may still be") from error

    def close(self) -> None:
        """Write what waits, then end. Whoever comes later is refused."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while taken := self._take():
            try:
                results = self._commit([item for item, _ in taken])
                for (_, future), result in zip(taken, results, strict=True):
                    future.set_result(result)
            except Exception as error:  # noqa: BLE001  (the writer must not die; each caller gets the error)
                for _, future in taken:
                    if not future.done():
                        future.set_exception(error)

    def _take(self) -> list[tuple[Item, Future[Result]]]:
        """The next batch; empty once closed and drained."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closed)
            return [self._queue.popleft() for _ in range(min(self._batch, len(self._queue)))]

    def _no(self, why: str) -> UnavailableError:
        return UnavailableError("the log takes no entry now", where=self._name, why=why, remedy="try again later")
