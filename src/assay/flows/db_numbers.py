"""Build numbers of advisory databases: they rise, and nobody goes back behind the newest one seen in a place."""

from collections.abc import Callable
from contextlib import suppress

from assay.model.errors import MalformedError, UnavailableError, UnsupportedError, UntrustedError
from assay.ports.databases import Seen
from assay.ports.feeds import KeptDatabase
from assay.ports.stores import DatabaseStatus


def newest(place: KeptDatabase) -> Seen:
    """The newest database known to have lain here: as remembered, or the one that lies here now."""
    seen = place.seen()
    with suppress(UnavailableError, MalformedError, UnsupportedError):  # none, or none that counts: it is replaced
        now = place.status()
        if now.build > seen.build:
            return Seen(build=now.build, content=now.content_digest)
    return seen


def numbering(number: int | None, seen: Seen) -> Callable[[str], int]:
    """The number of a new database by its content digest: as given; else one on, or the same for the same content."""
    if number is not None:
        return lambda _: number
    return lambda content: seen.build if content == seen.content else seen.build + 1


def refuse_rollback(status: DatabaseStatus, seen: Seen, *, allowed: bool = False) -> None:
    """Refuse a database that is older than the newest one that ever lay in its place.

    Raises:
        UntrustedError: code `ROLLBACK`.
    """
    refuse_number(status.build, status.content_digest, seen, allowed=allowed)


def refuse_number(build: int, content: str, seen: Seen, *, allowed: bool = False) -> None:
    """The same for a number and a content digest that were only told.

    Raises:
        UntrustedError: code `ROLLBACK`.
    """
    if build < seen.build and not allowed:
        raise UntrustedError(
            "the advisory database is older than one that was used here", where=content,
            why=f"build {build}, seen {seen.build}",
            remedy="run `assay db update`, or say --allow-rollback at import if you mean it", step="freshness",
            code="ROLLBACK",
        )  # fmt: skip
