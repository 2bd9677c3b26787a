"""What is attached to an image → which programs find it."""

from collections.abc import Iterator

import msgspec

from assay.artifact.consumers import Present, Reading, readings
from assay.flows.attached import Item, Place, Wanted, attached, fetched
from assay.formats import bundle as bundles
from assay.formats import predicates
from assay.model.errors import AssayError, UnsupportedError
from assay.model.image import Subject
from assay.model.limits import DEFAULT_LIMITS, Limits


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """One subject: what is there, and who finds it. Nothing here is verified."""

    subject: Subject
    present: tuple[Present, ...]
    readings: tuple[Reading, ...]
    unread: tuple[tuple[str, str], ...] = ()
    """(place, why) of what is there and could not be read."""
    others_count: int = 0
    """Things of other predicate types than those asked for: there, and not counted."""


def diagnose(
    place: Place, subject: Subject, *, types: frozenset[str] = frozenset(), limits: Limits = DEFAULT_LIMITS
) -> Diagnosis:
    """Look at what is attached to a subject; of some predicate types, where `types` names them canonically.

    Raises:
        UnavailableError: the list of referrers cannot be read: nobody knows what there is.
    """
    if subject.digest is None:
        raise UnsupportedError("nothing is attached to this target", where=subject.name, why="it has no digest")
    present: list[Present] = []
    unread: list[tuple[str, str]] = []
    others = 0
    for item in attached(place, subject.digest, Wanted(), limits):
        if types and item.error is None and predicates.canonical_type(item.predicate_type) not in types:
            others += 1
            continue
        try:
            present += _present(place, item, limits)
        except AssayError as error:
            unread.append((item.place, error.why or error.what))
    return Diagnosis(
        subject=subject, present=tuple(present), readings=readings(present), unread=tuple(unread), others_count=others
    )


def _present(place: Place, item: Item, limits: Limits) -> Iterator[Present]:
    if item.error is not None:
        raise item.error
    if item.form in ("signature", "envelope"):
        sort = "older-tag" if item.found == "tag" else "older-referrer"
        yield Present("signature" if item.form == "signature" else "attestation", sort)  # type: ignore[arg-type]
    elif item.form == "bundle":
        parsed = bundles.read(fetched(place.store, item, limits), where=item.place, limits=limits)
        kind = "bundle-key" if parsed.key_hint is not None else "bundle-certificate"
        what = "signature" if item.predicate_type == predicates.COSIGN_SIGN else "attestation"
        yield Present(what, kind)  # type: ignore[arg-type]
