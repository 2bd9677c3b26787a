"""A trust profile of the public Sigstore needs no files: its root is the one this installation knows."""

import json

from command import assay


def test_mode_public_rests_on_the_known_public_root(tmp_path):
    words = ("--name", "here", "--mode", "public", "--signer", "me@example.com", "https://accounts.example")
    done = assay("trust", "init", "trust.json", *words, home=tmp_path, cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    profile = json.loads((tmp_path / "trust.json").read_bytes())
    assert len(profile["trustedRoot"]["certificateAuthorities"]) == 2
    assert profile["signingConfig"]["rekorTlogUrls"]
    assert "the operators of the public Sigstore" in done.out.decode()


def test_the_other_modes_still_need_their_means(tmp_path):
    for mode in ("private", "key"):
        done = assay("trust", "init", f"{mode}.json", "--name", "here", "--mode", mode, home=tmp_path, cwd=tmp_path)
        assert done.code == 2
        assert not (tmp_path / f"{mode}.json").exists()
