"""One process that serves an embedded authority: uvicorn around the application, stopped gracefully."""

import logging
import signal
from typing import TYPE_CHECKING

import msgspec
import uvicorn

from assay import bootstrap
from assay.interfaces.authority.app import LOG, application
from assay.interfaces.authority.rates import Rates

if TYPE_CHECKING:
    from assay.flows.authority import Authority

_GRACE_SECONDS = 25
"""Longer than an entry may wait for its batch."""
_CONNECTIONS = 512
_KEEP_SECONDS = 15
_HEADER_BYTES = 96 * 1024
"""A request line and headers; a token may stand in one."""


class Listening(msgspec.Struct, frozen=True, kw_only=True):
    """Where and how."""

    host: str = "127.0.0.1"
    port: int = 8080
    certificate: str | None = None
    """PEM for TLS, with its key; behind a proxy that does TLS neither is needed."""
    key: str | None = None
    per_second: float = 50.0
    burst: int = 500
    proxy: str = ""
    """Address of a proxy whose `X-Forwarded-For` is believed."""


def server(authority: "Authority", listening: Listening) -> uvicorn.Server:
    """A server that is not running yet; `run()` blocks until SIGTERM or SIGINT, or until `should_exit` is set."""
    rates = Rates(listening.per_second, listening.burst, bootstrap.monotonic)
    config = uvicorn.Config(
        application(authority, rates=rates, limits=bootstrap.LIMITS),
        host=listening.host,
        port=listening.port,
        ssl_certfile=listening.certificate,
        ssl_keyfile=listening.key,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(listening.proxy),
        forwarded_allow_ips=listening.proxy or None,
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=_KEEP_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        h11_max_incomplete_event_size=_HEADER_BYTES,
        http="h11",
        loop="asyncio",
        ws="none",
        lifespan="on",
    )
    return uvicorn.Server(config)


def run(authority: "Authority", listening: Listening, *, verbose: bool) -> None:
    """Serve until told to stop; what has begun is finished."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING, format="%(asctime)s %(levelname)s %(message)s"
    )
    LOG.setLevel(logging.INFO if verbose else logging.WARNING)
    signal.signal(signal.SIGTERM, _end)  # uvicorn finishes its work first, then raises the signal again
    server(authority, listening).run()


def _end(*_: object) -> None:
    raise SystemExit(0)
