"""Ground truth: a really built Rust program against its own SBOM, and manifests against `go` itself."""

import json
import shutil
import subprocess
import sysconfig
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest

from assay.dependencies.cataloger import File
from assay.dependencies.catalogers import go_mod, rust
from assay.dependencies.chooser import run
from assay.model.limits import DEFAULT_LIMITS

needs_go = pytest.mark.skipif(shutil.which("go") is None, reason="go is not installed")

MANIFEST = """module example.com/app // why

go 1.21rc2
toolchain go1.21.3

require (
	"example.com/quoted" v1.0.0
	example.com/a v1.2.3 // indirect
	example.com/b/v2 v2.0.0-20240102030405-abcdefabcdef // indirect; and more
	example.com/c v1.0.0+incompatible
)
require example.com/d v0.1.0
exclude example.com/e v1.0.0
replace (
	example.com/c => example.com/fork v1.0.1
	example.com/d v0.1.0 => ./d
)
retract [v1.0.0, v1.1.0] // broken
"""


def test_a_rust_program_has_the_crates_its_own_sbom_names() -> None:
    try:
        files = distribution("uv").files or []
    except PackageNotFoundError:
        pytest.skip("uv is not installed")
    sboms = [Path(str(file.locate())) for file in files if file.name.endswith(".cyclonedx.json")]
    program = Path(sysconfig.get_path("scripts")) / "uv"
    if not sboms or not program.exists():
        pytest.skip("this uv carries no SBOM")
    data = program.read_bytes()
    fragment = run(rust.CATALOGUER, File(path="bin/uv", chunks=(data,), size=len(data), limits=DEFAULT_LIMITS))
    if not fragment.packages and not fragment.gaps:
        pytest.skip("this uv was built without cargo-auditable")
    document = json.loads(sboms[0].read_text())
    named = [*document["components"], document["metadata"]["component"]]
    assert {(p.name, p.version) for p in fragment.packages} == {(c["name"], c["version"]) for c in named}
    assert not fragment.gaps


@needs_go
def test_a_go_manifest_says_what_go_reads_in_it(tmp_path: Path) -> None:
    path = tmp_path / "go.mod"
    path.write_text(MANIFEST)
    done = subprocess.run(
        ["go", "mod", "edit", "-json", str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode:
        pytest.skip(f"go did not read it: {done.stderr[:200]}")
    said: dict[str, Any] = json.loads(done.stdout)
    new = {
        (row["Old"]["Path"], row["Old"].get("Version", "")): (row["New"]["Path"], row["New"].get("Version", ""))
        for row in said["Replace"]
    }
    expected = set()
    for row in said["Require"]:
        module = (row["Path"], row["Version"])
        other = new.get(module) or new.get((row["Path"], "")) or module
        expected.add((*(other if other[1] else module), row.get("Indirect", False)))
    data = path.read_bytes()
    file = File(path="go.mod", chunks=(data,), size=len(data), limits=DEFAULT_LIMITS, installed=False)
    fragment = run(go_mod.CATALOGUER, file)
    found = {(p.name, p.version, ("go:indirect", "true") in p.properties) for p in fragment.packages}
    assert found - {("stdlib", "1.21.3", False)} == expected
    assert ("stdlib", "1.21.3", False) in found
    assert not fragment.gaps
