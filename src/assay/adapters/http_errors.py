"""What failed, in words that hold no secret: an exception of the HTTP library may quote a signed query string."""

import email.utils
import ssl
import time
from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import urlsplit

from urllib3 import exceptions

from assay.adapters.deadline import Deadline
from assay.model.errors import UnavailableError

S = TypeVar("S", bound=BaseException)

_REMEDY = "try again later, or check the network, HTTPS_PROXY and NO_PROXY"

_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (exceptions.NameResolutionError, "the name does not resolve"),
    (exceptions.ProxyError, "the proxy refuses or does not answer"),
    (exceptions.NewConnectionError, "the connection is refused"),  # a ConnectTimeoutError to the library
    (exceptions.ConnectTimeoutError, "no connection within the time limit"),
    (exceptions.ReadTimeoutError, "it fell silent"),
    (exceptions.SSLError, "the TLS connection broke"),
    (exceptions.IncompleteRead, "the transfer was cut short"),
    (exceptions.ProtocolError, "the connection broke"),
    (exceptions.LocationParseError, "the address is not valid"),
)


class Interrupted(Exception):
    """An attempt failed in a way that another attempt may mend. Never leaves the adapters."""

    def __init__(self, why: str, retry_after: float | None = None) -> None:
        super().__init__(why)
        self.retry_after = retry_after


def clean(url: str) -> str:
    """The URL without user name, query and fragment, printable: fit for an error or a log."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(not an address)"
    place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    return "".join(c if c.isprintable() else "?" for c in place[:300])


def reason(error: exceptions.HTTPError) -> str:
    """One clause about a library error."""
    return next((text for kind, text in _REASONS if isinstance(error, kind)), "the request failed")


def is_permanent(error: exceptions.HTTPError) -> bool:
    """Whether trying again cannot help: a certificate that does not verify, an address that is none."""
    if isinstance(error, exceptions.LocationParseError):
        return True
    return isinstance(error, exceptions.SSLError) and (_certificate(error) is not None or _speaks_plain(error))


def refused(url: str, error: exceptions.HTTPError) -> UnavailableError:
    """The error for `is_permanent`."""
    certificate = _certificate(error)
    if _speaks_plain(error):
        return UnavailableError(
            "the server does not speak TLS",
            where=clean(url),
            why="it answers in plain HTTP",
            remedy=f"if that is meant, allow it with ASSAY_INSECURE_REGISTRIES={urlsplit(url).netloc}",
        )
    if certificate is None:
        return UnavailableError("cannot reach the server", where=clean(url), why=reason(error), remedy="check the name")
    return UnavailableError(
        "the server's certificate does not verify",
        where=clean(url),
        why=certificate.verify_message or "not trusted",
        remedy="add its authority to the file SSL_CERT_FILE names",
    )


def too_late(url: str, deadline: Deadline) -> UnavailableError:
    """The deadline has passed."""
    return UnavailableError(
        "the server answers too slowly", where=clean(url), why=f"not done after {deadline.seconds:g} s", remedy=_REMEDY
    )


def gave_up(url: str, error: Interrupted, attempts: int) -> UnavailableError:
    """No attempt left."""
    why = f"{error}, {attempts} attempt{'s' if attempts > 1 else ''}"
    if error.retry_after is not None:
        why += f", asks to wait {error.retry_after:g} s"
    return UnavailableError("the server gives no answer", where=clean(url), why=why, remedy=_REMEDY)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of `Retry-After` (RFC 9110, 10.2.3), or None."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def _speaks_plain(error: BaseException) -> bool:
    inner = _find(error, ssl.SSLError)
    return inner is not None and inner.reason == "WRONG_VERSION_NUMBER"


def _certificate(error: BaseException) -> ssl.SSLCertVerificationError | None:
    return _find(error, ssl.SSLCertVerificationError)


def _find(error: BaseException, kind: type[S]) -> S | None:
    """The error of this kind inside a library error: an argument of it, or its cause."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, kind):
            return seen
        inner = seen.args[0] if seen.args and isinstance(seen.args[0], BaseException) else None
        seen = inner or seen.__cause__
    return None
