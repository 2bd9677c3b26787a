"""Tokens of the machine a job runs on, each maker's way, without leaving loopback."""

import json
import stat
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from assay.adapters.ambient import AmbientTokens, GivenToken
from assay.adapters.http import Http
from assay.model.errors import UnavailableError, UntrustedError, UsageError
from assay.model.limits import Limits

JWT = "aGVhZA.Y2xhaW1z.c2ln"
LIMITS = Limits(http_retries_count=0, token_bytes=1000)


class Issuer:
    """Answers with what a test wants, and keeps what it was asked."""

    def __init__(self, url: str) -> None:
        self.url, self.status, self.body = url, 200, b""
        self.asked: list[tuple[str, dict[str, str]]] = []


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
            self.send_response(made.status)
            self.send_header("Content-Length", str(len(made.body)))
            self.end_headers()
            self.wfile.write(made.body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Issuer(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ambient(folder: Path, limits: Limits = LIMITS, **env: str) -> AmbientTokens:
    http = Http(limits=limits)
    return AmbientTokens(http, env, mounted=folder / "mounted", product=folder / "product", limits=limits)


def github(issuer: Issuer, **more: str) -> dict[str, str]:
    return {
        "GITHUB_ACTIONS": "true",
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{issuer.url}/token?job=1",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer-of-the-job",
        **more,
    }


def program(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(stat.S_IRWXU)
    return f"{folder}:/bin:/usr/bin"


def test_a_machine_without_a_token_says_what_to_do(tmp_path):
    with pytest.raises(UsageError, match="--identity-token"):
        ambient(tmp_path).token("sigstore")


def test_the_variable_and_the_mounted_file(tmp_path):
    assert ambient(tmp_path, SIGSTORE_ID_TOKEN=f"{JWT}\n").token("sigstore") == JWT
    (tmp_path / "mounted").write_text(f"{JWT}\n")
    assert ambient(tmp_path).token("sigstore") == JWT
    assert ambient(tmp_path, SIGSTORE_ID_TOKEN="first").token("sigstore") == "first"
    assert GivenToken(JWT).token("sigstore") == JWT


def test_github_is_asked_with_the_jobs_bearer_for_the_audience(tmp_path, issuer):
    issuer.body = json.dumps({"count": 1, "value": JWT}).encode()
    assert ambient(tmp_path, **github(issuer)).token("sigstore") == JWT
    ((path, headers),) = issuer.asked
    assert path == "/token?job=1&audience=sigstore"
    assert headers["authorization"] == "Bearer bearer-of-the-job"


@pytest.mark.parametrize(
    ("status", "body"),
    [(403, b"{}"), (200, b"[]"), (200, b'{"value":7}'), (200, b"not JSON aGVhZA.Y2xhaW1z.c2ln")],
)
def test_github_without_a_token_is_unavailable_and_quotes_nothing(tmp_path, issuer, status, body):
    issuer.status, issuer.body = status, body
    with pytest.raises(UnavailableError) as caught:
        ambient(tmp_path, **github(issuer)).token("sigstore")
    assert JWT not in caught.value.line()
    assert "bearer-of-the-job" not in caught.value.line()


def test_a_github_job_without_the_permission_says_so(tmp_path):
    with pytest.raises(UntrustedError, match="id-token: write"):
        ambient(tmp_path, GITHUB_ACTIONS="true").token("sigstore")


def test_the_jobs_bearer_goes_over_tls_alone(tmp_path, issuer):
    env = github(issuer, ACTIONS_ID_TOKEN_REQUEST_URL="http://token.example/x")
    with pytest.raises(UntrustedError, match="plain HTTP"):
        ambient(tmp_path, **env).token("sigstore")


@pytest.mark.parametrize(
    ("variable", "name", "words"),
    [
        ("BUILDKITE", "buildkite-agent", "oidc request-token --audience sigstore"),
        ("CIRCLECI", "circleci", 'run oidc get --root-issuer --claims {"aud":"sigstore"}'),
    ],
)
def test_programs_of_the_ci_are_run(tmp_path, variable, name, words):
    path = program(tmp_path, name, f"[ \"$*\" = '{words}' ] && echo {JWT}")
    assert ambient(tmp_path, **{variable: "true", "PATH": path}).token("sigstore") == JWT
    program(tmp_path, name, f"echo {JWT}; exit 3")
    with pytest.raises(UnavailableError, match="exit status 3") as caught:
        ambient(tmp_path, **{variable: "true", "PATH": path}).token("sigstore")
    assert JWT not in caught.value.line()


def test_a_program_that_is_missing_hangs_or_talks_too_much_is_unavailable(tmp_path):
    with pytest.raises(UnavailableError):
        ambient(tmp_path, BUILDKITE="true", PATH=str(tmp_path)).token("sigstore")
    path = program(tmp_path, "buildkite-agent", "exec sleep 30")
    hasty = Limits(credential_helper_seconds=0.05)
    with pytest.raises(UnavailableError, match="TimeoutExpired"):
        ambient(tmp_path, hasty, BUILDKITE="true", PATH=path).token("sigstore")
    program(tmp_path, "buildkite-agent", "head -c 5000 /dev/zero")
    with pytest.raises(UnavailableError):
        ambient(tmp_path, BUILDKITE="true", PATH=path).token("sigstore")


def test_google_is_asked_where_the_machine_is_googles(tmp_path, issuer):
    issuer.body = JWT.encode()
    host = issuer.url.removeprefix("http://")
    assert ambient(tmp_path, GCE_METADATA_HOST=host).token("sigstore") == JWT
    ((path, headers),) = issuer.asked
    assert path.endswith("/service-accounts/default/identity?audience=sigstore&format=full")
    assert headers["metadata-flavor"] == "Google"
    issuer.status = 404
    with pytest.raises(UnavailableError, match="Google Cloud"):
        ambient(tmp_path, GCE_METADATA_HOST=host).token("sigstore")
    (tmp_path / "product").write_text("Standard PC\n")
    with pytest.raises(UsageError):
        ambient(tmp_path).token("sigstore")
