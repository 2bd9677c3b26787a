"""What an archive of an OCI layout holds beside its image: blobs by digest; nothing can be attached to an archive."""

from typing import NoReturn

from assay.model.digest import Digest
from assay.model.errors import UnsupportedError
from assay.model.image import Descriptor
from assay.ports.content import ImageSource


class ArchiveReferrers:
    """A `ReferrerStore` over an open image; its list of referrers is empty, for an archive keeps none apart."""

    def __init__(self, source: ImageSource) -> None:
        self._source = source

    def describe(self) -> Descriptor:
        """The manifest or index the archive holds."""
        return self._source.root().descriptor

    def referrers(self, subject: Digest) -> tuple[Descriptor, ...]:
        """None."""
        return ()

    def fetch(self, digest: Digest, limit: int, *, manifest: bool) -> bytes:
        """A manifest or a blob of the archive, unchecked."""
        return self._source.fetch(Descriptor(media_type="", digest=digest, size=None), limit)

    def push_blob(self, data: bytes) -> Digest:
        """Refused."""
        self._refuse()

    def push_referrer(self, manifest: bytes, descriptor: Descriptor, subject: Digest) -> None:
        """Refused."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise UnsupportedError(
            "nothing can be attached to an archive", remedy="unpack it to a layout, or push it to a registry"
        )
