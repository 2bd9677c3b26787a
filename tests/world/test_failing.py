"""`scan --fail-on` and what belongs to it, typed as a person types it."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from command import Done, assay
from fakes.feeds import feeds
from fakes.layouts import demo_layers, layout

TODAY = date(2026, 1, 2)
"""`SOURCE_DATE_EPOCH` of `command.assay`."""


class Place:
    """A folder with an image, an older one, and a database."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.image, self.old = folder, f"oci-dir:{folder}/image", f"oci-dir:{folder}/old"
        self.db = str(folder / "advisories.db")

    def scan(self, *words: str, image: str = "", cwd: Path | None = None, env: dict[str, str] | None = None) -> Done:
        line = ("scan", image or self.image, "--db", self.db, "--no-policy", *words)
        return assay(*line, home=self.folder / "home", cwd=cwd or self.folder, env=env)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    made = Place(tmp_path_factory.mktemp("failing"))
    layout(made.folder / "image", demo_layers())
    layout(made.folder / "old", demo_layers()[:1])
    feeds(made.folder / "feeds")
    done = assay("db", "build", "--from", str(made.folder / "feeds"), "--out", made.db, home=made.folder / "home")
    assert done.code == 0, done.err
    return made


@pytest.fixture(scope="module")
def found(place: Place) -> dict[str, dict[str, object]]:
    report = json.loads(place.scan("-o", "json").out)
    return {f["id"]: f for f in report["findings"] if f["status"] == "affected"}


def test_expressions_decide_the_exit_code(place: Place, found: dict[str, dict[str, object]]) -> None:
    severity = {str(f["severity"]) for f in found.values()}
    assert severity & {"high", "critical"}
    assert place.scan("--fail-on", "high").code == 1
    assert place.scan("--fail-on", "severity>=low and ecosystem=cargo").code == 0
    told = place.scan("--fail-on", "fixable and not base")
    assert told.code == 1
    assert f"of {len(found)} open findings count" in told.err


def test_flags_that_do_nothing_are_told(place: Place) -> None:
    done = place.scan("-q", "--only-fixed", "--ignore-base")
    assert done.code == 0
    assert "--only-fixed and --ignore-base do nothing without --fail-on" in done.err
    assert "nothing without" not in place.scan("-q", "--only-fixed", "--fail-on", "high").err


def test_two_outputs_to_one_file_are_refused(place: Place, tmp_path: Path) -> None:
    done = place.scan("-o", "json=a.txt", "-o", "csv=./a.txt", cwd=tmp_path)
    assert (done.code, "one file" in done.err) == (2, True)
    assert not list(tmp_path.iterdir())


def test_without_a_database_explaining_can_not_tell(place: Place, tmp_path: Path) -> None:
    none, vex = str(tmp_path / "none.db"), tmp_path / "v.json"
    done = assay("explain", "CVE-2024-0001", place.image, "--db", none, home=tmp_path)
    assert (done.code, b"assay db update" in done.out) == (75, True)
    words = ("--vuln", "CVE-2024-0001", "--product", "pkg:npm/a", "--status", "fixed", "--author", "a")
    assert assay("vex", "make", *words, "--into", str(vex), home=tmp_path).code == 0
    assert assay("vex", "explain", str(vex), place.image, "--db", none, home=tmp_path).code == 75


def test_what_was_not_judged_is_told_even_quietly(place: Place) -> None:
    done = place.scan("-q", "--fail-on", "epss >= 1 and ecosystem != cargo")
    assert "were not judged (epss unknown of" in done.err


def test_an_error_points_at_the_column_before_anything_is_read(place: Place) -> None:
    done = place.scan("--fail-on", "severity >= hihg", image="oci-dir:/nowhere")
    assert (done.code, done.out) == (2, b"")
    assert "--fail-on, column 13" in done.err


def test_without_advisories_nobody_can_tell(place: Place) -> None:
    assert place.scan("--db", "/nowhere.db", "--fail-on", "kev").code == 75


def test_new_against_an_image_a_report_and_an_sbom(place: Place, tmp_path: Path) -> None:
    assert place.scan("--fail-on-new", "--baseline", place.image).code == 0
    assert "0 of" in place.scan("--fail-on-new", "--baseline", place.image).err
    (tmp_path / "base.json").write_bytes(place.scan("-o", "json").out)
    assert place.scan("--fail-on-new", "--baseline", f"{tmp_path}/base.json").code == 0
    done = assay("sbom", place.old, "-o", f"cyclonedx-json={tmp_path}/old.cdx.json", home=place.folder / "home")
    assert done.code == 0
    new = place.scan("--fail-on-new", "--baseline", f"{tmp_path}/old.cdx.json")
    assert new.code == place.scan("--fail-on-new", "--baseline", place.old).code == 1
    assert place.scan("--fail-on", "ecosystem=cargo", "--fail-on-new", "--baseline", place.old).code == 0


def test_half_of_a_baseline_is_refused(place: Place, tmp_path: Path) -> None:
    assert place.scan("--fail-on-new").code == 2
    assert place.scan("--baseline", place.image).code == 2
    bare = tmp_path / "bare.json"
    bare.write_bytes(place.scan("-o", "json", "--db", "/nowhere.db").out)
    assert place.scan("--fail-on-new", "--baseline", str(bare)).code == 75


def test_ignores_shape_the_report_and_nothing_else(
    place: Place, found: dict[str, dict[str, object]], tmp_path: Path
) -> None:
    lines = ["ignore:"]
    for name in found:
        lines += [f"  - id: {name}", f"    until: {TODAY}", '    reason: "looked at [x](y)"', "    by: Jane"]
    lines += ["  - id: CVE-1999-0001", f"    until: {TODAY - timedelta(days=1)}", "    reason: old"]
    (tmp_path / ".assay").mkdir()
    (tmp_path / ".assay/ignore.yaml").write_text("\n".join(lines) + "\n")
    done = place.scan("--fail-on", "severity>=none or severity=unknown", "-o", "json", cwd=tmp_path)
    assert done.code == (1 if any(f["category"] == "malicious" for f in found.values()) else 0), done.err
    report = json.loads(done.out)
    kept = {f["id"]: f for f in report["findings"]}
    assert {kept[name]["ignored"]["by"] for name in found} == {"Jane"}
    assert all(kept[name]["status"] == "affected" and not kept[name]["suppressed"] for name in found)
    assert report["ignores"]["ignored_count"] >= len(found)
    assert [r["id"] for r in report["ignores"]["expired"]] == ["CVE-1999-0001"]
    table = place.scan(cwd=tmp_path).out.decode()
    assert f"{report['ignores']['ignored_count']} ignored by rules of yours" in table
    assert "CVE-1999-0001" in table
    assert ".assay/ignore.yaml of the working folder is read" in place.scan("-q", cwd=tmp_path).err
    assert place.scan("--fail-on", "high", "--no-ignore", cwd=tmp_path).code == 1
    for form, word in (("markdown", "ignored"), ("html", "Ignored"), ("sarif", "looked at")):
        assert word in place.scan("-o", form, cwd=tmp_path).out.decode(), form


def test_a_verdict_never_sees_an_ignore(place: Place, found: dict[str, dict[str, object]], tmp_path: Path) -> None:
    rules = "".join(f"- id: {name}\n  until: 2099-01-01\n  reason: x\n" for name in found)
    (tmp_path / "i.yaml").write_text(rules)
    words = ("scan", place.image, "--db", place.db, "-o", "json", "-q")
    plain = assay(*words, home=place.folder / "home")
    ignoring = assay(*words, "--ignore-file", f"{tmp_path}/i.yaml", home=place.folder / "home")
    assert plain.code == ignoring.code == 1
    assert json.loads(plain.out)["verdict"] == json.loads(ignoring.out)["verdict"]


def test_a_broken_ignore_file_stops_before_anything_is_read(place: Place, tmp_path: Path) -> None:
    (tmp_path / "i.yaml").write_text("- id: CVE-1\n  until: soon\n  reason: x\n")
    done = place.scan("--ignore-file", f"{tmp_path}/i.yaml", image="oci-dir:/nowhere")
    assert done.code == 65
    assert "entry 1" in done.err
    assert place.scan("--ignore-file", f"{tmp_path}/none.yaml").code == 2


def test_settings_hold_until_a_flag_says_otherwise(place: Place, tmp_path: Path) -> None:
    (tmp_path / "assay.toml").write_text('fail-on = "high"\n')
    assert place.scan(cwd=tmp_path).code == 1
    lifted = place.scan("-q", "--fail-on", "", cwd=tmp_path)
    assert lifted.code == 0
    assert "--fail-on is empty: no finding fails this run" in lifted.err
    assert place.scan("--fail-on", "ecosystem=cargo", cwd=tmp_path).code == 0
    assert place.scan(cwd=tmp_path, env={"ASSAY_FAIL_ON": "ecosystem=cargo"}).code == 0
    assert place.scan(cwd=tmp_path, env={"ASSAY_CONFIG": "none"}).code == 0


def test_an_import_is_a_file_that_a_scan_takes(
    place: Place, found: dict[str, dict[str, object]], tmp_path: Path
) -> None:
    (tmp_path / ".trivyignore").write_text("\n".join(found) + "\n")
    done = assay("import-ignores", ".trivyignore", "-o", "ignore.yaml", home=tmp_path, cwd=tmp_path)
    assert done.code == 0
    assert "no last day: set to 2026-04-02" in done.err
    assert place.scan("--fail-on", "high", "--ignore-file", f"{tmp_path}/ignore.yaml").code == 0


def test_who_has(place: Place) -> None:
    done = assay("who-has", "pkg:deb/debian/openssl", place.image, place.old, "oci-dir:/nowhere", home=place.folder)
    assert done.code == 75
    assert done.out.decode().count("3.0.9-1") == 2
    assert "could not be read" in done.out.decode()
    done = assay("who-has", "pkg:npm/nothing", place.image, "-o", "json", home=place.folder)
    assert done.code == 1
    assert json.loads(done.out)[0]["state"] == "no"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("pkg:deb/debian/openssl?vers=vers:deb/<3.0.10", 0),
        ("pkg:deb/debian/openssl?vers=vers:deb/>=3.0.10", 1),
        ("pkg:deb/debian/openssl?vers=vers:fortran/<2", 2),
        ("pkg:deb/debian/openssl?vers=<2", 2),
        ("pkg:deb/", 2),
        ("pkg:", 2),
        ("", 2),
    ],
)
def test_who_has_a_range_and_what_is_no_question(place: Place, asked: str, code: int) -> None:
    done = assay("who-has", asked, place.image, home=place.folder)
    assert done.code == code, done.out.decode() + done.err


def test_who_has_keeps_to_the_width_of_the_terminal(place: Place) -> None:
    words = ("who-has", "openssl", place.image, f"oci-dir:/nowhere/{'x' * 90}")
    done = assay(*words, home=place.folder, env={"COLUMNS": "50"})
    lines = done.out.decode().splitlines()
    assert max(map(len, lines)) == 50
    assert any("could not be read" in line for line in lines)
    assert any("openssl 3.0.9-1" in line for line in lines)
    assert done.code == 75
