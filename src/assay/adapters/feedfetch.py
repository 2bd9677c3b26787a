"""Fetches feeds over HTTP; implements `ports.feeds.Fetch`."""

from collections.abc import Iterator

from assay.adapters.deadline import Deadline
from assay.adapters.http import Http, Request
from assay.adapters.http_errors import Interrupted, clean
from assay.model.errors import UnavailableError

_OK = 200


class FeedFetch:
    """Plain GETs without credentials, each within the client's total time."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def fetch(self, url: str, limit: int) -> Iterator[bytes]:
        """The body of a GET in chunks; see the port. A broken transfer is not resumed: a feed may change meanwhile."""
        download = self._http.open(Request(method="GET", url=url), Deadline(self._http.limits.http_total_seconds))
        try:
            if download.status != _OK:
                raise _failed(url, f"status {download.status}")
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
