"""The embedded authority and the clients: sigstore-python unmodified, and our own, each verifying the other's bundles.

One test rotates everything twice; every older bundle must stay good, for both verifiers.
"""

import hashlib
import http.client
from contextlib import closing
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from sigstore.dsse import StatementBuilder, Subject
from sigstore.models import Bundle, ClientTrustConfig
from sigstore.oidc import IdentityToken
from sigstore.sign import SigningContext
from sigstore.verify import Verifier
from sigstore.verify import policy as policies

from assay import bootstrap
from assay.adapters.clock import WallClock
from assay.adapters.http import Http
from assay.adapters.sigstore import SigstoreServices
from assay.flows.keyless import Instance, KeylessMaker
from assay.formats import intoto, signingconfig
from assay.model.digest import Digest
from assay.model.errors import UntrustedError
from assay.model.statement import ResourceDescriptor
from assay.trust.expect import Expected, Identity
from assay.trust.verify import verify, verify_artifact
from insidecommand import assay
from running_authority import SIGNER, made, running, serving

ARTIFACT = b"an artifact"
DIGEST = Digest.of(ARTIFACT)
PREDICATE = "https://example.com/predicate/v1"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    with running(tmp_path_factory.mktemp("authority")) as found:
        yield found


class FixedToken:
    def __init__(self, text):
        self.text = text

    def token(self, audience):
        return self.text


def foreign_sign(at):
    """An artifact's and a statement's bundle by sigstore-python."""
    context = SigningContext.from_trust_config(ClientTrustConfig.from_json(at.client_config.decode()))
    subject = Subject(name="a", digest={"sha256": DIGEST.hex})
    statement = StatementBuilder().subjects([subject]).predicate_type(PREDICATE).predicate({}).build()
    with context.signer(IdentityToken(at.token())) as signer:
        return signer.sign_artifact(ARTIFACT).to_json().encode(), signer.sign_dsse(statement).to_json().encode()


def own_sign(at):
    """The same by our client."""
    config = signingconfig.read_client(at.client_config, where="c")
    instance = Instance(config=config.signing_config, roots=config.trusted_root)
    services = SigstoreServices(Http())
    try:
        maker = KeylessMaker(instance, services, FixedToken(at.token()), WallClock())
        statement = intoto.statement([ResourceDescriptor(name="a", digest={"sha256": DIGEST.hex})], PREDICATE, {})
        return maker.artifact(DIGEST), maker.bundle(statement, DIGEST)
    finally:
        services.close()


def foreign_verify(pair, at, config=None):
    trusted = ClientTrustConfig.from_json((config or at.client_config).decode()).trusted_root
    verifier = Verifier(trusted_root=trusted)
    who = policies.Identity(identity=SIGNER, issuer=at.issuer)
    verifier.verify_artifact(ARTIFACT, Bundle.from_json(pair[0]), who)
    kind, payload = verifier.verify_dsse(Bundle.from_json(pair[1]), who)
    assert kind == "application/vnd.in-toto+json"
    assert PREDICATE.encode() in payload


def own_verify(pair, at, config=None):
    roots = signingconfig.read_client(config or at.client_config, where="c").trusted_root
    expected = Expected(identities=(Identity(identity=SIGNER, issuer=at.issuer),))
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    verify_artifact(pair[0], DIGEST, roots, expected, now, name="artifact")
    return verify(pair[1], DIGEST, roots, expected, now, name="statement")


def ask(at, method, path, body=None):
    connection = http.client.HTTPConnection(at.url.partition("://")[2], timeout=20)
    with closing(connection):
        connection.request(method, path, body=body)
        answer = connection.getresponse()
        return answer.status, answer.read()


SIGNERS = {"sigstore-python": foreign_sign, "assay": own_sign}
VERIFIERS = {"sigstore-python": foreign_verify, "assay": own_verify}


@pytest.fixture(scope="module")
def pairs(authority):
    return {name: sign(authority) for name, sign in SIGNERS.items()}


@pytest.mark.parametrize("verifier", VERIFIERS)
@pytest.mark.parametrize("signer", SIGNERS)
def test_what_one_signs_the_other_verifies(authority, pairs, signer, verifier):
    VERIFIERS[verifier](pairs[signer], authority)


def test_the_entry_lies_after_the_genesis_leaf_and_both_indices_agree(authority, pairs):
    evidence = own_verify(pairs["sigstore-python"], authority)
    assert evidence.log == "127.0.0.1"
    entry = Bundle.from_json(pairs["sigstore-python"][0]).log_entry._inner
    assert entry.log_index >= 1
    assert entry.log_index == entry.inclusion_proof.log_index
    assert evidence.signer.extensions["tokenSubject"] == SIGNER


def test_another_identity_and_another_issuer_are_refused(authority, pairs):
    roots = signingconfig.read_client(authority.client_config, where="c").trusted_root
    for identity, issuer in ((f"x{SIGNER}", authority.issuer), (SIGNER, f"{authority.issuer}/")):
        expected = Expected(identities=(Identity(identity=identity, issuer=issuer),))
        with pytest.raises(UntrustedError):
            verify_artifact(pairs["assay"][0], DIGEST, roots, expected, "2026-11-23T00:00:00Z", name="a")


def test_a_monitor_knows_who_signs_and_that_every_certificate_was_written_down(authority, pairs, tmp_path):
    def monitor(identity, state):
        return assay(
            "log", "monitor", f"{authority.url}/log/acme-1", "--issuance", f"{authority.url}/issuance/acme-1",
            "--trusted-root", str(authority.folder / "public/trusted_root.json"), "--state", str(tmp_path / state),
            "--certificate-identity", identity, "--certificate-oidc-issuer", authority.issuer, home=tmp_path, cwd=tmp_path,
        )  # fmt: skip

    calm = monitor(SIGNER, "calm")
    assert calm.code == 0, calm.out + calm.err.encode()
    alarmed = monitor("somebody@else.example", "alarmed")
    assert alarmed.code == 1
    assert b"unexpected-identity" in alarmed.out


def test_one_token_takes_several_certificates(authority):
    token = authority.token()
    same = SimpleNamespace(**authority._asdict() | {"token": lambda: token})
    own_verify(own_sign(same), authority)
    own_verify(own_sign(same), authority)


def test_rotating_everything_twice_leaves_every_older_bundle_good(tmp_path):
    folder = tmp_path / "authority"
    made(folder)
    signed = {}
    for generation in (1, 2, 3):
        if generation > 1:
            host = "localhost" if generation == 3 else ""  # the same server by another name
            bootstrap.rotate_authority(str(folder), ("ca", "ct", "log", "tsa"), b"", {}, log_host=host)
        with serving(folder) as at:
            for name, sign in SIGNERS.items():
                signed[name, generation] = sign(at)
            newest = at
            if generation > 1:  # the log before takes nothing more, and everybody can still read it
                old = f"/log/acme-{generation - 1}"
                origin = bootstrap.read_authority(str(folder)).logs[generation - 2].origin
                assert ask(at, "GET", f"{old}/checkpoint")[1].startswith(f"{origin}\n".encode())
                assert ask(at, "POST", f"{old}/api/v2/log/entries", b"{}")[0] == 405
    for verifier in VERIFIERS.values():
        for pair in signed.values():
            verifier(pair, newest)
    place = newest.url.partition("://")[2]
    logs = {own_verify(pair, newest).log for pair in signed.values()}
    assert logs == {"127.0.0.1", f"{place}/log/acme-2", "localhost"}  # never one origin for two keys
    config = signingconfig.read_client(newest.client_config, where="c")
    assert [log.url.rpartition("/")[2] for log in config.signing_config.logs] == ["acme-3"]
    roots = config.trusted_root
    for kind in (roots.tlogs, roots.ctlogs, roots.certificate_authorities, roots.timestamp_authorities):
        assert [bool(one.valid_for.end) for one in kind] == [True, True, False]
    assert hashlib.sha256(ARTIFACT).hexdigest() == DIGEST.hex
