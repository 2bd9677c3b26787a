"""sigstore-js and cosign, unmodified, against a running authority of ours: they sign, we verify, and the reverse."""

import os
import shutil
import subprocess

import pytest

from assay import bootstrap
from assay.adapters.clock import WallClock
from assay.adapters.http import Http
from assay.adapters.sigstore import SigstoreServices
from assay.flows.keyless import Instance, KeylessMaker
from assay.formats import intoto, signingconfig
from assay.model.digest import Digest
from assay.model.statement import ResourceDescriptor
from assay.trust.expect import Expected, Identity
from assay.trust.verify import verify, verify_artifact
from jstools import js_client
from running_authority import SIGNER, made, running, serving

pytestmark = pytest.mark.interop

ARTIFACT = b"an artifact of several clients"
DIGEST = Digest.of(ARTIFACT)
PREDICATE = "https://example.com/predicate/v1"
IN_TOTO = "application/vnd.in-toto+json"
NOW = "2026-11-23T00:00:00Z"


class FixedToken:
    def __init__(self, text):
        self.text = text

    def token(self, audience):
        return self.text


@pytest.fixture(scope="module")
def at(tmp_path_factory):
    with running(tmp_path_factory.mktemp("authority")) as found:
        (found.folder / "config.json").write_bytes(found.client_config)
        (found.folder / "artifact").write_bytes(ARTIFACT)
        (found.folder / "statement").write_bytes(statement().payload)
        yield found


def statement():
    return intoto.statement([ResourceDescriptor(name="a", digest={"sha256": DIGEST.hex})], PREDICATE, {})


def run(command, *, env=None):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=env)
    assert done.returncode == 0, done.stderr[-3000:]
    return done


@pytest.fixture(scope="module")
def own(at):
    """An artifact's and a statement's bundle of our client, as files."""
    config = signingconfig.read_client(at.client_config, where="c")
    services = SigstoreServices(Http())
    try:
        instance = Instance(config=config.signing_config, roots=config.trusted_root)
        maker = KeylessMaker(instance, services, FixedToken(at.token()), WallClock())
        pair = (maker.artifact(DIGEST), maker.bundle(statement(), DIGEST))
    finally:
        services.close()
    for name, data in zip(("own-artifact", "own-statement"), pair, strict=True):
        (at.folder / name).write_bytes(data)
    return pair


def believed(at, name, *, artifact):
    roots = signingconfig.read_client(at.client_config, where="c").trusted_root
    expected = Expected(identities=(Identity(identity=SIGNER, issuer=at.issuer),))
    judge = verify_artifact if artifact else verify
    return judge((at.folder / name).read_bytes(), DIGEST, roots, expected, NOW, name=name)


def js(at, command, *words):
    return run([*js_client(), command, str(at.folder / "config.json"), *map(str, words)])


def test_sigstore_js_signs_an_artifact_and_both_verify(at):
    js(at, "sign", at.token(), at.folder / "artifact", at.folder / "js-artifact")
    js(at, "verify", at.folder / "js-artifact", at.folder / "artifact", SIGNER, at.issuer)
    believed(at, "js-artifact", artifact=True)


def test_sigstore_js_signs_a_statement_in_the_older_form_and_both_verify(at):
    js(at, "sign", at.token(), at.folder / "statement", at.folder / "js-statement", IN_TOTO)
    js(at, "verify", at.folder / "js-statement", at.folder / "artifact", SIGNER, at.issuer)
    assert believed(at, "js-statement", artifact=False).statement.predicate_type == PREDICATE


def test_sigstore_js_verifies_what_we_sign(at, own):
    for name in ("own-artifact", "own-statement"):
        js(at, "verify", at.folder / name, at.folder / "artifact", SIGNER, at.issuer)


def test_sigstore_js_refuses_another_identity(at, own):
    with pytest.raises(AssertionError):
        js(at, "verify", at.folder / "own-artifact", at.folder / "artifact", "somebody@else.example", at.issuer)


def cosign():
    program = os.environ.get("ASSAY_COSIGN") or shutil.which("cosign")
    if program is None:
        pytest.skip("no cosign on the PATH, and ASSAY_COSIGN is not set")
    return program


@pytest.fixture
def halves(at):
    from assay.formats import trustroot

    config = signingconfig.read_client(at.client_config, where="c")
    (at.folder / "root.json").write_bytes(trustroot.write(config.trusted_root))
    (at.folder / "signing.json").write_bytes(signingconfig.write(config.signing_config))
    token = at.folder / "token"
    token.write_text(at.token())
    return {**os.environ, "HOME": str(at.folder), "COSIGN_YES": "true", "TOKEN": str(token)}


def test_cosign_signs_a_blob_and_both_verify(at, halves):
    bundle = at.folder / "cosign-artifact"
    run([cosign(), "sign-blob", "--yes", "--identity-token", halves["TOKEN"], "--signing-config", str(at.folder / "signing.json"),
         "--trusted-root", str(at.folder / "root.json"), "--bundle", str(bundle), str(at.folder / "artifact")], env=halves)  # fmt: skip
    run([cosign(), "verify-blob", "--bundle", str(bundle), "--trusted-root", str(at.folder / "root.json"),
         "--use-signed-timestamps", "--certificate-identity", SIGNER, "--certificate-oidc-issuer", at.issuer,
         str(at.folder / "artifact")], env=halves)  # fmt: skip
    believed(at, "cosign-artifact", artifact=True)


def test_cosign_verifies_what_we_sign(at, own, halves):
    run([cosign(), "verify-blob", "--bundle", str(at.folder / "own-artifact"), "--trusted-root", str(at.folder / "root.json"),
         "--use-signed-timestamps", "--certificate-identity", SIGNER, "--certificate-oidc-issuer", at.issuer,
         str(at.folder / "artifact")], env=halves)  # fmt: skip


def test_cosign_attests_a_blob_and_both_verify(at, halves):
    (at.folder / "predicate").write_text("{}")
    bundle = at.folder / "cosign-statement"
    run([cosign(), "attest-blob", "--yes", "--identity-token", halves["TOKEN"], "--signing-config", str(at.folder / "signing.json"),
         "--trusted-root", str(at.folder / "root.json"), "--bundle", str(bundle), "--type", PREDICATE,
         "--predicate", str(at.folder / "predicate"), str(at.folder / "artifact")], env=halves)  # fmt: skip
    run([cosign(), "verify-blob-attestation", "--bundle", str(bundle), "--trusted-root", str(at.folder / "root.json"),
         "--use-signed-timestamps", "--certificate-identity", SIGNER, "--certificate-oidc-issuer", at.issuer,
         "--type", PREDICATE, str(at.folder / "artifact")], env=halves)  # fmt: skip
    assert believed(at, "cosign-statement", artifact=False).statement.predicate_type == PREDICATE


def test_cosign_and_sigstore_js_verify_across_a_rotation_to_another_name(tmp_path):
    """The old log under its own name, the new one under another name of the same server."""
    folder, bundles = tmp_path / "a", {}
    made(folder)
    for generation in (1, 2):
        if generation == 2:
            bootstrap.rotate_authority(str(folder), ("ca", "ct", "log", "tsa"), b"", {}, log_host="localhost")
        with serving(folder) as at:
            config = signingconfig.read_client(at.client_config, where="c")
            services = SigstoreServices(Http())
            try:
                instance = Instance(config=config.signing_config, roots=config.trusted_root)
                bundles[generation] = KeylessMaker(instance, services, FixedToken(at.token()), WallClock()).artifact(
                    DIGEST
                )
            finally:
                services.close()
    (tmp_path / "artifact").write_bytes(ARTIFACT)
    (tmp_path / "config.json").write_bytes(at.client_config)
    for generation, data in bundles.items():
        (tmp_path / f"{generation}.json").write_bytes(data)
        run([*js_client(), "verify", str(tmp_path / "config.json"), str(tmp_path / f"{generation}.json"),
             str(tmp_path / "artifact"), SIGNER, at.issuer])  # fmt: skip
        run([cosign(), "verify-blob", "--bundle", str(tmp_path / f"{generation}.json"),
             "--trusted-root", str(folder / "public/trusted_root.json"), "--use-signed-timestamps",
             "--certificate-identity", SIGNER, "--certificate-oidc-issuer", at.issuer, str(tmp_path / "artifact")],
            env={**os.environ, "HOME": str(tmp_path)})  # fmt: skip
