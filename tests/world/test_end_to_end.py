"""The main job, typed as a person types it: scan, attest, sign, attach, verify, verdict; and what must not pass."""

import json
from pathlib import Path

import pytest

from command import Done, assay
from fakes.feeds import feeds
from fakes.layouts import LayoutBuilder, demo_layers, layout


class Place:
    """A folder with an image, a database and a key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.image = f"oci-dir:{folder}/image"
        self.db = str(folder / "advisories.db")
        self.key = str(folder / "assay.key")

    def run(self, *words: str, **how: object) -> Done:
        return assay(*words, home=self.folder / "home", **how)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Made once: the tests of this file only read it, or work on copies."""
    made = Place(tmp_path_factory.mktemp("place"))
    layout(made.folder / "image", demo_layers())
    feeds(made.folder / "feeds")
    done = made.run("db", "build", "--from", str(made.folder / "feeds"), "--out", made.db)
    assert done.code == 0, done.err
    done = made.run("keys", "generate", made.key, "--no-passphrase")
    assert done.code == 0, done.err
    return made


@pytest.fixture(scope="module")
def report(place: Place) -> dict[str, object]:
    done = place.run("scan", place.image, "--db", place.db, "-o", "json", "-q")
    assert done.code in (0, 1), done.err
    found = json.loads(done.out)
    assert isinstance(found, dict)
    return found


def findings(report: dict[str, object]) -> dict[str, dict[str, object]]:
    return {finding["id"]: finding for finding in report["findings"]}  # type: ignore[index, attr-defined, misc]


def test_the_report_has_the_promised_parts(report: dict[str, object]) -> None:
    assert {"subject", "components", "findings", "gaps", "sources", "verdict"} <= set(report)


def test_components_are_what_was_put_in(report: dict[str, object]) -> None:
    names = {(c["name"], c["version"], c["removed_by"] is None) for c in report["components"]}  # type: ignore[attr-defined]
    assert ("openssl", "3.0.9-1", True) in names
    assert {n for n in names if str(n[0]).lower() == "requests"} == {
        ("requests", "2.30.0", False),
        ("requests", "2.32.3", True),
    }


def test_findings_carry_their_reasons(report: dict[str, object]) -> None:
    found = findings(report)
    openssl = found["CVE-2023-1111"]
    assert openssl["status"] == "affected"
    assert openssl["fixed_in"] == ["3.0.11-1"]
    assert openssl["kev"]["date_added"] == "2025-05-05"  # type: ignore[index]
    jinja = found["CVE-2024-2222"]
    assert jinja["severity"] == "critical"
    assert jinja["epss"]["score"] == 0.5  # type: ignore[index]
    assert {"installed", "range"} <= {step["rung"] for step in jinja["reasons"]}  # type: ignore[attr-defined]


def test_a_removed_package_is_not_a_finding_that_counts(report: dict[str, object]) -> None:
    removed = findings(report).get("CVE-2023-3333")
    assert removed is not None
    assert removed["status"] == "not_affected"


def test_a_package_no_feed_speaks_for_is_uncovered_not_clean(report: dict[str, object]) -> None:
    assert any("bash" in row["component"] for row in report["uncovered"])  # type: ignore[attr-defined]


def test_known_exploited_is_denied_with_a_reason(report: dict[str, object]) -> None:
    verdict = report["verdict"]
    assert verdict["decision"] == "deny"  # type: ignore[index]
    reasons = {reason["rule"]: reason for reason in verdict["reasons"]}  # type: ignore[index]
    assert reasons["vuln.kev"]["outcome"] == "violated"
    assert reasons["vuln.kev"]["evidence"]
    assert "CVE-2023-1111" in " ".join(reasons["vuln.kev"]["messages"])


def test_every_reason_names_the_evidence_it_used(report: dict[str, object]) -> None:
    reasons = report["verdict"]["reasons"]  # type: ignore[index]
    bare = [r["rule"] for r in reasons if not r["evidence"] and r["outcome"] in {"pass", "violated"}]
    assert bare == []
    assert len({r["rule"] for r in reasons}) == len(reasons)


@pytest.mark.parametrize("release", [None, b'ID=ubuntu\nVERSION_ID="24.04"\n'], ids=["unknown", "uncovered"])
def test_packages_nobody_judged_are_not_allowed(place: Place, tmp_path: Path, release: bytes | None) -> None:
    """Whoever takes os-release away, or names another distribution, gets no clean bill."""
    base = {path: data for path, data in demo_layers()[0].items() if path != "etc/os-release"}
    layout(tmp_path / "image", [base | ({"etc/os-release": release} if release else {})])
    done = place.run("scan", f"oci-dir:{tmp_path}/image", "--db", place.db, "-q", "-o", "json")
    assert done.code == 1, done.err
    reasons = {reason["rule"]: reason["outcome"] for reason in json.loads(done.out)["verdict"]["reasons"]}
    assert reasons["vuln.scan_present"] == "violated"


def test_exit_codes_of_scan(place: Place) -> None:
    base = ("scan", place.image, "--db", place.db, "-q", "-o", "json")
    assert place.run(*base).code == 1
    assert place.run(*base, "--no-policy").code == 0
    assert place.run(*base, "--no-policy", "--fail-on", "critical").code == 1
    assert place.run("scan", f"oci-dir:{place.folder}/nothing", "-q").code == 2
    assert place.run("scan", place.image, "-o", "nonsense").code == 2
    assert place.run("scan", place.image, "--nonsense").code == 2


def test_without_a_database_nothing_is_called_clean(place: Place) -> None:
    done = place.run("scan", place.image, "--db", str(place.folder / "none.db"), "-q", "--no-policy")
    assert done.code == 0
    assert b"No advisory data was used" in done.out
    denied = place.run("scan", place.image, "--db", str(place.folder / "none.db"), "-q", "-o", "json")
    assert denied.code in (1, 75)
    assert json.loads(denied.out)["verdict"]["decision"] == "deny"


@pytest.mark.parametrize("form", ["cyclonedx-json", "spdx-json"])
def test_scanning_the_sbom_equals_scanning_the_image(
    place: Place, report: dict[str, object], form: str, tmp_path: Path
) -> None:
    sbom = tmp_path / "sbom.json"
    assert place.run("sbom", place.image, "-o", f"{form}={sbom}").code == 0
    again = place.run("scan", f"sbom:{sbom}", "--db", place.db, "-q", "-o", "json")
    assert json.loads(again.out) == report
    piped = place.run("scan", "-", "--db", place.db, "-q", "-o", "json", stdin=sbom.read_bytes())
    assert json.loads(piped.out) == report


def test_the_same_input_gives_the_same_bytes(place: Place, tmp_path: Path) -> None:
    outputs = []
    for round_, extra in enumerate(([], ["--no-cache"])):
        names = {
            form: tmp_path / f"{form}-{round_}"
            for form in ("cyclonedx-json", "spdx-json", "json", "sarif", "openvex", "html")
        }
        words = [w for form, path in names.items() for w in ("-o", f"{form}={path}")]
        assert place.run("scan", place.image, "--db", place.db, "-q", *words, *extra).code == 1
        outputs.append([path.read_bytes() for path in names.values()])
    assert outputs[0] == outputs[1]


def test_explain_prints_the_ladder(place: Place) -> None:
    done = place.run("explain", "CVE-2024-2222", place.image, "--db", place.db)
    assert done.code == 0
    assert b"3.1.2" in done.out
    assert b"PYSEC-2024-1" in done.out
    assert place.run("explain", "CVE-1999-0001", place.image, "--db", place.db).code == 1


def test_vex_suppresses_and_stays_visible(place: Place, tmp_path: Path) -> None:
    document = {
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.org/vex/1", "author": "Vendor",
        "timestamp": "2026-01-01T00:00:00Z", "version": 1,
        "statements": [{"vulnerability": {"name": "CVE-2024-2222"}, "products": [{"@id": "pkg:pypi/jinja2@3.1.2"}],
                        "status": "not_affected", "justification": "vulnerable_code_not_in_execute_path"}],
    }  # fmt: skip
    path = tmp_path / "vex.json"
    path.write_text(json.dumps(document))
    done = place.run("scan", place.image, "--db", place.db, "-q", "-o", "json", "--vex", str(path))
    found = findings(json.loads(done.out))["CVE-2024-2222"]
    assert found["suppressed"]["by"] == "Vendor"  # type: ignore[index]
    assert found["suppressed"]["justification"] == "vulnerable_code_not_in_execute_path"  # type: ignore[index]


@pytest.fixture
def signed(place: Place, tmp_path: Path) -> Place:
    """A place of its own with an attested and signed image."""
    mine = Place(tmp_path)
    layout(mine.folder / "image", demo_layers())
    mine.db, mine.key = place.db, place.key
    attested = mine.run("attest", mine.image, "--db", mine.db, "--key", mine.key)
    assert attested.code == 0, attested.err
    done = mine.run("sign", mine.image, "--key", mine.key)
    assert done.code == 0, done.err
    return mine


def test_verify_decides_from_the_attached_evidence_alone(signed: Place) -> None:
    done = signed.run("verify", signed.image, "--key", f"{signed.key}.pub", "-o", "json")
    assert done.code == 0, done.err
    rows = json.loads(done.out)["rows"]
    assert {row["outcome"] for row in rows} == {"verified"}
    types = {row["predicate_type"] for row in rows}
    assert "https://cyclonedx.org/bom" in types
    assert "https://slsa.dev/verification_summary/v1" in types
    decided = signed.run("verify", signed.image, "--key", f"{signed.key}.pub", "--policy", "default", "-o", "json")
    assert decided.code == 1
    assert json.loads(decided.out)["verdict"]["decision"] == "deny"
    named = signed.run("verify", signed.image, "--key", f"{signed.key}.pub", env={"ASSAY_POLICY": "default"})
    assert named.code == 1, "a policy that the settings name decides too"


def test_attesting_twice_writes_nothing_new(signed: Place) -> None:
    before = sorted(p.name for p in (signed.folder / "image/blobs/sha256").iterdir())
    again = signed.run("attest", signed.image, "--db", signed.db, "--key", signed.key)
    assert again.code == 0, again.err
    assert sorted(p.name for p in (signed.folder / "image/blobs/sha256").iterdir()) == before


def test_another_key_is_not_trusted(signed: Place) -> None:
    other = str(signed.folder / "other.key")
    assert signed.run("keys", "generate", other, "--no-passphrase", "--kind", "ed25519").code == 0
    done = signed.run("verify", signed.image, "--key", f"{other}.pub")
    assert done.code == 3


def test_an_unsigned_image_does_not_verify(place: Place) -> None:
    done = place.run("verify", place.image, "--key", f"{place.key}.pub")
    assert done.code == 3
    assert b"no evidence" in done.out.lower() or "no evidence" in done.err.lower()


def test_evidence_about_another_image_is_refused(signed: Place, tmp_path: Path) -> None:
    """The attacker copies all evidence of a good image beside a bad one."""
    bad = LayoutBuilder(tmp_path / "bad")
    descriptor = bad.image([{"etc/os-release": b"ID=debian\n"}])
    for blob in (signed.folder / "image/blobs/sha256").iterdir():
        (tmp_path / "bad/blobs/sha256" / blob.name).write_bytes(blob.read_bytes())
    index = json.loads((signed.folder / "image/index.json").read_bytes())
    kept = []
    for entry in index["manifests"]:
        manifest = json.loads((tmp_path / "bad/blobs/sha256" / entry["digest"][7:]).read_bytes())
        if "subject" in manifest:
            manifest["subject"] = {k: descriptor[k] for k in ("mediaType", "digest", "size")}
            kept.append(bad.put(json.dumps(manifest).encode(), entry["mediaType"]))
    bad.index(descriptor | {"annotations": {"org.opencontainers.image.ref.name": "latest"}}, *kept)
    done = signed.run("verify", f"oci-dir:{tmp_path}/bad:latest", "--key", f"{signed.key}.pub")
    assert done.code == 3


def test_a_changed_layer_is_found(place: Place, tmp_path: Path) -> None:
    layout(tmp_path / "image", demo_layers())
    manifest = json.loads((tmp_path / "image/index.json").read_bytes())["manifests"][0]["digest"][7:]
    layer = json.loads((tmp_path / "image/blobs/sha256" / manifest).read_bytes())["layers"][0]["digest"][7:]
    blob = tmp_path / "image/blobs/sha256" / layer
    data = bytearray(blob.read_bytes())
    data[-9] ^= 1
    blob.write_bytes(data)
    done = place.run("scan", f"oci-dir:{tmp_path}/image", "-q", "--no-cache")
    assert done.code == 3
    assert layer in done.err
    assert not done.out


def test_help_of_every_command_and_completion(place: Place) -> None:
    for command in ("scan", "sbom", "explain", "attest", "sign", "verify", "db", "keys", "completion"):
        assert place.run(command, "--help").code == 0
    assert b"_ASSAY_COMPLETE" in place.run("completion", "bash").out


def test_errors_are_one_line_with_a_remedy(place: Place, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{")
    done = place.run("scan", f"sbom:{tmp_path}/x.json")
    assert done.code == 65
    assert len(done.err.strip().splitlines()) == 1
    assert "Traceback" not in done.err
