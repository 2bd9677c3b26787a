"""`docker:NAME` and `podman:NAME`: an image of the local engine, exported over its socket; no client program is run.

Docker Engine API, "Export an image" (`GET /images/{name}/get`), which Podman's service answers too. The answer is what
`docker save` writes; it is kept in a temporary file without a name while the run lasts. A name without tag and digest
means its tag `latest`, as for the engines' own clients; the API would give every tag there is.
"""

import functools
import hashlib
import http.client
import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from assay.adapters.archive import ArchiveSource
from assay.adapters.archive_input import spooled
from assay.adapters.blobs import too_large
from assay.artifact.reference import Target, full_name
from assay.formats import strictjson
from assay.model.errors import UnavailableError, UnsupportedError, UsageError
from assay.model.limits import Limits

_SECONDS = 600.0
_PIECE_BYTES = 1 << 20
_CONFIG_BYTES = 1 << 20
_DOCKER_SOCKET, _PODMAN_SOCKET = "/var/run/docker.sock", "/run/podman/podman.sock"


def open_engine(target: Target, limits: Limits, env: Mapping[str, str]) -> ArchiveSource:
    """The source for an image that the engine holds; a second look of the same run asks it no second time.

    Raises:
        UsageError: no such image. UnavailableError: no engine answers, or it breaks off. UnsupportedError: one that is
        not reached by a local socket, or an image over `image_archive_bytes`. MalformedError: no image archive.
    """
    path = _docker(env) if target.scheme == "docker" else _podman(env)
    handle = os.dup(_exported(target.scheme, path, full_name(target.location), limits))
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
        return spooled(_pieces(answer, engine, name, limits), "cannot keep the image", name, "set TMPDIR elsewhere")
    except (OSError, http.client.HTTPException, ValueError) as error:  # http.client lets a ValueError through, too
        raise _no_answer(engine, path, error) from error
    finally:
        connection.close()


def _pieces(answer: http.client.HTTPResponse, engine: str, name: str, limits: Limits) -> Iterator[bytes]:
    """What the engine sends, to its end.

    Into a buffer: `read` would take a chunk of a length below zero for all there is.
    """
    most, size, buffer = limits.image_archive_bytes, answer.length or 0, bytearray(_PIECE_BYTES)
    if size > most:
        raise too_large(name, most)
    size = 0
    while count := _filled(answer, buffer, engine, name):
        size += count
        if size > most:
            raise too_large(name, most)
        yield bytes(memoryview(buffer)[:count])
    if answer.length:
        raise _no_answer(engine, name, http.client.IncompleteRead(b"", answer.length))


def _filled(answer: http.client.HTTPResponse, buffer: bytearray, engine: str, name: str) -> int:
    try:
        return answer.readinto(buffer)
    except OSError as error:  # told here: what else fails while it is kept is the disk
        raise _no_answer(engine, name, error) from error


def _no_answer(engine: str, where: str, error: Exception) -> UnavailableError:
    why = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return UnavailableError(
        f"{engine} gives no answer", where=where, why=why,
        remedy="start its service, or name the image with registry: or docker-archive:",
    )  # fmt: skip


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
    meta = folder / "contexts" / "meta" / hashlib.sha256(os.fsencode(name)).hexdigest() / "meta.json"
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
    scheme, colon, path = host.partition("://")
    if scheme != "unix" or not path.startswith("/"):
        # What has no scheme is not shown: it may begin with a password.
        why = f"{scheme[:20]!a} is not unix" if colon else "no scheme; a socket of this machine is unix:///PATH"
        raise UnsupportedError(
            "an engine that is not on this machine", where=where, why=why,
            remedy="export the image there with `docker save`, and give the file",
        )  # fmt: skip
    return path


def _object(path: Path) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            data = file.read(_CONFIG_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return {}  # nothing is configured
    except OSError as error:  # it may name another engine
        raise UnavailableError(
            "cannot read the configuration of Docker", where=str(path), why=error.strerror or type(error).__name__,
            remedy="make it readable, or set DOCKER_HOST",
        ) from error  # fmt: skip
    value = strictjson.loads(data, where=str(path), limit=_CONFIG_BYTES)
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
