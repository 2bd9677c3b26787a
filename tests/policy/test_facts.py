"""The fact document: only evidence gets in, only about this subject, and what is unknown is never called absent or fine."""

import json

import pytest

from assay.formats import intoto, predicates
from assay.model.digest import Digest
from assay.model.image import Subject
from assay.model.lifecycle import Lifetime
from assay.model.report import EndOfLife, Sources
from assay.model.statement import ResourceDescriptor
from assay.policy.facts import build
from assay.trust.examine import Row
from assay.trust.observed import observed
from deciding import CLEAN, REPORT, change, seen, signed
from signing import ED25519, NOW, P256

SUBJECT = REPORT.subject
SBOM = (predicates.CYCLONEDX, b'{"components":[{"name":"a","version":"1","purl":"pkg:deb/a@1"},{"name":"b"}]}')


def document(facts):
    return json.loads(facts.document)


def test_open_findings_are_what_nobody_answerable_closed():
    (scan,) = document(build(seen(REPORT), SUBJECT))["findings"]["scans"]
    assert {item["id"]: item["status"] for item in scan["open"]} == {
        "CVE-2024-0001": "affected",
        "CVE-2024-0002": "affected",
        "CVE-2024-0003": "undetermined",
        "MAL-2024-1": "affected",
    }
    assert scan["suppressed_count"] == 1
    assert scan["uncovered_count"] == 1
    assert sum(scan["open_counts"].values()) == 4
    by_id = {item["id"]: item for item in scan["open"]}
    assert by_id["CVE-2024-0002"]["exploited"] is True
    assert by_id["CVE-2024-0001"]["fixable"] == "yes"
    assert by_id["CVE-2024-0003"]["fixable"] == "no"
    assert by_id["MAL-2024-1"]["category"] == "malicious"


@pytest.mark.parametrize("state", ["absent", "failed"])
def test_a_scan_without_data_is_no_scan(state):
    report = change(CLEAN, sources=Sources(state=state, reason="no database"))
    facts = build(seen(report), SUBJECT)
    assert facts.state("findings") == state
    assert document(facts)["findings"]["reason"] == "no database"


def test_nothing_known_is_absent():
    facts = build([], SUBJECT)
    assert {n: s for n, s in facts.states.items() if n not in {"subject", "signatures"}} == dict.fromkeys(
        ["image", "sbom", "findings", "vex", "base", "lifetimes", "locks", "suspicions"], "absent"
    )
    assert facts.state("provenance") == "absent"


def test_evidence_about_another_image_counts_for_nothing_but_is_listed():
    other = Subject(name="other", digest=Digest.of(b"other"))
    facts = build(signed(REPORT), other, rows=[])
    assert facts.state("findings") == "absent"
    assert facts.state("sbom") == "absent"
    listed = document(facts)["signatures"]["attestations"]
    assert listed
    assert not any(a["subject_matches"] for a in listed)


def test_evidence_about_the_index_is_about_this_image():
    child = Subject(name="x", digest=Digest.of(b"child"), index=SUBJECT.digest)
    assert build(seen(REPORT), child).state("findings") == "present"


def test_our_own_inventory_is_an_sbom_only_where_nobody_is_verified():
    assert build(seen(REPORT), SUBJECT).state("sbom") == "present"
    assert build(seen(REPORT), SUBJECT, rows=[]).state("sbom") == "absent"
    assert build(signed(REPORT), SUBJECT, rows=[]).state("sbom") == "absent"
    facts = build(signed(REPORT, SBOM), SUBJECT, rows=[])
    (counted,) = document(facts)["sbom"]["documents"]
    assert (counted["format"], counted["components_count"], counted["unidentified_count"]) == ("cyclonedx", 2, 1)


def test_spdx_counts():
    purl = {"referenceType": "purl", "referenceLocator": "pkg:a/b"}
    spdx = {"packages": [{"name": "a", "externalRefs": [purl]}, {"name": "b"}, {"primaryPackagePurpose": "CONTAINER"}]}
    facts = build(seen(CLEAN, (predicates.SPDX, json.dumps(spdx).encode())), SUBJECT, rows=[])
    (counted,) = document(facts)["sbom"]["documents"]
    assert (counted["format"], counted["components_count"], counted["unidentified_count"]) == ("spdx", 3, 1)


@pytest.mark.parametrize("kind", [predicates.CYCLONEDX, predicates.VULNS, predicates.IMAGE_FACTS])
def test_a_predicate_that_cannot_be_read_fails_its_section(kind):
    subject = ResourceDescriptor(name="x", digest={"sha256": SUBJECT.digest.hex})
    nonsense = {"components": "many", "scanner": 3, "user": []}
    facts = build([observed(intoto.statement([subject], kind, nonsense), NOW)], SUBJECT)
    section = {predicates.CYCLONEDX: "sbom", predicates.VULNS: "findings", predicates.IMAGE_FACTS: "image"}[kind]
    assert facts.state(section) == "failed"


def test_what_could_not_be_fetched_may_be_what_is_missing():
    facts = build([], SUBJECT, rows=[Row(place="a", outcome="unavailable")])
    assert {facts.state(s) for s in ("sbom", "findings", "signatures", "image")} == {"failed"}
    assert facts.state("subject") == "present"


def test_signatures_rest_on_every_claim_they_list():
    for facts in (build(seen(CLEAN), SUBJECT), build(signed(CLEAN), SUBJECT, rows=[])):
        listed = document(facts)["signatures"]["attestations"]
        assert listed
        assert set(facts.evidence["signatures"]) == {entry["evidence"] for entry in listed}


def test_signatures_are_absent_only_where_they_are_asked_for():
    assert build(seen(CLEAN), SUBJECT).state("signatures") == "present"
    assert build(seen(CLEAN), SUBJECT, rows=[]).state("signatures") == "absent"
    assert build(signed(CLEAN), SUBJECT, rows=[]).state("signatures") == "present"


def test_the_newest_scan_of_each_signer_counts():
    old, new = "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"
    evidence = [*signed(REPORT, time=old), *signed(CLEAN, time=new), *signed(CLEAN, signer=ED25519, time=old)]
    scans = document(build(evidence, SUBJECT, rows=[]))["findings"]["scans"]
    assert [(s["finished"], len(s["open"])) for s in scans] in ([(new, 0), (old, 0)], [(old, 0), (new, 0)])
    hiding = [*signed(REPORT, time=new), *signed(CLEAN, time=old)]
    (scan,) = document(build(hiding, SUBJECT, rows=[]))["findings"]["scans"]
    assert len(scan["open"]) == 4


def test_a_foreign_scan_without_details_assumes_nothing_harmless():
    predicate = {
        "scanner": {
            "uri": "pkg:github/other/scanner",
            "db": {"lastUpdate": "2026-01-01T00:00:00Z"},
            "result": [
                {"id": "CVE-1", "severity": [{"method": "nvd", "score": "9.8"}, {"method": "x", "score": "low"}]},
                {"id": "CVE-2", "severity": [{"method": "nvd", "score": "Medium"}]},
                {"id": "CVE-3", "severity": [{"method": "odd", "score": "P1"}]},
                {"id": "CVE-4"},
            ],
        },
        "metadata": {"scanFinishedOn": NOW},
    }
    subject = ResourceDescriptor(name="x", digest={"sha256": SUBJECT.digest.hex})
    evidence = [observed(intoto.statement([subject], "https://in-toto.io/attestation/vulns/v0.1", predicate), NOW)]
    (scan,) = document(build(evidence, SUBJECT))["findings"]["scans"]
    assert {i["id"]: (i["severity"], i["fixable"], i["status"]) for i in scan["open"]} == {
        "CVE-1": ("critical", "unknown", "affected"),
        "CVE-2": ("medium", "unknown", "affected"),
        "CVE-3": ("unknown", "unknown", "affected"),
        "CVE-4": ("unknown", "unknown", "affected"),
    }


@pytest.mark.parametrize(
    ("life", "state"),
    [
        (None, "absent"),
        (EndOfLife(product="debian", cycle="12", state="unknown"), "absent"),
        (EndOfLife(product="debian", cycle="12", state="supported"), "present"),
        (EndOfLife(product="debian", cycle="12", state="ended", date="2020-01-01"), "present"),
    ],
)
def test_base(life, state):
    assert build(seen(change(CLEAN, end_of_life=life)), SUBJECT).state("base") == state


def test_components_appear_only_when_declared():
    assert "components" not in document(build(seen(CLEAN, SBOM), SUBJECT))
    section = document(build(seen(CLEAN, SBOM), SUBJECT, components=True))["components"]
    assert [item["name"] for item in section["items"]] == ["b", "a"]


def test_a_folder_has_only_what_this_process_saw():
    folder = change(CLEAN, subject=Subject(name="rootfs", kind="rootfs"))
    assert build(seen(folder), folder.subject).state("findings") == "present"
    assert build(signed(CLEAN), folder.subject, rows=[]).state("findings") == "absent"


def test_the_document_is_canonical_and_the_time_stands_beside_it():
    one, two = build(seen(REPORT), SUBJECT), build(seen(REPORT)[::-1], SUBJECT)
    assert one.document == two.document
    assert one.digest == str(Digest.of(one.document))
    assert json.loads(one.at(NOW)) == {**document(one), "now": NOW}
    assert one.evidence["findings"] == tuple(
        str(e.digest) for e in seen(REPORT) if "vulns" in e.statement.predicate_type
    )


def test_a_signature_by_another_key_is_told_apart():
    listed = document(build([*signed(CLEAN), *signed(CLEAN, signer=ED25519)], SUBJECT, rows=[]))["signatures"]
    assert len({a["key_id"] for a in listed["attestations"]}) == 2
    assert P256.public_key() != ED25519.public_key()


def test_scans_of_one_second_all_count():
    moment = "2026-11-01T00:00:00Z"
    facts = document(build([*signed(REPORT, time=moment), *signed(CLEAN, time=moment)], SUBJECT, rows=[]))
    assert sorted(len(scan["open"]) for scan in facts["findings"]["scans"]) == [0, 4]


@pytest.mark.parametrize(("older", "newer"), [("2026-11-01T23:00:00+00:00", "2026-11-01T20:00:00-05:00")])
def test_the_newest_is_found_whatever_the_offset(older, newer):
    facts = document(build([*signed(CLEAN, time=older), *signed(REPORT, time=newer)], SUBJECT, rows=[]))
    assert [len(scan["open"]) for scan in facts["findings"]["scans"]] == [4]


def test_a_scan_without_a_time_is_never_hidden():
    dated, undated = "2026-11-01T00:00:00Z", "yesterday"
    facts = document(build([*signed(CLEAN, time=dated), *signed(REPORT, time=undated)], SUBJECT, rows=[]))
    assert sorted(len(scan["open"]) for scan in facts["findings"]["scans"]) == [0, 4]


@pytest.mark.parametrize(
    "row",
    [
        Row(place="a", outcome="unavailable"),
        Row(place="a", outcome="not-trusted", code="DIGEST_MISMATCH"),
        Row(place="a", outcome="not-trusted", code="SIZE_MISMATCH"),
    ],
)
def test_an_old_scan_does_not_speak_for_one_that_could_not_be_fetched(row):
    facts = build(signed(CLEAN), SUBJECT, rows=[row])
    assert facts.state("findings") == "failed"
    assert facts.state("signatures") == "present"


def test_a_rejected_stranger_takes_nothing_away():
    facts = build(signed(CLEAN), SUBJECT, rows=[Row(place="a", outcome="not-trusted", code="KEY_UNKNOWN")])
    assert facts.state("findings") == "present"


def test_rules_see_gaps_and_the_number_of_packages_of_the_distribution():
    (config,) = document(build(seen(REPORT), SUBJECT))["image"]["configs"]
    assert config["gaps"] == {"unknown-program": 1}
    assert (config["distro"], config["os_packages_count"]) == ("debian 12", 1)


def test_releases_that_end_are_facts_and_nobody_looking_is_not_none_ending() -> None:
    ended = Lifetime(product="python", title="Python", cycle="3.9", state="ended", date="2025-10-31", components=("a",))
    fine = Lifetime(product="go", title="Go", cycle="1.30", state="supported")
    base = Lifetime(product="perl", cycle="5.36", state="ended", maintained_by="distribution")
    facts = build(seen(change(CLEAN, lifetimes=(ended, fine, base))), SUBJECT)
    [item] = json.loads(facts.document)["lifetimes"]["items"]
    assert (item["name"], item["lifecycle"], item["ends"], item["components_count"]) == (
        "Python 3.9",
        "ended",
        "2025-10-31",
        1,
    )
    assert facts.evidence["lifetimes"]
    assert build(seen(change(CLEAN, lifetimes=())), SUBJECT).state("lifetimes") == "present"
    assert build(seen(change(CLEAN, lifetimes=None)), SUBJECT).state("lifetimes") == "absent"
