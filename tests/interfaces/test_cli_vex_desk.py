"""`assay vex make|merge|lint|explain`, and the forms `scan` takes and gives, typed as a person types them."""

import json
from pathlib import Path

import pytest

from command import Done, assay
from fakes.feeds import feeds
from fakes.layouts import OS_RELEASE, demo_layers, dpkg_status, layout

MAKE = ("vex", "make", "--vuln", "CVE-2024-0001", "--author", "Jane")


class Place:
    """An image with findings, one without, and a database."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.image, self.clean = folder, f"oci-dir:{folder}/image", f"oci-dir:{folder}/clean"
        self.db = str(folder / "a.db")

    def run(self, *words: str) -> Done:
        return assay(*words, home=self.folder / "home", cwd=self.folder)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    made = Place(tmp_path_factory.mktemp("vex"))
    layout(made.folder / "image", demo_layers())
    layout(made.folder / "clean", [{"etc/os-release": OS_RELEASE, "var/lib/dpkg/status": dpkg_status(("zsh", "9"))}])
    feeds(made.folder / "feeds")
    assert made.run("db", "build", "--from", "feeds", "--out", made.db).code == 0
    return made


def test_every_form_a_scan_writes_speaks_of_that_image(place: Place) -> None:
    forms = {"openvex": "a.vex", "csaf": "a.csaf", "cyclonedx-vex": "a.cdx", "csaf@2.1": "b.csaf"}
    words = [word for form, path in forms.items() for word in ("-o", f"{form}={path}")]
    done = place.run("scan", place.image, "--db", place.db, "--no-policy", "-q", *words, "-o", "json=report.json")
    assert done.code == 0, done.err
    explained = place.run("vex", "explain", *forms.values(), place.image, "--db", place.db, "--json")
    rows = json.loads(explained.out)
    assert (explained.code, {row["field"] for row in rows}) == (0, {"matched"}), rows
    by_form = [[row for row in rows if row["document"] == path] for path in forms.values()]
    told = {frozenset((row["vulnerability"], row["status"], *row["findings"]) for row in found) for found in by_form}
    assert len(told) == 1
    assert by_form[0]
    assert place.run("vex", "lint", *forms.values()).out == b""
    once, thrice = place.run("vex", "merge", "a.vex"), place.run("vex", "merge", "a.cdx", "a.vex", "a.csaf")
    assert (once.code, once.out) == (0, thrice.out)


def test_without_findings_no_document_is_left(place: Place) -> None:
    (place.folder / "old.vex").write_text("{}")
    done = place.run(
        "scan", place.clean, "--db", place.db, "--no-policy", "-q", "-o", "openvex=old.vex", "-o", "csaf"
    )  # fmt: skip
    assert (done.code, done.out) == (0, b""), done.err
    assert not (place.folder / "old.vex").exists()
    assert "openvex: nothing to say" in done.err


def test_a_statement_by_hand_is_written_on(place: Place) -> None:
    path = place.folder / "hand.json"
    first = (*MAKE, "--product", "pkg:npm/a@1", "--status", "not_affected", "--impact", "No.", "--into", "hand.json")
    assert place.run(*first, "--id", "https://example.org/vex/1", "--expires", "2026-12-31").code == 0
    before = path.read_bytes()
    value = json.loads(before)
    assert (value["@id"], value["version"]) == ("https://example.org/vex/1", 1)
    assert value["statements"][0]["status_notes"] == "assay:expires: 2026-12-31T00:00:00Z"
    assert place.run(*first, "--expires", "2026-12-31T01:00:00+01:00").code == 0
    assert path.read_bytes() == before, "what says nothing new changes nothing"
    second = (*MAKE, "--product", "pkg:npm/a@1", "--status", "affected", "--action", "Update.", "--into", "hand.json")
    assert place.run(*second).code == 0
    value = json.loads(path.read_bytes())
    assert (value["@id"], value["version"], len(value["statements"])) == ("https://example.org/vex/1", 2, 1)
    refused = place.run(*second[:4], "--author", "Joe", *second[6:])
    assert (refused.code, "another author" in refused.err) == (2, True), refused.err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--product", "pkg:npm/a", "--status", "not_affected"), "justification or an impact"),
        (("--product", "pkg:npm/a", "--status", "affected"), "action"),
        (("--product", "", "--status", "fixed"), "is empty"),
        (("--product", "pkg:oci/a", "--subcomponent", " ", "--status", "fixed"), "is empty"),
        (("--product", "pkg:npm/a", "--status", "fixed", "--expires", "soon"), "not a time"),
        (("--product", "pkg:npm/a", "--status", "fixed", "--expires", "2026-01-01T00:00:00"), "zone"),
    ],
)
def test_what_is_no_statement_yet_is_a_usage_error(place: Place, words: tuple[str, ...], why: str) -> None:
    done = place.run(*MAKE, *words)
    assert (done.code, done.out) == (2, b"")
    assert why in done.err


def test_flaws_are_told_with_their_place(place: Place) -> None:
    bad = {
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": "urn:x", "author": "a\x1b[31m", "version": 1,
        "timestamp": "2020-01-01T00:00:00Z",
        "statements": [
            {"vulnerability": {"name": "CVE-1"}, "status": "not_affected", "products": [{"@id": "pkg:npm/a"}]},
            {"vulnerability": {"name": "CVE-2\x1b[31m"}, "status": "fixed", "products": [{"@id": "cpe:/a:b"}],
             "status_notes": "assay:expires: 2021-01-01T00:00:00Z"},
            {"vulnerability": {"name": "CVE-3"}, "status": "maybe"},
        ],
    }  # fmt: skip
    (place.folder / "bad.json").write_text(json.dumps(bad))
    done = place.run("vex", "lint", "bad.json")
    assert done.code == 1
    lines = done.out.decode().splitlines()
    assert any("$.statements[0]: error [malformed]" in line and "justification" in line for line in lines), lines
    assert any("$.statements[1]: error [never-matches]" in line for line in lines)
    assert any("$.statements[1]: error [expired]" in line for line in lines)
    assert any("$.statements[2].status: error [malformed]" in line for line in lines)
    assert b"\x1b" not in done.out


def test_several_authors_need_a_publisher_who_does_not_take_their_names(place: Place) -> None:
    for name in ("one", "two"):
        words = ("--vuln", f"CVE-{name}", "--author", name, "--product", "pkg:npm/a", "--status", "fixed")
        assert place.run("vex", "make", *words, "--into", f"{name}.json").code == 0
    assert place.run("vex", "merge", "one.json", "two.json").code == 2
    done = place.run("vex", "merge", "one.json", "two.json", "--author", "both")
    found = json.loads(done.out)
    assert (found["author"], [s["status_notes"] for s in found["statements"]]) == (
        "both", ["assay:word: author one", "assay:word: author two"],
    )  # fmt: skip


def test_unsigned_files_fail_at_the_signature_when_one_is_asked_for(place: Place) -> None:
    words = (*MAKE, "--product", "pkg:npm/a", "--status", "fixed", "--into", "unsigned.json")
    assert place.run(*words).code == 0
    done = place.run(
        "vex", "explain", "unsigned.json", place.image, "--db", place.db, "--vex-require-signature", "--json"
    )
    (row,) = json.loads(done.out)
    assert (done.code, row["field"]) == (1, "signature")


def test_stale_decisions_are_listed_for_review(place: Place) -> None:
    report = json.loads(place.run("scan", place.image, "--db", place.db, "--no-policy", "-q", "-o", "json").out)
    found = next(f for f in report["findings"] if f["status"] == "affected" and f["purl"].startswith("pkg:"))
    words = (
        "vex",
        "make",
        "--vuln",
        found["id"],
        "--author",
        "Jane\x1b[31m",
        "--product",
        found["purl"].partition("?")[0],
    )
    said = ("--status", "not_affected", "--impact", "No.", "--expires", "2020-01-01", "--into", "stale.json")
    assert place.run(*words, *said).code == 0
    done = place.run("scan", place.image, "--db", place.db, "--no-policy", "-q", "--vex", "stale.json", "-o", "table",
                     "-o", "html=stale.html", "-o", "json=stale-report.json")  # fmt: skip
    shown = " ".join(done.out.decode().split())
    assert "VEX to review again for 1 finding" in shown
    assert "until 2020-01-01T00:00:00Z: review again" in shown
    assert "\x1b[31m" not in shown
    assert "VEX to review again" in (place.folder / "stale.html").read_text()
    after = json.loads((place.folder / "stale-report.json").read_bytes())["findings"]
    assert (
        next(f for f in after if (f["id"], f["component"]) == (found["id"], found["component"]))["status"] == "affected"
    )
