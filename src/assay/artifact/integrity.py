"""Bytes against what their descriptor says: digest and size, whole or in a stream."""

import hashlib
from collections.abc import Iterable, Iterator

from assay.model.digest import Digest
from assay.model.errors import UntrustedError
from assay.model.image import Descriptor


def check(data: bytes, descriptor: Descriptor, *, where: str = "") -> bytes:
    """The same bytes, once their size and digest are those of the descriptor (what it leaves open is not checked).

    Raises:
        UntrustedError: size or digest differ; names both.
    """
    if descriptor.size is not None and len(data) != descriptor.size:
        raise size_mismatch(descriptor, len(data), where)
    if descriptor.digest is not None:
        received = Digest(descriptor.digest.algorithm, hashlib.new(descriptor.digest.algorithm, data).hexdigest())
        if received != descriptor.digest:
            raise digest_mismatch(descriptor.digest, received, where or descriptor.media_type)
    return data


def checked(stream: Iterable[bytes], descriptor: Descriptor, *, where: str = "") -> Iterator[bytes]:
    """The same chunks; ends only if size and digest held, and stops as soon as the size is passed.

    What was yielded before the end is unproven: nothing made of it may be reported until the iterator is exhausted.

    Raises:
        UntrustedError: size or digest differ; names both.
    """
    digest, size = descriptor.digest, descriptor.size
    hasher = hashlib.new(digest.algorithm) if digest else None
    received = 0
    for chunk in stream:
        received += len(chunk)
        if size is not None and received > size:
            raise size_mismatch(descriptor, received, where)
        if hasher:
            hasher.update(chunk)
        yield chunk
    if size is not None and received != size:
        raise size_mismatch(descriptor, received, where)
    if hasher and digest and hasher.hexdigest() != digest.hex:
        found = Digest(digest.algorithm, hasher.hexdigest())
        raise digest_mismatch(digest, found, where or descriptor.media_type)


def check_diff_id(expected: Digest | None, found: Digest, *, where: str = "") -> None:
    """The digest of the uncompressed layer against the image config's `rootfs.diff_ids` (OCI image-spec, config.md).

    Raises:
        UntrustedError: they differ; names both.
    """
    if expected is not None and expected != found:
        raise UntrustedError(
            "the layer's uncompressed content does not match the image config (diffID)",
            where=where,
            why=f"expected {expected}, found {found}",
            remedy="the image was damaged or tampered with: fetch or build it again",
            code="DIFF_ID_MISMATCH",
            step="content",
        )


def digest_mismatch(expected: Digest, received: Digest, where: str) -> UntrustedError:
    """The error for bytes whose digest is not the one expected."""
    return UntrustedError(
        "the content does not match its digest",
        where=where,
        why=f"expected {expected}, received {received}",
        remedy="it was damaged or tampered with: fetch or build it again",
        code="DIGEST_MISMATCH",
        step="content",
    )


def size_mismatch(descriptor: Descriptor, received: int, where: str) -> UntrustedError:
    """The error for bytes that are not as many as the descriptor says."""
    more = "or more" if descriptor.size is not None and received > descriptor.size else ""
    return UntrustedError(
        "the content does not match its size",
        where=where or str(descriptor.digest or descriptor.media_type),
        why=f"expected {descriptor.size} bytes, received {received} {more}".rstrip(),
        remedy="it was damaged or tampered with: fetch or build it again",
        code="SIZE_MISMATCH",
        step="content",
    )
