"""A registry that means harm: one clear error each, within the limits, and nothing left behind."""

import gc
import json
import os
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assay.adapters.http import Http
from assay.adapters.registry import RegistrySource, RegistryStore
from assay.adapters.registry_client import RegistryClient
from assay.artifact.image import resolve
from assay.artifact.reference import parse_reference
from assay.model.digest import Digest
from assay.model.errors import AssayError, MalformedError, UnavailableError, UnsupportedError, UntrustedError
from assay.model.image import Descriptor, Platform
from assay.model.limits import Limits
from fakes.registry import INDEX, MANIFEST, Exchange, FakeRegistry, digest, fake_registry

LIMITS = Limits(
    http_backoff_seconds=0.001, http_read_seconds=0.3, http_document_seconds=1.0, http_total_seconds=1.0,
    manifest_bytes=200_000, token_bytes=100_000, referrers_count=50, http_retries_count=2, referrers_settle_seconds=0.0,
)  # fmt: skip
MOST_SECONDS = 4.0
DATA = b"0123456789" * 50_000


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with fake_registry() as running:
        yield running


def client(registry: FakeRegistry, env: dict[str, str] | None = None) -> RegistryClient:
    http = Http(limits=LIMITS, env=env or {}, sleep=lambda _: None)
    return RegistryClient(parse_reference(f"{registry.authority}/team/app:1"), limits=LIMITS, env=env or {}, http=http)


@pytest.fixture
def source(registry: FakeRegistry) -> Iterator[RegistrySource]:
    opened = RegistrySource(parse_reference(f"{registry.authority}/team/app:1"), limits=LIMITS, client=client(registry))
    yield opened
    opened.close()


@pytest.fixture
def store(registry: FakeRegistry) -> Iterator[RegistryStore]:
    opened = RegistryStore(parse_reference(f"{registry.authority}/team/app:1"), limits=LIMITS, client=client(registry))
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Neither open sockets and files nor threads of ours stay, and no test outlasts its limits."""
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    began = time.monotonic()
    yield
    assert time.monotonic() - began < MOST_SECONDS
    end = time.monotonic() + 2
    while len(os.listdir("/proc/self/fd")) > before and time.monotonic() < end:
        gc.collect()
        threading.Event().wait(0.01)  # the fake server's own threads close their side when they notice
    assert len(os.listdir("/proc/self/fd")) <= before


def blob(data: bytes) -> Descriptor:
    return Descriptor(media_type="application/octet-stream", digest=Digest.of(data), size=len(data))


def read(source: RegistrySource, descriptor: Descriptor) -> bytes:
    with source.stream(descriptor) as chunks:
        return b"".join(chunks)


def refused(kind: type[AssayError], match: str | None, action: Callable[[], object]) -> AssayError:
    with pytest.raises(kind, match=match) as caught:
        action()
    error = caught.value
    assert error.what
    assert error.where
    assert error.remedy
    assert len(error.line()) < 1000
    assert error.line().isprintable()
    return error


def truncating(data: bytes, keep: int) -> Callable[[Exchange], bool]:
    def rule(x: Exchange) -> bool:
        x.head(200, len(data), Content_Type=MANIFEST)
        x.write(data[:keep])
        return x.hang_up()

    return rule


def dripping(registry: FakeRegistry, head: Callable[[Exchange], None]) -> Callable[[Exchange], bool]:
    """One byte every 50 ms: never silent for as long as the read limit, never done."""

    def rule(x: Exchange) -> bool:
        head(x)
        while not registry.closing.wait(0.05):
            x.write(b"x")
        return x.hang_up()

    return rule


def endless(x: Exchange) -> bool:
    x.head(200, None, Content_Type=MANIFEST)
    while True:
        x.write(b"[" * 65_536)


def test_truncates_the_manifest(registry: FakeRegistry, source: RegistrySource) -> None:
    registry.rule("GET", "/manifests/")(truncating(DATA, 100))
    refused(UnavailableError, "cut short|connection broke", source.root)


def test_truncates_every_download(registry: FakeRegistry, source: RegistrySource) -> None:
    registry.rule("GET", "/blobs/")(truncating(DATA, 1000))
    refused(UnavailableError, "cut short", lambda: read(source, blob(DATA)))
    assert len(registry.log) == 1 + LIMITS.http_retries_count


def test_hangs_up_at_once(registry: FakeRegistry, source: RegistrySource) -> None:
    registry.rule("GET", "/manifests/")(lambda x: x.hang_up())
    refused(UnavailableError, "gives no answer", source.root)


def test_never_answers(registry: FakeRegistry, source: RegistrySource) -> None:
    registry.rule("GET", "/manifests/")(lambda x: registry.closing.wait(5) or x.hang_up())
    refused(UnavailableError, "too slowly|fell silent", source.root)


def test_drips_the_manifest(registry: FakeRegistry, source: RegistrySource) -> None:
    registry.rule("GET", "/manifests/")(dripping(registry, lambda x: x.head(200, 100_000)))
    refused(UnavailableError, "too slowly", source.root)


def test_drips_a_blob(registry: FakeRegistry, source: RegistrySource) -> None:
    registry.rule("GET", "/blobs/")(dripping(registry, lambda x: x.head(200, len(DATA))))
    refused(UnavailableError, "too slowly", lambda: read(source, blob(DATA)))


def test_drips_its_headers(registry: FakeRegistry, source: RegistrySource) -> None:
    registry.rule("GET", "/manifests/")(dripping(registry, lambda x: x.write(b"HTTP/1.1 200 OK\r\nX-Long: ")))
    refused(UnavailableError, "too slowly", source.root)


def test_sends_an_endless_manifest(registry: FakeRegistry, source: RegistrySource) -> None:
    registry.rule("GET", "/manifests/")(endless)
    tracemalloc.start()
    refused(UnsupportedError, "too long", source.root)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * LIMITS.manifest_bytes


def test_sends_an_endless_blob(registry: FakeRegistry, source: RegistrySource) -> None:
    registry.rule("GET", "/blobs/")(endless)
    error = refused(UntrustedError, "size", lambda: read(source, blob(DATA)))
    assert isinstance(error, UntrustedError)
    assert error.code == "SIZE_MISMATCH"


def test_sends_endless_headers(registry: FakeRegistry, source: RegistrySource) -> None:
    def rule(x: Exchange) -> bool:
        x.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            x.write(b"X-More: yes\r\n" * 1000)

    registry.rule("GET", "/manifests/")(rule)
    refused(UnavailableError, None, source.root)


def test_speaks_no_http(registry: FakeRegistry, source: RegistrySource) -> None:
    registry.rule("GET", "/manifests/")(lambda x: (x.write(b"\x00\xff220 welcome\r\n"), x.hang_up())[1])
    refused(UnavailableError, None, source.root)


def test_lies_about_the_digest_of_a_tag(registry: FakeRegistry, source: RegistrySource) -> None:
    registry.rule("GET", "/manifests/")(
        lambda x: x.answer(200, b"{}", Content_Type=MANIFEST, Docker_Content_Digest=digest(b"another"))
    )
    error = refused(UntrustedError, "announces", source.root)
    assert isinstance(error, UntrustedError)
    assert error.code == "DIGEST_MISMATCH"
    assert digest(b"another") in error.line()
    assert digest(b"{}") in error.line()


def test_gives_another_manifest_than_the_digest_names(registry: FakeRegistry) -> None:
    asked = digest(b"what was asked")
    registry.rule("GET", "/manifests/")(
        lambda x: x.answer(200, b"{}", Content_Type=MANIFEST, Docker_Content_Digest=asked)
    )
    reference = parse_reference(f"{registry.authority}/team/app@{asked}")
    source = RegistrySource(reference, limits=LIMITS, client=client(registry))
    host = Platform("linux", "amd64")
    refused(
        UntrustedError,
        "announce|digest",
        lambda: resolve(source, platform=None, host=host, all_platforms=False, limits=LIMITS),
    )
    source.close()


def test_gives_another_manifest_and_announces_nothing(registry: FakeRegistry) -> None:
    asked = digest(b"what was asked")
    registry.rule("GET", "/manifests/")(lambda x: x.answer(200, b"{}", Content_Type=MANIFEST))
    reference = parse_reference(f"{registry.authority}/team/app@{asked}")
    source = RegistrySource(reference, limits=LIMITS, client=client(registry))
    host = Platform("linux", "amd64")
    error = refused(
        UntrustedError, "digest", lambda: resolve(source, platform=None, host=host, all_platforms=False, limits=LIMITS)
    )
    assert asked in error.line()
    source.close()


def test_gives_a_shorter_blob_than_its_descriptor_says(registry: FakeRegistry, source: RegistrySource) -> None:
    """Complete by its own account: the reader's check of size and digest must see it, no resuming hides it."""
    registry.rule("GET", "/blobs/")(lambda x: x.answer(200, DATA[:1000]))
    assert read(source, blob(DATA)) == DATA[:1000]
    assert len(registry.log) == 1


def test_redirects_in_a_circle(registry: FakeRegistry, source: RegistrySource) -> None:
    registry.rule("GET", "/")(lambda x: x.answer(307, Location=x.path))
    refused(UnavailableError, "without end", source.root)


@pytest.mark.parametrize(
    "location",
    ["", "ftp://registry.example/x", "file:///etc/passwd", "http://a:b@registry.example/", "http://[::1", "http://x:99999/",
     "//", "javascript:x", "http://\x01"],
)  # fmt: skip
def test_redirects_to_nowhere(registry: FakeRegistry, source: RegistrySource, location: str) -> None:
    registry.rule("GET", "/manifests/")(lambda x: x.answer(302, Location=location))
    refused(UnavailableError, None, source.root)


def test_redirects_to_a_host_without_tls(registry: FakeRegistry, source: RegistrySource) -> None:
    registry.rule("GET", "/manifests/")(lambda x: x.answer(302, Location="http://registry.example/?secret=1"))
    error = refused(UntrustedError, "plain HTTP", source.root)
    assert "secret" not in error.line()


def test_names_a_token_server_without_tls(registry: FakeRegistry, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(
        json.dumps({"auths": {registry.authority: {"username": "alice", "password": "sesame"}}})
    )
    challenge = 'Bearer realm="http://tokens.example/token"'
    registry.rule("GET", "/")(lambda x: x.answer(401, WWW_Authenticate=challenge))
    source = RegistrySource(
        parse_reference(f"{registry.authority}/team/app:1"),
        limits=LIMITS,
        client=client(registry, {"DOCKER_CONFIG": str(tmp_path)}),
    )
    error = refused(UntrustedError, "plain HTTP", source.root)
    assert "sesame" not in error.line()
    source.close()


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"token":""}', b'{"token":5}', b'{"token":"a\\r\\nX-Evil: 1"}', b'{"token":"a","token":"b"}',
     b"[" * 50_000],
    ids=["empty", "list", "broken", "no-token", "number", "header-injection", "twice", "deep"],
)  # fmt: skip
def test_gives_a_broken_token(registry: FakeRegistry, source: RegistrySource, body: bytes) -> None:
    challenge = f'Bearer realm="http://{registry.authority}/tokens"'
    registry.rule("GET", "^/v2/")(lambda x: x.answer(401, WWW_Authenticate=challenge))
    registry.rule("GET", "^/tokens")(lambda x: x.answer(200, body))
    refused(MalformedError, "token server", source.root)
    assert not any("x-evil" in x.headers for x in registry.log)


@pytest.mark.parametrize(
    "challenge",
    [
        "",
        "Bearer",
        'Bearer realm=""',
        "Negotiate",
        'Bearer realm="::::"',
        "Basic",
        "," * 50_000,
        'Bearer realm="' + "\\" * 60_000,
    ],
    ids=["none", "bare", "empty-realm", "other", "bad-realm", "basic", "commas", "backslashes"],
)
def test_asks_for_authentication_in_a_strange_way(
    registry: FakeRegistry, source: RegistrySource, challenge: str
) -> None:
    registry.rule("GET", "/")(lambda x: x.answer(401, WWW_Authenticate=challenge))
    refused(UnavailableError, None, source.root)


def test_challenges_for_ever(registry: FakeRegistry, source: RegistrySource) -> None:
    challenge = f'Bearer realm="http://{registry.authority}/tokens"'
    registry.rule("GET", "^/v2/")(lambda x: x.answer(401, WWW_Authenticate=challenge))
    registry.rule("GET", "^/tokens")(lambda x: x.answer(200, b'{"token":"t"}'))
    refused(UnavailableError, "status 401", source.root)
    assert len(registry.log) == 3


def test_lists_referrers_without_end(registry: FakeRegistry, store: RegistryStore) -> None:
    count = iter(range(10_000))

    def page(x: Exchange) -> bool:
        number = next(count)
        entry = {"mediaType": MANIFEST, "digest": digest(b"%d" % number), "size": 1}
        body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}).encode()
        return x.answer(200, body, Content_Type=INDEX, Link=f'<{x.path}?from={number + 1}>; rel="next"')

    registry.rule("GET", "/referrers/")(page)
    refused(MalformedError, "more than 50 referrers|circle", lambda: store.referrers(Digest.of(b"x")))


def test_lists_empty_pages_without_end(registry: FakeRegistry, store: RegistryStore) -> None:
    count = iter(range(10_000))
    body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}).encode()
    registry.rule("GET", "/referrers/")(
        lambda x: x.answer(200, body, Content_Type=INDEX, Link=f'<{x.path}?from={next(count)}>; rel="next"')
    )
    refused(MalformedError, "circle", lambda: store.referrers(Digest.of(b"x")))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"null",
        b'{"schemaVersion":2,"manifests":5}',
        b'{"schemaVersion":2,"manifests":[5]}',
        b'{"schemaVersion":2,"manifests":[{"mediaType":"a/b","digest":"sha256:x","size":1}]}',
        b'{"schemaVersion":2,"manifests":[{"mediaType":"a/b","digest":"sha256:' + b"a" * 64 + b'","size":-1}]}',
        b'{"schemaVersion":2,"manifests":[],"manifests":[]}',
        b'{"schemaVersion":2,"manifests":' + b"[" * 10_000,
    ],
    ids=["empty", "no-fields", "null", "number", "entry", "digest", "size", "twice", "deep"],
)
@pytest.mark.parametrize("api", [True, False], ids=["api", "tag"])
def test_gives_a_broken_list_of_referrers(registry: FakeRegistry, store: RegistryStore, body: bytes, api: bool) -> None:
    registry.referrers_api = api
    registry.rule("GET", "/referrers/" if api else "/manifests/sha256-")(
        lambda x: x.answer(200, body, Content_Type=INDEX)
    )
    refused(MalformedError, None, lambda: store.referrers(Digest.of(b"x")))


def test_shows_terminal_escapes_in_its_error(registry: FakeRegistry, source: RegistrySource) -> None:
    body = json.dumps({"errors": [{"code": "\x1b[2J", "message": "\x1b[31mhello"}, {"code": "DENIED"}]}).encode()
    registry.rule("GET", "/")(lambda x: x.answer(403, body))
    error = refused(UnavailableError, "DENIED", source.root)
    assert "\x1b" not in error.line()


def test_asks_for_eternal_patience(registry: FakeRegistry, source: RegistrySource) -> None:
    registry.rule("GET", "/")(lambda x: x.answer(503, Retry_After="99999999999999999999"))
    refused(UnavailableError, "503", source.root)


def test_is_not_there() -> None:
    source = RegistrySource(parse_reference("127.0.0.1:1/team/app:1"), limits=LIMITS)
    refused(UnavailableError, "refused", source.root)
    source.close()


def test_takes_an_upload_and_then_nothing(registry: FakeRegistry, store: RegistryStore) -> None:
    registry.rule("PUT", "/blobs/uploads/")(lambda x: x.hang_up())
    refused(UnavailableError, None, lambda: store.push_blob(b"data"))
    assert registry.uploads == {}
    assert registry.blobs == {}
