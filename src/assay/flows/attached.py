"""What is attached to a subject, wherever a program left it: referrers, older tags, the index. Lists, never judges.

Referrers come before tags. Types and annotations are claims: they narrow what is downloaded and decide nothing.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec

from assay.artifact import attestations, referrers
from assay.artifact.integrity import check
from assay.formats import cosign, oci, predicates
from assay.model.digest import Digest
from assay.model.errors import AssayError, UntrustedError
from assay.model.image import Descriptor
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.content import ReferrerStore, TaggedManifests

Found = Literal["referrer", "tag", "index"]
Form = Literal["bundle", "signature", "envelope", "statement", "other"]
"""A Sigstore bundle; cosign's older `.sig` payload; a bare DSSE envelope; a statement nobody signed; anything else."""

_SIGNATURE_ARTIFACT = "application/vnd.dev.cosign.artifact.sig.v1+json"
"""What cosign 2 calls its older form where it attaches it as a referrer."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is attached, or one layer of it."""

    place: str
    found: Found
    form: Form
    carrier: Digest | None = None
    """The manifest that carries it."""
    artifact_type: str = ""
    layer: Descriptor | None = None
    """The content itself; None where its manifest was not read."""
    predicate_type: str = ""
    """As annotated, without proof; empty where nothing is said."""
    created: str = ""
    size: int = 0
    """Bytes of the content, or of the manifest where that was not read."""
    error: AssayError | None = None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody looks for."""

    types: frozenset[str] = frozenset()
    """Predicate types by their canonical names; empty = all."""
    manifests: bool = False
    """Whether manifests of what is no bundle are read too."""

    def takes(self, predicate_type: str) -> bool:
        """Whether something of this annotated type may be wanted; without annotation it may."""
        return not self.types or not predicate_type or predicates.canonical_type(predicate_type) in self.types


class Place(msgspec.Struct, frozen=True):
    """Where evidence lies; `tags` is None where older tags are not to be looked at."""

    store: ReferrerStore
    tags: TaggedManifests | None = None


def attached(place: Place, subject: Digest, wanted: Wanted, limits: Limits = DEFAULT_LIMITS) -> Iterator[Item]:
    """Everything attached to a subject that may be wanted; what cannot be read is an item with its error.

    Raises:
        UnavailableError, MalformedError: the list of referrers itself cannot be read: nobody knows what there is.
    """
    listed = sorted(place.store.referrers(subject), key=lambda d: str(d.digest))
    for number, descriptor in enumerate(listed):
        if number >= limits.referrers_count:
            where = f"referrer {descriptor.digest}"
            error = UntrustedError("too many referrers", where=where, why=f"limit {limits.referrers_count}")
            yield _broken(where, "referrer", "bundle", error, descriptor)
            return
        yield from _referrer(place.store, descriptor, subject, wanted, limits)
    if place.tags is not None:
        for tag in attestations.legacy_tags(subject):
            yield from _tag(place.tags, tag, wanted, limits)


def fetched(store: ReferrerStore, item: Item, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """The content of an item, checked against its digest.

    Raises:
        UntrustedError: other bytes, or no digest to hold them against. UnavailableError, UnsupportedError.
    """
    if item.error is not None:
        raise item.error
    if item.layer is None or item.layer.digest is None:
        raise UntrustedError("content without a digest", where=item.place, remedy="attach it again")
    data = store.fetch(item.layer.digest, limits.bundle_bytes, manifest=False)
    return check(data, item.layer, where=item.place)


def _form(artifact_type: str) -> Form:
    """What a type says; of an artifact it is a claim, of a layer it says how to read it."""
    if artifact_type.startswith(attestations.BUNDLE_PREFIX):
        return "bundle"
    if artifact_type in (cosign.SIMPLE_SIGNING, _SIGNATURE_ARTIFACT):
        return "signature"
    if artifact_type == attestations.DSSE or (attestations.is_statement(artifact_type) and "dsse" in artifact_type):
        return "envelope"
    if artifact_type == attestations.DOCKER_ATTESTATION or attestations.is_bare(artifact_type):
        return "statement"
    return "other"


def _referrer(
    store: ReferrerStore, descriptor: Descriptor, subject: Digest, wanted: Wanted, limits: Limits
) -> Iterator[Item]:
    place, form = f"referrer {descriptor.digest}", _form(descriptor.artifact_type)
    annotations = descriptor.annotations
    named = annotations.get(referrers.PREDICATE_TYPE, "") or attestations.annotated(annotations)
    brief = Item(
        place=place,
        found="referrer",
        form=form,
        carrier=descriptor.digest,
        artifact_type=descriptor.artifact_type,
        predicate_type=named,
        created=annotations.get(referrers.CREATED, ""),
        size=descriptor.size or 0,
    )
    if not wanted.takes(named):
        yield brief
        return
    # An old list may leave the type out: then only the manifest can say.
    if descriptor.artifact_type and not wanted.manifests and form in ("other", "statement"):
        yield brief
        return
    try:
        manifest = _manifest(store, descriptor, place, limits)
        if form == "bundle" or (not descriptor.artifact_type and _is_bundle(manifest)):
            yield _bundle(manifest, brief, subject, place, limits)
            return
        yield from _layers(manifest, brief, subject, place, limits)
    except AssayError as error:
        if descriptor.artifact_type or wanted.manifests or error.kind in ("unavailable", "untrusted"):
            yield msgspec.structs.replace(brief, error=error)


def _is_bundle(manifest: bytes) -> bool:
    return attestations.BUNDLE_PREFIX.encode() in manifest


def _bundle(manifest: bytes, brief: Item, subject: Digest, place: str, limits: Limits) -> Item:
    parsed = referrers.parse_referrer(manifest, where=place, limits=limits)
    _about(parsed.subject.digest, subject, place)
    return msgspec.structs.replace(
        brief,
        form="bundle",
        artifact_type=brief.artifact_type or referrers.BUNDLE_TYPE,
        layer=parsed.layer,
        predicate_type=brief.predicate_type or parsed.predicate_type,
        created=brief.created or parsed.created,
        size=parsed.layer.size or 0,
    )


def _layers(manifest: bytes, brief: Item, subject: Digest | None, place: str, limits: Limits) -> Iterator[Item]:
    """An item a layer of a manifest that is no bundle's; one for the whole where no layer is a statement."""
    document = oci.parse(manifest, "", where=place, limits=limits)
    if subject is not None:
        _about(document.subject.digest if document.subject else None, subject, place)
    if not isinstance(document, oci.Manifest):
        yield brief
        return
    kind = brief.artifact_type or document.artifact_type or document.config.media_type
    brief = msgspec.structs.replace(
        brief, artifact_type=kind, created=brief.created or document.annotations.get(referrers.CREATED, "")
    )
    known = [(layer, form) for layer in document.layers if (form := _form(layer.media_type)) != "other"]
    if not known:
        first = document.layers[0] if len(document.layers) == 1 else None
        yield msgspec.structs.replace(
            brief, form="other", layer=first, size=sum(layer.size or 0 for layer in document.layers)
        )
    for layer, form in known:
        yield msgspec.structs.replace(
            brief,
            place=f"{place} layer {layer.digest}",
            form=form,
            layer=layer,
            predicate_type=_predicate(layer, form) or brief.predicate_type,
            size=layer.size or 0,
        )


def _predicate(layer: Descriptor, form: Form) -> str:
    return predicates.COSIGN_SIGN if form == "signature" else attestations.annotated(layer.annotations)


def older(tags: TaggedManifests, tag: str, limits: Limits = DEFAULT_LIMITS) -> Iterator[Item]:
    """The layers at an older tag.

    Raises:
        UnavailableError, MalformedError: nobody knows what is there.
    """
    where = f"tag {tag}"
    for manifest in tags.tagged(tag):
        brief = Item(place=where, found="tag", form="other", carrier=Digest.of(manifest), size=len(manifest))
        yield from _layers(manifest, brief, None, where, limits)


def _tag(tags: TaggedManifests, tag: str, wanted: Wanted, limits: Limits) -> Iterator[Item]:
    """The same; those annotated with an unwanted type are left out, and what cannot be read is an item."""
    where = f"tag {tag}"
    try:
        yield from (item for item in older(tags, tag, limits) if wanted.takes(item.predicate_type))
    except AssayError as error:
        yield _broken(where, "tag", "signature" if tag.endswith(".sig") else "envelope", error)


def in_index(
    store: ReferrerStore, index: Digest, subject: Digest, wanted: Wanted, limits: Limits = DEFAULT_LIMITS
) -> Iterator[Item]:
    """What BuildKit lists in the index a subject was chosen from: statements without a signature."""
    where = f"index {index}"
    try:
        data = check(
            store.fetch(index, limits.manifest_bytes, manifest=True),
            Descriptor(media_type="", digest=index, size=None),
            where=where,
        )
        for listed in attestations.in_index(data, subject, where=where, limits=limits):
            place = f"attestation manifest {listed.digest}"
            brief = Item(
                place=place,
                found="index",
                form="statement",
                carrier=listed.digest,
                artifact_type=listed.artifact_type or attestations.DOCKER_ATTESTATION,
                size=listed.size or 0,
            )
            try:
                manifest = _manifest(store, listed, place, limits)
                yield from (i for i in _layers(manifest, brief, None, place, limits) if wanted.takes(i.predicate_type))
            except AssayError as error:
                yield msgspec.structs.replace(brief, error=error)
    except AssayError as error:
        yield _broken(where, "index", "statement", error)


def _manifest(store: ReferrerStore, descriptor: Descriptor, place: str, limits: Limits) -> bytes:
    if descriptor.digest is None:
        raise UntrustedError("a referrer without a digest", where=place, remedy="attach it again")
    data = store.fetch(descriptor.digest, limits.manifest_bytes, manifest=True)
    return check(data, descriptor, where=place)


def _about(named: Digest | None, subject: Digest, place: str) -> None:
    if named != subject:
        raise UntrustedError(
            "a referrer of something else",
            where=place,
            why=f"its subject is {named}",
            remedy="attach it again",
            code="SUBJECT_MISMATCH",
            step="referrer",
        )


def _broken(where: str, found: Found, form: Form, error: AssayError, descriptor: Descriptor | None = None) -> Item:
    carrier = descriptor.digest if descriptor is not None else None
    return Item(place=where, found=found, form=form, carrier=carrier, error=error)
