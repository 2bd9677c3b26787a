"""How old the advisory data is, and what follows from it."""

from pathlib import Path

import pytest

from assay.flows import freshness
from assay.formats import sarif
from assay.interfaces.cli.render import markdown, table
from assay.interfaces.cli.render.standing import sources_line
from assay.model.advisory import Feed
from assay.model.errors import UnavailableError
from assay.model.image import Subject
from assay.model.report import Report, Sources, Tool
from command import assay

NOW = "2026-01-10T12:00:00Z"


def feed(name: str, date: str) -> Feed:
    return Feed(name=name, date=date, licence="", digest="", records=1)


@pytest.mark.parametrize(
    ("date", "hours"),
    [
        ("2026-01-10", 12),
        ("2026-01-10T11:00:00Z", 1),
        ("2026-01-10T12:00:00+02:00", 2),
        ("2026-01-09", 36),
        ("2026-01-11", 0),
        ("2026-01-13", None),
        ("2099-01-01", None),
        ("", None),
        ("yesterday", None),
        ("0000-00-00", None),
    ],
)
def test_an_age_is_from_the_date_to_now_and_the_future_is_nobodys(date: str, hours: int | None) -> None:
    assert freshness.age_hours(date, NOW) == hours


def test_a_database_is_as_old_as_its_newest_feed_that_can_be_believed() -> None:
    feeds = (feed("a", "2025-12-01"), feed("b", "2026-01-01"), feed("c", "2099-01-01"))
    assert freshness.newest_hours(feeds, NOW) == 9 * 24 + 12
    assert freshness.newest_date(feeds, NOW) == "2026-01-01"
    assert freshness.newest_date(feeds[2:], NOW) == ""
    assert [f.age_days for f in freshness.aged(feeds, NOW)] == [40, 9, None]


def test_it_warns_past_seven_days_and_when_nobody_knows() -> None:
    assert freshness.warning([feed("a", "2026-01-03")], NOW) == ""
    assert "8 days old" in freshness.warning([feed("a", "2026-01-02")], NOW)
    assert "can be believed" in freshness.warning([feed("a", "")], NOW)


def test_what_is_too_old_is_refused_with_the_command_to_run() -> None:
    freshness.demand([feed("a", "2026-01-09")], NOW, 36)
    freshness.demand([], NOW, 0)
    for feeds in ([feed("a", "2026-01-09")], [feed("a", "2099-01-01")], []):
        with pytest.raises(UnavailableError, match="assay db update"):
            freshness.demand(feeds, NOW, 35)


def report(*feeds: Feed) -> Report:
    aged = freshness.aged(feeds, NOW)
    sources = Sources(state="present", built="2026-01-01", feeds=aged, warning=freshness.warning(feeds, NOW))
    return Report(tool=Tool("assay", "0"), subject=Subject(name="x"), sources=sources)


def test_every_report_tells_the_age_of_its_sources() -> None:
    found = report(feed("old", "2024-01-01"), feed("new", "2026-01-01"))
    line = "Advisories: 2 feeds, newest 2026-01-01 (9 days), oldest old 2024-01-01 (740 days)"
    assert sources_line(found.sources) == line
    assert line in table.render(found, columns=200, colour=False)
    assert "9 days" in markdown.render(found)
    data = sarif.write(found).decode()
    assert '"ageDays":740' in data.replace(" ", "")
    assert "9 days old" in data


def test_without_a_database_an_age_limit_is_exit_75(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    done = assay("scan", f"dir:{tmp_path / 'tree'}", "--no-policy", "--max-db-age", "7d", home=tmp_path)
    assert (done.code, "assay db update" in done.err) == (75, True)
    done = assay("scan", f"dir:{tmp_path / 'tree'}", "--no-policy", home=tmp_path)
    assert done.code == 0
    done = assay("scan", f"dir:{tmp_path / 'tree'}", "--no-policy", "--max-db-age", "soon", home=tmp_path)
    assert (done.code, "12h, 7d or 2w" in done.err) == (2, True)
