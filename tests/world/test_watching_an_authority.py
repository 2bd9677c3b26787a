"""The monitor beside an authority that really runs: what it issues and logs, over HTTP, as a stranger sees it."""

import json

import pytest

from assay.adapters.clock import WallClock
from assay.adapters.http import Http
from assay.adapters.sigstore import SigstoreServices
from assay.flows.keyless import Instance, KeylessMaker
from assay.formats import signingconfig, trustroot
from assay.model.digest import Digest
from command import assay
from running_authority import SIGNER, running

DIGEST = Digest.of(b"an artifact")


class FixedToken:
    def __init__(self, text):
        self.text = text

    def token(self, audience):
        return self.text


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    with running(tmp_path_factory.mktemp("watched")) as found:
        yield found


def sign(at, identity=SIGNER) -> None:
    config = signingconfig.read_client(at.client_config, where="c")
    services = SigstoreServices(Http())
    try:
        instance = Instance(config=config.signing_config, roots=config.trusted_root)
        KeylessMaker(instance, services, FixedToken(at.token(identity)), WallClock()).artifact(DIGEST)
    finally:
        services.close()


def test_an_authority_is_watched(authority, tmp_path):
    """Every signature's certificate is found in the issuance log; a stranger's is told; nothing is told twice."""
    roots = signingconfig.read_client(authority.client_config, where="c").trusted_root
    (tmp_path / "root.json").write_bytes(trustroot.write(roots))
    words = (
        "log", "monitor", roots.tlogs[0].base_url, "--issuance", roots.ctlogs[0].base_url, "--state", "state",
        "--trusted-root", "root.json", "--certificate-identity", SIGNER, "--certificate-oidc-issuer", authority.issuer,
        "-o", "json",
    )  # fmt: skip

    def look():
        done = assay(*words, home=tmp_path, cwd=tmp_path)
        assert done.err == "", done.out
        return done.code, json.loads(done.out)

    sign(authority)
    sign(authority)
    code, found = look()
    assert found["alerts"] == []
    assert code == 0
    assert [one["count"] for one in found["logs"]] == [3, 3]
    sign(authority, "mallory@acme.example")
    code, found = look()
    assert (code, [one["kind"] for one in found["alerts"]]) == (1, ["unexpected-identity"] * 2)
    assert "mallory@acme.example" in found["alerts"][0]["why"]
    code, found = look()
    assert (code, [one["count"] for one in found["logs"]]) == (0, [0, 0])
    shown = assay("log", "show", roots.tlogs[0].base_url, "--trusted-root", "root.json", home=tmp_path, cwd=tmp_path)
    assert (shown.code, b"log: holds" in shown.out) == (0, True)
