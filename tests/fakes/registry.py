"""A registry in this process, on loopback, that can be good or bad in every way a test asks for.

Good: OCI distribution 1.1 with referrers, paging, ETags, bearer tokens. Bad: `rules` see each request first and may
answer in its place (truncate, redirect, drip, lie).
"""

import base64
import hashlib
import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"

Rule = Callable[["Exchange"], bool]
"""Looks at a request; True if it has answered."""


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


class Exchange:
    """One request and the means to answer it."""

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        self.handler = handler
        self.method = handler.command
        parts = urlsplit(handler.path)
        self.path, self.query = parts.path, parse_qs(parts.query)
        self.headers = {name.lower(): value for name, value in handler.headers.items()}
        self.body = handler.rfile.read(int(self.headers.get("content-length", 0)))

    def answer(self, status: int, body: bytes = b"", **headers: str) -> bool:
        """Send a whole answer; header names are written with `_` for `-`."""
        self.head(status, len(body), **headers)
        if self.method != "HEAD":
            self.handler.wfile.write(body)
        return True

    def head(self, status: int, length: int | None = None, **headers: str) -> None:
        """Send status and headers only; `length` is the Content-Length announced."""
        self.handler.send_response(status)
        if length is not None:
            self.handler.send_header("Content-Length", str(length))
        else:
            self.handler.send_header("Connection", "close")
            self.handler.close_connection = True
        for name, value in headers.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.end_headers()

    def write(self, data: bytes) -> None:
        self.handler.wfile.write(data)
        self.handler.wfile.flush()

    def hang_up(self) -> bool:
        """Close the connection."""
        self.handler.close_connection = True
        return True


class FakeRegistry:
    """Its content and its manners. Change the attributes before or between requests."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, tuple[bytes, str]] = {}
        self.referrers_api = True
        self.oci_subject = True
        self.page = 0
        self.etags = False
        self.user: tuple[str, str] | None = None
        self.token = "the-token"
        self.basic = False
        self.rules: list[Rule] = []
        self.log: list[Exchange] = []
        self.uploads: dict[str, str] = {}
        self.pieces: dict[str, bytes] = {}
        self.deletes = True
        self.closing = threading.Event()
        self.lock = threading.RLock()
        self.authority = ""

    def rule(self, method: str, pattern: str, times: int = -1) -> Callable[[Rule], Rule]:
        """Decorator: the rule applies to this method and path pattern, `times` times (-1: always)."""
        left = [times]

        def add(rule: Rule) -> Rule:
            def apply(exchange: Exchange) -> bool:
                if exchange.method != method or not re.search(pattern, exchange.path) or left[0] == 0:
                    return False
                left[0] -= 1
                return rule(exchange)

            self.rules.append(apply)
            return rule

        return add

    def add_blob(self, data: bytes) -> str:
        self.blobs[digest(data)] = data
        return digest(data)

    def add_manifest(self, document: dict[str, Any], *tags: str) -> tuple[str, bytes]:
        """Store a manifest under its digest and tags."""
        data = json.dumps(document).encode()
        for name in (digest(data), *tags):
            self.manifests[name] = (data, document["mediaType"])
        return digest(data), data

    def asked(self, method: str, pattern: str) -> list[Exchange]:
        """The requests so far that fit."""
        return [x for x in self.log if x.method == method and re.search(pattern, x.path)]

    def handle(self, x: Exchange) -> None:
        self.log.append(x)
        for rule in list(self.rules):
            if rule(x):
                return
        if x.path == "/token":
            self._give_token(x)
            return
        if not self._admits(x):
            return
        match = re.fullmatch(r"/v2/(?P<repository>.+?)/(?P<kind>manifests|blobs|referrers)/(?P<rest>.+)", x.path)
        if match is None:
            x.answer(404)
            return
        with self.lock:
            getattr(self, f"_{match['kind']}")(x, match["rest"], match["repository"])

    def _admits(self, x: Exchange) -> bool:
        if self.user is None:
            return True
        shown = x.headers.get("authorization", "")
        if self.basic:
            expected, challenge = self._basic_header(), 'Basic realm="fake"'
        else:
            expected = f"Bearer {self.token}"
            challenge = f'Bearer realm="http://{self.authority}/token",service="fake",scope="repository:x:pull"'
        if shown == expected:
            return True
        x.answer(401, b'{"errors":[{"code":"UNAUTHORIZED"}]}', WWW_Authenticate=challenge)
        return False

    def _basic_header(self) -> str:
        assert self.user is not None
        return "Basic " + base64.b64encode(":".join(self.user).encode()).decode()

    def _give_token(self, x: Exchange) -> None:
        if x.headers.get("authorization") != self._basic_header():
            x.answer(401)
        else:
            x.answer(200, json.dumps({"token": self.token, "expires_in": 300}).encode())

    def _manifests(self, x: Exchange, name: str, repository: str) -> None:
        present = self.manifests.get(name)
        if x.method == "PUT":
            self._put_manifest(x, name, present)
        elif x.method == "DELETE":
            known = self.deletes and self.manifests.pop(name, None) is not None
            x.answer(405 if not self.deletes else 202 if known else 404)
        elif present is None:
            x.answer(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}')
        else:
            etag = {"ETag": f'"{digest(present[0])}"'} if self.etags else {}
            x.answer(200, present[0], Content_Type=present[1], Docker_Content_Digest=digest(present[0]), **etag)

    def _put_manifest(self, x: Exchange, name: str, present: tuple[bytes, str] | None) -> None:
        if self.etags:
            now = f'"{digest(present[0])}"' if present else None
            if x.headers.get("if-match", now) != now or (x.headers.get("if-none-match") == "*" and present):
                x.answer(412)
                return
        self.manifests[name] = self.manifests[digest(x.body)] = (x.body, x.headers["content-type"])
        subject = json.loads(x.body).get("subject")
        said = {"OCI_Subject": subject["digest"]} if subject and self.oci_subject and self.referrers_api else {}
        x.answer(201, Location=x.path, Docker_Content_Digest=digest(x.body), **said)

    def _blobs(self, x: Exchange, name: str, repository: str) -> None:
        if x.method == "POST":
            place = f"/v2/{repository}/blobs/uploads/{len(self.uploads)}"
            self.uploads[place] = repository
            x.answer(202, Location=f"{place}?state=a%2Fb")
        elif x.method == "PATCH":
            held = self.pieces.get(x.path, b"")
            if x.headers["content-range"] != f"{len(held)}-{len(held) + len(x.body) - 1}":
                x.answer(416)
                return
            self.pieces[x.path] = held + x.body
            x.answer(202, Location=f"{x.path}?state=a%2Fb", Range=f"0-{len(self.pieces[x.path]) - 1}")
        elif x.method == "PUT":
            assert x.query["state"] == ["a/b"]
            wanted = x.query["digest"][0]
            whole = self.pieces.pop(x.path, b"") + x.body
            if digest(whole) != wanted:
                x.answer(400, b'{"errors":[{"code":"DIGEST_INVALID"}]}')
                return
            self.uploads.pop(x.path)
            self.blobs[wanted] = whole
            x.answer(201, Location=f"/v2/{repository}/blobs/{wanted}")
        elif x.method == "DELETE":
            self.uploads.pop(x.path, None)
            x.answer(204)
        elif name not in self.blobs:
            x.answer(404, b'{"errors":[{"code":"BLOB_UNKNOWN"}]}')
        else:
            self.send_blob(x, self.blobs[name])

    def send_blob(self, x: Exchange, data: bytes) -> None:
        """With `Range: bytes=N-`."""
        match = re.fullmatch(r"bytes=(\d+)-", x.headers.get("range", ""))
        if match is None:
            x.answer(200, data)
        elif int(match[1]) >= len(data):
            x.answer(416)
        else:
            first = int(match[1])
            x.answer(206, data[first:], Content_Range=f"bytes {first}-{len(data) - 1}/{len(data)}")

    def _referrers(self, x: Exchange, subject: str, repository: str) -> None:
        if not self.referrers_api:
            x.answer(404)
            return
        found = []
        for name, (data, kind) in self.manifests.items():
            document = json.loads(data)
            if name == digest(data) and (document.get("subject") or {}).get("digest") == subject:
                entry = {"mediaType": kind, "digest": name, "size": len(data)}
                found.append(entry | {k: document[k] for k in ("artifactType", "annotations") if k in document})
        first = int(x.query.get("from", ["0"])[0])
        chosen = found[first : first + self.page] if self.page else found
        more = self.page and first + self.page < len(found)
        link = {"Link": f'<{x.path}?from={first + self.page}>; rel="next"'} if more else {}
        body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": chosen}).encode()
        x.answer(200, body, Content_Type=INDEX, **link)


@contextmanager
def fake_registry(certificate: Path | None = None) -> Iterator[FakeRegistry]:
    """A running registry; its `authority` is `127.0.0.1:PORT`. With a certificate (and key, one file) it speaks TLS."""
    registry = FakeRegistry()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10
        disable_nagle_algorithm = True

        def _any(self) -> None:
            try:
                registry.handle(Exchange(self))
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = _any  # noqa: N815

        def log_message(self, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: object, client_address: object) -> None:
            """Say nothing: a client that breaks the handshake is part of the test."""

    server = Server(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        # The handshake happens in the connection's own thread, at its first read.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    registry.authority = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield registry
    finally:
        registry.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
