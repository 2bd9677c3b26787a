"""The advisory database to and from a registry or an OCI layout."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from assay.artifact import advisories
from assay.artifact.integrity import check, checked
from assay.flows.db import Wish
from assay.flows.db_numbers import newest
from assay.formats import gzipstream
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnavailableError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.content import ArtifactStore, ImageSource
from assay.ports.feeds import KeptDatabase
from assay.ports.stores import DatabaseStatus
from assay.ports.world import Progress


def push(chunks: Iterable[bytes], bundle: bytes, status: DatabaseStatus, store: ArtifactStore) -> Digest:
    """Push a verified database and its signature to the store's tag; the manifest's digest.

    The blobs go before the manifest that names them; the same database gives the same manifest.

    Raises:
        UnavailableError: the store did not take it.
    """
    packed = b"".join(gzipstream.deflated(chunks))
    made = advisories.wrap(packed, bundle, build=status.build, content=status.content_digest)
    for blob in made.blobs:
        store.push_blob(blob)
    return store.push_tagged(made.manifest, made.media_type)


def pull(source: ImageSource, place: KeptDatabase, wish: Wish, limits: Limits = DEFAULT_LIMITS) -> DatabaseStatus:
    """Fetch a database, verify it, put it in place; the old one stays until then.

    Raises:
        UnavailableError: no such artifact, or no answer.
        UntrustedError: digests that differ; signature missing, wrong or by another key, where one is demanded; older
            than the newest seen here.
        MalformedError, UnsupportedError: not a whole database, or not one for this program.
    """
    from assay.flows.db_trust import Demand, placing

    root = source.root()
    check(root.data, root.descriptor, where=root.name)
    named = advisories.unwrap(root.data, root.descriptor.media_type, where=root.name, limits=limits)
    bundle = b""
    if named.bundle is not None:
        bundle = check(source.fetch(named.bundle, limits.bundle_bytes), named.bundle, where=f"{root.name} signature")
    demand = Demand(keys=wish.keys, now=wish.now, seen=newest(place), allow_rollback=wish.allow_rollback, limits=limits)

    def wrong(why: str) -> MalformedError:
        return MalformedError("not a whole advisory database", where=root.name, why=why, remedy="push it again")

    with source.stream(named.database) as stream:
        received = checked(stream, named.database, where=f"{root.name} database")
        chunks = _all(gzipstream.inflated(received, limits.database_bytes, wrong), received)
        return place.install(chunks, (bundle,) if bundle else (), placing(demand))


def first_of(
    locations: Sequence[str], fetch: Callable[[str], DatabaseStatus], progress: Progress | None = None
) -> tuple[str, DatabaseStatus]:
    """The database of the first location that answers, and which that was.

    Only silence leads to the next: a location that lies, or holds something else, ends the search.

    Raises:
        UnavailableError: none answers; names each reason.
    """
    silent = []
    for location in locations:
        try:
            return location, fetch(location)
        except UnavailableError as error:
            silent.append(f"{location}: {error.what}")
            if progress is not None:
                progress.stage(f"{location} does not answer: {error.what}")
    raise UnavailableError(
        "no location gives an advisory database; the one in place is as it was", why="; ".join(silent),
        remedy="check the names and the network, or bring a database with `assay db import FILE`",
    )  # fmt: skip


def _all(inflated: Iterator[bytes], received: Iterator[bytes]) -> Iterator[bytes]:
    """The inflated bytes; what was received is read to its end, so that its digest is checked."""
    yield from inflated
    for _ in received:
        raise MalformedError("not a whole advisory database", why="something follows its end", remedy="push it again")
