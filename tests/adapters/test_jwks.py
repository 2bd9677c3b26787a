"""Keys of OIDC issuers: discovery, how long they are kept, and how seldom an issuer is bothered."""

import json
from datetime import UTC, datetime

import pytest

from assay.adapters.http import Http
from assay.adapters.jwks import IssuerKeys
from assay.model.errors import MalformedError, UnavailableError, UntrustedError
from assay.model.limits import Limits
from assay.trust import token
from assay.trust.token import Issuer
from oidc import TokenMaker, issuer_server

NOW = datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC)


class Seconds:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def issuer():
    with issuer_server() as found:
        yield found


@pytest.fixture
def clock():
    return Seconds()


@pytest.fixture
def cache(clock):
    http = Http(limits=Limits(http_retries_count=0))
    yield IssuerKeys(http, monotonic=clock)
    http.close()


def test_a_token_is_judged_by_keys_found_through_discovery(issuer, cache):
    listed = [Issuer(url=issuer.url, kind="email")]
    found = token.judge(issuer.maker.email(int(NOW.timestamp())), listed, cache.keys, NOW)
    assert found.subject.identity == "someone@example.org"
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]


def test_keys_are_kept_an_hour(issuer, cache, clock):
    for _ in range(3):
        assert [key.key_id for key in cache.keys(issuer.url, "key-1")] == ["key-1"]
    assert len(issuer.asked) == 2
    clock.now += 3_599
    cache.keys(issuer.url, "key-1")
    assert len(issuer.asked) == 2
    clock.now += 1
    cache.keys(issuer.url, "key-1")
    assert len(issuer.asked) == 4


def test_an_unknown_key_makes_one_look_a_minute(issuer, cache, clock):
    cache.keys(issuer.url, "key-1")
    issuer.keys = TokenMaker(issuer.url, key_id="key-2").jwks()
    assert [key.key_id for key in cache.keys(issuer.url, "key-2")] == ["key-1"]
    assert len(issuer.asked) == 2
    clock.now += 60
    assert [key.key_id for key in cache.keys(issuer.url, "key-2")] == ["key-2"]
    for number in range(20):
        cache.keys(issuer.url, f"invented-{number}")
    assert len(issuer.asked) == 4


def test_a_failing_refresh_leaves_fresh_keys(issuer, cache, clock):
    cache.keys(issuer.url, "key-1")
    issuer.status = 500
    clock.now += 60
    assert [key.key_id for key in cache.keys(issuer.url, "key-9")] == ["key-1"]
    clock.now += 3_600
    with pytest.raises(UnavailableError):
        cache.keys(issuer.url, "key-1")


def test_an_issuer_that_is_down_is_not_asked_again_at_once(issuer, cache, clock):
    issuer.status = 500
    for _ in range(5):
        with pytest.raises(UnavailableError):
            cache.keys(issuer.url, "key-1")
    assert len(issuer.asked) == 1
    issuer.status = 200
    clock.now += 5
    assert cache.keys(issuer.url, "key-1")


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ({"issuer": "https://other.example"}, UntrustedError),
        ({"issuer": "URL/"}, UntrustedError),
        ({"jwks_uri": "http://other.example/keys"}, UntrustedError),
        ({"jwks_uri": "file:///etc/passwd"}, UnavailableError),
        ({"jwks_uri": 3}, MalformedError),
        ({"issuer": None}, MalformedError),
    ],
)
def test_a_discovery_document_that_leads_astray_is_refused(issuer, cache, document, error):
    changed = {k: v.replace("URL", issuer.url) if isinstance(v, str) else v for k, v in document.items()}
    issuer.document = json.dumps({**json.loads(issuer.document), **changed}).encode()
    with pytest.raises(error):
        cache.keys(issuer.url, "key-1")


def test_keys_that_are_none_are_malformed(issuer, cache):
    issuer.keys = b'{"keys": 1}'
    with pytest.raises(MalformedError):
        cache.keys(issuer.url, "key-1")


def test_who_waited_for_an_issuer_that_is_down_does_not_ask_it_again(clock):
    class Slow:
        asked = 0

        def send(self, request, *, limit):
            self.asked += 1
            clock.now += 10
            raise UnavailableError("no answer")

    http = Slow()
    cache = IssuerKeys(http, monotonic=clock)
    for _ in range(3):
        with pytest.raises(UnavailableError):
            cache.keys("https://issuer.example", "x")
    assert http.asked == 1
