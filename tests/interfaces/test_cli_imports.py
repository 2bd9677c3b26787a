"""`scan` follows the imports of an image's Python program; what it learns sorts and explains, and lowers nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from advisorydbs import affected, jsonl, record
from assay.adapters.registry_client import RegistryClient
from assay.artifact.reference import parse_reference
from command import assay
from fakes.layouts import layout, metadata
from fakes.registry import fake_registry
from registry_push import push_layout

SITE = "usr/local/lib/python3.12/site-packages"
NAMES = ("used", "deep", "spare", "quiet")
RUN = {"Cmd": ["python", "main.py"], "WorkingDir": "/app", "Env": ["PATH=/usr/local/bin"]}


def installed(name: str, source: str = "") -> dict[str, bytes]:
    """A distribution of one module, as pip lays it down."""
    return {
        f"{SITE}/{name}.py": source.encode(),
        f"{SITE}/{name}-1.0.dist-info/METADATA": metadata(name, "1.0"),
        f"{SITE}/{name}-1.0.dist-info/RECORD": f"{name}.py,,\n{name}-1.0.dist-info/METADATA,,\n".encode(),
    }


LAYERS: list[dict[str, bytes]] = [
    {**installed("used", "import deep"), **installed("deep"), **installed("spare"), **installed("quiet")},
    {"app/main.py": b"import json, used\n\ndef later():\n    import spare\n"},
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("imports")
    span = ({"introduced": "0"}, {"fixed": "2.0"})
    records = [record(f"PYSEC-2024-{n}", affected("PyPI", name, *span)) for n, name in enumerate(NAMES)]
    jsonl(home / "feeds" / "pypi.jsonl", records)
    layout(home / "image", LAYERS, run=RUN)
    layout(home / "shell", LAYERS, run={"Cmd": ["/bin/sh"]})
    layout(home / "plugins", [*LAYERS, {"app/main.py": b"import used\n__import__(name)\n"}], run=RUN)
    done = assay("db", "build", "--from", str(home / "feeds"), "--out", str(home / "adv.db"), home=home)
    assert done.code == 0, done.err
    return home


def report(home: Path, target: str, *words: str) -> dict[str, Any]:
    done = assay("scan", target, "--db", str(home / "adv.db"), "--no-policy", "-o", "json", *words, home=home)
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


def states(found: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {f["name"]: (f["imported"]["state"], f["imported"]["confidence"]) for f in found["findings"]}


EXPECTED = {
    "used": ("imported", "strong"),
    "deep": ("imported", "strong"),
    "spare": ("imported", "weak"),
    "quiet": ("not_imported", "weak"),
}


@pytest.mark.parametrize("words", [(), ("--no-cache",), ("--verify", "strict")])
def test_a_scan_follows_the_program_and_every_finding_stays_affected(home: Path, words: tuple[str, ...]) -> None:
    for _ in range(2):  # the second time from what is remembered
        found = report(home, f"oci-dir:{home / 'image'}:latest", *words)
        assert states(found) == EXPECTED
        assert {f["status"] for f in found["findings"]} == {"affected"}


def test_an_upper_layer_changes_the_program_and_a_dynamic_import_makes_it_unknown(home: Path) -> None:
    found = report(home, f"oci-dir:{home / 'plugins'}:latest")
    assert states(found) == EXPECTED | {"spare": ("unknown", ""), "quiet": ("unknown", "")}
    (spare,) = (f for f in found["findings"] if f["name"] == "spare")
    assert "app/main.py may import more than its statements say (__import__)" in spare["imported"]["reason"]


def test_without_a_python_program_the_reason_is_told(home: Path) -> None:
    found = report(home, f"oci-dir:{home / 'shell'}:latest")
    assert set(states(found).values()) == {("unknown", "")}
    assert "/bin/sh is a shell" in found["findings"][0]["imported"]["reason"]


def test_an_image_that_starts_nothing_is_as_its_sbom(home: Path) -> None:
    layout(home / "nothing", LAYERS)
    found = report(home, f"oci-dir:{home / 'nothing'}:latest")
    assert all(finding["imported"] is None for finding in found["findings"])


@pytest.mark.parametrize("form", ["cyclonedx-json", "spdx-json", "spdx-tv"])
def test_the_scan_of_the_sbom_differs_in_the_imports_alone(home: Path, form: str) -> None:
    """The law scan(image) == scan(sbom(image)) holds for all but what only the image's sources tell."""
    target = f"oci-dir:{home / 'image'}:latest"
    assert assay("sbom", target, "-o", f"{form}={home / 'x.sbom'}", home=home).code == 0
    image, sbom = report(home, target), report(home, f"sbom:{home / 'x.sbom'}")
    assert all(finding["imported"] is None for finding in sbom["findings"])
    for found in (image, sbom):
        for finding in found["findings"]:
            finding["reasons"] = [step for step in finding["reasons"] if step["rung"] != "import"]
            del finding["imported"]
    assert image == sbom


def test_explain_shows_the_way_and_an_sbom_says_what_would_tell(home: Path) -> None:
    target, db = f"oci-dir:{home / 'image'}:latest", ("--db", str(home / "adv.db"))
    done = assay("explain", "PYSEC-2024-1", target, *db, home=home)
    assert "imported: app/main.py → used → deep [sources of the program]" in " ".join(done.out.decode().split())
    assert assay("sbom", target, "-o", f"cyclonedx-json={home / 'y.json'}", home=home).code == 0
    done = assay("explain", "PYSEC-2024-1", f"sbom:{home / 'y.json'}", *db, home=home)
    assert "the sources of an image that starts one tell" in " ".join(done.out.decode().split())


def test_the_table_sorts_by_it_and_a_threshold_may_ask_for_it(home: Path) -> None:
    target, db = f"oci-dir:{home / 'image'}:latest", ("--db", str(home / "adv.db"), "--no-policy")
    done = assay("scan", target, *db, home=home)
    table = done.out.decode()
    assert table.index("used") < table.index("quiet")
    assert "imported" in table
    assert assay("scan", target, *db, "--fail-on", "imported == imported", home=home).code == 1
    assert assay("scan", target, *db, "--fail-on", "imported == unknown", home=home).code == 0


def test_no_statement_about_exploitability_follows_from_it(home: Path) -> None:
    target = f"oci-dir:{home / 'image'}:latest"
    done = assay("scan", target, "--db", str(home / "adv.db"), "--no-policy", "-o", "openvex", home=home)
    told = json.loads(done.out)["statements"]
    assert len(told) == len(NAMES)
    assert not {one["status"] for one in told} & {"not_affected", "fixed"}


def test_layers_of_a_registry_are_not_fetched_twice_unless_somebody_asks_why(home: Path, tmp_path: Path) -> None:
    """A scan says nothing of imports until `explain` has asked; what it found is kept."""
    with fake_registry() as server:
        reference = f"{server.authority}/app:1"
        client = RegistryClient(parse_reference(reference))
        push_layout(client, home / "image", "1")
        client.close()

        def scanned() -> tuple[list[object], int]:
            before = len(server.asked("GET", r"/blobs/"))
            words = ("--db", str(home / "adv.db"), "--no-policy", "-o", "json")
            done = assay("scan", reference, *words, home=tmp_path)
            assert done.code == 0, done.err
            found = json.loads(done.out)
            return [f["imported"] for f in found["findings"]], len(server.asked("GET", r"/blobs/")) - before

        said, fetched = scanned()
        assert said == [None] * len(NAMES)
        assert fetched == len(LAYERS) + 1, "each layer, and the config"
        done = assay("explain", "PYSEC-2024-0", reference, "--db", str(home / "adv.db"), home=tmp_path)
        assert done.code == 0, done.err
        assert b"app/main.py" in done.out
        said, fetched = scanned()
        assert None not in said
        assert fetched <= 1
