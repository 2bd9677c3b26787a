"""The advisory database answers what the feeds said."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from advisorydbs import affected, built, jsonl, opened, record
from assay.adapters.advisorydb import AdvisoryDatabase
from assay.adapters.advisorydb_place import DatabaseFile
from assay.dependencies.versions import scheme_for
from assay.flows.db import encoders
from assay.model.advisory import VulnerableCode
from assay.model.errors import MalformedError, UnavailableError, UnsupportedError, UntrustedError, UsageError
from assay.ports.stores import Coverage, Query, Spared

VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"


def _feeds(folder: Path) -> Path:
    jsonl(
        folder / "pypi.jsonl.gz",
        [
            record(
                "PYSEC-1", affected("PyPI", "Foo.Bar", {"introduced": "1.0"}, {"fixed": "2.0"}, versions=["1.5", "3.0", "odd!"]),
                aliases=["CVE-2024-1111"], summary="bad", severity=[{"type": "CVSS_V3", "score": VECTOR}],
            ),
            record("PYSEC-2", affected("PyPI", "foo-bar", {"introduced": "0"}, {"last_affected": "1.0"}), aliases=["GHSA-2"]),
            record("PYSEC-3", affected("PyPI", "foo-bar", {"introduced": "0"}), withdrawn="2025-01-01T00:00:00Z"),
            record("PYSEC-4", affected("PyPI", "foo-bar")),
            record("PYSEC-5", affected("PyPI", "foo-bar", {"introduced": "0"}, {"fixed": "> 4"})),
        ],
    )  # fmt: skip
    jsonl(
        folder / "ghsa-selected.jsonl",
        [record("GHSA-2", affected("npm", "left", {"introduced": "0"}), aliases=["CVE-2024-2222"])],
    )
    jsonl(
        folder / "debian-12.jsonl",
        [
            record(
                "DEBIAN-CVE-2024-1111",
                affected("Debian:12", "foo", {"introduced": "0"}, {"fixed": "1:2.0-1"}),
                upstream=["CVE-2024-1111"],
            )
        ],
    )
    (folder / "debian-12-coverage.json").write_text(
        '{"release":"bookworm","snapshot":"2026-11-22","sources":{"foo":{"version":"1"},"zlib":{"version":"1"}}}'
    )
    (folder / "alpine-not-affected.json").write_text('{"v3.17":[{"id":"CVE-2024-1","package":"curl"}]}')
    (folder / "kev.json").write_text(
        '{"dateReleased":"2026-02-02","vulnerabilities":[{"cveID":"CVE-2024-1111","dateAdded":"2025-01-01","dueDate":"2025-02-01","knownRansomwareCampaignUse":"Known"}]}'
    )
    (folder / "kev-additions.json").write_text(
        '{"vulnerabilities":[{"cveID":"CVE-2024-1111"},{"cveID":"CVE-2024-5555"}]}'
    )
    (folder / "epss.csv").write_text(
        "#model_version:v9,score_date:2026-08-16T00:00:00Z\ncve,epss,percentile\nCVE-2024-1111,0.03351,0.8765\n"
    )
    jsonl(
        folder / "cve-meta.jsonl.gz",
        [
            {
                "id": "CVE-2024-1111",
                "state": "PUBLISHED",
                "title": "T",
                "modified": "2024-01-01T00:00:00Z",
                "cvss": [{"version": "4.0", "score": 8.7, "vector": "v", "source": "cna"}],
                "ssvc": {"exploitation": "poc"},
            },
            {"id": "CVE-2024-6666", "state": "REJECTED"},
        ],
    )
    (folder / "eol.json").write_text(
        '{"debian":{"title":"Debian","identifiers":[{"purl":"pkg:docker/library/debian"}],"releases":[{"releaseCycle":"13"},{"releaseCycle":"12","eol":"2026-07-11"}]}}'
    )
    (folder / "README.md").write_text("words")
    (folder / "strange.bin").write_bytes(b"\0")
    return folder


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("database")
    built(_feeds(folder / "feeds"), folder / "advisories.db")
    return folder / "advisories.db"


@pytest.fixture
def database(place):
    found = opened(place)
    yield found
    found.close()


def _ask(database: AdvisoryDatabase, ecosystem: str, name: str, version: str):
    scheme = scheme_for(ecosystem)
    return database.lookup([Query(ecosystem, name, scheme.key(version))])[0]


def _keyed(database: AdvisoryDatabase, version: str) -> set[str]:
    return {hit.advisory for hit in _ask(database, "PyPI", "foo-bar", version) if hit.keyed}


def test_keyed_hits_are_the_ranges_and_lists_that_hold_the_version(database):
    assert _keyed(database, "0.9") == {"PYSEC-2"}
    assert _keyed(database, "1.0") == {"PYSEC-1", "PYSEC-2"}
    assert _keyed(database, "1.0.0") == {"PYSEC-1", "PYSEC-2"}
    assert _keyed(database, "1.5") == {"PYSEC-1"}
    assert _keyed(database, "2.0") == set()
    assert _keyed(database, "3.0") == {"PYSEC-1"}


def test_what_has_no_key_comes_every_time_as_text(database):
    text = {hit.advisory: hit for hit in _ask(database, "PyPI", "foo-bar", "9.9") if not hit.keyed}
    assert set(text) == {"PYSEC-1", "PYSEC-4", "PYSEC-5"}
    assert text["PYSEC-1"].versions == ("odd!",)
    assert (text["PYSEC-4"].state, text["PYSEC-4"].versions) == ("unspecified", ())
    assert text["PYSEC-5"].fixed == "> 4"


def test_a_query_without_a_key_gets_every_range_unkeyed(database):
    hits = database.lookup([Query("PyPI", "foo-bar", None)])[0]
    assert not any(hit.keyed for hit in hits)
    assert {hit.advisory for hit in hits} == {"PYSEC-1", "PYSEC-2", "PYSEC-4", "PYSEC-5"}


def test_bounds_come_back_as_the_feed_wrote_them_with_the_feed(database):
    (hit,) = _ask(database, "Debian:12", "foo", "1.9")
    assert (hit.introduced, hit.fixed, hit.feed, hit.keyed) == ("", "1:2.0-1", "debian-12", True)


def test_names_meet_in_any_spelling_and_strangers_get_nothing(database):
    assert _ask(database, "PyPI", "FOO_bar", "1.5")
    assert database.lookup([Query("PyPI", "foo", b"\1"), Query("Nowhere", "foo-bar", b"\1")]) == [[], []]


def test_half_a_surrogate_is_in_no_row(database):
    """File names bring bytes outside UTF-8 as lone surrogates, JSON any of them: nothing is known, and nothing breaks."""
    for odd in ("\ud800", "foo\udcff"):
        queries = [Query("PyPI", odd, None), Query(odd, "foo-bar", None), Query("PyPI", "foo.bar", None)]
        assert [bool(hits) for hits in database.lookup(queries)] == [False, False, True]
        assert set(database.lifecycle([odd, "debian"])) == {"debian"}
        assert set(database.advisories([odd, "GHSA-2"])) == {"GHSA-2"}
        assert set(database.enrich([odd, "CVE-2024-1111", f"CVE-2024-{odd}"])) == {"CVE-2024-1111"}
        pairs = [("Debian:12", odd), (odd, "foo"), ("Debian:12", "foo")]
        assert set(database.coverage(pairs)) == {("Debian:12", "foo")}
        assert set(database.unaffected([("Alpine:v3.17", odd), ("Alpine:v3.17", "curl")])) == {("Alpine:v3.17", "curl")}
        assert database.speaking(odd) == ()
        assert database.named([odd], [odd]) == ()
        assert database.cpes([(odd, "x"), ("", odd)]) == {}


def test_records_carry_their_whole_alias_class(database):
    found = database.advisories(["PYSEC-2", "GHSA-2", "PYSEC-3", "nothing"])
    assert found["PYSEC-2"].aliases == ("CVE-2024-2222", "GHSA-2")
    assert found["GHSA-2"].aliases == ("CVE-2024-2222", "PYSEC-2")
    assert found["PYSEC-3"].withdrawn
    assert "nothing" not in found


def test_records_keep_their_score_and_upstream_is_no_alias(database):
    found = database.advisories(["PYSEC-1", "DEBIAN-CVE-2024-1111"])
    assert [(score.score, score.vector, score.source) for score in found["PYSEC-1"].scores] == [(9.8, VECTOR, "pypi")]
    assert (found["DEBIAN-CVE-2024-1111"].aliases, found["DEBIAN-CVE-2024-1111"].upstream) == ((), ("CVE-2024-1111",))


def test_enrichment_joins_every_source(database):
    found = database.enrich(
        [
            "CVE-2024-1111",
            "CVE-2024-5555",
            "CVE-2024-6666",
            "CVE-2024-9999",
            "GHSA-2",
            "CVE-x-y",
            "CVE-1-99999999999999999999",
        ]
    )
    assert set(found) == {"CVE-2024-1111", "CVE-2024-5555", "CVE-2024-6666"}
    first = found["CVE-2024-1111"]
    assert (first.kev.date_added, first.kev.ransomware) == ("2025-01-01", "Known")
    assert (first.epss.score, first.epss.percentile, first.epss.date, first.epss.model) == (
        0.03351,
        0.8765,
        "2026-08-16",
        "v9",
    )
    assert (first.summary, first.state, first.ssvc.exploitation, first.scores[0].score) == (
        "T",
        "PUBLISHED",
        "poc",
        8.7,
    )
    assert found["CVE-2024-5555"].kev.date_added == ""
    assert found["CVE-2024-6666"].state == "REJECTED"


def test_coverage_is_the_list_or_the_ecosystem(database):
    pairs = [("Debian:12", "zlib"), ("Debian:12", "bash"), ("PyPI", "anything"), ("npm", "left"), ("npm", "right")]
    assert database.coverage(pairs) == {
        ("Debian:12", "zlib"): (Coverage("debian-12", "1"),), ("PyPI", "anything"): (Coverage("pypi"),),
        ("npm", "left"): (Coverage("ghsa-selected"),),
    }  # fmt: skip


def test_a_list_ends_what_the_feed_speaks_of(database):
    """The feed itself names foo, of any version; its list says up to which one it has read."""
    assert database.coverage([("Debian:12", "foo")]) == {("Debian:12", "foo"): (Coverage("debian-12", "1"),)}


def test_by_id_it_tells_who_speaks_and_of_what(database):
    records = database.speaking("CVE-2024-1111")
    assert records
    heads = database.advisories(records)
    assert all("CVE-2024-1111" in (name, *one.aliases, *one.upstream, *one.related) for name, one in heads.items())
    for head in records:
        assert head in database.speaking(head)
    assert database.speaking("CVE-2024-111") == ()
    assert database.speaking("%") == ()
    assert database.named(["PYSEC-1"], []) == (("PyPI", "foo-bar"),)
    assert database.named([], ["CVE-2024-1"]) == (("Alpine:v3.17", "curl"),)
    assert database.named([], []) == ()


def test_never_affected(database):
    assert database.unaffected([("Alpine:v3.17", "curl"), ("Alpine:v3.17", "zlib")]) == {
        ("Alpine:v3.17", "curl"): (Spared("CVE-2024-1", "alpine-not-affected"),)
    }


def test_lifecycles_by_name_and_identifier(database):
    found = database.lifecycle(["debian", "pkg:docker/library/debian", "hurd"])
    assert found["debian"] == found["pkg:docker/library/debian"]
    assert [release.cycle for release in found["debian"].releases] == ["13", "12"]
    assert "hurd" not in found


def test_status_names_every_feed_with_date_licence_digest_and_counts(database, place):
    status = database.status()
    feeds = {feed.name: feed for feed in status.feeds}
    assert feeds["pypi"].records == 5
    assert feeds["pypi"].date == "2026-01-01"
    assert all(feed.licence and feed.digest.startswith("sha256:") and feed.origin for feed in status.feeds)
    assert status.built == "2026-11-22"
    assert status.encoders.items() <= encoders().items()
    assert database.verify() == status == DatabaseFile(place, encoders()).status()


def test_threads_may_share_one_object(database):
    query = [Query("PyPI", "foo-bar", scheme_for("PyPI").key("1.5"))] * 50
    expected, found = database.lookup(query), []
    threads = [threading.Thread(target=lambda: found.append(database.lookup(query))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 8


def test_two_builds_have_the_same_bytes_whatever_the_old_file_was(tmp_path, place):
    built(_feeds(tmp_path / "feeds"), tmp_path / "other.db")
    built(tmp_path / "feeds", tmp_path / "other.db")
    assert (tmp_path / "other.db").read_bytes() == place.read_bytes()
    assert sorted(item.name for item in tmp_path.iterdir()) == ["feeds", "other.db", "other.db.seen.json"]


# ---- what is no database


def test_no_file(tmp_path):
    with pytest.raises(UnavailableError, match="db update"):
        opened(tmp_path / "none.db")


@pytest.mark.parametrize("size", [0, 50, 99, 100, 4096, 8192, -1, -4096])
def test_a_file_cut_off_anywhere_is_malformed(tmp_path, place, size):
    data = place.read_bytes()
    (tmp_path / "cut.db").write_bytes(data[:size])
    with pytest.raises(MalformedError):
        opened(tmp_path / "cut.db")


def test_a_foreign_sqlite_file(tmp_path):
    with sqlite3.connect(tmp_path / "foreign.db") as other:
        other.execute("CREATE TABLE meta (key, value)")
    other.close()
    with pytest.raises(MalformedError, match="another application"):
        opened(tmp_path / "foreign.db")


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TRIGGER t AFTER INSERT ON kev BEGIN DELETE FROM meta; END",
        "CREATE VIEW v AS SELECT 1",
        "DROP TABLE kev",
        "DELETE FROM meta WHERE key = 'content_digest'",
        "UPDATE meta SET value = 'many' WHERE key = 'advisories'",
    ],
)
def test_other_tables_are_refused(tmp_path, place, change):
    path = _changed(tmp_path, place, change)
    with pytest.raises(MalformedError):
        opened(path)


def test_another_schema_is_unsupported_with_the_remedy(tmp_path, place):
    path = _changed(tmp_path, place, "PRAGMA user_version = 99")
    with pytest.raises(UnsupportedError, match=r"99, here 4.*db update"):
        opened(path)


def test_other_encoders_are_unsupported_with_the_remedy(place):
    with pytest.raises(UnsupportedError, match=r"pep440 1, here 2.*db update"):
        AdvisoryDatabase(place, encoders() | {"pep440": 2})
    with pytest.raises(UnsupportedError, match="deb 1, here unknown"):
        AdvisoryDatabase(place, {name: 1 for name in encoders() if name != "deb"})


@pytest.mark.parametrize(
    "change", ["DELETE FROM range", "UPDATE kev SET due = '2099-01-01'", "DELETE FROM advisory WHERE id = 1"]
)
def test_a_changed_row_fails_the_content_digest(tmp_path, place, change):
    path = _changed(tmp_path, place, change)
    changed = opened(path)
    with pytest.raises(MalformedError, match="content is"):
        changed.verify()
    changed.close()


def test_a_damaged_page_is_malformed_and_never_a_traceback(tmp_path, place):
    data = bytearray(place.read_bytes())
    for page in range(1, len(data) // 4096):
        data[page * 4096 : page * 4096 + 2_000] = os.urandom(2_000)
    (tmp_path / "torn.db").write_bytes(data)
    with pytest.raises(MalformedError):
        _verify(tmp_path / "torn.db")


def _verify(path: Path) -> None:
    database = opened(path)
    try:
        database.verify()
    finally:
        database.close()


def test_a_record_that_is_no_record_is_malformed(tmp_path, place):
    path = _changed(tmp_path, place, "UPDATE advisory SET record = x'c1'")
    changed = opened(path)
    with pytest.raises(MalformedError, match="damaged"):
        changed.advisories(["PYSEC-1"])
    changed.close()


def _changed(folder: Path, place: Path, statement: str) -> Path:
    path = folder / "changed.db"
    path.write_bytes(place.read_bytes())
    other = sqlite3.connect(path, isolation_level=None)
    other.execute(statement)
    other.close()
    return path


# ---- put in place whole or not at all


def test_a_build_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, place):
    goal = tmp_path / "advisories.db"
    goal.write_bytes(place.read_bytes())
    with pytest.raises(ZeroDivisionError), DatabaseFile(goal, encoders()).writer() as writer:
        writer.ranges([1 / 0])
    assert goal.read_bytes() == place.read_bytes()
    assert [item.name for item in tmp_path.iterdir()] == ["advisories.db"]


def test_a_build_killed_in_the_middle_leaves_the_old_file_and_the_next_one_works(tmp_path, place):
    goal = tmp_path / "advisories.db"
    goal.write_bytes(place.read_bytes())
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom assay.adapters.advisorydb_place import DatabaseFile\n"
        "from assay.ports.feeds import StoredRange\n"
        "with DatabaseFile(Path(sys.argv[1]), {}).writer() as writer:\n"
        "    writer.ranges(StoredRange(ecosystem='e', name=str(n), advisory='a', feed='f') for n in range(20000))\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(goal)], check=False, capture_output=True)
    assert ended.returncode == -signal.SIGKILL
    assert goal.read_bytes() == place.read_bytes()
    built(_feeds(tmp_path / "feeds"), goal)
    assert goal.read_bytes() == place.read_bytes()
    assert sorted(item.name for item in tmp_path.iterdir()) == ["advisories.db", "advisories.db.seen.json", "feeds"]


def test_two_builders_do_not_meet(tmp_path):
    place = DatabaseFile(tmp_path / "a.db", encoders())
    with place.writer(), pytest.raises(UnavailableError, match="another process"), place.writer():
        pass
    with place.writer() as writer:
        writer.finish([], {}, {})
    assert place.status().advisories == 0


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError, match="cannot write"), DatabaseFile(tmp_path / "file" / "a.db", {}).writer():
        pass


# ---- export and import


def test_export_and_restore_round_trip(tmp_path, place):
    DatabaseFile(place, encoders()).export(str(tmp_path / "out" / "copy.db"))
    line = (tmp_path / "out" / "copy.db.sha256").read_text()
    assert line.endswith("  copy.db\n")
    goal = DatabaseFile(tmp_path / "in" / "advisories.db", encoders())
    status = goal.restore(str(tmp_path / "out" / "copy.db"), "")
    assert status == goal.status()
    assert goal.restore(str(tmp_path / "out" / "copy.db"), "sha256:" + line[:64]) == status
    assert (tmp_path / "in" / "advisories.db").read_bytes() == place.read_bytes()


def test_restore_refuses_another_digest_and_keeps_the_old(tmp_path, place):
    goal = tmp_path / "advisories.db"
    goal.write_bytes(b"old")
    (tmp_path / "copy.db").write_bytes(place.read_bytes())
    (tmp_path / "copy.db.sha256").write_text("0" * 64 + "  copy.db\n")
    with pytest.raises(UntrustedError, match="another digest"):
        DatabaseFile(goal, encoders()).restore(str(tmp_path / "copy.db"), "")
    with pytest.raises(UntrustedError, match="another digest"):
        DatabaseFile(goal, encoders()).restore(str(tmp_path / "copy.db"), "f" * 64)
    assert goal.read_bytes() == b"old"
    assert not (tmp_path / ".advisories.db.new").exists()


def test_restore_refuses_changed_rows_even_with_the_right_file_digest(tmp_path, place):
    path = _changed(tmp_path, place, "UPDATE kev SET due = '2099-01-01'")
    with pytest.raises(MalformedError, match="content is"):
        DatabaseFile(tmp_path / "advisories.db", encoders()).restore(str(path), "")
    assert not (tmp_path / "advisories.db").exists()


def test_restore_of_nothing_and_export_onto_itself(tmp_path, place):
    with pytest.raises(UsageError, match="no such file"):
        DatabaseFile(tmp_path / "a.db", encoders()).restore(str(tmp_path / "none"), "")
    with pytest.raises(UsageError, match="itself"):
        DatabaseFile(place, encoders()).export(str(place))


def test_where_the_flaw_lies_is_kept_with_the_record(tmp_path: Path) -> None:
    entry = affected("Go", "golang.org/x/net", {"introduced": "0"}, {"fixed": "1.0.0"})
    entry["ecosystem_specific"] = {"imports": [{"path": "golang.org/x/net/html", "symbols": ["Parse"]}]}
    feeds = tmp_path / "feeds"
    feeds.mkdir()
    jsonl(feeds / "go.jsonl", [record("GO-1", entry), record("GO-1", entry), record("GO-2", entry)])
    built(feeds, tmp_path / "adv.db")
    database = opened(tmp_path / "adv.db")
    code = (VulnerableCode("golang.org/x/net", "golang.org/x/net/html", ("Parse",)),)
    assert {name: found.code for name, found in database.advisories(["GO-1", "GO-2"]).items()} == {
        "GO-1": code,
        "GO-2": code,
    }
