"""Locks of specs on this machine: made, held against what was, fetched."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from assay.bootstrap.content_stores import store_of
from assay.bootstrap.machine import LIMITS, read_file, write_file
from assay.bootstrap.specs import beside, lock_if_there, lock_path, read_placed
from assay.model.errors import UsageError

if TYPE_CHECKING:
    from assay.adapters.contentstore import FolderContentStore
    from assay.build.lock import Change, Lock
    from assay.build.spec_lint import Advice
    from assay.build.spec_read import PlacedSpec
    from assay.flows.fetch import Fetched
    from assay.flows.lock import Locking
    from assay.flows.lock_debian import DebianTools
    from assay.flows.lock_git import GitTools
    from assay.settings import Settings
    from assay.source.archive_diff import Comparison


class Locked(msgspec.Struct, frozen=True):
    """What `lock` found."""

    path: str
    """Of the lock file."""
    changes: tuple[Change, ...]
    """Against the lock that was there; empty also for a first one."""
    first: bool
    inputs_count: int
    advice: tuple[Advice, ...]
    compared: tuple[tuple[str, Comparison], ...] = ()
    """Archives against the tags they claim to be."""
    alarming: tuple[str, ...] = ()
    """Sources with a difference of high weight that the lock which was there did not hold of the same archive."""


def lint_spec(path: str) -> tuple[Advice, ...]:
    """What a spec says and should not."""
    from assay.build.spec_lint import lint

    return lint(read_placed(path))


def lock_spec(path: str, settings: Settings, *, check: bool = False, update: str = "", lock: str = "") -> Locked:
    """Bring every input of a spec into the store and write its lock beside it.

    Args:
        path: the spec.
        settings: where the store lies.
        check: write nothing; say what would change.
        update: the one source to look at again.
        lock: another place for the lock.

    Raises:
        UntrustedError: an input has another digest than the spec says.
    """
    from assay.adapters.clients import Clients
    from assay.adapters.http import Http
    from assay.adapters.http_urls import EVERYBODY
    from assay.adapters.inputfetch import InputFetch
    from assay.adapters.localinputs import FolderInputs
    from assay.build import lock as locks
    from assay.build.spec_lint import lint
    from assay.flows.lock import Locking, make_lock

    placed = read_placed(path)
    goal = Path(lock) if lock else lock_path(path, placed)
    previous = lock_if_there(goal)
    if update and previous is None:
        raise UsageError("there is no lock to update", where=str(goal), remedy="run `assay lock` without --update")
    folder = Path(path).absolute().parent
    with store_of(settings) as store:
        at = Locking(
            inputs=FolderInputs(folder, LIMITS), store=store, limits=LIMITS, own_files=beside(folder, goal),
            fetcher=InputFetch(Http(limits=LIMITS, insecure=EVERYBODY, env=os.environ)),
        )  # fmt: skip
        if _needs_git(placed):
            at = msgspec.structs.replace(at, git=_git_tools(store), compared=[])
        if placed.spec.dependencies:
            at = msgspec.structs.replace(at, clients=Clients())
        if placed.spec.debian:
            at = msgspec.structs.replace(at, debian=_debian_tools(at))
        made = make_lock(placed, at, previous=previous, update=update)
        if not check:
            write_file(str(goal), locks.write(made))
    changes = locks.difference(previous, made) if previous is not None else ()
    return Locked(
        str(goal), changes, previous is None, len(locks.blobs(made)), lint(placed), compared=tuple(at.compared),
        alarming=_alarming(previous, made),
    )  # fmt: skip


def fetch_locked(lock_file: str, settings: Settings) -> Fetched:
    """Bring what a lock pins into the store; files of its spec are looked for beside the lock."""
    from assay.adapters.http import Http
    from assay.adapters.http_urls import EVERYBODY
    from assay.adapters.inputfetch import InputFetch
    from assay.adapters.localinputs import FolderInputs
    from assay.build import lock as locks
    from assay.flows.fetch import fetch

    lock = locks.read(read_file(lock_file, LIMITS.build_lock_bytes), where=lock_file)
    inputs = FolderInputs(Path(lock_file).absolute().parent, LIMITS)
    with store_of(settings) as store, closing(Http(limits=LIMITS, insecure=EVERYBODY, env=os.environ)) as http:
        return fetch(lock, store, InputFetch(http), inputs, LIMITS)


def _alarming(previous: Lock | None, made: Lock) -> tuple[str, ...]:
    from assay.build.lock import ArchiveLock

    found = []
    for name, source in sorted(made.sources.items()):
        if not isinstance(source, ArchiveLock) or isinstance(source.compared, msgspec.UnsetType):
            continue
        old = previous.sources.get(name) if previous is not None else None
        known = old.compared if isinstance(old, ArchiveLock) and old.sha256 == source.sha256 else msgspec.UNSET
        before = set() if isinstance(known, msgspec.UnsetType) else set(known.differences)
        if any(one.severity == "high" and one not in before for one in source.compared.differences):
            found.append(name)
    return tuple(found)


def _needs_git(placed: PlacedSpec) -> bool:
    from assay.build.spec import ArchiveSource, GitSource

    return any(
        isinstance(source, GitSource) or (isinstance(source, ArchiveSource) and source.compare_git is not None)
        for source in placed.spec.sources.values()
    )


def _git_tools(store: FolderContentStore) -> GitTools:
    import time

    from assay.adapters.git import Git
    from assay.adapters.gpgv import Gpgv
    from assay.flows.lock_git import GitTools

    # not SOURCE_DATE_EPOCH: whether a key is still allowed is judged by today
    return GitTools(fetcher=Git(), verifier=Gpgv(), store=store, limits=LIMITS, now=int(time.time()))


def _debian_tools(at: Locking) -> DebianTools:
    from datetime import UTC, datetime

    from assay.adapters.apt import Apt, AptSources
    from assay.adapters.gpgv import Gpgv
    from assay.flows.lock_debian import DebianTools

    return DebianTools(
        verifier=Gpgv(), resolver=Apt(), sources=AptSources(), inputs=at.inputs, fetcher=at.fetcher, store=at.store,
        limits=LIMITS, now=datetime.now(UTC),  # not SOURCE_DATE_EPOCH: a mirror is judged by today
    )  # fmt: skip
