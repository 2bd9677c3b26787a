"""Debian's `docker-registry` as a server of a test: a free port, a folder that goes away, with or without a password."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROGRAM = shutil.which("docker-registry")
USER, PASSWORD = "alice", "open sesame"
HTPASSWD = "alice:$2y$04$m6D8/PKVmLWk4VR5gaKf8ehE2G9FqGJaZwuQOmTdlbneaKO1pALUi\n"
"""bcrypt of PASSWORD, as `htpasswd -Bbn -C 4` writes it."""

needs_docker_registry = pytest.mark.skipif(PROGRAM is None, reason="docker-registry is not installed")


class RegistryServer:
    """A running registry: `authority` is `127.0.0.1:PORT`, `folder` holds its content and its log."""

    def __init__(self, authority: str, folder: Path, process: "subprocess.Popen[bytes]") -> None:
        self.authority, self.folder, self.process = authority, folder, process

    def uploads(self) -> list[Path]:
        """Half-finished uploads lying in the registry."""
        return [path for path in self.folder.rglob("_uploads/*") if path.is_dir()]

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")


@contextmanager
def registry_server(*, password: bool = False) -> Iterator[RegistryServer]:
    """Start it, wait until it answers, stop it."""
    if PROGRAM is None:
        pytest.skip("docker-registry is not installed")
    with tempfile.TemporaryDirectory(prefix="assay-registry-") as name:
        folder = Path(name)
        authority = f"127.0.0.1:{_free_port()}"
        (folder / "config.yml").write_text(_config(folder, authority, password=password))
        (folder / "htpasswd").write_text(HTPASSWD)
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [PROGRAM, "serve", str(folder / "config.yml")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={"PATH": os.environ["PATH"]},
            )  # fmt: skip
        try:
            _await(authority, process, folder)
            yield RegistryServer(authority, folder, process)
        finally:
            process.kill()  # its graceful end takes a second, and its folder goes away with it
            process.wait()


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _config(folder: Path, authority: str, *, password: bool) -> str:
    auth = f"auth: {{htpasswd: {{realm: test, path: {folder}/htpasswd}}}}\n" if password else ""
    return (
        "version: 0.1\nlog: {level: info}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder}/data}}, delete: {{enabled: true}}}}\n"
        f"http: {{addr: '{authority}'}}\n{auth}"
    )


def _await(authority: str, process: "subprocess.Popen[bytes]", folder: Path) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + 15
    while time.monotonic() < end:
        if process.poll() is not None:
            pytest.fail(f"docker-registry ended: {(folder / 'log').read_text(errors='replace')[-2000:]}")
        try:
            opener.open(f"http://{authority}/v2/", timeout=1).close()
            return
        except urllib.error.HTTPError as error:
            error.close()
            return
        except OSError:
            time.sleep(0.05)  # a server of another program starts when it starts: there is no event to wait for
    pytest.fail("docker-registry does not answer")
