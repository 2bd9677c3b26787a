"""The token dance: what a registry asks for in `WWW-Authenticate`, and the header that answers it.

Follows the Distribution project's "Token Authentication Specification" and "OAuth2 Token Authentication", RFC 6750
and RFC 7617. The credential of an authority is shown to that authority, and to the token server it names over TLS
(to none over plain HTTP, except where plain HTTP is allowed); redirects of either never see it.
"""

import re
import threading
import time
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

import msgspec

from assay.adapters.credentials import Credential, Credentials
from assay.adapters.http import Http, Request
from assay.adapters.http_errors import clean
from assay.adapters.http_urls import check_url
from assay.formats import strictjson
from assay.model.errors import AssayError, MalformedError, UnavailableError, UntrustedError

_CHALLENGE = re.compile(r"\s*([A-Za-z]+)\s+(.*)", re.ASCII | re.DOTALL)
_PARAMETER = re.compile(r'([A-Za-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*(?:,|$)', re.ASCII)
_LEAST_SECONDS, _DEFAULT_SECONDS = 10, 60
_MARGIN_SECONDS = 5
_CLIENT_ID = "assay"


class Challenge(msgspec.Struct, frozen=True):
    """One challenge (RFC 9110, 11.6.1): the scheme in lower case and its parameters."""

    scheme: str
    parameters: dict[str, str]


class _Token(msgspec.Struct, frozen=True):
    header: str
    until: float


def parse_challenge(header: str) -> Challenge | None:
    """The Bearer or Basic challenge of a `WWW-Authenticate` header, Bearer preferred; None if there is neither.

    >>> parse_challenge('Bearer realm="https://a/token",service="b"').parameters["service"]
    'b'
    """
    found: dict[str, Challenge] = {}
    for part in re.split(r",\s*(?=(?:Bearer|Basic)\s)", header[:8_192], flags=re.IGNORECASE):
        match = _CHALLENGE.fullmatch(part)
        if match and match[1].lower() in {"bearer", "basic"}:
            parameters = {
                name.lower(): re.sub(r"\\(.)", r"\1", quoted) if quoted else plain
                for name, quoted, plain in _PARAMETER.findall(match[2])
            }
            found.setdefault(match[1].lower(), Challenge(match[1].lower(), parameters))
    return found.get("bearer") or found.get("basic")


class Authorizer:
    """Keeps the tokens of one repository; safe to use from several threads.

    Args:
        http: the client.
        credentials: where credentials are looked up.
        authority: the registry.
        repository: the repository, for the scope.
        now: monotonic seconds.
    """

    def __init__(
        self,
        http: Http,
        credentials: Credentials,
        authority: str,
        repository: str,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http, self._credentials = http, credentials
        self._authority, self._repository = authority, repository
        self._now = now
        self._lock = threading.Lock()
        self._challenge: Challenge | None = None
        self._tokens: dict[str, _Token] = {}
        self._looked = False
        self._credential: Credential | None = None

    def header(self, actions: str) -> dict[str, str]:
        """What to send unasked: nothing before the first challenge, then a token that has not run out."""
        with self._lock:
            return self._known(actions)

    def answer(self, challenge: Challenge, base: str, actions: str, stale: dict[str, str]) -> dict[str, str]:
        """The header that answers a challenge.

        Args:
            challenge: what the registry asked.
            base: the registry's URL; a token server must be reached at least as safely.
            actions: `pull` or `pull,push`.
            stale: the header that was just refused; another thread may have renewed it meanwhile.

        Returns:
            The header, or nothing where there is no credential to show.

        Raises:
            UnavailableError, MalformedError, UntrustedError, UsageError.
        """
        with self._lock:
            known = self._known(actions)
            if known and known != stale:
                return known
            self._challenge = challenge
            token = self._basic() if challenge.scheme == "basic" else self._bearer(challenge, base, actions)
            if token is None:
                return {}
            self._tokens[self._key(actions)] = token
            return {"Authorization": token.header}

    def has_credential(self) -> bool:
        """Whether a credential is configured for this registry (looked up only if it was asked for)."""
        return self._credential is not None

    def _key(self, actions: str) -> str:
        return "basic" if self._challenge is not None and self._challenge.scheme == "basic" else actions

    def _known(self, actions: str) -> dict[str, str]:
        token = self._tokens.get(self._key(actions))
        return {"Authorization": token.header} if token and self._now() < token.until else {}

    def _look(self) -> Credential | None:
        if not self._looked:
            self._credential = self._credentials.find(self._authority, self._repository)
            self._looked = True
        return self._credential

    def _basic(self) -> _Token | None:
        credential = self._look()
        if credential is None or not credential.username:
            return None
        return _Token(credential.basic(), float("inf"))

    def _bearer(self, challenge: Challenge, base: str, actions: str) -> _Token:
        credential = self._look()
        if credential is not None and credential.registry_token:
            return _Token(f"Bearer {credential.registry_token}", float("inf"))
        realm = self._realm(challenge, base)
        query = {"service": challenge.parameters.get("service", "")} if "service" in challenge.parameters else {}
        query["scope"] = f"repository:{self._repository}:{actions}"
        answer = self._http.send(_token_request(realm, query, credential), limit=self._http.limits.token_bytes)
        if answer.status != 200:
            raise UnavailableError(
                "the token server refuses",
                where=clean(realm),
                why=f"status {answer.status}" + ("" if credential else ", no credential is configured"),
                remedy=f"log in to {self._authority} (docker login)",
            )
        return self._token(answer.body, realm)

    def _realm(self, challenge: Challenge, base: str) -> str:
        realm = challenge.parameters.get("realm", "")
        check_url(realm, self._http.insecure)
        if urlsplit(base).scheme == "https" and urlsplit(realm).scheme != "https":
            raise UntrustedError(
                "the registry names a token server without TLS",
                where=clean(base),
                why=clean(realm),
                remedy="ask the registry's operator",
                step="transport",
                code="PLAIN_HTTP",
            )
        return realm

    def _token(self, body: bytes, realm: str) -> _Token:
        try:
            document = strictjson.loads(body, where=clean(realm), limit=self._http.limits.token_bytes)
        except AssayError:
            raise _bad_token(realm, "not acceptable JSON") from None  # its words could quote the token
        if not isinstance(document, dict):
            raise _bad_token(realm, "not an object")
        token = document.get("token") or document.get("access_token")
        if not isinstance(token, str) or not token or not all(33 <= ord(character) < 127 for character in token):
            raise _bad_token(realm, "no usable token in it")
        seconds = document.get("expires_in")
        lifetime = seconds if isinstance(seconds, int) and seconds > 0 else _DEFAULT_SECONDS
        lasting = max(_LEAST_SECONDS, min(lifetime, 86_400) - _MARGIN_SECONDS)
        return _Token(f"Bearer {token}", self._now() + lasting)


def _token_request(realm: str, query: dict[str, str], credential: Credential | None) -> Request:
    """GET with basic authentication, or a POST that exchanges an identity token."""
    if credential is not None and credential.identity_token:
        form = {**query, "grant_type": "refresh_token", "client_id": _CLIENT_ID}
        body = urlencode({**form, "refresh_token": credential.identity_token}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return Request(method="POST", url=realm, headers=headers, body=body)
    secret = {"Authorization": credential.basic()} if credential is not None and credential.username else {}
    joint = "&" if urlsplit(realm).query else "?"
    return Request(method="GET", url=f"{realm}{joint}{urlencode(query)}", credentials=secret)


def _bad_token(realm: str, why: str) -> MalformedError:
    return MalformedError(
        "cannot read the token server's answer", where=clean(realm), why=why, remedy="ask the registry's operator"
    )
