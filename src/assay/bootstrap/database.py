"""The advisory database: where it lies, how it is made, fetched, carried."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from assay.bootstrap.machine import LIMITS, clock

if TYPE_CHECKING:
    from assay.adapters.advisorydb_delta import DatabasePair
    from assay.adapters.advisorydb_place import DatabaseFile
    from assay.flows.db import Wish
    from assay.flows.db_registry import Delta, Pulled, Pushed
    from assay.flows.db_verify import Verified
    from assay.flows.feeds import BuildReport
    from assay.flows.rematch_report import Renewed
    from assay.flows.scan import Knowledge
    from assay.model.advisory_change import DatabaseDifference
    from assay.ports.databases import Approval
    from assay.ports.decisions import Signer
    from assay.ports.stores import DatabaseStatus
    from assay.ports.world import Progress
    from assay.settings import Settings
    from assay.trust.keyring import Keyring


def knowledge_of(settings: Settings) -> Knowledge:
    """The database to match against, or the reason why there is none.

    Raises:
        UntrustedError: it is older than one that was used here, or lacks the signature the settings demand.
        UnavailableError: it is older than the settings allow, or there is none and the settings limit its age.
    """
    from assay.flows.scan import Knowledge
    from assay.model.lifecycle import Horizon
    from assay.model.suspicion import Internal

    internal = Internal(names=settings.internal_names, sources=settings.internal_sources)
    path = _found(settings)
    if not path.exists():
        why = "there is no advisory database; run `assay db update`, or `assay db build --from DIR`"
        if settings.max_db_age_hours or settings.database_key:
            from assay.adapters.advisorydb_place import no_database

            raise no_database(path)
        return Knowledge(store=None, absent=why, internal=internal)
    from assay.flows.freshness import demand

    store = _at(path).open(_usable(path, settings))
    try:
        demand(store.status().feeds, clock().now(), settings.max_db_age_hours)
    except BaseException:
        store.close()
        raise
    horizon = Horizon(days=settings.eol_days, extended=settings.extended_support)
    cpes = store if settings.cpe else None
    return Knowledge(store=store, index=store, lifecycles=store, cpes=cpes, horizon=horizon, internal=internal)


def wish_of(
    settings: Settings,
    *,
    number: int | None = None,
    signer: Signer | None = None,
    key: str = "",
    allow_rollback: bool = False,
) -> Wish:
    """How a database is numbered, signed and checked: options over settings."""
    from assay.flows.db import Wish

    return Wish(
        number=number, signer=signer, keys=_keys(key or settings.database_key), allow_rollback=allow_rollback,
        now=clock().now(),
    )  # fmt: skip


def build_database(folder: str, settings: Settings, wish: Wish, progress: Progress) -> BuildReport:
    """Build the advisory database from a folder of feeds and put it in place."""
    from assay.adapters.feedfiles import FeedDirectory
    from assay.flows import db

    feeds = FeedDirectory(Path(folder), LIMITS)
    return db.build_from(feeds, _place(settings), wish=wish, limits=LIMITS, progress=progress)


def update_database(settings: Settings, wish: Wish, progress: Progress, *, allow_shrink: bool = False) -> BuildReport:
    """Fetch the public feeds, build, put in place; those that made it are kept beside, for the next time."""
    import tempfile

    from assay.adapters.feedfetch import FeedFetch
    from assay.adapters.feedfiles import SpoolDirectory
    from assay.adapters.feedshelf import FeedShelf
    from assay.adapters.http import Http
    from assay.flows import db

    with tempfile.TemporaryDirectory(prefix="assay-feeds-") as folder:
        fetch = FeedFetch(Http(limits=LIMITS, env=os.environ))
        spool = SpoolDirectory(Path(folder), LIMITS)
        own = _places(settings)[0]
        shelf = FeedShelf(Path(f"{own}.feeds"))
        return db.update(
            fetch, spool, _place(settings), shelf=shelf, allow_shrink=allow_shrink, wish=wish, limits=LIMITS,
            progress=progress,
        )  # fmt: skip


def database_status(settings: Settings) -> tuple[DatabaseStatus, str]:
    """What the advisory database holds, each feed with its age; and a warning where it is old, else empty."""
    import msgspec

    from assay.flows import db
    from assay.flows.freshness import aged, warning

    status, now = db.status(_at(_found(settings))), clock().now()
    return msgspec.structs.replace(status, feeds=aged(status.feeds, now)), warning(status.feeds, now)


def verify_database(settings: Settings, wish: Wish) -> Verified:
    """Everything that can be checked about the database in use."""
    from assay.flows import db_verify

    return db_verify.check(_at(_found(settings)), wish, LIMITS)


def export_database(file: str, settings: Settings, wish: Wish) -> DatabaseStatus:
    """Copy the verified database to a file."""
    from assay.flows import db

    return db.export(_at(_found(settings)), file, wish, LIMITS)


def import_database(file: str, digest: str, settings: Settings, wish: Wish) -> DatabaseStatus:
    """Put an exported file in place."""
    from assay.flows import db

    return db.restore(_place(settings), file, digest, wish, LIMITS)


def database_difference(old: str, new: str) -> DatabaseDifference:
    """What differs between two database files."""
    from assay.flows import db_changes

    return db_changes.difference(_pair(old, new))


def renew_report(file: str, old: str, new: str, settings: Settings) -> Renewed:
    """A stored report as the database file `new` answers, asking again only what differs from `old`.

    Raises:
        MalformedError: no report of ours. UsageError: it was made with another database than `old`.
    """
    import msgspec

    from assay.bootstrap.machine import read_file
    from assay.dependencies.ssvc import deployment
    from assay.flows.rematch_report import renew
    from assay.formats import report as report_format

    report = report_format.read(read_file(file, LIMITS.sbom_bytes), file)
    knowledge = knowledge_of(msgspec.structs.replace(settings, database=new))
    where = deployment(settings.ssvc, settings.ssvc_source)
    knowledge = msgspec.structs.replace(knowledge, deployment=where)
    return renew(report, knowledge, database_difference(old, new), clock().now())


def write_delta(old: str, new: str, out: str) -> int:
    """Write the delta between two database files, with the new one's signature; its size in bytes."""
    from assay.bootstrap.machine import write_file
    from assay.flows import db_changes

    bundle = next(iter(_at(Path(new)).signatures()), b"")
    data = b"".join(db_changes.delta(_pair(old, new), bundle))
    write_file(out, data)
    return len(data)


def import_delta(file: str, settings: Settings, wish: Wish) -> DatabaseStatus:
    """Make the next database out of the one in place."""
    from assay.adapters.files import file_chunks
    from assay.flows import db_changes

    return db_changes.apply_delta(_place(settings), file_chunks(file), wish, where=Path(file).name, limits=LIMITS)


def push_database(
    text: str, settings: Settings, wish: Wish, bases: Sequence[str] = (), progress: Progress | None = None
) -> tuple[Pushed, DatabaseStatus]:
    """Push the verified database in use to a registry or an OCI layout, and what leads to it from earlier ones.

    Args:
        text: where to; deltas published there before are kept where they still lead to this one.
        settings: where the database lies.
        wish: who signs it, or whose signature it must have.
        bases: earlier databases to make deltas from: files, registry references, OCI layouts.
        progress: is told each base.
    """
    import tempfile

    from assay.adapters.files import file_chunks
    from assay.bootstrap.evidence import store_at
    from assay.flows import db, db_registry

    with tempfile.TemporaryDirectory(prefix="assay-push-") as folder, closing(store_at(text, settings)) as store:
        copy = Path(folder, "advisories.db")
        status = db.export(_at(_found(settings)), str(copy), wish, LIMITS)
        bundle = next(iter(_at(copy).signatures()), b"")
        deltas = [_delta_from(base, copy, bundle, Path(folder, f"base{n}"), settings, progress)
                  for n, base in enumerate(bases)]  # fmt: skip
        kept = db_registry.published(store, LIMITS)
        pushed = db_registry.push(
            file_chunks(str(copy)), bundle, status, store, deltas=deltas, kept=kept, limits=LIMITS
        )
        return pushed, status


def _delta_from(
    base: str, new: Path, bundle: bytes, folder: Path, settings: Settings, progress: Progress | None
) -> Delta:
    """What leads from the database at `base` to the one at `new`; `folder` takes what must be fetched."""
    from assay.flows import db_changes, db_registry
    from assay.flows.db import Wish

    if progress is not None:
        progress.stage(f"comparing with {base}")
    path = Path(base)
    if not path.is_file():
        from assay.bootstrap.machine import target_of
        from assay.bootstrap.stock import image_source

        path = folder / "advisories.db"
        with closing(image_source(target_of(base), settings)) as source:
            db_registry.pull(source, _at(path), Wish(now=clock().now()), LIMITS)
    pair = _pair(str(path), str(new))
    return db_registry.Delta(base=pair.old.content_digest, data=b"".join(db_changes.delta(pair, bundle)))


def pull_database(locations: Sequence[str], settings: Settings, wish: Wish, progress: Progress) -> tuple[str, Pulled]:
    """Fetch the database from the first location that answers: a file, a registry reference, an OCI layout.

    From the latter two only the deltas come, where they lead on from the one in place.
    """
    from assay.flows import db, db_registry

    place = _place(settings)

    def fetch(location: str) -> Pulled:
        if Path(location).is_file():
            return db_registry.Pulled(status=db.restore(place, location, "", wish, LIMITS), how="file")
        from assay.bootstrap.machine import target_of
        from assay.bootstrap.stock import image_source

        progress.stage(f"fetching {location}")
        with closing(image_source(target_of(location), settings)) as source:
            return db_registry.pull(source, place, wish, LIMITS, progress)

    return db_registry.first_of(locations, fetch, progress)


def _pair(old: str, new: str) -> DatabasePair:
    from assay.adapters.advisorydb_delta import DatabasePair
    from assay.flows.db import encoders

    return DatabasePair(Path(old), Path(new), encoders())


def _usable(path: Path, settings: Settings) -> Approval:
    """What is asked of the database each time it is opened."""
    from assay.flows.db_numbers import refuse_rollback
    from assay.ports.databases import Candidate

    seen = _at(path).seen()
    keys = _keys(settings.database_key)
    if keys is not None:  # only then are the readers of signatures loaded
        from assay.flows.db_trust import Demand, using

        return using(Demand(keys=keys, now=clock().now(), seen=seen, limits=LIMITS))

    def newest_here(candidate: Candidate) -> bytes:
        refuse_rollback(candidate.status(), seen)
        return b""

    return newest_here


def _keys(path: str) -> Keyring | None:
    if not path:
        return None
    from assay.bootstrap.evidence import keyring

    return keyring([path])


def _found(settings: Settings) -> Path:
    """Where the database to read lies: the first of the places that has one, else the first."""
    places = _places(settings)
    return next((place for place in places if place.exists()), places[0])


def _places(settings: Settings) -> list[Path]:
    """The places of `--db`, separated as in PATH; a whole text that is a file's name is that file."""
    whole = Path(settings.database)
    if whole.exists():
        return [whole]
    return [Path(text) for text in settings.database.split(os.pathsep) if text] or [whole]


def _place(settings: Settings) -> DatabaseFile:
    """Where a database is put: the first of the places."""
    return _at(_places(settings)[0])


def _at(path: Path) -> DatabaseFile:
    from assay.adapters.advisorydb_place import DatabaseFile
    from assay.dependencies.versions import encoder_versions

    return DatabaseFile(path, encoder_versions(), LIMITS)
