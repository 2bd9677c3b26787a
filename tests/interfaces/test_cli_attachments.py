"""`assay verify`, `inspect`, `doctor`, `prune`, `save`, `load` as a program calls them: JSON, and exit codes."""

import json
from pathlib import Path

import pytest

from assay.adapters.layout_store import LayoutStore
from assay.flows.attest import sign_and_attach
from assay.flows.signing import KeyMaker
from assay.formats import intoto, predicates
from assay.model.statement import ResourceDescriptor
from command import assay
from fakes.layouts import demo_layers, layout
from insidecommand import assay as in_process
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


WORKFLOW = "https://ci.example/build/v1"
PREDICATE = {
    "buildDefinition": {
        "buildType": WORKFLOW,
        "externalParameters": {"source": "git+https://git.example/team/app@refs/heads/main"},
        "resolvedDependencies": [
            {"uri": "git+https://git.example/team/app@refs/heads/main", "digest": {"gitCommit": "c0" * 20}}
        ],
    },
    "runDetails": {"builder": {"id": "https://ci.example/builder@v1"}},
}
ROWS = """
[[builder]]
name = "our builder"
key = "{key}"
builder_id = "https://ci.example/builder@*"
level = {level}
operator = "ci.example"
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A layout `image` with provenance by one key and a claim of another type, and rows of builders."""
    made = tmp_path_factory.mktemp("built")
    layout(made / "image", demo_layers())
    store = LayoutStore(made / "image")
    subject = store.describe()
    assert subject.digest is not None
    about = [ResourceDescriptor(name="image", digest={"sha256": subject.digest.hex})]
    claims = [
        intoto.statement(about, predicates.PROVENANCE, PREDICATE),
        claim(subject.digest, kind=predicates.CYCLONEDX),
    ]
    sign_and_attach(store, subject, claims, KeyMaker(P256, FixedClock()), FixedClock())
    (made / "key.pub").write_bytes(P256.public_key())
    (made / "rows.toml").write_text(ROWS.format(key="key.pub", level=2))
    return made


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (("--source", "git.example/team/app", "--source-branch", "main", "--build-level", "2"), 0, ""),
        (("--builder", "https://ci.example/builder", "--source-commit", "c0" * 20, "--pinned"), 0, ""),
        (("--source", "git.example/evil/app"), 3, "SOURCE_MISMATCH"),
        (("--builder", "https://other.example/builder"), 3, "BUILDER_MISMATCH"),
        (("--build-level", "3"), 3, "LEVEL_TOO_LOW"),
        (("--source", "git.example/evil/app", "--type", "cyclonedx"), 3, "SOURCE_MISMATCH"),
    ],
)
def test_provenance_is_measured(built: Path, words: tuple[str, ...], code: int, reason: str) -> None:
    always = ("--key", "key.pub", "--builders-file", "rows.toml", "oci-dir:image")
    done = in_process("verify", *words, "-o", "json", *always, home=built, cwd=built)
    assert (done.code, done.err) == (code, "")
    document = json.loads(done.out)
    (one,) = document["provenance"]
    assert (one["as_expected"], one["code"]) == (code == 0, reason)
    assert document["outcome"] == "verified"
    told = in_process("verify", *words, "-v", *always, home=built, cwd=built)
    assert told.code == code
    assert ("as expected; built by" in told.out.decode()) == (code == 0)
    assert reason in told.out.decode()


def test_without_provenance_none_is_as_expected(home: Path) -> None:
    done = in_process("verify", "--key", "key.pub", "--source", "git.example/a/b", "oci-dir:image", home=home, cwd=home)
    assert done.code == 3
    assert b"no provenance verified" in done.out


def test_a_trust_profile_brings_its_own_builders(built: Path) -> None:
    (built / "own.toml").write_text(ROWS.format(key="key.pub", level=2))
    made = in_process(
        "trust", "init", "trust.json", "--name", "ours", "--mode", "key", "--verify-key", "key.pub",
        "--builders", "own.toml", home=built, cwd=built,
    )  # fmt: skip
    assert (made.code, made.err) == (0, "")
    assert b"our builder" in made.out
    asked = ("--trust", "trust.json", "--build-level", "2", "oci-dir:image")
    assert in_process("verify", *asked, home=built, cwd=built).code == 0
    broken = json.loads((built / "trust.json").read_bytes())
    broken["builders"][0]["key"] = "*"
    (built / "trust.json").write_text(json.dumps(broken))
    refused = in_process("verify", *asked, home=built, cwd=built)
    assert (refused.code, "any key at all" in refused.err) == (65, True)


def test_inspect_doctor_and_prune(home: Path) -> None:
    listed = assay("inspect", "-o", "json", "oci-dir:image", home=home, cwd=home)
    (tree,) = json.loads(listed.out)
    assert (listed.code, tree["complete"], [one["form"] for one in tree["attached"]]) == (0, True, ["bundle"])
    told = json.loads(assay("doctor", "-o", "json", "oci-dir:image", home=home, cwd=home).out)
    assert {row["name"]: row["attestations"] for row in told[0]["consumers"]}["cosign 3"] == 1
    planned = assay("prune", "--key", "key.pub", "-o", "json", "oci-dir:image", home=home, cwd=home)
    (plan,) = json.loads(planned.out)
    assert (plan["deleted"], [one["kept"] for one in plan["ours"]]) == (False, [True])


def test_inspect_and_doctor_look_at_the_types_that_are_asked_for(home: Path) -> None:
    def told(*words: str) -> str:
        done = in_process(*words, "oci-dir:image", home=home, cwd=home)
        assert done.code == 0, done.err
        return done.out.decode()

    kind = json.loads(told("inspect", "-o", "json"))[0]["attached"][0]["predicate_type"]
    assert len(json.loads(told("inspect", "--type", kind, "-o", "json"))[0]["attached"]) == 1
    assert "1 of other types" in told("inspect", "--type", "vsa")
    assert json.loads(told("inspect", "--type", "vsa", "-o", "json"))[0]["others"] == 1
    assert "attestations: 1 bundles" in told("doctor", "--type", kind)
    assert "attestations: none\nof other types: 1" in told("doctor", "--type", "vsa")
    for command in ("inspect", "doctor"):
        done = in_process(command, "--type", "bogus", "oci-dir:image", home=home, cwd=home)
        assert (done.code, done.out) == (2, b"")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("verify", "oci-dir:image"), 2, "whom do you trust"),
        (("prune", "oci-dir:image"), 2, "whose evidence"),
        (("verify", "--key", "key.pub", "--offline", "registry.example/app:1"), 2, "cannot be asked offline"),
        (("verify", "--key", "key.pub", "dir:image"), 69, "nothing can be attached"),
        (("sign", "--key", "k", "--staging", "--compat", "cosign-v2", "oci-dir:image"), 2, "that is logged"),
        (("attest", "--keyless", "--compat", "cosign-v2", "oci-dir:image"), 2, "without a managed key"),
        (("load", "image", "oci-dir:bare"), 2, "into a registry"),
        (("save", "dir:image", "--out", "x"), 2, "nothing is attached to this kind"),
    ],
)
def test_what_cannot_be_done_says_why(home: Path, words: tuple[str, ...], code: int, said: str) -> None:
    done = assay(*words, home=home, cwd=home)
    assert done.code == code, done.err
    assert said in done.err
    assert not (home / "x").exists()


def test_an_inventory_is_attested_as_spdx_3(home: Path) -> None:
    done = in_process("attest", "--type", "spdx3", "--out", "out", "-q", "oci-dir:image", home=home, cwd=home)
    assert (done.code, done.out.decode().split()) == (0, ["out/spdx3.intoto.json"])
    statement = json.loads((home / "out/spdx3.intoto.json").read_bytes())
    assert statement["predicateType"] == "https://spdx.dev/Document/v3"
    written = in_process("sbom", "-o", "spdx3-json", "-q", "oci-dir:image", home=home, cwd=home)
    assert statement["predicate"] == json.loads(written.out)


def test_what_was_never_matched_is_not_attested_as_without_vulnerabilities(home: Path) -> None:
    """An empty list says "none" to every other reader of the predicate."""
    words = ("--db", "nowhere.db", "oci-dir:image")
    done = in_process("attest", "--out", "unmatched", *words, home=home, cwd=home)
    assert done.code == 0, done.err
    assert sorted(path.name for path in (home / "unmatched").iterdir()) == [
        "cyclonedx.intoto.json", "image.intoto.json", "vsa.intoto.json",
    ]  # fmt: skip
    assert "warning: no statement of vulnerabilities: there is no advisory database" in done.err
    asked = in_process("attest", "--out", "asked", "--type", "vulns", *words, home=home, cwd=home)
    assert asked.code == 75
    assert "nothing was matched" in asked.err
    assert not (home / "asked").exists()


@pytest.mark.parametrize("columns", ["80", "130"])
def test_a_type_of_somebody_s_own_is_shown_whole(home: Path, tmp_path: Path, columns: str) -> None:
    kind = "https://types.example/some/long/predicate/type/of/somebody/s/own/v1"
    layout(tmp_path / "image", demo_layers())
    store = LayoutStore(tmp_path / "image")
    subject = store.describe()
    assert subject.digest is not None
    about = [ResourceDescriptor(name="image", digest={"sha256": subject.digest.hex})]
    sign_and_attach(store, subject, [intoto.statement(about, kind, {})], KeyMaker(P256, FixedClock()), FixedClock())
    words = ("verify", "--key", str(home / "key.pub"), "oci-dir:image")
    done = assay(*words, home=tmp_path, cwd=tmp_path, env={"COLUMNS": columns})
    assert done.code == 0, done.err
    assert kind in done.out.decode()
