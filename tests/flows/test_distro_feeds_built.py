"""Debian's tracker, Alpine's secdb and CSAF VEX from a folder to findings whose reasons name the distribution's word."""

import gzip
import io
import json
import tarfile
import zipfile

import pytest

from advisorydbs import affected, built, jsonl, opened, record
from assay.dependencies.matching import match
from assay.model.finding import Finding
from assay.model.inventory import Component, Distro, SourcePackage
from fakes.distrofeeds import redhat, resolved, secdb, suse, tracker, unresolved

BOOKWORM = Distro(id="debian", version_id="12", codename="bookworm")
ALPINE = Distro(id="alpine", version_id="3.20.3")
RHEL = Distro(id="rhel", version_id="9.4")


def _component(ecosystem: str, name: str, version: str, source: str = "", **more: object) -> Component:
    origin = SourcePackage(source, version) if source else None
    purl = f"pkg:{ecosystem}/x/{name}@{version}"
    return Component(key=name, purl=purl, ecosystem=ecosystem, name=name, version=version, source=origin, **more)


def _found(tmp_path, distro: Distro, *components: Component) -> dict[tuple[str, str], Finding]:
    built(tmp_path / "feeds", tmp_path / "a.db")
    database = opened(tmp_path / "a.db")
    try:
        matched = match(components, distro, database)
    finally:
        database.close()
    return {(finding.name, finding.id): finding for finding in matched.findings}


def _feeds(tmp_path, **files: bytes):
    folder = tmp_path / "feeds"
    folder.mkdir()
    for name, data in files.items():
        (folder / name.replace("__", ".").replace("_", "-")).write_bytes(data)
    return folder


def _range(finding: Finding) -> str:
    return next(step.says for step in finding.reasons if step.rung == "range")


@pytest.mark.parametrize(
    ("release", "status", "word"),
    [
        (resolved("9.0-1"), "affected", "state: fixed"),
        (unresolved(nodsa="minor", nodsa_reason=""), "affected", "no-dsa, no security update for it alone"),
        (unresolved(nodsa="minor", nodsa_reason="postponed"), "affected", "postponed"),
        (unresolved("end-of-life"), "affected", "end-of-life"),
        ({"status": "undetermined"}, "undetermined", "nobody has decided yet"),
    ],
    ids=["fixed", "no-dsa", "postponed", "end-of-life", "undetermined"],
)
def test_debian_states_reach_the_finding(tmp_path, release, status, word):
    _feeds(tmp_path, debian_tracker__json=tracker(bookworm=release))
    found = _found(tmp_path, BOOKWORM, _component("deb", "curl", "7.88.1-10"))
    (finding,) = found.values()
    assert (finding.id, finding.status) == ("CVE-2024-1111", status)
    assert word in _range(finding)


def test_debian_not_affected_lowers_what_another_feed_says(tmp_path):
    folder = _feeds(tmp_path, debian_tracker__json=tracker(bookworm=resolved("0")))
    zero = {"introduced": "0"}
    jsonl(
        folder / "debian-12.jsonl",
        [record("DEBIAN-CVE-2024-1111", affected("Debian:12", "curl", zero), upstream=["CVE-2024-1111"])],
    )
    (finding,) = _found(tmp_path, BOOKWORM, _component("deb", "libcurl4", "7.88.1-10", "curl")).values()
    assert finding.status == "not_affected"
    assert (
        "debian-tracker says that curl in Debian:12 is not affected by CVE-2024-1111, although DEBIAN-CVE-2024-1111 names"
        in _range(finding)
    )


def test_debian_not_affected_alone_is_no_finding_and_the_tracker_covers_the_release(tmp_path):
    _feeds(tmp_path, debian_tracker__json=tracker(bookworm=resolved("0")))
    built(tmp_path / "feeds", tmp_path / "a.db")
    database = opened(tmp_path / "a.db")
    matched = match([_component("deb", "bash", "5"), _component("deb", "curl", "7")], BOOKWORM, database)
    database.close()
    assert (matched.findings, matched.uncovered) == ((), ())


def test_alpine_never_affected_is_a_finding_with_its_reason(tmp_path):
    _feeds(
        tmp_path, alpine_secdb_v3__20_main__json=secdb("v3.20", curl={"0": ["CVE-2021-22897"], "9-r0": ["CVE-2024-2"]})
    )
    found = _found(tmp_path, ALPINE, _component("apk", "libcurl", "8-r0", "curl"), _component("apk", "zlib", "1-r0"))
    assert set(found) == {("libcurl", "CVE-2021-22897"), ("libcurl", "ALPINE-CVE-2024-2")}
    never = found["libcurl", "CVE-2021-22897"]
    assert (never.status, never.feed, never.advisory) == ("not_affected", "alpine-secdb-v3.20-main", "CVE-2021-22897")
    assert "curl in Alpine:v3.20 never was affected by CVE-2021-22897" in _range(never)
    assert found["libcurl", "ALPINE-CVE-2024-2"].status == "affected"


def _redhat_forms(folder) -> None:
    document = json.dumps(redhat()).encode()
    other = json.dumps(redhat("CVE-2024-9999")).encode()
    inner = folder / "redhat-vex" / "2024"
    inner.mkdir(parents=True)
    (inner / "cve-2024-7348.json").write_bytes(document)
    (inner / "cve-2024-9999.json").write_bytes(other)
    (folder / "redhat-vex" / "changes.csv").write_bytes(b"x")


def _redhat_zip(folder) -> None:
    with zipfile.ZipFile(folder / "redhat-vex.zip", "w") as archive:
        for cve in ("CVE-2024-7348", "CVE-2024-9999"):
            archive.writestr(f"2024/{cve.lower()}.json", json.dumps(redhat(cve)))


def _redhat_tar(folder, suffix: str = "tar") -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for cve in ("CVE-2024-7348", "CVE-2024-9999"):
            data = json.dumps(redhat(cve)).encode()
            member = tarfile.TarInfo(f"2024/{cve.lower()}.json")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    whole = buffer.getvalue()
    if suffix == "tar.zst":
        zstd = pytest.importorskip("backports.zstd")
        whole = zstd.compress(whole)
    elif suffix == "tar.bz2":
        import bz2

        whole = bz2.compress(whole)
    elif suffix == "tar.gz":
        whole = gzip.compress(whole)
    (folder / f"redhat-vex.{suffix}").write_bytes(whole)


@pytest.mark.parametrize(
    "make",
    [
        _redhat_forms,
        _redhat_zip,
        _redhat_tar,
        lambda folder: _redhat_tar(folder, "tar.gz"),
        lambda folder: _redhat_tar(folder, "tar.bz2"),
        lambda folder: _redhat_tar(folder, "tar.zst"),
    ],
    ids=["folder", "zip", "tar", "tar.gz", "tar.bz2", "tar.zst"],
)
def test_red_hat_from_every_form(tmp_path, make):
    make(_feeds(tmp_path))
    label = (("rpm:modularitylabel", "postgresql:12:8:489197e6"),)
    found = _found(
        tmp_path, RHEL,
        _component("rpm", "curl", "7.76.1-28.el9", "curl"), _component("rpm", "wget2", "1-1.el9", "wget"),
        _component("rpm", "tar", "1-1.el9", "tar"), _component("rpm", "zlib", "1-1.el9", "zlib"),
        _component("rpm", "curl-minimal", "7-1.el9", "curl", properties=label),
    )  # fmt: skip
    statuses = {place: finding.status for place, finding in found.items() if place[1] == "CVE-2024-7348"}
    assert statuses == {
        ("curl", "CVE-2024-7348"): "affected", ("wget2", "CVE-2024-7348"): "affected",
        ("tar", "CVE-2024-7348"): "undetermined",
    }  # fmt: skip
    assert len(found) == 6
    curl, wget = found["curl", "CVE-2024-7348"], found["wget2", "CVE-2024-7348"]
    assert curl.fixed_in == ("7.76.1-29.el9_4.1",)
    assert "enterprise_linux:9::appstream" in next(step.says for step in curl.reasons if step.rung == "advisory")
    assert "will-not-fix" in _range(wget)


def test_a_module_stream_is_judged_by_its_own_stream(tmp_path):
    folder = _feeds(tmp_path)
    _redhat_zip(folder)
    eight = Distro(id="rhel", version_id="8.10")
    rows = [
        _component(
            "rpm", "postgresql-server", "2:12.19-1.module+el8.10.0", properties=(("rpm:modularitylabel", label),)
        )
        for label in ("postgresql:12:8:x", "postgresql:13:8:x")
    ]
    assert len(_found(tmp_path, eight, rows[0])) == 2
    (tmp_path / "a.db").unlink()
    assert _found(tmp_path, eight, rows[1]) == {}


def test_suse_release_is_asked_for_by_its_modules(tmp_path):
    folder = _feeds(tmp_path)
    jsonl(folder / "suse-vex.jsonl", [suse()])
    found = _found(tmp_path, Distro(id="sles", version_id="15.5"), _component("rpm", "curl", "8.0.1-150400.5.40.1"))
    assert found["curl", "CVE-2024-7348"].fixed_in == ("8.0.1-150400.5.41.1",)


def test_bad_documents_are_counted_with_their_ids(tmp_path):
    folder = _feeds(tmp_path)
    looping = redhat("CVE-2024-5555")
    looping["product_tree"]["relationships"][0]["product_reference"] = "AppStream-9.4:curl-0:7.76.1-29.el9_4.1.x86_64"
    jsonl(folder / "redhat-vex.jsonl", [redhat(), looping, {"document": {}}])
    report = built(folder, tmp_path / "a.db")
    assert [(item.feed, item.record) for item in report.skipped] == [
        ("redhat-vex", "CVE-2024-5555"),
        ("redhat-vex", "record 3"),
    ]
    assert "loop" in report.skipped[0].reason
