"""Room for the bytes of a tree (`ports.stores.Spool`): one file without a name, gone with the process."""

import hashlib
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from assay.adapters.blobs import pieces
from assay.model.errors import UnavailableError
from assay.model.tree import Span

_BUFFER_BYTES = 1 << 20
_STAGED_BYTES = 8 << 20
"""A file up to here is held in memory until its digest is known."""


class FileSpool:
    """A `Spool`. Bytes that are the same as earlier ones are kept once."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file = tempfile.TemporaryFile(dir=folder, buffering=_BUFFER_BYTES)  # noqa: SIM115 -- closed by `close`
        self._end, self._flushed = 0, 0
        self._known: dict[str, Span] = {}
        self._lock = threading.RLock()  # what is added may be read from here

    def add(self, chunks: Iterable[bytes]) -> Span:
        """Keep the bytes, from any thread: what makes small files runs beside others, large ones come one at a time."""
        state, staged, size = hashlib.sha256(), [], 0
        source = iter(chunks)
        for chunk in source:
            state.update(chunk)
            staged.append(chunk)
            size += len(chunk)
            if size > _STAGED_BYTES:
                break
        else:
            return self._keep(staged, size, state.hexdigest())
        with self._lock:
            return self._stream(staged, source, state)

    def _keep(self, staged: list[bytes], size: int, digest: str) -> Span:
        """A small file, whose digest is known before anything is written."""
        with self._lock:
            found = self._known.get(digest)
            if found is not None:
                return found
            try:
                self._file.writelines(staged)
            except OSError as error:
                raise _no_room(error) from error
            span = self._known[digest] = Span(self._end, size, digest)
            self._end += size
            return span

    def _stream(self, staged: list[bytes], rest: Iterator[bytes], state: "hashlib._Hash") -> Span:
        start = self._end
        try:
            for chunk in staged:
                self._file.write(chunk)
                self._end += len(chunk)
            for chunk in rest:
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
            raise _no_room(error) from error
        span = self._known[digest] = Span(start, self._end - start, digest)
        return span

    def read(self, span: Span) -> Iterator[bytes]:
        """The bytes, from any thread."""
        with self._lock:
            if span.offset + span.size > self._flushed:
                try:
                    self._file.flush()
                except OSError as error:
                    raise _no_room(error) from error
                self._flushed = self._end
        return pieces(self._file.fileno(), span.offset, span.size, where="spool")

    def close(self) -> None:
        """Give the room back; what no room was left for is not missed any more."""
        with suppress(OSError):
            self._file.close()


def _no_room(error: OSError) -> UnavailableError:
    return UnavailableError(
        "no room to put a tree together", why=error.strerror or type(error).__name__,
        remedy="make room in the temporary folder, or set TMPDIR",
    )  # fmt: skip
