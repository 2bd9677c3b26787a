"""An embedded authority that really runs: on loopback, on a thread, with the built-in token issuer.

with running(tmp_path) as (url, client_config, token):
    ...                       # str; bytes of a client trust config; token("a@example.com") -> JWT
"""

import json
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from assay import bootstrap
from assay.flows.authority_life import Wish
from assay.interfaces.authority.server import Listening, server

SIGNER = "release@acme.example"
_START_SECONDS = 20


class Running(NamedTuple):
    """What a test needs of it. `issuer` is the tokens' `iss`; `folder` its files."""

    url: str
    client_config: bytes
    token: Callable[..., str]
    issuer: str = ""
    folder: Path = Path()


def made(folder: Path, *, name: str = "acme", port: int = 0, **wish: str) -> str:
    """Make an authority for a free port of loopback; its address."""
    url = f"http://127.0.0.1:{port or free_port()}"
    bootstrap.make_authority(
        str(folder), Wish(name=name, url=url, organization="Acme", test_issuer=True, **wish), b"", {}
    )
    return url


@contextmanager
def serving(
    folder: Path, *, per_second: float = 1_000.0, burst: int = 10_000, secret: bytes = b""
) -> Iterator[Running]:
    """Serve an authority that has been made."""
    file = bootstrap.read_authority(str(folder))
    port = int(file.url.rpartition(":")[2])
    with bootstrap.authority_at(str(folder), lambda: secret, is_loopback=True) as authority:
        running_server = server(authority, Listening(port=port, per_second=per_second, burst=burst))
        thread = threading.Thread(target=running_server.run, name="authority")
        thread.start()
        try:
            _wait(running_server, thread)
            issuer = f"{file.url}/test-issuer"
            config = bootstrap.client_config(bootstrap.read_authority(str(folder)))[2]
            yield Running(file.url, config, lambda email=SIGNER: _token(issuer, email), issuer, folder)
        finally:
            running_server.should_exit = True
            thread.join()


@contextmanager
def running(place: Path) -> Iterator[Running]:
    """Make an authority below `place` and serve it."""
    folder = place / "authority"
    made(folder)
    with serving(folder) as found:
        yield found


def free_port() -> int:
    """A port of loopback nobody listens on now."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def _token(issuer: str, email: str) -> str:
    request = urllib.request.Request(
        f"{issuer}/token", data=json.dumps({"email": email}).encode(), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(json.load(answer)["id_token"])


def _wait(running_server, thread: threading.Thread) -> None:
    end = time.monotonic() + _START_SECONDS
    while not running_server.started:
        assert thread.is_alive(), "the server ended"
        assert time.monotonic() < end, "the server does not start"
        time.sleep(0.005)
