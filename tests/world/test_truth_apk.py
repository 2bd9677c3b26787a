"""Ground truth for Alpine: what `apk` itself says of this machine is what we say; only where apk is at home."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from command import assay

pytestmark = pytest.mark.skipif(
    shutil.which("apk") is None or not Path("/lib/apk/db/installed").exists(),
    reason="no apk on this machine, and no registry carries it: the test runs on Alpine",
)


def test_apk_list_agrees(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "lib/apk/db").mkdir(parents=True)
    (root / "etc").mkdir()
    shutil.copy("/lib/apk/db/installed", root / "lib/apk/db/installed")
    shutil.copy("/etc/os-release", root / "etc/os-release")
    done = assay("scan", f"rootfs:{root}", "--no-policy", "-q", "-o", "json", home=tmp_path / "home")
    assert done.code == 0, done.err
    ours = {f"{c['name']}-{c['version']}" for c in json.loads(done.out)["components"] if c["ecosystem"] == "apk"}
    listed = subprocess.run(["apk", "list", "--installed"], capture_output=True, text=True, check=True).stdout
    truth = {line.split()[0] for line in listed.splitlines() if line.strip() and not line.startswith(".")}
    assert len(truth) > 10
    assert ours == truth
