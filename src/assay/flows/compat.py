"""The same statements once more in cosign's older form, for programs that look at tags only.

Only with a managed key: what a keyless signature of today is proven by has no room in the older form.
"""

from collections.abc import Iterable
from functools import partial
from typing import Protocol

import msgspec

from assay.artifact import attestations, older_tags
from assay.flows.attached import Item, fetched, older
from assay.flows.signing import KeyMaker
from assay.formats import base64text, cosign, dsse, predicates
from assay.formats import bundle as bundles
from assay.model.digest import Digest
from assay.model.errors import AssayError, UnsupportedError, UntrustedError
from assay.model.image import Descriptor
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.statement import Statement
from assay.ports.content import ReferrerStore, TaggedManifests, TagWriter
from assay.trust.examine import Row
from assay.trust.expect import Expected, Legacy
from assay.trust.legacy import LegacyCandidate, judge


class OlderPlace(ReferrerStore, TaggedManifests, TagWriter, Protocol):
    """A store that also keeps manifests at tags."""


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one statement in the older form."""

    predicate_type: str
    tag: str
    written: bool
    """False: the same by the same key was there already, verified."""


def write_older(
    place: OlderPlace,
    subject: Digest,
    statements: Iterable[Statement],
    maker: object,
    now: str,
    *,
    reference: str = "",
    force: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[Written, ...]:
    """Write statements at the older tags, beside what others wrote there; each passes our own verifier before.

    Args:
        place: repository or layout.
        subject: the manifest they are about.
        statements: an image signature becomes a `.sig` layer, any other an `.att` layer.
        maker: whoever signed the bundles.
        now: RFC 3339 UTC.
        reference: the image's name, which the older payload carries and which proves nothing.
        force: write even what is there already.
        limits: bounds on what is read.

    Raises:
        UnsupportedError: the maker is no managed key.
        UnavailableError: the tags cannot be read or written.
    """
    if not isinstance(maker, KeyMaker):
        raise UnsupportedError(
            "no older form without a managed key",
            why="the proofs of a keyless signature have no room in it",
            remedy="sign with --key, or leave --compat out",
        )
    expected = msgspec.structs.replace(maker.standard().expected, legacy=Legacy(cosign_v2=True))
    done = []
    for statement in statements:
        signature = statement.predicate_type == predicates.COSIGN_SIGN
        tag = attestations.legacy_tags(subject)[0 if signature else 1]
        present = not force and _present(place, tag, statement, signature, subject, expected, now, limits)
        if not present:
            payload, layer = _layer(maker, statement, signature, subject, reference)
            _check(payload, layer, signature, subject, expected, now, limits)
            place.push_blob(payload)
            place.change_tagged(tag, partial(older_tags.with_layer, layer=layer, where=tag, limits=limits))
        done.append(Written(predicate_type=statement.predicate_type, tag=tag, written=not present))
    return tuple(done)


def _layer(
    maker: KeyMaker, statement: Statement, signature: bool, subject: Digest, reference: str
) -> tuple[bytes, Descriptor]:
    if signature:
        payload = cosign.write_payload(subject, reference)
        said = {cosign.SIGNATURE: base64text.encode(maker.signer.sign(payload))}
        kind = cosign.SIMPLE_SIGNING
    else:
        signed = bundles.read(maker.bundle(statement, subject), where="the bundle just made").envelope
        if signed is None:
            raise UnsupportedError("no statement was signed", why="the bundle holds no envelope")
        payload, kind = dsse.write(signed), attestations.DSSE
        said = {cosign.SIGNATURE: "", "predicateType": statement.predicate_type}
    return payload, Descriptor(media_type=kind, digest=Digest.of(payload), size=len(payload), annotations=said)


def _present(
    place: OlderPlace,
    tag: str,
    statement: Statement,
    signature: bool,
    subject: Digest,
    expected: Expected,
    now: str,
    limits: Limits,
) -> bool:
    """Whether the same, by the same key, verifies at the tag already."""
    for item in older(place, tag, limits):
        if item.form != ("signature" if signature else "envelope") or item.layer is None:
            continue
        row = _row(place, item, signature, subject, expected, now, limits)
        if row is None or row.outcome != "verified":
            continue
        if signature or (row.evidence is not None and row.evidence.statement.digest == statement.digest):
            return True
    return False


def _row(
    place: OlderPlace, item: Item, signature: bool, subject: Digest, expected: Expected, now: str, limits: Limits
) -> Row | None:
    try:
        data = fetched(place, item, limits)
    except AssayError:
        return None  # what cannot be read is no reason not to write; `verify` reports it
    annotations = item.layer.annotations if item.layer is not None else {}
    candidate = LegacyCandidate(place=item.place, payload=signature, data=data, annotations=annotations)
    return judge(candidate, subject, None, expected, now, limits)


def _check(
    payload: bytes, layer: Descriptor, signature: bool, subject: Digest, expected: Expected, now: str, limits: Limits
) -> None:
    """Our own verifier accepts it."""
    candidate = LegacyCandidate(
        place="the layer just made", payload=signature, data=payload, annotations=layer.annotations
    )
    row = judge(candidate, subject, None, expected, now, limits)
    if row.outcome != "verified":
        raise UntrustedError("the older form does not verify", why=row.reason, code=row.code, step="compat")
