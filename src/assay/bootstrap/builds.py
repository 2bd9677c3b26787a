"""Builds on this machine, from a spec and its lock to an image in a layout."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from assay.bootstrap.content_stores import store_of
from assay.bootstrap.layouts import layout_of
from assay.bootstrap.machine import LIMITS
from assay.bootstrap.specs import beside, lock_if_there, lock_path, read_placed, reviewed_scripts
from assay.model.errors import UsageError

if TYPE_CHECKING:
    from assay.build.lock import Lock
    from assay.build.run import Context, Run, When
    from assay.build.spec_read import PlacedSpec
    from assay.flows.build import Built
    from assay.flows.steps import Stand
    from assay.model.rebuilding import RebuildReport
    from assay.ports.stores import StepResults
    from assay.settings import Settings
    from assay.source.archive_trace import Joined


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
    from assay.adapters.clock import WallClock
    from assay.adapters.layout_sink import layout_sink
    from assay.adapters.spool import FileSpool
    from assay.adapters.stepresults import FolderStepResults
    from assay.adapters.varying import Machine
    from assay.adapters.workers import Threads
    from assay.bootstrap.machine import clock
    from assay.bootstrap.rebuilding import Recipe, assured, run_of
    from assay.build import lock as locks
    from assay.build.run import When
    from assay.flows.build import build
    from assay.flows.build_evidence import context
    from assay.flows.step_cache import keep

    placed = read_placed(path)
    spec = placed.spec
    found, stale = _pinned(path, placed, lock)  # before the layout lies there: it may lie in a source
    folder, tag = layout_of(output)
    tag = tag or re.sub(r"[^A-Za-z0-9_.-]", "-", spec.metadata.version)
    again = "assurance.rebuild" in placed.places.table if rebuilt is None else rebuilt
    results = FolderStepResults(Path(settings.store))
    stand = _stand(results if cached and not again else None) if spec.steps or spec.image.tests else None
    conditions, report = Machine(LIMITS).conditions(), None
    with store_of(settings) as store, closing(FileSpool()) as spool, layout_sink(folder, LIMITS) as sink:
        started, begun = clock().now(), WallClock().now()
        # Under a clock that stands still no order of times means anything.
        fetched = "" if os.environ.get("SOURCE_DATE_EPOCH") else store.last_written(locks.blobs(found))
        threads = Threads(settings.workers)
        built = build(
            placed, found, store, spool, sink, tag=tag, limits=LIMITS, reviewed=reviewed_scripts(), stand=stand,
            sharing=threads.map, ahead=threads.ahead, published=not again,
        )  # fmt: skip
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
    run = msgspec.structs.replace(_run(builder_id, started, when), conditions=conditions, rebuild=report)
    return Finished(
        built=built, context=context(spec, found, run), target=f"oci-dir:{folder}:{tag}", report=report, outdated=stale
    )


def _run(builder_id: str, started: str, when: When) -> Run:
    """What this run of the builder adds to a build's statements; it ends now."""
    from assay import __version__
    from assay.bootstrap.machine import clock
    from assay.build.run import WORKSTATION, Run

    return Run(
        builder_id=builder_id or WORKSTATION,
        builder_version={"assay": __version__},
        invocation_id=when.invocation_id,
        started_on=started,
        finished_on=clock().now(),
        sealed_on=when.sealed_on or started,
        fetched_on=when.fetched_on,
        checked_on=when.checked_on,
    )


def _pinned(path: str, placed: PlacedSpec, lock: str) -> tuple[Lock, tuple[str, ...]]:
    """The lock of a spec, held to it; and names of folders that hold something else by now than what it pins."""
    from assay.adapters.localinputs import FolderInputs
    from assay.flows.build import check_fit
    from assay.flows.lock import outdated

    goal = Path(lock) if lock else lock_path(path, placed)
    found = lock_if_there(goal)
    if found is None:
        raise UsageError("there is no lock", where=str(goal), remedy=f"run `assay lock {path}` first")
    check_fit(placed.spec, found)
    folder = Path(path).absolute().parent
    return found, outdated(placed.spec, found, FolderInputs(folder, LIMITS), beside(folder, goal), LIMITS)


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def _stand(results: StepResults | None) -> Stand:
    """Where steps and tests run; with results of earlier builds where some may be taken."""
    from assay.adapters import sandboxes
    from assay.adapters.workshop import FolderWorkshop
    from assay.bootstrap.machine import clock, host
    from assay.flows.steps import Stand

    return Stand(
        sandbox=sandboxes.best(), workshop=FolderWorkshop(LIMITS), clock=clock(), platform=str(host()), results=results
    )
