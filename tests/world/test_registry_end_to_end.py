"""The main job against a real registry server, with and without a password; an index with two platforms."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.adapters.registry_client import RegistryClient
from assay.artifact.reference import parse_reference
from command import assay
from fakes.feeds import feeds
from fakes.layouts import LayoutBuilder, demo_layers, layout
from registry_push import push_layout
from registry_server import PASSWORD, USER, needs_docker_registry, registry_server

pytestmark = needs_docker_registry
LOGIN = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


class Site:
    """A registry, a home folder with a docker config for it, a database, a key."""

    def __init__(self, authority: str, folder: Path, *, password: bool) -> None:
        self.authority, self.folder, self.home = authority, folder, folder / "home"
        (self.home / ".docker").mkdir(parents=True)
        if password:
            config = {"auths": {authority: {"auth": LOGIN}}}
            (self.home / ".docker/config.json").write_text(json.dumps(config))
        self.db, self.key = str(folder / "a.db"), str(folder / "k")
        feeds(folder / "feeds")
        assert assay("db", "build", "--from", str(folder / "feeds"), "--out", self.db, home=self.home).code == 0
        assert assay("keys", "generate", self.key, "--no-passphrase", home=self.home).code == 0

    def push(self, source: Path, reference: str, entry: int = 0) -> str:
        env = {"HOME": str(self.home)}
        target = parse_reference(reference)
        return str(push_layout(RegistryClient(target, env=env), source, target.tag, entry))


@pytest.fixture(scope="module", params=[False, True], ids=["open", "password"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with registry_server(password=request.param) as server:
        yield Site(server.authority, tmp_path_factory.mktemp("site"), password=request.param)


def test_scan_attest_sign_verify_in_a_registry(site: Site) -> None:
    layout(site.folder / "image", demo_layers())
    reference = f"{site.authority}/team/app:1.0"
    digest = site.push(site.folder / "image", reference)
    scanned = assay("scan", reference, "--db", site.db, "-q", "-o", "json", home=site.home)
    assert scanned.code == 1, scanned.err
    report = json.loads(scanned.out)
    assert report["subject"]["digest"] == digest
    local = assay("scan", f"oci-dir:{site.folder}/image", "--db", site.db, "-q", "-o", "json", home=site.home)
    assert json.loads(local.out)["findings"] == report["findings"]
    attested = assay("attest", reference, "--db", site.db, "-q", "--key", site.key, home=site.home)
    assert attested.code == 0, attested.err
    assert assay("sign", reference, "--key", site.key, home=site.home).code == 0
    verified = assay("verify", reference, "--key", f"{site.key}.pub", "-o", "json", home=site.home)
    assert verified.code == 0, verified.err
    rows = json.loads(verified.out)["rows"]
    assert len(rows) == 6
    assert {row["outcome"] for row in rows} == {"verified"}
    decided = assay(
        "verify",
        f"{site.authority}/team/app@{digest}",
        "--key",
        f"{site.key}.pub",
        "--policy",
        "default",
        home=site.home,
    )
    assert decided.code == 1
    assert b"vuln.kev" in decided.out


def test_an_index_and_its_platforms_are_different_subjects(site: Site, tmp_path: Path) -> None:
    builder = LayoutBuilder(tmp_path / "multi")
    platforms = [builder.image(demo_layers()[:n], architecture=arch) for n, arch in ((2, "amd64"), (3, "arm64"))]
    index = builder.put(
        json.dumps({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": platforms,
        }).encode(),
        "application/vnd.oci.image.index.v1+json",
    )  # fmt: skip
    builder.index(index)
    reference = f"{site.authority}/team/multi:1"
    site.push(tmp_path / "multi", reference)

    def subjects(*words: str) -> list[dict[str, object]]:
        out = tmp_path / "out"
        for old in out.glob("*"):
            old.unlink()
        done = assay("scan", reference, *words, "--no-policy", "-q", "-o", f"json={out}/r.json", home=site.home)
        assert done.code == 0, done.err
        return [json.loads(path.read_bytes())["subject"] for path in sorted(out.iterdir())]

    both = subjects("--all-platforms")
    assert [s["digest"] for s in both] == [p["digest"] for p in platforms]
    assert {s["index"] for s in both} == {index["digest"]}
    (arm,) = subjects("--platform", "linux/arm64")
    assert arm["digest"] == platforms[1]["digest"]
    wrong = assay("scan", reference, "--platform", "linux/s390x", "-q", home=site.home)
    assert wrong.code == 2
    assert "linux/arm64" in wrong.err
    assert assay("sign", reference, "--platform", "linux/amd64", "--key", site.key, home=site.home).code == 0
    key = ("--key", f"{site.key}.pub")
    assert assay("verify", reference, "--platform", "linux/amd64", *key, home=site.home).code == 0
    assert assay("verify", reference, "--platform", "linux/arm64", *key, home=site.home).code == 3
    assert assay("verify", reference, "--all-platforms", *key, home=site.home).code == 3
    assert assay("sign", reference, "--recursive", "--key", site.key, home=site.home).code == 0
    assert assay("verify", reference, "--all-platforms", *key, home=site.home).code == 0


def test_without_the_password_nobody_knows(site: Site, tmp_path: Path) -> None:
    done = assay("scan", f"{site.authority}/team/nothing:1", "-q", home=tmp_path)
    assert done.code == 75
    assert PASSWORD not in done.err
    assert LOGIN not in done.err
    assert len(done.err.strip().splitlines()) == 1
