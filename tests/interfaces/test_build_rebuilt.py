"""`assay build` of a spec that asks for rebuilds: what differs is not published, and what was found leaves with it."""

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from assay.flows import build as flow
from assay.formats import predicates, strictjson
from assay.model.tree import OwnedEntry
from command import Done
from fileexample import Run, copied, typed_in

TWICE = "assurance:\n  rebuild: {{times: 2, vary: [umask, order], on-difference: {}}}\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copied(tmp_path)


@pytest.fixture
def run(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return typed_in(project, monkeypatch, capsys)


class Counting(list):  # type: ignore[type-arg]
    """Builds so far."""

    differs = False
    only = ""
    """The platform that differs; empty for all."""
    first = 1
    """How many the first build makes."""


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Counting:
    """Counts builds; where it is told to, a mode changes after the first."""
    counted, collect = Counting(), flow.COLLECTORS

    def changed(at: flow.Building, platform: object) -> Iterator[OwnedEntry]:
        counted.append(1)
        for item in (item for one in collect for item in one(at, platform)):  # type: ignore[arg-type]
            here = counted.only in str(platform) and item.entry.kind == "file"
            if counted.differs and len(counted) > counted.first and here:
                yield OwnedEntry(msgspec.structs.replace(item.entry, mode=0o600), item.owner, item.span)
            else:
                yield item

    monkeypatch.setattr(flow, "COLLECTORS", (changed,))
    return counted


def asked(project: Path, run: Run, on_difference: str = "fail") -> None:
    spec = project / "assay.yaml"
    spec.write_text(spec.read_text() + TWICE.format(on_difference))
    assert run("lock", "assay.yaml").code == 0


def build(run: Run, *words: str) -> Done:
    return run("build", "assay.yaml", "--output", "oci-dir:../out", *words)


def test_a_spec_that_asks_is_built_as_often_as_it_says_and_published_once(
    project: Path, run: Run, counting: Counting
) -> None:
    asked(project, run)
    done = build(run)
    assert (done.code, len(counting)) == (0, 3), done.err
    assert "rebuild: identical (2 rebuilt)" in done.err
    assert "rebuild: umask: " in done.err
    index = json.loads((project.parent / "out" / "index.json").read_text())
    assert [one["digest"] for one in index["manifests"]] == [done.out.decode().strip()]


def test_a_spec_that_says_nothing_is_built_once_unless_asked(project: Path, run: Run, counting: Counting) -> None:
    assert run("lock", "assay.yaml").code == 0
    assert (build(run).code, len(counting)) == (0, 1)
    assert (build(run, "--rebuild").code, len(counting)) == (0, 3)


def test_tests_of_an_image_are_not_run_again_and_need_no_sandbox_to_rebuild(project: Path, run: Run) -> None:
    spec = project / "assay.yaml"
    spec.write_text(spec.read_text() + "  tests: [{name: never, run: [/nothing]}]\n")
    assert run("lock", "assay.yaml").code == 0
    done = run("rebuild", "assay.yaml", "--vary", "umask")
    assert (done.code, done.out.startswith(b"identical")) == (0, True), done.err


def test_it_can_be_left_out(project: Path, run: Run, counting: Counting) -> None:
    asked(project, run)
    counting.differs = True
    assert (build(run, "--no-rebuild").code, len(counting)) == (0, 1)


def test_what_differs_leaves_nothing_behind_and_ends_as_a_rebuild_does(
    project: Path, run: Run, counting: Counting
) -> None:
    asked(project, run)
    counting.differs = True
    done = build(run)
    assert (done.code, done.out) == (1, b"")
    assert "different (2 rebuilt)\n  spec" in done.err
    assert "mode" in done.err
    assert "not published: a second build is different (build.rebuild-mismatch)" in done.err
    assert sorted(path.name for path in project.parent.iterdir() if "out" in path.name) == []


@pytest.mark.parametrize("only", ["amd64", "arm64"])
def test_each_platform_is_held_against_its_own(project: Path, run: Run, counting: Counting, only: str) -> None:
    spec = project / "assay.yaml"
    spec.write_text(spec.read_text() + "platforms: [linux/amd64, linux/arm64]\n")
    assert run("lock", "assay.yaml").code == 0
    assert build(run, "--rebuild").code == 0
    del counting[:]
    counting.differs, counting.only, counting.first = True, only, 2
    assert build(run, "--rebuild").code == 1, "whichever of them differs"


def test_a_layout_that_is_there_keeps_the_image_it_had(project: Path, run: Run, counting: Counting) -> None:
    asked(project, run)
    assert build(run, "--no-rebuild").code == 0
    index = project.parent / "out" / "index.json"
    before = index.read_bytes()
    page = next(path for path in sorted((project / "site").rglob("*")) if path.is_file())
    page.write_bytes(page.read_bytes() + b" ")
    assert run("lock", "assay.yaml").code == 0
    del counting[:]
    counting.differs = True
    assert build(run).code == 1
    assert index.read_bytes() == before


def test_a_report_is_all_where_the_spec_asks_for_no_more(project: Path, run: Run, counting: Counting) -> None:
    asked(project, run, "report")
    counting.differs = True
    done = build(run)
    assert (done.code, "published although" in done.err, "different (2 rebuilt)" in done.err) == (0, False, True)


def test_where_the_spec_lets_it_pass_the_evidence_says_that_it_differs(
    project: Path, run: Run, counting: Counting
) -> None:
    asked(project, run, "warn")
    counting.differs = True
    assert run("keys", "generate", "../k", "--no-passphrase").code == 0
    done = build(run, "--key", "../k")
    assert done.code == 0, done.err
    assert "published although a second build is different" in done.err
    told = run("rebuilders", "oci-dir:../out", "--key", "../k.pub", "--threshold", "1")
    assert told.code == 1
    assert b"denied" in told.out
    judged = run("verify", "oci-dir:../out", "--key", "../k.pub", "--policy", "default", "-o", "json")
    assert judged.code == 1
    assert (
        "build.rebuild-mismatch: urn:assay:builder:workstation built it again and it is different"
        in judged.out.decode()
    )
    del counting[:]
    counting.differs = False
    again = run("rebuild", "oci-dir:../out", "-o", "json")
    assert json.loads(again.out)["verdict"] == "identical", "the record that carries a report is still a recipe"


def test_the_report_is_a_byproduct_and_its_verdict_is_signed(project: Path, run: Run, counting: Counting) -> None:
    asked(project, run)
    assert run("keys", "generate", "../k", "--no-passphrase").code == 0
    done = build(run, "--key", "../k")
    assert done.code == 0, done.err
    told = run("rebuilders", "oci-dir:../out", "--key", "../k.pub", "--threshold", "1")
    assert (told.code, b"reproduced" in told.out) == (0, True), told.err
    blobs = [path.read_bytes() for path in sorted((project.parent / "out" / "blobs" / "sha256").iterdir())]
    said = [base64.b64decode(json.loads(data)["dsseEnvelope"]["payload"]) for data in blobs if b"dsseEnvelope" in data]
    statements = {one["predicateType"]: one["predicate"] for one in map(json.loads, said)}
    (report,) = [
        one for one in statements["https://slsa.dev/provenance/v1"]["runDetails"]["byproducts"]
        if one["name"] == "rebuild-report"
    ]  # fmt: skip
    assert report["annotations"] == {"verdict": "identical"}
    (record,) = [told["rebuild"] for kind, told in statements.items() if kind == predicates.BUILD_RECORD]
    whole = strictjson.canonical(record)
    assert report["digest"] == {"sha256": hashlib.sha256(whole).hexdigest()}, "the record carries what was named"
    assert [one["name"] for one in record["variations"]] == ["order", "umask"]
