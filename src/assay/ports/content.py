"""Where content comes from: images, trees, referrers."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

import msgspec

from assay.model.digest import Digest
from assay.model.image import Descriptor


class Root(msgspec.Struct, frozen=True, kw_only=True):
    """What a reference resolved to: the bytes of the manifest or index, as received, and their descriptor.

    The adapter does not judge the bytes: `artifact.image` checks digest and size and parses them.
    """

    name: str
    """For reports: the reference, or the last component of a local path."""
    descriptor: Descriptor
    data: bytes
    requested: Digest | None = None
    """The digest the reference itself named, if it named one."""


class Platforms(msgspec.Struct, frozen=True):
    """The manifests of one image that no index of its own lists; `name` is for reports, as a root's."""

    name: str
    manifests: tuple[Descriptor, ...]


@runtime_checkable
class ListsPlatforms(Protocol):
    """An image source that may list the platforms of one image beside each other, with no index of their own."""

    def platforms(self) -> Platforms | None:
        """Them, where what was asked for leads to such a list; None otherwise, whatever the reason."""
        ...


class ImageSource(Protocol):
    """An image at rest: OCI layout, archive, or registry repository."""

    def root(self) -> Root:
        """Resolve the reference: the manifest or index it names.

        Raises:
            UsageError: several entries match (the error lists them).
            UnavailableError, UnsupportedError, MalformedError.
        """

    def fetch(self, descriptor: Descriptor, limit: int) -> bytes:
        """A small blob or a child manifest, whole; at most `limit` bytes are read. Unchecked bytes."""

    def stream(self, descriptor: Descriptor) -> AbstractContextManager[Iterator[bytes]]:
        """A blob's bytes as stored, in chunks of about 128 KiB; safe to call from several threads. Unchecked."""

    def close(self) -> None:
        """Release sockets and files."""


class TreeEntry(msgspec.Struct, frozen=True):
    """One regular file of a directory tree. `path` is relative, with `/`, no leading slash; surrogateescape text."""

    path: str
    size: int
    mode: int


class FileTree(Protocol):
    """A directory on this machine (`dir:`, `rootfs:`); links out of the root are never followed."""

    name: str

    def walk(self) -> Iterator[TreeEntry]:
        """Regular files, sorted by path. Symbolic links to files inside the root are not listed twice."""

    def read(self, entry: TreeEntry, limit: int) -> Iterator[bytes]:
        """The file's bytes in chunks; more than `limit` bytes raises `UnsupportedError`."""

    def unreadable(self) -> tuple[tuple[str, str], ...]:
        """(path, reason) of what the walk could not read; complete once `walk` is exhausted."""


class ReferrerStore(Protocol):
    """Evidence beside an image: the referrers of one repository or layout (OCI distribution-spec 1.1)."""

    def describe(self) -> Descriptor:
        """The descriptor of the manifest or index the reference resolves to now."""

    def referrers(self, subject: Digest) -> tuple[Descriptor, ...]:
        """Descriptors of manifests whose `subject` is this digest, referrers API and fallback tag merged."""

    def fetch(self, digest: Digest, limit: int, *, manifest: bool) -> bytes:
        """A manifest or a blob by digest. Checked against the digest by the caller."""

    def push_blob(self, data: bytes) -> Digest:
        """Store a blob (idempotent)."""

    def push_referrer(self, manifest: bytes, descriptor: Descriptor, subject: Digest) -> None:
        """Store a manifest that has a `subject`, and list it under the fallback tag where there is no API."""


class ArtifactStore(Protocol):
    """A repository or layout that takes artifacts under a tag."""

    def push_blob(self, data: bytes) -> Digest:
        """Store a blob (idempotent)."""

    def push_tagged(self, manifest: bytes, media_type: str) -> Digest:
        """Store a manifest under the tag the reference names; its blobs are there already.

        Raises:
            UsageError: the reference names a digest and no tag.
        """


class TaggedManifests(Protocol):
    """Manifests by tag, where programs before the referrers API left evidence beside an image."""

    def tagged(self, tag: str) -> tuple[bytes, ...]:
        """The manifests at a tag, bytes as received: none, one, or several in a layout. Never "none" for "unknown".

        Raises:
            UnavailableError: nobody knows whether there is one.
        """


class Tagged(msgspec.Struct, frozen=True):
    """A manifest to put at a tag, and the blobs that must be there before it."""

    manifest: bytes
    blobs: tuple[bytes, ...] = ()


class TagWriter(Protocol):
    """Manifests at tags that several writers add to, as programs before the referrers API share them."""

    def change_tagged(self, tag: str, change: Callable[[bytes | None], Tagged]) -> None:
        """Put what `change` makes of the manifest at a tag (None = none yet); asked again when others came between.

        Raises:
            UnavailableError: others keep changing it, or it cannot be read or written.
        """


class ReferrerRemover(Protocol):
    """A repository or layout whose referrers may be taken away again."""

    def remove_referrer(self, manifest: Digest, subject: Digest) -> None:
        """Take a referrer's manifest away, and its line in the list at the fallback tag. Idempotent.

        Raises:
            UnsupportedError: it does not delete.
        """


class ImageDestination(Protocol):
    """A repository or layout an image is carried to, with everything attached to it."""

    def push_stream(self, descriptor: Descriptor, chunks: Iterator[bytes]) -> None:
        """Store a blob of any size, unless it is there; what the chunks raise is passed on, and nothing stays."""

    def push_manifest(self, manifest: bytes, media_type: str, tag: str = "") -> Digest:
        """Store a manifest by its digest, and under a tag where one is given; what it names is there already."""

    def push_image(self, manifest: bytes, media_type: str) -> Digest:
        """Store the manifest or index the reference names, under its tag if it has one."""

    def push_referrer(self, manifest: bytes, descriptor: Descriptor, subject: Digest) -> None:
        """Store a manifest that has a `subject`, and list it under the fallback tag where there is no API."""


class DocumentFolder(Protocol):
    """A folder of documents on this machine; nothing outside it is read."""

    def exists(self) -> bool:
        """Whether it is there."""

    def names(self, limit: int) -> tuple[str, ...]:
        """Names of the documents directly in it, sorted; at most `limit` + 1, so that one too many is seen."""

    def read(self, name: str, limit: int) -> bytes:
        """A file by its relative path; more than `limit` bytes raises `UnsupportedError`."""

    def signature(self, name: str, limit: int) -> bytes:
        """The Sigstore bundle beside a document; empty where there is none."""
