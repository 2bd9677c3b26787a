"""What `assay db` does: status, build, update, export, import; the file in place is replaced whole or not at all."""

from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import msgspec

from assay.dependencies.versions import encoder_versions
from assay.flows.db_numbers import newest, numbering
from assay.flows.feed_table import FEEDS, PUBLIC_FEEDS, FeedRow
from assay.flows.feeds import BuildReport, build
from assay.model.errors import AssayError, UnavailableError, UsageError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.databases import Approval, Seen
from assay.ports.decisions import Signer
from assay.ports.feeds import (
    NO_VALIDATORS,
    DatabasePlace,
    FeedFolder,
    Fetch,
    KeptDatabase,
    Shelf,
    Spool,
    Validators,
)
from assay.ports.stores import DatabaseStatus
from assay.ports.world import Progress

if TYPE_CHECKING:
    from assay.flows.db_trust import Demand
    from assay.trust.keyring import Keyring

_SUFFIXES = {
    "osv": ".zip", "kev": ".json", "eol": ".json", "epss": ".csv.gz", "debian-tracker": ".json",
    "alpine-secdb": ".json", "cve5": ".zip", "csaf": ".tar.bz2",
}  # fmt: skip


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """How a database that is made or brought here is numbered, signed and checked."""

    number: int | None = None
    """Its build number; None counts on from the newest one seen here, or keeps that one's for the same content."""
    signer: Signer | None = None
    """Who signs what is made; None leaves it unsigned."""
    keys: "Keyring | None" = None
    """Whose signature is demanded; None demands none."""
    allow_rollback: bool = False
    now: str = ""
    """RFC 3339 time, for the windows of keys."""


PLAIN = Wish()
"""Counted on, unsigned, unchecked."""


def encoders() -> dict[str, int]:
    """Version of every key encoder of this program, by scheme: what a database must have been built with."""
    return encoder_versions()


def status(place: DatabasePlace) -> DatabaseStatus:
    """What the database holds; UnavailableError when there is none."""
    return place.status()


def build_from(
    folder: FeedFolder,
    place: KeptDatabase,
    *,
    rows: Sequence[FeedRow] = FEEDS,
    before: Mapping[str, int] = {},
    served: Mapping[str, str] = {},
    wish: Wish = PLAIN,
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress | None = None,
) -> BuildReport:
    """Build from a folder of feeds and put the result in place; errors as `feeds.build`, the old file is kept then.

    `before` is how many records each feed had; one that lost more than half of them is refused. `served` is the day of
    each feed as its server told it.

    Raises:
        UsageError: signatures are demanded and nobody signs.
        UntrustedError: the number that was asked for is lower than that of the newest database seen here.
    """
    seen = newest(place)
    with place.writer(numbering(wish.number, seen), _making(wish, seen, limits)) as writer:
        return build(folder, writer, rows=rows, before=before, served=served, limits=limits, progress=progress)


def update(
    fetch: Fetch,
    spool: Spool,
    place: KeptDatabase,
    *,
    rows: Sequence[FeedRow] = PUBLIC_FEEDS,
    shelf: Shelf | None = None,
    allow_shrink: bool = False,
    wish: Wish = PLAIN,
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress | None = None,
) -> BuildReport:
    """Fetch every public feed, build, put in place.

    Args:
        fetch: the network.
        spool: an empty folder of our own; its owner removes it afterwards.
        place: where the database lies.
        rows: which feeds, with their addresses.
        shelf: what came last; a feed the server calls unchanged is taken from it.
        allow_shrink: take a feed with less than half of the records it had before.
        wish: number, signature, checks.
        limits: bounds of files and records.
        progress: is told each step.

    Raises:
        UnavailableError: a feed could not be fetched. All or nothing: a database without one of its feeds would say
            "not covered" where it spoke yesterday.
        MalformedError: a feed arrived damaged, empty, mostly bad, or much smaller than before.
    """
    _making(wish, Seen(), limits)
    before = {} if allow_shrink else _records(place)
    came: dict[str, tuple[str, Validators]] = {}
    served: dict[str, str] = {}
    for row in rows:
        if progress is not None:
            progress.stage(f"fetching {row.name}")
        try:
            name = row.name + _SUFFIXES[row.form]
            came[name] = row.url, _fetched(name, row.url, fetch, spool, shelf, limits)
            served[row.name] = _day(came[name][1].modified)
        except UnavailableError as error:
            raise UnavailableError(
                "the advisory feeds could not be fetched; the advisory database is as it was",
                where=row.name, why=error.line(),
                remedy="check the network and the proxy, or bring a database with `assay db import FILE`",
            ) from error  # fmt: skip
    folder = spool.folder()
    try:
        report = build_from(
            folder, place, rows=rows, before=before, served=served, wish=wish, limits=limits, progress=progress
        )
    except AssayError as error:
        error.add_note("the advisory database is as it was")
        raise
    if shelf is not None:
        shelf.keep(came, folder)
    return report


def _fetched(name: str, url: str, fetch: Fetch, spool: Spool, shelf: Shelf | None, limits: Limits) -> Validators:
    """Put one feed into the spool, from the shelf where the server says that it is unchanged."""
    known = shelf.validators(name, url) if shelf is not None else NO_VALIDATORS
    served = fetch.fetch(url, limits.feed_bytes, known)
    if served.chunks is not None:
        spool.put(name, served.chunks)
        return served.validators
    if shelf is None or known == NO_VALIDATORS:
        raise UnavailableError("a feed is said to be unchanged, and was never fetched", where=url)
    spool.put(name, shelf.read(name))
    return known


def _day(modified: str) -> str:
    """The day of a `Last-Modified` (RFC 9110, 8.8.2), or empty."""
    try:
        return parsedate_to_datetime(modified).date().isoformat()
    except (ValueError, IndexError, OverflowError):
        return ""


def _records(place: KeptDatabase) -> dict[str, int]:
    """Records of each feed of the database that lies here; nothing where it cannot be read."""
    try:
        return {feed.name: feed.records for feed in place.status().feeds}
    except AssayError:
        return {}


def export(place: KeptDatabase, target: str, wish: Wish = PLAIN, limits: Limits = DEFAULT_LIMITS) -> DatabaseStatus:
    """Verify the database and copy it to `target`, digest line and signature beside it: for a machine without network.

    Args:
        place: where it lies.
        target: path of the copy.
        wish: a signer signs it anew; keys demand that it is signed already.
        limits: bounds of the signature.
    """
    return place.export(target, _handing(wish, newest(place), limits))


def restore(
    place: KeptDatabase, source: str, digest: str = "", wish: Wish = PLAIN, limits: Limits = DEFAULT_LIMITS
) -> DatabaseStatus:
    """Put the exported file `source` in place, once its digest, signature, schema, encoders and content were checked.

    Raises:
        UntrustedError: another digest; no valid signature where one is demanded; older than the newest seen here.
        MalformedError, UnsupportedError: not a whole database, or one this program cannot read.
    """
    from assay.flows.db_trust import placing

    return place.restore(source, digest, placing(_demand(wish, newest(place), limits)))


def _making(wish: Wish, seen: Seen, limits: Limits) -> Approval:
    from assay.flows.db_trust import placing, signing

    demand = _demand(wish, seen, limits)
    if wish.signer is not None:
        return signing(wish.signer, demand)
    if wish.keys is not None:
        raise UsageError(
            "the database would be unsigned, and a signature is demanded here",
            remedy="sign it with --key, or bring a signed one with `assay db pull` or `assay db import`",
        )
    return placing(demand)


def _handing(wish: Wish, seen: Seen, limits: Limits) -> Approval:
    from assay.flows.db_trust import placing, signing

    demand = _demand(wish, seen, limits)
    return placing(demand) if wish.signer is None else signing(wish.signer, demand)


def _demand(wish: Wish, seen: Seen, limits: Limits) -> "Demand":
    from assay.flows.db_trust import Demand

    return Demand(keys=wish.keys, now=wish.now, seen=seen, allow_rollback=wish.allow_rollback, limits=limits)
