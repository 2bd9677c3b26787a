"""The life of the advisory database: what one vouches for before it is used, put in place, or given away."""

from collections.abc import Callable, Iterator
from typing import Protocol

import msgspec

from assay.model.digest import Digest
from assay.ports.stores import DatabaseStatus


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """The newest database that ever lay in a place: build number and content digest."""

    build: int = 0
    content: str = ""


class Candidate(Protocol):
    """A database somebody wants to use or to put in place; what is asked of it holds for the very bytes used then."""

    def status(self) -> DatabaseStatus:
        """What it says it holds."""

    def digest(self) -> Digest:
        """SHA-256 of the file."""

    def verify(self) -> DatabaseStatus:
        """Read all of it: SQLite's integrity check and the content digest. MalformedError when either does not hold."""

    def signatures(self) -> tuple[bytes, ...]:
        """The bundles that came with it; unchecked."""


Approval = Callable[[Candidate], bytes]
"""Looks at a database before it is used or put in place: the bundle to keep beside it (b"" for none), or it raises."""


def approve_any(candidate: Candidate) -> bytes:
    """Where nothing is demanded: no bundle is kept."""
    del candidate
    return b""


class SignedPlace(Protocol):
    """Where a database lies together with its signature and the memory of the newest one."""

    def seen(self) -> Seen:
        """The newest database that ever lay here; zero where none did. MalformedError when the memory is damaged."""

    def examine(self, approval: Approval) -> DatabaseStatus:
        """Show the database that lies here."""

    def install(self, chunks: Iterator[bytes], signatures: tuple[bytes, ...], approval: Approval) -> DatabaseStatus:
        """Verify a database as it comes, have it approved, and put it in place; the old one stays when it is not."""
