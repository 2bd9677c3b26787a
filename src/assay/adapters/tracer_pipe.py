"""A pipe with a name that a program beside the step writes to and a thread here reads, while the step runs."""

import contextlib
import os
import select
import tempfile
import threading
from collections.abc import Callable, Iterator

_PIECE_BYTES = 1 << 16


class Pipe:
    """The end that is read. No limit of the step's files applies to it, and no file of any size is left."""

    def __init__(self, path: str, take: Callable[[bytes], None], limit: int) -> None:
        self.path = path
        self._take, self._left = take, limit
        # Both ends, so that neither opening blocks and the end is ours to say.
        self._descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self._woken, self._waking = os.pipe()
        self._closed = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def overran(self) -> bool:
        """Whether more was written than may be; what is beyond is read, so that nobody waits, and let go."""
        return self._left < 0

    def close(self) -> None:
        """Read what is there by now, which is all of it once the writer has ended, and stop."""
        if self._closed:
            return
        self._closed = True
        os.write(self._waking, b"x")
        self._thread.join()
        os.set_blocking(self._descriptor, False)
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(self._descriptor, _PIECE_BYTES):
                self._got(piece)
        for descriptor in (self._descriptor, self._woken, self._waking):
            os.close(descriptor)

    def _read(self) -> None:
        while self._woken not in (ready := select.select([self._descriptor, self._woken], [], [])[0]):
            if ready:
                self._got(os.read(self._descriptor, _PIECE_BYTES))

    def _got(self, piece: bytes) -> None:
        self._left -= len(piece)
        if self._left >= 0:
            self._take(piece)


@contextlib.contextmanager
def listening(take: Callable[[bytes], None], limit: int, uid: int) -> Iterator[Pipe]:
    """A pipe in a folder of its own, for a program that `uid` runs.

    Args:
        take: gets what was written, piece by piece, in a thread or from `close`.
        limit: bytes that are taken.
        uid: whose the pipe is; the folder stays ours, and others may enter it.
    """
    with tempfile.TemporaryDirectory(prefix="assay-trace-") as folder:
        os.chmod(folder, 0o711)  # noqa: S103
        path = os.path.join(folder, "pipe")
        os.mkfifo(path, 0o600)
        if os.geteuid() == 0:
            os.chown(path, uid, uid)
        with contextlib.closing(Pipe(path, take, limit)) as pipe:
            yield pipe
