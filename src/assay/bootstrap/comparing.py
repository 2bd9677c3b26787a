"""Images compared to the byte, on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import msgspec

from assay.bootstrap.machine import LIMITS, host, read_file, target_of
from assay.bootstrap.stock import SOURCES, image_source
from assay.model.errors import UsageError

if TYPE_CHECKING:
    from assay.bootstrap.stock import Reading
    from assay.build.compare import Side
    from assay.flows.stripdown import Known
    from assay.model.comparison import Comparison
    from assay.model.image import Platform
    from assay.model.stripdown import Stripdown
    from assay.ports.content import ImageSource
    from assay.ports.world import Progress
    from assay.settings import Settings


def compare_images(
    old: str, new: str, settings: Settings, *, platform: Platform | None = None, allowed: Sequence[str] = ()
) -> Comparison:
    """Why two images differ.

    Args:
        old: A: `oci-dir:PATH[:TAG]`, a reference, an archive.
        new: B.
        settings: how registries are spoken to.
        platform: which, of an index.
        allowed: cause classes that are harmless.

    Raises:
        UsageError: a target is no image.
    """
    from assay.adapters.spool import FileSpool
    from assay.adapters.workers import Threads
    from assay.flows.compare import compare_images as flow

    with ExitStack() as stack:
        before, after = (stack.enter_context(closing(source_of(text, settings))) for text in (old, new))
        spool = stack.enter_context(closing(FileSpool()))
        beside = Threads(settings.workers).beside
        return flow(before, after, spool, LIMITS, platform=platform, host=host(), allowed=allowed, beside=beside)


def source_of(text: str, settings: Settings) -> ImageSource:
    """A target that is an image.

    Raises:
        UsageError: it is something else.
    """
    target = target_of(text)
    if target.scheme not in SOURCES:
        raise UsageError("not an image", where=text, remedy="name oci-dir:PATH[:TAG], an archive or a reference")
    return image_source(target, settings)


def foreign_differences(
    old: str, new: str, comparison: Comparison, settings: Settings, platform: Platform | None = None
) -> str:
    """What diffoscope says about the layers that differ.

    Raises:
        UnavailableError: it is not installed, or failed.
    """
    from assay.adapters.diffoscope import Diffoscope
    from assay.flows.compare import side

    program, told = Diffoscope(), []
    with ExitStack() as stack:
        sources = [stack.enter_context(closing(source_of(text, settings))) for text in (old, new)]
        one, other = (side(source, LIMITS, platform=platform, host=host()) for source in sources)
        for pair in comparison.layers:
            if pair.same_content or not pair.before or not pair.after:
                continue
            with one.layers[pair.index]() as before, other.layers[pair.index]() as after:
                told.append(program.differences(f"layer-{pair.index}.tar", before, after))
    return "\n".join(told)


def stripdown(
    old: str,
    new: str,
    reading: Reading,
    settings: Settings,
    *,
    matched: bool,
    progress: Progress,
    rebuilt: Sequence[str] = (),
) -> Stripdown:
    """What two images carry, figure by figure.

    Args:
        old: A.
        new: B.
        reading: how they are read.
        settings: where the advisory database lies, how registries are spoken to.
        matched: whether findings are counted too.
        progress: told what is being done.
        rebuilt: files of rebuild reports; each counts for the image it names by digest.

    Raises:
        UsageError: a target is no image. MalformedError: a report is none.
    """
    from assay.flows.stripdown import stripdown as flow
    from assay.formats import rebuilding

    verdicts = dict(rebuilding.verdict_of(read_file(path, LIMITS.sbom_bytes), where=path) for path in rebuilt)

    with ExitStack() as stack:
        one, other = (_known(text, reading, settings, stack, matched, progress) for text in (old, new))
        return flow(_judged(one, verdicts), _judged(other, verdicts), LIMITS)


def _judged(known: Known, verdicts: dict[str, str]) -> Known:
    unknown = "no rebuild report of those handed in is about this image" if verdicts else ""
    return msgspec.structs.replace(known, reproduced=verdicts.get(str(known.side.image.subject.digest), unknown))


def _known(
    text: str, reading: Reading, settings: Settings, stack: ExitStack, matched: bool, progress: Progress
) -> Known:
    from assay.bootstrap.reports import report_on
    from assay.bootstrap.stock import SecondLook, take_stock
    from assay.flows.compare import side
    from assay.flows.stripdown import Known

    source = stack.enter_context(closing(source_of(text, settings)))
    look = SecondLook(text, reading, settings, progress) if matched else None
    (inventory,) = take_stock(text, reading, settings=settings, progress=progress, look=look)
    report = None
    if matched:
        (report,) = report_on(
            (inventory,), settings=settings, vex_paths=(), policy_path=None, progress=progress, reader=look
        )
    found = side(source, LIMITS, platform=reading.platform, host=host())
    return Known(side=found, inventory=inventory, report=report, provenance=_recorded(text, found, settings))


def _recorded(text: str, found: Side, settings: Settings) -> dict[str, int] | None:
    """Owner → entries, by the build record beside an image, if there is one."""
    from assay.bootstrap.evidence import evidence_door
    from assay.flows import recipe
    from assay.flows.attached import Place

    digest = found.image.subject.digest
    if target_of(text).scheme not in ("oci-dir", "registry") or digest is None:
        return None
    with evidence_door(text, store=None, settings=settings, platform=None, everything=False) as (_, store):
        return recipe.owners_beside(Place(store), digest, LIMITS)
