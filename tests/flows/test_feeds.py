"""From a folder of feeds to a database: which file is which, the bad ones counted, nothing overwritten."""

import gzip

import pytest

from advisorydbs import affected, built, jsonl, opened, record
from assay.dependencies.versions import scheme_for
from assay.flows.feed_table import FEEDS, PUBLIC_FEEDS, stem
from assay.flows.feeds import NO_ROW
from assay.model.errors import MalformedError, UsageError
from assay.ports.stores import Query
from support import shared

ZERO = {"introduced": "0"}


def _good(count: int) -> list[object]:
    return [record(f"PYSEC-{n}", affected("PyPI", f"p{n}", ZERO, {"fixed": "2"})) for n in range(count)]


def test_bad_records_are_skipped_with_id_and_reason_and_counted(tmp_path):
    bad = [{"id": "BAD-1"}, {"id": "BAD-2", "modified": "never"}]
    jsonl(tmp_path / "pypi.jsonl", [*_good(3), *bad, [], record("PYSEC-9", affected("PyPI", "", ZERO))])
    report = built(tmp_path, tmp_path / "a.db")
    assert [(item.feed, item.record) for item in report.skipped] == [
        ("pypi", "BAD-1"), ("pypi", "BAD-2"), ("pypi", "record 6"), ("pypi", "PYSEC-9"),
    ]  # fmt: skip
    assert "time" in report.skipped[1].reason
    (feed,) = report.status.feeds
    assert (feed.records, feed.skipped) == (3, 4)


@pytest.mark.parametrize(
    ("good", "bad", "fails"), [(5, 10, False), (5, 11, True), (1_500, 15, False), (1_500, 16, True)]
)
def test_a_feed_with_too_many_bad_records_fails_the_build(tmp_path, good, bad, fails):
    jsonl(tmp_path / "pypi.jsonl", [*_good(good), *({"id": f"BAD-{n}"} for n in range(bad))])
    if not fails:
        assert built(tmp_path, tmp_path / "a.db").status.feeds[0].skipped == bad
        return
    with pytest.raises(MalformedError, match=f"{bad} of {good + bad}, first BAD-0"):
        built(tmp_path, tmp_path / "a.db")
    assert not (tmp_path / "a.db").exists()


def test_a_feed_of_bad_records_alone_is_not_read_to_its_end(tmp_path):
    (tmp_path / "pypi.jsonl").write_bytes(b"[]\n" * 50_000)
    with pytest.raises(MalformedError, match="20000 of 20000, first"):
        built(tmp_path, tmp_path / "a.db")


def test_an_empty_feed_fails_the_build(tmp_path):
    (tmp_path / "pypi.jsonl.gz").write_bytes(gzip.compress(b""))
    with pytest.raises(MalformedError, match="without records"):
        built(tmp_path, tmp_path / "a.db")


def test_unknown_files_are_reported_and_a_folder_without_feeds_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "README.md").write_text("x")
    with pytest.raises(UsageError, match="2 files"):
        built(tmp_path, tmp_path / "out" / "a.db")
    jsonl(tmp_path / "pypi.jsonl", _good(1))
    jsonl(tmp_path / "pypi.jsonl.gz", _good(2))
    report = built(tmp_path, tmp_path / "out" / "a.db")
    assert dict(report.unread) == {
        "README.md": "text for people", "notes.txt": NO_ROW,
        "pypi.jsonl.gz": "pypi.jsonl is the same feed",
    }  # fmt: skip


def test_osv_exports_and_records_of_ones_own_are_feeds_by_their_names(tmp_path):
    ubuntu = record("UBUNTU-CVE-2024-1", affected("Ubuntu:22.04:LTS", "curl", ZERO, {"fixed": "7.81"}))
    jsonl(tmp_path / "osv-Ubuntu.jsonl", [ubuntu, record("GHSA-1")])
    jsonl(tmp_path / "osv-acme.jsonl", [record("ACME-1"), record("ACME-2")])
    report = built(tmp_path, tmp_path / "out" / "a.db")
    assert [(feed.name, feed.records) for feed in report.status.feeds] == [("osv-Ubuntu", 2), ("osv-acme", 2)]
    database = opened(tmp_path / "out" / "a.db")
    pairs = [("Ubuntu:22.04:LTS", "wget"), ("PyPI", "unheard-of")]
    assert set(database.coverage(pairs)) == {pairs[0]}
    database.close()


def test_modules_of_go_are_kept_and_asked_for_in_one_case(tmp_path):
    jsonl(tmp_path / "go.jsonl", [record("GO-1", affected("Go", "github.com/Acme/Tool", ZERO, {"fixed": "2"}))])
    built(tmp_path, tmp_path / "a.db")
    database = opened(tmp_path / "a.db")
    names = ("github.com/Acme/Tool", "github.com/acme/tool", "github.com/ACME/TOOL", "github.com/acme/tools")
    hits = database.lookup([Query("Go", name, None) for name in names])
    assert [[hit.advisory for hit in found] for found in hits] == [["GO-1"], ["GO-1"], ["GO-1"], []]
    database.close()


def test_an_id_that_comes_twice_is_merged(tmp_path):
    jsonl(
        tmp_path / "almalinux.jsonl",
        [
            record("ALSA-1", affected("AlmaLinux:8", "curl", ZERO, {"fixed": "7.61-1.el8"}), related=["CVE-2024-1"]),
            record("ALSA-1", affected("AlmaLinux:9", "curl", ZERO, {"fixed": "7.76-1.el9"}), related=["CVE-2024-2"]),
        ],
    )
    built(tmp_path, tmp_path / "a.db")
    database = opened(tmp_path / "a.db")
    hits = database.lookup([Query(f"AlmaLinux:{n}", "curl", scheme_for("AlmaLinux:8").key("7.0-1")) for n in (8, 9)])
    assert [[hit.fixed for hit in found] for found in hits] == [["7.61-1.el8"], ["7.76-1.el9"]]
    assert database.advisories(["ALSA-1"])["ALSA-1"].related == ("CVE-2024-1", "CVE-2024-2")
    database.close()


def test_one_id_in_two_feeds_keeps_both_feeds_ranges(tmp_path):
    jsonl(
        tmp_path / "ghsa-selected.jsonl",
        [record("GHSA-1", affected("npm", "a", ZERO, {"fixed": "2.0.0"}), summary="first")],
    )
    jsonl(tmp_path / "npm.jsonl", [record("GHSA-1", affected("npm", "a", {"introduced": "3.0.0"}), summary="second")])
    built(tmp_path, tmp_path / "a.db")
    database = opened(tmp_path / "a.db")
    found = {hit.feed: hit for hit in database.lookup([Query("npm", "a", None)])[0]}
    assert (found["ghsa-selected"].fixed, found["npm"].introduced) == ("2.0.0", "3.0.0")
    record_ = database.advisories(["GHSA-1"])["GHSA-1"]
    assert (record_.feed, record_.summary) == ("ghsa-selected", "first")
    database.close()


def test_a_record_withdrawn_by_one_feed_and_held_by_another_is_matched(tmp_path):
    jsonl(
        tmp_path / "ghsa-selected.jsonl",
        [record("GHSA-1", affected("npm", "a", ZERO), withdrawn="2025-01-01T00:00:00Z")],
    )
    jsonl(tmp_path / "npm.jsonl", [record("GHSA-1", affected("npm", "a", ZERO, {"fixed": "2.0.0"}))])
    built(tmp_path, tmp_path / "a.db")
    database = opened(tmp_path / "a.db")
    assert [hit.fixed for hit in database.lookup([Query("npm", "a", None)])[0]] == ["2.0.0"]
    assert database.advisories(["GHSA-1"])["GHSA-1"].withdrawn == ""
    database.close()


def test_an_unknown_ecosystem_is_kept_as_text(tmp_path):
    jsonl(tmp_path / "pypi.jsonl", [record("X-1", affected("Fortran", "a", ZERO, {"fixed": "2"}, versions=["1"]))])
    report = built(tmp_path, tmp_path / "a.db")
    assert report.status.encoders == {"generic": 1}
    database = opened(tmp_path / "a.db")
    hits = database.lookup([Query("Fortran", "a", None)])[0]
    assert sorted((hit.fixed, hit.versions) for hit in hits) == [("", ("1",)), ("2", ())]
    database.close()


def test_a_feed_tells_its_own_date_unless_its_bytes_are_a_known_snapshot(tmp_path):
    jsonl(tmp_path / "go.jsonl", [record("GO-1", modified="0001-01-01T00:00:00Z", published="2022-02-02T00:00:00Z")])
    assert built(tmp_path, tmp_path / "a.db").status.feeds[0].date == "2022-02-02"
    for row in FEEDS:
        assert bool(row.snapshot) == bool(row.sha256)


def test_the_order_of_lines_does_not_change_a_byte(tmp_path):
    records = [*_good(20), record("GHSA-9", aliases=["CVE-2024-9999"]), record("PYSEC-99", aliases=["GHSA-9"])]
    for name, order in (("one", records), ("two", records[::-1])):
        jsonl(tmp_path / name / "pypi.jsonl", order)
        (tmp_path / name / "epss.csv").write_text(
            "cve,epss,percentile\n"
            + "".join(f"CVE-2024-{n},0.1,0.2\n" for n in ([1111, 2222], [2222, 1111])[name == "two"])
        )
        built(tmp_path / name, tmp_path / f"{name}.db")
    statuses = [opened(tmp_path / f"{name}.db") for name in ("one", "two")]
    heads = [database.advisories(["PYSEC-99"]) for database in statuses]
    for database in statuses:
        database.close()
    assert heads[0] == heads[1]
    assert heads[0]["PYSEC-99"].aliases == ("CVE-2024-9999", "GHSA-9")
    # Only the digests of the files differ; they stand in `source`.
    one, two = ((tmp_path / f"{name}.db").read_bytes() for name in ("one", "two"))
    assert len(one) == len(two)


def test_the_table_is_sound():
    for rows in (FEEDS, PUBLIC_FEEDS):
        assert len({row.name for row in rows}) == len(rows)
        assert all(row.licence and row.origin for row in rows if row.form != "none")
    assert all(row.url.startswith("https://") for row in PUBLIC_FEEDS)
    assert stem("crates.io.jsonl.gz") == "crates.io"


def test_a_slice_of_every_shared_feed_is_read(tmp_path):
    """The first 50 records of each file: the fast tier's look at real forms."""
    folder = shared("data", "advisories")
    for path in sorted(folder.iterdir()):
        if path.name.endswith(".gz"):
            with gzip.open(path) as file:
                (tmp_path / path.name).write_bytes(
                    gzip.compress(b"".join(line for line, _ in zip(file, range(50), strict=False)), 1, mtime=0)
                )
        else:
            (tmp_path / path.name).write_bytes(path.read_bytes())
    report = built(tmp_path, tmp_path / "a.db")
    assert report.skipped == ()
    unshared = {"debian-tracker", "alpine-secdb", "csaf", "cve5", "nvd", "none"}
    exports = {row.name for row in PUBLIC_FEEDS if row.name.startswith("osv-")} | {"osv-*"}
    assert len(report.status.feeds) == sum(row.form not in unshared and row.name not in exports for row in FEEDS)
