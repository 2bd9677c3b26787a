"""The page about keyless signing: its commands exist as they are written, and the local ones run."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from command import assay
from fakes.feeds import feeds
from fakes.layouts import demo_layers, layout
from fakes.sigstore import sigstore, token
from support import ROOT

PAGE = (ROOT / "docs/how-to/sign-keylessly.md").read_text(encoding="utf-8")
COMMANDS = [line[2:] for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page_runs_where_an_installation_is_on_loopback(command, tmp_path: Path):
    """The same words, with a loopback installation behind the files they name, and a layout for the registry."""
    (tmp_path / "app.tar").write_bytes(b"an artifact\n")
    (tmp_path / "token").write_text(token("me@example.com", issuer="https://accounts.example"))
    layout(tmp_path / "image", demo_layers())
    words = shlex.split(command.replace("registry.example/app:1.2", f"oci-dir:{tmp_path}/image"))[1:]
    with sigstore() as place:
        files = place.write(tmp_path)
        (tmp_path / "root.json").rename(tmp_path / "trusted_root.json")
        (tmp_path / "config.json").rename(tmp_path / "signing_config.json")
        here = [files[0], str(tmp_path / "trusted_root.json"), files[2], str(tmp_path / "signing_config.json")]
        env = {"SIGSTORE_ID_TOKEN": (tmp_path / "token").read_text()}
        if "trust.json" in words:
            made = ["--name", "here", "--mode", "private", *here]
            assert assay("trust", "init", "trust.json", *made, home=tmp_path, cwd=tmp_path).code == 0
            here = []
        if "release.key" in words:
            assert assay("keys", "generate", "release.key", "--no-passphrase", home=tmp_path, cwd=tmp_path).code == 0
            env = {}
        if words[0] == "verify-bundle":
            signed = ["--identity-token", "token", "--bundle", "app.sigstore.json", "app.tar"]
            assert assay("sign-bundle", *here, *signed, home=tmp_path, cwd=tmp_path).code == 0
            here = here[:2]
        if words[:2] == ["trust", "update"]:
            here = ["--mirror", place.url]
        if words[0] == "attest":
            here += ["--type", "image"]
        done = assay(*words, *(word for word in here if "--trusted-root" not in words), home=tmp_path, env=env,
                     cwd=tmp_path)  # fmt: skip
    expected = {"trust": 75}.get(words[0], 0)  # the mirror is none: the command got as far as asking it
    assert done.code == expected, done.err


SHIM = """#!/bin/sh
# The public services, the registry and the network are not here: others take their places.
case "$1" in
  db) exec {python} -m assay db build --from {feeds} --out "$ASSAY_DB" ;;
  verify) exec {python} -m assay "$@" {root} ;;
  *) exec {python} -m assay "$@" {root} {config} ;;
esac
"""


def test_the_workflow_signs_and_verifies_as_itself(tmp_path: Path):
    workflow = yaml.safe_load((ROOT / "examples/ci/github-sign.yml").read_text(encoding="utf-8"))
    (job,) = workflow["jobs"].values()
    assert (workflow["permissions"], job["permissions"]["id-token"]) == ({}, "write")
    identity, issuer = "workflow@example.com", "https://token.actions.githubusercontent.com"
    layout(tmp_path / "image", demo_layers())
    feeds(tmp_path / "feeds")
    with sigstore() as place:
        words = place.write(tmp_path)
        shim = SHIM.format(
            python=sys.executable, feeds=tmp_path / "feeds", root=" ".join(words[:2]), config=" ".join(words[2:])
        )
        (tmp_path / "assay").write_text(shim)
        (tmp_path / "assay").chmod(0o755)
        environment = {
            "PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8",
            "ASSAY_DB": str(tmp_path / "advisories.db"), "IMAGE": f"oci-dir:{tmp_path / 'image'}",
            "SIGSTORE_ID_TOKEN": token(identity, issuer=issuer), "WORKFLOW": identity, "ISSUER": issuer,
        }  # fmt: skip
        codes = []
        for step in job["steps"]:
            if not step.get("run", "").startswith("assay"):
                continue
            done = subprocess.run(
                ["bash", "-e", "-c", step["run"]], cwd=tmp_path, env=environment, capture_output=True, text=True,
                check=False,
            )  # fmt: skip
            assert "Traceback" not in done.stderr
            codes.append(done.returncode)
    assert codes == [0, 0, 1], "the demonstration's image has findings the policy denies: verified, and refused"
    assert "attestations verified" in done.stdout
