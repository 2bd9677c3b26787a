"""URLs a client may speak to, and where a redirect leads."""

from collections.abc import Collection
from urllib.parse import SplitResult, urljoin, urlsplit

from assay.adapters.http_errors import clean
from assay.adapters.proxy import is_loopback
from assay.model.errors import UnavailableError, UntrustedError


class _Everybody(frozenset[str]):
    """All authorities."""

    def __contains__(self, authority: object) -> bool:
        return True


EVERYBODY = _Everybody()
"""For a client whose every answer a signature or digest decides about: package mirrors often have no TLS."""
_PORTS = {"https": 443, "http": 80}


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port (RFC 6454): what a credential belongs to."""
    parts = _split(url)
    return parts.scheme, (parts.hostname or "").lower(), _port(parts, url)


def may_be_plain(authority: str, insecure: Collection[str]) -> bool:
    """Whether an authority (`host` or `host:port`) may be spoken to without TLS."""
    host = urlsplit(f"//{authority}").hostname or ""
    return is_loopback(host) or authority in insecure


def base_url(authority: str, insecure: Collection[str]) -> str:
    """`https://AUTHORITY`; `http://` for loopback (but for its ports 443 and 8443) and for `insecure`."""
    secure_port = authority.rpartition(":")[2] in {"443", "8443"}
    plain = authority in insecure or (may_be_plain(authority, insecure) and not secure_port)
    return f"{'http' if plain else 'https'}://{authority}"


def check_url(url: str, insecure: Collection[str]) -> None:
    """Refuse a URL that is not https, or http to a place where that is allowed.

    Raises:
        UntrustedError: plain HTTP to another place.
        UnavailableError: not an HTTP URL, or one with a user name in it.
    """
    parts = _split(url)
    _port(parts, url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise _bad(url, "not an http or https address")
    if "@" in parts.netloc:
        raise _bad(url, "a user name in the address")
    if parts.scheme == "http" and not may_be_plain(parts.netloc.lower(), insecure):
        raise UntrustedError(
            "will not speak plain HTTP",
            where=clean(url),
            why="without TLS anyone on the way can read and change the answer",
            remedy=f"use https, or allow it with ASSAY_INSECURE_REGISTRIES={parts.netloc}",
            step="transport",
            code="PLAIN_HTTP",
        )


def next_url(url: str, location: str) -> str:
    """Where a redirect leads (RFC 9110, 10.2.2), without fragment.

    Raises:
        UntrustedError: from https to http.
        UnavailableError: no usable `Location`.
    """
    if not location or any(ord(character) < 33 or ord(character) > 126 for character in location):
        raise _bad(url, "a redirect without a usable Location")
    try:
        target = urljoin(url, location).partition("#")[0]
    except ValueError as error:
        raise _bad(url, "a redirect without a usable Location") from error
    if urlsplit(url).scheme == "https" and _split(target).scheme == "http":
        raise UntrustedError(
            "the server redirects from https to http",
            where=clean(url),
            why=f"to {clean(target)}",
            remedy="ask the server's operator",
            step="transport",
            code="REDIRECT_DOWNGRADE",
        )
    return target


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise _bad(url, "not an address") from error


def _port(parts: SplitResult, url: str) -> int:
    try:
        return parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise _bad(url, "no such port") from error


def _bad(url: str, why: str) -> UnavailableError:
    return UnavailableError(
        "cannot use the address the server gave", where=clean(url), why=why, remedy="ask the server's operator"
    )
