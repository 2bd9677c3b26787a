"""VEX repositories plugged in: folders of this machine, and remote ones by their copies."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

from assay.bootstrap.machine import LIMITS

if TYPE_CHECKING:
    from assay.adapters.feedfetch import FeedFetch
    from assay.model.errors import AssayError
    from assay.model.inventory import Inventory
    from assay.settings import Settings
    from assay.trust.vex_found import Found
    from assay.trust.vex_repositories import VexRepository

REPOSITORY = "repo:"
"""Before what is given with `--vex`: a repository instead of a file."""


class _Search(Protocol):
    @property
    def offline(self) -> bool: ...


def repositories_of(texts: Sequence[str], file: str, *, unasked: bool) -> tuple[VexRepository, ...]:
    """The repositories somebody named, then those of the settings' file, each once.

    Args:
        texts: folders and addresses; an address the file has a row for is that row.
        file: with `[[vex.repository]]` rows; empty = none.
        unasked: whether the file's rows are looked into without being named.

    Raises:
        UsageError, MalformedError: no address, a file that is missing or damaged.
    """
    if not texts and not (file and unasked):
        return ()
    from assay.adapters.files import read_file
    from assay.trust import vex_repositories

    rows: tuple[VexRepository, ...] = ()
    if file:
        read = vex_repositories.read(read_file(file, LIMITS.vex_trust_bytes), where=Path(file).name)
        beside = Path(file).parent
        rows = tuple(
            msgspec.structs.replace(row, folder=str(beside / row.folder)) if row.folder else row for row in read
        )
    named = tuple(vex_repositories.named(text, rows) for text in texts)
    return (*named, *(row for row in rows if unasked and row not in named))


class Library:
    """What repositories say; each remote one is asked for news at most once, when its first inventory comes."""

    def __init__(self, rows: Sequence[VexRepository], search: _Search, settings: Settings, now: str) -> None:
        self._rows, self._offline, self._now = rows, search.offline, now
        self._place = Path(f"{settings.cache}-vex")
        self._troubles: dict[str, AssayError | None] = {}

    def of(self, inventory: Inventory) -> Iterator[Found]:
        """What they have for its packages, in their order.

        Raises:
            MalformedError: a folder that is no repository.
        """
        for row in self._rows:
            yield from self._remote(row, inventory) if row.url else self._local(row, inventory)

    def _local(self, row: VexRepository, inventory: Inventory) -> Iterator[Found]:
        from assay.adapters.vexfolder import VexFolder
        from assay.flows.vex_folders import in_repository

        for one in in_repository(VexFolder(Path(row.folder)), row.name, inventory, LIMITS):
            yield msgspec.structs.replace(one, vouched=row.vouched)

    def _remote(self, row: VexRepository, inventory: Inventory) -> Iterator[Found]:
        from assay.adapters.vexshelf import VexShelf
        from assay.flows.vex_repositories import in_copy, refresh

        shelf = VexShelf(self._place, LIMITS)
        if row.url not in self._troubles:
            self._troubles[row.url] = refresh(row, shelf, self._fetch(), self._now, LIMITS)
        yield from in_copy(row, shelf, self._troubles[row.url], inventory, self._now, LIMITS)

    def _fetch(self) -> FeedFetch | None:
        if self._offline:
            return None
        from assay.adapters.feedfetch import FeedFetch
        from assay.adapters.http import Http

        return FeedFetch(Http(limits=LIMITS, env=os.environ))
