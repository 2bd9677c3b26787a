"""VEX by an identity on the command line: the table names identity, issuer and the root of a private authority."""

import json
from pathlib import Path

import pytest

import trustworld as world
from assay.formats import trustroot
from authorities import ISSUER, SUBJECT
from command import assay
from fakes.feeds import feeds
from vexplaces import VexImage, document, statement

JINJA = "pkg:pypi/jinja2"


@pytest.mark.parametrize(("issuer", "outcome", "code"), [(ISSUER, "applied", ""), (ISSUER + "x", "seen", "ISSUER")])
def test_the_pipelines_word_counts_by_its_identity(tmp_path: Path, issuer: str, outcome: str, code: str) -> None:
    feeds(tmp_path / "feeds")
    db, home = str(tmp_path / "advisories.db"), tmp_path / "home"
    assert assay("db", "build", "--from", str(tmp_path / "feeds"), "--out", db, home=home).code == 0
    image = VexImage(tmp_path / "image")
    image.bundle(world.make(statement=statement(image.digest, document(JINJA)).payload).data(), image.digest)
    (tmp_path / "root.json").write_bytes(trustroot.write(world.roots()))
    (tmp_path / "trust.toml").write_text(
        '[vex]\ntrusted_root = "root.json"\n'
        f'[[vex.trust]]\nname = "pipeline"\nidentity = "{SUBJECT.identity}"\nissuer = "{issuer}"\nproducts = ["pkg:pypi/*"]\n'
    )
    target, trust = f"oci-dir:{image.folder}:latest", str(tmp_path / "trust.toml")
    done = assay(
        "scan", target, "--db", db, "-q", "--no-policy", "-o", "json", "--vex-trust", trust, home=home
    )  # fmt: skip
    assert done.code == 0, done.err
    report = json.loads(done.out)
    (found,) = report["vex_documents"]
    assert (found["outcome"], found["code"]) == (outcome, code)
    suppressed = {one["id"] for one in report["findings"] if one["suppressed"] is not None}
    assert bool(suppressed) == (outcome == "applied")
