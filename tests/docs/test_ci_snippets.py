"""The files for build servers: they parse, and what they ask of `assay` runs offline and leaves what they collect."""

import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from assay.settings import TABLE
from fakes.feeds import feeds
from fakes.layouts import demo_layers, layout
from support import ROOT

CI = ROOT / "examples/ci"
HOW_TO = (ROOT / "docs/how-to/ci.md").read_text(encoding="utf-8")
SHIM = """#!/bin/sh
# `assay db update` needs the network: build from a folder of feeds instead.
if [ "$1 $2" = "db update" ]; then exec {python} -m assay db build --from {feeds} --out "$ASSAY_DB"; fi
exec {python} -m assay "$@"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with `image.tar`; `assay` on the path and in `.venv/bin`."""
    made = tmp_path_factory.mktemp("ci")
    layout(made / "layout", demo_layers())
    with tarfile.open(made / "image.tar", "w") as archive:
        archive.add(made / "layout", arcname=".")
    feeds(made / "feeds")
    for place in ("bin", ".venv/bin"):
        (made / place).mkdir(parents=True)
        program = made / place / "assay"
        program.write_text(SHIM.format(python=sys.executable, feeds=made / "feeds"))
        program.chmod(0o755)
    return made


def run(folder: Path, script: str, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {
        "PATH": f"{folder}/bin:{os.environ['PATH']}", "HOME": str(folder), "LC_ALL": "C.UTF-8",
        "ASSAY_DB": str(folder / "advisories.db"), "SOURCE_DATE_EPOCH": "1767323045",
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "-e", "-c", script], cwd=folder, env=clean | env, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def documents(name: str) -> Any:
    return yaml.safe_load((CI / name).read_text(encoding="utf-8"))


def steps_of(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    (job,) = workflow["jobs"].values()
    return list(job["steps"])


def test_every_file_is_told_of_and_parses() -> None:
    names = sorted(path.name for path in CI.iterdir())
    assert all(f"examples/ci/{name})" in HOW_TO for name in names)
    for name in names:
        if name.endswith((".yml", ".yaml")):
            assert documents(name)
    text = (CI / "Jenkinsfile").read_text()
    assert text.count("{") == text.count("}")
    assert text.count("'") % 2 == 0


def test_github_workflow(folder: Path) -> None:
    workflow = documents("github-workflow.yml")
    assert workflow["permissions"] == {}
    steps = steps_of(workflow)
    codes = [run(folder, step["run"]).returncode for step in steps if "assay db" in step.get("run", "")]
    assert codes == [0]
    (scan,) = [step["run"] for step in steps if "assay scan" in step.get("run", "")]
    done = run(folder, scan)
    assert done.returncode == 1
    assert done.stdout.startswith("::error title=")
    uploaded = next(step for step in steps if "upload-sarif" in step.get("uses", ""))["with"]["sarif_file"]
    assert json.loads((folder / uploaded).read_text())["runs"][0]["results"]
    summary = next(step["run"] for step in steps if step.get("name") == "Step summary")
    run(folder, summary, GITHUB_STEP_SUMMARY=str(folder / "step.md"))
    assert "**Verdict:**" in (folder / "step.md").read_text()


def test_github_dependencies(folder: Path) -> None:
    steps = steps_of(documents("github-dependencies.yml"))
    (snapshot,) = [step["run"] for step in steps if step.get("run", "").startswith("assay")]
    done = run(folder, snapshot, GITHUB_SHA="a" * 40, GITHUB_REF="refs/heads/main")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((folder / "snapshot.json").read_text())["manifests"]
    assert any("--input snapshot.json" in step.get("run", "") for step in steps)


def test_gitlab(folder: Path) -> None:
    job = documents("gitlab-ci.yml")["assay"]
    for line in job["before_script"]:
        if line.startswith("assay"):
            assert run(folder, line).returncode == 0
    assert [run(folder, line).returncode for line in job["script"]] == [1]
    for name in job["artifacts"]["reports"].values():
        assert (folder / name).stat().st_size > 100


def test_jenkins(folder: Path) -> None:
    text = (CI / "Jenkinsfile").read_text()
    lines = [line for line in re.findall(r"sh '([^']*)'", text) if "assay " in line and "pip" not in line]
    assert [run(folder, line).returncode for line in lines] == [0, 1]
    for name in ["assay.xml", *re.findall(r"artifacts: '([^']*)'", text)[0].split(",")]:
        assert (folder / name).stat().st_size > 100


def test_tekton(folder: Path) -> None:
    task = documents("tekton-task.yaml")
    update, scan = task["spec"]["steps"]
    given = {param["name"]: param["default"] for param in task["spec"]["params"]}
    assert run(folder, update["script"]).returncode == 0
    env = {"TARGET": given["target"], "ASSAY_FAIL_ON": given["fail-on"], "VERDICT": str(folder / "verdict")}
    assert set(env) <= {e["name"] for e in scan["env"]}
    assert run(folder, scan["script"], **env).returncode == 1
    assert (folder / "verdict").read_text() == "deny"
    assert "$(params" not in update["script"] + scan["script"], "a parameter in a script is a command of its author"


def test_pre_commit(folder: Path) -> None:
    hooks = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    (repo,) = documents("pre-commit-config.yaml")["repos"]
    assert {hook["id"] for hook in repo["hooks"]} == set(hooks)
    tree = folder / "tree"
    tree.mkdir()
    (tree / "package.json").write_text('{"name": "a", "version": "1.0.0", "dependencies": {"left-pad": "^1.0.0"}}')
    for hook in hooks.values():
        assert {"id", "name", "entry", "language"} <= set(hook)
        re.compile(hook.get("files", ""))
    assert re.search(hooks["assay-locks"]["files"], "srv/app/package-lock.json")
    assert run(folder, f"cd tree && {hooks['assay-locks']['entry']}").returncode == 1
    run(folder, "assay db update")
    args = next(hook.get("args", []) for hook in repo["hooks"] if hook["id"] == "assay-scan")
    words = " ".join(f"'{word}'" for word in args)
    assert run(folder, f"cd tree && {hooks['assay-scan']['entry']} {words}").returncode == 0


def test_the_page_names_real_settings_and_options(folder: Path) -> None:
    keys = re.search(r"```toml\n(.*?)```", HOW_TO, re.DOTALL)
    assert keys is not None
    assert set(re.findall(r"^([a-z-]+) =", keys[1], re.MULTILINE)) <= {row.key for row in TABLE}
    (folder / "ignore.yaml").write_text(re.findall(r"```yaml\n(.*?)```", HOW_TO, re.DOTALL)[0])
    run(folder, "assay db update")
    for line in re.findall(r"^    (assay scan app --fail-on .*)$", HOW_TO, re.MULTILINE):
        line = line.replace(" app ", " oci-archive:image.tar --ignore-file ignore.yaml --no-policy -q ")
        assert run(folder, line).returncode == 1
