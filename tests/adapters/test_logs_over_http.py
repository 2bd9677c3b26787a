"""Logs and witnesses over HTTP, on loopback: read, followed, and asked to cosign."""

import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from assay.adapters.http import Http
from assay.adapters.logsource import HttpLog
from assay.adapters.tilestore import TileStore
from assay.adapters.witness_http import HttpWitness
from assay.flows.cosign import Witnesses
from assay.flows.log import Log
from assay.flows.monitor import Monitor, Wish
from assay.flows.witness import WitnessRole
from assay.formats import logpolicy, vkey
from assay.model.errors import MalformedError, UnavailableError
from assay.trust import witness
from logkeys import LOG, ORIGIN, WITNESSES, log_key, witness_key
from watchedlogs import Town


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        name, _, path = self.path.lstrip("/").partition("/")
        log = self.server.logs.get(name)
        data = log.serve(path) if log else None
        self._answer(self.server.status or (404 if data is None else 200), data or b"", "application/octet-stream")

    def do_POST(self):
        data = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(*self.server.role.add_checkpoint(data))

    def _answer(self, status, data, media_type):
        self.send_response(status)
        if self.server.zipped is not None:
            data = self.server.zipped(data)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.logs, made.role, made.status, made.zipped = {}, None, 0, None
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


@pytest.fixture
def http():
    client = Http(sleep=lambda seconds: None)
    yield client
    client.close()


def url(server) -> str:
    return f"http://127.0.0.1:{server.server_port}"


def test_a_log_is_followed_over_http(server, http, tmp_path):
    town = Town(tmp_path)
    server.logs = {"log": town.log, "issuance": town.issuance}
    sources = [HttpLog(http, f"{url(server)}/{name}/") for name in server.logs]
    monitor = Monitor(*sources, TileStore(tmp_path / "monitor"), Wish(roots=town.roots()))
    for count in (3, 1):
        for _ in range(count):
            town.sign()
        report = monitor.look("2026-11-02T04:00:00Z")
        monitor.commit()
        assert not report.alerts
        assert [one.count for one in report.logs] == [count + (count == 3)] * 2
    server.logs.pop("issuance")
    assert monitor.look("2026-11-02T04:00:00Z").unavailable
    server.status = 503
    assert all(one.unavailable for one in monitor.look("2026-11-02T04:00:00Z").logs)


def test_what_is_not_there_is_none_and_what_is_wrong_is_unavailable(server, http, tmp_path):
    town = Town(tmp_path)
    server.logs = {"log": town.log}
    source = HttpLog(http, f"{url(server)}/log")
    assert source.read("tile/0/000.p/1", 100)
    assert source.read("tile/0/001", 100) is None
    server.status = 500
    with pytest.raises(UnavailableError):
        source.read("checkpoint", 10_000)


@pytest.mark.parametrize(
    ("zipped", "outcome"),
    [
        (gzip.compress, None),
        (lambda data: gzip.compress(data)[:-5], "cut off"),
        (lambda data: gzip.compress(data) + b"x", "cut off"),
        (lambda data: b"no gzip", "header"),
        (lambda data: gzip.compress(data + bytes(20_000)), "more than 10000 bytes"),
    ],
)
def test_a_log_may_answer_in_gzip(server, http, tmp_path, zipped, outcome):
    town = Town(tmp_path)
    server.logs, server.zipped = {"log": town.log}, zipped
    source = HttpLog(http, f"{url(server)}/log")
    if outcome is None:
        assert source.read("checkpoint", 10_000) == town.log.serve("checkpoint")
    else:
        with pytest.raises(MalformedError, match=outcome):
            source.read("checkpoint", 10_000)


def test_a_witness_cosigns_over_http(server, http, tmp_path):
    logs = logpolicy.parse(f"log {vkey.write(log_key())}\nquorum none", where="x")
    server.role = WitnessRole(
        "witness.example/0", [WITNESSES[0]], logs, TileStore(tmp_path / "witness"), lambda: 1_700_000_000
    )
    policy = logpolicy.parse(f"witness w {vkey.write(witness_key(0))} {url(server)}\nquorum w", where="x")
    doors = {one.name: HttpWitness(http, one.url) for one in policy.witnesses}
    log = Log(ORIGIN, LOG, TileStore(tmp_path / "log"), TileStore(tmp_path / "key"), cosign=Witnesses(policy, doors))
    log.create()
    for i in range(3):
        assert witness.quorum(log.append([b"%d" % i]).checkpoint, policy).witnesses
    again = Log(ORIGIN, LOG, TileStore(tmp_path / "log"), TileStore(tmp_path / "key"), cosign=Witnesses(policy, doors))
    assert witness.quorum(again.append([b"after a restart"]).checkpoint, policy)
