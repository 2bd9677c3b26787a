"""The predicate `urn:assay:predicate:image:1`: what an image's configuration says, and how complete its inventory is.

Facts of the image alone, without times or advisories: the same image gives the same bytes.
"""

from collections.abc import Sequence

import msgspec

from assay.model.errors import MalformedError
from assay.model.inventory import BaseImage
from assay.model.lock import LockState, counts
from assay.model.report import Report

LOCKS_COUNT = 500
"""Locks listed one by one; all are counted."""
_PATH_CHARACTERS = 200
"""Of a long path its end: a fact document is bounded."""
_LABEL = "config.label:"
_OS = frozenset({"alpm", "apk", "deb", "ebuild", "rpm"})


class LockFact(msgspec.Struct, frozen=True, kw_only=True):
    """One project's lock as a decision sees it; words as in `model.lock`."""

    ecosystem: str
    manifest: str = ""
    lock: str = ""
    present: str
    hashed: str
    with_manifest: str
    with_installed: str
    disagreements_count: int = 0


class ImageFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One image as a decision sees it."""

    kind: str = "image"
    user: str = ""
    created: str = ""
    labels: dict[str, str] = {}
    distro: str = ""
    components_count: int = 0
    os_packages_count: int | None = None
    """Packages of the distribution; None where the statement does not say."""
    unidentified_count: int = 0
    """Components without an ecosystem, and programs nobody could name."""
    gaps: dict[str, int] = {}
    """How many gaps of each kind."""
    locks: tuple[LockFact, ...] | None = None
    """The locks with something to say against them first, at most `LOCKS_COUNT`; None where nobody looked."""
    base: BaseImage | None = None
    """Which layers are the base image's, and how surely; None where nobody looked."""
    locks_counts: dict[str, int] = {}
    """`total`, `missing`, `unhashed`, `drifted`, `undecided`."""


def predicate(report: Report) -> dict[str, object]:
    """The predicate of a report."""
    properties = dict(report.properties)
    gaps: dict[str, int] = {}
    for gap in report.gaps:
        gaps[gap.kind] = gaps.get(gap.kind, 0) + 1
    live = [c for c in report.components if c.removed_by is None]
    facts = ImageFacts(
        kind=report.subject.kind,
        user=properties.get("config.user", ""),
        created=report.created,
        labels={name.removeprefix(_LABEL): text for name, text in properties.items() if name.startswith(_LABEL)},
        distro=f"{report.distro.id} {report.distro.version_id}".strip() if report.distro else "",
        components_count=len(live),
        os_packages_count=sum(c.ecosystem in _OS for c in live),
        unidentified_count=sum(not c.ecosystem for c in live) + gaps.get("unknown-program", 0),
        gaps=gaps,
        locks=_locks(report.locks),
        base=report.base,
        locks_counts=counts(report.locks),
    )
    value: dict[str, object] = msgspec.to_builtins(facts)
    value["locks"] = [msgspec.to_builtins(lock) for lock in facts.locks or ()]  # a list, as it is read back
    return value


def _locks(locks: Sequence[LockState]) -> tuple[LockFact, ...]:
    ordered = sorted(locks, key=lambda one: not (one.missing or one.unbound or one.drifted or one.undecided))
    return tuple(
        LockFact(
            ecosystem=one.ecosystem,
            manifest=one.manifest[-_PATH_CHARACTERS:],
            lock=one.lock[-_PATH_CHARACTERS:],
            present=one.present,
            hashed=one.hashed,
            with_manifest=one.with_manifest,
            with_installed=one.with_installed,
            disagreements_count=len(one.disagreements) + one.more_count,
        )
        for one in ordered[:LOCKS_COUNT]
    )


def read(value: dict[str, object], *, where: str) -> ImageFacts:
    """The facts out of a predicate; unknown names are ignored.

    Raises:
        MalformedError: wrong types.
    """
    try:
        return msgspec.convert(value, ImageFacts)
    except msgspec.ValidationError as error:
        raise MalformedError("not image facts", where=where, why=str(error), remedy="attest again") from error
