"""Thin HTTP on urllib3: bounded retries, redirects that carry no credentials away, deadlines, proxies.

What leaves this module as an error is one of the five, except `Interrupted`, which asks a caller who can resume a
download to do so. No error text holds a query string, a header or an answer's body: signatures and tokens live there.
"""

import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TypeVar

import msgspec
import urllib3
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from assay import __version__
from assay.adapters import http_errors, http_pools
from assay.adapters.deadline import Deadline
from assay.adapters.http_errors import Interrupted, clean
from assay.adapters.http_urls import check_url, next_url, origin
from assay.model.errors import UnavailableError, UnsupportedError
from assay.model.limits import DEFAULT_LIMITS, Limits

CHUNK_BYTES = 128 * 1024

_RETRIED = frozenset({408, 429, 500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BODY_KEEPING = frozenset({307, 308})
_DISCARD_BYTES = 64 * 1024

T = TypeVar("T")


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked. `credentials` are headers that only the authority of `url` itself may see."""

    method: str
    url: str
    headers: Mapping[str, str] = {}
    credentials: Mapping[str, str] = {}
    body: bytes | None = None
    retry: bool = True
    """Whether the request may be repeated after a failure."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A whole answer. Header names are in lower case; `url` is where it finally came from."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


class Download:
    """An answer whose body is still on the wire. Close it."""

    def __init__(self, response: BaseHTTPResponse, url: str, deadline: Deadline) -> None:
        self._response, self._deadline = response, deadline
        self.url = url
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.headers.items()}

    def chunks(self) -> Iterator[bytes]:
        """The body as sent (no content decoding), in chunks of `CHUNK_BYTES`.

        Raises:
            Interrupted: the connection broke, fell silent, or delivered fewer bytes than it announced.
            UnavailableError: the deadline has passed.
        """
        while True:
            try:
                chunk = self._response.read(CHUNK_BYTES, decode_content=False)
            except HTTPError as error:
                if self._deadline.remaining() <= 0:
                    raise http_errors.too_late(self.url, self._deadline) from error
                raise Interrupted(http_errors.reason(error)) from error
            if not chunk:
                return
            yield chunk

    def whole(self, limit: int) -> bytes:
        """The body, at most `limit` bytes.

        Raises:
            UnsupportedError: it is longer.
        """
        parts: list[bytes] = []
        size = 0
        for chunk in self.chunks():
            size += len(chunk)
            if size > limit:
                raise UnsupportedError(
                    "the answer is too long",
                    where=clean(self.url),
                    why=f"more than {limit} bytes",
                    remedy="ask the server's operator, or raise the limit",
                )
            parts.append(chunk)
        return b"".join(parts)

    def close(self) -> None:
        """Give the connection back if the body was read to its end, else close it."""
        self._response.close()
        self._response.release_conn()

    def discard(self) -> None:
        """Close after reading a short body away, so that the connection can be used again."""
        try:
            if len(self._response.read(_DISCARD_BYTES, decode_content=False)) < _DISCARD_BYTES:
                self._response.read(1, decode_content=False)
        except HTTPError:
            pass  # nobody wants this body; closing is all there is left to do
        self.close()


class Http:
    """An HTTP client with limits.

    Args:
        limits: the bounds, `http_*`.
        insecure: authorities (`host:port`) that may be spoken to without TLS; loopback always may.
        env: where `HTTPS_PROXY`, `NO_PROXY`, `SSL_CERT_FILE` are read.
        sleep: how to wait between retries (seconds).
        overall: seconds from now on that everything asked of this client may take together; None = no such bound.
    """

    def __init__(
        self,
        *,
        limits: Limits = DEFAULT_LIMITS,
        insecure: Collection[str] = (),
        env: Mapping[str, str] = {},
        sleep: Callable[[float], None] = time.sleep,
        overall: float | None = None,
    ) -> None:
        self.limits = limits
        self._overall = None if overall is None else Deadline(overall)
        self.insecure = insecure if isinstance(insecure, frozenset) else frozenset(insecure)
        self.sleep = sleep
        self._pools = http_pools.Pools(limits, env)

    def send(self, request: Request, *, limit: int) -> Answer:
        """Ask and read the whole answer, whatever its status.

        Raises:
            UnavailableError: no answer, a broken answer, or 408, 429, 5xx, after all retries.
            UnsupportedError: an answer longer than `limit` bytes.
            UntrustedError: a redirect away from TLS.
        """
        deadline = self.deadline(self.limits.http_document_seconds)

        def once() -> Answer:
            download = self._follow(request, deadline)
            try:
                body = download.whole(limit)
            finally:
                download.close()
            return Answer(status=download.status, headers=download.headers, body=body, url=download.url)

        return self._retry(once, request, deadline)

    def deadline(self, seconds: float) -> Deadline:
        """A deadline of this client: in so many seconds, and never past the one for everything."""
        return Deadline(seconds, outer=self._overall)

    def open(self, request: Request, deadline: Deadline) -> Download:
        """Ask and return as soon as the headers are there; errors as `send`."""
        return self._retry(lambda: self._follow(request, deadline), request, deadline)

    def pause(self, attempt: int, deadline: Deadline, asked: float | None = None) -> bool:
        """Wait before attempt number `attempt` (1 = the first retry).

        Returns:
            False if there is no attempt left, or no time, or the server asks for more patience than the limit.
        """
        if attempt > self.limits.http_retries_count:
            return False
        # Jitter keeps many clients from coming back at the same moment; it is no secret.
        seconds = self.limits.http_backoff_seconds * 2 ** (attempt - 1) * (0.5 + random.random() / 2)  # noqa: S311
        if asked is not None:
            if asked > self.limits.http_retry_after_seconds:
                return False
            seconds = max(asked, seconds)
        if seconds >= deadline.remaining():
            return False
        self.sleep(seconds)
        return True

    def close(self) -> None:
        """Close all connections."""
        self._pools.close()

    def _retry(self, action: Callable[[], T], request: Request, deadline: Deadline) -> T:
        attempt = 0
        while True:
            try:
                return action()
            except Interrupted as error:
                attempt += 1
                if deadline.remaining() <= 0:
                    raise http_errors.too_late(request.url, deadline) from error
                if not request.retry or not self.pause(attempt, deadline, error.retry_after):
                    raise http_errors.gave_up(request.url, error, attempt) from error

    def _follow(self, request: Request, deadline: Deadline) -> Download:
        """One attempt, along redirects. Credentials stay with the first origin, and once dropped stay dropped."""
        url, credentials = request.url, request.credentials
        method, body = request.method, request.body
        for _ in range(self.limits.http_redirects_count + 1):
            check_url(url, self.insecure)
            download = self._exchange(method, url, {**request.headers, **credentials}, body, deadline)
            if download.status not in _REDIRECTS:
                return download
            download.discard()
            target = next_url(url, download.headers.get("location", ""))
            away = origin(target) != origin(url)
            # A body may hold a token or an upload: it stays at home as the credentials do.
            if method not in {"GET", "HEAD"} and (download.status not in _BODY_KEEPING or (away and body is not None)):
                raise UnavailableError(
                    "the server redirects a request that cannot be redirected",
                    where=clean(url),
                    why=f"{method}, status {download.status}, to {clean(target)}",
                    remedy="name the server it points to",
                )
            if away:
                credentials = {}
            url = target
        raise UnavailableError(
            "the server redirects without end",
            where=clean(request.url),
            why=f"more than {self.limits.http_redirects_count} redirects",
            remedy="ask the server's operator",
        )

    def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, deadline: Deadline
    ) -> Download:
        left = deadline.remaining()
        if left <= 0:
            raise http_errors.too_late(url, deadline)
        timeout = urllib3.Timeout(
            connect=min(self.limits.http_connect_seconds, left), read=min(self.limits.http_read_seconds, left)
        )
        sent = {"User-Agent": f"assay/{__version__}", "Accept-Encoding": "identity", **headers}
        try:
            response = self._pools.request(method, url, sent, body, timeout, deadline)
        except HTTPError as error:
            if http_errors.is_permanent(error):
                raise http_errors.refused(url, error) from error
            raise Interrupted(http_errors.reason(error)) from error
        download = Download(response, url, deadline)
        if download.status in _RETRIED:
            download.discard()
            raise Interrupted(f"status {download.status}", http_errors.retry_after(download.headers))
        return download
