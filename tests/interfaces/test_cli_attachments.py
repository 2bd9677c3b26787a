"""`assay verify`, `inspect`, `doctor`, `prune`, `save`, `load` as a program calls them: JSON, and exit codes."""

import json
from pathlib import Path

import pytest

from assay.adapters.layout_store import LayoutStore
from assay.flows.attest import sign_and_attach
from assay.flows.signing import KeyMaker
from command import assay
from fakes.layouts import demo_layers, layout
from signing import NOW, OTHER, P256, claim


class FixedClock:
    def now(self) -> str:
        return NOW


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A layout `image` with one statement, two keys, and a layout `bare` with none."""
    made = tmp_path_factory.mktemp("attachments")
    for name in ("image", "bare"):
        layout(made / name, demo_layers())
    store = LayoutStore(made / "image")
    subject = store.describe()
    assert subject.digest is not None
    sign_and_attach(store, subject, [claim(subject.digest)], KeyMaker(P256, FixedClock()), FixedClock())
    (made / "key.pub").write_bytes(P256.public_key())
    (made / "other.pub").write_bytes(OTHER.public_key())
    return made


@pytest.mark.parametrize(
    ("key", "image", "code", "outcome", "codes"),
    [
        ("key.pub", "image", 0, "verified", [""]),
        ("other.pub", "image", 3, "not-trusted", ["KEY_UNKNOWN"]),
        ("key.pub", "bare", 3, "not-signed", []),
    ],
)
def test_verify(home: Path, key: str, image: str, code: int, outcome: str, codes: list[str]) -> None:
    done = assay("verify", "--key", key, "-o", "json", f"oci-dir:{image}", home=home, cwd=home)
    assert (done.code, done.err) == (code, "")
    document = json.loads(done.out)
    assert (document["outcome"], [row["code"] for row in document["rows"]]) == (outcome, codes)
    assert document["verdict"] is None


def test_inspect_doctor_and_prune(home: Path) -> None:
    listed = assay("inspect", "-o", "json", "oci-dir:image", home=home, cwd=home)
    (tree,) = json.loads(listed.out)
    assert (listed.code, tree["complete"], [one["form"] for one in tree["attached"]]) == (0, True, ["bundle"])
    told = json.loads(assay("doctor", "-o", "json", "oci-dir:image", home=home, cwd=home).out)
    assert {row["name"]: row["attestations"] for row in told[0]["consumers"]}["cosign 3"] == 1
    planned = assay("prune", "--key", "key.pub", "-o", "json", "oci-dir:image", home=home, cwd=home)
    (plan,) = json.loads(planned.out)
    assert (plan["deleted"], [one["kept"] for one in plan["ours"]]) == (False, [True])


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("verify", "oci-dir:image"), 2, "whom do you trust"),
        (("prune", "oci-dir:image"), 2, "whose evidence"),
        (("verify", "--key", "key.pub", "--offline", "registry.example/app:1"), 2, "cannot be asked offline"),
        (("verify", "--key", "key.pub", "dir:image"), 69, "nothing can be attached"),
        (("load", "image", "oci-dir:bare"), 2, "into a registry"),
        (("save", "dir:image", "--out", "x"), 2, "nothing is attached to this kind"),
    ],
)
def test_what_cannot_be_done_says_why(home: Path, words: tuple[str, ...], code: int, said: str) -> None:
    done = assay(*words, home=home, cwd=home)
    assert done.code == code, done.err
    assert said in done.err
    assert not (home / "x").exists()
