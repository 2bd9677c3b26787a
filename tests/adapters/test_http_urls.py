"""Which URLs are spoken to, through which proxy, and what may be said about them."""

import pytest

from assay.adapters.http_errors import clean, retry_after
from assay.adapters.http_urls import base_url, check_url, next_url, origin
from assay.adapters.proxy import is_loopback, proxy_for
from assay.model.errors import UnavailableError, UntrustedError


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1", "[::1]", "a.localhost"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["localhost.example", "127.0.0.1.example", "128.0.0.1", "2130706433", "0x7f.1", "example", ""]
)
def test_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("authority", "insecure", "expected"),
    [
        ("registry.example", (), "https://registry.example"),
        ("registry.example:5000", (), "https://registry.example:5000"),
        ("registry.example:5000", ("registry.example:5000",), "http://registry.example:5000"),
        ("registry.example:5001", ("registry.example:5000",), "https://registry.example:5001"),
        ("localhost:5000", (), "http://localhost:5000"),
        ("127.0.0.1:50443", (), "http://127.0.0.1:50443"),
        ("localhost:8443", (), "https://localhost:8443"),
        ("[::1]:5000", (), "http://[::1]:5000"),
    ],
)
def test_base_url(authority: str, insecure: tuple[str, ...], expected: str) -> None:
    assert base_url(authority, insecure) == expected
    check_url(f"{expected}/v2/", insecure)


@pytest.mark.parametrize("url", ["http://registry.example/", "http://registry.example:5000/"])
def test_plain_http_is_refused(url: str) -> None:
    with pytest.raises(UntrustedError, match="plain HTTP"):
        check_url(url, ())


@pytest.mark.parametrize(
    "url", ["", "x", "ftp://a/", "https://", "https://a:b@registry.example/", "https://a:99999/", "https://[/"]
)
def test_no_address(url: str) -> None:
    with pytest.raises(UnavailableError):
        check_url(url, ())


def test_a_redirect_keeps_tls() -> None:
    assert next_url("https://a.example/x", "/y?z#f") == "https://a.example/y?z"
    assert next_url("https://a.example/x", "//b.example/") == "https://b.example/"
    with pytest.raises(UntrustedError, match="from https to http"):
        next_url("https://a.example/x", "http://a.example/x")
    with pytest.raises(UntrustedError, match="from https to http"):
        next_url("https://a.example/x", "http://localhost/x")


def test_an_origin_is_scheme_host_and_port() -> None:
    assert origin("https://A.example/x") == origin("https://a.example:443/y")
    assert origin("https://a.example") != origin("http://a.example:443")
    assert origin("https://a.example") != origin("https://a.example:444")
    assert origin("https://a.example") != origin("https://b.a.example")


@pytest.mark.parametrize(
    ("url", "env", "expected"),
    [
        ("https://r.example/", {"HTTPS_PROXY": "http://p:3128"}, "http://p:3128"),
        ("https://r.example/", {"https_proxy": "p:3128"}, "http://p:3128"),
        ("https://r.example/", {"HTTP_PROXY": "http://p:3128"}, None),
        ("http://r.example/", {"HTTP_PROXY": "http://p:3128"}, "http://p:3128"),
        ("https://r.example/", {"ALL_PROXY": "http://p:1"}, "http://p:1"),
        ("https://r.example/", {}, None),
        ("https://r.example/", {"HTTPS_PROXY": "p:1", "NO_PROXY": "r.example"}, None),
        ("https://r.example/", {"HTTPS_PROXY": "p:1", "NO_PROXY": "x, .example"}, None),
        ("https://r.example/", {"HTTPS_PROXY": "p:1", "NO_PROXY": "*.example"}, None),
        ("https://r.example/", {"HTTPS_PROXY": "p:1", "NO_PROXY": "*"}, None),
        ("https://r.example/", {"HTTPS_PROXY": "p:1", "NO_PROXY": "ample"}, "http://p:1"),
        ("https://r.example:8/", {"HTTPS_PROXY": "p:1", "NO_PROXY": "r.example:9"}, "http://p:1"),
        ("https://r.example:9/", {"HTTPS_PROXY": "p:1", "NO_PROXY": "r.example:9"}, None),
        ("https://10.1.2.3/", {"HTTPS_PROXY": "p:1", "NO_PROXY": "10.0.0.0/8"}, None),
        ("https://11.1.2.3/", {"HTTPS_PROXY": "p:1", "NO_PROXY": "10.0.0.0/8"}, "http://p:1"),
        ("https://localhost/", {"HTTPS_PROXY": "p:1"}, None),
        ("https://127.0.0.1:5/", {"HTTPS_PROXY": "p:1"}, None),
    ],
)
def test_proxy(url: str, env: dict[str, str], expected: str | None) -> None:
    assert proxy_for(url, env) == expected


def test_a_url_in_an_error_has_no_secret() -> None:
    assert clean("https://u:p@a.example/x?token=t#f") == "https://a.example/x"
    assert clean("https://a.example/\x1b[2J").isprintable()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("", None),
        ("-1", None),
        ("soon", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("9" * 30, None),
    ],
)
def test_retry_after(text: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": text}) == seconds
