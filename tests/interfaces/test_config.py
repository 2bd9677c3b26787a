"""Settings: who goes first, what is refused, what `assay config` says of each."""

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from assay.model.errors import UsageError
from assay.settings import DEFAULT, TABLE, Setting, Settings, choose, from_environment, settings_of
from command import assay


def origin(chosen: object, key: str) -> tuple[object, str]:
    return next((c.value, c.origin) for c in chosen if c.key == key)  # type: ignore[attr-defined]


def test_every_row_has_a_field_and_every_field_a_row() -> None:
    fields = {f.name for f in msgspec.structs.fields(Settings)} - {"ssvc_source"}
    assert {row.field for row in TABLE} == fields
    assert len({row.key for row in TABLE}) == len({row.variable for row in TABLE}) == len(TABLE)


def test_who_goes_first() -> None:
    env = {"ASSAY_EOL_WITHIN": "3"}
    files = [
        ("assay.toml", {"eol-within": 2, "db": "a.db"}),
        ("pyproject", {"eol-within": 1, "db": "p.db", "ci": True}),
    ]
    flags = {"eol-within": "4"}
    chosen = choose(env, files, flags)
    assert origin(chosen, "eol-within") == (4, "--eol-within")
    assert origin(choose(env, files), "eol-within") == (3, "ASSAY_EOL_WITHIN")
    assert origin(choose({}, files), "eol-within") == (2, "assay.toml")
    assert origin(choose({}, files[1:]), "eol-within") == (1, "pyproject")
    assert origin(choose({}), "eol-within") == (90, DEFAULT)
    assert origin(chosen, "db") == ("a.db", "assay.toml")
    assert origin(chosen, "ci") == (True, "pyproject")
    assert settings_of(chosen).database == "a.db"


def test_an_empty_variable_is_not_set_and_false_in_a_file_is() -> None:
    files = [("assay.toml", {"only-fixed": False}), ("pyproject", {"only-fixed": True})]
    assert origin(choose({"ASSAY_ONLY_FIXED": ""}, files), "only-fixed") == (False, "assay.toml")


def test_the_defaults_are_those_of_the_struct() -> None:
    data = "/h/.local/share/assay"
    plain = Settings(database=f"{data}/advisories.db", cache="/h/.cache/assay/layers", store=f"{data}/store")
    assert from_environment({"HOME": "/h"}) == msgspec.structs.replace(plain, ssvc_source="ASSAY_SSVC")


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"databse": "x"}, "databse"),
        ({"fail_on": "high"}, "did you mean fail-on"),
        ({"eol-within": "soon"}, "not a number of days"),
        ({"workers": 1.5}, "wrong kind"),
        ({"insecure-registries": [1]}, "wrong kind"),
        ({"db": {"a": 1}}, "wrong kind"),
    ],
)
def test_what_a_file_may_not_say(table: dict[str, object], why: str) -> None:
    with pytest.raises(UsageError) as caught:
        choose({}, [("assay.toml", table)])
    assert why in caught.value.line()
    assert "assay.toml" in caught.value.line()


def test_the_command_reads_the_working_folder(tmp_path: Path) -> None:
    (tmp_path / "assay.toml").write_text('fail-on = "high and fixable"\nignore-file = ["a.yaml", "b.yaml"]\n')
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n[tool.assay]\neol-within = 7\nfail-on = "low"\n')
    done = assay("config", "--db", "x.db", "-o", "json", home=tmp_path, cwd=tmp_path, env={"ASSAY_WORKERS": "2"})
    found = {row["setting"]: (row["value"], row["origin"]) for row in json.loads(done.out)}
    assert found["db"] == ("x.db", "--db")
    assert found["workers"] == (2, "ASSAY_WORKERS")
    assert found["fail-on"] == ("high and fixable", "assay.toml")
    assert found["ignore-file"] == (["a.yaml", "b.yaml"], "assay.toml")
    assert found["eol-within"] == (7, "pyproject.toml [tool.assay]")
    text = assay("config", home=tmp_path, cwd=tmp_path, env={"COLUMNS": "60"}).out.decode()
    assert all(len(line) <= 60 for line in text.splitlines())
    (tmp_path / "other.toml").write_text("eol-within = 9\n")
    done = assay("config", "-o", "json", home=tmp_path, cwd=tmp_path, env={"ASSAY_CONFIG": "other.toml"})
    assert {"setting": "eol-within", "value": 9, "origin": "other.toml"} in json.loads(done.out)
    done = assay("config", "-o", "json", home=tmp_path, cwd=tmp_path, env={"ASSAY_CONFIG": "none"})
    assert {row["origin"] for row in json.loads(done.out)} == {DEFAULT}


def test_an_unknown_setting_stops_every_command(tmp_path: Path) -> None:
    (tmp_path / "assay.toml").write_text('fail-onn = "high"\n')
    done = assay("sbom", "dir:.", home=tmp_path, cwd=tmp_path)
    assert done.code == 2
    assert "did you mean fail-on" in done.err
    (tmp_path / "assay.toml").write_text("= broken")
    assert assay("config", home=tmp_path, cwd=tmp_path).code == 65


def test_what_a_folder_decides_by_is_said_and_what_the_user_chose_is_not(tmp_path: Path) -> None:
    (tmp_path / "assay.toml").write_text('db = "a.db"\nvex-trust = "t.toml"\nworkers = 1\n')
    (tmp_path / "pyproject.toml").write_text('[tool.assay]\ndb = "b.db"\nonly-fixed = true\n')
    words = ("locks", "dir:.", "-q")
    said = assay(*words, home=tmp_path, cwd=tmp_path).err
    assert "assay.toml of the working folder sets db, vex-trust; pyproject.toml [tool.assay]" in said
    assert "sets only-fixed (ASSAY_CONFIG=none" in said
    assert said.count("\n") == 1
    for name in ("none", "assay.toml"):
        assert "working folder" not in assay(*words, home=tmp_path, cwd=tmp_path, env={"ASSAY_CONFIG": name}).err
    (tmp_path / "pyproject.toml").unlink()
    (tmp_path / "assay.toml").write_text("workers = 1\neol-within = 3\n")
    assert "working folder" not in assay(*words, home=tmp_path, cwd=tmp_path).err


def test_a_reader_that_leaves_is_not_a_denial(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        done = subprocess.run(
            [sys.executable, "-m", "assay", "config"], stdout=pipe, stderr=subprocess.PIPE, check=False, timeout=60
        )
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("row", [row for row in TABLE if row.field in ("only_fixed", "ignore_base", "cpe")])
def test_a_switch_is_on_or_off_and_nothing_else(row: Setting) -> None:
    for word, value in (("on", True), ("YES", True), ("1", True), ("off", False), ("No", False), ("0", False)):
        assert origin(choose({row.variable: word}), row.key) == (value, row.variable)
        assert origin(choose({}, [("assay.toml", {row.key: word})]), row.key) == (value, "assay.toml")
    with pytest.raises(UsageError, match=f"{row.variable} is neither yes nor no: 'maybe'"):
        choose({row.variable: "maybe"})


def test_the_variable_of_build_servers_may_hold_any_word() -> None:
    assert origin(choose({"CI": "woodpecker"}), "ci") == (True, "CI")
    assert origin(choose({"CI": "off"}), "ci") == (False, "CI")
