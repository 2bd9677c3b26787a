"""A claim: in-toto statements and the DSSE envelopes that carry them."""

from functools import lru_cache

import msgspec

from assay.model.digest import Digest


class ResourceDescriptor(msgspec.Struct, frozen=True, kw_only=True):
    """An in-toto resource descriptor (attestation spec v1, resource_descriptor.md): a subject, a material, a document.

    Digests go from algorithm to value, as the statement spells them.
    """

    name: str = ""
    digest: dict[str, str] = {}
    uri: str = ""
    download_location: str = ""
    media_type: str = ""
    content: str = ""
    """Bytes in base64, as received."""
    annotations: dict[str, object] = {}


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """An in-toto Statement v1 (in-toto attestation spec v1). A claim, not yet believed.

    `payload` are the exact bytes: they are what is signed and digested; the fields are a view of them.
    """

    subject: tuple[ResourceDescriptor, ...]
    predicate_type: str
    predicate: dict[str, object]
    payload: bytes

    @property
    def digest(self) -> Digest:
        """SHA-256 of the payload bytes."""
        return _digest(self.payload)


@lru_cache(maxsize=4)  # a decision cites the same few statements some forty times
def _digest(payload: bytes) -> Digest:
    return Digest.of(payload)


class Signature(msgspec.Struct, frozen=True):
    """One DSSE signature."""

    sig: bytes
    keyid: str = ""


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """A DSSE envelope (DSSE v1)."""

    payload_type: str
    payload: bytes
    signatures: tuple[Signature, ...]
