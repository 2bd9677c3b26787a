"""Reports for people: they fit, they are honest, and nothing in them can misbehave."""

import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.interfaces.cli.render import html, ladder, markdown, table
from assay.interfaces.cli.render.text import cut, cut_start, pad, safe, width
from assay.interfaces.cli.render.view import at_least, tallies, view, why_not
from assay.model.finding import FindingStatus, Step
from assay.model.lock import LockState
from assay.model.report import Sources
from fakes.report import HOSTILE, REPORT

GOLDEN = Path(__file__).resolve().parent.parent / "golden"


@pytest.mark.parametrize("columns", [80, 200])
def test_the_table_looks_as_agreed(columns: int) -> None:
    assert table.render(REPORT, columns=columns, colour=False) == (GOLDEN / f"table-{columns}.txt").read_text()


@given(st.integers(60, 240), st.booleans())
def test_no_line_is_wider_than_the_terminal(columns: int, everything: bool) -> None:
    for line in table.render(REPORT, columns=columns, colour=False, everything=everything).splitlines():
        assert width(line) <= columns, line


def test_no_colour_when_it_is_not_wanted_and_some_when_it_is() -> None:
    assert "\x1b" not in table.render(REPORT, columns=100, colour=False)
    assert "\x1b[" in table.render(REPORT, columns=100, colour=True)


@given(st.text())
def test_safe_text_holds_no_control_character(text: str) -> None:
    assert all(c.isprintable() or c == " " for c in safe(text)) or not re.search(
        r"[\x00-\x1f\x7f-\x9f\u202a-\u202e]", safe(text)
    )
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", safe(text))


@given(st.text(), st.integers(0, 40))
def test_cut_and_padded_cells_have_the_width_they_claim(text: str, columns: int) -> None:
    assert width(cut(text, columns)) <= columns
    assert width(pad(text, columns)) == columns


@given(st.text(alphabet="abc/\u4e2d", max_size=30), st.integers(0, 20))
def test_a_name_cut_at_its_start_keeps_its_end(text: str, columns: int) -> None:
    told = cut_start(text, columns)
    assert width(told) <= columns
    if text.isascii() and columns > 1:
        assert text.endswith(told.removeprefix("…"))


def test_modules_can_be_told_apart_in_few_columns() -> None:
    finding = msgspec.structs.replace(REPORT.findings[0], name="golang.org/x/crypto", version="v0.31.0+incompatible")
    report = msgspec.structs.replace(REPORT, findings=(finding,))
    text = table.render(report, columns=60, colour=False, everything=True)
    assert "x/crypto " in text
    assert "golang.o…" not in text


def test_an_id_that_is_a_sentence_leaves_room_for_the_rest() -> None:
    long = "RETIREJS-event-stream-Project-compromised-malicious-version-published"
    finding = msgspec.structs.replace(REPORT.findings[0], id=long, name="flatmap-stream", version="0.1.1")
    report = msgspec.structs.replace(REPORT, findings=(finding, REPORT.findings[1]))
    narrow = table.render(report, columns=80, colour=False, everything=True)
    assert "RETIREJS-event-stream-P…  flatmap-stre…  0.1.1" in narrow
    assert "NOTE" in table.render(report, columns=100, colour=False, everything=True)
    assert long in table.render(report, columns=240, colour=False, everything=True)


def test_of_a_maven_name_the_artifact_stays() -> None:
    finding = msgspec.structs.replace(REPORT.findings[0], name="org.apache.logging.log4j:log4j-core", version="2.14.1")
    text = table.render(msgspec.structs.replace(REPORT, findings=(finding,)), columns=70, colour=False, everything=True)
    assert "log4j-core" in text
    assert "org.apache" not in text


def test_malicious_comes_first_then_exploited_then_severity() -> None:
    assert [f.id for f in view(REPORT).open] == ["MAL-2024-1", "CVE-2024-0002", "CVE-2024-0001"]


def test_unknown_severity_reaches_no_threshold() -> None:
    assert not at_least("unknown", "low")
    assert at_least("critical", "high")
    assert not at_least("medium", "high")


@pytest.mark.parametrize(
    ("status", "step", "note"),
    [
        ("not_affected", Step("layer", "in a lower layer (1), removed above by layer 2"), "removed above by layer 2"),
        ("not_affected", Step("fix", "1-1~bpo12 is 1-1 rebuilt for an older release"), "rebuilt for"),
        ("undetermined", Step("range", "(devel) cannot be compared with: < 2"), "cannot be compared"),
        ("affected", Step("layer", "introduced in layer 1"), ""),
    ],
)
def test_what_does_not_count_says_why(status: FindingStatus, step: Step, note: str) -> None:
    one = msgspec.structs.replace(REPORT.findings[0], status=status, suppressed=None, reasons=(step,))
    said = table.render(msgspec.structs.replace(REPORT, findings=(one,)), columns=200, colour=False, everything=True)
    assert note in said
    assert bool(why_not(one)) == bool(note)


def test_without_data_the_table_does_not_look_clean() -> None:
    bare = msgspec.structs.replace(
        REPORT, findings=(), sources=Sources(state="absent", reason="no database"), verdict=None
    )
    text = table.render(bare, columns=80, colour=False)
    assert "No advisory data was used" in text
    assert "0 findings" not in text


def test_every_rendering_counts_what_does_not_count() -> None:
    step = Step("symbol", "the flaw lies in a/b; none of it is linked into bin/app")
    cleared = msgspec.structs.replace(REPORT.findings[0], status="not_affected", suppressed=None, reasons=(step,))
    lock = LockState(ecosystem="npm", present="yes", hashed="all", with_manifest="no", with_installed="yes")
    report = msgspec.structs.replace(REPORT, findings=(cleared, *REPORT.findings[1:]), locks=(lock,))
    plain = table.render(report, columns=120, colour=False)
    text, page = markdown.render(report), html.render(report)
    for count, what in tallies(report, view(report)):
        assert f"{count} {what}" in plain
        assert f"{count} {what}" in text
    assert any("not affected" in what for _, what in tallies(report, view(report)))
    assert f"<b>{len(view(report).not_affected)}</b>not affected" in page
    assert step.says in page
    for made in (plain, text, page):
        assert "1 project, 1 out of step" in made


def test_without_data_no_rendering_counts_findings() -> None:
    absent = Sources(state="absent", reason="no database")
    bare = msgspec.structs.replace(REPORT, findings=(), sources=absent, verdict=None)
    text, page = markdown.render(bare), html.render(bare)
    assert "0 findings" not in text
    assert "undetermined" not in page
    for made in (text, page):
        assert "Nothing here says that a package is free of vulnerabilities" in made


def test_html_is_one_page_without_script_or_request() -> None:
    page = html.render(REPORT)
    assert "<script" not in page.lower()
    assert "\x1b" not in page
    assert not re.search(r"""(?:src|href)\s*=""", page)
    assert "default-src 'none'" in page


def test_markdown_shows_hostile_names_literally() -> None:
    text = markdown.render(REPORT)
    assert "<script>" not in text
    assert "\x1b" not in text
    assert markdown.escape("|") == "\\|"
    rows = [line for line in text.splitlines() if line.startswith("| MAL") or "MAL\\-2024" in line]
    assert rows
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 7 for row in rows)


@pytest.mark.parametrize("identifier", ["CVE-2024-0001", "cve-2024-0001", "DEBIAN-CVE-2024-0001"])
def test_the_ladder_is_found_by_any_of_its_names(identifier: str) -> None:
    text, found = ladder.render(REPORT, identifier, colour=False)
    assert found
    assert "installed" in text
    assert "libfoo 1.2.3-4+deb12u1" in text


def test_the_ladder_of_nothing_says_how_far_it_looked() -> None:
    text, found = ladder.render(REPORT, "CVE-1999-1", colour=False)
    assert not found
    assert "1 feeds" in text
    assert "1 packages are covered by none" in text


def test_hostile_text_is_really_in_the_fixture() -> None:
    assert "\x1b" in HOSTILE
    assert any(HOSTILE in f.name for f in REPORT.findings)
