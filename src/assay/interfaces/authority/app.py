"""The embedded authority's HTTP interface: addresses, media types and status codes; it decides nothing.

What each endpoint takes and answers stands in the table of `docs/explanation/authority.md`. The event loop only reads
and writes; work happens on a bounded pool of threads, because an entry waits for the disk.
"""

import asyncio
import contextlib
import functools
import ipaddress
import logging
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from litestar import Litestar, Request, Response, get, post
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from assay.flows.authority import Answer, Authority, Refusal
from assay.formats import authority_answers
from assay.interfaces.authority.rates import Rates
from assay.model.errors import AssayError, MalformedError, UntrustedError
from assay.model.limits import DEFAULT_LIMITS, Limits

LOG = logging.getLogger("assay.authority")
JSON, PEM, TEXT = "application/json", "application/pem-certificate-chain", "text/plain; charset=utf-8"
BYTES, STAMP = "application/octet-stream", "application/timestamp-reply"
_THREADS = 64
_BODY_SECONDS = 30
_LARGE_COUNT = 16
"""Requests above the usual size that may lie in memory at once."""
_SAFE = 1_000
"""Characters of a message that go to a client or into the log."""
Asked = Request[Any, Any, Any]
Work = Callable[[], Answer]


class Door:
    """One request after the other: rate, size, work, answer, a line in the log."""

    def __init__(self, rates: Rates, limits: Limits) -> None:
        self._rates, self._limits = rates, limits
        self._large = asyncio.Semaphore(_LARGE_COUNT)
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="authority")

    async def answer(self, asked: Asked, work: Work) -> Response[bytes]:
        """What `work` answers, or what its error is called over HTTP."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._pool, work)
        except Refusal as refusal:
            return _error(refusal.status, refusal.message, refusal.headers)
        except AssayError as error:
            status = _status(error)
            if status >= 500:
                LOG.warning("%s %s: %s", asked.method, asked.url.path, _clean(error.line()))
            return _error(status, error.line())
        return Response(found.data, status_code=found.status, media_type=found.media_type, headers=dict(found.headers))

    async def take(self, asked: Asked, work: Callable[[bytes], Answer], limit: int) -> Response[bytes]:
        """As `answer`, for requests with a body: only so often, and no longer than `limit`."""
        wait = self._rates.wait(_address(asked))
        if wait:
            return _error(429, "too many requests", {"Retry-After": str(math.ceil(wait))})
        async with self._large if _said(asked) > self._limits.request_bytes else contextlib.nullcontext():
            response = await self._take(asked, work, limit)
        LOG.info("%s %s %s: %d", _address(asked), asked.method, asked.url.path, response.status_code)
        return response

    async def _take(self, asked: Asked, work: Callable[[bytes], Answer], limit: int) -> Response[bytes]:
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                data = await _body(asked, limit)
        except TimeoutError:
            return _error(408, "the request did not arrive")
        if data is None:
            return _error(413, f"the request is longer than {limit} bytes")
        return await self.answer(asked, functools.partial(work, data))

    def close(self) -> None:
        """Wait for the work that has begun."""
        self._pool.shutdown()


def application(
    authority: Authority, *, rates: Rates, limits: Limits = DEFAULT_LIMITS, closing: Callable[[], None] | None = None
) -> Litestar:
    """The ASGI application of one authority.

    Args:
        authority: does the work.
        rates: how often one address may ask for something to be signed.
        limits: of request bodies.
        closing: called once every request has been answered.
    """
    door = Door(rates, limits)

    def close() -> None:
        door.close()
        if closing is not None:
            closing()

    return Litestar(
        route_handlers=[*_certificates(door, authority, limits), *_logs(door, authority, limits),
                        *_timestamps(door, authority, limits), *_issuer(door, authority, limits),
                        _health(door, authority)],
        openapi_config=None,
        logging_config=None,
        debug=False,
        request_max_body_size=limits.entry_request_bytes + 1,
        exception_handlers={HTTPException: _http_error, Exception: _defect},
        on_shutdown=[close],
    )  # fmt: skip


def _certificates(door: Door, authority: Authority, limits: Limits) -> list[HTTPRouteHandler]:
    @post("/api/v2/signingCert")
    async def certify(request: Asked) -> Response[bytes]:
        bearer = request.headers.get("authorization", "")
        return await door.take(request, lambda data: authority.certify(data, bearer), limits.request_bytes)

    @get("/api/v2/trustBundle")
    async def trust_bundle(request: Asked) -> Response[bytes]:
        return await door.answer(request, authority.trust_bundle)

    @get("/api/v2/configuration")
    async def configuration(request: Asked) -> Response[bytes]:
        return await door.answer(request, authority.configuration)

    return [certify, trust_bundle, configuration]


def _logs(door: Door, authority: Authority, limits: Limits) -> list[HTTPRouteHandler]:
    @post("/log/{name:str}/api/v2/log/entries")
    async def add(request: Asked) -> Response[bytes]:
        return await door.take(
            request, lambda data: authority.add(_part(request, "name"), data), limits.entry_request_bytes
        )

    @get(["/log/{name:str}/checkpoint", "/log/{name:str}/api/v2/checkpoint"])
    async def checkpoint(request: Asked) -> Response[bytes]:
        return await door.answer(request, lambda: authority.checkpoint("log", _part(request, "name")))

    @get(["/log/{name:str}/tile/{path:path}", "/log/{name:str}/api/v2/tile/{path:path}"])
    async def tile(request: Asked) -> Response[bytes]:
        return await door.answer(request, lambda: authority.tile("log", *_tile(request)))

    @get("/issuance/{name:str}/checkpoint")
    async def issued(request: Asked) -> Response[bytes]:
        return await door.answer(request, lambda: authority.checkpoint("issuance", _part(request, "name")))

    @get("/issuance/{name:str}/tile/{path:path}")
    async def issued_tile(request: Asked) -> Response[bytes]:
        return await door.answer(request, lambda: authority.tile("issuance", *_tile(request)))

    @post("/add-checkpoint")
    async def cosign(request: Asked) -> Response[bytes]:
        return await door.take(request, authority.cosign, limits.note_bytes)

    return [add, checkpoint, tile, issued, issued_tile, cosign]


def _timestamps(door: Door, authority: Authority, limits: Limits) -> list[HTTPRouteHandler]:
    @post("/api/v1/timestamp")
    async def stamp(request: Asked) -> Response[bytes]:
        is_json = request.headers.get("content-type", "").partition(";")[0].strip() == JSON
        return await door.take(request, lambda data: authority.timestamp(data, is_json=is_json), limits.request_bytes)

    @get("/api/v1/timestamp/certchain")
    async def chain(request: Asked) -> Response[bytes]:
        return await door.answer(request, authority.timestamp_chain)

    return [stamp, chain]


def _issuer(door: Door, authority: Authority, limits: Limits) -> list[HTTPRouteHandler]:
    """The built-in issuer for tests; 404 wherever there is none."""

    def guarded(request: Asked, work: Work) -> Work:
        """Only under the authority's own name: a page whose host name was turned to loopback does not know it."""
        own = request.headers.get("host", "") == authority.netloc
        return work if own else _nothing

    @get("/test-issuer/.well-known/openid-configuration")
    async def discovery(request: Asked) -> Response[bytes]:
        return await door.answer(request, guarded(request, lambda: authority.test_issuer("discovery")))

    @get("/test-issuer/keys")
    async def keys(request: Asked) -> Response[bytes]:
        return await door.answer(request, guarded(request, lambda: authority.test_issuer("keys")))

    @post("/test-issuer/token")
    async def token(request: Asked) -> Response[bytes]:
        return await door.take(
            request, lambda data: guarded(request, lambda: authority.test_token(data))(), limits.request_bytes
        )

    return [discovery, keys, token]


def _health(door: Door, authority: Authority) -> HTTPRouteHandler:
    @get("/healthz")
    async def health(request: Asked) -> Response[bytes]:
        return await door.answer(request, authority.health)

    return health


def _nothing() -> Answer:
    raise Refusal(404, "not found")


def _part(asked: Asked, name: str) -> str:
    """A part of the address."""
    return str(asked.path_params[name])


def _tile(asked: Asked) -> tuple[str, str]:
    return _part(asked, "name"), _part(asked, "path").removeprefix("/")


async def _body(asked: Asked, limit: int) -> bytes | None:
    """The body, or None as soon as it is longer than `limit`."""
    if "content-length" in asked.headers and _said(asked) > limit:
        return None
    parts, size = [], 0
    async for part in asked.stream():
        size += len(part)
        if size > limit:
            return None
        parts.append(part)
    return b"".join(parts)


def _said(asked: Asked) -> int:
    """How long the body says it is; one that does not say counts as long."""
    said = asked.headers.get("content-length", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 20 else 1 << 62


def _address(asked: Asked) -> str:
    """Who asks; of IPv6 the network (/64), for one machine has that many addresses."""
    host = asked.client.host if asked.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _status(error: AssayError) -> int:
    """Status codes that Sigstore clients act on; 422 and 415 they do not know."""
    if isinstance(error, MalformedError) or error.kind in {"unsupported", "usage"}:
        return 400
    if isinstance(error, UntrustedError):
        return 401 if error.code.startswith("TOKEN") else 400
    return 503


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> Response[bytes]:
    data = authority_answers.error(status, _clean(message))
    return Response(data, status_code=status, media_type=JSON, headers=headers or {})


def _http_error(_: Asked, error: HTTPException) -> Response[bytes]:
    return _error(error.status_code, error.detail, dict(error.headers or {}))


def _defect(asked: Asked, error: Exception) -> Response[bytes]:
    LOG.error("defect in %s %s", asked.method, asked.url.path, exc_info=error)
    return _error(500, "a defect of this authority; its operator finds the place in the log")


def _clean(text: str) -> str:
    """A message as one printable line: what clients sent may stand in it."""
    return "".join(c if c.isprintable() else "?" for c in text[:_SAFE])
