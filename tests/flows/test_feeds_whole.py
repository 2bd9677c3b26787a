"""Every file of the shared advisory data, built whole (a file of its own, so that test workers can share the load)."""

import pytest

from advisorydbs import built, opened
from assay.dependencies.versions import scheme_for
from assay.ports.stores import Query
from support import shared


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = shared("data", "advisories")
    path = tmp_path_factory.mktemp("whole") / "advisories.db"
    return built(folder, path), path, folder


@pytest.mark.slow
class TestWholeData:
    """Every file of the shared advisory data."""

    def test_every_record_counts(self, whole):
        report, path, _ = whole
        assert report.skipped == ()
        assert {name for name, _ in report.unread} == {"README.md", "nodejs-core.json", "spdx-licenses.json"}
        counts = {feed.name: feed.records for feed in report.status.feeds}
        assert counts["malicious"] == 33_020
        assert counts["epss"] == 360_142
        assert counts["eol"] == 464
        assert counts["almalinux"] == 5_680
        assert sum(counts.values()) == 488_561
        assert path.stat().st_size < 120_000_000

    def test_dates_are_the_snapshots(self, whole):
        dates = {feed.name: feed.date for feed in whole[0].status.feeds}
        assert (dates["go"], dates["debian-12"], dates["kev"], dates["epss"]) == (
            "2026-08-21", "2026-11-22", "2025-08-25", "2026-08-16",
        )  # fmt: skip

    def test_a_second_build_has_the_same_bytes(self, whole, tmp_path):
        built(whole[2], tmp_path / "again.db")
        assert (tmp_path / "again.db").read_bytes() == whole[1].read_bytes()

    def test_log4shell_by_name_and_version(self, whole):
        database = opened(whole[1])
        name = "org.apache.logging.log4j:log4j-core"
        hits = database.lookup([Query("Maven", name, scheme_for("Maven").key("2.14.1"))])[0]
        found = database.advisories({hit.advisory for hit in hits if hit.keyed})
        database.close()
        assert any("CVE-2021-44228" in (item.id, *item.aliases) for item in found.values())
