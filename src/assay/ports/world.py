"""Time, workers, files of the outside."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

A = TypeVar("A")
B = TypeVar("B")


class Clock(Protocol):
    """The time."""

    def now(self) -> str:
        """UTC as RFC 3339 with seconds, `2026-01-02T03:04:05Z`; `SOURCE_DATE_EPOCH` rules when it is set."""


class Workers(Protocol):
    """Something that runs a function over items, perhaps side by side."""

    def map(self, function: Callable[[A], B], items: Sequence[A]) -> list[B]:
        """Results in the items' order, whatever the order of work; the first error stops the rest and is raised."""


class Beside(Protocol):
    """Something that lets chunks be made while whoever reads them works."""

    def __call__(self, chunks: Iterator[bytes], /) -> AbstractContextManager[Iterator[bytes]]:
        """The same chunks in their order; none is made any more once the block has ended."""


class Progress(Protocol):
    """Someone who is told what goes on; never data."""

    def stage(self, text: str) -> None:
        """A new stage begins."""
