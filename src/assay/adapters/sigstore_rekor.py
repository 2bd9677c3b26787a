"""Transparency logs over HTTP, API versions 1 and 2; both implement `ports.sigstore.TransparencyLog`.

A log answers only when the entry is in it: the client's read limit (30 s) is longer than the 20 s a log may take
(sigstore/rekor-tiles, CLIENTS.md, "Handling longer requests").
"""

from urllib.parse import urljoin, urlsplit

from assay.adapters.http import Answer, Http, Request
from assay.adapters.http_errors import clean
from assay.adapters.http_urls import origin
from assay.adapters.sigstore_http import JSON, post, refusal
from assay.model.errors import AssayError, UnavailableError, UnsupportedError
from assay.ports.sigstore import Submitted

_DONE = frozenset({200, 201})
_OK, _CONFLICT, _FROZEN = 200, 409, 405
_LOG, _ENTRY = "the transparency log", "the entry"


class RekorV1:
    """A log of version 1. Of an entry that was there before it names the address, which is read."""

    def __init__(self, http: Http, url: str) -> None:
        self._http, self._url = http, url.rstrip("/") + "/api/v1/log/entries"

    def submit(self, request: bytes) -> Submitted:
        """Log an entry; see the port."""
        answer = post(self._http, self._url, request)
        if answer.status == _CONFLICT:
            answer = self._known(answer)
        if answer.status not in _DONE:
            raise refusal(answer, _LOG, _ENTRY, {_FROZEN: _frozen(answer)})
        return Submitted(answer=answer.body)

    def read(self, path: str) -> bytes:
        """No tiles here.

        Raises:
            UnsupportedError: always.
        """
        raise UnsupportedError("this log has no tiles", where=clean(self._url), why=path, remedy="ask it for the proof")

    def _known(self, conflict: Answer) -> Answer:
        """The entry that was there before, from the log itself and from nowhere else."""
        url = urljoin(self._url, conflict.headers.get("location", ""))
        path = urlsplit(url).path
        if origin(url) != origin(self._url) or not path.startswith(urlsplit(self._url).path + "/"):
            raise UnavailableError(
                "the log knows the entry and does not say where it lies",
                where=clean(self._url),
                why="no address of its own in the answer",
                remedy="sign again",
            )
        asked = Request(method="GET", url=url, headers={"Accept": JSON})
        return self._http.send(asked, limit=self._http.limits.service_answer_bytes)


class RekorV2:
    """A tiled log. Of an entry that was there before it names the index; the proof is made from the tiles."""

    def __init__(self, http: Http, url: str) -> None:
        self._http, self._base = http, url.rstrip("/") + "/api/v2/"

    def submit(self, request: bytes) -> Submitted:
        """Log an entry; see the port."""
        answer = post(self._http, self._base + "log/entries", request)
        if answer.status == _CONFLICT:
            return Submitted(index=_index(answer))
        if answer.status not in _DONE:
            raise refusal(answer, _LOG, _ENTRY, {_FROZEN: _frozen(answer)})
        return Submitted(answer=answer.body)

    def read(self, path: str) -> bytes:
        """A file of the log (c2sp.org/tlog-tiles); see the port.

        Raises:
            UnavailableError: it is not there.
        """
        limits = self._http.limits
        answer = self._http.send(Request(method="GET", url=self._base + path), limit=limits.service_answer_bytes)
        if answer.status != _OK:
            raise UnavailableError(
                "the log does not have one of its files",
                where=clean(answer.url),
                why=f"status {answer.status}",
                remedy="try again later",
            )
        return answer.body


def _index(conflict: Answer) -> int:
    """`x-log-index`: the place of the entry (sigstore/rekor-tiles, CLIENTS.md)."""
    text = conflict.headers.get("x-log-index", "").strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise UnavailableError(
            "the log knows the entry and does not say where it lies",
            where=clean(conflict.url),
            why="no index in the answer",
            remedy="sign again",
        )
    return int(text)


def _frozen(answer: Answer) -> AssayError:
    return UnavailableError(
        "the transparency log is frozen",
        where=clean(answer.url),
        why=f"status {answer.status}",
        remedy="get a newer signing config: assay trust update",
    )
