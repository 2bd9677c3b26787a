"""Managed keys whose signatures are dated and logged: what the key signed before it was lost stays good."""

from collections.abc import Iterator

import msgspec
import pytest

from assay.adapters.clock import WallClock
from assay.adapters.http import Http
from assay.adapters.sigstore import SigstoreServices
from assay.flows.loggedkey import LoggedKeyMaker
from assay.flows.publishing import Instance
from assay.formats import bundle as bundles
from assay.formats import rekor
from assay.model.digest import Digest
from assay.model.errors import UnsupportedError, UntrustedError
from assay.trust import dsse, keyring
from assay.trust.expect import Expected, Require
from assay.trust.keyring import Keyring
from assay.trust.verify import verify
from fakes.sigstore import Sigstore, sigstore
from signing import ED25519, NOW, OTHER, P256, SIGNERS, TARGET, MemorySigner, claim, trusting

KINDS = ("p256", "p384", "p521", "rsa2048")


@pytest.fixture
def place() -> Iterator[Sigstore]:
    with sigstore() as running:
        yield running


def maker(place: Sigstore, signer: MemorySigner, version: int = 2) -> LoggedKeyMaker:
    installation = Instance(config=place.config(version), roots=place.trusted_root())
    return LoggedKeyMaker(signer, installation, SigstoreServices(Http()), WallClock())


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_a_key_signs_and_the_log_says_so(place, kind, version):
    signer = SIGNERS[kind]
    made = maker(place, signer, version).bundle(claim(TARGET), TARGET)
    expected = msgspec.structs.replace(trusting(signer), require=Require(log="required", timestamps="required"))
    evidence = verify(made, TARGET, place.trusted_root(), expected, NOW, name="b")
    assert (evidence.signer.kind, bool(evidence.times), bool(evidence.log)) == ("key", True, True)
    read = bundles.read(made, where="b")
    assert (read.certificate, read.key_hint) == (None, keyring.key_id(signer.public_key()))
    body = rekor.read(read.entries[0].body, where="b")
    assert (body.spki, body.certificate) == (signer.public_key(), b"")
    if version == 2:
        assert body.algorithm == {"p384": "sha384", "p521": "sha512"}.get(kind, "sha256")
    with pytest.raises(UntrustedError):
        verify(made, TARGET, place.trusted_root(), trusting(OTHER), NOW, name="b")


def test_what_was_signed_before_the_key_was_lost_stays_good(place):
    def lost(since: str) -> Expected:
        key = keyring.key(P256.public_key(), name="lost")
        return Expected(keys=Keyring((msgspec.structs.replace(key, revoked_since=since, revoked_reason="stolen"),)))

    logged, bare = maker(place, P256).bundle(claim(TARGET), TARGET), dsse.sign(claim(TARGET), P256)
    roots = place.trusted_root()
    assert verify(logged, TARGET, roots, lost("2099-01-01T00:00:00Z"), NOW, name="b")
    for bundle, since in ((logged, "2020-01-01T00:00:00Z"), (bare, "2099-01-01T00:00:00Z")):
        with pytest.raises(UntrustedError) as caught:
            verify(bundle, TARGET, roots, lost(since), NOW, name="b")
        assert caught.value.code == "KEY_REVOKED"


def test_the_standard_asks_for_the_log(place):
    standard = maker(place, P256).standard()
    with pytest.raises(UntrustedError):
        verify(dsse.sign(claim(TARGET), P256), TARGET, standard.roots, standard.expected, NOW, name="b")


def test_a_statement_about_something_else_does_not_leave(place):
    with pytest.raises(UntrustedError) as caught:
        maker(place, P256).bundle(claim(TARGET), Digest.of(b"other"))
    assert caught.value.code == "SUBJECT_MISMATCH"


def test_keys_that_sign_no_digests_are_refused_at_once(place):
    with pytest.raises(UnsupportedError, match="ECDSA or RSA"):
        maker(place, ED25519)
    assert place.asked == []


def test_a_signer_whose_signature_does_not_hold_is_found_before_anything_is_asked(place):
    class Broken(MemorySigner):
        def sign(self, data: bytes) -> bytes:
            return super().sign(data + b"!")

    with pytest.raises(UntrustedError) as caught:
        maker(place, Broken(P256.key)).bundle(claim(TARGET), TARGET)
    assert caught.value.code == "SIGNER"
    assert place.asked == []
