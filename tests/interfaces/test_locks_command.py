"""`assay locks` as a person types it: words, exit codes, JSON, and the way through an SBOM."""

import json

import msgspec
import pytest

from assay.interfaces.cli.render import locks
from assay.model.lock import LockDisagreement, LockState
from command import assay

LOCK = {
    "lockfileVersion": 3,
    "packages": {"": {"dependencies": {"a": "^1.0.0"}}, "node_modules/a": {"version": "1.2.0"}},
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    home = tmp_path_factory.mktemp("locks")
    (home / "t").mkdir()
    (home / "t" / "package.json").write_text('{"dependencies": {"a": "^2.0.0"}}')
    (home / "t" / "package-lock.json").write_text(json.dumps(LOCK))
    return home


def test_the_table_names_each_disagreement(tree):
    done = assay("locks", f"dir:{tree}/t", home=tree)
    assert done.code == 0
    text = done.out.decode()
    assert "a: locked outside of what is asked for (expected ^2.0.0, found 1.2.0) in package-lock.json" in text
    assert "1 not hashed throughout, 1 out of step" in text


@pytest.mark.parametrize(("threshold", "code"), [("drift", 1), ("unhashed", 1), ("any", 1), ("missing", 0)])
def test_thresholds(tree, threshold, code):
    assert assay("locks", f"dir:{tree}/t", "--fail-on", threshold, home=tree).code == code


def test_what_cannot_be_told_is_neither_yes_nor_no(tree):
    (tree / "u").mkdir()
    (tree / "u" / "mix.exs").write_text("defp deps do")
    (tree / "u" / "mix.lock").write_text("%{\n}\n")
    assert assay("locks", f"dir:{tree}/u", "--fail-on", "drift", home=tree).code == 75


def test_the_state_travels_through_an_sbom(tree):
    direct = json.loads(assay("locks", f"dir:{tree}/t", "-o", "json", home=tree).out)
    assert direct["schema"] == "urn:assay:schema:locks:1"
    assert direct["subjects"][0]["counts"]["drifted"] == 1
    (tree / "s.json").write_bytes(assay("sbom", f"dir:{tree}/t", home=tree).out)
    again = json.loads(assay("locks", f"sbom:{tree}/s.json", "-o", "json", home=tree).out)
    assert again["subjects"][0]["locks"] == direct["subjects"][0]["locks"]


def test_nothing_to_say(tree):
    (tree / "empty").mkdir()
    assert b"no manifests and no locks" in assay("locks", f"dir:{tree}/empty", home=tree).out


@pytest.mark.parametrize("columns", [80, 100])
def test_projects_can_be_told_apart_where_columns_are_few(columns):
    folders = [f"services/{part}/web" for part in ("payments", "orders")]
    state = LockState(
        ecosystem="npm", tool="npm", manifest="", lock="", present="yes", hashed="none", with_manifest="yes",
        with_installed="absent",
    )  # fmt: skip
    states = [
        msgspec.structs.replace(state, manifest=f"{one}/package.json", lock=lock)
        for one in folders
        for lock in (f"{one}/package-lock.json", "package-lock.json", "")
    ]
    lines = locks.render(states, "t", columns=columns, colour=False, everything=False).splitlines()
    assert max(map(len, lines)) <= columns
    rows = [line.split() for line in lines if "package.json" in line]
    assert {row[0] for row in rows} == {row[0] for row in rows if row[0].endswith("s/web/package.json")}
    assert len({row[0] for row in rows}) == 2
    assert len({tuple(row[:2]) for row in rows}) == 6
    assert all(row[-1] == "absent" for row in rows)


def test_a_disagreement_is_never_cut():
    one = LockDisagreement("content-hash", "", "5d" * 32, "01" * 32, "services/payments/composer.lock")
    state = LockState(
        ecosystem="composer", tool="composer", manifest="composer.json", lock="composer.lock", present="yes",
        hashed="all", with_manifest="no", with_installed="absent", disagreements=(one,),
        reasons=("what it asks for is not read " * 5,),
    )  # fmt: skip
    text = locks.render([state], "t", columns=80, colour=False, everything=False)
    assert max(map(len, text.splitlines())) <= 80
    assert ("5d" * 32 in text, "01" * 32 in text, one.where in text, "…" in text) == (True, True, True, False)
    assert " ".join(text.split()).count("what it asks for is not read") == 5
