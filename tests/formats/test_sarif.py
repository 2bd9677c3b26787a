"""SARIF: every result has a place, a level and a stable fingerprint; what is cut is said."""

import json
from typing import Any

import msgspec
import pytest

from assay.formats import sarif
from assay.model.advisory import Kev, Score
from assay.model.inventory import Component, Occurrence
from assay.model.report import Report, Sources
from reports import SSL, WHEEL, finding, report, sample


def run(value: Report) -> dict[str, Any]:
    log = json.loads(sarif.write(value))
    assert log["version"] == "2.1.0"
    (only,) = log["runs"]
    return only  # type: ignore[no-any-return]


def said(value: dict[str, Any]) -> str:
    return " ".join(n["message"]["text"] for n in value["invocations"][0]["toolExecutionNotifications"])


def test_results_rules_and_levels() -> None:
    only = run(sample())
    results = only["results"]
    rules = only["tool"]["driver"]["rules"]
    assert len(results) == 6
    assert [r["ruleId"] for r in results][:3] == ["CVE-2025-0001", "CVE-2025-0001", "CVE-2025-0002"]
    assert [r["level"] for r in results][:3] == ["error", "error", "note"]
    for result in results:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["locations"]
        assert result["partialFingerprints"]
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert uri.isascii()
        assert not uri.startswith("/")
    assert rules[0]["properties"]["security-severity"] == "9.8"  # of the newest CVSS, not the highest number
    assert results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "var/lib/dpkg/status"
    assert "%FF" in results[1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert "may be affected" in results[1]["message"]["text"]


def test_suppressed_findings_stay_with_who_and_why() -> None:
    by_rule = {r["ruleId"]: r for r in run(sample())["results"]}
    vex = by_rule["CVE-2025-0003"]["suppressions"]
    assert vex[0]["kind"] == "external"
    assert "component_not_present" in vex[0]["justification"]
    assert "Jane" in vex[0]["justification"]
    assert by_rule["CVE-2025-0004"]["suppressions"][0]["justification"] == "removed above"
    assert "suppressions" not in by_rule["CVE-2025-0002"]


def test_text_of_images_and_feeds_is_only_text() -> None:
    rule = run(sample())["tool"]["driver"]["rules"][0]
    text = rule["shortDescription"]["text"]
    assert "\\[click\\](http://x) {{0}}" in text
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_fingerprints_survive_versions_and_differ_by_package() -> None:
    one = sarif.fingerprint(finding("CVE-1"))
    assert one == sarif.fingerprint(finding("CVE-1", purl="pkg:deb/debian/libssl3@9?arch=arm64", layer=3))
    assert one != sarif.fingerprint(finding("CVE-2"))
    assert one != sarif.fingerprint(finding("CVE-1", WHEEL))


def test_code_scanning_gets_what_it_reads() -> None:
    """GitHub reads the rule's severity number and help, a line of each place, and one fingerprint of this name."""
    one = run(sample())
    rules = one["tool"]["driver"]["rules"]
    assert all(rule["shortDescription"]["text"] and rule["help"]["text"] for rule in rules)
    assert any(0 < float(rule["properties"].get("security-severity", 0)) <= 10 for rule in rules)
    for result in one["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["partialFingerprints"]["primaryLocationLineHash"]
        assert all(p["physicalLocation"]["region"]["startLine"] >= 1 for p in result["locations"])


def test_what_the_results_do_not_show_is_said() -> None:
    text = said(run(sample()))
    assert "2 gaps" in text
    assert "1 components are covered by no advisory source" in text
    absent = msgspec.structs.replace(sample(), sources=Sources(state="failed", reason="no such file"))
    only = run(absent)
    assert "no such file" in said(only)
    assert only["invocations"][0]["executionSuccessful"] is False


def test_too_many_results_are_cut_the_least_severe_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "RESULTS_COUNT", 3)
    only = run(sample())
    assert [r["ruleId"] for r in only["results"]] == ["CVE-2025-0001", "CVE-2025-0001", "CVE-2025-0002"]
    assert "3 of 6 findings are left out" in said(only)


def test_the_upload_stays_within_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "COMPRESSED_BYTES", 1_500)
    assert len(run(sample())["results"]) < 6
    assert "left out" in said(run(sample()))


def test_too_many_locations_are_cut() -> None:
    component = Component(
        key=SSL,
        purl="",
        ecosystem="deb",
        name="x",
        version="1",
        occurrences=tuple(Occurrence(f"p{n:05}", 0, "archive") for n in range(1_200)),
    )
    only = run(msgspec.structs.replace(report(finding("CVE-1")), components=(component,)))
    assert len(only["results"][0]["locations"]) == 1_000
    assert "more than 1000 locations" in said(only)


@pytest.mark.parametrize(
    ("path", "uri"),
    [("/etc/x", "etc/x"), ("../../etc/x", "etc/x"), ("a b\udcff:c", "a%20b%FF%3Ac"), ("a.war!/b.jar", "a.war!/b.jar")],
)
def test_paths_become_relative_references(path: str, uri: str) -> None:
    component = Component(
        key=SSL, purl="", ecosystem="", name="x", version="", occurrences=(Occurrence(path, 0, "archive"),)
    )
    only = run(msgspec.structs.replace(report(finding("CVE-1")), components=(component,)))
    assert only["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_without_a_place_the_subject_is_the_place() -> None:
    only = run(msgspec.structs.replace(report(finding("CVE-1")), components=()))
    assert only["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "debian%3A12"
    assert run(report())["results"] == []


def test_what_is_malicious_comes_first_and_has_no_cvss() -> None:
    evil = finding(
        "MAL-2024-1", category="malicious", severity="low", scores=(Score("3.1", 2.0, "low", "CVSS:3.1/x", "feed"),)
    )
    only = run(report(finding("CVE-2025-0001", severity="critical"), evil))
    first = only["results"][0]
    assert (first["ruleId"], first["level"]) == ("MAL-2024-1", "error")
    assert "known to be malicious" in first["message"]["text"]
    (rule,) = [rule for rule in only["tool"]["driver"]["rules"] if rule["id"] == "MAL-2024-1"]
    assert rule["properties"]["security-severity"] == "10.0"


def test_what_is_known_to_be_exploited_is_an_error_and_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "RESULTS_COUNT", 2)
    severe = [finding(f"CVE-2025-1{n}", severity="critical") for n in range(3)]
    exploited = finding("CVE-2025-2000", severity="unknown", kev=Kev(date_added="2025-02-01"))
    (run,) = json.loads(sarif.write(report(*severe, exploited)))["runs"]
    assert [result["ruleId"] for result in run["results"]] == ["CVE-2025-2000", "CVE-2025-10"]
    assert run["results"][0]["level"] == "error"
