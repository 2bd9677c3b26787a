"""Time, workers, files of the outside."""

from collections.abc import Callable, Sequence
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


class Progress(Protocol):
    """Someone who is told what goes on; never data."""

    def stage(self, text: str) -> None:
        """A new stage begins."""
