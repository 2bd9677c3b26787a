"""Specs, locks, the content store and builds, on this machine."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from assay.bootstrap.machine import LIMITS, read_file, target_of, write_file
from assay.bootstrap.specs import lock_path, reviewed_scripts
from assay.bootstrap.specs import read_placed as read_placed  # noqa: PLC0414  (the shop window takes it from here)
from assay.model.digest import Digest
from assay.model.errors import UsageError

if TYPE_CHECKING:
    from assay.adapters.contentstore import FolderContentStore
    from assay.build.lock import Change, Lock
    from assay.build.run import Context
    from assay.build.spec_lint import Advice
    from assay.build.spec_read import PlacedSpec
    from assay.flows.build import Built
    from assay.flows.fetch import Fetched
    from assay.flows.lock import Locking
    from assay.flows.lock_debian import DebianTools
    from assay.flows.lock_git import GitTools
    from assay.flows.steps import Stand
    from assay.flows.store import Cleaned, Moved, Rot
    from assay.model.rebuilding import RebuildReport
    from assay.settings import Settings
    from assay.source.archive_diff import Comparison
    from assay.source.archive_trace import Joined


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
    previous = _lock_if_there(goal)
    if update and previous is None:
        raise UsageError("there is no lock to update", where=str(goal), remedy="run `assay lock` without --update")
    folder = Path(path).absolute().parent
    with _store(settings).using() as store:
        at = Locking(
            inputs=FolderInputs(folder, LIMITS), store=store, limits=LIMITS, own_files=_beside(folder, goal),
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


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """What a build made, and what is known of it beside the image."""

    built: Built
    context: Context
    """What the build's statements share."""
    target: str
    """The image, as other commands take it."""
    report: RebuildReport | None = None
    """What its rebuilds say; None where none was asked for, or a test failed before."""
    outdated: tuple[str, ...] = ()
    """Folders beside the spec that hold something else by now than what the lock pins, and the image has."""

    @property
    def refused(self) -> bool:
        """Whether it was not published because a rebuild differs, or nobody could tell."""
        wish = self.context.spec.assurance.rebuild.on_difference
        return self.report is not None and wish == "fail" and not self.report.is_same

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of tests that failed."""
        return tuple(one.name for one in self.built.tests if not one.passed)

    @property
    def sources(self) -> Mapping[str, Joined]:
        """Archives that were compared with their tags, after the build: what was found, weighed by what was opened."""
        from assay.flows.build_evidence import sources

        return sources(self.context.lock, self.built.steps)


def build_spec(
    path: str, output: str, settings: Settings, *, lock: str = "", builder_id: str = "", rebuilt: bool | None = None,
    cached: bool = True,
) -> Finished:  # fmt: skip
    """Build a spec from its lock and the store into an OCI layout, run its tests, and build it again where asked for.

    Args:
        path: the spec.
        output: `oci-dir:PATH[:tag]`; without a tag the version of the spec is one.
        settings: where the store lies.
        lock: another place of the lock.
        builder_id: who builds; empty for a workstation nobody vouches for.
        rebuilt: whether it is built again before it is published; None as the spec says, which asks for it by writing
            `assurance.rebuild`.
        cached: whether results of steps are taken from earlier builds. What is to be built again is run in any case.

    Raises:
        UsageError: there is no lock. UntrustedError: it is another spec's, or an input has changed.
    """
    from assay import __version__
    from assay.adapters.clock import WallClock
    from assay.adapters.layout_sink import layout_sink
    from assay.adapters.spool import FileSpool
    from assay.adapters.stepresults import FolderStepResults
    from assay.adapters.varying import Machine
    from assay.adapters.workers import Threads
    from assay.bootstrap.machine import clock
    from assay.bootstrap.rebuilding import Recipe, assured, run_of
    from assay.build import lock as locks
    from assay.build.run import WORKSTATION, Run, When
    from assay.flows.build import build
    from assay.flows.build_evidence import context
    from assay.flows.step_cache import keep

    placed = read_placed(path)
    spec = placed.spec
    found, stale = _pinned(path, placed, lock)  # before the layout lies there: it may lie in a source
    folder, tag = _layout(output)
    tag = tag or re.sub(r"[^A-Za-z0-9_.-]", "-", spec.metadata.version)
    stand = _stand() if spec.steps or spec.image.tests else None
    results = FolderStepResults(Path(settings.store))
    again = "assurance.rebuild" in placed.places.table if rebuilt is None else rebuilt
    if stand is not None and cached and not again:
        stand = msgspec.structs.replace(stand, results=results)
    conditions, report = Machine(LIMITS).conditions(), None
    with _store(settings).using() as store, closing(FileSpool()) as spool, layout_sink(folder, LIMITS) as sink:
        started, begun = clock().now(), WallClock().now()
        # Under a clock that stands still no order of times means anything.
        fetched = "" if os.environ.get("SOURCE_DATE_EPOCH") else store.last_written(locks.blobs(found))
        built = build(
            placed,
            found,
            store,
            spool,
            sink,
            tag=tag,
            limits=LIMITS,
            reviewed=reviewed_scripts(),
            stand=stand,
            sharing=Threads(settings.workers).map,
            ahead=Threads(settings.workers).ahead,
            published=not again,
        )
        if again and all(one.passed for one in built.tests):
            under = msgspec.structs.replace(conditions, started=_seconds(begun), finished=_seconds(WallClock().now()))
            first = run_of(built, sink.source(built.root, spec.metadata.name), under, spool)
            report = assured(Recipe(placed=placed, lock=found), first, settings)
            if report.is_same or spec.assurance.rebuild.on_difference != "fail":
                sink.publish(built.root, tag)
        when = When(
            invocation_id=f"urn:uuid:{uuid.uuid4()}", fetched_on=fetched, sealed_on=built.sealed_on,
            checked_on=built.checked_on,
        )  # fmt: skip
        if cached and (report is None or report.is_same):
            for step in built.steps:
                keep(results, step.key, step.left, when, epoch=found.epoch, store=store, spool=spool, limits=LIMITS)
    run = Run(
        builder_id=builder_id or WORKSTATION,
        builder_version={"assay": __version__},
        invocation_id=when.invocation_id,
        started_on=started,
        finished_on=clock().now(),
        sealed_on=built.sealed_on or started,
        fetched_on=fetched,
        checked_on=built.checked_on,
        conditions=conditions,
        rebuild=report,
    )
    return Finished(
        built=built, context=context(spec, found, run), target=f"oci-dir:{folder}:{tag}", report=report, outdated=stale
    )


def _pinned(path: str, placed: PlacedSpec, lock: str) -> tuple[Lock, tuple[str, ...]]:
    """The lock of a spec, held to it; and names of folders that hold something else by now than what it pins."""
    from assay.adapters.localinputs import FolderInputs
    from assay.flows.build import check_fit
    from assay.flows.lock import outdated

    goal = Path(lock) if lock else lock_path(path, placed)
    found = _lock_if_there(goal)
    if found is None:
        raise UsageError("there is no lock", where=str(goal), remedy=f"run `assay lock {path}` first")
    check_fit(placed.spec, found)
    folder = Path(path).absolute().parent
    return found, outdated(placed.spec, found, FolderInputs(folder, LIMITS), _beside(folder, goal), LIMITS)


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def _stand() -> Stand:
    from assay.adapters import sandboxes
    from assay.adapters.workshop import FolderWorkshop
    from assay.bootstrap.machine import clock, host
    from assay.flows.steps import Stand

    return Stand(sandbox=sandboxes.best(), workshop=FolderWorkshop(LIMITS), clock=clock(), platform=str(host()))


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


def clean_store(lock_files: Sequence[str], settings: Settings, *, dry_run: bool = False) -> Cleaned:
    """Remove from the store what none of the locks needs."""
    from assay.adapters.stepresults import FolderStepResults
    from assay.flows import store as flow

    with _store(settings).using(alone=not dry_run) as store:
        done = flow.clean(store, _needed(lock_files), dry_run=dry_run)
        if not dry_run:
            store.sweep()
            FolderStepResults(Path(settings.store)).clear()  # what they left is no input of any lock, so it is gone
        return done


def verify_store(lock_files: Sequence[str], settings: Settings) -> tuple[int, tuple[Rot, ...]]:
    """Read everything in the store, or everything the locks need, to its end."""
    from assay.flows import store as flow

    with _store(settings).using() as store:
        wanted = _needed(lock_files) if lock_files else [blob.digest for blob in store.blobs()]
        return flow.verify(store, wanted)


def export_store(output: str, lock_files: Sequence[str], settings: Settings) -> Moved:
    """Write the store, or what the locks need of it, as an OCI artifact into a layout."""
    from assay.adapters.layout_sink import layout_sink
    from assay.flows import store as flow

    folder, _ = _layout(output)
    with _store(settings).using() as store, layout_sink(folder, LIMITS) as sink:
        wanted = _needed(lock_files) if lock_files else [blob.digest for blob in store.blobs()]
        return flow.export(store, wanted, sink, LIMITS)


def import_store(target: str, settings: Settings) -> Moved:
    """Take the blobs of an exported store."""
    from assay.bootstrap.stock import image_source
    from assay.flows import store as flow

    with closing(image_source(target_of(target), settings)) as source, _store(settings).using() as store:
        return flow.import_(source, store, LIMITS)


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
    with _store(settings).using() as store, closing(Http(limits=LIMITS, insecure=EVERYBODY, env=os.environ)) as http:
        return fetch(lock, store, InputFetch(http), inputs, LIMITS)


class _Store:
    """The store of the settings, opened for use."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    @contextmanager
    def using(self, *, alone: bool = False) -> Iterator[FolderContentStore]:
        from assay.adapters.contentstore import FolderContentStore

        store = FolderContentStore(Path(self._folder))
        with store.hold(alone=alone):
            yield store


def _store(settings: Settings) -> _Store:
    return _Store(settings.store)


def _lock_if_there(path: Path) -> Lock | None:
    from assay.build import lock as locks

    if not path.exists():
        return None
    return locks.read(read_file(str(path), LIMITS.build_lock_bytes), where=path.name)


def _needed(lock_files: Sequence[str]) -> list[Digest]:
    from assay.build import lock as locks

    found = [locks.read(read_file(path, LIMITS.build_lock_bytes), where=path) for path in lock_files]
    return [digest for lock in found for digest in locks.blobs(lock)]


def _layout(output: str) -> tuple[Path, str]:
    """The folder and the tag of `oci-dir:PATH[:TAG]`, which need not be there yet."""
    scheme, colon, rest = output.partition(":")
    found = re.fullmatch(r"(.+?)(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?", rest, re.DOTALL)
    last = found[1].rpartition("/")[2] if found else ""
    if scheme != "oci-dir" or not colon or found is None or "@" in last or last.endswith(":"):
        raise UsageError(
            "not a place to build into",
            why=repr(output),
            remedy="write oci-dir:PATH or oci-dir:PATH:TAG; `assay load` brings it to a registry",
        )
    return Path(found[1]), found[2] or ""


def _beside(folder: Path, goal: Path) -> tuple[str, ...]:
    try:
        return (goal.absolute().relative_to(folder).as_posix(),)
    except ValueError:
        return ()
