"""The advisory database: where it lies, how it is made, fetched, carried."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from assay.bootstrap.machine import LIMITS

if TYPE_CHECKING:
    from assay.adapters.advisorydb_place import DatabaseFile
    from assay.flows.feeds import BuildReport
    from assay.flows.scan import Knowledge
    from assay.ports.stores import DatabaseStatus
    from assay.ports.world import Progress
    from assay.settings import Settings


def knowledge_of(settings: Settings) -> Knowledge:
    """The database to match against, or the reason why there is none."""
    from assay.dependencies import ssvc
    from assay.flows.scan import Knowledge
    from assay.model.lifecycle import Horizon

    where = ssvc.deployment(settings.ssvc, settings.ssvc_source)
    if not Path(settings.database).exists():
        why = "there is no advisory database; run `assay db update`, or `assay db build --from DIR`"
        return Knowledge(store=None, absent=why)
    from assay.adapters.advisorydb import AdvisoryDatabase
    from assay.flows.db import encoders

    store = AdvisoryDatabase(Path(settings.database), encoders())
    horizon = Horizon(days=settings.eol_days, extended=settings.extended_support)
    return Knowledge(store=store, lifecycles=store, horizon=horizon, deployment=where)


def build_database(folder: str, settings: Settings, progress: Progress) -> BuildReport:
    """Build the advisory database from a folder of feeds and put it in place."""
    from assay.adapters.feedfiles import FeedDirectory
    from assay.flows import db

    return db.build_from(FeedDirectory(Path(folder), LIMITS), _place(settings), limits=LIMITS, progress=progress)


def update_database(settings: Settings, progress: Progress) -> BuildReport:
    """Fetch the public feeds, build, put in place."""
    import tempfile

    from assay.adapters.feedfetch import FeedFetch
    from assay.adapters.feedfiles import SpoolDirectory
    from assay.adapters.http import Http
    from assay.flows import db

    with tempfile.TemporaryDirectory(prefix="assay-feeds-") as folder:
        fetch = FeedFetch(Http(limits=LIMITS, env=os.environ))
        spool = SpoolDirectory(Path(folder), LIMITS)
        return db.update(fetch, spool, _place(settings), limits=LIMITS, progress=progress)


def database_status(settings: Settings) -> DatabaseStatus:
    """What the advisory database holds."""
    from assay.flows import db

    return db.status(_place(settings))


def export_database(file: str, settings: Settings) -> DatabaseStatus:
    """Copy the verified database to a file."""
    from assay.flows import db

    return db.export(_place(settings), file)


def import_database(file: str, digest: str, settings: Settings) -> DatabaseStatus:
    """Put an exported file in place."""
    from assay.flows import db

    return db.restore(_place(settings), file, digest)


def _place(settings: Settings) -> DatabaseFile:
    from assay.adapters.advisorydb_place import DatabaseFile
    from assay.flows.db import encoders

    return DatabaseFile(Path(settings.database), encoders())
