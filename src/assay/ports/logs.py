"""Where logs lie, where they are read from, and who cosigns them."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol


class LogSource(Protocol):
    """A log as anyone may read it: a folder, or an address."""

    def read(self, name: str, limit: int) -> bytes | None:
        """The bytes of `checkpoint`, `tile/…` and the like, at most `limit`; None where there is no such thing.

        Raises:
            UnavailableError: nobody answered.
            MalformedError: more than `limit` bytes.
        """


class DurableFiles(LogSource, Protocol):
    """A folder whose files survive a power cut once `write` has returned."""

    def exclusive(self) -> AbstractContextManager[None]:
        """Hold the folder alone, against every other process and thread.

        Raises:
            UnavailableError: another one holds it for too long.
        """

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write files, each whole or not at all; durable when this returns.

        Raises:
            UnavailableError: the disk is full or the folder cannot be written.
        """

    def discard(self, names: Iterable[str]) -> None:
        """Remove files or folders that nobody needs; whether that survives a power cut is no matter."""


class Cosigner(Protocol):
    """A witness, wherever it is."""

    def add_checkpoint(self, request: bytes) -> tuple[int, bytes]:
        """`POST add-checkpoint` (c2sp.org/tlog-witness): status and body.

        Raises:
            UnavailableError: nobody answered.
        """
