"""Two references → two images → why they differ."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial

from assay.artifact.image import blob_of, resolve
from assay.artifact.integrity import check_diff_id, checked
from assay.build.compare import Side, compare
from assay.formats import oci
from assay.formats.codec import inflate
from assay.model.comparison import Comparison, Conditions
from assay.model.digest import Digest
from assay.model.errors import UnsupportedError
from assay.model.image import Descriptor, Image, Layer, Platform
from assay.model.limits import Limits
from assay.ports.content import ImageSource
from assay.ports.stores import Spool
from assay.ports.world import Beside

_NOTHING = Conditions()


def compare_images(
    before: ImageSource,
    after: ImageSource,
    spool: Spool,
    limits: Limits,
    *,
    platform: Platform | None = None,
    host: Platform,
    allowed: Iterable[str] = (),
    conditions: tuple[Conditions, Conditions] = (_NOTHING, _NOTHING),
    owners: Mapping[bytes, str] | None = None,
    beside: Beside = nullcontext,
) -> Comparison:
    """Compare what two sources hold.

    Args:
        before: A.
        after: B.
        spool: room for contents.
        limits: bounds.
        platform: which, of an index.
        host: this machine's.
        allowed: cause classes that are harmless.
        conditions: what A's and B's builds recorded.
        owners: path → whose it is.
        beside: lets the two be inflated side by side.

    Raises:
        UntrustedError: bytes are not what their digest says. UnsupportedError: an image names no digests.
    """
    one, other = (
        side(source, limits, platform=platform, host=host, conditions=told, owners=owners or {}, beside=beside)
        for source, told in zip((before, after), conditions, strict=True)
    )
    return compare(one, other, spool, limits, allowed=allowed)


def side(
    source: ImageSource,
    limits: Limits,
    *,
    platform: Platform | None,
    host: Platform,
    conditions: Conditions = _NOTHING,
    owners: Mapping[bytes, str] | None = None,
    beside: Beside = nullcontext,
) -> Side:
    """One image, ready to be compared; layers are opened when they are asked for."""
    (image,) = resolve(source, platform=platform, host=host, limits=limits)
    manifest, config = documents(source, image, limits)
    layers = tuple(partial(opened, source, layer, limits, beside) for layer in image.layers)
    return Side(
        image=image, manifest=manifest, config=config, layers=layers, conditions=conditions, owners=owners or {}
    )


def documents(source: ImageSource, image: Image, limits: Limits) -> tuple[bytes, bytes]:
    """Manifest and config, as received and checked.

    Raises:
        UnsupportedError: an old archive, which names neither.
    """
    digest = image.subject.digest
    if digest is None or digest == image.config_digest or image.config_digest is None:
        raise UnsupportedError(
            "an image without a manifest", where=image.subject.name, why="an archive of an older form",
            remedy="compare OCI layouts or references of a registry",
        )  # fmt: skip
    manifest = _fetched(source, image.subject.media_type or oci.OCI_MANIFEST, digest, limits.manifest_bytes)
    return manifest, _fetched(source, oci.OCI_CONFIG, image.config_digest, limits.config_bytes)


def _fetched(source: ImageSource, media_type: str, digest: Digest, limit: int) -> bytes:
    wanted = Descriptor(media_type=media_type, digest=digest, size=None)
    return b"".join(checked((source.fetch(wanted, limit),), wanted, where=str(digest)))


@contextmanager
def opened(
    source: ImageSource, layer: Layer, limits: Limits, beside: Beside = nullcontext
) -> Iterator[Iterator[bytes]]:
    """A layer inflated; digest and diffID have been checked once the block ends well."""
    descriptor = blob_of(layer)
    where = f"layer {layer.index}"
    with source.stream(descriptor) as stored:
        state = hashlib.new(layer.diff_id.algorithm if layer.diff_id else "sha256")
        inflated = inflate(checked(stored, descriptor, where=where), layer.media_type, limits, where)
        with beside(_hashed(inflated, state.update)) as chunks:
            yield chunks
            for _ in chunks:  # what is left is zeros after the end; the digest covers it too
                pass
        check_diff_id(layer.diff_id, Digest(state.name, state.hexdigest()), where=where)


def _hashed(chunks: Iterator[bytes], update: Callable[[bytes], None]) -> Iterator[bytes]:
    for chunk in chunks:
        update(chunk)
        yield chunk
