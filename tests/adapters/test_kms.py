"""Keys in a KMS: asked through securesystemslib, here with its signer over a key in memory."""

import subprocess
import sys

import pytest
from securesystemslib import signer as library
from securesystemslib.signer import CryptoSigner

from assay.adapters import kms
from assay.adapters.kms import KmsSigner, is_kms
from assay.model.errors import UnavailableError, UnsupportedError, UsageError
from assay.trust import dsse, keyring


@pytest.fixture
def service(monkeypatch):
    """A service whose one key lies in memory; `made` is put there by the test."""

    class Service:
        SCHEME = "awskms"
        made: CryptoSigner

        @classmethod
        def import_(cls, name):
            if name != "mine":
                raise RuntimeError(f"no key {name}")
            return f"awskms:{name}", cls.made.public_key

        @classmethod
        def from_priv_key_uri(cls, uri, public, handler=None):
            return cls.made

    monkeypatch.setattr(library, "AWSSigner", Service)
    monkeypatch.setitem(library.SIGNER_FOR_URI_SCHEME, "awskms", Service)
    return Service


@pytest.mark.parametrize("make", [CryptoSigner.generate_ecdsa, CryptoSigner.generate_ed25519])
def test_a_signature_of_the_service_verifies(service, make):
    service.made = make()
    signer = KmsSigner("awskms:mine")
    key = keyring.key(signer.public_key(), name="kms")
    assert dsse.valid(key, signer.sign(b"hello"), b"hello")


def test_a_signature_that_does_not_verify_is_never_given_out(service):
    service.made = CryptoSigner.generate_ecdsa()
    signer = KmsSigner("awskms:mine")
    signer._signer = CryptoSigner.generate_ecdsa()
    with pytest.raises(UnavailableError):
        signer.sign(b"hello")


def test_a_key_that_verifiers_do_not_read_is_refused(service):
    service.made = CryptoSigner.generate_rsa()  # PSS
    with pytest.raises(UnsupportedError, match="pss"):
        KmsSigner("awskms:mine")


def test_what_the_service_refuses_is_unavailable(service):
    with pytest.raises(UnavailableError, match="no key other"):
        KmsSigner("awskms:other")


@pytest.mark.parametrize("name", ["file2:/etc/passwd", "nothing", "hsm:x", "azurekms://v.example/keys"])
def test_other_names_are_no_keys_of_a_kms(name):
    with pytest.raises(UsageError):
        KmsSigner(name)


def test_paths_are_paths():
    assert is_kms("awskms:alias/release")
    assert is_kms("hsm:2?label=token")
    assert not is_kms("keys/assay.key")
    assert not is_kms("c:/assay.key")


def test_the_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "securesystemslib", None)
    with pytest.raises(UnavailableError, match=r"assay\[kms\]"):
        KmsSigner("awskms:mine")


def test_nobody_pays_for_what_they_do_not_use():
    code = "import sys, assay.adapters.kms; sys.exit('securesystemslib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
    assert kms.is_kms("hv:key")
