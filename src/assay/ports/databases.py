"""The life of the advisory database: what one vouches for before it is used, put in place, or given away."""

from collections.abc import Callable, Iterator
from typing import Protocol

import msgspec

from assay.model.advisory_change import Change, DeltaHead
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

    def patch(
        self, head: DeltaHead, changes: Iterator[Change], signatures: tuple[bytes, ...], approval: Approval
    ) -> DatabaseStatus:
        """Make the next database out of the one that lies here and put it in place, as `install` does."""

    def install(self, chunks: Iterator[bytes], signatures: tuple[bytes, ...], approval: Approval) -> DatabaseStatus:
        """Verify a database as it comes, have it approved, and put it in place; the old one stays when it is not."""


class Pair(Protocol):
    """Two databases to be compared."""

    old: DatabaseStatus
    new: DatabaseStatus

    def changes(self) -> Iterator[Change]:
        """Rows that go and rows that come, table by table, by name, sorted."""

    def names_of(self, advisories: frozenset[str]) -> Iterator[tuple[str, str, str]]:
        """(advisory, ecosystem, package) of every range of these advisories, in either database, sorted."""

    def members_of(self, classes: frozenset[str]) -> Iterator[str]:
        """Every id of these alias classes, in either database, sorted."""

    def withdrawn(self, record: bytes) -> bool:
        """Whether an advisory's record says that it was withdrawn."""

    def spoken(self, record: bytes) -> dict[str, object]:
        """What an advisory's record says, by topic."""
