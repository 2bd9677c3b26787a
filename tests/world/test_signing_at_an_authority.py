"""Our client at our authority: typed as commands, and an entry sent twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.adapters.ambient import GivenToken
from assay.adapters.clock import WallClock
from assay.adapters.http import Http
from assay.adapters.sigstore import SigstoreServices
from assay.flows.keyless import KeylessMaker
from assay.flows.logproof import proven
from assay.flows.publishing import Instance
from assay.formats import bundle as bundles
from assay.formats import rekor, rekor_api, signingconfig
from assay.formats.rekor_api import Signed
from assay.model.digest import Digest
from assay.trust.verify import verify_artifact
from command import assay
from running_authority import SIGNER, Running, running
from signing import NOW

DATA = b"an artifact\n"


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("authority")) as found:
        yield found


def test_a_file_signed_at_the_authority_is_verified_by_command(at, tmp_path: Path):
    (tmp_path / "file").write_bytes(DATA)
    (tmp_path / "token").write_text(at.token())
    services = {"--trusted-root": "trusted_root.json", "--signing-config": "signing_config.json"}
    public = {option: str(at.folder / "public" / name) for option, name in services.items()}
    words = [word for pair in public.items() for word in pair]
    signed = assay("sign-bundle", "--identity-token", "token", "--bundle", "b", *words, "file",
                   home=tmp_path, cwd=tmp_path)  # fmt: skip
    assert (signed.code, signed.err) == (0, "")
    who = ["--certificate-identity", SIGNER, "--certificate-oidc-issuer", at.issuer, *words[:2]]
    for target in ("file", str(Digest.of(DATA))):
        assert assay("verify-bundle", "--bundle", "b", *who, target, home=tmp_path, cwd=tmp_path).code == 0
    who[1] = "somebody@else.example"
    assert assay("verify-bundle", "--bundle", "b", *who, "file", home=tmp_path, cwd=tmp_path).code == 3


def test_an_entry_sent_twice_is_proven_from_the_tiles(at):
    client = signingconfig.read_client(at.client_config, where="c")
    services = SigstoreServices(Http())
    instance = Instance(config=client.signing_config, roots=client.trusted_root)
    maker = KeylessMaker(instance, services, GivenToken(at.token()), WallClock())
    read = bundles.read(maker.artifact(Digest.of(DATA)), where="b")
    (entry,) = read.entries
    said = rekor.read(entry.body, where="b")
    url = client.signing_config.logs[0].url
    log = services.log(url, 2)
    again = log.submit(
        rekor_api.request(2, Signed(digest=said.digest, signature=said.signature, certificate=said.certificate))
    )
    assert (again.answer, again.index) == (b"", entry.log_index)
    found = proven(log, entry.log_index, entry.body, client.trusted_root, where=url)
    assert (found.log_id, found.kind, found.version) == (entry.log_id, entry.kind, entry.version)
    assert read.message is not None
    made = bundles.write(read.message, certificate=read.certificate, entries=(found,), timestamps=read.timestamps)
    expected = maker.standard().expected
    assert verify_artifact(made, Digest.of(DATA), client.trusted_root, expected, NOW, name="b")
    services.close()
