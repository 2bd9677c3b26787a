"""`assay trust` as a person types it: made, shown, handed on, refused once it has ended."""

import json

import pytest

from insidecommand import assay
from support import ROOT

PUBLIC = ROOT / "src/assay/trust/public/production"


@pytest.fixture
def keys(tmp_path):
    for name in ("anna", "bert"):
        assert assay("keys", "generate", str(tmp_path / name), "--no-passphrase", home=tmp_path).code == 0
    return tmp_path


def init(place, *more):
    return assay(
        "trust", "init", "trust.json", "--name", "acme", "--mode", "private",
        "--trusted-root", str(PUBLIC / "trusted_root.json"), "--signing-config", str(PUBLIC / "signing_config.json"),
        "--signer", "release@acme.example", "https://login.acme.example", "--owner", "anna.pub", "--owner", "bert.pub",
        "--threshold", "2", *more, home=place, cwd=place,
    )  # fmt: skip


def test_a_profile_from_its_first_version_to_the_next(keys):
    made = init(keys)
    assert made.code == 0, made.err
    assert b"moves trust to its operator" in made.out
    assert b"release@acme.example by https://login.acme.example" in made.out
    assert init(keys).code == 2  # nothing is overwritten

    def run(*words):
        return assay("trust", *words, home=keys, cwd=keys)

    assert b"version 1" in run("status", "trust.json").out
    rotated = run("rotate", "trust.json", "--out", "next.json", "--verify-key", "bert.pub", "--key", "anna",
                  "--expires", "2099-01-01T00:00:00Z")  # fmt: skip
    assert rotated.code == 0, rotated.err
    alone = run("update", "trust.json", "next.json")
    assert alone.code == 3
    assert "1 of 2 owners" in alone.err
    assert run("sign", "next.json", "--key", "bert", "--out", "bert.json").code == 0
    both = run(
        "update", "trust.json", "next.json", "--signature", "next.json.sigstore.json", "--signature", "bert.json"
    )
    assert both.code == 0, both.err
    assert json.loads((keys / "trust.json").read_bytes())["version"] == 2
    assert run("export", "trust.json", "--client-config", "client.json").code == 0
    assert json.loads((keys / "client.json").read_bytes())["trustedRoot"]["tlogs"]


def test_an_expired_profile_says_so(keys):
    assert init(keys, "--expires", "2020-01-01T00:00:00Z").code == 0
    status = assay("trust", "status", "trust.json", home=keys, cwd=keys)
    assert status.code == 3
    assert b"EXPIRED" in status.out


def test_unknown_names_of_the_root_are_listed(keys):
    root = json.loads((PUBLIC / "trusted_root.json").read_bytes()) | {"colour": "blue"}
    (keys / "root.json").write_text(json.dumps(root))
    made = assay("trust", "init", "t.json", "--name", "p", "--mode", "public", "--trusted-root", "root.json",
                 home=keys, cwd=keys)  # fmt: skip
    assert made.code == 0, made.err
    # What is written is ours: the unknown name is told when the foreign file is read, and not carried on.
    profile = json.loads((keys / "t.json").read_bytes())
    profile["trustedRoot"]["colour"] = "blue"
    (keys / "t.json").write_text(json.dumps(profile))
    assert (
        b"unknown name in the trusted root, ignored: colour"
        in assay("trust", "show", "t.json", home=keys, cwd=keys).out
    )


def test_only_an_owner_s_signature_is_made_and_none_is_replaced(keys):
    assert init(keys).code == 0

    def run(*words):
        return assay("trust", *words, home=keys, cwd=keys)

    assert assay("keys", "generate", str(keys / "eve"), "--no-passphrase", home=keys).code == 0
    stranger = run("rotate", "trust.json", "--out", "next.json", "--key", "eve")
    assert (stranger.code, "no owner's" in stranger.err) == (2, True)
    assert run("rotate", "trust.json", "--out", "next.json", "--key", "nobody").code == 75
    assert not (keys / "next.json").exists(), "what was refused is in nobody's way"
    assert run("rotate", "trust.json", "--out", "next.json", "--key", "anna").code == 0
    before = (keys / "next.json.sigstore.json").read_bytes()
    second = run("sign", "next.json", "--key", "bert")
    assert (second.code, "--out" in second.err) == (2, True)
    assert (keys / "next.json.sigstore.json").read_bytes() == before


def test_a_client_trust_config_is_told_from_a_profile(keys):
    assert init(keys).code == 0
    assert assay("trust", "export", "trust.json", "--client-config", "client.json", home=keys, cwd=keys).code == 0
    done = assay("verify", "--trust", "client.json", "oci-dir:image", home=keys, cwd=keys)
    assert done.code == 65
    assert "assay trust init --client-config" in done.err
