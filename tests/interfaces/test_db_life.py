"""The life of a database as a person drives it: built, signed, verified, compared, carried, refused."""

import json
from pathlib import Path

import pytest

from advisorydbs import affected, jsonl, record
from command import Done, assay
from fakes.registry import fake_registry


def feeds(folder: Path, *fixed: str) -> Path:
    rows = [record(f"P-{n}", affected("PyPI", f"p{n}", {"introduced": "0"}, {"fixed": v})) for n, v in enumerate(fixed)]
    jsonl(folder / "pypi.jsonl.gz", rows)
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two keys, and two signed databases of one author, numbers 1 and 2."""
    home = tmp_path_factory.mktemp("home")
    for name in ("good", "evil"):
        assert assay("keys", "generate", f"{home}/{name}.key", "--no-passphrase", home=home).code == 0
    for number, fixed in ((1, ("1.0", "2.0")), (2, ("1.5", "2.0"))):
        folder = feeds(home / f"feeds{number}", *fixed)
        words = ("--out", f"{home}/db{number}", "--build-number", str(number), "--key", f"{home}/good.key")
        done = assay("db", "build", "--from", str(folder), *words, home=home)
        assert done.code == 0, done.err
    return home


def run(home: Path, *words: str, key: str = "", db: Path | None = None) -> Done:
    env = ({"ASSAY_DB_KEY": f"{home}/{key}.key.pub"} if key else {}) | ({"ASSAY_DB": str(db)} if db else {})
    return assay(*words, home=home, env=env)


def test_verify_names_every_check_and_another_key_is_exit_3(home: Path) -> None:
    done = run(home, "db", "verify", "--db", f"{home}/db1", "--verify-key", f"{home}/good.key.pub")
    assert done.code == 0
    assert [line.split()[1] for line in done.out.decode().splitlines()] == [
        "form", "integrity", "content", "file", "number", "signature",
    ]  # fmt: skip
    assert run(home, "db", "verify", "--db", f"{home}/db1", "--verify-key", f"{home}/evil.key.pub").code == 3


def test_diff_says_what_changed(home: Path) -> None:
    done = run(home, "db", "diff", f"{home}/db1", f"{home}/db2")
    assert (done.code, "P-0: fixes (PyPI p0)" in done.out.decode()) == (0, True)
    found = json.loads(run(home, "db", "diff", f"{home}/db1", f"{home}/db2", "-o", "json").out)
    assert (found["names"], found["old"]["build"], found["new"]["build"]) == ([["PyPI", "p0"]], 1, 2)


def test_import_delta_and_no_way_back(home: Path, tmp_path: Path) -> None:
    db = tmp_path / "a.db"
    assert run(home, "db", "import", f"{home}/db1", key="good", db=db).code == 0
    assert run(home, "db", "delta", f"{home}/db1", f"{home}/db2", "--out", f"{tmp_path}/delta").code == 0
    assert run(home, "db", "import", "--delta", f"{tmp_path}/delta", key="good", db=db).code == 0
    assert db.read_bytes() == (home / "db2").read_bytes()
    back = run(home, "db", "import", f"{home}/db1", key="good", db=db)
    assert (back.code, "build 1, seen 2" in back.err) == (3, True)


def test_a_scan_demands_the_signature_that_is_set(home: Path, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    scan = ("scan", f"dir:{tmp_path}/tree", "--no-policy", "-o", "json")
    db = tmp_path / "a.db"
    assert run(home, "db", "build", "--from", f"{home}/feeds1", db=db).code == 0
    unsigned = run(home, *scan, key="good", db=db)
    assert (unsigned.code, "NOT_SIGNED" in unsigned.err or "no signature" in unsigned.err) == (3, True)
    signed = run(home, *scan, key="good", db=home / "db1")
    assert (signed.code, json.loads(signed.out)["sources"]["feeds"][0]["age_days"]) == (0, 1)
    assert run(home, *scan, key="good", db=tmp_path / "none").code == 75


def test_the_first_place_that_has_one_is_read(home: Path, tmp_path: Path) -> None:
    both = assay("db", "status", "-o", "json", home=home, env={"ASSAY_DB": f"{tmp_path}/none:{home}/db2:{home}/db1"})
    assert json.loads(both.out)["build"] == 2


def test_push_and_pull(home: Path, tmp_path: Path) -> None:
    with fake_registry() as fake:
        target = f"{fake.authority}/assay/db:v1"
        assert run(home, "db", "push", target, db=home / "db2").code == 0
        db = tmp_path / "a.db"
        assert run(home, "db", "pull", target, key="evil", db=db).code == 3
        assert run(home, "db", "pull", f"{fake.authority}/nothing:here", target, key="good", db=db).code == 0
        assert db.read_bytes() == (home / "db2").read_bytes()
        again = run(home, "db", "update", "--from", target, "--verify-key", f"{home}/good.key.pub", db=db)
        assert (again.code, "build 2" in again.out.decode()) == (0, True)
    layout = f"oci-dir:{tmp_path}/layout"
    assert run(home, "db", "push", layout, db=home / "db2").code == 0
    assert run(home, "db", "pull", layout, key="good", db=tmp_path / "b.db").code == 0


def test_an_old_database_is_warned_of_and_past_the_limit_exit_75(home: Path, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    words = ("scan", f"dir:{tmp_path}/tree", "--no-policy")
    env = {"ASSAY_DB": f"{home}/db1", "SOURCE_DATE_EPOCH": "1769000000"}
    old = assay(*words, home=home, env=env)
    assert (old.code, "20 days old" in old.err, "assay db update" in old.err) == (0, True, True)
    refused = assay(*words, "--max-db-age", "2w", home=home, env=env)
    assert (refused.code, "assay db update" in refused.err, refused.out) == (75, True, b"")
    assert assay(*words, home=home, env=env | {"ASSAY_MAX_DB_AGE": "2w"}).code == 75


def test_odd_names_are_exported_or_refused(home: Path, tmp_path: Path) -> None:
    odd = f"{tmp_path}/\udcff.db"
    assert run(home, "db", "export", odd, "--db", f"{home}/db1").code == 0
    assert run(home, "db", "import", odd, "--db", f"{tmp_path}/new.db").code == 0
    for name in ("", "/"):
        assert run(home, "db", "export", name, "--db", f"{home}/db1").code == 2
        assert run(home, "keys", "generate", name, "--no-passphrase").code == 2
        done = run(home, "db", "import", name, "--db", f"{tmp_path}/new.db")
        assert (done.code, "defect" in done.err) == (75, False)
    for name in ("/", ".."):
        done = run(home, "db", "import", odd, "--db", name)
        assert (done.code, "defect" in done.err) == (75, False)
    folder = feeds(tmp_path / "feeds", "1.0") / "documents"
    folder.mkdir()
    (folder / "\udcff.json").write_text("{}")
    assert "defect" not in run(home, "db", "build", "--from", str(folder.parent), "--out", f"{tmp_path}/b.db").err


def test_push_and_update_by_delta(home: Path, tmp_path: Path) -> None:
    """What a person reads: how many bytes came, and how many the whole would have been."""
    for number, fixed in ((1, "1.0"), (2, "1.5")):
        words = ("--out", f"{tmp_path}/db{number}", "--build-number", str(number), "--key", f"{home}/good.key")
        folder = feeds(tmp_path / f"feeds{number}", fixed, *("2.0",) * 200)
        assert run(home, "db", "build", "--from", str(folder), *words).code == 0
    with fake_registry() as fake:
        reference = f"{fake.authority}/assay/advisories:latest"
        first = run(home, "db", "push", reference, "--db", f"{home}/db1", "--delta-from", f"{home}/db2")
        assert (first.code, "left out, as they save too little: 1" in first.out.decode()) == (0, True)
        assert run(home, "db", "push", reference, "--db", f"{tmp_path}/db1").code == 0
        pushed = run(home, "db", "push", reference, "--db", f"{tmp_path}/db2", "--delta-from", reference)
        assert (pushed.code, "from content sha256:" in pushed.out.decode()) == (0, True), pushed.err
        db = tmp_path / "a.db"
        assert run(home, "db", "import", f"{tmp_path}/db1", key="good", db=db).code == 0
        done = run(home, "db", "update", "--from", reference, key="good", db=db)
        assert (done.code, "1 delta from what was here" in done.out.decode()) == (0, True), done.err
        assert db.read_bytes() == (tmp_path / "db2").read_bytes()
        env = {
            "ASSAY_DB": str(db),
            "ASSAY_DB_KEY": f"{home}/good.key.pub",
            "ASSAY_DB_FROM": reference,
        }
        told = assay("db", "update", "--from", f"{tmp_path}/none", home=home, env=env)
        assert told.code != 0, "what is said goes before what is set"
        again = assay("db", "update", home=home, env=env)
        assert (again.code, "already here" in again.out.decode()) == (0, True)
        again = run(home, "db", "pull", reference, key="good", db=db)
        assert (again.code, "already here" in again.out.decode()) == (0, True)


def test_status_tells_each_feeds_age_and_warns_within_the_terminal(home: Path) -> None:
    young = assay("db", "status", "--db", f"{home}/db1", home=home, env={"COLUMNS": "80"}).out.decode().splitlines()
    assert young[0].split() == ["FEED", "DATE", "AGE", "RECORDS", "SKIPPED", "LICENCE"]
    assert young[1].split()[:4] == ["pypi", "2026-01-01", "1", "d"]
    assert not any("warned of" in line for line in young)
    late = {"COLUMNS": "60", "SOURCE_DATE_EPOCH": "1800000000"}
    old = assay("db", "status", "--db", f"{home}/db1", home=home, env=late).out.decode().splitlines()
    assert all(len(line) <= 80 for line in old)
    assert "days old (warned of past 7 days); run `assay db update`" in " ".join(old)
    found = json.loads(assay("db", "status", "--db", f"{home}/db1", "-o", "json", home=home).out)
    assert found["feeds"][0]["age_days"] == 1


def test_a_layout_that_is_not_there_is_made_with_its_tag(home: Path, tmp_path: Path) -> None:
    layout = f"oci-dir:{tmp_path}/layout:v1"
    assert run(home, "db", "push", layout, "--db", f"{home}/db1").code == 0
    assert run(home, "db", "push", f"oci-dir:{tmp_path}/layout:v2", "--db", f"{home}/db2").code == 0
    assert run(home, "db", "pull", layout, db=tmp_path / "a.db").code == 0
    assert (tmp_path / "a.db").read_bytes() == (home / "db1").read_bytes()
