"""A timestamp authority over HTTP (RFC 3161 §3.4); implements `ports.sigstore.TimestampAuthority`."""

from assay.adapters.http import Http
from assay.adapters.sigstore_http import post, refusal

_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"
_DONE = frozenset({200, 201})


class Timestamps:
    """One authority, by its full URL."""

    def __init__(self, http: Http, url: str) -> None:
        self._http, self._url = http, url

    def stamp(self, request: bytes) -> bytes:
        """Ask for a timestamp; see the port. Whether it may be believed is for `trust` to say."""
        answer = post(self._http, self._url, request, kind=_QUERY, accept=_REPLY)
        if answer.status not in _DONE:
            raise refusal(answer, "the timestamp authority", "the request")
        return answer.body
