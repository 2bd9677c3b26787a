"""`scan` looks into Go programs for vulnerable functions; an SBOM cannot, and its scan is the more cautious one."""

import json
from pathlib import Path
from typing import Any

import pytest

from advisorydbs import jsonl, record
from command import assay
from dependencies.gotables import go_program
from fakes.layouts import layout

MODULE = "example.test/lib"
LAYERS = [
    {"opt/bin/clean": go_program([f"{MODULE}/css.Parse"], modules=[MODULE])},
    {"opt/bin/other": go_program(["example.test/second.Run"], modules=["example.test/second"])},
]
BAD = {"opt/bin/bad": go_program([f"{MODULE}/html.Parse"], modules=[MODULE])}


def entry(module: str, *symbols: str, path: str = "") -> dict[str, object]:
    return {
        "package": {"ecosystem": "Go", "name": module},
        "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.5.0"}]}],
        "ecosystem_specific": {"imports": [{"path": path or f"{module}/html", "symbols": list(symbols)}]},
    }


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("reach")
    jsonl(
        home / "feeds" / "go.jsonl",
        [
            record("GO-2024-0001", entry(MODULE, "Parse"), aliases=["CVE-2024-0001"]),
            record("GO-2024-0002", entry("example.test/second", "Run", path="example.test/second")),
            record("GO-2024-0003", {**entry("example.test/second"), "ecosystem_specific": {}}),
        ],
    )
    layout(home / "image", LAYERS)
    layout(home / "both", [*LAYERS, BAD])
    done = assay("db", "build", "--from", str(home / "feeds"), "--out", str(home / "adv.db"), home=home)
    assert done.code == 0, done.err
    return home


def report(home: Path, target: str, *words: str) -> dict[str, Any]:
    done = assay("scan", target, "--db", str(home / "adv.db"), "--no-policy", "-o", "json", *words, home=home)
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


def states(found: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {f["id"]: (f["status"], f["reach"]["state"] if f["reach"] else "") for f in found["findings"]}


EXPECTED = {
    "CVE-2024-0001": ("not_affected", "not_linked"),
    "GO-2024-0002": ("affected", "linked"),
    "GO-2024-0003": ("affected", ""),
}


@pytest.mark.parametrize("words", [(), ("--no-cache",), ("--verify", "strict")])
def test_a_scan_of_an_image_looks_into_its_programs(home: Path, words: tuple[str, ...]) -> None:
    for _ in range(2):  # the second time from what is remembered
        assert states(report(home, f"oci-dir:{home / 'image'}:latest", *words)) == EXPECTED


def test_one_program_with_the_function_is_enough(home: Path) -> None:
    found = states(report(home, f"oci-dir:{home / 'both'}:latest"))
    assert found["CVE-2024-0001"] == ("affected", "linked")


def test_a_root_directory_is_looked_into(home: Path) -> None:
    for layer in LAYERS:
        for path, data in layer.items():
            file = home / "root" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
            file.chmod(0o755)
    assert states(report(home, f"rootfs:{home / 'root'}")) == EXPECTED


@pytest.mark.parametrize("form", ["cyclonedx-json", "spdx-json", "spdx-tv"])
def test_the_scan_of_the_sbom_differs_in_nothing_but_that_it_is_more_cautious(home: Path, form: str) -> None:
    """The law scan(image) == scan(sbom(image)) holds for all but reachability, where the SBOM's scan never lowers."""
    target = f"oci-dir:{home / 'image'}:latest"
    assert assay("sbom", target, "-o", f"{form}={home / 'x.sbom'}", home=home).code == 0
    image, sbom = report(home, target), report(home, f"sbom:{home / 'x.sbom'}")
    assert states(sbom) == {
        "CVE-2024-0001": ("affected", "unknown"),
        "GO-2024-0002": ("affected", "unknown"),
        "GO-2024-0003": ("affected", ""),
    }
    for found in (image, sbom):
        for finding in found["findings"]:
            if finding["reach"]:
                finding["reasons"] = [step for step in finding["reasons"] if step["rung"] != "symbol"]
                del finding["reach"], finding["status"]
    assert image == sbom


def test_explain_says_which_function_and_why_an_sbom_cannot(home: Path) -> None:
    target, db = f"oci-dir:{home / 'image'}:latest", ("--db", str(home / "adv.db"))
    done = assay("explain", "CVE-2024-0001", target, *db, home=home)
    assert b"not affected" in done.out
    assert b"none of it is linked into opt/bin/clean" in b" ".join(done.out.split())
    assert assay("sbom", target, "-o", f"cyclonedx-json={home / 'y.json'}", home=home).code == 0
    done = assay("explain", "CVE-2024-0001", f"sbom:{home / 'y.json'}", *db, home=home)
    assert b"the image does" in b" ".join(done.out.split())


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("html.Parse", "css.Parse"), ("not_affected", "not_linked")),
        (("css.Parse", "html.Parse"), ("affected", "linked")),
    ],
)
def test_the_program_of_the_final_root_is_the_one_that_counts(
    home: Path, tmp_path: Path, names: tuple[str, str], expected: tuple[str, str]
) -> None:
    """An upper layer replaces the program by another build with the same modules: the lower one is history."""
    lower, upper = (go_program([f"{MODULE}/{name}", f"{MODULE}/css.Other"], modules=[MODULE]) for name in names)
    layout(tmp_path / "image", [{"opt/bin/app": lower}, {"opt/bin/app": upper}])
    found = states(report(home, f"oci-dir:{tmp_path / 'image'}:latest"))
    assert found["CVE-2024-0001"] == expected


def test_ssvc_inputs_come_from_flag_or_environment_and_name_their_source(home: Path) -> None:
    target = f"oci-dir:{home / 'image'}:latest"

    def inputs(*words: str, **env: str) -> dict[str, tuple[str, str]]:
        done = assay(
            "scan", target, "--db", str(home / "adv.db"), "--no-policy", "-o", "json", *words, home=home, env=env
        )
        assert done.code == 0, done.err
        (decision,) = {json.dumps(f["ssvc"]) for f in json.loads(done.out)["findings"]}
        return {i["point"]: (i["value"], i["source"]) for i in json.loads(decision)["inputs"] if i["value"]}

    assert inputs("--ssvc", "exposure=open") == {"exposure": ("open", "--ssvc")}
    assert inputs(ASSAY_SSVC="mission=low") == {"mission": ("low", "ASSAY_SSVC")}
    assert inputs("--ssvc", "exposure=open", ASSAY_SSVC="mission=low") == {"exposure": ("open", "--ssvc")}
    assert inputs() == {}
    done = assay("scan", target, "--db", str(home / "adv.db"), "--ssvc", "exposure=wide", home=home)
    assert done.code == 2
    assert "small, controlled, open" in done.err
