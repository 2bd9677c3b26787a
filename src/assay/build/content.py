"""Reading and sealing a content store: whole small blobs, and a store nobody can write to any more."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager

from assay.model.digest import Digest
from assay.model.errors import UnsupportedError, UntrustedError, UsageError
from assay.ports.stores import Blob, ContentStore


def whole(store: ContentStore, digest: Digest, *, limit: int) -> bytes:
    """A blob's bytes, checked before anybody sees them.

    Raises:
        UnsupportedError: more than `limit` bytes. UntrustedError, UnavailableError: see `ContentStore.open`.
    """
    size = store.size(digest)
    if size is not None and size > limit:
        raise UnsupportedError(
            "too large", where=str(digest), why=f"{size} bytes, limit {limit}", remedy="raise the limit"
        )
    with store.open(digest) as pieces:
        return b"".join(pieces)


def check(store: ContentStore, digests: Iterable[Digest], sizes: Mapping[Digest, int] | None = None) -> int:
    """Read every blob to its end, so that what has rotted is found before it is used; how many bytes were read.

    Args:
        store: holds them.
        digests: of the blobs.
        sizes: how many bytes a lock says that some of them have.

    Raises:
        UntrustedError: the content changed, or a size is not the lock's. UnavailableError: one is missing.
    """
    total = 0
    for digest in digests:
        with store.open(digest) as pieces:
            size = sum(map(len, pieces))
        if sizes is not None and sizes.get(digest, size) != size:
            raise UntrustedError(
                "the lock is not of what it pins", where=str(digest), why=f"{size} bytes, locked {sizes[digest]}",
                remedy="somebody edited it: write it anew with `assay lock`", code="LOCK_MISMATCH", step="lock",
            )  # fmt: skip
        total += size
    return total


class Sealed:
    """A store after fetching has ended (brief B10): reads go through, writes are refused."""

    def __init__(self, store: ContentStore) -> None:
        self._store = store

    def put(self, chunks: Iterable[bytes], *, limit: int, expected: Digest | None = None) -> Blob:
        """Refused."""
        raise _sealed()

    def open(self, digest: Digest) -> AbstractContextManager[Iterator[bytes]]:
        """As the store's own."""
        return self._store.open(digest)

    def size(self, digest: Digest) -> int | None:
        """As the store's own."""
        return self._store.size(digest)

    def blobs(self) -> Iterator[Blob]:
        """As the store's own."""
        return self._store.blobs()

    def delete(self, digest: Digest) -> None:
        """Refused."""
        raise _sealed()


def _sealed() -> UsageError:
    return UsageError(
        "the content store is sealed", why="the build has begun: nothing is fetched or dropped any more",
        remedy="lock and fetch first",
    )  # fmt: skip
