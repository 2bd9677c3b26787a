"""A content store in memory, for tests of what stands on the port."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import new

from assay.model.digest import Digest
from assay.model.errors import UnavailableError, UnsupportedError, UntrustedError
from assay.ports.stores import Blob


class MemoryContentStore:
    """A `ContentStore`; `held` may be changed to make a blob rot."""

    def __init__(self, *contents: bytes) -> None:
        self.held = {Digest.of(data): data for data in contents}

    def put(self, chunks: Iterable[bytes], *, limit: int, expected: Digest | None = None) -> Blob:
        data = b""
        for chunk in chunks:
            data += chunk
            if len(data) > limit:
                raise UnsupportedError("too large for the content store", why=f"more than {limit} bytes")
        if expected is not None and new(expected.algorithm, data).hexdigest() != expected.hex:
            raise UntrustedError("an input is not what it should be", where=str(expected), code="DIGEST_MISMATCH")
        digest = Digest.of(data)
        self.held[digest] = data
        return Blob(digest, len(data))

    @contextmanager
    def open(self, digest: Digest) -> Iterator[Iterator[bytes]]:
        if digest not in self.held:
            raise UnavailableError("not in the content store", where=str(digest))
        yield self._pieces(digest)

    def _pieces(self, digest: Digest) -> Iterator[bytes]:
        data = self.held[digest]
        for start in range(0, len(data), 1000):
            yield data[start : start + 1000]
        if Digest.of(data) != digest:
            raise UntrustedError("a blob of the content store has changed", where=str(digest), code="DIGEST_MISMATCH")

    def size(self, digest: Digest) -> int | None:
        return len(self.held[digest]) if digest in self.held else None

    def blobs(self) -> Iterator[Blob]:
        return iter([Blob(digest, len(self.held[digest])) for digest in sorted(self.held)])

    def delete(self, digest: Digest) -> None:
        self.held.pop(digest, None)
