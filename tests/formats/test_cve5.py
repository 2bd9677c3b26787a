"""CVE records with what others add to them."""

import json

import pytest

from advisorydbs import built, jsonl, opened
from assay.dependencies.matching import match
from assay.formats.feeds import cve5
from assay.model.advisory import Affected, Kev, Ssvc, VersionRange
from assay.model.errors import MalformedError
from assay.model.inventory import Component

V31 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
V40 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"


def _ssvc(exploitation: str, timestamp: str) -> dict[str, object]:
    options = [{"Exploitation": exploitation}, {"Automatable": "yes"}, {"Technical Impact": "total"}]
    content = {
        "id": "CVE-2024-1111",
        "options": options,
        "role": "CISA Coordinator",
        "timestamp": timestamp,
        "version": "2.0.3",
    }
    return {"other": {"type": "ssvc", "content": content}}


def _record(affected: object = (), state: str = "PUBLISHED", **cna: object) -> dict[str, object]:
    metrics = [
        {"cvssV3_1": {"version": "3.1", "vectorString": V31, "baseScore": 9.8, "baseSeverity": "CRITICAL"}},
        {"cvssV4_0": {"version": "4.0", "vectorString": V40, "baseScore": 9.3}},
        {"format": "CVSS", "cvssV2_0": {"version": "2.0", "vectorString": "AV:?", "baseScore": 7.5}},
    ]
    adp = {
        "title": "CISA ADP Vulnrichment", "providerMetadata": {"orgId": "x", "shortName": "CISA-ADP"},
        "metrics": [
            _ssvc("poc", "2024-05-01T10:00:00Z"), _ssvc("active", "2024-06-02T10:00:00.12Z"),
            {"other": {"type": "kev", "content": {"dateAdded": "2024-06-01", "reference": "https://k.example"}}},
        ],
        "problemTypes": [{"descriptions": [{"cweId": "CWE-502", "type": "CWE", "lang": "en"}]}],
    }  # fmt: skip
    own = {
        "providerMetadata": {"shortName": "example"}, "title": "", "descriptions": [{"lang": "de", "value": "Fehler"}, {"lang": "en", "value": "A  flaw"}],
        "metrics": metrics, "affected": list(affected), "tags": ["disputed"],
        "problemTypes": [{"descriptions": [{"cweId": "CWE-79", "lang": "en"}, {"lang": "en", "description": "n/a"}]}],
    } | cna  # fmt: skip
    return {
        "dataType": "CVE_RECORD", "dataVersion": "5.1",
        "cveMetadata": {"cveId": "CVE-2024-1111", "state": state, "datePublished": "2024-04-30T22:15:00.000Z", "dateUpdated": "2024-07-01T00:00:00.000Z"},
        "containers": {"cna": own, "adp": [adp]},
    }  # fmt: skip


def _parse(record: object):
    return cve5.parse(json.dumps(record).encode(), feed="vulnrichment", where="t")


def test_everything_that_is_said_is_kept_with_its_source():
    found, advisory = _parse(_record())
    assert advisory is None
    assert [(score.version, score.score, score.severity, score.source) for score in found.scores] == [
        ("2.0", 7.5, "high", "example"), ("3.1", 9.8, "critical", "example"), ("4.0", 9.3, "critical", "example"),
    ]  # fmt: skip
    assert found.ssvc == Ssvc(exploitation="active", automatable="yes", technical_impact="total", assessed="2024-06-02")
    assert (found.kev, found.cwes, found.marks) == (Kev(date_added="2024-06-01"), ("CWE-502", "CWE-79"), ("disputed",))
    assert (found.summary, found.state, found.date) == ("A flaw", "PUBLISHED", "2024-07-01")


def test_a_rejected_record_is_its_state_and_its_reason():
    record = _record(state="REJECTED", rejectedReasons=[{"lang": "en", "value": "Not a flaw"}])
    found, advisory = _parse(record)
    assert (found.state, found.summary, found.scores, advisory) == ("REJECTED", "Not a flaw", (), None)


def _versions(*versions: dict[str, object], **more: object) -> dict[str, object]:
    return {"vendor": "v", "product": "p", "versions": list(versions)} | more


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (
            _versions({"version": "1.0", "status": "affected", "lessThan": "1.5.2", "versionType": "semver"}, packageURL="pkg:npm/%40a/b"),
            Affected(ecosystem="npm", name="@a/b", ranges=(VersionRange("1.0", "1.5.2"),)),
        ),
        (
            _versions({"version": "0", "status": "affected", "lessThanOrEqual": "2.14.1", "versionType": "maven"},
                      collectionURL="https://repo.maven.example/maven2", packageName="org.apache:log4j-core"),
            Affected(ecosystem="Maven", name="org.apache:log4j-core", ranges=(VersionRange("", "", "2.14.1"),)),
        ),
        (
            _versions({"version": "3.1", "status": "affected"}, {"version": "3.2", "status": "unaffected"},
                      collectionURL="https://pypi.example/", packageName="a"),
            Affected(ecosystem="PyPI", name="a", versions=("3.1",)),
        ),
        (
            _versions({"version": "2.0", "status": "affected", "versionType": "semver", "lessThan": "*",
                       "changes": [{"at": "2.4", "status": "unaffected"}]}, packageURL="pkg:cargo/a"),
            Affected(ecosystem="crates.io", name="a", ranges=(VersionRange("2.0", "2.4"),)),
        ),
        (_versions(packageURL="pkg:pypi/a", defaultStatus="affected"), Affected(ecosystem="PyPI", name="a", ranges=(VersionRange(),))),
        (_versions({"version": "abc", "status": "affected", "versionType": "git"}, packageURL="pkg:pypi/a"), None),
        (_versions({"version": "1", "status": "affected"}), None),
        (_versions({"version": "1", "status": "affected"}, packageURL="pkg:deb/debian/a"), None),
        (_versions({"version": "1", "status": "affected"}, packageURL="nonsense"), None),
        (_versions({"version": "1", "status": "affected"}, collectionURL="https://pypi.example/", packageName="two words"), None),
        (_versions({"version": "1", "status": "unaffected"}, packageURL="pkg:pypi/a"), None),
    ],
)  # fmt: skip
def test_packages_of_registries_become_ranges(entry, expected):
    _, advisory = _parse(_record([entry]))
    assert (advisory.affected if advisory else ()) == ((expected,) if expected else ())


@pytest.mark.parametrize(
    "data",
    [
        b"", b"[]", b'{"cveMetadata":{"cveId":"CVE-2024-1111","state":"PUBLISHED"}}', b"\xff",
        json.dumps(_record() | {"cveMetadata": {"cveId": "CVE-1", "state": "PUBLISHED"}}).encode(),
        json.dumps(_record(state="RESERVED")).encode(),
        b'{"containers":' + b'{"cna":' * 5_000,
    ],
)  # fmt: skip
def test_other_documents_are_refused(data):
    with pytest.raises(MalformedError) as caught:
        cve5.parse(data, feed="f", where="t")
    assert caught.value.remedy


@pytest.mark.parametrize(
    "metrics",
    [
        [{"other": {"type": "ssvc", "content": []}}, {"other": 1}, {"cvssV3_1": 1}, {"cvssV3_1": {"vectorString": 1}}],
        [{"other": {"type": "ssvc", "content": {"options": {"Exploitation": "x"}, "timestamp": 1}}}],
        [
            {"other": {"type": "kev", "content": {"dateAdded": 1}}},
            {"cvssV3_1": {"vectorString": "x", "baseScore": 1e9}},
        ],
    ],
)
def test_odd_metrics_say_nothing(metrics):
    record = _record(metrics=metrics)
    record["containers"]["adp"] = []
    found, _ = _parse(record)
    assert found.kev is None
    assert all(score.severity == "unknown" for score in found.scores)


def test_built_and_matched_with_the_marks_in_the_reasons(tmp_path):
    entry = _versions(
        {"version": "1.0", "status": "affected", "lessThan": "1.5.2", "versionType": "semver"}, packageURL="pkg:npm/b"
    )
    jsonl(tmp_path / "feeds" / "vulnrichment.jsonl", [_record([entry])])
    report = built(tmp_path / "feeds", tmp_path / "a.db")
    assert report.status.feeds[0].date == "2024-07-01"
    database = opened(tmp_path / "a.db")
    facts = database.enrich(["CVE-2024-1111"])["CVE-2024-1111"]
    assert (facts.cwes, facts.marks, facts.ssvc.assessed) == (("CWE-502", "CWE-79"), ("disputed",), "2024-06-02")
    assert facts.kev.date_added == "2024-06-01"
    component = Component(key="b", purl="pkg:npm/b@1.2.0", ecosystem="npm", name="b", version="1.2.0")
    (finding,) = match([component], None, database).findings
    database.close()
    assert (finding.id, finding.status, finding.fixed_in) == ("CVE-2024-1111", "affected", ("1.5.2",))
    assert "marked disputed" in next(step.says for step in finding.reasons if step.rung == "advisory")
