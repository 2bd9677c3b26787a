"""Evidence beside an image: the referrer manifest that carries one Sigstore bundle, and indexes of referrers.

A bundle is attached as cosign 3 attaches it: an OCI 1.1 image manifest with `artifactType` and the media type of its
one layer both `application/vnd.dev.sigstore.bundle.v0.3+json`, the empty config, the full descriptor of the subject,
and three annotations. Annotations only narrow what is downloaded; verified content decides.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from assay.formats import bundle, oci, strictjson
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.image import Descriptor
from assay.model.limits import DEFAULT_LIMITS, Limits

BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
EMPTY_CONFIG = b"{}"
"""Content of the empty config (image-spec 1.1, manifest.md, "Guidance for an Empty Descriptor"); push it as a blob."""

CREATED = "org.opencontainers.image.created"
CONTENT = "dev.sigstore.bundle.content"
PREDICATE_TYPE = "dev.sigstore.bundle.predicateType"

_CONTENT_DSSE = "dsse-envelope"
_READ_TYPES = frozenset(bundle.VERSIONS)
_REMEDY = "attach the evidence again with a program that follows the OCI image-spec 1.1"


class Referrer(msgspec.Struct, frozen=True, kw_only=True):
    """A referrer manifest ready to push. `blobs` go first, then `manifest`, listed as `descriptor`."""

    manifest: bytes
    descriptor: Descriptor
    subject: Descriptor
    blobs: tuple[bytes, ...]


class BundleReferrer(msgspec.Struct, frozen=True, kw_only=True):
    """What a referrer manifest of a Sigstore bundle says. Claims: only the bundle itself can be verified."""

    subject: Descriptor
    layer: Descriptor
    """The bundle: fetch it as a blob, check digest and size."""
    predicate_type: str = ""
    created: str = ""
    annotations: Mapping[str, str] = {}


def build_referrer(data: bytes, subject: Descriptor, predicate_type: str, created: str) -> Referrer:
    """Make the referrer manifest for one bundle; the same input gives the same bytes.

    Args:
        data: the exact bytes of the Sigstore bundle.
        subject: descriptor of the manifest or index the statement is about, with digest and size.
        predicate_type: predicate type URI of the statement inside.
        created: RFC 3339 time.

    Raises:
        UnsupportedError: the subject has no digest (an old docker archive, a directory).
    """
    annotations = {CREATED: created, CONTENT: _CONTENT_DSSE, PREDICATE_TYPE: predicate_type}
    return _referrer(data, BUNDLE_TYPE, subject, annotations)


def build_plain(data: bytes, media_type: str, subject: Descriptor, created: str) -> Referrer:
    """Make the referrer manifest of a document nobody signed, for programs that look for the document itself.

    Args:
        data: the document.
        media_type: its type, which becomes the artifact type as well.
        subject: descriptor of the manifest or index it is about, with digest and size.
        created: RFC 3339 time.

    Raises:
        UnsupportedError: the subject has no digest.
    """
    return _referrer(data, media_type, subject, {CREATED: created})


def _referrer(data: bytes, media_type: str, subject: Descriptor, annotations: dict[str, str]) -> Referrer:
    if subject.digest is None or subject.size is None:
        raise UnsupportedError(
            "cannot attach evidence",
            where=subject.media_type,
            why="the subject has no manifest with a digest",
            remedy="push the image to a registry or an OCI layout first",
        )
    manifest = strictjson.canonical(
        {
            "schemaVersion": 2,
            "mediaType": oci.OCI_MANIFEST,
            "artifactType": media_type,
            "config": _content(oci.OCI_EMPTY, EMPTY_CONFIG),
            "layers": [_content(media_type, data)],
            "subject": oci.descriptor_to_dict(_bare(subject)),
            "annotations": annotations,
        }
    )
    descriptor = Descriptor(
        media_type=oci.OCI_MANIFEST,
        digest=Digest.of(manifest),
        size=len(manifest),
        annotations=annotations,
        artifact_type=media_type,
    )
    return Referrer(manifest=manifest, descriptor=descriptor, subject=subject, blobs=(EMPTY_CONFIG, data))


def parse_referrer(data: bytes, *, where: str, limits: Limits = DEFAULT_LIMITS) -> BundleReferrer:
    """Read a referrer manifest back, strictly.

    Raises:
        MalformedError: not an image manifest with subject, empty config and one bundle layer.
        UnsupportedError: a referrer of another artifact type.
    """
    manifest = oci.parse(data, oci.OCI_MANIFEST, where=where, limits=limits)
    if manifest.artifact_type not in _READ_TYPES:
        why = f"artifactType {manifest.artifact_type[:100]!r}"
        raise UnsupportedError("not a Sigstore bundle", where=where, why=why, remedy="skip it")
    if not isinstance(manifest, oci.Manifest) or manifest.subject is None:
        raise _bad(where, "no subject")
    if manifest.config.media_type != oci.OCI_EMPTY:
        raise _bad(where, f"config {manifest.config.media_type[:100]!r}, not the empty one")
    if len(manifest.layers) != 1:
        raise _bad(where, f"{len(manifest.layers)} layers, not one")
    layer = manifest.layers[0]
    if layer.media_type not in _READ_TYPES:
        raise _bad(where, f"layer {layer.media_type[:100]!r}, not a bundle")
    return BundleReferrer(
        subject=manifest.subject,
        layer=layer,
        predicate_type=manifest.annotations.get(PREDICATE_TYPE, ""),
        created=manifest.annotations.get(CREATED, ""),
        annotations=manifest.annotations,
    )


def subject_of(data: bytes, *, where: str, limits: Limits = DEFAULT_LIMITS) -> Digest | None:
    """The digest a manifest of any kind names as its `subject`, or None.

    Raises:
        MalformedError: not a JSON object, or a subject that is no descriptor.
    """
    subject = _document(data, where, limits).get("subject")
    return None if subject is None else oci.descriptor(subject, where=f"{where} subject").digest


def fallback_tag(subject: Digest) -> str:
    """The tag of the fallback index (distribution-spec 1.1, "Referrers Tag Schema").

    >>> fallback_tag(Digest.of(b""))[:16]
    'sha256-e3b0c4429'
    """
    return f"{subject.algorithm[:32]}-{subject.hex[:64]}"


def parse_index(data: bytes, *, where: str, limits: Limits = DEFAULT_LIMITS) -> tuple[Descriptor, ...]:
    """Descriptors of an index of referrers, in order, each digest once.

    Raises:
        MalformedError: not an OCI index, or one with more entries than the limit.
    """
    found: dict[Digest | None, Descriptor] = {}
    for descriptor in _entries(_document(data, where, limits), where, limits):
        found.setdefault(descriptor.digest, descriptor)
    return tuple(found.values())


def merge_index(existing: bytes | None, *add: Descriptor, where: str, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """A fallback index with descriptors added: `artifactType` and annotations copied, no digest twice.

    Entries of others stay as they are, unknown fields included. Merging what is already there changes nothing, and
    the order of merging does not change the set (properties).

    Args:
        existing: the bytes of the index now, or None where there is none.
        add: descriptors with digest and size.
        where: named in errors.
        limits: `referrers_count`, `manifest_bytes`.

    Raises:
        MalformedError: `existing` is not an OCI index: it is not ours to overwrite.
        UnsupportedError: the merged index would pass the limits.
    """
    document: dict[str, Any] = {"schemaVersion": 2, "mediaType": oci.OCI_INDEX, "manifests": []}
    if existing is not None:
        document = _document(existing, where, limits)
        _entries(document, where, limits)
    entries = list(document["manifests"] or ())
    places = {entry["digest"]: place for place, entry in enumerate(entries)}
    changed = existing is None
    for descriptor in add:
        entry = oci.descriptor_to_dict(descriptor)
        place = places.get(entry["digest"])
        if place is None:
            places[entry["digest"]] = len(entries)
            entries.append(entry)
            changed = True
        elif {**entries[place], **entry} != entries[place]:
            entries[place] = {**entries[place], **entry}
            changed = True
    if not changed and existing is not None:
        return existing
    merged = strictjson.canonical({"mediaType": oci.OCI_INDEX, **document, "manifests": entries})
    if len(entries) > limits.referrers_count or len(merged) > limits.manifest_bytes:
        raise UnsupportedError(
            "too many referrers",
            where=where,
            why=f"{len(entries)} entries, {len(merged)} bytes",
            remedy="remove old ones, or use a registry with the referrers API",
        )
    return merged


def without(existing: bytes, manifest: Digest, *, where: str, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """A fallback index without one referrer; everything else stays as it is, and without it nothing changes.

    Raises:
        MalformedError: `existing` is not an OCI index: it is not ours to change.
    """
    document = _document(existing, where, limits)
    _entries(document, where, limits)
    entries = document.get("manifests") or []
    kept = [entry for entry in entries if entry["digest"] != str(manifest)]
    return existing if len(kept) == len(entries) else strictjson.canonical({**document, "manifests": kept})


def _document(data: bytes, where: str, limits: Limits) -> dict[str, Any]:
    document = strictjson.loads(data, where=where, limit=limits.manifest_bytes)
    if not isinstance(document, dict):
        raise _bad(where, "not a JSON object")
    return document


def _entries(document: dict[str, Any], where: str, limits: Limits) -> list[Descriptor]:
    """The descriptors of an OCI index; Go writes an empty list as null, which is accepted."""
    if document.get("schemaVersion") != 2 or document.get("mediaType", oci.OCI_INDEX) != oci.OCI_INDEX:
        raise _bad(where, "not an OCI index")
    items = document.get("manifests", ())
    if items is not None and not isinstance(items, list):
        raise _bad(where, "manifests is not a list")
    if len(items or ()) > limits.referrers_count:
        raise _bad(where, f"{len(items or ())} entries, limit {limits.referrers_count}")
    return [oci.descriptor(item, where=f"{where} manifests[{number}]") for number, item in enumerate(items or ())]


def _content(media_type: str, data: bytes) -> dict[str, Any]:
    return oci.descriptor_to_dict(Descriptor(media_type=media_type, digest=Digest.of(data), size=len(data)))


def _bare(subject: Descriptor) -> Descriptor:
    """Without annotations and platform: the same manifest has the same descriptor wherever it was found."""
    return Descriptor(media_type=subject.media_type, digest=subject.digest, size=subject.size)


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not the manifest it claims to be", where=where, why=why, remedy=_REMEDY)
