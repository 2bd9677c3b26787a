"""One OSV record to an Advisory: what is kept, what is refused."""

import json

import pytest

from assay.dependencies.versions import scheme_for
from assay.formats import osv
from assay.model.advisory import VersionRange, VulnerableCode
from assay.model.errors import MalformedError


def _order(ecosystem: str, version: str) -> bytes | None:
    scheme = scheme_for(ecosystem)
    return scheme.key(version) if scheme else None


def _record(**more: object) -> dict[str, object]:
    return {"id": "T-1", "modified": "2026-01-02T03:04:05Z"} | more


def _parse(record: object, **options: object):
    return osv.parse(json.dumps(record).encode(), feed="test", **options)


def _ranges(*events: dict[str, str], ecosystem: str = "PyPI", kind: str = "ECOSYSTEM", order=_order):
    affected = [{"package": {"ecosystem": ecosystem, "name": "p"}, "ranges": [{"type": kind, "events": list(events)}]}]
    return _parse(_record(affected=affected), order=order).affected[0].ranges


def test_a_whole_record():
    found = _parse(
        _record(
            aliases=["GHSA-x", "CVE-2024-1", "CVE-2024-1"],
            upstream=["CVE-2024-9"],
            related=["CVE-2024-8"],
            summary="  Bad\nthing ",
            published="2026-01-01T00:00:00.123Z",
            severity=[{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
            database_specific={"severity": "MODERATE"},
            references=[
                {"type": "WEB", "url": "https://example.org/a"},
                {"type": "FIX", "url": "https://example.org/a"},
            ],
            affected=[
                {
                    "package": {"ecosystem": "PyPI", "name": "p", "purl": "pkg:pypi/p"},
                    "versions": ["1.0", "1.0", "0.9"],
                    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]}],
                }
            ],
            something_new={"deep": [1, 2]},
        )
    )
    assert found.aliases == ("CVE-2024-1", "GHSA-x")
    assert (found.upstream, found.related) == (("CVE-2024-9",), ("CVE-2024-8",))
    assert found.summary == "Bad thing"
    assert (found.scores[0].score, found.scores[0].severity, found.scores[0].source) == (9.8, "critical", "test")
    assert found.severity == "medium"
    assert found.references == ("https://example.org/a",)
    assert found.affected[0].versions == ("0.9", "1.0")
    assert found.affected[0].ranges == (VersionRange(introduced="", fixed="2.0"),)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param([{"introduced": "0"}], [VersionRange()], id="open"),
        pytest.param(
            [{"introduced": "0"}, {"fixed": "1"}, {"introduced": "2"}, {"fixed": "3"}],
            [VersionRange(introduced="", fixed="1"), VersionRange(introduced="2", fixed="3")],
            id="several",
        ),
        pytest.param(
            [{"fixed": "3"}, {"introduced": "10"}, {"introduced": "2"}],
            [VersionRange(introduced="10"), VersionRange(introduced="2", fixed="3")],
            id="in any order",
        ),
        pytest.param(
            [{"introduced": "1"}, {"last_affected": "2"}], [VersionRange(introduced="1", last_affected="2")], id="last"
        ),
        pytest.param(
            [{"introduced": "0"}, {"fixed": "1"}, {"fixed": "2"}], [VersionRange(fixed="1")], id="the first fix closes"
        ),
        pytest.param(
            [{"introduced": "0"}, {"introduced": "1"}, {"fixed": "2"}], [VersionRange(fixed="2")], id="opened twice"
        ),
        pytest.param(
            [{"introduced": "0"}, {"limit": "5"}, {"limit": "40"}], [VersionRange(limit="40")], id="greatest limit"
        ),
        pytest.param([{"introduced": "0"}, {"limit": "*"}], [VersionRange()], id="no limit"),
        pytest.param(
            [{"introduced": "4"}, {"fixed": "3"}],
            [VersionRange(introduced="4", fixed="3")],
            id="fixed before introduced",
        ),
        pytest.param(
            [{"introduced": "4"}, {"last_affected": "3"}],
            [VersionRange(introduced="4", last_affected="3")],
            id="ended before introduced",
        ),
        pytest.param(
            [{"introduced": "9"}, {"fixed": "3"}, {"introduced": "4"}, {"fixed": "5"}],
            [VersionRange(introduced="4", fixed="5"), VersionRange(introduced="9", fixed="3")],
            id="one of two before its introduction",
        ),
        pytest.param(
            [{"fixed": "1"}, {"introduced": "2"}, {"fixed": "3"}],
            [VersionRange(introduced="2", fixed="3")],
            id="a fix too many",
        ),
        pytest.param([{"fixed": "2"}, {"introduced": "2"}], [VersionRange(introduced="2")], id="fixed when introduced"),
        pytest.param([{"fixed": "0"}, {"introduced": "0"}], [VersionRange()], id="fixed before all"),
    ],
)
def test_events_become_intervals(events, expected):
    assert list(_ranges(*events)) == sorted(expected)


def test_events_without_keys_are_taken_as_listed_with_zero_first():
    found = _ranges({"fixed": "b"}, {"introduced": "0"}, order=None)
    assert found == (VersionRange(fixed="b"),)


def test_git_ranges_are_left_out_and_a_package_without_versions_is_unspecified():
    affected = [
        {"package": {"ecosystem": "Go", "name": "p"}, "ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]}
    ]
    found = _parse(_record(affected=affected)).affected[0]
    assert (found.ranges, found.versions, found.state) == ((), (), osv.UNSPECIFIED)


def test_an_affected_entry_without_a_package_is_no_package():
    assert _parse(_record(affected=[{"ranges": []}])).affected == ()


@pytest.mark.parametrize(
    ("more", "category"),
    [
        ({"id": "MAL-2024-1"}, "malicious"),
        ({"database_specific": {"informational": "unmaintained"}}, "informational"),
        ({"affected": [{"package": {"ecosystem": "crates.io", "name": "a"}, "database_specific": {"informational": "unsound"}}]}, "informational"),
        ({"affected": [{"package": {"ecosystem": "crates.io", "name": "a"}, "database_specific": {"informational": None}}]}, "vulnerability"),
        ({}, "vulnerability"),
    ],
)  # fmt: skip
def test_categories(more, category):
    assert _parse(_record(**more)).category == category


def test_withdrawn_is_kept_and_a_zero_date_is_none():
    found = _parse(_record(withdrawn="2025-05-05T00:00:00Z", modified="0001-01-01T00:00:00Z"))
    assert (found.withdrawn, found.modified) == ("2025-05-05T00:00:00Z", "")


def test_a_damaged_vector_keeps_the_record_with_an_unknown_severity():
    found = _parse(
        _record(severity=[{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N"}, {"type": "Ubuntu", "score": "low"}])
    )
    assert [(score.severity, score.vector) for score in found.scores] == [("unknown", "CVSS:3.1/AV:N")]


def test_numbers_without_vectors():
    found = _parse(_record(database_specific={"cvss_v2": 7.5, "cvss_v3": 9.8, "cvss_v4": True}))
    assert [(score.version, score.score, score.severity) for score in found.scores] == [
        ("2.0", 7.5, "high"), ("3", 9.8, "critical"),
    ]  # fmt: skip


def test_the_details_first_paragraph_stands_in_for_a_missing_summary():
    found = _parse(_record(details="First\nparagraph.\n\nSecond."))
    assert found.summary == "First paragraph."
    assert len(_parse(_record(summary="x" * 9_999)).summary) == 300


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "truncated"),
        (b"[]", "Expected"),
        (b'{"modified":"2026-01-01T00:00:00Z"}', "id"),
        (b'{"id":"T-1"}', "modified"),
        (b'{"id":"T 1","modified":"2026-01-01T00:00:00Z"}', "printable"),
        (b'{"id":"T-1","modified":"yesterday"}', "time"),
        (b'{"id":"T-1","modified":"2026-01-01T00:00:00Z","aliases":["a\\u001b[0m"]}', "not an id"),
        (b'{"id":"T-1","modified":"2026-01-01T00:00:00Z","aliases":"CVE-1"}', "array"),
        (b'{"id":"\xff","modified":"2026-01-01T00:00:00Z"}', "UTF-8"),
        (b'{"id":"T-1","modified":"2026-01-01T00:00:00Z","x":' + b"[" * 50_000 + b"]" * 50_000 + b"}", "deep"),
        (b" " * 5_001, "more than"),
    ],
)
def test_what_is_refused(data, reason):
    with pytest.raises(MalformedError, match=reason) as caught:
        osv.parse(data, feed="t", where="feed.jsonl", limit=200_000 if reason == "deep" else 5_000)
    assert caught.value.where.startswith("feed.jsonl")


@pytest.mark.parametrize(
    "events",
    [
        [],
        [{"fixed": "1"}],
        [{"introduced": "0", "fixed": "1"}],
        [{"introduced": ""}],
        [{"introduced": "0"}, {}],
        [{"introduced": "0"}, {"mended": "1"}],
    ],
)
def test_refused_events_name_the_record(events):
    affected = [{"package": {"ecosystem": "PyPI", "name": "p"}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}]
    with pytest.raises(MalformedError, match="T-1"):
        _parse(_record(affected=affected))


def go_entry(name: str = "golang.org/x/net", **specific: object) -> dict[str, object]:
    return {
        "package": {"ecosystem": "Go", "name": name},
        "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.0.0"}]}],
        "ecosystem_specific": specific,
    }


def code_of(*affected: dict[str, object]) -> tuple[VulnerableCode, ...]:
    record = {"id": "GO-2024-0001", "modified": "2024-01-01T00:00:00Z", "affected": list(affected)}
    return osv.parse(json.dumps(record).encode(), feed="go").code


def test_go_says_in_which_functions_the_flaw_lies() -> None:
    item = {"path": "golang.org/x/net/html", "symbols": ["Parse", "Node.X", "Parse"], "goos": ["windows"]}
    expected = VulnerableCode("golang.org/x/net", "golang.org/x/net/html", ("Node.X", "Parse"), ("windows",), ())
    assert code_of(go_entry(imports=[item])) == (expected,)


def test_an_entry_that_names_no_package_is_wholly_affected() -> None:
    named = go_entry(imports=[{"path": "golang.org/x/net/html", "symbols": ["Parse"]}])
    assert code_of(named, go_entry("golang.org/x/text"))[-1] == VulnerableCode("golang.org/x/text")
    assert code_of(go_entry()) == ()


@pytest.mark.parametrize("damaged", ["x", 5, [1], {"path": 1}, [{"path": "a", "symbols": "b"}]])
def test_imports_of_another_form_say_nothing(damaged: object) -> None:
    assert code_of(go_entry(imports=damaged)) == ()


def test_rust_says_in_which_functions_the_flaw_lies() -> None:
    entry = go_entry("smallvec", affects={"functions": ["smallvec::SmallVec::insert_many"], "os": [], "arch": ["x86"]})
    entry["package"] = {"ecosystem": "crates.io", "name": "smallvec"}
    assert code_of(entry) == (VulnerableCode("smallvec", "smallvec", ("smallvec::SmallVec::insert_many",)),)
    assert code_of(entry | {"ecosystem_specific": {"affects": {"functions": []}}}) == ()


def test_a_priority_that_is_no_cvss_is_the_publishers_word():
    """Ubuntu gives its priority as a severity of its own type, often alone."""
    for score, word in (("medium", "medium"), ("negligible", "low"), ("untriaged", "")):
        assert _parse(_record(severity=[{"type": "Ubuntu", "score": score}])).severity == word
    both = [{"type": "Ubuntu", "score": "low"}]
    assert _parse(_record(severity=both, database_specific={"severity": "HIGH"})).severity == "high"
