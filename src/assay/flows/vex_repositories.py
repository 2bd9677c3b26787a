"""VEX repositories of others: asked for news as often as they wish, read from the copy in between or without an answer.

Nothing that comes is believed for coming; `trust.vex` judges. A copy that could not be brought up to date is used, and
said to be old; where there is none, that is a document nobody could read, never nothing.
"""

from collections.abc import Iterator
from datetime import UTC, timedelta

import msgspec

from assay.flows.freshness import moment
from assay.flows.vex_folders import in_repository
from assay.formats import vexmanifest
from assay.formats.vexmanifest import Location, Manifest
from assay.model.errors import AssayError, MalformedError, UnavailableError, UntrustedError
from assay.model.inventory import Inventory
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.feeds import NO_VALIDATORS, Fetch
from assay.ports.repositories import KeptRepository, RepositoryShelf
from assay.trust.vex_found import STALE, Found
from assay.trust.vex_repositories import VexRepository


def refresh(
    row: VexRepository, shelf: RepositoryShelf, fetch: Fetch | None, now: str, limits: Limits = DEFAULT_LIMITS
) -> AssayError | None:
    """Bring the copy up to date where its time has come; why that failed, or None.

    Args:
        row: which repository.
        shelf: where copies lie.
        fetch: the network; None = there is none, or none may be used.
        now: RFC 3339.
        limits: bounds.
    """
    kept = shelf.kept(row.url)
    if kept is not None and _is_fresh(kept, now):
        return None
    if fetch is None:
        return UnavailableError("not asked for news", why="the network is not to be used")
    try:
        _renew(row, kept, shelf, fetch, now, limits)
    except AssayError as error:
        return error
    return None


def in_copy(
    row: VexRepository,
    shelf: RepositoryShelf,
    trouble: AssayError | None,
    inventory: Inventory,
    now: str,
    limits: Limits = DEFAULT_LIMITS,
) -> Iterator[Found]:
    """What the copy has for packages of an inventory; what is wrong with the copy comes first.

    `trouble` is what `refresh` said.
    """
    kept = shelf.kept(row.url)
    if kept is None:
        error = trouble or UnavailableError("there is no copy of it")
        yield Found(found="repository", place=row.name, kind="document", error=error)
        return
    if trouble is not None:
        why = f"its copy of {kept.checked[:10]}{_age(kept.checked, now)} is used: {trouble.why or trouble.what}"
        error = UntrustedError("not brought up to date", where=row.name, why=why, code=STALE)
        yield Found(found="repository", place=row.name, kind="document", error=error, as_of=kept.checked)
    try:
        found = in_repository(shelf.folder(row.url), row.name, inventory, limits)
    except AssayError as error:
        yield Found(found="repository", place=row.name, kind="document", error=error)
        return
    for one in found:
        yield msgspec.structs.replace(one, vouched=row.vouched, as_of=kept.checked)


def _renew(
    row: VexRepository, kept: KeptRepository | None, shelf: RepositoryShelf, fetch: Fetch, now: str, limits: Limits
) -> None:
    manifest = _manifest(row, fetch, limits)
    silent: UnavailableError | None = None
    for location in manifest.locations:
        try:
            _renew_from(location, manifest, row, kept, shelf, fetch, now, limits)
            return
        except UnavailableError as error:
            silent = silent or error
    raise silent or UnavailableError("no location of it answers", where=row.name)


def _manifest(row: VexRepository, fetch: Fetch, limits: Limits) -> Manifest:
    address = vexmanifest.address(row.url)
    served = fetch.fetch(address, limits.vex_trust_bytes)
    if served.chunks is None:
        raise UnavailableError("a manifest is said to be unchanged, and was never fetched", where=address)
    return vexmanifest.read(b"".join(served.chunks), where=address, limits=limits)


def _renew_from(
    location: Location,
    manifest: Manifest,
    row: VexRepository,
    kept: KeptRepository | None,
    shelf: RepositoryShelf,
    fetch: Fetch,
    now: str,
    limits: Limits,
) -> None:
    if row.url.startswith("https:") and not location.url.startswith("https://"):
        raise MalformedError(
            "a location that is not https", where=row.name, why=location.url[:200], remedy="ask who publishes it"
        )
    whole = f"{location.url}//{location.folder}" if location.folder else location.url
    known = kept.validators if kept is not None and kept.url == whole else NO_VALIDATORS
    served = fetch.fetch(location.url, limits.vex_repository_bytes, known)
    new = KeptRepository(
        url=whole, validators=served.validators, checked=now, interval_seconds=manifest.interval_seconds
    )
    if served.chunks is None:
        shelf.note(row.url, new)
    else:
        shelf.keep(row.url, new, served.chunks, location.folder)


def _is_fresh(kept: KeptRepository, now: str) -> bool:
    """A time in the future is no time: a clock that was wrong once does not keep a copy for ever."""
    then, today = moment(kept.checked), moment(now)
    if then is None or today is None or then > today:
        return False
    return today < then + timedelta(seconds=kept.interval_seconds)


def _age(checked: str, now: str) -> str:
    then, today = moment(checked), moment(now)
    if then is None or today is None:
        return ""
    days = max(timedelta(0), today.astimezone(UTC) - then.astimezone(UTC)).days
    return f", {days} day{'s' * (days != 1)} old,"
