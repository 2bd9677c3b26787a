"""A stored report after the database changed: as if scanned anew, with few packages asked, and nothing lowered."""

import json
from pathlib import Path
from typing import Any

import pytest

from advisorydbs import affected, jsonl, record
from command import Done, assay


def build(home: Path, number: int, *fixed: str) -> Path:
    folder = home / f"feeds{number}"
    rows = [record(f"P-{n}", affected("PyPI", f"p{n}", {"introduced": "0"}, {"fixed": v})) for n, v in enumerate(fixed)]
    jsonl(folder / "pypi.jsonl.gz", rows)
    done = assay("db", "build", "--from", str(folder), "--out", f"{home}/db{number}", home=home)
    assert done.code == 0, done.err
    return home / f"db{number}"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two databases that differ about one of thirty packages, an SBOM, and its reports with either."""
    home = tmp_path_factory.mktemp("home")
    fixed = ["2.0"] * 30
    old, new = build(home, 1, *fixed), build(home, 2, "0.5", *fixed[1:], "2.0")
    parts = [
        {"type": "library", "name": f"p{n}", "version": "1.0", "bom-ref": f"p{n}", "purl": f"pkg:pypi/p{n}@1.0"}
        for n in range(32)
    ]
    (home / "a.json").write_text(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": parts}))
    for name, db in (("old", old), ("new", new)):
        done = assay("scan", f"sbom:{home}/a.json", "--db", str(db), "-o", f"json={home}/{name}.report", home=home)
        assert done.code in (0, 1), done.err
    return home


def rematch(home: Path, old: str, new: str, report: str, *more: str) -> Done:
    return assay("db", "rematch", f"{home}/{old}", f"{home}/{new}", f"{home}/{report}", *more, home=home)


def test_it_says_what_a_new_scan_says(home: Path) -> None:
    done = rematch(home, "db1", "db2", "old.report")
    assert done.code == 0, done.err
    found, whole = json.loads(done.out), json.loads((home / "new.report").read_text())
    same = ("findings", "uncovered", "sources", "components", "end_of_life", "lifetimes")
    assert {name: found[name] for name in same} == {name: whole[name] for name in same}
    assert found["verdict"] is None
    assert "2 of 32 packages asked again, 1 findings came, 1 went" in done.err


def test_an_unchanged_database_asks_nothing(home: Path) -> None:
    done = rematch(home, "db2", "db2", "new.report")
    assert (done.code, "0 of 32 packages asked again, 0 findings came, 0 went" in done.err) == (0, True)


def test_what_was_answered_and_is_matched_anew_is_open_and_told(home: Path) -> None:
    document: dict[str, Any] = json.loads((home / "new.report").read_text())
    for finding in document["findings"]:
        finding["status"] = "not_affected"
    (home / "answered.report").write_text(json.dumps(document))
    newer = build(home, 3, "0.5", "3.0", *["2.0"] * 29)
    done = rematch(home, "db2", newer.name, "answered.report")
    assert done.code == 0, done.err
    assert "; 1 that were answered are open until the image is scanned again" in done.err
    by_name = {finding["name"]: finding["status"] for finding in json.loads(done.out)["findings"]}
    assert (by_name["p1"], by_name["p2"]) == ("affected", "not_affected")


def test_a_report_of_another_database_and_no_report_are_refused(home: Path) -> None:
    other = rematch(home, "db2", "db1", "old.report")
    assert (other.code, "made with another database than OLD" in other.err) == (2, True)
    assert rematch(home, "db1", "db2", "a.json").code == 65
    assert rematch(home, "db1", "none.db", "old.report").code in (2, 75)


def test_other_forms(home: Path) -> None:
    assert b"P-30" in rematch(home, "db1", "db2", "old.report", "-o", "table").out
    assert rematch(home, "db1", "db2", "old.report", "-q").err == ""
