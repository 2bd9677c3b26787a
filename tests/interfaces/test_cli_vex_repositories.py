"""VEX repositories on the command line and in the settings, from a folder and from a server on loopback."""

import gzip
import json
from pathlib import Path

import pytest

from command import Done, assay
from fakes.feeds import feeds
from vexplaces import VexImage, document
from webfiles import running, tar

ID = "CVE-2024-2222"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    feeds(home / "feeds")
    assert assay("db", "build", "--from", str(home / "feeds"), "--out", f"{home}/a.db", home=home).code == 0
    VexImage(home / "image")
    return home


def contents() -> dict[str, bytes]:
    packages = [{"id": "pkg:pypi/jinja2", "location": "pkg/vex.json"}]
    index = json.dumps({"updated_at": "2026-01-01T00:00:00Z", "packages": packages})
    return {"index.json": index.encode(), "pkg/vex.json": json.dumps(document("pkg:pypi/jinja2")).encode()}


def scan(home: Path, folder: Path, *words: str, env: dict[str, str] | None = None, form: str = "json") -> Done:
    more = {"ASSAY_CACHE": str(folder / "cache")} | (env or {})
    target = f"oci-dir:{home}/image:latest"
    done = assay("scan", target, "--db", f"{home}/a.db", "-q", "--no-policy", "-o", form, *words, home=home, env=more)
    assert done.code == 0, done.err
    return done


def suppressed(done: Done) -> set[str]:
    return {f["id"] for f in json.loads(done.out)["findings"] if f["suppressed"] is not None}


def settings(folder: Path, text: str) -> dict[str, str]:
    (folder / "assay.toml").write_text(text)
    return {"ASSAY_CONFIG": str(folder / "assay.toml")}


def test_a_repository_that_is_named_is_seen_and_believed_only_by_the_settings(home: Path, tmp_path: Path) -> None:
    with running() as web:
        web.serve(gzip.compress(tar(contents())))
        seen = scan(home, tmp_path, "--vex", f"repo:{web.url}")
        (listed,) = json.loads(seen.out)["vex_documents"]
        assert (suppressed(seen), listed["outcome"], listed["code"]) == (set(), "seen", "NOT_SIGNED")
        row = (
            f'[[vex.repository]]\nname = "hub"\nurl = "{web.url}"\naccept_unsigned = true\nproducts = ["pkg:pypi/*"]\n'
        )
        env = settings(tmp_path, row)
        assert suppressed(scan(home, tmp_path, env=env)) == {ID}
        assert suppressed(scan(home, tmp_path, "--no-vex-discovery", env=env)) == set()
        assert suppressed(scan(home, tmp_path, "--no-vex-discovery", "--vex-repository", web.url, env=env)) == {ID}
        asked = len(web.asked)
        assert suppressed(scan(home, tmp_path, "--vex-offline", env=env)) == {ID}
        assert len(web.asked) == asked == 2


def test_the_table_tells_the_age_of_a_copy_nobody_could_renew(home: Path, tmp_path: Path) -> None:
    with running() as web:
        web.serve(gzip.compress(tar(contents())))
        scan(home, tmp_path, "--vex", f"repo:{web.url}")
        (state,) = (tmp_path / "cache-vex").glob("*.json")
        state.write_text(json.dumps(json.loads(state.read_text()) | {"checked": "2025-12-01T00:00:00Z"}))
        out = scan(home, tmp_path, "--vex", f"repo:{web.url}", "--vex-offline", form="table").out.decode()
        assert "its copy of 2025-12-01" in out
        assert "VEX: 1 seen, not applied: not signed" in out


def test_a_folder_of_that_layout_has_the_trust_of_its_row(home: Path, tmp_path: Path) -> None:
    for name, data in contents().items():
        path = tmp_path / "hub" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    assert suppressed(scan(home, tmp_path, "--vex", f"repo:{tmp_path}/hub")) == set()
    row = '[[vex.repository]]\nname = "ours"\nfolder = "hub"\naccept_unsigned = true\nproducts = ["pkg:pypi/jinja2"]\n'
    assert suppressed(scan(home, tmp_path, env=settings(tmp_path, row))) == {ID}


def test_rows_of_repositories_and_of_trust_stand_in_one_file(home: Path, tmp_path: Path) -> None:
    env = settings(tmp_path, '[[vex.repository]]\nname = "x"\nurl = "https://a.example"\n\n[[vex.typo]]\n')
    done = assay("config", home=home, env=env)
    assert (done.code, "vex.typo" in done.err) == (2, True)
    env = settings(tmp_path, '[[vex.repository]]\nname = "x"\nurl = "https://a.example"\n')
    assert "vex-repositories" in assay("config", home=home, env=env).out.decode()
    bad = settings(tmp_path, '[[vex.repository]]\nname = "x"\nurl = "https://a.example"\naccept_unsigned = true\n')
    target = f"oci-dir:{home}/image:latest"
    done = assay("scan", target, "--db", f"{home}/a.db", "-q", "--no-policy", home=home, env=bad)
    assert (done.code, "it has no scope" in done.err) == (65, True)
