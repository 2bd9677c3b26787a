"""A deadline that every read from a socket asks, so that a peer who drips single bytes cannot outlast it."""

import http.client
import io
import socket
import time
from collections.abc import Callable
from typing import Any

Now = Callable[[], float]


class Deadline:
    """A point in time after which nothing more is waited for; never later than the `outer` one, if there is one."""

    def __init__(self, seconds: float, now: Now = time.monotonic, outer: "Deadline | None" = None) -> None:
        self.seconds: float = seconds if outer is None else min(seconds, outer.seconds)
        self._now = now
        self._end = now() + seconds
        self._outer = outer

    def remaining(self) -> float:
        """Seconds left; zero or less when it has passed."""
        left = self._end - self._now()
        return left if self._outer is None else min(left, self._outer.remaining())


class TimedReader(io.RawIOBase):
    """A socket's bytes; each read waits at most `patience` seconds and never past the deadline.

    A socket's own timeout restarts with every byte, so it bounds silence and not slowness.
    """

    def __init__(self, sock: socket.socket, deadline: Deadline, patience: float) -> None:
        super().__init__()
        # The file made by the socket holds it open until we are closed, as `http.client` expects of its reader.
        self._holder = sock.makefile("rb", buffering=0)
        self._sock, self._deadline, self._patience = sock, deadline, patience

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read once.

        Raises:
            TimeoutError: silence for `patience`, or the deadline has passed.
        """
        left = self._deadline.remaining()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        self._sock.settimeout(min(left, self._patience))
        return self._sock.recv_into(buffer)

    def close(self) -> None:
        """Let go of the socket."""
        if not self.closed:
            self._holder.close()
        super().close()


class _Wrapped:
    """What `http.client.HTTPResponse` asks of a socket: one `makefile`."""

    def __init__(self, reader: TimedReader) -> None:
        self._reader = reader

    def makefile(self, mode: str, *_: Any) -> io.BufferedReader:
        if mode != "rb":
            raise ValueError(mode)
        return io.BufferedReader(self._reader, 1 << 17)


def timed_response(current: Callable[[], tuple[Deadline, float]]) -> type[http.client.HTTPResponse]:
    """A response class for `http.client` whose status line, headers and body obey `current()`'s deadline."""

    class TimedResponse(http.client.HTTPResponse):
        def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
            deadline, patience = current()
            super().__init__(_Wrapped(TimedReader(sock, deadline, patience)), *args, **kwargs)  # type: ignore[arg-type]

    return TimedResponse
