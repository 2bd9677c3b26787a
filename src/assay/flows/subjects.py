"""Which manifest a statement is about: the descriptor of what a reference names, or of one platform of it."""

import msgspec

from assay.artifact.image import platform_manifests, resolve
from assay.artifact.integrity import check
from assay.formats import oci
from assay.model.digest import Digest
from assay.model.errors import UnsupportedError, UsageError
from assay.model.image import Descriptor, Platform, Subject
from assay.model.limits import Limits
from assay.ports.content import ImageSource


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A subject and the descriptor evidence about it refers to."""

    subject: Subject
    descriptor: Descriptor


def named(
    source: ImageSource, *, platform: Platform | None, host: Platform, everything: bool, limits: Limits
) -> tuple[Named, ...]:
    """What a reference names, checked.

    Args:
        source: where the image is.
        platform: one platform of an index.
        host: the platform taken when none is named.
        everything: the index itself and each of its platforms, as separate subjects.
        limits: bounds of manifests.

    Raises:
        UnsupportedError: an old docker archive has no manifest evidence could refer to.
        UsageError, UntrustedError, MalformedError: as `artifact.image.resolve`.
    """
    root = source.root()
    check(root.data, root.descriptor, where=root.name)
    images = resolve(source, platform=platform, host=host, all_platforms=everything, limits=limits)
    found = []
    if root.descriptor.media_type == oci.DOCKER_ARCHIVE:
        raise _archive(root.name)
    document = oci.parse(root.data, root.descriptor.media_type, where=root.name, limits=limits)
    children = {} if isinstance(document, oci.Manifest) else {d.digest: d for d in document.manifests}
    digest = root.descriptor.digest or Digest.of(root.data)
    whole = msgspec.structs.replace(root.descriptor, digest=digest, size=len(root.data))
    if children and everything:
        index = Subject(name=root.name, digest=digest, media_type=whole.media_type)
        found.append(Named(subject=index, descriptor=whole))
    for image in images:
        descriptor = children.get(image.subject.digest) if children else whole
        if descriptor is None:
            raise UsageError("no such manifest in the index", where=root.name, why=str(image.subject.digest))
        found.append(Named(subject=image.subject, descriptor=descriptor))
    return tuple(found)


def briefly(
    source: ImageSource, *, platform: Platform | None, host: Platform, everything: bool, limits: Limits
) -> tuple[Subject, ...]:
    """What a reference names, by manifests and indexes alone: enough to look for evidence, and one request for most.

    Configs are not read, so a subject that no index describes has no platform.

    Args:
        source: where the image is.
        platform: one platform of an index.
        host: the platform taken when none is named.
        everything: the index itself and each of its platforms.
        limits: bounds of manifests.

    Raises:
        UnsupportedError, UsageError, UntrustedError, MalformedError: as `named`.
    """
    if platform is not None:  # what a single manifest is for, only its config says
        return tuple(
            n.subject for n in named(source, platform=platform, host=host, everything=everything, limits=limits)
        )
    root = source.root()
    check(root.data, root.descriptor, where=root.name)
    if root.requested is not None:
        check(root.data, Descriptor(media_type="", digest=root.requested, size=None), where=root.name)
    if root.descriptor.media_type == oci.DOCKER_ARCHIVE:
        raise _archive(root.name)
    document = oci.parse(root.data, root.descriptor.media_type, where=root.name, limits=limits)
    digest = root.descriptor.digest or Digest.of(root.data)
    whole = Subject(name=root.name, digest=digest, media_type=document.media_type)
    if isinstance(document, oci.Manifest):
        return (whole,)
    chosen = platform_manifests(source, document, name=root.name, host=host, all_platforms=everything, limits=limits)
    children = tuple(
        Subject(name=root.name, digest=d.digest, index=digest, platform=d.platform, media_type=d.media_type)
        for d in chosen
    )
    return (whole, *children) if everything else children


def _archive(name: str) -> UnsupportedError:
    return UnsupportedError(
        "evidence cannot refer to this image",
        where=name,
        why="an old docker archive has no manifest digest",
        remedy="copy it into a registry or an OCI layout first",
    )
