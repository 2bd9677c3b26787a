"""`docker:NAME` and `podman:NAME`: an image of the local engine, exported over its socket; no client program is run.

Docker Engine API, "Export an image" (`GET /images/{name}/get`), which Podman's service answers too. The answer is what
`docker save` writes; it is kept in a temporary file without a name while the run lasts.
"""

import functools
import hashlib
import http.client
import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from assay.adapters.archive import ArchiveSource, spooled
from assay.artifact.reference import Target
from assay.formats import strictjson
from assay.model.errors import MalformedError, UnavailableError, UnsupportedError, UsageError
from assay.model.limits import Limits

_SECONDS = 600.0
_PIECE_BYTES = 1 << 20
_CONFIG_BYTES = 1 << 20
_DOCKER_SOCKET, _PODMAN_SOCKET = "/var/run/docker.sock", "/run/podman/podman.sock"


def open_engine(target: Target, limits: Limits, env: Mapping[str, str]) -> ArchiveSource:
    """The source for an image that the engine holds; a second look of the same run asks it no second time.

    Raises:
        UsageError: no such image. UnavailableError: no engine answers. UnsupportedError: one that is not reached by a
        local socket. MalformedError: it gives no image archive.
    """
    path = _docker(env) if target.scheme == "docker" else _podman(env)
    handle = os.dup(_exported(target.scheme, path, target.location, limits))
    try:
        return ArchiveSource(handle, target, limits)
    except BaseException:
        os.close(handle)
        raise


@functools.cache
def _exported(engine: str, path: str, name: str, limits: Limits) -> int:
    connection = _Local(path)
    try:
        connection.request("GET", f"/images/{quote(name, safe='/:@')}/get", headers={"Host": engine})
        answer = connection.getresponse()
        if answer.status == http.client.NOT_FOUND:
            raise UsageError(
                f"{engine} has no such image", where=name, remedy=f"pull it first, or write registry:{name}"
            )
        if answer.status != http.client.OK:
            raise UnavailableError(f"{engine} does not export the image", where=name, why=f"it answers {answer.status}")
        return spooled(_pieces(answer, name, limits), "cannot keep the image", name)
    except (OSError, http.client.HTTPException) as error:
        raise UnavailableError(
            f"{engine} gives no answer", where=path, why=str(error) or type(error).__name__,
            remedy="start its service, or name the image with registry: or docker-archive:",
        ) from error  # fmt: skip
    finally:
        connection.close()


def _pieces(answer: http.client.HTTPResponse, name: str, limits: Limits) -> Iterator[bytes]:
    size = 0
    while piece := answer.read(_PIECE_BYTES):
        size += len(piece)
        if size > limits.image_archive_bytes:
            raise MalformedError("image too large", where=name, why=f"more than {limits.image_archive_bytes} bytes")
        yield piece


class _Local(http.client.HTTPConnection):
    """HTTP over a socket of this machine."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _docker(env: Mapping[str, str]) -> str:
    """As Docker's own client: `DOCKER_HOST`, else the context of `DOCKER_CONTEXT` or of the configuration."""
    if host := env.get("DOCKER_HOST"):
        return _path(host, "DOCKER_HOST")
    folder = Path(env.get("DOCKER_CONFIG") or Path(env.get("HOME", "/"), ".docker"))
    name = env.get("DOCKER_CONTEXT") or _text(_object(folder / "config.json").get("currentContext"))
    if name in ("", "default"):
        return _DOCKER_SOCKET
    meta = folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest() / "meta.json"
    endpoints = _object(meta).get("Endpoints")
    engine = endpoints.get("docker") if isinstance(endpoints, dict) else None
    host = _text(engine.get("Host")) if isinstance(engine, dict) else ""
    if not host:
        raise UsageError(
            "no such Docker context", where=name, why=f"nothing in {meta}", remedy="see `docker context ls`"
        )
    return _path(host, f"the context {name}")


def _podman(env: Mapping[str, str]) -> str:
    """`CONTAINER_HOST`, else the user's own socket where there is one, else the machine's."""
    if host := env.get("CONTAINER_HOST"):
        return _path(host, "CONTAINER_HOST")
    own = os.path.join(env.get("XDG_RUNTIME_DIR") or "/nonexistent", "podman", "podman.sock")
    return own if os.path.exists(own) else _PODMAN_SOCKET


def _path(host: str, where: str) -> str:
    scheme, _, path = host.partition("://")
    if scheme != "unix" or not path.startswith("/"):
        raise UnsupportedError(
            "an engine that is not on this machine", where=where, why=f"{scheme[:20]!a} is not unix",
            remedy="export the image there with `docker save`, and give the file",
        )  # fmt: skip
    return path


def _object(path: Path) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            data = file.read(_CONFIG_BYTES + 1)
    except OSError:
        return {}  # no such file: nothing is configured
    value = strictjson.loads(data, where=str(path), limit=_CONFIG_BYTES)
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
