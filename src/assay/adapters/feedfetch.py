"""Fetches feeds over HTTP; implements `ports.feeds.Fetch`."""

from collections.abc import Iterator, Mapping

from assay.adapters.deadline import Deadline
from assay.adapters.http import Download, Http, Request
from assay.adapters.http_errors import Interrupted, clean
from assay.model.errors import UnavailableError
from assay.ports.feeds import NO_VALIDATORS, Served, Validators

_OK, _UNCHANGED = 200, 304
_VALIDATOR_CHARACTERS = 500


class FeedFetch:
    """Plain GETs without credentials, each within the client's total time."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def fetch(self, url: str, limit: int, known: Validators = NO_VALIDATORS) -> Served:
        """Ask for a file; see the port. A broken transfer is not resumed: a feed may change meanwhile.

        "Unchanged" (304) is taken for an answer only where the question allowed it.
        """
        request = Request(method="GET", url=url, headers=_conditions(known))
        download = self._http.open(request, Deadline(self._http.limits.http_total_seconds))
        if download.status == _UNCHANGED and known != NO_VALIDATORS:
            download.discard()
            return Served(None, known)
        try:
            _check(url, download)
        except UnavailableError:
            download.close()
            raise
        return Served(_chunks(url, download, limit), _validators(download.headers))


def _conditions(known: Validators) -> dict[str, str]:
    """RFC 9110, 13.1: with both, a server heeds the tag alone."""
    found = {"If-None-Match": known.etag, "If-Modified-Since": known.modified}
    return {name: value for name, value in found.items() if value}


def _validators(headers: Mapping[str, str]) -> Validators:
    """What may be sent back as it is: printable and of sane length."""
    etag, modified = (
        value if len(value) <= _VALIDATOR_CHARACTERS and value.isascii() and value.isprintable() else ""
        for value in (headers.get("etag", ""), headers.get("last-modified", ""))
    )
    return Validators(etag, modified)


def _check(url: str, download: Download) -> None:
    if download.status != _OK:
        raise _failed(url, f"status {download.status}")
    kind = download.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in {"text/html", "application/xhtml+xml"}:
        raise UnavailableError(
            "a web page came instead of a feed", where=clean(url), why=f"content type {kind}",
            remedy="a proxy may ask for a login: open the address in a browser",
        )  # fmt: skip


def _chunks(url: str, download: Download, limit: int) -> Iterator[bytes]:
    try:
        size = 0
        for chunk in download.chunks():
            size += len(chunk)
            if size > limit:
                raise _failed(url, f"more than {limit} bytes")
            yield chunk
    except Interrupted as error:
        raise _failed(url, f"the transfer broke off: {error}") from error
    finally:
        download.close()


def _failed(url: str, why: str) -> UnavailableError:
    return UnavailableError("a feed cannot be fetched", where=clean(url), why=why, remedy="try again later")
