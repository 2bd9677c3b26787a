"""`assay verify --hermetic`: rows for people and programs, and exit 0 for a proof alone."""

import json
from pathlib import Path

import pytest

import command
from assay.adapters.layout_store import LayoutStore
from assay.flows.attest import sign_and_attach
from assay.flows.signing import KeyMaker
from assay.formats import intoto, predicates
from assay.model.statement import ResourceDescriptor
from fakes.layouts import demo_layers, layout
from insidecommand import assay
from signing import NOW, P256


class FixedClock:
    def now(self) -> str:
        return NOW


def provenance(build_type: str, fetched: str) -> dict[str, object]:
    return {
        "buildDefinition": {
            "buildType": build_type,
            "externalParameters": {},
            "internalParameters": {"storeFetchedOn": fetched, "storeSealedOn": "2026-01-01T00:00:02Z"},
        },
        "runDetails": {"builder": {"id": "urn:assay:builder:workstation"}},
    }


def place(folder: Path, *claims: dict[str, object]) -> Path:
    layout(folder / "image", demo_layers())
    store = LayoutStore(folder / "image")
    subject = store.describe()
    assert subject.digest is not None
    about = [ResourceDescriptor(name="image", digest={"sha256": subject.digest.hex})]
    made = [intoto.statement(about, predicates.PROVENANCE, one) for one in claims]
    sign_and_attach(store, subject, made, KeyMaker(P256, FixedClock()), FixedClock())
    (folder / "key.pub").write_bytes(P256.public_key())
    return folder


OURS, FOREIGN = "urn:assay:build-type:image:1", "https://ci.example/build/v1"


@pytest.mark.parametrize(
    ("build_type", "fetched", "state", "code", "words"),
    [
        (OURS, "2026-01-01T00:00:01Z", "proved", 0, "hermetic: proved from the evidence"),
        (OURS, "2026-01-01T00:00:03Z", "failed", 1, "[build.sealing-order]"),
        (OURS, "", "not-covered", 1, "nothing vouches for: sealing-order"),
        (FOREIGN, "2026-01-01T00:00:01Z", "not-covered", 1, "nothing vouches for: provenance"),
    ],
)
def test_a_proof_alone_is_a_yes(
    tmp_path: Path, build_type: str, fetched: str, state: str, code: int, words: str
) -> None:
    home = place(tmp_path, provenance(build_type, fetched))
    asked = ("verify", "--key", "key.pub", "--hermetic", "oci-dir:image")
    told = assay(*asked, home=home, cwd=home)
    assert told.code == code, told.err
    assert words in told.out.decode()
    document = json.loads(assay(*asked, "-o", "json", home=home, cwd=home).out)["hermetic"]
    assert document["state"] == state
    assert [one["level"] for one in document["levels"]] == ([1] if build_type == OURS else [])
    assert "L4" not in told.out.decode()


def test_a_proof_sees_all_the_evidence_whatever_else_is_expected(tmp_path: Path) -> None:
    """What a proof rests on, a build's record say, is no provenance."""
    home = place(tmp_path, provenance(OURS, "2026-01-01T00:00:01Z"))
    store = LayoutStore(home / "image")
    subject = store.describe()
    assert subject.digest is not None
    about = [ResourceDescriptor(name="image", digest={"sha256": subject.digest.hex})]
    sign_and_attach(
        store, subject, [intoto.statement(about, "urn:test:1", {})], KeyMaker(P256, FixedClock()), FixedClock()
    )
    asked = ("verify", "--key", "key.pub", "--hermetic", "--build-level", "1", "oci-dir:image")
    done = assay(*asked, home=home, cwd=home)
    assert done.code == 0, done.out
    assert "2 of 2 attestations verified" in done.out.decode()


def test_no_line_of_a_proof_is_wider_than_the_terminal(tmp_path: Path) -> None:
    home = place(tmp_path, provenance(OURS, "2026-01-01T00:00:03Z"))
    words = ("verify", "--key", "key.pub", "--hermetic", "oci-dir:image")
    done = command.assay(*words, home=home, cwd=home, env={"COLUMNS": "80"})
    assert max(map(len, done.out.decode().splitlines())) <= 80


def test_unasked_nothing_is_judged(tmp_path: Path) -> None:
    home = place(tmp_path, provenance(OURS, "2026-01-01T00:00:03Z"))
    done = assay("verify", "--key", "key.pub", "-o", "json", "oci-dir:image", home=home, cwd=home)
    assert done.code == 0
    assert "hermetic" not in json.loads(done.out)
