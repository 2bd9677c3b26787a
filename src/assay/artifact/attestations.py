"""Attestations beside an image that are no Sigstore bundles: where each program leaves them, read from manifests.

* cosign before version 3: the image manifest at the tag `sha256-HEX.att`, each layer a DSSE envelope;
* bare in-toto referrers (Docker): a manifest with a `subject`, each layer an in-toto statement or its envelope;
* BuildKit: in the image's index, a manifest for `unknown/unknown` whose annotations name the image.

Layers, media types and annotations are claims: only a verified statement says what it is about.
"""

from collections.abc import Mapping

import msgspec

from assay.formats import oci
from assay.model.digest import Digest
from assay.model.image import Descriptor
from assay.model.limits import DEFAULT_LIMITS, Limits

DSSE = "application/vnd.dsse.envelope.v1+json"
IN_TOTO = "application/vnd.in-toto+json"
_IN_TOTO_KIND = "application/vnd.in-toto."
_PREDICATE = ("predicateType", "in-toto.io/predicate-type")
_KIND, _KIND_VALUE, _OF = "vnd.docker.reference.type", "attestation-manifest", "vnd.docker.reference.digest"
BUNDLE_PREFIX = "application/vnd.dev.sigstore.bundle"
DOCKER_ATTESTATION = "application/vnd.docker.attestation.manifest.v1+json"
"""Artifact type of BuildKit's attestation manifests, where it gives one."""
_CERTIFICATE = "dev.sigstore.cosign/certificate"


class AttestationLayer(msgspec.Struct, frozen=True, kw_only=True):
    """One layer that may hold a statement."""

    descriptor: Descriptor
    predicate_type: str = ""
    """As annotated, without proof; empty where nothing is said."""
    certificate: bool = False
    """Whether an annotation carries the signer's certificate."""


def legacy_tag(subject: Digest) -> str:
    """The tag cosign before version 3 keeps attestations at.

    >>> legacy_tag(Digest.of(b""))[-8:]
    '855.att'
    """
    return f"{subject.algorithm}-{subject.hex}.att"


def legacy_tags(subject: Digest) -> tuple[str, ...]:
    """Every tag programs before the referrers API leave something about a manifest at.

    >>> [tag[-5:] for tag in legacy_tags(Digest.of(b""))]
    ['5.sig', '5.att', '.sbom']
    """
    return tuple(f"{subject.algorithm}-{subject.hex}.{kind}" for kind in ("sig", "att", "sbom"))


def layers(data: bytes, *, where: str, limits: Limits = DEFAULT_LIMITS) -> tuple[AttestationLayer, ...]:
    """The layers of a manifest that may hold statements; none if it is no image manifest.

    Raises:
        MalformedError, UnsupportedError: no manifest.
    """
    manifest = oci.parse(data, "", where=where, limits=limits)
    if not isinstance(manifest, oci.Manifest):
        return ()
    return tuple(_layer(item) for item in manifest.layers if is_statement(item.media_type))


def is_statement(media_type: str) -> bool:
    """Whether a media type is that of a bundle, a DSSE envelope or an in-toto statement (`+dsse`, `+json`)."""
    return media_type in (DSSE, IN_TOTO) or media_type.startswith((_IN_TOTO_KIND, BUNDLE_PREFIX))


def is_bare(media_type: str) -> bool:
    """Whether a media type is that of a statement without envelope: only the manifest around it can be signed."""
    return media_type == IN_TOTO or (media_type.startswith(_IN_TOTO_KIND) and media_type.endswith("+json"))


def annotated(annotations: Mapping[str, str]) -> str:
    """The predicate type annotations name, without proof; empty where they name none."""
    return next((annotations[name] for name in _PREDICATE if annotations.get(name)), "")


def subject_of_manifest(data: bytes, *, where: str, limits: Limits = DEFAULT_LIMITS) -> Digest | None:
    """What a manifest says it is attached to."""
    parsed = oci.parse(data, "", where=where, limits=limits)
    return parsed.subject.digest if parsed.subject is not None else None


def in_index(data: bytes, subject: Digest, *, where: str, limits: Limits = DEFAULT_LIMITS) -> tuple[Descriptor, ...]:
    """The attestation manifests an index lists for one of its manifests.

    Raises:
        MalformedError, UnsupportedError: no manifest or index.
    """
    index = oci.parse(data, "", where=where, limits=limits)
    if not isinstance(index, oci.Index):
        return ()
    return tuple(
        item
        for item in index.manifests
        if item.annotations.get(_KIND) == _KIND_VALUE and item.annotations.get(_OF) == str(subject)
    )


def _layer(item: Descriptor) -> AttestationLayer:
    certificate = bool(item.annotations.get(_CERTIFICATE))
    return AttestationLayer(descriptor=item, predicate_type=annotated(item.annotations), certificate=certificate)
