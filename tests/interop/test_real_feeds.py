"""Real slices of feeds, read as they were published, against what the projects that keep them expect of them."""

import json
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from assay.adapters.feedfiles import FeedDirectory
from assay.dependencies.versions import scheme_for
from assay.flows import db
from assay.formats import osv
from assay.formats.feeds import alpinesecdb, csafvex, cve5, debiantracker, epss, kev, nvd
from assay.formats.feeds.told import Told
from assay.model.advisory import Ssvc
from assay.model.errors import MalformedError
from assay.ports.stores import DatabaseStatus
from command import assay
from realfeeds import vulnerablecode, vunnel

pytestmark = pytest.mark.interop
Fix = tuple[str, str, str]
"""CVE, package, the version that fixes it (`0`: never affected, `None`: no fix)."""


def expected(folder: Path) -> dict[str, set[Fix]]:
    """What vunnel makes of a feed, by namespace."""
    found: dict[str, set[Fix]] = {}
    for path in folder.rglob("*.json"):
        said = json.loads(path.read_bytes())["item"]["Vulnerability"]
        for one in said["FixedIn"]:
            version = one["Version"].removeprefix("0:")
            found.setdefault(said["NamespaceName"], set()).add((said["Name"], one["Name"], version))
    return found


def fixes(told: Iterable[Told | MalformedError], prefix: str) -> Iterator[tuple[str, Fix]]:
    """(ecosystem, fix) of everything that was read."""
    for one in told:
        assert not isinstance(one, MalformedError), one
        if one.advisory is not None:
            identifier = one.advisory.id.removeprefix(prefix)
            for affected in one.advisory.affected:
                for bound in affected.ranges:
                    yield affected.ecosystem, (identifier, affected.name, bound.fixed or "None")
        for never in one.unaffected:
            yield never.ecosystem, (never.id, never.name, "0")


# ---- secdb


@pytest.mark.parametrize(
    ("provider", "snapshots", "ecosystem"),
    [
        ("wolfi", "snapshots/wolfi_rolling", "Wolfi"), ("chainguard", "snapshots/secdb/chainguard_rolling", "Chainguard"),
        ("minimos", "snapshots/minimos_rolling", "MinimOS"),
    ],
)  # fmt: skip
def test_databases_of_distributions_without_releases(provider: str, snapshots: str, ecosystem: str) -> None:
    data = vunnel(provider, "input", "secdb", "security.json").read_bytes()
    _, told = alpinesecdb.parse(data, feed="f", where="t", rolling=ecosystem)
    (wanted,) = expected(vunnel(provider, *snapshots.split("/"))).values()
    assert len(wanted) > 50
    assert {fix for _, fix in fixes(told, f"{ecosystem.upper()}-")} == wanted


# ---- Debian


def test_debians_tracker() -> None:
    data = vunnel("debian", "input", "debian.json").read_bytes()
    told = list(debiantracker.parse(data, feed="f", where="t"))
    (bad,) = [one for one in told if isinstance(one, MalformedError)]
    assert "releases" in bad.why, "the one record with a list for an object, which vunnel leaves out too"
    ours: dict[str, set[Fix]] = {}
    for ecosystem, fix in fixes((one for one in told if one is not bad), "DEBIAN-"):
        ours.setdefault(ecosystem.lower(), set()).add(fix)
    told_of = {cve for packages in json.loads(data).values() for cve in packages}  # the others are of older times
    compared = 0
    for release, wanted in expected(vunnel("debian", "snapshots")).items():
        if release != "debian:unstable":
            of_these = {fix for fix in wanted if fix[0] in told_of}
            assert of_these == ours.get(release, set()), release
            compared += len(of_these)
    assert compared > 10


# ---- CSAF


_SLES = re.compile(r"SUSE:Linux Enterprise Server ([0-9]+)(?: SP([0-9]+))?(-LTSS)?")


def test_suse_statements_and_their_contradictions() -> None:
    """One image is asked about in a release and in its long-term support: there, and nowhere else, the two are one."""
    ours: dict[tuple[str, str, str], set[str]] = {}
    for path in sorted(vunnel("sles", "csaf").glob("*.json")):
        for ecosystem, (cve, name, version) in fixes(
            csafvex.parse(path.read_bytes(), feed="f", where=path.name), "SUSE-"
        ):
            if match := _SLES.fullmatch(ecosystem):
                release = f"sles:{match[1]}" + (f".{match[2]}" if match[2] else "")
                ours.setdefault((release, cve, name), set()).add(version)
    wanted: dict[tuple[str, str, str], set[str]] = {}
    for namespace, told in expected(vunnel("sles", "snapshots-csaf")).items():
        for cve, name, version in told:
            wanted.setdefault((namespace.removesuffix("+ltss"), cve, name), set()).add(version)
    assert len(wanted) > 40
    for place, versions in sorted(wanted.items()):
        known = versions - {"None"} or versions  # a release's fix goes on in its long-term support
        assert ours[place] == known, place


@pytest.mark.parametrize(
    ("document", "ecosystem", "name", "version"),
    [
        ("rhsa-2023_3821", "enterprise_linux:8::appstream", "ruby:2.7::ruby", "2.7.8-139.module+el8.8.0+18745+f1bef313"),
        ("rhsa-2023_7025", "enterprise_linux:8::appstream", "ruby:2.5::ruby", "2.5.9-111.module+el8.9.0+19193+435404ae"),
        ("rhsa-2024_0811", "rhel_eus:9.2::appstream", "sudo", "1.9.5p2-9.el9_2.2"),
        ("rhsa-2024_1431", "enterprise_linux:8::appstream", "ruby:3.1::ruby", "3.1.4-142.module+el8.9.0+21471+7d1e4a35"),
    ],
)  # fmt: skip
def test_three_spellings_of_a_module_in_red_hats_documents(
    document: str, ecosystem: str, name: str, version: str
) -> None:
    data = vunnel("rhel", "csaf", "advisories", f"{document}.json").read_bytes()
    for told in csafvex.parse(data, feed="f", where=document):
        assert told.advisory is not None
        found = {(one.ecosystem, one.name): one.ranges[0].fixed for one in told.advisory.affected if one.ranges}
        assert found[(f"Red Hat:{ecosystem}", name)] == version


# ---- CVE records, NVD, KEV, EPSS


def test_a_page_of_nvd() -> None:
    data = vunnel("nvd", "full-page.json").read_bytes()
    _, records = nvd.parse(data, where="t")
    read = list(records)
    assert not [one for one in read if isinstance(one, MalformedError)]
    assert len(read) == len(json.loads(data)["vulnerabilities"]) == 38
    _, (assessed,) = nvd.parse(vunnel("nvd", "ssvc-entry.json").read_bytes(), where="t")
    assert not isinstance(assessed, MalformedError)
    assert assessed[0].ssvc == Ssvc(
        exploitation="active", automatable="yes", technical_impact="total", assessed="2024-04-17"
    )
    _, rejected = nvd.parse(vulnerablecode("nvd", "rejected_nvd.json").read_bytes(), where="t")
    assert [one[0].state for one in rejected if not isinstance(one, MalformedError)] == ["REJECTED"]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_cisas_additions_to_cve_records(number: int) -> None:
    """Scores and the inputs of SSVC, as VulnerableCode reads them out of the same file."""
    place = vulnerablecode("vulnrichment", f"vulnrichment-data{number}.json")
    record, _ = cve5.parse(place.read_bytes(), feed="f", where="t", limit=1 << 24)
    wanted = json.loads(place.with_name(f"vulnrichment-data{number}-expected.json").read_bytes())
    elements = {
        one["system"]: one["scoring_elements"] for ref in wanted["references"] for one in ref.get("severities", [])
    }
    assert {score.vector for score in record.scores} == {
        e for system, e in elements.items() if system.startswith("cvss")
    }
    assert record.ssvc is not None
    letters = dict(part.split(":") for part in elements["ssvc"].split("/")[1:5])
    assert record.ssvc.exploitation[:1].upper() == letters["E"]
    assert record.ssvc.automatable[:1].upper() == letters["A"]
    assert record.ssvc.technical_impact[:1].upper() == letters["T"]


def test_kev_and_epss() -> None:
    _, entries = kev.parse(vunnel("kev", "valid-catalog-1.json").read_bytes(), where="t")
    assert len([one for one in entries if not isinstance(one, MalformedError)]) == 3
    place = vulnerablecode("epss", "epss_scores-2025-x-x.csv")
    rows = list(epss.parse(iter(place.read_bytes().splitlines()), where="t"))
    wanted = json.loads(place.with_name("epss-expected.json").read_bytes())
    assert len(rows) == len(wanted)
    assert not [one for one in rows if isinstance(one, MalformedError)]


# ---- OSV of distributions


def test_osv_records_of_distributions() -> None:
    """All are read, every version has a key, and Ubuntu's priority is a severity where there is no other."""
    places = [*vunnel("ubuntu").rglob("UBUNTU-CVE*.json"), *vunnel("alma").rglob("AL*.json"),
              *vunnel("rocky").rglob("RLSA*.json"), *vunnel("chainguard", "input").rglob("CGA*.json")]  # fmt: skip
    assert len(places) > 40
    for place in places:
        record = osv.parse(place.read_bytes(), feed="f")
        for affected in record.affected:
            scheme = scheme_for(affected.ecosystem)
            bounds = {v for r in affected.ranges for v in (r.introduced, r.fixed, r.last_affected) if v and v != "0"}
            assert not bounds or scheme is not None, affected.ecosystem
            assert all(scheme is None or scheme.key(version) for version in bounds)
        document = json.loads(place.read_bytes())
        if any(one["type"] == "Ubuntu" for one in document.get("severity", [])):
            assert record.severity in ("low", "medium", "high", "critical")


# ---- all of them in one database


def apk_sbom(*packages: tuple[str, str]) -> bytes:
    """An SBOM of Wolfi."""
    distro = [{"name": "syft:distro:id", "value": "wolfi"}, {"name": "syft:distro:versionID", "value": "20230201"}]
    components: list[dict[str, object]] = [
        {"type": "operating-system", "bom-ref": "os", "name": "wolfi", "version": "20230201", "properties": distro}
    ]
    for name, version in packages:
        purl = f"pkg:apk/wolfi/{name}@{version}?arch=x86_64&distro=wolfi-20230201"
        components.append({"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl})
    return json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": components}).encode()


def sbom(*packages: tuple[str, str, str]) -> bytes:
    """An SBOM of SLES 12 SP4 with packages, versions and source packages."""
    distro = [{"name": "syft:distro:id", "value": "sles"}, {"name": "syft:distro:versionID", "value": "12.4"}]
    components: list[dict[str, object]] = [
        {"type": "operating-system", "bom-ref": "os", "name": "sles", "version": "12.4", "properties": distro}
    ]
    for name, version, source in packages:
        purl = f"pkg:rpm/sles/{name}@{version}?arch=x86_64&distro=sles-12.4&upstream={source}.src.rpm"
        components.append({"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl})
    return json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": components}).encode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("real")
    feeds = place / "feeds"
    files = {
        "debian-tracker.json": vunnel("debian", "input", "debian.json"),
        "wolfi-secdb.json": vunnel("wolfi", "input", "secdb", "security.json"),
        "chainguard-secdb.json": vunnel("chainguard", "input", "secdb", "security.json"),
        "alpine-secdb-v3.11-main.json": vulnerablecode("alpine", "v3.11", "main.json"),
        "nvdcve-2.0-page.json": vunnel("nvd", "full-page.json"),
        "kev.json": vunnel("kev", "valid-catalog-1.json"),
    }
    folders = {
        "suse-vex": vunnel("sles", "csaf").glob("*.json"),
        "redhat-vex": vunnel("rhel", "csaf", "advisories").rglob("*.json"),
        "vulnrichment": vulnerablecode("vulnrichment").glob("*data?.json"),
    }
    for name, sources in (*((name, [path]) for name, path in files.items()), *folders.items()):
        (feeds / name if name in folders else feeds).mkdir(parents=True, exist_ok=True)
        for path in sources:
            shutil.copy(path, feeds / name / path.name if name in folders else feeds / name)
    return place


def test_they_build_one_database_and_a_patched_package_is_not_found(folder: Path, tmp_path: Path) -> None:
    """The builds that SLES 12 SP4's own image ships: patched by builds told for long-term support alone."""
    from assay.adapters.advisorydb_place import DatabaseFile

    place = DatabaseFile(folder / "a.db", db.encoders())
    report = db.build_from(FeedDirectory(folder / "feeds"), place)
    status: DatabaseStatus = report.status
    counts = {feed.name: (feed.records, feed.skipped) for feed in status.feeds}
    assert counts["wolfi-secdb"] == (62, 0)
    assert counts["chainguard-secdb"] == (192, 0)
    assert counts["debian-tracker"] == (6, 1)
    assert counts["suse-vex"] == (17, 0)
    (tmp_path / "s.json").write_bytes(
        sbom(("libpcre1", "8.45-8.7.1", "pcre-8.45-8.7.1"), ("libpcre2-8-0", "10.31-1.14", "pcre2-10.31-1.14"))
    )
    words = ("scan", f"sbom:{tmp_path}/s.json", "--db", f"{folder}/a.db", "--no-policy", "-q", "-o", "json")
    found = json.loads(assay(*words, home=tmp_path).out)["findings"]
    assert [(one["id"], one["name"]) for one in found] == [("CVE-2015-3217", "libpcre2-8-0")]


def test_an_image_without_releases_is_judged_by_its_database(folder: Path, tmp_path: Path) -> None:
    from assay.adapters.advisorydb_place import DatabaseFile

    db.build_from(FeedDirectory(folder / "feeds"), DatabaseFile(tmp_path / "a.db", db.encoders()))
    (tmp_path / "s.json").write_bytes(apk_sbom(("binutils", "2.39-r1"), ("coreutils", "9.1-r0")))
    words = ("scan", f"sbom:{tmp_path}/s.json", "--db", f"{tmp_path}/a.db", "--no-policy", "-q", "-o", "json")
    found = {
        (one["id"], one["name"]): one["status"] for one in json.loads(assay(*words, home=tmp_path).out)["findings"]
    }
    assert found[("CVE-2022-38533", "binutils")] == "affected", "fixed in 2.39-r2"
    assert found.get(("CVE-2022-38126", "binutils"), "not_affected") == "not_affected", "fixed in 2.39-r1"
    assert found.get(("CVE-2016-2781", "coreutils"), "not_affected") == "not_affected", "version 0: never affected"
