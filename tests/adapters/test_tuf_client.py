"""A TUF repository made here, on loopback: what its roles vouch for is taken, and nothing else."""

import json
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp

from assay.adapters import tuf_client
from assay.adapters.http import Http
from assay.bootstrap import public
from assay.model.errors import MalformedError, UnavailableError, UnsupportedError, UntrustedError, UsageError
from assay.model.limits import Limits

LIMITS = Limits(http_retries_count=0, http_backoff_seconds=0.0)
NAMES = ("trusted_root.json", "signing_config.v0.2.json")
SHIPPED = {name: (public.shipped_folder(False) / ours).read_bytes() for name, ours in zip(
    NAMES, (public.TRUSTED_ROOT, public.SIGNING_CONFIG), strict=True
)}  # fmt: skip


class Repository:
    """Metadata with one key a role; `files` is what is served."""

    def __init__(self) -> None:
        self.keys = {role: CryptoSigner.generate_ed25519() for role in ("root", "timestamp", "snapshot", "targets")}
        self.files: dict[str, bytes] = {}
        self.url = ""
        self.version = 0

    def publish(self, files: dict[str, bytes], *, expires: timedelta = timedelta(days=1)) -> bytes:
        """The next version of everything; returns the root metadata."""
        self.version += 1
        end = datetime.now(UTC).replace(microsecond=0) + expires
        root = Root(version=1, expires=datetime.now(UTC).replace(microsecond=0) + timedelta(days=9))
        for role, key in self.keys.items():
            root.add_key(key.public_key, role)
        targets = Targets(version=self.version, expires=end)
        for name, data in files.items():
            targets.targets[name] = TargetFile.from_data(name, data)
            digest = targets.targets[name].hashes["sha256"]
            self.files[f"/targets/{digest}.{name}"] = data
        snapshot = Snapshot(version=self.version, expires=end, meta={"targets.json": MetaFile(self.version)})
        timestamp = Timestamp(version=self.version, expires=end, snapshot_meta=MetaFile(self.version))
        self.files[f"/{self.version}.targets.json"] = self.signed(targets, "targets")
        self.files[f"/{self.version}.snapshot.json"] = self.signed(snapshot, "snapshot")
        self.files["/timestamp.json"] = self.signed(timestamp, "timestamp")
        return self.signed(root, "root")

    def signed(self, value, role: str) -> bytes:
        metadata = Metadata(value)
        metadata.sign(self.keys[role])
        return metadata.to_bytes()


@pytest.fixture
def repository() -> Iterator[Repository]:
    made = Repository()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = made.files.get(self.path)
            self.send_response(404 if data is None else 200)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def fetched(repository: Repository, root: bytes, kept: Path, limits: Limits = LIMITS):
    http = Http(limits=limits)
    try:
        return tuf_client.fetch(repository.url, root, kept, NAMES, http)
    finally:
        http.close()


def test_what_the_roles_vouch_for_is_fetched(repository, tmp_path):
    root = repository.publish(SHIPPED)
    assert fetched(repository, root, tmp_path / "kept") == SHIPPED
    newer = {**SHIPPED, NAMES[0]: SHIPPED[NAMES[0]] + b"\n"}
    repository.publish(newer)
    assert fetched(repository, root, tmp_path / "kept") == newer


def test_an_older_state_is_not_taken_again(repository, tmp_path):
    root = repository.publish(SHIPPED)
    old = dict(repository.files)
    repository.publish(SHIPPED)
    fetched(repository, root, tmp_path / "kept")
    repository.files = old
    with pytest.raises(UntrustedError) as caught:
        fetched(repository, root, tmp_path / "kept")
    assert caught.value.code == "TUF"


def test_bytes_that_are_not_the_signed_ones_are_refused(repository, tmp_path):
    root = repository.publish(SHIPPED)
    place = next(name for name in repository.files if name.endswith("trusted_root.json"))
    repository.files[place] = b"x" * len(repository.files[place])
    with pytest.raises((UntrustedError, UnavailableError)):
        fetched(repository, root, tmp_path / "kept")


def test_a_signature_of_nobody_is_refused(repository, tmp_path):
    root = repository.publish(SHIPPED)
    signed = json.loads(repository.files["/timestamp.json"])
    signed["signed"]["version"] = 7
    repository.files["/timestamp.json"] = json.dumps(signed).encode()
    with pytest.raises(UntrustedError):
        fetched(repository, root, tmp_path / "kept")
    with pytest.raises(UntrustedError):
        fetched(repository, Repository().publish({}), tmp_path / "other")


def test_expired_metadata_is_refused(repository, tmp_path):
    root = repository.publish(SHIPPED, expires=-timedelta(seconds=1))
    with pytest.raises(UntrustedError, match="Expired"):
        fetched(repository, root, tmp_path / "kept")


def test_a_repository_that_lacks_a_file_or_is_gone_is_unavailable(repository, tmp_path):
    root = repository.publish({NAMES[0]: SHIPPED[NAMES[0]]})
    with pytest.raises(UnavailableError, match="does not give its files"):
        fetched(repository, root, tmp_path / "kept")
    repository.files.clear()
    with pytest.raises(UnavailableError):
        fetched(repository, root, tmp_path / "kept")


def test_a_file_that_is_too_large_is_not_fetched(repository, tmp_path):
    root = repository.publish(SHIPPED)
    with pytest.raises(UnsupportedError, match="too large"):
        fetched(repository, root, tmp_path / "kept", Limits(trust_file_bytes=10))


def test_without_the_extra_it_says_how_to_get_it(repository, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tuf.ngclient.updater", None)
    with pytest.raises(UnsupportedError, match=r"assay\[tuf\]"):
        fetched(repository, b"{}", tmp_path)


def test_an_update_is_used_from_then_on_and_a_bad_one_is_not(repository, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    (tmp_path / "root.json").write_bytes(repository.publish(SHIPPED))
    folder = public.updated_folder(False)
    words = {"url": repository.url, "root": str(tmp_path / "root.json"), "out": str(folder)}
    before = public.public_file(public.TRUSTED_ROOT, None, False)
    assert before[0].startswith(str(public.shipped_folder(False)))
    assert public.update_public(**words)[0] == folder
    assert public.public_file(public.TRUSTED_ROOT, None, False) == (str(folder / "trusted_root.json"), before[1])
    assert public.trusted_root() == public.trusted_root(str(public.shipped_folder(False) / public.TRUSTED_ROOT))
    os.utime(folder / public.TRUSTED_ROOT, (1_700_000_000, 1_700_000_000))  # older than the release
    assert public.public_file(public.TRUSTED_ROOT, None, False) == before
    repository.publish({**SHIPPED, NAMES[1]: b"{}"})
    with pytest.raises((MalformedError, UnsupportedError)):
        public.update_public(**words)
    assert (folder / public.SIGNING_CONFIG).read_bytes() == SHIPPED[NAMES[1]]
    with pytest.raises(UsageError):
        public.update_public(root=words["root"])
