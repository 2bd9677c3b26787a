"""`assay compare`, `assay rebuild`, `assay rebuilders` as a person types them."""

import json
import os

import pytest

from assay.bootstrap.rebuilding import _conditions_of
from assay.model.comparison import Conditions
from assay.settings import Settings
from fileexample import copied, typed_in


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    return typed_in(copied(tmp_path), monkeypatch, capsys)


def good(run, *words):
    done = run(*words)
    assert done.code == 0, done.err + done.out.decode()
    return done


@pytest.fixture
def built(run):
    good(run, "lock", "assay.yaml")
    good(run, "build", "assay.yaml", "--output", "oci-dir:../one")
    return run


def test_a_changed_source_shows_as_a_named_cause(built, tmp_path):
    same = good(built, "compare", "oci-dir:../one", "oci-dir:../one")
    assert same.out.startswith(b"identical")
    page = next(
        path for path in sorted((tmp_path / "files").rglob("*")) if path.is_file() and path.suffix in (".html", ".txt")
    )
    page.write_text(page.read_text() + "\nbuilt 2026-01-01\n")
    good(built, "lock", "assay.yaml")
    good(built, "build", "assay.yaml", "--output", "oci-dir:../two")
    page.write_text(page.read_text().replace("2026-01-01", "2026-01-02"))
    good(built, "lock", "assay.yaml")
    good(built, "build", "assay.yaml", "--output", "oci-dir:../three")
    done = built("compare", "oci-dir:../two", "oci-dir:../three", "-o", "json")
    assert done.code == 1
    report = json.loads(done.out)
    assert report["verdict"] == "different"
    assert {one["kind"] for one in report["causes"]} == {"timestamp"}
    allowed = good(built, "compare", "oci-dir:../two", "oci-dir:../three", "--allow", "timestamp")
    assert allowed.out.startswith(b"equivalent")
    assert b"2026-01-01 | 2026-01-02" in allowed.out


def test_diffoscope_is_asked_for_by_name_and_missed_by_name(built, tmp_path, monkeypatch):
    good(built, "build", "assay.yaml", "--output", "oci-dir:../two")
    (tmp_path / "files" / "assay.yaml").write_text(
        (tmp_path / "files" / "assay.yaml").read_text().replace("version: ", "version: 9")
    )
    good(built, "lock", "assay.yaml")
    page = next(
        path for path in sorted((tmp_path / "files").rglob("*")) if path.is_file() and path.suffix in (".html", ".txt")
    )
    page.write_text("other")
    good(built, "lock", "assay.yaml")
    good(built, "build", "assay.yaml", "--output", "oci-dir:../three")
    monkeypatch.setenv("PATH", "/nowhere")
    done = built("compare", "--diffoscope", "oci-dir:../two", "oci-dir:../three")
    assert done.code == 75
    assert "diffoscope not found" in done.err
    assert done.out.startswith(b"different")


def test_the_strip_down_report_of_two_images(built):
    done = good(built, "compare", "--report", "stripdown", "oci-dir:../one", "oci-dir:../one")
    assert b"bytes under whiteouts" in done.out
    assert b"findings" in done.out
    report = json.loads(
        good(built, "compare", "--report", "stripdown", "oci-dir:../one", "oci-dir:../one", "-o", "json").out
    )
    files = next(one for one in report["figures"] if one["name"] == "files")
    assert len(files["before"]["items"]) == files["before"]["value"] > 0


def test_the_strip_down_report_knows_who_was_rebuilt(built, tmp_path):
    good(built, "rebuild", "assay.yaml", "--image", "oci-dir:../one", "--vary", "umask", "-o", "json=../r.json")
    words = ("compare", "--report", "stripdown", "oci-dir:../one", "oci-dir:../one", "-o", "json")
    figures = json.loads(good(built, *words, "--rebuilt", "../r.json").out)["figures"]
    assert next(one for one in figures if one["name"] == "reproduced")["before"]["value"] == 1
    (tmp_path / "no.json").write_text("{}")
    assert built(*words, "--rebuilt", "../no.json").code == 65
    digest = json.loads(good(built, "compare", *words[3:]).out)["before"]["digest"]
    (tmp_path / "r2.json").write_text((tmp_path / "r.json").read_text().replace(digest, f"sha256:{'0' * 64}"))
    other = json.loads(good(built, *words, "--rebuilt", "../r2.json").out)
    note = next(one for one in other["figures"] if one["name"] == "reproduced")["before"]["note"]
    assert note == "no rebuild report of those handed in is about this image"


@pytest.mark.parametrize(
    "words",
    [("--rebuilt", "r.json"), ("--db", "x"), ("--report", "stripdown", "--allow", "time"),
     ("--report", "stripdown", "--diffoscope"), ("--report", "stripdown", "--all")],
)  # fmt: skip
def test_an_option_of_the_other_report_is_not_just_dropped(built, words):
    done = built("compare", *words, "oci-dir:../one", "oci-dir:../one")
    assert (done.code, "an option of the other report" in done.err) == (2, True)


def test_a_spec_is_built_twice_and_the_verdict_is_signed(built):
    done = good(built, "rebuild", "assay.yaml", "--vary", "umask", "--vary", "clock", "-o", "json")
    report = json.loads(done.out)
    assert report["verdict"] == "identical"
    states = {one["name"]: one["state"] for one in report["variations"]}
    assert states == {"clock": "not varied", "umask": "varied"}
    assert all(one["why"] for one in report["variations"] if one["state"] == "not varied")
    for name in ("ann", "bob"):
        good(built, "keys", "generate", f"../{name}", "--no-passphrase")
    words = ("rebuild", "oci-dir:../one", "--spec", "assay.yaml", "--vary", "umask", "--key")
    good(built, *words, "../ann", "--builder-id", "urn:ann")
    alone = built("rebuilders", "oci-dir:../one", "--key", "../ann.pub", "--key", "../bob.pub")
    assert alone.code == 75
    assert alone.out.startswith(b"unknown 1/2")
    good(built, *words, "../bob", "--builder-id", "urn:bob")
    both = good(built, "rebuilders", "oci-dir:../one", "--key", "../ann.pub", "--key", "../bob.pub")
    assert both.out.startswith(b"reproduced 2/2")
    only = built("rebuilders", "oci-dir:../one", "--key", "../ann.pub")
    assert only.code == 75, "a key nobody trusts counts for nothing"


def test_an_image_with_its_record_is_rebuilt_from_it_alone(built, tmp_path):
    good(built, "keys", "generate", "../me", "--no-passphrase")
    good(built, "build", "assay.yaml", "--output", "oci-dir:../whole", "--key", "../me")
    (tmp_path / "files" / "assay.yaml").unlink()
    done = good(built, "rebuild", "oci-dir:../whole", "--vary", "umask")
    assert done.out.startswith(b"identical")
    found = _conditions_of("oci-dir:../whole", Settings(database="", cache=""))
    assert (found.kernel, found.cpus_count) == (os.uname().release, len(os.sched_getaffinity(0)))
    assert 0 < found.started <= found.finished
    assert (found.hostname, found.user) == ("", ""), "provenance is public: it names no machine and no person"
    assert _conditions_of("oci-dir:../one", Settings(database="", cache="")) == Conditions()


def test_an_image_without_a_record_is_not_guessed_at(built):
    done = built("rebuild", "oci-dir:../one")
    assert done.code == 75
    assert "--spec" in done.err


def test_provenance_of_another_image_or_spec_is_refused(built, tmp_path):
    statement = {
        "_type": "https://in-toto.io/Statement/v1", "predicateType": "https://slsa.dev/provenance/v1",
        "subject": [{"name": "x", "digest": {"sha256": "ab" * 32}}],
        "predicate": {"buildDefinition": {"externalParameters": {"spec": {"digest": {"sha256": "0" * 64}}}}},
    }  # fmt: skip
    (tmp_path / "p.json").write_text(json.dumps(statement))
    done = built("rebuild", "../p.json", "--spec", "assay.yaml", "--image", "oci-dir:../one")
    assert done.code == 3
    assert "another spec" in done.err
    assert built("rebuild", "../p.json", "--spec", "assay.yaml").code == 2


def test_what_is_no_image_is_said_so(run, tmp_path):
    assert run("compare", "dir:.", "oci-dir:../none").code in (2, 75)
    (tmp_path / "bad.json").write_text("{")
    assert run("rebuild", "../bad.json", "--image", "oci-dir:../none").code == 65
