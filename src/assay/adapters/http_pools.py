"""Connection pools: one for direct connections, one per proxy, all obeying the deadline of the calling thread."""

import io
import ssl
import threading
from collections.abc import Mapping
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import TimeoutError as PoolTimeout
from urllib3.response import BaseHTTPResponse
from urllib3.util import make_headers, parse_url

from assay.adapters.deadline import Deadline, timed_response
from assay.adapters.proxy import proxy_for
from assay.model.errors import UsageError
from assay.model.limits import Limits

_POOLS = 16
_CONNECTIONS = 16


class Pools:
    """Opens connections and keeps them for the next request; safe to use from several threads."""

    def __init__(self, limits: Limits, env: Mapping[str, str]) -> None:
        self._env, self._limits = env, limits
        self._lock = threading.Lock()
        self._managers: dict[str | None, urllib3.PoolManager] = {}
        self._context: ssl.SSLContext | None = None
        self._local = threading.local()

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout: urllib3.Timeout,
        deadline: Deadline,
    ) -> BaseHTTPResponse:
        """Send one request; no redirect, no retry, the body left on the wire.

        Raises:
            urllib3.exceptions.HTTPError: as urllib3 names it.
        """
        self._local.deadline = deadline
        manager = self._manager(proxy_for(url, self._env), secure=url.startswith("https:"))
        options: dict[str, Any] = {}
        if body is not None:
            headers = {**headers, "Content-Length": str(len(body))}
            options["body"] = _Body(body, deadline)
        return manager.urlopen(
            method,
            url,
            headers=headers,
            timeout=timeout,
            retries=False,
            redirect=False,
            preload_content=False,
            decode_content=False,
            **options,
        )

    def close(self) -> None:
        """Close every idle connection."""
        with self._lock:
            for manager in self._managers.values():
                manager.clear()
            self._managers.clear()

    def _current(self) -> tuple[Deadline, float]:
        return self._local.deadline, self._limits.http_read_seconds

    def _manager(self, proxy: str | None, *, secure: bool) -> urllib3.PoolManager:
        with self._lock:
            # Loading the certificate store costs milliseconds: only the first https request pays.
            context = self._tls() if secure or (proxy or "").startswith("https:") else None
            key = f"{proxy or ''}|{context is not None}"
            if key not in self._managers:
                self._managers[key] = self._build(proxy, context)
            return self._managers[key]

    def _build(self, proxy: str | None, context: ssl.SSLContext | None) -> urllib3.PoolManager:
        options: dict[str, Any] = {"num_pools": _POOLS, "maxsize": _CONNECTIONS, "ssl_context": context}
        manager: urllib3.PoolManager
        if proxy is None:
            manager = urllib3.PoolManager(**options)
        else:
            manager = _through(proxy, context, options)
        manager.pool_classes_by_scheme = _pool_classes(timed_response(self._current))
        return manager

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            file, folder = self._env.get("SSL_CERT_FILE") or None, self._env.get("SSL_CERT_DIR") or None
            try:
                self._context = ssl.create_default_context(cafile=file, capath=folder)
            except (OSError, ssl.SSLError) as error:
                raise UsageError(
                    "cannot read the certificates", where="SSL_CERT_FILE", why=type(error).__name__, remedy="correct it"
                ) from error
        return self._context


class _Body(io.BytesIO):
    """A request body that is handed over in pieces, each only while there is time: a peer may stop reading."""

    def __init__(self, data: bytes, deadline: Deadline) -> None:
        super().__init__(data)
        self._deadline = deadline

    def read(self, size: int | None = -1, /) -> bytes:
        if self._deadline.remaining() <= 0:
            raise PoolTimeout("the deadline has passed")
        return super().read(size)


def _through(proxy: str, context: ssl.SSLContext | None, options: dict[str, Any]) -> urllib3.PoolManager:
    try:
        parts = parse_url(proxy)
        headers = make_headers(proxy_basic_auth=parts.auth) if parts.auth else None
        return urllib3.ProxyManager(proxy, proxy_headers=headers, proxy_ssl_context=context, **options)
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        raise UsageError(
            "cannot use the proxy", where="HTTPS_PROXY", why="not an http address", remedy="write http://HOST:PORT"
        ) from error


def _pool_classes(response: type) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        response_class = response

    class Secure(HTTPSConnection):
        response_class = response

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
