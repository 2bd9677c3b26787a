"""Images of a local engine, over a socket of the test's own."""

import hashlib
import http.client
import io
import json
import socket
import socketserver
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import msgspec
import pytest

from assay.adapters.engine import open_engine
from assay.artifact.image import resolve
from assay.artifact.reference import Target, parse_target
from assay.model.errors import MalformedError, UnavailableError, UnsupportedError, UsageError
from assay.model.limits import DEFAULT_LIMITS
from command import assay
from fakes.layouts import demo_layers, layout


class Engine(socketserver.ThreadingUnixStreamServer):
    """Answers for the images it has, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self, path: str, images: dict[str, bytes]) -> None:
        self.images, self.asked = images, list[str]()
        super().__init__(path, Handler)

    def handle_error(self, *_: object) -> None:
        """Who asked may leave before the answer is out."""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Engine)
        self.server.asked.append(self.path)
        data = self.server.images.get(self.path)
        self.send_response(200 if data is not None else 404 if "broken" not in self.path else 500)
        self.send_header("Content-Length", str(len(data or b"")))
        self.end_headers()
        self.wfile.write(data or b"")

    def address_string(self) -> str:
        return "local"

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    layout(tmp_path / "image", demo_layers())
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for path in sorted((tmp_path / "image").rglob("*")):
            tar.add(path, path.relative_to(tmp_path / "image").as_posix(), recursive=False)
    images = {"/images/acme/shop:1/get": stream.getvalue(), "/images/empty:latest/get": b"no tar"}
    with Engine(str(tmp_path / "e.sock"), images) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def host(engine: Engine) -> str:
    return f"unix://{engine.server_address}"


@pytest.mark.parametrize(("scheme", "variable"), [("docker", "DOCKER_HOST"), ("podman", "CONTAINER_HOST")])
def test_stock_is_taken_of_an_image_the_engine_holds(
    engine: Engine, tmp_path: Path, scheme: str, variable: str
) -> None:
    kept = assay("sbom", "-q", f"oci-dir:{tmp_path}/image", home=tmp_path / "home")
    told = assay("sbom", "-q", f"{scheme}:acme/shop:1", home=tmp_path / "home", env={variable: host(engine)})
    assert (told.code, told.err) == (0, "")
    mine, other = json.loads(told.out), json.loads(kept.out)
    assert mine["components"] == other["components"] != []
    assert mine["metadata"]["component"]["name"] == "acme/shop:1"
    assert engine.asked == ["/images/acme/shop:1/get"]


def test_the_engine_is_asked_once_a_run(engine: Engine) -> None:
    target, env = parse_target("docker:acme/shop:1", lambda path: False), {"DOCKER_HOST": host(engine)}
    first, second = (resolve(open_engine(target, DEFAULT_LIMITS, env)) for _ in range(2))
    assert first == second
    assert len(engine.asked) == 1


def test_a_context_names_the_socket(engine: Engine, tmp_path: Path) -> None:
    meta = tmp_path / "contexts" / "meta" / hashlib.sha256(b"own").hexdigest()
    meta.mkdir(parents=True)
    (meta / "meta.json").write_text(json.dumps({"Endpoints": {"docker": {"Host": host(engine)}}}))
    (tmp_path / "config.json").write_text('{"currentContext": "own"}')
    env = {"DOCKER_CONFIG": str(tmp_path)}
    open_engine(Target(scheme="docker", location="acme/shop:1"), DEFAULT_LIMITS, env).close()
    with pytest.raises(UsageError, match="no such Docker context"):
        open_engine(Target(scheme="docker", location="x"), DEFAULT_LIMITS, env | {"DOCKER_CONTEXT": "other"})


@pytest.mark.parametrize(
    ("name", "where", "error"),
    [
        ("nothing", "", UsageError), ("broken", "", UnavailableError), ("empty", "", MalformedError),
        ("x", "unix:///nonexistent/e.sock", UnavailableError), ("x", "tcp://h.example:2375", UnsupportedError),
        ("x", "ssh://h.example", UnsupportedError),
    ],
)  # fmt: skip
def test_what_cannot_be_had_is_said(engine: Engine, name: str, where: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        open_engine(Target(scheme="docker", location=name), DEFAULT_LIMITS, {"DOCKER_HOST": where or host(engine)})


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("acme/shop", "/images/acme/shop:latest/get"), ("0123456789ab", "/images/0123456789ab/get"),
        ("localhost:5000/shop", "/images/localhost:5000/shop:latest/get"), ("shop:1", "/images/shop:1/get"),
        ("shop@sha256:" + "0" * 64, f"/images/shop@sha256:{'0' * 64}/get"),
    ],
)  # fmt: skip
def test_a_bare_name_means_its_latest_tag_and_not_every_tag(engine: Engine, name: str, asked: str) -> None:
    with pytest.raises(UsageError, match="no such image"):
        open_engine(Target(scheme="docker", location=name), DEFAULT_LIMITS, {"DOCKER_HOST": host(engine)})
    assert engine.asked == [asked]


def test_an_image_over_the_limit_is_refused_before_it_is_kept(engine: Engine) -> None:
    small = msgspec.structs.replace(DEFAULT_LIMITS, image_archive_bytes=5)
    with pytest.raises(UnsupportedError, match="more than 5 bytes"):
        open_engine(Target(scheme="docker", location="empty"), small, {"DOCKER_HOST": host(engine)})


@pytest.fixture
def answering(tmp_path: Path) -> Iterator[Callable[[bytes], str]]:
    """A socket that gives these bytes, whatever it is asked, and closes."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(tmp_path / "raw.sock"))
        listening.listen()

        def answer(data: bytes) -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(data)

        def begin(data: bytes) -> str:
            threading.Thread(target=answer, args=(data,), daemon=True).start()
            return f"unix://{tmp_path}/raw.sock"

        yield begin


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\0" * 70_000, HEAD + b"x: y\r\n" * 200, HEAD + b"Content-Length: 2000\r\n\r\nabc",
        CHUNKED + b"-5\r\nabc", CHUNKED + b"-1\r\nabc", CHUNKED + b"zz\r\n", CHUNKED + b"fffffffffffffffff\r\nabc",
    ],
)  # fmt: skip
def test_a_broken_answer_is_the_engines_fault(answering: Callable[[bytes], str], data: bytes) -> None:
    target = Target(scheme="docker", location="x")
    with pytest.raises(UnavailableError, match="docker gives no answer"):
        open_engine(target, DEFAULT_LIMITS, {"DOCKER_HOST": answering(data)})


def test_a_connection_that_breaks_is_not_taken_for_the_disk(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> None:
    def broken(*_: object) -> int:
        raise ConnectionResetError("reset")

    monkeypatch.setattr(http.client.HTTPResponse, "readinto", broken)
    with pytest.raises(UnavailableError, match="docker gives no answer"):
        open_engine(Target(scheme="docker", location="acme/shop:1"), DEFAULT_LIMITS, {"DOCKER_HOST": host(engine)})


def test_a_disk_that_takes_nothing_is_not_the_engines_fault(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> None:
    def nowhere(**_: object) -> None:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "TemporaryFile", nowhere)
    with pytest.raises(UnavailableError, match=r"cannot keep the image .*usable temporary directory.*TMPDIR"):
        open_engine(Target(scheme="docker", location="acme/shop:1"), DEFAULT_LIMITS, {"DOCKER_HOST": host(engine)})


@pytest.mark.parametrize(
    ("env", "error"),
    [
        ({"DOCKER_HOST": "user:secret@h:2375"}, UnsupportedError),
        ({"DOCKER_HOST": "tcp://user:secret@h:2375"}, UnsupportedError),
        ({"DOCKER_CONTEXT": "\udcff"}, UsageError),
        ({"DOCKER_CONTEXT": "null"}, UnavailableError),
    ],
)
def test_a_strange_environment_is_told_without_its_secrets(
    tmp_path: Path, env: dict[str, str], error: type[Exception]
) -> None:
    meta = tmp_path / "contexts" / "meta" / hashlib.sha256(b"null").hexdigest()
    meta.mkdir(parents=True)
    (meta / "meta.json").write_text(json.dumps({"Endpoints": {"docker": {"Host": "unix:///a\0b"}}}))
    with pytest.raises(error) as told:
        open_engine(Target(scheme="docker", location="x"), DEFAULT_LIMITS, {"DOCKER_CONFIG": str(tmp_path)} | env)
    assert "secret" not in str(told.value)
    assert "user" not in str(told.value)


def test_a_configuration_that_cannot_be_read_is_not_taken_for_none(tmp_path: Path) -> None:
    (tmp_path / "config.json").mkdir()
    with pytest.raises(UnavailableError, match="configuration"):
        open_engine(Target(scheme="docker", location="x"), DEFAULT_LIMITS, {"DOCKER_CONFIG": str(tmp_path)})


def test_names_and_ids_are_read_and_an_address_is_still_explained() -> None:
    def none(path: str) -> bool:
        return False

    assert str(parse_target("docker:alpine:3.20", none)) == "docker:alpine:3.20"
    assert parse_target("podman:0123456789ab", none).location == "0123456789ab"
    for wrong in ("docker:", "docker:A B", "docker://alpine"):
        with pytest.raises(UsageError):
            parse_target(wrong, none)
    assert parse_target("registry:docker:dind", none).tag == "dind"
