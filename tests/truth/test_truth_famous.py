"""Famous vulnerabilities in made or real installs: the verdict and the reason that a person who looked it up gives."""

import gzip
import json
import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from advisorydbs import built
from command import assay
from fakes.layouts import layout
from support import needs_shared, shared
from truth.recipes import INSTALLED, WRITTEN

pytestmark = needs_shared

CASES = tomllib.loads((Path(__file__).parent / "cases.toml").read_text(encoding="utf-8"))["case"]
RECIPES = WRITTEN | INSTALLED
FEEDS = (
    "debian-12.jsonl.gz",
    "alpine.jsonl.gz",
    "ghsa-selected.jsonl.gz",
    "maven-projectkb.jsonl.gz",
    "pypi.jsonl.gz",
    "go.jsonl.gz",
)
WHOLE = ("debian-12-coverage.json", "alpine-not-affected.json", "kev.json")
VERDICTS = ("affected", "not affected", "not covered", "no finding")
Report = dict[str, Any]


def _names() -> set[bytes]:
    """Every package name that a feed may use for a case, as JSON has it: `"name"`."""
    found: set[str] = set()
    for case in CASES:
        for one in (case, case.get("contrast", {})):
            found.update(source for _, _, source in one.get("packages", ()))
            found.add(":".join(one["artifact"].split(":")[:2]) if "artifact" in one else "")
        found.add(case.get("requirement", "").partition("==")[0])
        found.add(case.get("package", ""))
        found.add("stdlib" if "toolchain" in case else "")
    return {b'"%s"' % name.encode() for name in found if name}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of everything that the shared feeds say about the packages of the cases."""
    folder = tmp_path_factory.mktemp("truth")
    feeds, names = folder / "feeds", _names()
    feeds.mkdir()
    for file in FEEDS:
        with gzip.open(shared("data", "advisories", file)) as lines:
            kept = [line for line in lines if any(name in line for name in names)]
        assert kept, file
        (feeds / file).write_bytes(gzip.compress(b"".join(kept), compresslevel=1, mtime=0))
    for file in WHOLE:
        shutil.copyfile(shared("data", "advisories", file), feeds / file)
    built(feeds, folder / "advisories.db")
    return folder / "advisories.db"


def scanned(case: Mapping[str, Any], database: Path, folder: Path) -> Report:
    work = folder / "work"
    work.mkdir(parents=True)
    layout(folder / "image", [RECIPES[case["recipe"]](case, work)])
    target = f"oci-dir:{folder / 'image'}:latest"
    done = assay("scan", target, "--db", str(database), "--no-policy", "-q", "-o", "json", home=folder / "home")
    assert done.code == 0, done.err
    return dict(json.loads(done.out))


def verdict(report: Report, identifier: str, component: str) -> tuple[str, Mapping[str, Any] | str]:
    """The verdict, and the finding or the reason that goes with it. The component has to be there."""
    keys = {item["key"] for item in report["components"] if item["name"] == component}
    assert keys, f"{component} was not found at all"
    found = [f for f in report["findings"] if f["component"] in keys and identifier in (f["id"], *f["aliases"])]
    if found:
        return found[0]["status"].replace("_", " "), found[0]
    uncovered = [item["reason"] for item in report["uncovered"] if item["component"] in keys]
    return ("not covered", uncovered[0]) if uncovered else ("not affected", "")


def holds(wanted: Mapping[str, str], finding: Mapping[str, Any]) -> None:
    """Every rung that is asked for is there and says it."""
    ladder: dict[str, str] = {}
    for step in finding["reasons"]:
        ladder[step["rung"]] = f"{ladder.get(step['rung'], '')} {step['says']} [{step['source']}]"
    for rung, words in wanted.items():
        assert words in ladder.get(rung, ""), (rung, ladder)


def check(case: Mapping[str, Any], database: Path, folder: Path) -> None:
    report = scanned(case, database, folder)
    for wanted in case["expect"]:
        told, why = verdict(report, wanted["id"], wanted["component"])
        if wanted["verdict"] == "no finding":
            assert told in ("not affected", "not covered")
        else:
            assert told == wanted["verdict"], (wanted, why)
        if isinstance(why, str):
            assert isinstance(wanted.get("reason", ""), str), "a ladder was asked for, and there is no finding"
            assert wanted.get("reason", "") in why
        else:
            holds(wanted.get("reason", {}), why)
    if contrast := case.get("contrast"):
        report = scanned({**case, **contrast}, database, folder / "contrast")
        for wanted in case["expect"]:
            told, why = verdict(report, wanted["id"], wanted["component"])
            assert told == "affected", (wanted, why)
            assert not isinstance(why, str)
            holds(contrast.get("reason", {}), why)


def _of(recipes: Mapping[str, object]) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in CASES if case["recipe"] in recipes]


@pytest.mark.parametrize("case", _of(WRITTEN))
def test_written_install(case: Mapping[str, Any], database: Path, tmp_path: Path) -> None:
    check(case, database, tmp_path)


@pytest.mark.interop
@pytest.mark.parametrize("case", _of(INSTALLED))
def test_real_install(case: Mapping[str, Any], database: Path, tmp_path: Path) -> None:
    check(case, database, tmp_path)


def test_every_case_says_what_is_true_and_who_says_so() -> None:
    for case in CASES:
        assert case["what"]
        assert case["truth"]
        assert case["recipe"] in RECIPES
        for wanted in case["expect"]:
            assert wanted["verdict"] in VERDICTS
            assert wanted["verdict"] != "not affected" or "contrast" in case or case["recipe"] == "apt", case["name"]
    assert len({case["name"] for case in CASES}) == len(CASES)
