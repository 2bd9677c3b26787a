"""The keys of OIDC issuers, fetched by discovery and kept a while (OpenID Connect Discovery 1.0 §4).

An unknown key id makes one look at the issuer a minute, so that nobody can make this program bother an issuer with
invented tokens; what could not be fetched is not asked for again at once.
"""

import threading
import time
from collections.abc import Callable, Sequence

import msgspec

from assay.adapters.http import Http, Request
from assay.adapters.http_errors import clean
from assay.formats import jwt
from assay.formats.jwt import JsonKey
from assay.model.errors import AssayError, UnavailableError, UntrustedError

REFRESH_SECONDS = 60.0
KEEP_SECONDS = 3_600.0
"""A key an issuer takes back is believed no longer than this."""
RETRY_SECONDS = 5.0
_PATH = "/.well-known/openid-configuration"


class _Kept(msgspec.Struct):
    """What is known of one issuer; `asked` and `fetched` are readings of the monotonic clock."""

    lock: threading.Lock
    keys: tuple[JsonKey, ...] | None = None
    asked: float = float("-inf")
    fetched: float = float("-inf")
    error: AssayError | None = None


class IssuerKeys:
    """A cache of issuers' keys. Safe to ask from several threads.

    Args:
        http: the client; its limits hold, and plain HTTP is for loopback alone.
        monotonic: seconds that never go back.
    """

    def __init__(self, http: Http, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._http, self._monotonic = http, monotonic
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def keys(self, issuer: str, key_id: str) -> Sequence[JsonKey]:
        """All keys of an issuer, asked anew if they are old or none has this id; `trust.token.judge` calls it.

        Args:
            issuer: of the allow-list; nothing a token says may come here.
            key_id: the `kid` of a token, or empty.

        Raises:
            UnavailableError: the issuer does not answer, or did not a moment ago.
            UntrustedError: `ISSUER_DISCOVERY`: its document names another issuer, or keys behind plain HTTP.
            MalformedError: it answers something else.
        """
        with self._lock:
            kept = self._kept.setdefault(issuer, _Kept(threading.Lock()))
        with kept.lock:
            now = self._monotonic()
            is_fresh = now - kept.fetched < KEEP_SECONDS
            if kept.keys is not None and is_fresh:
                is_known = not key_id or any(key.key_id == key_id for key in kept.keys)
                if is_known or now - kept.asked < REFRESH_SECONDS:
                    return kept.keys
            elif kept.error is not None and now - kept.asked < RETRY_SECONDS:
                raise kept.error
            return self._refresh(issuer, kept, now, is_fresh=is_fresh)

    def _refresh(self, issuer: str, kept: _Kept, now: float, *, is_fresh: bool) -> tuple[JsonKey, ...]:
        kept.asked = now
        try:
            kept.keys = self._fetch(issuer)
        except AssayError as error:
            kept.asked = self._monotonic()  # who waited meanwhile shall not ask at once again
            if kept.keys is not None and is_fresh:
                return kept.keys  # the token's key is not among them, and that is what will be said
            kept.keys, kept.error = None, error
            raise
        kept.fetched, kept.error = now, None
        return kept.keys

    def _fetch(self, issuer: str) -> tuple[JsonKey, ...]:
        where = issuer.rstrip("/") + _PATH
        named, address = jwt.read_discovery(self._get(where), where=clean(where))
        if named != issuer:  # §4.3: exactly the one that was asked
            raise _no(where, f"it names another issuer, {named[:200]!r}")
        if issuer.startswith("https:") and not address.startswith("https:"):
            raise _no(where, "its keys are not behind TLS")
        return jwt.read_keys(self._get(address), where=clean(address))

    def _get(self, url: str) -> bytes:
        request = Request(method="GET", url=url, headers={"Accept": "application/json"})
        answer = self._http.send(request, limit=jwt.KEYS_BYTES)
        if answer.status != 200:
            raise UnavailableError(
                "the issuer does not tell its keys",
                where=clean(answer.url),
                why=f"status {answer.status}",
                remedy="check the issuer's address, or try again later",
            )
        return answer.body


def _no(where: str, why: str) -> UntrustedError:
    return UntrustedError(
        "cannot believe the issuer's document", where=clean(where), why=why,
        remedy="write the issuer exactly as its tokens name it, or ask its operator", code="ISSUER_DISCOVERY",
        step="token",
    )  # fmt: skip
