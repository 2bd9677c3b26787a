"""Builds done again under other conditions, on this machine."""

from __future__ import annotations

from contextlib import ExitStack, closing
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from assay.bootstrap.comparing import source_of
from assay.bootstrap.machine import LIMITS, host, read_file
from assay.bootstrap.specs import lock_path, read_placed, reviewed_scripts
from assay.model.errors import UnsupportedError, UntrustedError, UsageError

if TYPE_CHECKING:
    from assay.adapters.spool import FileSpool
    from assay.bootstrap.verification import Search, Trusted
    from assay.build.lock import Lock
    from assay.build.rebuilders import Agreement
    from assay.build.spec_read import PlacedSpec
    from assay.flows.attest import Attached
    from assay.flows.build import Built
    from assay.flows.rebuild import Run
    from assay.flows.signing import BundleMaker
    from assay.model.comparison import Comparison, Conditions
    from assay.model.digest import Digest
    from assay.model.image import Platform, Subject
    from assay.model.rebuilding import RebuildReport, VariationName
    from assay.ports.content import ImageSource
    from assay.ports.varying import Varying
    from assay.settings import Settings


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """What is built again."""

    placed: PlacedSpec
    lock: Lock
    whence: str = ""
    """Where spec and lock were read."""


class RebuildWish(msgspec.Struct, frozen=True, kw_only=True):
    """How to build again."""

    vary: tuple[VariationName, ...] = ()
    """Empty: what the spec says, and where it says nothing all there is."""
    times: int = 0
    """0: as often as the spec says."""
    bisect: bool = False
    allowed: tuple[str, ...] = ()
    platform: Platform | None = None


ALL: tuple[VariationName, ...] = ("uid", "cpus", "order", "clock", "kernel", "umask")


def recipe_of(path: str, lock: str = "") -> Recipe:
    """A spec and its lock from files.

    Raises:
        UsageError: there is no lock. UntrustedError: it is another spec's.
    """
    from assay.build import lock as locks
    from assay.flows.build import check_lock

    placed = read_placed(path)
    goal = Path(lock) if lock else lock_path(path, placed)
    if not goal.exists():
        raise UsageError("there is no lock", where=str(goal), remedy=f"run `assay lock {path}` first")
    found = locks.read(read_file(str(goal), LIMITS.build_lock_bytes), where=goal.name)
    check_lock(placed.spec, found)
    return Recipe(placed=placed, lock=found, whence=Path(path).name)


def is_spec(target: str) -> bool:
    """Whether a target is a spec: a file that is no JSON document.

    Raises:
        UsageError: it is called as a spec is, and no such file is there: no registry is asked for it.
    """
    path = Path(target)
    is_called_so = path.suffix in (".yaml", ".yml")
    if is_called_so and ":" not in target and not path.exists():
        raise UsageError("no such file", where=target, remedy="check the path")
    return is_called_so and path.is_file()


def recipe_beside(target: str, spec: str, lock: str, image: str, settings: Settings) -> tuple[Recipe, str]:
    """What an image or a file of provenance was built from, and the image to compare with.

    Args:
        target: an image, or a file with a bundle, an envelope or a statement: provenance, or a build record.
        spec: the spec, where it is known; else the build record says it.
        lock: its lock.
        image: the image of a file of provenance.

    Raises:
        UsageError: nobody says what it was built from, or where the image is.
        UntrustedError: the provenance names another spec or lock. UnavailableError: no record is attached.
    """
    from assay.flows import recipe as flow
    from assay.formats import predicates

    if not Path(target).is_file():
        if spec:
            return recipe_of(spec, lock), target
        return _recipe_of_image(target, settings), target
    data = read_file(target, LIMITS.bundle_bytes)
    told = flow.statement_of(data, where=Path(target).name, limits=LIMITS)
    if not image:
        raise UsageError(
            "where is the image?", where=target, why="provenance names it by digest only",
            remedy="name the image with --image",
        )  # fmt: skip
    if told.predicate_type == predicates.BUILD_RECORD:
        found = flow.recorded(told, where=Path(target).name)
        recipe = Recipe(placed=found.placed, lock=found.lock, whence=Path(target).name)
    else:
        recipe = recipe_of(spec, lock) if spec else _recipe_of_image(image, settings)
        flow.agrees(told, flow.Recorded(placed=recipe.placed, lock=recipe.lock), where=Path(target).name)
    subject = _digest_of(image, settings)
    if not flow.names(told, subject):
        raise UntrustedError(
            "the statement is about another image", where=target, why=f"{image} is {subject}",
            remedy="name the image it is about", code="SUBJECT_MISMATCH", step="subject",
        )  # fmt: skip
    return recipe, image


def _recipe_of_image(target: str, settings: Settings) -> Recipe:
    from assay.bootstrap.evidence import evidence_door
    from assay.flows import recipe as flow
    from assay.flows.attached import Place

    with evidence_door(target, store=None, settings=settings, platform=None, everything=False) as (subjects, store):
        digest = subjects[0].subject.digest
        if digest is None:
            raise UsageError("an image without a digest", where=target, remedy="name the spec with --spec")
        found = flow.beside(Place(store), digest, LIMITS)
    return Recipe(placed=found.placed, lock=found.lock, whence="the image's build record")


def _conditions_of(image: str, settings: Settings) -> Conditions:
    """What the image's own build recorded, where something is attached that says it."""
    from assay.bootstrap.evidence import evidence_door
    from assay.flows import recipe as flow
    from assay.flows.attached import Place
    from assay.model.comparison import Conditions

    digest = _digest_of(image, settings)
    try:
        with evidence_door(image, store=None, settings=settings, platform=None, everything=False) as (_, store):
            return flow.conditions_beside(Place(store), digest, LIMITS)
    except UnsupportedError:  # an archive has no place for evidence
        return Conditions()


def _digest_of(target: str, settings: Settings) -> Digest:
    from assay.artifact.image import resolve

    with closing(source_of(target, settings)) as source:
        (image,) = resolve(source, host=host(), limits=LIMITS)
    if image.subject.digest is None:
        raise UsageError("an image without a digest", where=target, remedy="name an OCI layout or a reference")
    return image.subject.digest


def rebuild(
    recipe: Recipe, image: str, wish: RebuildWish, settings: Settings, *, varying: Varying | None = None,
    built: Run | None = None,
) -> RebuildReport:  # fmt: skip
    """Build again and compare with an image, or, where none is named, with a first build under usual conditions.

    `built` is that first build where it is over already.

    Raises:
        UnavailableError: an input is not in the store. UntrustedError: the lock is not the spec's.
    """
    from assay.adapters.spool import FileSpool
    from assay.adapters.varying import Machine
    from assay.build import lock as locks
    from assay.flows.rebuild import Run
    from assay.flows.rebuild import rebuild as flow
    from assay.model.digest import Digest

    machine = varying or Machine(LIMITS)
    asked = recipe.placed.spec.assurance.rebuild
    with ExitStack() as stack:
        import tempfile  # here: every command imports this module, and few build again

        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="assay-rebuild-")))
        spool = stack.enter_context(closing(FileSpool()))
        again = partial(_build, recipe, settings, machine, folder, stack)
        if image:
            source = stack.enter_context(closing(source_of(image, settings)))
            first = Run(source=source, conditions=_conditions_of(image, settings))
        else:
            first = built or again(frozenset())
        platforms = recipe.placed.spec.platforms if built else ()
        return flow(
            first, again, partial(_compared, spool, wish, platforms, settings),
            machine.plan(wish.vary or asked.vary or ALL), times=wish.times or asked.times, bisect=wish.bisect,
            spec=recipe.lock.spec, lock=str(Digest.of(locks.write(recipe.lock))),
        )  # fmt: skip


def assured(recipe: Recipe, first: Run, settings: Settings, *, varying: Varying | None = None) -> RebuildReport:
    """What a build's own rebuilds say of it, as often and under what its spec asks for."""
    return rebuild(recipe, "", RebuildWish(), settings, varying=varying, built=first)


def _build(
    recipe: Recipe, settings: Settings, machine: Varying, folder: Path, stack: ExitStack, names: frozenset[str]
) -> Run:
    from assay.adapters.clock import WallClock
    from assay.adapters.contentstore import FolderContentStore
    from assay.adapters.layout_sink import layout_sink
    from assay.adapters.spool import FileSpool
    from assay.adapters.workers import Threads
    from assay.flows.build import build
    from assay.flows.steps import Stand

    place = folder / str(len(list(folder.iterdir())))
    store = FolderContentStore(Path(settings.store))
    stand = None
    with machine.under(names) as conditions, store.hold(), closing(FileSpool()) as spool:
        if recipe.placed.spec.steps:
            stand = Stand(
                sandbox=machine.sandbox(names), workshop=machine.workshop(names), clock=WallClock(),
                clock_shift=conditions.clock_shift, platform=str(host()),
            )  # fmt: skip
        started = _seconds(WallClock().now())
        with layout_sink(place, LIMITS) as sink:
            built = build(
                recipe.placed, recipe.lock, store, spool, sink, tag="rebuilt", limits=LIMITS, stand=stand,
                reviewed=reviewed_scripts(), sharing=Threads(settings.workers).map,
                ahead=Threads(settings.workers).ahead, tested=False,
            )  # fmt: skip
        conditions = msgspec.structs.replace(conditions, started=started, finished=_seconds(WallClock().now()))
        source = stack.enter_context(closing(source_of(f"oci-dir:{place}:rebuilt", settings)))
        return run_of(built, source, conditions, spool)


def run_of(built: Built, source: ImageSource, conditions: Conditions, spool: FileSpool) -> Run:
    """A build that is over, for comparing it with others.

    Args:
        built: what it made.
        source: the image it made.
        conditions: what it ran under; how far steps were shown another clock is told by the steps.
        spool: with the bytes of its outputs, still open.
    """
    from assay.flows.rebuild import Run, native_outputs

    clocks = tuple(step.clock_seen for step in built.steps if step.clock_seen is not None)
    conditions = msgspec.structs.replace(conditions, clock_shift=max((one.ahead for one in clocks), default=0))
    advice = native_outputs(built.steps, spool.read, LIMITS)
    levels = {step.isolation.level for step in built.steps}
    isolation = next((level for level in ("open", "namespaced", "sealed") if level in levels), "")
    traces = {step.name: step.trace for step in built.steps if step.trace is not None}
    return Run(source=source, conditions=conditions, isolation=isolation, advice=advice, traces=traces, clocks=clocks)


def _compared(
    spool: FileSpool, wish: RebuildWish, platforms: tuple[str, ...], settings: Settings, one: Run, other: Run
) -> Comparison:
    """The image of the platform wished for, or of each of these; of several the one that differs most."""
    from assay.adapters.workers import Threads
    from assay.flows.compare import compare_images
    from assay.flows.rebuild import together
    from assay.model.image import Platform

    wanted = [Platform(*text.split("/")) for text in sorted(platforms)] if len(platforms) > 1 else [wish.platform]
    found = {
        str(platform or ""): compare_images(
            one.source, other.source, spool, LIMITS, platform=platform, host=host(), allowed=wish.allowed,
            conditions=(one.conditions, other.conditions), beside=Threads(settings.workers).beside,
        )
        for platform in wanted
    }  # fmt: skip
    return together(found)


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def attest_rebuild(
    report: RebuildReport, image: str, maker: BundleMaker, settings: Settings, *, builder_id: str = ""
) -> tuple[Attached, ...]:
    """Sign what a rebuild found, and attach it to the image.

    Raises:
        UnsupportedError: the verdict is `unknown`, or nothing can be attached there.
        UntrustedError: the image is not the one that was built again.
    """
    from assay import __version__
    from assay.bootstrap.evidence import evidence_door, sign_and_attach
    from assay.bootstrap.machine import clock
    from assay.build.rebuilders import statement
    from assay.build.run import WORKSTATION
    from assay.flows.rebuild import subject_of
    from assay.flows.statements import resource_uri

    compared = subject_of(report)
    attached: list[Attached] = []
    with evidence_door(image, store=None, settings=settings, platform=compared.platform, everything=False) as door:
        subjects, place = door
        for named in subjects:
            if named.subject.digest != compared.digest:
                raise UntrustedError(
                    "another image lies there now", where=image, why=f"{named.subject.digest}, not {compared.digest}",
                    remedy="build again", code="SUBJECT_MISMATCH", step="subject",
                )  # fmt: skip
            told = statement(
                report, named.subject, builder_id=builder_id or WORKSTATION, resource_uri=resource_uri(named.subject),
                time=clock().now(), versions={"assay": __version__},
            )  # fmt: skip
            attached += sign_and_attach(place, named.descriptor, (told,), maker, force=False)
    return tuple(attached)


def rebuilders_of(
    image: str, told: Trusted, search: Search, needed: int, settings: Settings
) -> tuple[tuple[Subject, Agreement], ...]:
    """What verified statements beside an image say together about who built it again.

    Raises:
        UsageError: nobody to believe. UnavailableError: nobody knows what is attached.
    """
    from assay.bootstrap.verification import verify_image
    from assay.build.rebuilders import agreement

    return tuple(
        (answer.subject, agreement(answer.collected.evidence, answer.collected.subject, needed))
        for answer in verify_image(image, told, msgspec.structs.replace(search, whole=True), settings)
    )
