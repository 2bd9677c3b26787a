"""The content store as a whole: what locks need stays, the rest goes; it moves as one OCI artifact; rot is found."""

from collections.abc import Iterable, Iterator

import msgspec

from assay.formats import oci, strictjson
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnavailableError, UntrustedError
from assay.model.image import Descriptor
from assay.model.limits import Limits
from assay.ports.content import ImageSource
from assay.ports.stores import Blob, BlobSink, ContentStore

ARTIFACT = "application/vnd.assay.content-store.v1"
INPUT = "application/vnd.assay.input.v1"
TAG = "store"
_EMPTY = b"{}"


class Cleaned(msgspec.Struct, frozen=True, kw_only=True):
    """What cleaning removed and what stays."""

    removed: tuple[Blob, ...]
    kept_count: int
    kept_bytes: int
    missing: tuple[Digest, ...]
    """What the locks need and the store does not have."""


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """What an export or import carried."""

    count: int
    bytes: int
    manifest: Digest


class Rot(msgspec.Struct, frozen=True):
    """A blob that cannot be read, or no longer is what its name says."""

    digest: Digest
    why: str


def clean(store: ContentStore, needed: Iterable[Digest], *, dry_run: bool = False) -> Cleaned:
    """Remove every blob that nobody needs."""
    keep = frozenset(needed)
    blobs = tuple(store.blobs())
    removed = tuple(blob for blob in blobs if blob.digest not in keep)
    if not dry_run:
        for blob in removed:
            store.delete(blob.digest)
    there = {blob.digest: blob.size for blob in blobs if blob.digest in keep}
    return Cleaned(
        removed=removed,
        kept_count=len(there),
        kept_bytes=sum(there.values()),
        missing=tuple(sorted(keep - there.keys())),
    )


def verify(store: ContentStore, digests: Iterable[Digest]) -> tuple[int, tuple[Rot, ...]]:
    """Read every blob to its end.

    Returns:
        How many are well, and the others.
    """
    good, bad = 0, []
    for digest in digests:
        try:
            with store.open(digest) as pieces:
                for _ in pieces:
                    pass
            good += 1
        except (UntrustedError, UnavailableError) as error:
            bad.append(Rot(digest, f"{error.what}: {error.why}"))
    return good, tuple(bad)


def export(store: ContentStore, digests: Iterable[Digest], sink: BlobSink, limits: Limits) -> Moved:
    """Write blobs as one OCI artifact; the same blobs give the same bytes.

    Raises:
        UnavailableError, UntrustedError: a blob is missing or has changed; then nothing is published.
    """
    layers = []
    total = 0
    for digest in sorted(set(digests)):
        with store.open(digest) as pieces:
            blob = sink.put(pieces, limit=limits.build_input_bytes, expected=digest)
        layers.append(Descriptor(media_type=INPUT, digest=blob.digest, size=blob.size))
        total += blob.size
    empty = sink.put((_EMPTY,), limit=len(_EMPTY))
    config = Descriptor(media_type=oci.OCI_EMPTY, digest=empty.digest, size=empty.size)
    document = {
        "schemaVersion": 2,
        "mediaType": oci.OCI_MANIFEST,
        "artifactType": ARTIFACT,
        "config": oci.descriptor_to_dict(config),
        "layers": [oci.descriptor_to_dict(layer) for layer in layers or (config,)],
    }
    data = strictjson.canonical(document)
    if len(data) > limits.manifest_bytes or len(layers) > limits.store_layers_count:
        raise _too_many(len(layers), limits)
    manifest = sink.put((data,), limit=len(data))
    sink.publish(Descriptor(media_type=oci.OCI_MANIFEST, digest=manifest.digest, size=manifest.size), TAG)
    return Moved(count=len(layers), bytes=total, manifest=manifest.digest)


def import_(source: ImageSource, store: ContentStore, limits: Limits) -> Moved:
    """Take the blobs of an exported store; each is hashed before it gets its name.

    Raises:
        MalformedError: not an exported store. UntrustedError: a blob is not what its descriptor says.
    """
    root = source.root()
    found = Digest.of(root.data)
    if root.descriptor.digest != found:
        raise UntrustedError(
            "the manifest's digest does not match", where=root.name,
            why=f"expected {root.descriptor.digest}, received {found}",
            remedy="copy the store again", code="DIGEST_MISMATCH", step="content",
        )  # fmt: skip
    room = msgspec.structs.replace(limits, layers_count=limits.store_layers_count)
    manifest = oci.parse(root.data, root.descriptor.media_type, where=root.name, limits=room)
    if not isinstance(manifest, oci.Manifest) or manifest.artifact_type != ARTIFACT:
        raise MalformedError(
            "not an exported content store", where=root.name, why=f"its artifactType is not {ARTIFACT}",
            remedy="name what `assay store export` wrote",
        )  # fmt: skip
    layers = [layer for layer in manifest.layers if layer.media_type == INPUT]
    total = sum(blob.size for blob in _take(source, layers, store, limits))
    return Moved(count=len(layers), bytes=total, manifest=found)


def _take(source: ImageSource, layers: Iterable[Descriptor], store: ContentStore, limits: Limits) -> Iterator[Blob]:
    for layer in layers:
        with source.stream(layer) as pieces:
            yield store.put(pieces, limit=min(layer.size or 0, limits.build_input_bytes), expected=layer.digest)


def _too_many(count: int, limits: Limits) -> MalformedError:
    return MalformedError(
        "too many blobs for one artifact", why=f"{count}, limit {limits.store_layers_count}",
        remedy="name the locks whose blobs are wanted",
    )  # fmt: skip
