"""Peers written in Go, built once for each machine: in the folder ASSAY_GO_TOOLS names, or the user's cache."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

REKOR = ("posix", "github.com/sigstore/rekor-tiles/v2/cmd/rekor-server/posix@v2.3.0")
FULCIO = ("fulcio", "github.com/sigstore/fulcio@v1.8.8")
_BUILD_SECONDS = 900
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def go_tool(name: str, module: str, package: str = "", tags: str = "") -> Path:
    """The program of a module, built if need be; skips the test where it cannot be had.

    Args:
        name: of the program that `go install` makes.
        module: `path@version`, of the program's package.
        package: then `module` is the module it belongs to: built for its sake alone, which asks a proxy for this very
            version and not for a list of them. `./…`: in the module's own folder, with the replacements it names.
        tags: of the build.
    """
    folder = Path(os.environ.get("ASSAY_GO_TOOLS") or _CACHE / "assay" / "interop")
    place = folder / module.rpartition("@")[2] / name
    if place.is_file():
        return place
    go = shutil.which("go")
    if os.environ.get("CI"):  # building one of them takes minutes
        pytest.skip(f"{module} is not built in CI, and there is no {place}")
    if go is None:
        pytest.skip(f"no Go on this machine to build {module}, and no {place}")
    place.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "GOBIN": str(place.parent), "GOFLAGS": "-buildvcs=false"}
    words, folder = [go, "install", module], "/"
    with tempfile.TemporaryDirectory() as temporary:
        if package.startswith("./"):
            words, folder = (
                [go, "build", "-mod=mod", "-tags", tags, "-o", str(place), package],
                _sources(go, module, temporary),
            )
        elif package:
            needs = module.replace("@", " ")
            (Path(temporary) / "go.mod").write_text(f"module peer\n\nrequire {needs}\n")
            words, folder = [go, "build", "-mod=mod", "-o", str(place), package], temporary
        try:
            done = subprocess.run(words, env=environment, capture_output=True, timeout=_BUILD_SECONDS, cwd=folder)
        except subprocess.TimeoutExpired:
            pytest.skip(f"{module} was not built within {_BUILD_SECONDS} s")
    if done.returncode != 0 or not place.is_file():
        said = done.stderr.decode(errors="replace").strip().splitlines()
        pytest.skip(f"{module} cannot be built here: {said[-1] if said else done.returncode}")
    return place


def _sources(go: str, module: str, temporary: str) -> str:
    """A copy of a module's folder, which may be written; skips the test where it cannot be had."""
    done = subprocess.run([go, "mod", "download", "-json", module], capture_output=True, timeout=300, cwd=temporary)
    found = json.loads(done.stdout or b"{}")
    if "Dir" not in found:
        pytest.skip(f"{module} cannot be had here: {str(found.get('Error', done.returncode))[-200:]}")
    copy = Path(temporary) / "module"
    shutil.copytree(found["Dir"], copy)
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return str(copy)
