"""What the clients of Sigstore services share: one bounded POST, and what a status means."""

from collections.abc import Mapping

from assay.adapters.http import Answer, Http, Request
from assay.adapters.http_errors import clean
from assay.model.errors import AssayError, UnavailableError, UnsupportedError, UntrustedError

JSON = "application/json"
_REFUSED = frozenset({400, 401, 403, 406, 412, 422})
_TOO_MUCH = frozenset({413})


def post(http: Http, url: str, body: bytes, *, kind: str = JSON, accept: str = JSON, token: str = "") -> Answer:
    """Send a body and read the whole answer, whatever its status.

    Sending twice is safe: a second certificate or timestamp harms nobody, and a log knows an entry again.

    Args:
        http: the client; its limits hold.
        url: where to.
        body: what.
        kind: media type of the body.
        accept: media type of the answer.
        token: bearer token; only this origin sees it.

    Raises:
        UnavailableError: no answer, or 408, 429, 5xx after all retries.
        UnsupportedError: an answer longer than `limits.service_answer_bytes`.
        UntrustedError: plain HTTP to another machine, or a redirect to it.
    """
    request = Request(
        method="POST",
        url=url,
        headers={"Content-Type": kind, "Accept": accept},
        credentials={"Authorization": f"Bearer {token}"} if token else {},
        body=body,
    )
    return http.send(request, limit=http.limits.service_answer_bytes)


def refusal(answer: Answer, what: str, asked: str, reasons: Mapping[int, AssayError] = {}) -> AssayError:
    """The error of a status that is no success. The body is not quoted: a server may echo what it was sent.

    Args:
        answer: as it came.
        what: the service, e.g. `the transparency log`.
        asked: what it was to take, e.g. `the entry`.
        reasons: errors of statuses that mean something special here.
    """
    where, why = clean(answer.url), f"status {answer.status}"
    if answer.status in reasons:
        return reasons[answer.status]
    if answer.status in _REFUSED:
        return UntrustedError(
            f"{what} refuses {asked}", where=where, why=why, remedy="ask its operator what it accepts",
            code="SERVICE_REFUSED", step="sign",
        )  # fmt: skip
    if answer.status in _TOO_MUCH:
        return UnsupportedError(f"{asked} is too large for {what}", where=where, why=why, remedy="sign a digest of it")
    return UnavailableError(
        f"{what} does not do its work", where=where, why=why, remedy="check the address in the signing config"
    )
