"""What `assay db` does: status, build, update, export, import; the file in place is replaced whole or not at all."""

from collections.abc import Sequence

from assay.dependencies.versions import SCHEMES
from assay.flows.feed_table import FEEDS, PUBLIC_FEEDS, FeedRow
from assay.flows.feeds import BuildReport, build
from assay.model.errors import AssayError, UnavailableError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.feeds import DatabasePlace, FeedFolder, Fetch, Spool
from assay.ports.stores import DatabaseStatus
from assay.ports.world import Progress

_SUFFIXES = {"osv": ".zip", "kev": ".json", "eol": ".json", "epss": ".csv.gz"}


def encoders() -> dict[str, int]:
    """Version of every key encoder of this program, by scheme: what a database must have been built with."""
    return {name: scheme.encoder_version for name, scheme in sorted(SCHEMES.items())}


def status(place: DatabasePlace) -> DatabaseStatus:
    """What the database holds; UnavailableError when there is none."""
    return place.status()


def build_from(
    folder: FeedFolder,
    place: DatabasePlace,
    *,
    rows: Sequence[FeedRow] = FEEDS,
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress | None = None,
) -> BuildReport:
    """Build from a folder of feeds and put the result in place; errors as `feeds.build`, the old file is kept then."""
    with place.writer() as writer:
        return build(folder, writer, rows=rows, limits=limits, progress=progress)


def update(
    fetch: Fetch,
    spool: Spool,
    place: DatabasePlace,
    *,
    rows: Sequence[FeedRow] = PUBLIC_FEEDS,
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress | None = None,
) -> BuildReport:
    """Fetch every public feed, build, put in place.

    Args:
        fetch: the network.
        spool: an empty folder of our own; its owner removes it afterwards.
        place: where the database lies.
        rows: which feeds, with their addresses.
        limits: bounds of files and records.
        progress: is told each step.

    Raises:
        UnavailableError: a feed could not be fetched. All or nothing: a database without one of its feeds would say
            "not covered" where it spoke yesterday.
        MalformedError: a feed arrived damaged, empty or mostly bad.
    """
    for row in rows:
        if progress is not None:
            progress.stage(f"fetching {row.name}")
        try:
            spool.put(row.name + _SUFFIXES[row.form], fetch.fetch(row.url, limits.feed_bytes))
        except UnavailableError as error:
            raise UnavailableError(
                "the advisory feeds could not be fetched; the advisory database is as it was",
                where=row.name, why=error.line(),
                remedy="check the network and the proxy, or bring a database with `assay db import FILE`",
            ) from error  # fmt: skip
    try:
        return build_from(spool.folder(), place, rows=rows, limits=limits, progress=progress)
    except AssayError as error:
        error.add_note("the advisory database is as it was")
        raise


def export(place: DatabasePlace, target: str) -> DatabaseStatus:
    """Verify the database and copy it to `target`, its digest line beside it: for a machine without network."""
    return place.export(target)


def restore(place: DatabasePlace, source: str, digest: str = "") -> DatabaseStatus:
    """Put the exported file `source` in place, once its digest, schema, encoders and content have been checked."""
    return place.restore(source, digest)
