"""Package indexes plugged in."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from assay.bootstrap.machine import LIMITS, clock

if TYPE_CHECKING:
    from assay.model.index_state import IndexState
    from assay.model.inventory import Inventory
    from assay.ports.world import Progress
    from assay.settings import Settings

_SECONDS = 300
_THREADS = 8


def ask_indexes(
    inventories: Sequence[Inventory], settings: Settings, progress: Progress
) -> tuple[tuple[Inventory, ...], tuple[IndexState, ...]]:
    """Ask the indexes of this machine's pip, npm and cargo which packages were taken back; five minutes at most."""
    from assay.adapters.answershelf import FileAnswers
    from assay.adapters.http import Http
    from assay.adapters.packageindexes import HostIndexes
    from assay.adapters.workers import Threads
    from assay.flows import ask_indexes as flow

    limits = msgspec.structs.replace(LIMITS, http_retries_count=1)
    http = Http(limits=limits, insecure=settings.insecure, env=os.environ, overall=_SECONDS)
    return flow.ask_indexes(
        inventories, HostIndexes(http, os.environ), FileAnswers(Path(f"{settings.cache}-indexes.json")),
        Threads(_THREADS), now=clock().now(), internal=settings.internal_names, limits=LIMITS, progress=progress,
    )  # fmt: skip
