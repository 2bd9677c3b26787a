"""Room for the bytes of a tree (`ports.stores.Spool`): one file without a name, gone with the process."""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from assay.adapters.blobs import pieces
from assay.model.errors import UnavailableError
from assay.model.tree import Span

_BUFFER_BYTES = 1 << 20


class FileSpool:
    """A `Spool`. Bytes that are the same as earlier ones are kept once."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file = tempfile.TemporaryFile(dir=folder, buffering=_BUFFER_BYTES)  # noqa: SIM115 -- closed by `close`
        self._end, self._flushed = 0, 0
        self._known: dict[str, Span] = {}

    def add(self, chunks: Iterable[bytes]) -> Span:
        """Keep the bytes."""
        state, start = hashlib.sha256(), self._end
        try:
            for chunk in chunks:
                state.update(chunk)
                self._file.write(chunk)
                self._end += len(chunk)
            digest = state.hexdigest()
            found = self._known.get(digest)
            if found is not None:
                self._file.seek(start)
                self._end = start
                self._flushed = min(self._flushed, start)
                return found
        except OSError as error:
            raise UnavailableError(
                "no room to put a tree together", why=error.strerror or type(error).__name__,
                remedy="make room in the temporary folder, or set TMPDIR",
            ) from error  # fmt: skip
        span = self._known[digest] = Span(start, self._end - start, digest)
        return span

    def read(self, span: Span) -> Iterator[bytes]:
        """The bytes, from any thread once everything has been added."""
        if span.offset + span.size > self._flushed:
            self._file.flush()
            self._flushed = self._end
        return pieces(self._file.fileno(), span.offset, span.size, where="spool")

    def close(self) -> None:
        """Give the room back."""
        self._file.close()
