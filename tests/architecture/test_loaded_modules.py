"""What a command loads is a promise: `--help` stays light, `scan` never drags in what it does not use."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from assay import bootstrap
from fakes.layouts import demo_layers, layout

HEAVY = {
    "cryptography", "jinja2", "urllib3", "regorus", "sqlite3", "msgspec", "isal", "backports", "packaging", "asyncio",
    "http.client", "ssl", "xml", "hashlib", "subprocess", "concurrent.futures", "tempfile",
}  # fmt: skip


def loaded(code: str, *words: str) -> set[str]:
    """Names of HEAVY modules (and assay's rooms) in `sys.modules` after running code in a new process."""
    script = f"import sys, json\nsys.argv = ['assay', *{list(words)!r}]\n{code}\nprint('\\n@' + json.dumps(sorted(sys.modules)))"
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=env, check=False)
    assert "\n@" in done.stdout, done.stderr
    return set(json.loads(done.stdout.rpartition("\n@")[2]))


RUN = "from assay.interfaces.cli.main import main\ntry:\n    main()\nexcept SystemExit:\n    pass"


def test_help_loads_only_the_frame() -> None:
    modules = loaded(RUN, "--help")
    assert not modules & HEAVY
    ours = {name for name in modules if name.startswith("assay")}
    assert ours == {
        "assay", "assay.interfaces", "assay.interfaces.cli", "assay.interfaces.cli.main", "assay.model",
        "assay.model.errors",
    }  # fmt: skip


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Modules loaded by a real `scan` of a small root directory."""
    root = tmp_path_factory.mktemp("root")
    (root / "etc").mkdir()
    (root / "etc/os-release").write_text('ID=debian\nVERSION_ID="12"\n')
    return loaded(RUN, "scan", f"rootfs:{root}", "--no-policy", "-q", "--db", str(root / "none.db"), "-o", "json")


def test_scan_of_local_bytes_loads_no_network_no_keys_no_engine(scanned: set[str]) -> None:
    assert not scanned & {"urllib3", "ssl", "http.client", "cryptography", "regorus", "jinja2", "asyncio", "xml"}


def test_scan_loads_our_readers(scanned: set[str]) -> None:
    assert {"assay.flows.catalogue", "assay.flows.scan", "assay.dependencies.assemble"} <= scanned
    assert not {name for name in scanned if name.startswith("assay.adapters.registry")}


def test_a_rescan_imports_no_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CI", "")
    layout(tmp_path / "image", demo_layers())
    words = ("sbom", f"oci-dir:{tmp_path / 'image'}", "-o", f"cyclonedx-json={tmp_path / 'x.json'}")
    readers = {"assay.flows.catalogue", "assay.dependencies.catalogers", "assay.dependencies.assemble", "isal"}
    assert readers - {"isal"} <= loaded(RUN, *words)
    first = (tmp_path / "x.json").read_bytes()
    assert not readers & loaded(RUN, *words)
    assert (tmp_path / "x.json").read_bytes() == first


def test_the_fuse_box_has_the_doors_it_shows() -> None:
    tree = ast.parse(Path(bootstrap.__file__).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    shown = {
        alias.name: (node.module or "").removeprefix("assay.bootstrap.")
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert shown == bootstrap._MODULES
    assert sorted(shown) == sorted(bootstrap.__all__)
    assert set(shown) <= set(dir(bootstrap))
    for name in shown:
        assert getattr(bootstrap, name) is not None
    with pytest.raises(AttributeError):
        _ = bootstrap.no_such_door


def test_an_sbom_loads_no_verification(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    modules = loaded(RUN, "sbom", f"rootfs:{tmp_path}", "-o", "cyclonedx-json")
    assert "assay.bootstrap.stock" in modules
    others = {f"assay.bootstrap.{name}" for name in ("verification", "database", "authority", "authority_folder")}
    assert not modules & others


def test_an_sbom_of_an_image_alone_loads_no_findings_no_provenance_no_reader_of_toml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_CACHE", str(tmp_path / "cache"))  # what an earlier run remembers is not read again
    layout(tmp_path / "image", demo_layers())
    modules = loaded(RUN, "sbom", f"oci-dir:{tmp_path / 'image'}", "-o", f"cyclonedx-json={tmp_path / 'x.json'}")
    assert {"assay.flows.catalogue", "assay.dependencies.assemble"} <= modules
    assert not modules & {
        "assay.model.report", "assay.model.advisory", "assay.ports.stores", "assay.flows.base_provenance",
        "assay.flows.attached", "tomllib",
    }  # fmt: skip
