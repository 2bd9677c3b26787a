"""Where inputs of a build come from: beside the spec, or from an address."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from assay.model.tree import TreeEntry


class LocalInputs(Protocol):
    """Inputs of a build that lie beside its spec; nothing outside that folder is read, no link on the way followed."""

    def file(self, path: str) -> AbstractContextManager[Iterator[bytes]]:
        """A file's bytes, in pieces.

        Raises:
            UsageError: no such file, or a link leads there. UnavailableError: it cannot be read.
        """

    def tree(self, path: str, leave_out: Callable[[bytes], bool]) -> Iterator[tuple[TreeEntry, Iterator[bytes]]]:
        """Everything in a folder by the bytes of its paths, each with its content, to be read before the next.

        Modes are 0755 (folders, and files their owner may execute) and 0644; owners and times are zero.

        Args:
            path: the folder.
            leave_out: tells of a path below it whether to leave it (and what is in it) out.

        Raises:
            UsageError, UnavailableError: as above. UnsupportedError: a device, a pipe, or more than a limit.
        """


class Fetcher(Protocol):
    """Files by their address."""

    def fetch(self, url: str, limit: int) -> AbstractContextManager[Iterator[bytes]]:
        """A file's bytes, in pieces; believe nothing of them but their digest.

        Raises:
            UnavailableError: it did not come, or not whole. UnsupportedError: more than `limit` bytes, or an address
                this fetcher does not know.
        """
