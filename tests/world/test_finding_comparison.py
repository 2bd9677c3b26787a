"""The comparison of findings with peers: their databases say what our feeds say; every difference gets its reason."""

import json
import sqlite3
import struct
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from advisorydbs import affected, record

BENCH = Path(__file__).resolve().parents[2] / "bench"
sys.path.append(str(BENCH))

import boltfile  # noqa: E402
import finding_kinds  # noqa: E402
import findings  # noqa: E402
import peerdbs  # noqa: E402
import trivydb  # noqa: E402
import worn  # noqa: E402
from differences import OURS, THEIRS  # noqa: E402
from finding_kinds import VERDICT, Case, explain  # noqa: E402
from findings import Findings, Match, Said  # noqa: E402
from identities import Identity  # noqa: E402
from kinds import UNEXPLAINED  # noqa: E402
from peers import Peer, newest  # noqa: E402

ROWS: list[peerdbs.Row] = [
    ("debian-12", record("DEBIAN-CVE-1-1", affected("Debian:12", "curl", {"introduced": "0"}, {"fixed": "2-1"}),
                         upstream=["CVE-2020-0001"])),
    ("pypi", record("PYSEC-1", affected("PyPI", "jw.util", {"introduced": "0"}, {"fixed": "2.3"}),
                    aliases=["CVE-2020-0002"])),
    ("ghsa", record("GHSA-1", affected("PyPI", "jw.util", versions=["1", "2"]), aliases=["PYSEC-1"])),
    ("go", record("GO-1", affected("Go", "stdlib", {"introduced": "0"}, {"fixed": "1.1.0"}, {"introduced": "1.2.0"}))),
]  # fmt: skip


@pytest.mark.parametrize(
    ("events", "versions", "expected"),
    [
        ([{"introduced": "0"}, {"fixed": "2"}], [], [("<2", "2")]),
        ([{"introduced": "1"}, {"last_affected": "2"}], [], [(">=1,<=2", "")]),
        ([{"introduced": "1"}, {"fixed": "2"}, {"introduced": "3"}], [], [(">=1,<2", "2"), (">=3", "")]),
        ([{"introduced": "0"}], [], [("", "")]),
        ([], ["1", "2"], [("=1 || =2", "")]),
        ([{"introduced": "0"}, {"fixed": "2"}], ["1"], [("<2", "2")]),
    ],
)
def test_events_become_constraints(
    events: list[dict[str, str]], versions: list[str], expected: list[tuple[str, str]]
) -> None:
    assert list(peerdbs.constraints(affected("PyPI", "a", *events, versions=versions))) == expected


def test_a_git_range_is_no_range_of_versions() -> None:
    told = {"ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}], "versions": ["1"]}
    assert list(peerdbs.constraints(told)) == [("=1", "")]


def test_every_peer_gets_every_record(tmp_path: Path) -> None:
    peerdbs.osv_scanner(ROWS, tmp_path / "osv")
    with zipfile.ZipFile(tmp_path / "osv/osv-scalibr/PyPI/all.zip") as archive:
        assert {json.loads(archive.read(name))["id"] for name in archive.namelist()} == {"PYSEC-1", "GHSA-1"}
    archive_path = peerdbs.grype(ROWS, tmp_path / "grype" / "database.tar.gz")
    connection = sqlite3.connect(archive_path.parent / "vulnerability.db")
    rows = connection.execute(
        "SELECT v.name, p.ecosystem, p.name, o.major_version, o.codename, b.value FROM affected_package_handles h"
        " JOIN vulnerability_handles v ON v.id = h.vulnerability_id JOIN packages p ON p.id = h.package_id"
        " JOIN blobs b ON b.id = h.blob_id LEFT JOIN operating_systems o ON o.id = h.operating_system_id ORDER BY 1"
    ).fetchall()
    connection.close()
    assert [row[:5] for row in rows] == [
        ("DEBIAN-CVE-1-1", "deb", "curl", "12", "bookworm"),
        ("GHSA-1", "python", "jw.util", None, None),
        ("GO-1", "go-module", "stdlib", None, None),
        ("PYSEC-1", "python", "jw.util", None, None),
    ]
    assert json.loads(rows[3][5])["ranges"][0]["version"] == {"type": "python", "constraint": "<2.3"}


def test_trivys_database_reads_back(tmp_path: Path) -> None:
    trivydb.write(ROWS, tmp_path)
    tree = read_bolt((tmp_path / "trivy.db").read_bytes())
    assert json.loads(tree["debian 12"]["curl"]["DEBIAN-CVE-1-1"]) == {"FixedVersion": "2-1"}
    assert json.loads(tree["pip::pypi"]["jw.util"]["PYSEC-1"]) == {"VulnerableVersions": ["<2.3"]}
    assert json.loads(tree["go::go"]["stdlib"]["GO-1"]) == {"VulnerableVersions": ["<1.1.0", ">=1.2.0"]}
    assert "pip::ghsa" in tree["data-source"]


def test_a_bolt_file_of_more_than_a_page(tmp_path: Path) -> None:
    many = {f"key {i:04}": b"x" * i for i in range(300)}
    boltfile.write(tmp_path / "a.db", {"top": many, "another": {"nested": {"b": b"2", "a": b"1"}}})
    data = (tmp_path / "a.db").read_bytes()
    assert len(data) % 4096 == 0
    assert read_bolt(data) == {"top": many, "another": {"nested": {"a": b"1", "b": b"2"}}}


def read_bolt(data: bytes) -> dict[str, Any]:
    """A second reader of the form, by its description: both meta pages agree, keys are in order."""
    metas = [struct.unpack_from("<IIIIQQQQQQ", data, at + 16) for at in (0, 4096)]
    assert [meta[:3] for meta in metas] == [(0xED0CDAED, 2, 4096)] * 2
    assert [meta[8] for meta in metas] == [0, 1]
    assert metas[0][7] * 4096 == len(data)

    def leaf(at: int) -> dict[str, Any]:
        _, flags, count, _ = struct.unpack_from("<QHHI", data, at)
        assert flags == 2
        found, keys = {}, []
        for number in range(count):
            element = at + 16 + 16 * number
            is_bucket, position, key_size, size = struct.unpack_from("<IIII", data, element)
            begin = element + position
            key, value = data[begin : begin + key_size], begin + key_size
            keys.append(key)
            if is_bucket:
                (root,) = struct.unpack_from("<Q", data, value)
                found[key.decode()] = leaf(root * 4096 if root else value + 16)
            else:
                found[key.decode()] = data[value : value + size]
        assert keys == sorted(keys)
        return found

    return leaf(metas[0][4] * 4096)


def test_records_count_under_the_id_of_their_class() -> None:
    known = findings.names(ROWS)
    assert known["DEBIAN-CVE-1-1"] == ("CVE-2020-0001",)
    assert known["PYSEC-1"] == known["GHSA-1"] == ("CVE-2020-0002",)
    assert known["GO-1"] == ("GO-1",)


def test_worn_images_are_the_same_twice_and_hold_what_is_named(tmp_path: Path) -> None:
    assert worn.choose(ROWS, "PyPI") == worn.choose(list(reversed(ROWS)), "PyPI")
    ((name, version),) = worn.choose(ROWS, "PyPI")
    assert (name, version in {"1", "2", "2.3"}) == ("jw.util", True)
    for place in ("one", "other"):
        worn.build(ROWS, tmp_path / place)
    one, other = ((tmp_path / place / "worn" / "index.json").read_bytes() for place in ("one", "other"))
    assert one == other


def test_every_rule_has_a_judgement_and_every_judgement_a_rule() -> None:
    assert sorted(name for name, _, _ in finding_kinds.RULES) == sorted(finding_kinds.KINDS)
    assert UNEXPLAINED not in finding_kinds.KINDS


def case(side: str, package: Identity, entries: list[dict[str, Any]], label: str = "grype 1", **said: Any) -> Case:
    match = Match(package, "CVE-2020-0002")
    ours, theirs = Findings("assay"), Findings(label)
    if side != THEIRS:
        ours.found[match] = Said(**said)
    ours.packages[package] = theirs.packages[package] = ""
    return Case(side, match, ours, theirs, entries)


RANGE = ({"introduced": "0"}, {"fixed": "2.3"})


@pytest.mark.parametrize(
    ("side", "package", "entry", "kind"),
    [
        (OURS, Identity("pypi", "jw-util", "1.9"), affected("PyPI", "jw.util", *RANGE),
         "record in another spelling of the name"),
        (OURS, Identity("pypi", "a", "1-bulbasaur"), affected("PyPI", "a", *RANGE), "version that is none"),
        (OURS, Identity("npm", "a", "1.0.0"), affected("npm", "a", {"introduced": "2.0.0"}, {"fixed": "2.0.0-b"}),
         "fixed before it was introduced"),
        (OURS, Identity("maven", "g/a", "1"), affected("Maven", "g:a"), "record without versions"),
        (VERDICT, Identity("deb", "frr", "8-1~deb12u2"), affected("Debian:12", "frr", *RANGE), "a rebuilt fix"),
        (THEIRS, Identity("npm", "jQuery", "1.0.0"), affected("npm", "jquery", *RANGE), "npm name in another case"),
        (THEIRS, Identity("golang", "a.example/b", "(devel)"), affected("Go", "a.example/b", *RANGE),
         "main module without a version"),
        (OURS, Identity("pypi", "a", "1"), affected("PyPI", "a", *RANGE), UNEXPLAINED),
        (THEIRS, Identity("pypi", "a", "1"), affected("PyPI", "a", *RANGE), UNEXPLAINED),
    ],
)  # fmt: skip
def test_a_difference_is_explained_by_evidence_or_left_open(
    side: str, package: Identity, entry: dict[str, Any], kind: str
) -> None:
    assert explain(case(side, package, [entry])) == kind


def test_records_are_found_under_any_spelling() -> None:
    records = finding_kinds.Records(ROWS)
    match = Match(Identity("pypi", "jw-util", "1"), "CVE-2020-0002")
    assert [entry["package"]["name"] for entry in records.of(["PYSEC-1"], match)] == ["jw.util"]
    assert records.of(["GO-1"], match) == []


def test_the_newest_of_a_tool_is_told_by_numbers() -> None:
    found = [Peer("trivy", version, Path("x")) for version in ("0.9.1", "0.73.0", "0.59.1")]
    chosen = newest(found, "trivy")
    assert chosen is not None
    assert chosen.version == "0.73.0"
    assert newest(found, "grype") is None
