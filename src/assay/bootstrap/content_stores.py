"""The content store of builds on this machine: opened, cleaned, verified, exported, imported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from assay.bootstrap.layouts import layout_of
from assay.bootstrap.machine import LIMITS, read_file, target_of
from assay.model.digest import Digest

if TYPE_CHECKING:
    from assay.adapters.contentstore import FolderContentStore
    from assay.flows.store import Cleaned, Moved, Rot
    from assay.settings import Settings


@contextmanager
def store_of(settings: Settings, *, alone: bool = False) -> Iterator[FolderContentStore]:
    """The store of the settings, held while it is used; by nobody else where it is to be `alone`."""
    from assay.adapters.contentstore import FolderContentStore

    store = FolderContentStore(Path(settings.store))
    with store.hold(alone=alone):
        yield store


def clean_store(lock_files: Sequence[str], settings: Settings, *, dry_run: bool = False) -> Cleaned:
    """Remove from the store what none of the locks needs."""
    from assay.adapters.stepresults import FolderStepResults
    from assay.flows import store as flow

    with store_of(settings, alone=not dry_run) as store:
        done = flow.clean(store, _needed(lock_files), dry_run=dry_run)
        if not dry_run:
            store.sweep()
            FolderStepResults(Path(settings.store)).clear()  # what they left is no input of any lock, so it is gone
        return done


def verify_store(lock_files: Sequence[str], settings: Settings) -> tuple[int, tuple[Rot, ...]]:
    """Read everything in the store, or everything the locks need, to its end."""
    from assay.flows import store as flow

    with store_of(settings) as store:
        wanted = _needed(lock_files) if lock_files else [blob.digest for blob in store.blobs()]
        return flow.verify(store, wanted)


def export_store(output: str, lock_files: Sequence[str], settings: Settings) -> Moved:
    """Write the store, or what the locks need of it, as an OCI artifact into a layout."""
    from assay.adapters.layout_sink import layout_sink
    from assay.flows import store as flow

    folder, _ = layout_of(output)
    with store_of(settings) as store, layout_sink(folder, LIMITS) as sink:
        wanted = _needed(lock_files) if lock_files else [blob.digest for blob in store.blobs()]
        return flow.export(store, wanted, sink, LIMITS)


def import_store(target: str, settings: Settings) -> Moved:
    """Take the blobs of an exported store."""
    from assay.bootstrap.stock import image_source
    from assay.flows import store as flow

    with closing(image_source(target_of(target), settings)) as source, store_of(settings) as store:
        return flow.import_(source, store, LIMITS)


def _needed(lock_files: Sequence[str]) -> list[Digest]:
    from assay.build import lock as locks

    found = [locks.read(read_file(path, LIMITS.build_lock_bytes), where=path) for path in lock_files]
    return [digest for lock in found for digest in locks.blobs(lock)]
