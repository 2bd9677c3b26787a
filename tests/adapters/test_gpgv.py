"""Clear-signed texts by the real gpgv: what it writes out is read, and its status lines decide."""

import shutil
import subprocess

import pytest

from assay.adapters.gpgv import Gpgv
from assay.model.errors import MalformedError, UnavailableError, UntrustedError

pytestmark = pytest.mark.skipif(
    not (shutil.which("gpg") and shutil.which("gpgv")), reason="gpg or gpgv is not installed"
)
TEXT = b"Origin: Debian\nCodename: bookworm\n- a dash\n"


class Signer:
    """A keyring of its own; times are said, not waited for."""

    def __init__(self, home):
        home.mkdir(mode=0o700)
        self.home = home

    def gpg(self, *words, data=b"", at=None):
        clock = ["--faked-system-time", f"{at}!"] if at else []
        line = [
            "gpg",
            "--batch",
            "--homedir",
            str(self.home),
            "--pinentry-mode",
            "loopback",
            "--passphrase",
            "",
            *clock,
            *words,
        ]
        return subprocess.run(line, input=data, capture_output=True, check=True).stdout

    def key(self, name, *, at="20240101T000000", life="never"):
        self.gpg("--quick-generate-key", f"{name} <{name}@example.org>", "ed25519", "sign", life, at=at)

    def sign(self, *names, at="20240110T000000", text=TEXT):
        words = [word for name in names for word in ("--local-user", f"{name}@example.org")]
        return self.gpg("--clearsign", "--digest-algo", "SHA256", *words, data=text, at=at)

    def keys(self, *names, armoured=False):
        return self.gpg("--export", *(["--armor"] if armoured else []), *(f"{name}@example.org" for name in names))


@pytest.fixture(scope="module")
def signer(tmp_path_factory):
    made = Signer(tmp_path_factory.mktemp("gpg") / "home")
    made.key("first")
    made.key("second")
    made.key("short", life="20240201T000000")
    yield made
    subprocess.run(["gpgconf", "--homedir", str(made.home), "--kill", "gpg-agent"], check=False, capture_output=True)


def verify(data, keys):
    return Gpgv().verify(data, keys, where="InRelease")


def test_a_good_signature_gives_the_text_and_who_signed(signer):
    found = verify(signer.sign("first"), signer.keys("first"))
    assert found.text == TEXT
    assert len(found.fingerprints) == 1
    assert len(found.fingerprints[0]) == 40


def test_armoured_keyrings_are_read(signer):
    assert verify(signer.sign("second"), signer.keys("first", "second", armoured=True)).text == TEXT


def test_two_signatures_give_two_fingerprints(signer):
    assert len(verify(signer.sign("first", "second"), signer.keys("first", "second")).fingerprints) == 2


def test_an_additional_unknown_key_does_no_harm(signer):
    """gpgv exits 2 here."""
    assert verify(signer.sign("first", "second"), signer.keys("second")).text == TEXT


def test_an_unknown_key_alone_is_refused_and_named(signer):
    with pytest.raises(UntrustedError, match="no good signature") as caught:
        verify(signer.sign("first"), signer.keys("second"))
    assert "keyring does not hold" in caught.value.why


@pytest.mark.parametrize("put", [lambda d: b"Origin: Evil\n\n" + d, lambda d: d + b"\nOrigin: Evil\n", lambda d: d + d])
def test_text_around_the_signed_block_is_refused(signer, put):
    """gpgv exits 0 here."""
    with pytest.raises(MalformedError, match="not one clear-signed text"):
        verify(put(signer.sign("first")), signer.keys("first"))


def test_a_changed_text_is_refused(signer):
    with pytest.raises(UntrustedError) as caught:
        verify(signer.sign("first").replace(b"bookworm", b"bookwyrm"), signer.keys("first"))
    assert caught.value.why == "BADSIG"


def test_one_bad_signature_beside_a_good_one_is_refused(signer):
    good, bad = signer.sign("first"), signer.sign("second", text=b"other\n")
    block = bad[bad.index(b"-----BEGIN PGP SIGNATURE-----") :]
    with pytest.raises((UntrustedError, MalformedError)):
        verify(good + block, signer.keys("first", "second"))


def test_an_expired_key_is_refused(signer):
    with pytest.raises(UntrustedError) as caught:
        verify(signer.sign("short"), signer.keys("short"))
    assert caught.value.why == "EXPKEYSIG"


def test_a_revoked_key_is_refused(signer, tmp_path):
    own = Signer(tmp_path / "home")
    own.key("gone")
    data = own.sign("gone")
    (revocation,) = (own.home / "openpgp-revocs.d").iterdir()
    own.gpg("--import", data=revocation.read_bytes().replace(b":-----BEGIN", b"-----BEGIN"))
    with pytest.raises(UntrustedError) as caught:
        verify(data, own.keys("gone"))
    assert caught.value.why == "REVKEYSIG"
    subprocess.run(["gpgconf", "--homedir", str(own.home), "--kill", "gpg-agent"], check=False, capture_output=True)


@pytest.mark.parametrize(
    "data", [b"", TEXT, b"\xff\0", b"-----BEGIN PGP SIGNED MESSAGE-----\n\n-----END PGP SIGNATURE-----"]
)
def test_what_is_no_signed_text_is_refused(signer, data):
    with pytest.raises((MalformedError, UntrustedError)):
        verify(data, signer.keys("first"))


@pytest.mark.parametrize(
    "keys", [b"", b"junk", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n!!!\n-----END PGP PUBLIC KEY BLOCK-----"]
)
def test_a_keyring_that_is_none_is_refused(signer, keys):
    with pytest.raises((MalformedError, UntrustedError)):
        verify(signer.sign("first"), keys)


def test_without_gpgv_the_remedy_is_named(signer, monkeypatch):
    data = signer.sign("first")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UnavailableError) as caught:
        verify(data, b"")
    assert "gpgv" in caught.value.remedy
