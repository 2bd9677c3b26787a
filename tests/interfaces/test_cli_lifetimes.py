"""What a scan says of runtimes and frameworks whose releases end."""

import msgspec
import pytest

from assay.formats import report as report_json
from assay.formats import vulns
from assay.interfaces.cli import options
from assay.interfaces.cli.render import html, markdown, table
from assay.model.errors import UsageError
from assay.model.lifecycle import Lifetime
from assay.model.report import Report
from assay.settings import from_environment
from reports import sample

LIVES = (
    Lifetime(
        product="python", title="Python", cycle="3.9", state="ended", date="2025-10-31", days=-76, versions=("3.9.7",),
        components=("a",), reason="Python 3.9 has ended on 2025-10-31",
    ),
    Lifetime(
        product="go", title="Go", cycle="1.24", state="supported", soon=True, date="2026-02-11", days=27,
        versions=("1.24.1\x1b[31m", "<b>"), components=("b",), reason="Go 1.24 is supported until 2026-02-11",
    ),
    Lifetime(product="react", title="React", state="unknown", versions=("99",), components=("c",), reason="who knows"),
    Lifetime(product="vue", title="Vue", cycle="3.5", state="supported", versions=("3.5.1",), reason="no end is set"),
    Lifetime(
        product="openssl", title="OpenSSL", cycle="3.0", state="supported", maintained_by="distribution",
        reason="debian 12 maintains it",
    ),
)  # fmt: skip


def ending() -> Report:
    return msgspec.structs.replace(sample(), lifetimes=LIVES)


def test_the_table_ranks_and_counts_them() -> None:
    text = table.render(ending(), columns=100, colour=False)
    part = text[text.index("End of life:") :].split("\n\n")[0].splitlines()
    assert part[0] == "End of life: 1 ended, 1 ending soon, 1 unknown, 1 supported, 1 maintained by the distribution"
    assert [line.split()[0] for line in part[1:]] == ["ended", "in", "unknown"]
    assert "in 27 days" in part[2]
    assert "\x1b" not in text
    assert all(len(line) <= 100 for line in text.splitlines())


def test_everything_lists_the_supported_too() -> None:
    text = table.render(ending(), columns=100, colour=False, everything=True)
    assert "Vue 3.5.1" in text
    assert "OpenSSL" in text


def test_html_and_markdown_show_them_escaped() -> None:
    page = html.render(ending())
    assert "<h2>End of life</h2>" in page
    assert "&lt;b&gt;" in page
    text = markdown.render(ending())
    assert "**End of life:** 1 ended" in text
    assert "Python 3\\.9" in text


def test_the_report_is_read_back() -> None:
    assert report_json.read(report_json.write(ending()), "r").lifetimes == LIVES


def test_the_attestation_carries_what_a_decision_needs() -> None:
    scan = vulns.read(vulns.predicate(ending(), finished="2026-01-02T03:04:05Z"), where="w")
    assert scan.lifetimes is not None
    assert [(e.name, e.state, e.soon) for e in scan.lifetimes] == [
        ("Go 1.24", "supported", True),
        ("Python 3.9", "ended", False),
        ("React", "unknown", False),
    ]


def test_nobody_looked_is_not_nothing_found() -> None:
    assert vulns.read(vulns.predicate(sample(), finished="2026-01-02T03:04:05Z"), where="w").lifetimes is None


def test_flags_come_before_the_environment() -> None:
    found = from_environment({"ASSAY_EOL_WITHIN": "30", "ASSAY_EXTENDED_SUPPORT": "1"})
    assert (found.eol_days, found.extended_support) == (30, True)
    assert options.with_horizon(found, 7, False).eol_days == 7
    assert options.with_horizon(found, None, False).eol_days == 30
    assert not from_environment({}).extended_support


@pytest.mark.parametrize("text", ["soon", "-1", "1e9", "99999999999999999999", "٣"])
def test_a_setting_that_is_no_number_of_days_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        from_environment({"ASSAY_EOL_WITHIN": text})
