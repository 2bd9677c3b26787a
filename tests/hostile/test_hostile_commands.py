"""Commands on hostile input and in hostile surroundings: one clear answer, and no "allowed" that nobody can stand for."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from assay.formats.bundle import MEDIA_TYPE
from assay.model.errors import UntrustedError
from assay.trust.verify import verify
from command import assay
from fakes.layouts import OCI, OS_RELEASE, LayoutBuilder, demo_layers, dump, layout
from signing import NOW, P256, trusting


def image(folder: Path, **config: object) -> str:
    """A layout whose image config says something else here and there."""
    layout(folder, demo_layers())
    index = json.loads((folder / "index.json").read_bytes())
    (entry,) = index["manifests"]
    blobs = folder / "blobs" / "sha256"
    manifest = json.loads((blobs / entry["digest"].removeprefix("sha256:")).read_bytes())
    old = json.loads((blobs / manifest["config"]["digest"].removeprefix("sha256:")).read_bytes())
    builder = LayoutBuilder.__new__(LayoutBuilder)
    builder.folder = folder
    manifest["config"] = builder.put(dump(old | config), f"{OCI}.config.v1+json")
    builder.index(entry | builder.put(dump(manifest), f"{OCI}.manifest.v1+json"))
    return f"oci-dir:{folder}"


@pytest.mark.parametrize("created", ["yesterday", "2024-13-45T00:00:00Z", "\x1b[31mred", "9999-12-31T23:59:59-14:00"])
def test_a_date_that_is_none_is_a_gap_and_every_document_is_written(tmp_path: Path, created: str) -> None:
    target = image(tmp_path / "i", created=created)
    done = assay("sbom", target, "-o", "spdx-json", home=tmp_path)
    assert (done.code, "1970-01-01T00:00:00Z" in done.out.decode()) == (0, False)  # SOURCE_DATE_EPOCH dates it
    done = assay("scan", target, "-o", "json", "--no-policy", home=tmp_path)
    report = json.loads(done.out)
    assert [gap["path"] for gap in report["gaps"] if "created" in gap["reason"]] == [""]
    assert b"\x1b" not in done.out


def test_an_image_whose_packages_are_hidden_behind_a_link_is_not_allowed(tmp_path: Path) -> None:
    layout(tmp_path / "i", [{"etc/os-release": OS_RELEASE, "opt/status": demo_layers()[0]["var/lib/dpkg/status"]}])
    done = assay("scan", f"oci-dir:{tmp_path / 'i'}", "-o", "json", home=tmp_path)
    report = json.loads(done.out)
    assert done.code == 1
    reasons = {reason["rule"]: reason for reason in report["verdict"]["reasons"]}
    assert reasons["sbom.present"]["outcome"] == "violated"
    assert any("no package database" in gap["reason"] for gap in report["gaps"])


def test_two_manifests_of_one_platform_get_a_file_each(tmp_path: Path) -> None:
    builder = LayoutBuilder(tmp_path / "i")
    parts = [builder.image(demo_layers()[:n], architecture="../../\x1b[31mx") for n in (1, 2)]
    index = {"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": parts}
    builder.index(builder.put(dump(index), f"{OCI}.index.v1+json"))
    out = tmp_path / "out"
    target = f"oci-dir:{tmp_path / 'i'}"
    done = assay("scan", target, "--all-platforms", "-o", f"json={out}/r.json", "--no-policy", home=tmp_path)
    assert (done.code, done.err.count("defect")) == (0, 0)
    assert len(list(out.iterdir())) == 2
    assert all(path.name.isprintable() and path.name.startswith("r-") for path in out.iterdir())
    done = assay("attest", target, "--all-platforms", "--out", f"{out}/a", "--type", "image", home=tmp_path)
    assert done.code == 0
    assert len(list((out / "a").iterdir())) == 2


def test_fail_on_without_advisories_could_not_tell(tmp_path: Path) -> None:
    layout(tmp_path / "i", demo_layers())
    done = assay("scan", f"oci-dir:{tmp_path / 'i'}", "--no-policy", "--fail-on", "critical", home=tmp_path)
    assert done.code == 75
    assert "--fail-on cannot be judged" in done.err


def test_a_pipe_is_no_database(tmp_path: Path) -> None:
    layout(tmp_path / "i", demo_layers())
    os.mkfifo(tmp_path / "pipe")
    done = assay("scan", f"oci-dir:{tmp_path / 'i'}", "--db", str(tmp_path / "pipe"), home=tmp_path)
    assert done.code == 65
    assert "no regular file" in done.err


@pytest.mark.parametrize("data", ["[]", "null", "5", '{"a": "\\ud800"}', '{"a": 1e999}', '{"a": 1, "a": 2}', "{"])
def test_parameters_that_are_none_are_refused(tmp_path: Path, data: str) -> None:
    layout(tmp_path / "i", demo_layers())
    policy = tmp_path / "policy"
    policy.mkdir()
    (policy / "data.json").write_text(data)
    done = assay("scan", f"oci-dir:{tmp_path / 'i'}", "--policy", str(policy), home=tmp_path)
    assert done.code == 65
    assert "data.json" in done.err


@pytest.mark.parametrize("closed", ["0<&-", ">&-", "2>&-", "0<&- >&- 2>&-"])
@pytest.mark.parametrize("command", ["scan TARGET -q", "sbom TARGET", "verify TARGET --key x", "--help"])
def test_closed_streams_change_no_exit_code(tmp_path: Path, command: str, closed: str) -> None:
    layout(tmp_path / "i", demo_layers())
    words = command.replace("TARGET", f"oci-dir:{tmp_path / 'i'}").split()
    usual = assay(*words, home=tmp_path)
    script = f'exec "$0" -m assay "$@" {closed}'
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    done = subprocess.run(
        ["/bin/sh", "-c", script, sys.executable, *words], capture_output=True, check=False, env=environment, timeout=60
    )
    assert done.returncode == usual.code
    assert b"defect" not in done.stderr


@pytest.mark.parametrize("name", ["dsseEnvelope", "verificationMaterial"])
def test_a_bundle_no_utf8_can_hold_stops_no_verification(tmp_path: Path, name: str) -> None:
    with pytest.raises(UntrustedError) as caught:
        verify(
            b'{"mediaType": "%b", "%b": {"\\ud800": 1}}' % (MEDIA_TYPE.encode(), name.encode()),
            None,
            None,
            trusting(P256),
            NOW,
            name="x",
        )
    assert caught.value.code == "PARSE_FORM"


def test_names_outside_utf8_are_decided_about_like_others(tmp_path: Path) -> None:
    folder = tmp_path / "nam\udcff" / "p\udcff"
    folder.mkdir(parents=True)
    (folder / "package.json").write_text('{"name": "a", "dependencies": {"b": "1"}}')
    (folder / "package-lock.json").write_text('{"name": "a", "lockfileVersion": 3, "packages": {"": {"name": "a"}}}')
    done = assay("scan", f"dir:{folder.parent}", "-q", "-o", "json", home=tmp_path / "home")
    assert done.code in (1, 75), done.err  # denied, or no advisories: a decision in any case
    assert json.loads(done.out)["verdict"]["decision"]


def test_a_checkout_brings_no_default_policy_along(tmp_path: Path) -> None:
    folder = tmp_path / "default"
    folder.mkdir()
    (folder / "mine.rego").write_text("not a policy")
    words = ("scan", "dir:.", "-q", "-o", "json")
    plain = assay(*words, home=tmp_path / "home", cwd=tmp_path)
    assert json.loads(plain.out)["verdict"]["policy_digest"], plain.err
    assert assay(*words, "--policy", "default", home=tmp_path / "home", cwd=tmp_path).code == plain.code
    assert assay(*words, "--policy", "./default", home=tmp_path / "home", cwd=tmp_path).code == 65
