"""Images and evidence in a registry: `RegistrySource` (an `ImageSource`) and `RegistryStore` (a `ReferrerStore`)."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from assay.adapters.blobs import too_large
from assay.adapters.registry_client import RegistryClient
from assay.adapters.registry_fallback import add_to_tag, change_tag, list_referrers, remove_from_tag
from assay.adapters.registry_stream import BlobStream
from assay.artifact.integrity import check
from assay.artifact.reference import Target
from assay.formats import oci
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnavailableError, UsageError
from assay.model.image import Descriptor
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.content import Root, Tagged


class _Repository:
    """What both have: a client, and the reference."""

    def __init__(
        self,
        target: Target,
        *,
        limits: Limits = DEFAULT_LIMITS,
        insecure: Collection[str] = (),
        env: Mapping[str, str] = {},
        client: RegistryClient | None = None,
        overall: float | None = None,
    ) -> None:
        """Nothing is asked yet.

        Args:
            target: a target of scheme `registry`.
            limits: the bounds.
            insecure: authorities (`host:port`) that may be spoken to without TLS; loopback always may.
            env: proxies, certificates and credential files; empty means none of them.
            client: a client to share, for instance of a `RegistrySource` of the same repository.
            overall: seconds everything together may take; None = no such bound.
        """
        self.target, self.limits = target, limits
        self.client = client or RegistryClient(target, limits=limits, insecure=insecure, env=env, overall=overall)

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def _resolve(self) -> Root:
        target = self.target
        answer = self.client.manifest(target.selector)
        if answer is None:
            raise UnavailableError(
                "no such image",
                where=str(target),
                why="the registry knows no such manifest",
                remedy="check the name and the tag; log in (docker login) if the repository is private",
            )
        descriptor = Descriptor(
            media_type=answer.headers.get("content-type", "").partition(";")[0].strip(),
            digest=target.digest or Digest.of(answer.body),
            size=len(answer.body),
        )
        return Root(name=str(target), descriptor=descriptor, data=answer.body, requested=target.digest)

    def _manifest(self, digest: Digest, limit: int) -> bytes:
        answer = self.client.manifest(str(digest))
        if answer is None:
            raise self._missing(digest)
        if len(answer.body) > limit:
            raise too_large(f"{self.client.name}@{digest}", limit)
        return answer.body

    def _blob(self, digest: Digest, limit: int, size: int | None = None) -> bytes:
        stream = BlobStream(self.client, digest, size)
        parts: list[bytes] = []
        total = 0
        try:
            for chunk in stream.chunks():
                total += len(chunk)
                if total > limit:
                    raise too_large(f"{self.client.name}@{digest}", limit)
                parts.append(chunk)
        finally:
            stream.close()
        return b"".join(parts)

    def _missing(self, digest: Digest) -> UnavailableError:
        return UnavailableError(
            "the registry lacks a manifest", where=f"{self.client.name}@{digest}", remedy="push the image again"
        )


class RegistrySource(_Repository):
    """An image in a registry (`ports.content.ImageSource`)."""

    def root(self) -> Root:
        """The manifest or index at the tag or digest, bytes as received.

        Raises:
            UnavailableError: no such image, refused, or no answer.
            UntrustedError: the bytes are not the ones the registry announces.
        """
        return self._resolve()

    def fetch(self, descriptor: Descriptor, limit: int) -> bytes:
        """A child manifest or a small blob, chosen by media type; unchecked bytes."""
        digest = _digest_of(descriptor)
        if descriptor.media_type in oci.ACCEPT:
            return self._manifest(digest, limit)
        return self._blob(digest, limit, descriptor.size)

    def stream(self, descriptor: Descriptor) -> AbstractContextManager[Iterator[bytes]]:
        """A blob's bytes, in chunks of about 128 KiB, resumed where the connection breaks; unchecked bytes."""
        return _opened(BlobStream(self.client, _digest_of(descriptor), descriptor.size))

    def store(self) -> "RegistryStore":
        """The referrers of the same repository, over the same connections; to be closed on its own."""
        return RegistryStore(self.target, limits=self.limits, client=self.client.share())


class RegistryStore(_Repository):
    """Evidence in a registry (`ports.content.ReferrerStore` and `TaggedManifests`)."""

    def describe(self) -> Descriptor:
        """The descriptor of what the reference resolves to now; evidence will name it, so the bytes are checked.

        Raises:
            UntrustedError: the registry gave other bytes than the digest asked for.
        """
        root = self._resolve()
        check(root.data, root.descriptor, where=root.name)
        return root.descriptor

    def referrers(self, subject: Digest) -> tuple[Descriptor, ...]:
        """By the referrers API; by the fallback tag where the registry has no API.

        Raises:
            UnavailableError: the registry does not say; never reported as "none".
            MalformedError: the list is none.
        """
        return list_referrers(self.client, subject)

    def fetch(self, digest: Digest, limit: int, *, manifest: bool) -> bytes:
        """A manifest or a blob by digest; unchecked bytes."""
        return self._manifest(digest, limit) if manifest else self._blob(digest, limit)

    def tagged(self, tag: str) -> tuple[bytes, ...]:
        """The manifest at a tag of this repository, if the registry knows one."""
        answer = self.client.manifest(tag)
        return () if answer is None else (answer.body,)

    def push_blob(self, data: bytes) -> Digest:
        """Store a blob if it is not there yet."""
        digest = Digest.of(data)
        if not self.client.has_blob(digest):
            self.client.upload(data, digest)
        return digest

    def push_referrer(self, manifest: bytes, descriptor: Descriptor, subject: Digest) -> None:
        """Store a manifest with a `subject`; list it at the fallback tag unless the registry says `OCI-Subject`.

        Its blobs, the empty config included, must be there already. Idempotent.
        """
        answer = self.client.put_manifest(str(Digest.of(manifest)), manifest, descriptor.media_type)
        if answer is None or answer.headers.get("oci-subject", "").strip() != str(subject):
            add_to_tag(self.client, subject, descriptor)

    def remove_referrer(self, manifest: Digest, subject: Digest) -> None:
        """Unlist a referrer at the fallback tag, if there is one, and delete its manifest. Idempotent.

        Unlisted first: a list that names what is gone would leave readers in doubt.

        Raises:
            UnsupportedError: the registry does not delete manifests.
        """
        remove_from_tag(self.client, subject, manifest)
        self.client.delete_manifest(manifest)

    def change_tagged(self, tag: str, change: Callable[[bytes | None], Tagged]) -> None:
        """Change the manifest at a tag, keeping what others add to it at the same time."""

        def changed(before: bytes | None) -> bytes | None:
            made = change(before)
            if made.manifest != before:
                for blob in made.blobs:
                    self.push_blob(blob)
            return made.manifest

        change_tag(self.client, tag, changed, oci.OCI_MANIFEST)

    def push_stream(self, descriptor: Descriptor, chunks: Iterator[bytes]) -> None:
        """Store a blob of any size, unless it is there."""
        digest = _digest_of(descriptor)
        if not self.client.has_blob(digest):
            self.client.upload_stream(chunks, digest)

    def push_manifest(self, manifest: bytes, media_type: str, tag: str = "") -> Digest:
        """Store a manifest by its digest, and under a tag where one is given. Idempotent."""
        digest = Digest.of(manifest)
        self.client.put_manifest(tag or str(digest), manifest, media_type)
        return digest

    def push_image(self, manifest: bytes, media_type: str) -> Digest:
        """Store what the reference names: under its tag, or by the digest it names.

        Raises:
            UntrustedError: the reference names another digest.
        """
        if self.target.digest is not None:
            named = Descriptor(media_type=media_type, digest=self.target.digest, size=None)
            check(manifest, named, where=str(self.target))
        return self.push_manifest(manifest, media_type, self.target.tag)

    def push_tagged(self, manifest: bytes, media_type: str) -> Digest:
        """Store a manifest under the reference's tag; its blobs must be there already. Idempotent.

        Raises:
            UsageError: the reference names a digest and no tag.
        """
        if not self.target.tag:
            raise UsageError("no tag to push to", where=str(self.target), remedy="write NAME:TAG")
        self.client.put_manifest(self.target.tag, manifest, media_type)
        return Digest.of(manifest)


@contextmanager
def _opened(stream: BlobStream) -> Iterator[Iterator[bytes]]:
    try:
        yield stream.chunks()
    finally:
        stream.close()


def _digest_of(descriptor: Descriptor) -> Digest:
    if descriptor.digest is None:
        raise MalformedError(
            "a descriptor without digest",
            where=descriptor.media_type,
            why="a registry finds content by digest only",
            remedy="push the image again",
        )
    return descriptor.digest
