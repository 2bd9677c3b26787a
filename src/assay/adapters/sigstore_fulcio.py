"""A certificate authority over HTTP: `POST /api/v2/signingCert`; implements `ports.sigstore.CertificateAuthority`."""

from assay.adapters.http import Http
from assay.adapters.http_errors import clean
from assay.adapters.sigstore_http import post, refusal
from assay.model.errors import UntrustedError

_PATH = "/api/v2/signingCert"
_DONE = frozenset({200, 201})
_TOKEN = frozenset({401, 403})


class Fulcio:
    """One authority. It may lie under a path."""

    def __init__(self, http: Http, url: str) -> None:
        self._http, self._url = http, url.rstrip("/") + _PATH

    def certify(self, request: bytes, token: str) -> bytes:
        """Ask for a certificate; see the port.

        Raises:
            UntrustedError: `TOKEN`: the authority does not take the token; `SERVICE_REFUSED`: nor what was asked.
        """
        answer = post(self._http, self._url, request, token=token)
        if answer.status in _DONE:
            return answer.body
        reasons = {
            status: UntrustedError(
                "the certificate authority refuses the identity token",
                where=clean(answer.url),
                why=f"status {status}",
                remedy="get a fresh token of an issuer it knows, for the audience sigstore",
                code="TOKEN",
                step="sign",
            )
            for status in _TOKEN
        }
        raise refusal(answer, "the certificate authority", "the identity token or the key", reasons)
