"""A server of files on loopback, with ETags, and archives to serve."""

import io
import json
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class Web:
    """A server of files with ETags; what was asked is kept."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, bool]] = []
        self.down = False
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                data = web.files.get(self.path)
                tag = f'"{hash(data)}"'
                unchanged = self.headers.get("If-None-Match") == tag
                web.asked.append((self.path, unchanged))
                code = 503 if web.down else 404 if data is None else 304 if unchanged else 200
                self.send_response(code)
                self.send_header("ETag", tag)
                body = data if code == 200 and data is not None else b""
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def manifest(self, *urls: str, interval: str = "1h", version: str = "v0.1") -> None:
        versions = {
            "v0": {"spec_version": version, "locations": [{"url": u} for u in urls], "update_interval": interval}
        }
        self.files["/.well-known/vex-repository.json"] = json.dumps(
            {"name": "Hub", "description": "d", "versions": versions, "latest_version": "v0"}
        ).encode()

    def serve(self, archive: bytes, name: str = "vex.tar.gz", folder: str = "") -> None:
        self.files[f"/{name}"] = archive
        self.manifest(f"{self.url}/{name}" + (f"//{folder}" if folder else ""))


@contextmanager
def running() -> Iterator[Web]:
    web = Web()
    thread = Thread(target=web.server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield web
    finally:
        web.server.shutdown()
        web.server.server_close()
        thread.join()


def tar(files: dict[str, bytes], prefix: str = "") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", pax_headers={"comment": "0" * 40}) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(prefix + name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()
