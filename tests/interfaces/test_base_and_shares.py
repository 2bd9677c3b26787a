"""Base or application and direct or transitive, from the image to every report; `--ignore-base` leaves out what is sure."""

import json
from pathlib import Path

import msgspec
import pytest

from assay.dependencies.conditions import parse
from assay.dependencies.explain import ladder
from assay.dependencies.graph import Graph
from assay.dependencies.origin import count, is_surely_base, layer_origin, origin
from assay.formats import image_facts, vulns
from assay.formats import report as report_json
from assay.interfaces.cli.failing import Gate, fails
from assay.interfaces.cli.options import Console
from assay.interfaces.cli.render import html, markdown, standing, table
from assay.model.inventory import BaseImage, Component, Inventory
from assay.model.report import Origins, Report, Shares
from command import Done, assay
from fakes.feeds import feeds
from fakes.layouts import demo_layers, layout
from reports import finding, report

SURE = BaseImage(layers_count=1, confidence="certain", method="given", name="debian:12", reason="by diffID")
WEAK = msgspec.structs.replace(SURE, confidence="weak", method="history")
UNKNOWN = BaseImage(reason="no base is given")


def component(introduced: int | None, **more: object) -> Component:
    return Component(
        key="x", purl="", ecosystem="deb", name="x", version="1", introduced=introduced, **more  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("introduced", "base", "whose"),
    [(0, SURE, "base"), (1, SURE, "application"), (0, WEAK, "base"), (None, SURE, "unknown"), (0, UNKNOWN, "unknown"),
     (0, None, "unknown")],
)  # fmt: skip
def test_the_layer_that_brought_it_decides(introduced: int | None, base: BaseImage | None, whose: str) -> None:
    assert origin(component(introduced), base) == layer_origin(introduced, base) == whose


def test_only_certain_or_strong_counts_as_sure() -> None:
    assert is_surely_base(component(0), SURE)
    assert is_surely_base(component(0), msgspec.structs.replace(SURE, confidence="strong"))
    assert not is_surely_base(component(0), WEAK)
    assert not is_surely_base(component(1), SURE)
    assert not is_surely_base(component(0), None)


def test_removed_and_owned_packages_are_not_counted() -> None:
    found = count([component(0), component(1), component(0, removed_by=1), component(0, owner="o")], SURE)
    assert found == Origins(base=1, application=1, unknown=0)


def test_explain_says_whose_the_layer_is_after_the_layer() -> None:
    steps = ladder(finding("CVE-1"), component(0), (), SURE)
    assert ("origin", "base image debian:12 (certain: by diffID)") in [(s.rung, s.says) for s in steps]
    assert not any(s.rung == "origin" for s in ladder(finding("CVE-1"), component(0), ()))


def judged(base: BaseImage | None, whose: str) -> Report:
    found = finding("CVE-1", status="affected", severity="high", origin=whose)
    return msgspec.structs.replace(report(found), verdict=None, base=base)


def failing(value: Report, *, ignore_base: bool = False) -> int:
    return int(fails(value, Gate(condition=parse("high"), ignore_base=ignore_base), (), Console(True)))


@pytest.mark.parametrize(
    ("base", "whose", "code"),
    [(SURE, "base", 0), (SURE, "application", 1), (SURE, "unknown", 1), (WEAK, "base", 1), (None, "base", 1)],
)
def test_ignore_base_leaves_out_only_what_is_surely_the_bases(base: BaseImage | None, whose: str, code: int) -> None:
    assert failing(judged(base, whose), ignore_base=True) == code
    assert failing(judged(base, whose)) == 1


def test_ignore_base_never_leaves_out_what_is_malicious() -> None:
    bad = judged(SURE, "base")
    evil = tuple(msgspec.structs.replace(f, category="malicious") for f in bad.findings)
    assert failing(msgspec.structs.replace(bad, findings=evil), ignore_base=True) == 1


def test_every_report_says_it_and_nothing_in_a_name_gets_out() -> None:
    evil = msgspec.structs.replace(SURE, name="\x1b[31m<b>|")
    shares = Shares(direct=1, transitive=2, unknown=3, unrecorded=("deb", ""), unreached_count=1)
    value = msgspec.structs.replace(
        judged(evil, "base"), shares=shares, origins=Origins(base=1, application=2, unknown=3)
    )
    text = table.render(value, columns=80, colour=False)
    assert "1 direct, 2 transitive, 3 of unknown standing" in text
    assert "1 packages from it, 2 from the layers above, 3 unknown" in " ".join(text.split())
    assert "\x1b" not in text
    assert all(len(line) <= 80 for line in text.splitlines())
    page = html.render(value)
    assert "&lt;b&gt;" in page
    assert "<b>|" not in page
    assert "1 direct, 2 transitive" in markdown.render(value)
    assert report_json.read(report_json.write(value), "r") == value


def test_without_counts_nothing_is_said() -> None:
    assert standing.share_line(None) == standing.base_line(None, 3, None) == ""
    assert standing.share_line(Shares(direct=0, transitive=0, unknown=0)) == ""
    assert standing.base_line(SURE, 0, None) == ""


def test_a_decision_is_handed_both() -> None:
    value = judged(SURE, "base")
    facts = image_facts.read(json.loads(json.dumps(image_facts.predicate(value))), where="w")
    assert facts.base == SURE
    (item,) = vulns.read(vulns.predicate(value, finished="2026-01-02T03:04:05Z"), where="w").items
    assert item.origin == "base"


def test_shares_name_the_ecosystems_without_a_record() -> None:
    npm = {"ecosystem": "npm", "purl": "", "version": "1"}
    direct = Component(key="a", name="a", properties=(("npm:direct", "true"),), **npm)  # type: ignore[arg-type]
    alone = Component(key="b", name="b", **npm)  # type: ignore[arg-type]
    stock = Inventory(subject=report().subject, components=(direct, alone, component(0)))
    assert Graph(stock).shares() == Shares(direct=1, transitive=0, unknown=2, unrecorded=("deb",), unreached_count=1)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("base")
    layout(home / "app", demo_layers())
    layout(home / "debian", demo_layers()[:1])
    feeds(home / "feeds")
    assert assay("db", "build", "--from", str(home / "feeds"), "--out", str(home / "a.db"), home=home).code == 0
    return home


def scan(home: Path, *words: str) -> Done:
    return assay("scan", *words, "--db", str(home / "a.db"), "--no-policy", home=home)


def test_the_sbom_of_an_image_says_the_same_of_base_and_shares(home: Path) -> None:
    app, base = f"oci-dir:{home / 'app'}:latest", f"oci-dir:{home / 'debian'}:latest"
    image = scan(home, app, "--base", base, "-o", "json")
    assert assay("sbom", app, "--base", base, "-o", f"spdx-json={home / 'x.json'}", home=home).code == 0
    again = scan(home, f"sbom:{home / 'x.json'}", "-o", "json")
    assert json.loads(image.out) == json.loads(again.out)
    found = json.loads(image.out)
    assert (found["base"]["layers_count"], found["base"]["confidence"]) == (1, "certain")
    assert {f["origin"] for f in found["findings"] if f["name"] == "openssl"} == {"base"}
    assert {f["origin"] for f in found["findings"] if f["name"] != "openssl"} == {"application"}


def test_a_base_may_be_given_for_an_sbom_and_as_an_sbom(home: Path) -> None:
    app, base = f"oci-dir:{home / 'app'}:latest", f"oci-dir:{home / 'debian'}:latest"
    for target, name in ((app, "app.json"), (base, "base.json")):
        assert assay("sbom", target, "-o", f"cyclonedx-json={home / name}", home=home).code == 0
    done = assay("why", "openssl", str(home / "app.json"), "--base", str(home / "base.json"), home=home)
    assert b"base image" in done.out
    assert b"(certain:" in done.out
    done = assay("why", "openssl", str(home / "base.json"), "--base", str(home / "app.json"), home=home)
    assert b"is not below this image" in b" ".join(done.out.split())


def test_a_base_that_cannot_be_had_is_an_error(home: Path) -> None:
    done = assay("sbom", f"oci-dir:{home / 'app'}:latest", "--base", f"oci-dir:{home / 'nowhere'}:latest", home=home)
    assert done.code not in (0, 1)
    assert "nowhere" in done.err
