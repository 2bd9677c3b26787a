"""Inputs of builds over HTTP (`ports.inputs.Fetcher`): plain GETs without credentials, within the client's time."""

from collections.abc import Iterator
from contextlib import contextmanager

from assay.adapters.deadline import Deadline
from assay.adapters.http import Http, Request
from assay.adapters.http_errors import Interrupted, clean
from assay.model.errors import UnavailableError, UnsupportedError

_OK = 200
_SCHEMES = ("https://", "http://")


class InputFetch:
    """A `Fetcher`. A digest decides about the content, so plain HTTP does no harm but to secrecy."""

    def __init__(self, http: Http) -> None:
        self._http = http

    @contextmanager
    def fetch(self, url: str, limit: int) -> Iterator[Iterator[bytes]]:
        """A file's bytes."""
        if not url.startswith(_SCHEMES):
            raise UnsupportedError(
                "an address nobody here can fetch", where=clean(url), remedy="write an https:// address, or a path"
            )
        deadline = Deadline(self._http.limits.http_total_seconds)
        download = self._http.open(Request(method="GET", url=url, headers={}), deadline)
        try:
            if download.status != _OK:
                raise _failed(url, f"status {download.status}")
            yield _pieces(url, download.chunks(), limit)
        finally:
            download.close()


def _pieces(url: str, chunks: Iterator[bytes], limit: int) -> Iterator[bytes]:
    size = 0
    try:
        for chunk in chunks:
            size += len(chunk)
            if size > limit:
                raise UnsupportedError(
                    "an input is too large", where=clean(url), why=f"more than {limit} bytes", remedy="raise the limit"
                )
            yield chunk
    except Interrupted as error:
        raise _failed(url, str(error)) from error


def _failed(url: str, why: str) -> UnavailableError:
    return UnavailableError(
        "an input did not come", where=clean(url), why=why, remedy="try again, or check the address"
    )
