"""An image and everything attached to it, carried from one place to another: registry to layout, and back.

Every byte is checked against its digest on the way, and what names something goes after it, so that a copy that broke
off names nothing that is not there. Carrying judges nothing: evidence is carried whether it would verify or not.
"""

import msgspec

from assay.artifact import attestations
from assay.artifact.integrity import check, checked
from assay.formats import oci
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.image import Descriptor
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.content import ImageDestination, ImageSource, ReferrerStore, TaggedManifests
from assay.ports.world import Progress

DEPTH_COUNT = 4
"""Referrers of referrers (a signature of an SBOM): so many steps away from the image."""


class Origin(msgspec.Struct, frozen=True):
    """Where an image lies: its content, what is attached to it, and the tags beside it."""

    source: ImageSource
    store: ReferrerStore
    tags: TaggedManifests


class Carried(msgspec.Struct, frozen=True, kw_only=True):
    """What went over."""

    image: Digest
    manifests_count: int
    """Manifests and indexes of the image itself."""
    referrers_count: int
    tags: tuple[str, ...] = ()
    """Tags of the older form that lay beside it."""


class _Carrier:
    """One journey: remembers what went over already."""

    def __init__(self, origin: Origin, destination: ImageDestination, progress: Progress, limits: Limits) -> None:
        self.origin, self.destination, self.progress, self.limits = origin, destination, progress, limits
        self.blobs: set[Digest] = set()
        self.manifests: list[Digest] = []
        self.referrers: set[Digest] = set()
        self.tags: list[str] = []

    def tree(self, document: oci.Manifest | oci.Index, where: str, depth: int = 0) -> None:
        """What a manifest or an index names, deepest first."""
        if depth > DEPTH_COUNT:
            raise UnsupportedError("indexes nested too deeply", where=where, why=f"more than {DEPTH_COUNT} levels")
        if isinstance(document, oci.Manifest):
            for blob in (document.config, *document.layers):
                self.blob(blob, where)
            return
        for child in document.manifests:
            digest = _digest(child, where)
            if digest in self.manifests:
                continue
            data = check(self.origin.source.fetch(child, self.limits.manifest_bytes), child, where=str(digest))
            if child.media_type in oci.ACCEPT:
                self.tree(
                    oci.parse(data, child.media_type, where=str(digest), limits=self.limits), str(digest), depth + 1
                )
                self.destination.push_manifest(data, child.media_type)
                self.manifests.append(digest)
            else:  # an index may list plain blobs
                self.destination.push_stream(child, iter((data,)))

    def blob(self, blob: Descriptor, where: str) -> None:
        """One blob, streamed and checked; foreign layers, which lie elsewhere by design, are refused."""
        digest = _digest(blob, where)
        if digest in self.blobs:
            return
        self.progress.stage(f"carrying {digest} ({blob.size} bytes)")
        with self.origin.source.stream(blob) as chunks:
            self.destination.push_stream(blob, checked(chunks, blob, where=str(digest)))
        self.blobs.add(digest)

    def attached(self, subject: Digest, depth: int = 0) -> None:
        """Every referrer of a subject, and the referrers of those."""
        if depth >= DEPTH_COUNT:
            return
        for listed in self.origin.store.referrers(subject):
            digest = _digest(listed, f"referrers of {subject}")
            if digest in self.referrers:
                continue
            data = self.origin.store.fetch(digest, self.limits.manifest_bytes, manifest=True)
            check(data, listed, where=f"referrer {digest}")
            document = oci.parse(data, listed.media_type, where=f"referrer {digest}", limits=self.limits)
            if document.subject is None or document.subject.digest != subject:
                continue  # listed here, but about something else: it is not carried as this image's
            self.tree(document, f"referrer {digest}")
            self.destination.push_referrer(data, _listed(listed, document), subject)
            self.referrers.add(digest)
            self.attached(digest, depth + 1)

    def legacy(self, subject: Digest) -> None:
        """The manifests at the tags of the older form."""
        for tag in attestations.legacy_tags(subject):
            for number, data in enumerate(self.origin.tags.tagged(tag)):
                if number:
                    raise MalformedError("several manifests have one tag", where=tag, remedy="load them one by one")
                document = oci.parse(data, "", where=tag, limits=self.limits)
                self.tree(document, tag)
                self.destination.push_manifest(data, document.media_type, tag)
                self.tags.append(tag)


def carry(
    origin: Origin, destination: ImageDestination, progress: Progress, *, limits: Limits = DEFAULT_LIMITS
) -> Carried:
    """Carry what a reference names, every manifest below it, and what is attached to each of them.

    Raises:
        UntrustedError: bytes that are not what their digest says; nothing names them at the destination.
        UnavailableError: either side did not answer, or the list of referrers is not complete.
        UnsupportedError: an old docker archive, which has no manifest.
    """
    root = origin.source.root()
    check(root.data, root.descriptor, where=root.name)
    if root.descriptor.media_type == oci.DOCKER_ARCHIVE:
        raise UnsupportedError(
            "cannot carry this image",
            where=root.name,
            why="an old docker archive has no manifest",
            remedy="copy it into a registry or an OCI layout first",
        )
    digest = root.descriptor.digest or Digest.of(root.data)
    document = oci.parse(root.data, root.descriptor.media_type, where=root.name, limits=limits)
    carrier = _Carrier(origin, destination, progress, limits)
    carrier.tree(document, root.name)
    destination.push_image(root.data, document.media_type)
    carrier.manifests.append(digest)
    for subject in tuple(carrier.manifests):
        progress.stage(f"carrying what is attached to {subject}")
        carrier.attached(subject)
        carrier.legacy(subject)
    return Carried(
        image=digest,
        manifests_count=len(carrier.manifests),
        referrers_count=len(carrier.referrers),
        tags=tuple(carrier.tags),
    )


def _listed(listed: Descriptor, document: oci.Manifest | oci.Index) -> Descriptor:
    """The line for the fallback index: type and annotations are the manifest's own, whatever the list said."""
    config = document.config.media_type if isinstance(document, oci.Manifest) else ""
    return Descriptor(
        media_type=document.media_type,
        digest=listed.digest,
        size=listed.size,
        annotations=document.annotations,
        # Before image-spec 1.1 the config's media type said what an artifact is.
        artifact_type=document.artifact_type or ("" if config == oci.OCI_EMPTY else config),
    )


def _digest(descriptor: Descriptor, where: str) -> Digest:
    if descriptor.digest is None:
        raise MalformedError("a descriptor without a digest", where=where, remedy="build or push the image again")
    return descriptor.digest
