"""The predicate `urn:assay:predicate:image:1`: what an image's configuration says, and how complete its inventory is.

Facts of the image alone, without times or advisories: the same image gives the same bytes.
"""

import msgspec

from assay.model.errors import MalformedError
from assay.model.report import Report

_LABEL = "config.label:"
_OS = frozenset({"deb", "apk", "rpm"})


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
    )
    value: dict[str, object] = msgspec.to_builtins(facts)
    return value


def read(value: dict[str, object], *, where: str) -> ImageFacts:
    """The facts out of a predicate; unknown names are ignored.

    Raises:
        MalformedError: wrong types.
    """
    try:
        return msgspec.convert(value, ImageFacts)
    except msgspec.ValidationError as error:
        raise MalformedError("not image facts", where=where, why=str(error), remedy="attest again") from error
