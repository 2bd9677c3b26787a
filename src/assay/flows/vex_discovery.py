"""VEX beside an image, looked for unasked: referrers, the legacy tag, attestations in the index. Looks, never judges.

Bounded by count and by bytes; what the bounds leave out is said. What cannot be read is a document that failed, never
nothing. Annotations only narrow what is fetched: a document that hides behind a wrong one adds no trust and takes none.
"""

from collections.abc import Iterable, Iterator

import msgspec

from assay.artifact import attestations, referrers
from assay.artifact.integrity import check
from assay.formats import predicates
from assay.model.digest import Digest
from assay.model.errors import AssayError, UnsupportedError
from assay.model.image import Descriptor, Subject
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.vex import VexPlace
from assay.ports.content import ReferrerStore, TaggedManifests
from assay.trust.vex_found import VEX_TYPES, Found

_SIGNATURES_COUNT = 4
_SIGNATURE_BYTES = 1 << 20
"""Bundles about one manifest of bare statements, and the size of each."""


class Beside(msgspec.Struct, frozen=True):
    """Where the evidence of one image lies: its own registry repository or layout, and no other place."""

    store: ReferrerStore
    tags: TaggedManifests


class _Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A blob that may be an attestation, and how it was found."""

    found: VexPlace
    place: str
    descriptor: Descriptor
    target: Digest
    certificate: bool = False
    carrier: Digest | None = None


def beside_image(place: Beside, subject: Subject, limits: Limits = DEFAULT_LIMITS) -> tuple[Found, ...]:
    """Every attestation that may hold VEX about an image: of its manifest, then of the index it was chosen from.

    Args:
        place: where to look.
        subject: the image; without a digest nothing can be attached to it.
        limits: `vex_documents_count`, `vex_found_bytes`, `bundle_bytes`, `manifest_bytes`.
    """
    found: list[Found] = []
    seen: set[tuple[Digest | None, Digest]] = set()
    room = limits.vex_found_bytes
    for item in _everything(place, subject, limits):
        if isinstance(item, Found):
            found.append(item)
            continue
        if (item.descriptor.digest, item.target) in seen:
            continue
        if len(seen) >= limits.vex_documents_count or room <= 0:
            why = f"only {limits.vex_documents_count} documents or {limits.vex_found_bytes} bytes are looked at unasked"
            found.append(_failed(item.found, item.place, UnsupportedError("too much beside the image", why=why)))
            break
        seen.add((item.descriptor.digest, item.target))
        one = _fetched(place.store, item, min(room, limits.bundle_bytes), limits)
        room -= len(one.data) + sum(map(len, one.carrier_signatures))
        found.append(one)
    return tuple(found)


def _everything(place: Beside, subject: Subject, limits: Limits) -> Iterator[_Wanted | Found]:
    digests = [digest for digest in (subject.digest, subject.index) if digest is not None]
    for digest in dict.fromkeys(digests):
        yield from _tried(_referrers(place.store, digest, limits), "referrer", f"referrers of {digest}")
        yield from _tried(_tagged(place, digest, limits), "tag", f"tag {attestations.legacy_tag(digest)}")
    if subject.digest is not None and subject.index is not None and subject.index != subject.digest:
        where = f"index {subject.index}"
        yield from _tried(_in_index(place.store, subject.index, subject.digest, limits), "attestation", where)


def _tried(items: Iterable[_Wanted | Found], found: VexPlace, place: str) -> Iterator[_Wanted | Found]:
    """The items; a place that cannot be read ends with a document that failed."""
    try:
        yield from items
    except AssayError as error:
        yield _failed(found, place, error)


def _referrers(store: ReferrerStore, subject: Digest, limits: Limits) -> Iterator[_Wanted | Found]:
    for descriptor in sorted(store.referrers(subject), key=lambda d: str(d.digest)):
        if descriptor.digest is None or not _may_be_vex(descriptor.artifact_type, descriptor.annotations):
            continue
        place = f"referrer {descriptor.digest}"
        try:
            yield from _of_referrer(store, descriptor, descriptor.digest, subject, place, limits)
        except AssayError as error:
            if descriptor.artifact_type:  # an old list may leave the type out: that may be anything
                yield _failed("referrer", place, error)


def _of_referrer(
    store: ReferrerStore, descriptor: Descriptor, digest: Digest, subject: Digest, place: str, limits: Limits
) -> Iterator[_Wanted]:
    manifest = check(store.fetch(digest, limits.manifest_bytes, manifest=True), descriptor, where=place)
    if attestations.subject_of_manifest(manifest, where=place, limits=limits) != subject:
        return  # listed for something it does not name: not about this image
    for layer in attestations.layers(manifest, where=place, limits=limits):
        if _is_vex_type(layer.predicate_type):
            yield _wanted("referrer", place, layer, subject, digest)


def _tagged(place: Beside, subject: Digest, limits: Limits) -> Iterator[_Wanted]:
    tag = attestations.legacy_tag(subject)
    for manifest in place.tags.tagged(tag):
        for layer in attestations.layers(manifest, where=tag, limits=limits):
            if _is_vex_type(layer.predicate_type):
                yield _wanted("tag", f"tag {tag}", layer, subject)


def _in_index(store: ReferrerStore, index: Digest, subject: Digest, limits: Limits) -> Iterator[_Wanted]:
    where = f"index {index}"
    data = store.fetch(index, limits.manifest_bytes, manifest=True)
    check(data, Descriptor(media_type="", digest=index, size=None), where=where)
    for item in attestations.in_index(data, subject, where=where, limits=limits):
        if item.digest is None:
            continue
        place = f"attestation manifest {item.digest}"
        manifest = check(store.fetch(item.digest, limits.manifest_bytes, manifest=True), item, where=place)
        for layer in attestations.layers(manifest, where=place, limits=limits):
            if _is_vex_type(layer.predicate_type):
                yield _wanted("attestation", place, layer, subject, item.digest)


def _wanted(
    found: VexPlace,
    place: str,
    layer: attestations.AttestationLayer,
    target: Digest,
    carrier: Digest | None = None,
) -> _Wanted:
    return _Wanted(
        found=found,
        place=f"{place} layer {layer.descriptor.digest}",
        descriptor=layer.descriptor,
        target=target,
        certificate=layer.certificate,
        carrier=carrier if attestations.is_bare(layer.descriptor.media_type) else None,
    )


def _fetched(store: ReferrerStore, item: _Wanted, limit: int, limits: Limits) -> Found:
    try:
        digest = item.descriptor.digest
        if digest is None:
            raise UnsupportedError("a layer without a digest", where=item.place, remedy="attach it again")
        data = check(store.fetch(digest, limit, manifest=False), item.descriptor, where=item.place)
        signatures = () if item.carrier is None else _signatures(store, item.carrier, limits)
    except AssayError as error:
        return _failed(item.found, item.place, error)
    return Found(
        found=item.found,
        place=item.place,
        kind="attestation",
        data=data,
        target=item.target,
        certificate=item.certificate,
        annotations=item.descriptor.annotations if item.certificate else {},
        carrier=item.carrier,
        carrier_signatures=signatures,
    )


def _signatures(store: ReferrerStore, carrier: Digest, limits: Limits) -> tuple[bytes, ...]:
    """The first Sigstore bundles attached to a manifest of bare statements itself."""
    listed = [d for d in store.referrers(carrier) if d.artifact_type.startswith(attestations.BUNDLE_PREFIX)]
    found = []
    for descriptor in sorted(listed, key=lambda d: str(d.digest))[:_SIGNATURES_COUNT]:
        if descriptor.digest is None:
            continue
        where = f"referrer {descriptor.digest}"
        manifest = check(store.fetch(descriptor.digest, limits.manifest_bytes, manifest=True), descriptor, where=where)
        layer = referrers.parse_referrer(manifest, where=where, limits=limits).layer
        if layer.digest is not None:
            data = store.fetch(layer.digest, _SIGNATURE_BYTES, manifest=False)
            found.append(check(data, layer, where=where))
    return tuple(found)


def _may_be_vex(artifact_type: str, annotations: dict[str, str]) -> bool:
    """By type and annotation of a referrer; without either it may be anything."""
    known = attestations.is_statement(artifact_type) or artifact_type == attestations.DOCKER_ATTESTATION
    if artifact_type and not known:
        return False
    return _is_vex_type(annotations.get(referrers.PREDICATE_TYPE, "") or attestations.annotated(annotations))


def _is_vex_type(predicate_type: str) -> bool:
    return not predicate_type or predicates.canonical_type(predicate_type) in VEX_TYPES


def _failed(found: VexPlace, place: str, error: AssayError) -> Found:
    return Found(found=found, place=place, kind="attestation", error=error)
