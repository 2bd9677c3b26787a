"""A witness behind an address (`ports.logs.Cosigner`): `POST <url>/add-checkpoint` of c2sp.org/tlog-witness."""

import msgspec

from assay.adapters.http import Http, Request
from assay.model.limits import DEFAULT_LIMITS, Limits

_SECONDS = 5.0
"""A batch waits for its witnesses; one that does not answer soon is left out where the quorum allows."""


class HttpWitness:
    """One witness.

    Args:
        http: see `client`.
        url: of the witness, without `/add-checkpoint`.
        limits: `note_bytes` bounds the answer.
    """

    def __init__(self, http: Http, url: str, limits: Limits = DEFAULT_LIMITS) -> None:
        self._http, self._url, self._limits = http, url.rstrip("/"), limits

    def add_checkpoint(self, request: bytes) -> tuple[int, bytes]:
        """Status and body, whatever the status.

        Raises:
            UnavailableError: nobody answered.
        """
        asked = Request(
            method="POST",
            url=f"{self._url}/add-checkpoint",
            headers={"Content-Type": "text/plain; charset=utf-8"},
            body=request,
            retry=False,
        )
        answer = self._http.send(asked, limit=self._limits.note_bytes)
        return answer.status, answer.body


def hurried(limits: Limits = DEFAULT_LIMITS) -> Limits:
    """The limits of a client that does not wait long."""
    return msgspec.structs.replace(
        limits,
        http_connect_seconds=_SECONDS,
        http_read_seconds=_SECONDS,
        http_document_seconds=_SECONDS,
        http_retries_count=0,
    )
