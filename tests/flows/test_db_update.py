"""`db update` against a local server that serves the real forms, cuts them off, and lies."""

import gzip
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
import pytest

from advisorydbs import affected, record
from assay.adapters.advisorydb_place import DatabaseFile
from assay.adapters.feedfetch import FeedFetch
from assay.adapters.feedfiles import SpoolDirectory
from assay.adapters.feedshelf import FeedShelf
from assay.adapters.http import Http
from assay.dependencies.versions import scheme_for
from assay.flows import db
from assay.flows.feed_table import PUBLIC_FEEDS, FeedRow
from assay.model.errors import AssayError, MalformedError, UnavailableError, UntrustedError
from assay.model.limits import Limits
from assay.ports.stores import Coverage, Query
from fakes.distrofeeds import resolved, tracker

LIMITS = Limits(
    feed_bytes=200_000,
    feed_inflated_bytes=10_000_000,
    advisory_bytes=5_000_000,
    feed_document_bytes=1_000_000,
    http_retries_count=1,
    http_read_seconds=2.0,
    http_connect_seconds=2.0,
)


def _zip(*records: dict[str, object]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for item in records:
            archive.writestr(f"{item['id']}.json", json.dumps(item))
    return buffer.getvalue()


def _answers() -> dict[str, bytes]:
    fixed = ({"introduced": "0"}, {"fixed": "2.0"})
    pypi = record("PYSEC-1", affected("PyPI", "a", *fixed), affected("npm", "b", *fixed), aliases=["CVE-2024-1111"])
    return {
        "/PyPI/all.zip": _zip(pypi),
        "/Debian/all.zip": _zip(record("DEBIAN-CVE-2024-1111", affected("Debian:12", "a", *fixed), upstream=["CVE-2024-1111"])),
        "/kev.json": b'{"dateReleased":"2026-02-02T00:00:00Z","vulnerabilities":[{"cveID":"CVE-2024-1111","dateAdded":"2025-01-01"}]}',
        "/epss.csv.gz": gzip.compress(b"#model_version:v9,score_date:2026-08-16T00:00:00Z\ncve,epss,percentile\nCVE-2024-1111,0.5,0.9\n"),
        "/eol": b'{"schema_version":"1.2.0","last_modified":"2026-08-22T00:00:00Z","result":[{"name":"debian","label":"Debian","releases":[{"name":"12"}]}]}',
    }  # fmt: skip


class _Server(ThreadingHTTPServer):
    answers: dict[str, bytes]
    promised: dict[str, int]
    kinds: dict[str, str]
    moved: dict[str, str]
    tags: bool
    asked: list[tuple[str, int]]
    modified: str = ""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        body = self.server.answers.get(self.path)
        if self.path in self.server.moved:
            self.send_response(302)
            self.send_header("Location", self.server.moved[self.path])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if body is None:
            self.send_error(404)
            return
        tag = f'"{sha256(body).hexdigest()}"' if self.server.tags else ""
        status = 304 if tag and self.headers.get("If-None-Match") == tag else 200
        self.server.asked.append((self.path, status))
        self.send_response(status)
        if tag:
            self.send_header("ETag", tag)
        if self.server.modified:
            self.send_header("Last-Modified", self.server.modified)
        if status == 304:
            self.end_headers()
            return
        if self.path in self.server.kinds:
            self.send_header("Content-Type", self.server.kinds[self.path])
        self.send_header("Content-Length", str(self.server.promised.get(self.path, len(body))))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture
def server() -> Iterator[_Server]:
    running = _Server(("127.0.0.1", 0), _Handler)
    running.answers, running.promised, running.kinds, running.moved = _answers(), {}, {}, {}
    running.tags, running.asked = False, []
    thread = threading.Thread(target=running.serve_forever, args=(0.01,))
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


def _rows(port: int) -> tuple[FeedRow, ...]:
    """The public table's rows of five feeds, with addresses on this machine."""
    places = {
        "osv-PyPI": "PyPI/all.zip",
        "osv-Debian": "Debian/all.zip",
        "kev": "kev.json",
        "epss": "epss.csv.gz",
        "eol": "eol",
    }
    rows = {row.name: row for row in PUBLIC_FEEDS}
    return tuple(
        msgspec.structs.replace(rows[name], url=f"http://127.0.0.1:{port}/{path}") for name, path in places.items()
    )


@contextmanager
def _world(tmp_path, port: int):
    spool = tmp_path / "spool"
    spool.mkdir()
    (tmp_path / "data").mkdir()
    http = Http(limits=LIMITS, sleep=lambda seconds: None)
    place = DatabaseFile(tmp_path / "data" / "advisories.db", db.encoders())
    try:
        yield (
            lambda: db.update(FeedFetch(http), SpoolDirectory(spool, LIMITS), place, rows=_rows(port), limits=LIMITS),
            place,
        )
    finally:
        http.close()


def test_update_fetches_builds_and_replaces(tmp_path, server):
    with _world(tmp_path, server.server_port) as (update, place):
        (tmp_path / "data" / "advisories.db").write_bytes(b"old")
        report = update()
        assert place.status() == report.status
        database = place.open()
        (hits,) = database.lookup([Query("PyPI", "a", scheme_for("PyPI").key("1.0"))])
        assert [hit.advisory for hit in hits] == ["PYSEC-1"]
        assert database.enrich(["CVE-2024-1111"])["CVE-2024-1111"].epss.model == "v9"
        assert database.lifecycle(["debian"])["debian"].title == "Debian"
        # The export of one ecosystem also names packages of others, for which it does not speak.
        assert database.coverage([("PyPI", "x"), ("npm", "b"), ("Debian:12", "x")]) == {
            ("PyPI", "x"): (Coverage("osv-PyPI"),), ("Debian:12", "x"): (Coverage("osv-Debian"),),
        }  # fmt: skip
        database.close()
    assert {feed.name: feed.date for feed in report.status.feeds}["eol"] == "2026-08-22"
    assert sorted(item.name for item in (tmp_path / "data").iterdir()) == ["advisories.db", "advisories.db.seen.json"]


def test_without_a_network_it_says_so_and_keeps_the_old_file(tmp_path, server):
    port = server.server_port
    server.shutdown()
    server.server_close()
    with _world(tmp_path, port) as (update, _):
        (tmp_path / "data" / "advisories.db").write_bytes(b"old")
        with pytest.raises(UnavailableError, match=r"is as it was.*db import"):
            update()
    assert (tmp_path / "data" / "advisories.db").read_bytes() == b"old"


def _missing(server: _Server) -> None:
    del server.answers["/kev.json"]


def _cut(server: _Server) -> None:
    body = server.answers["/PyPI/all.zip"]
    server.promised["/PyPI/all.zip"] = len(body)
    server.answers["/PyPI/all.zip"] = body[:-20]


def _cut_unannounced(server: _Server) -> None:
    server.answers["/PyPI/all.zip"] = server.answers["/PyPI/all.zip"][:-20]


def _cut_gzip(server: _Server) -> None:
    server.answers["/epss.csv.gz"] = server.answers["/epss.csv.gz"][:-10]


def _page(server: _Server) -> None:
    server.answers["/kev.json"] = b"<html>please log in</html>"


def _empty(server: _Server) -> None:
    server.answers["/Debian/all.zip"] = _zip()


def _rubbish(server: _Server) -> None:
    server.answers["/Debian/all.zip"] = _zip(*({"id": f"X-{n}"} for n in range(20)))


def _login(server: _Server) -> None:
    server.kinds["/kev.json"] = "text/html; charset=utf-8"


def _bomb(server: _Server) -> None:
    server.answers["/epss.csv.gz"] = gzip.compress(bytes(50_000_000), 9)


def _zip_bomb(server: _Server) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", b" " * 50_000_000)
    server.answers["/Debian/all.zip"] = buffer.getvalue()


def _to_file(server: _Server) -> None:
    server.moved["/kev.json"] = "file:///etc/passwd"


def _elsewhere(server: _Server) -> None:
    server.moved["/kev.json"] = "http://feeds.example/kev.json"


def _for_ever(server: _Server) -> None:
    server.moved["/kev.json"] = "/kev.json"


def _short(server: _Server) -> None:
    server.promised["/eol"] = 40


def _huge(server: _Server) -> None:
    server.answers["/kev.json"] = b" " * 300_000


@pytest.mark.parametrize(
    ("harm", "error"),
    [
        (_missing, UnavailableError),
        (_cut, UnavailableError),
        (_cut_unannounced, MalformedError),
        (_cut_gzip, MalformedError),
        (_page, MalformedError),
        (_empty, MalformedError),
        (_rubbish, MalformedError),
        (_huge, UnavailableError),
        (_login, UnavailableError),
        (_bomb, MalformedError),
        (_zip_bomb, MalformedError),
        (_to_file, UnavailableError),
        (_elsewhere, UntrustedError),
        (_for_ever, UnavailableError),
        (_short, MalformedError),
    ],
    ids=lambda value: value.__name__.strip("_") if callable(value) else "",
)
def test_harm_on_the_way_keeps_the_old_file(tmp_path, server, harm, error: type[AssayError]):
    harm(server)
    with _world(tmp_path, server.server_port) as (update, _):
        (tmp_path / "data" / "advisories.db").write_bytes(b"old")
        with pytest.raises(error) as caught:
            update()
    assert caught.value.remedy
    assert (tmp_path / "data" / "advisories.db").read_bytes() == b"old"
    assert [item.name for item in (tmp_path / "data").iterdir()] == ["advisories.db"]


def _update(tmp_path, server: _Server, number: int, **more: object):
    """One update of its own spool, with the shelf beside the database."""
    spool, data = tmp_path / f"spool{number}", tmp_path / "data"
    spool.mkdir()
    data.mkdir(exist_ok=True)
    http = Http(limits=LIMITS, sleep=lambda seconds: None)
    place = DatabaseFile(data / "advisories.db", db.encoders())
    server.asked.clear()
    try:
        return db.update(
            FeedFetch(http), SpoolDirectory(spool, LIMITS), place, rows=_rows(server.server_port),
            shelf=FeedShelf(data / "advisories.db.feeds"), limits=LIMITS, **more,
        )  # fmt: skip
    finally:
        http.close()


def test_an_unchanged_feed_is_not_fetched_again_and_a_changed_one_is(tmp_path, server):
    server.tags = True
    first = _update(tmp_path, server, 1)
    assert {status for _, status in server.asked} == {200}
    second = _update(tmp_path, server, 2)
    assert [status for _, status in server.asked] == [304] * 5
    assert second.status.content_digest == first.status.content_digest
    fixed = ({"introduced": "0"}, {"fixed": "3.0"})
    server.answers["/PyPI/all.zip"] = _zip(record("PYSEC-1", affected("PyPI", "a", *fixed)))
    third = _update(tmp_path, server, 3)
    assert dict(server.asked) == {
        "/PyPI/all.zip": 200, "/Debian/all.zip": 304, "/kev.json": 304, "/epss.csv.gz": 304, "/eol": 304,
    }  # fmt: skip
    assert third.status.content_digest != first.status.content_digest
    assert sorted(item.name for item in (tmp_path / "data" / "advisories.db.feeds").iterdir()) == [
        "eol.json", "epss.csv.gz", "index.json", "kev.json", "osv-Debian.zip", "osv-PyPI.zip",
    ]  # fmt: skip


@pytest.mark.parametrize("harm", ["damaged", "linked", "index", "gone"])
def test_what_is_kept_is_not_believed(tmp_path, server, harm):
    server.tags = True
    first = _update(tmp_path, server, 1)
    shelf = tmp_path / "data" / "advisories.db.feeds"
    kept = shelf / "kev.json"
    if harm == "damaged":
        kept.write_bytes(kept.read_bytes().replace(b"CVE-2024-1111", b"CVE-2024-9999"))
    elif harm == "index":
        (shelf / "index.json").write_bytes(b"{")
    else:
        kept.unlink()
        if harm == "linked":
            kept.symlink_to("/etc/passwd")
    second = _update(tmp_path, server, 2)
    assert dict(server.asked)["/kev.json"] == 200
    assert second.status.content_digest == first.status.content_digest
    assert not kept.is_symlink()


def test_a_harmed_update_keeps_the_shelf_as_it_was(tmp_path, server):
    server.tags = True
    _update(tmp_path, server, 1)
    shelf = tmp_path / "data" / "advisories.db.feeds"
    before = {item.name: item.read_bytes() for item in shelf.iterdir()}
    server.answers["/kev.json"] = b"<html>"
    with pytest.raises(MalformedError):
        _update(tmp_path, server, 2)
    assert {item.name: item.read_bytes() for item in shelf.iterdir()} == before


def test_unchanged_without_having_been_asked_is_no_answer(tmp_path, server):
    server.moved["/kev.json"] = "/never"
    server.answers["/never"] = b""
    http = Http(limits=LIMITS, sleep=lambda seconds: None)
    original = _Handler.do_GET
    try:
        _Handler.do_GET = lambda self: (self.send_response(304), self.end_headers())  # type: ignore[assignment,func-returns-value]
        with pytest.raises(UnavailableError, match="304"):
            FeedFetch(http).fetch(f"http://127.0.0.1:{server.server_port}/kev.json", 10)
    finally:
        _Handler.do_GET = original  # type: ignore[method-assign]
        http.close()


def _many(count: int) -> bytes:
    return _zip(*(record(f"PYSEC-{n}", affected("PyPI", "a", {"introduced": "0"})) for n in range(count)))


def test_a_feed_that_shrank_is_refused_unless_it_may(tmp_path, server):
    server.answers["/PyPI/all.zip"] = _many(21)
    _update(tmp_path, server, 1)
    old = (tmp_path / "data" / "advisories.db").read_bytes()
    server.answers["/PyPI/all.zip"] = _many(10)
    with pytest.raises(MalformedError, match=r"has shrunk \(osv-PyPI\): 10 records, 21 before.*allow-shrink"):
        _update(tmp_path, server, 2)
    assert (tmp_path / "data" / "advisories.db").read_bytes() == old
    assert _update(tmp_path, server, 3, allow_shrink=True).status.feeds
    server.answers["/PyPI/all.zip"] = _many(5)
    assert _update(tmp_path, server, 4).status.feeds


def test_a_feed_without_a_date_has_its_servers(tmp_path, server):
    row = next(row for row in PUBLIC_FEEDS if row.name == "debian-tracker")
    served = {"Tue, 03 Feb 2026 10:00:00 GMT": "2026-02-03", "yesterday": "", "": "", "Tue, 99 Feb 99999 1:2:3 GMT": ""}
    server.answers["/json"] = tracker(bookworm=resolved("8"))
    for number, (modified, day) in enumerate(served.items()):
        server.modified = modified
        (tmp_path / f"spool{number}").mkdir()
        place = DatabaseFile(tmp_path / f"{number}.db", db.encoders())
        http = Http(limits=LIMITS, sleep=lambda seconds: None)
        report = db.update(
            FeedFetch(http), SpoolDirectory(tmp_path / f"spool{number}", LIMITS), place, limits=LIMITS,
            rows=[msgspec.structs.replace(row, url=f"http://127.0.0.1:{server.server_port}/json")],
        )  # fmt: skip
        http.close()
        assert [feed.date for feed in report.status.feeds] == [day]
