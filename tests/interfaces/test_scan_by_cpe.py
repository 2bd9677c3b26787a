"""`assay scan --cpe`: off unless asked for; then weak findings that say what they rest on."""

import gzip
import json

from command import assay

VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"


def test_cpe_matches_are_off_by_default_and_labelled_when_on(tmp_path):
    match = {
        "vulnerable": True, "criteria": "cpe:2.3:a:example:thing:*:*:*:*:*:*:*:*", "versionEndExcluding": "2.0",
        "matchCriteriaId": "x",
    }  # fmt: skip
    cve = {
        "id": "CVE-2024-1111", "vulnStatus": "Analyzed", "published": "2024-01-01T00:00:00.000",
        "metrics": {"cvssMetricV31": [{"cvssData": {"vectorString": VECTOR}}]},
        "configurations": [{"nodes": [{"operator": "OR", "negate": False, "cpeMatch": [match]}]}],
    }  # fmt: skip
    feeds = tmp_path / "feeds"
    feeds.mkdir()
    page = {"timestamp": "2024-03-03T00:00:00.000", "vulnerabilities": [{"cve": cve}]}
    (feeds / "nvdcve-2.0-2024.json.gz").write_bytes(gzip.compress(json.dumps(page).encode()))
    database = str(tmp_path / "a.db")
    assert assay("db", "build", "--from", str(feeds), "--out", database, home=tmp_path).code == 0
    component = {
        "type": "application", "name": "thing", "version": "1.5", "bom-ref": "a", "purl": "pkg:generic/thing@1.5",
        "cpe": "cpe:2.3:a:example:thing:1.5:*:*:*:*:*:*:*",
    }  # fmt: skip
    sbom = tmp_path / "sbom.json"
    sbom.write_text(
        json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": [component]})
    )
    plain = assay("scan", f"sbom:{sbom}", "--db", database, "--no-policy", "-o", "json", home=tmp_path)
    assert json.loads(plain.out)["findings"] == []
    asked = assay("scan", f"sbom:{sbom}", "--db", database, "--no-policy", "-o", "json", "--cpe", home=tmp_path)
    (finding,) = json.loads(asked.out)["findings"]
    assert (finding["id"], finding["confidence"], finding["fixed_in"]) == ("CVE-2024-1111", "weak", ["2.0"])
    assert "CPE match, weak" in json.dumps(finding["reasons"])
    by_setting = assay(
        "scan", f"sbom:{sbom}", "--db", database, "--no-policy", "-o", "json", home=tmp_path, env={"ASSAY_CPE": "1"}
    )
    assert len(json.loads(by_setting.out)["findings"]) == 1
