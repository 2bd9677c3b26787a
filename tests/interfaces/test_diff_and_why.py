"""`assay diff` and `assay why`, typed as a person types them."""

import json
from pathlib import Path

import pytest

from assay.interfaces.cli.render import changes
from assay.model.difference import Difference, Setting
from assay.model.image import Subject
from command import Done, assay
from fakes.feeds import feeds
from fakes.layouts import OS_RELEASE, demo_layers, dpkg_status, layout, metadata


class Place:
    """Two images and a database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.old, self.new = f"oci-dir:{folder}/old", f"oci-dir:{folder}/new"
        self.db = str(folder / "a.db")

    def run(self, *words: str, **how: object) -> Done:
        return assay(*words, home=self.folder / "home", **how)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    made = Place(tmp_path_factory.mktemp("diff"))
    layout(made.folder / "old", demo_layers())
    site = "usr/lib/python3/dist-packages"
    evil = b"Metadata-Version: 2.1\nName: evil\x1b[31m\nVersion: 1\n\n"
    layers = [
        {"etc/os-release": OS_RELEASE, "var/lib/dpkg/status": dpkg_status(("bash", "5.2.15-2+b3"), ("zsh", "5.9-4"))},
        {
            f"{site}/jinja2-3.1.1.dist-info/METADATA": metadata("Jinja2", "3.1.1"),
            f"{site}/jinja2-3.1.1.dist-info/REQUESTED": b"",
            f"{site}/requests-2.30.0.dist-info/METADATA": metadata("requests", "2.30.0"),
            f"{site}/evil-1.dist-info/METADATA": evil,
            f"{site}/app-1.dist-info/METADATA": metadata("app", "1")[:-1] + b"Requires-Dist: requests\n\n",
            f"{site}/app-1.dist-info/REQUESTED": b"",
        },
    ]
    layout(made.folder / "new", layers, user="0")
    feeds(made.folder / "feeds")
    assert made.run("db", "build", "--from", str(made.folder / "feeds"), "--out", made.db).code == 0
    return made


def test_what_changed(place: Place) -> None:
    done = place.run("diff", place.old, place.new, "-o", "json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    changes = {(c["kind"], c["name"]) for c in found["packages"]}
    assert {("upgraded", "bash"), ("removed", "openssl"), ("added", "zsh"), ("downgraded", "Jinja2")} <= changes
    assert found["config"] == [{"name": "config.user", "old": "65534", "new": "0"}]
    assert not found["matched"]
    assert not found["empty"]
    assert place.run("diff", place.old, place.new, "-o", "json").out == done.out


def test_the_same_twice_is_empty(place: Place) -> None:
    done = place.run("diff", place.old, place.old, "-o", "json", "--db", place.db, "--fail-on-new", "low")
    assert done.code == 0, done.err
    assert json.loads(done.out)["empty"]
    assert b"no difference" in place.run("diff", place.old, place.old).out


def test_an_image_against_its_own_sbom(place: Place) -> None:
    sbom = place.folder / "old.cdx.json"
    assert place.run("sbom", place.old, "-o", f"cyclonedx-json={sbom}").code == 0
    done = place.run("diff", f"sbom:{sbom}", place.old, "-o", "json")
    assert json.loads(done.out)["empty"], done.out


def test_new_findings_can_fail_the_run(place: Place) -> None:
    back = place.run("diff", place.new, place.old, "--db", place.db, "--fail-on-new", "critical")
    assert back.code == 0, back.err  # openssl's finding comes back, without a severity
    assert b"CVE-2023-1111" in back.out
    done = place.run("diff", place.old, place.new, "--db", place.db, "--fail-on-new", "low", "-o", "json")
    assert [f["id"] for f in json.loads(done.out)["introduced"]] == ["CVE-2023-3333"]
    upgraded = place.run("diff", f"sbom:{empty(place)}", place.new, "--db", place.db, "--fail-on-new", "high")
    assert upgraded.code == 1, upgraded.err


@pytest.mark.parametrize(
    ("expression", "code"),
    [("severity>=high", 1), ("severity>=high and not fixable", 0), ("low and ecosystem = npm", 0), ("severity >>", 2)],
)
def test_new_findings_fail_by_an_expression(place: Place, expression: str, code: int) -> None:
    sides = f"sbom:{empty(place)}", place.new
    done = place.run("diff", *sides, "--db", place.db, "--fail-on-new", expression, "-o", "json")
    assert done.code == code, (done.err, done.out)
    assert place.run("diff", place.new, place.new, "--db", place.db, "--fail-on-new", "status = affected").code == 0


def test_what_the_policy_decides_of_both(place: Place) -> None:
    done = place.run("diff", place.old, place.new, "--db", place.db, "--policy", "default", "-o", "json")
    assert done.code == 0, done.err
    rules = {setting["name"]: (setting["old"], setting["new"]) for setting in json.loads(done.out)["verdict"]}
    assert ("pass", "violated") in rules.values()  # the new side runs as root
    assert b"Verdict" in place.run("diff", place.old, place.new, "--db", place.db, "--policy", "default").out


def empty(place: Place) -> Path:
    path = place.folder / "empty.json"
    path.write_text('{"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1}')
    return path


def test_without_advisory_data_nobody_can_tell(place: Place) -> None:
    done = place.run("diff", place.old, place.new, "--fail-on-new", "high", "--db", str(place.folder / "none.db"))
    assert done.code == 75
    assert "cannot be compared" in done.err


@pytest.mark.parametrize("columns", ["80", "40"])
def test_the_table_keeps_to_its_width_and_holds_no_escapes(place: Place, columns: str) -> None:
    done = place.run("diff", place.old, place.new, "--db", place.db, env={"COLUMNS": columns})
    assert max(len(line) for line in done.out.decode().splitlines()) <= int(columns)
    assert b"\x1b" not in done.out
    assert b"\x1b" not in place.run("diff", place.old, place.new, "-o", "markdown").out


def test_both_sides_from_standard_input_is_a_usage_error(place: Place) -> None:
    assert place.run("diff", "-", "-").code == 2


def test_why(place: Place) -> None:
    done = place.run("why", "requests", place.new, "-o", "json")
    assert done.code == 0, done.err
    (one,) = json.loads(done.out)["components"]
    assert (one["standing"], one["depth"], one["instruction"]) == ("transitive", 2, "step 1")
    assert one["paths"] == [["pkg:pypi/app@1", "pkg:pypi/requests@2.30.0"]]
    text = place.run("why", "pkg:pypi/jinja2", place.new).out.decode()
    assert "direct, by record pypi:requested" in text
    assert "layer 1: step 1" in text


def test_why_of_what_is_not_there(place: Place) -> None:
    done = place.run("why", "reqeusts", place.new)
    assert (done.code, done.out) == (1, b"")
    assert "near: requests" in done.err


def test_the_counts_of_a_difference_are_in_good_english() -> None:
    one, side = Setting(name="config.user", old="", new="0"), Subject(kind="image", name="x")
    said = [changes.summary(Difference(old=side, new=side, config=(one,) * count, matched=True)) for count in (0, 1, 2)]
    assert said == ["no difference", "1 config change", "2 config changes"]
