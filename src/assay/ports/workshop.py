"""Folders of a build that a sandbox can be pointed at: made from trees, read back as trees, gone afterwards."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from assay.model.tree import OwnedEntry, Span, TreeEntry

Read = Callable[[Span], Iterator[bytes]]


class Workshop(Protocol):
    """Room on disk for one build."""

    def lay(self, entries: Iterable[OwnedEntry], read: Read, *, epoch: int) -> AbstractContextManager[str]:
        """A folder with these entries, in the order of their paths, every time the epoch; its path.

        Raises:
            UnavailableError: no room, no right. MalformedError: an entry that would lie outside of the folder.
        """

    def empty(self) -> AbstractContextManager[str]:
        """An empty folder a sandbox can write into; its path."""

    def tree(self, folder: str) -> Iterator[tuple[TreeEntry, Iterator[bytes]]]:
        """What a sandbox left in a folder, by the bytes of its paths; owners and times are zero.

        Raises:
            UnsupportedError: a device, a pipe, a socket, set-id bits, or more than a limit.
        """
