"""Two authorities, one the other's witness: nothing leaves without its line, and verifiers can demand it."""

import msgspec
import pytest

from assay import bootstrap
from assay.adapters.clock import WallClock
from assay.adapters.http import Http
from assay.adapters.sigstore import SigstoreServices
from assay.flows.keyless import Instance, KeylessMaker
from assay.formats import signingconfig
from assay.model.digest import Digest
from assay.model.errors import UnavailableError, UntrustedError, UsageError
from assay.model.limits import DEFAULT_LIMITS
from assay.trust.expect import Expected, Identity, Require
from assay.trust.verify import verify_artifact
from running_authority import SIGNER, made, serving

DIGEST = Digest.of(b"an artifact")
NOW = "2026-11-23T00:00:00Z"


class FixedToken:
    def __init__(self, text):
        self.text = text

    def token(self, audience):
        return self.text


def change(folder, **changes):
    bootstrap.configure_authority(str(folder), lambda file: msgspec.structs.replace(file, **changes), b"", {})


def sign(at):
    config = signingconfig.read_client(at.client_config, where="c")
    instance = Instance(config=config.signing_config, roots=config.trusted_root)
    hurried = msgspec.structs.replace(DEFAULT_LIMITS, http_retries_count=0)
    services = SigstoreServices(Http(limits=hurried))
    try:
        return KeylessMaker(instance, services, FixedToken(at.token()), WallClock()).artifact(DIGEST)
    finally:
        services.close()


def verified(bundle, at, policy):
    roots = signingconfig.read_client(at.client_config, where="c").trusted_root
    expected = Expected(identities=(Identity(identity=SIGNER, issuer=at.issuer),), require=Require(witnesses=policy))
    return verify_artifact(bundle, DIGEST, roots, expected, NOW, name="a")


@pytest.fixture
def two(tmp_path):
    log, witness = tmp_path / "log", tmp_path / "witness"
    made(log)
    made(witness, name="watcher")
    lines = bootstrap.witness_policy(bootstrap.read_authority(str(log))).decode()
    change(witness, witness_logs=lines)
    described = bootstrap.witness_policy(bootstrap.read_authority(str(witness))).decode()
    policy = "".join(line + "\n" for line in described.splitlines() if line.startswith("witness")) + "quorum watcher\n"
    change(log, witnesses=policy)
    return log, witness, policy


def test_every_checkpoint_bears_the_witness_s_line_and_a_verifier_demands_it(two):
    log, witness, policy = two
    with serving(witness), serving(log) as at:
        proof = verified(sign(at), at, policy)
        assert "watcher" in " ".join(check.reason for check in proof.checks)
        with pytest.raises(UntrustedError) as refused:
            verified(sign(at), at, policy.replace("quorum watcher", "group all 2 watcher other\nquorum all").replace(
                "witness watcher", f"{_other(policy)}witness watcher"))  # fmt: skip
        assert refused.value.code == "WITNESS_QUORUM"


def _other(policy):
    """A witness nobody has heard of."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from assay.formats import note, vkey
    from assay.formats.vkey import VerifierKey

    key = VerifierKey(
        "other.example", note.COSIGNATURE_ED25519, Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    )
    return f"witness other {vkey.write(key)} https://other.example\n"


def test_without_the_witness_clients_get_503_and_never_an_uncosigned_bundle(two):
    log, _, _ = two
    with serving(log) as at, pytest.raises(UnavailableError):
        sign(at)


def test_one_process_at_a_time_serves_or_rotates(two):
    log, _, _ = two
    with serving(log), pytest.raises(UnavailableError, match="in use"):
        bootstrap.rotate_authority(str(log), ("log",), b"", {})


def test_the_built_in_issuer_is_for_loopback_alone(two):
    with (
        pytest.raises(UsageError, match="loopback"),
        bootstrap.authority_at(str(two[0]), lambda: b"", is_loopback=False),
    ):
        pass
