"""TLS and proxies on loopback: certificates of `SSL_CERT_FILE`, no fallback to plain HTTP, CONNECT and plain proxying."""

import datetime
import ipaddress
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from assay.adapters.http import Http, Request
from assay.model.errors import UnavailableError, UsageError
from assay.model.limits import Limits
from fakes.registry import FakeRegistry, fake_registry

LIMITS = Limits(http_backoff_seconds=0.001, http_retries_count=1, http_read_seconds=5)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and a self-signed certificate for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def registry(certificate: Path) -> Iterator[FakeRegistry]:
    with fake_registry(certificate) as running:
        running.add_blob(b"content")
        yield running


def url(registry: FakeRegistry, scheme: str = "https") -> str:
    return f"{scheme}://{registry.authority}/v2/a/blobs/{next(iter(registry.blobs))}"


def test_a_certificate_of_ssl_cert_file_is_trusted(registry: FakeRegistry, certificate: Path) -> None:
    http = Http(limits=LIMITS, env={"SSL_CERT_FILE": str(certificate)})
    answer = http.send(Request(method="GET", url=url(registry)), limit=100)
    assert (answer.status, answer.body) == (200, b"content")
    http.close()


def test_an_unknown_certificate_is_refused_at_once(registry: FakeRegistry) -> None:
    http = Http(limits=LIMITS)
    with pytest.raises(UnavailableError, match=r"certificate does not verify.*SSL_CERT_FILE"):
        http.send(Request(method="GET", url=url(registry)), limit=100)
    assert registry.log == []
    http.close()


def test_a_plain_server_behind_https_is_named(certificate: Path) -> None:
    http = Http(limits=LIMITS, env={"SSL_CERT_FILE": str(certificate)})
    with fake_registry() as plain:
        plain.add_blob(b"content")
        with pytest.raises(UnavailableError, match="does not speak TLS"):
            http.send(Request(method="GET", url=url(plain)), limit=100)
        assert plain.log == []
    http.close()


def test_a_certificate_file_that_is_not_there(registry: FakeRegistry) -> None:
    http = Http(limits=LIMITS, env={"SSL_CERT_FILE": "/nonexistent"})
    with pytest.raises(UsageError, match="SSL_CERT_FILE"):
        http.send(Request(method="GET", url=url(registry)), limit=100)
    http.close()


@pytest.fixture
def proxy() -> Iterator[tuple[str, list[str]]]:
    """A proxy that answers every request itself: 418 and the request line, so that nothing needs to lie behind it."""
    lines: list[str] = []
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as file:
                head = []
                while (line := file.readline().strip()) != b"":
                    head.append(line.decode())
                lines.extend(head)
                connection.sendall(b"HTTP/1.1 418 no\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.getsockname()[1]}", lines
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()


def test_https_goes_through_the_proxy_by_connect(proxy: tuple[str, list[str]]) -> None:
    place, lines = proxy
    http = Http(limits=LIMITS, env={"HTTPS_PROXY": f"http://u:pass@{place}"}, sleep=lambda _: None)
    secret = {"Authorization": "Bearer secret"}
    with pytest.raises(UnavailableError, match="proxy") as caught:
        http.send(Request(method="GET", url="https://registry.example/v2/", credentials=secret), limit=100)
    assert lines[0] == "CONNECT registry.example:443 HTTP/1.1" or lines[0].startswith("CONNECT registry.example:443")
    assert any(line.lower().startswith("proxy-authorization: basic") for line in lines)
    assert not any("secret" in line for line in lines)
    assert "pass" not in caught.value.line()
    http.close()


def test_no_proxy_is_obeyed(proxy: tuple[str, list[str]]) -> None:
    place, lines = proxy
    env = {"HTTPS_PROXY": f"http://{place}", "NO_PROXY": ".invalid"}
    http = Http(limits=LIMITS, env=env, sleep=lambda _: None)
    with pytest.raises(UnavailableError, match="does not resolve"):
        http.send(Request(method="GET", url="https://registry.invalid/v2/"), limit=100)
    assert lines == []
    http.close()


def test_plain_http_that_is_allowed_goes_through_the_proxy(proxy: tuple[str, list[str]]) -> None:
    place, lines = proxy
    http = Http(limits=LIMITS, env={"http_proxy": place}, insecure=("registry.example",))
    assert http.send(Request(method="GET", url="http://registry.example/v2/"), limit=100).status == 418
    assert lines[0].startswith("GET http://registry.example/v2/")
    http.close()


def test_a_proxy_that_is_none(registry: FakeRegistry) -> None:
    http = Http(limits=LIMITS, env={"HTTPS_PROXY": "ftp://x"})
    with pytest.raises(UsageError, match="HTTPS_PROXY"):
        http.send(Request(method="GET", url="https://registry.example/"), limit=100)
    http.close()


def test_tls_reads_obey_the_deadline(registry: FakeRegistry, certificate: Path) -> None:
    limits = Limits(http_document_seconds=0.5, http_retries_count=0)
    http = Http(limits=limits, env={"SSL_CERT_FILE": str(certificate)})

    @registry.rule("GET", "/blobs/")
    def drip(x: object) -> bool:
        x.head(200, 1000)  # type: ignore[attr-defined]
        while not registry.closing.wait(0.05):
            x.write(b"x")  # type: ignore[attr-defined]
        return True

    with pytest.raises(UnavailableError, match="too slowly"):
        http.send(Request(method="GET", url=url(registry)), limit=10_000)
    http.close()
