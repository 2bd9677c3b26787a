"""Key files: made once, closed to others, opened with the right passphrase only."""

import os
import stat
from pathlib import Path

import pytest

from assay.adapters.keyfile import KINDS, PASSPHRASE_VARIABLE, KeyFileSigner, generate, passphrase_from, read_public
from assay.model.errors import MalformedError, UnavailableError, UnsupportedError, UntrustedError, UsageError
from assay.trust import dsse, keyring
from assay.trust.expect import Expected
from assay.trust.keyring import Keyring
from assay.trust.verify import verify
from signing import NOW, TARGET, claim


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in {"rsa-3072", "rsa-4096"}])
@pytest.mark.parametrize("passphrase", [b"", b"correct horse"])
def test_a_made_key_signs_and_its_public_half_verifies(tmp_path, kind, passphrase):
    private, public = generate(tmp_path / "assay.key", kind, passphrase)
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert public.name == "assay.key.pub"
    assert (b"ENCRYPTED" in private.read_bytes()) == bool(passphrase)
    signer = KeyFileSigner(private, lambda: passphrase)
    trusted = Keyring((keyring.key(read_public(public), name="assay.key.pub"),))
    assert (
        verify(dsse.sign(claim(), signer), TARGET, None, Expected(keys=trusted), NOW, name="b").signer.name
        == "assay.key.pub"
    )


def test_a_wrong_passphrase_is_refused(tmp_path):
    private, _ = generate(tmp_path / "k", passphrase=b"right")
    with pytest.raises(UntrustedError) as caught:
        KeyFileSigner(private, lambda: b"wrong")
    assert caught.value.code == "PASSPHRASE"
    assert "wrong" not in str(caught.value).replace("is wrong", "")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o622])
def test_a_key_others_can_touch_is_refused(tmp_path, mode):
    private, _ = generate(tmp_path / "k")
    private.chmod(mode)
    with pytest.raises(UntrustedError) as caught:
        KeyFileSigner(private)
    assert caught.value.code == "KEY_MODE"


@pytest.mark.parametrize("mode", [0o644, 0o600])
def test_who_names_the_public_half_is_told_so(tmp_path, mode):
    _, public = generate(tmp_path / "k")
    public.chmod(mode)
    with pytest.raises(MalformedError) as caught:
        KeyFileSigner(public)
    assert "a public one" in str(caught.value)


def test_a_key_in_cosign_s_own_form_is_not_called_damaged(tmp_path):
    path = tmp_path / "cosign.key"
    path.write_text(
        "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\ne30=\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n"
    )
    path.chmod(0o600)
    with pytest.raises(UnsupportedError) as caught:
        KeyFileSigner(path)
    assert "import-key-pair" in caught.value.remedy


@pytest.mark.parametrize("taken", ["k", "k.pub"])
def test_nothing_is_overwritten(tmp_path, taken):
    (tmp_path / taken).write_text("mine")
    with pytest.raises(UsageError):
        generate(tmp_path / "k")
    assert (tmp_path / taken).read_text() == "mine"
    assert [p.name for p in tmp_path.iterdir()] == [taken]


def test_a_dangling_link_is_not_written_through(tmp_path):
    (tmp_path / "k").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError):
        generate(tmp_path / "k")
    assert not (tmp_path / "elsewhere").exists()


def test_an_unwritable_folder_leaves_nothing(tmp_path):
    with pytest.raises(UnavailableError):
        generate(tmp_path / "missing" / "k")


def secret(tmp_path, data: bytes):
    path = tmp_path / "k"
    path.write_bytes(data)
    path.chmod(0o600)
    return path


def test_what_is_not_a_key_is_malformed(tmp_path):
    with pytest.raises(MalformedError):
        KeyFileSigner(secret(tmp_path, b"hello"))


def test_an_unknown_kind_is_unsupported(tmp_path):
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256K1())
    pem = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
    with pytest.raises(UnsupportedError):
        KeyFileSigner(secret(tmp_path, pem))
    with pytest.raises(UsageError):
        generate(tmp_path / "other", "rsa")  # type: ignore[arg-type]


def test_a_missing_file_and_a_fifo_do_not_hang(tmp_path):
    with pytest.raises(UnavailableError):
        KeyFileSigner(tmp_path / "none")
    os.mkfifo(tmp_path / "fifo", 0o600)
    with pytest.raises(UsageError):
        KeyFileSigner(tmp_path / "fifo")


def test_passphrase_sources_in_order(tmp_path, monkeypatch):
    monkeypatch.delenv(PASSPHRASE_VARIABLE, raising=False)
    file = secret(tmp_path, b"from file\n")
    with pytest.raises(UsageError):
        passphrase_from()()
    assert passphrase_from(prompt=lambda: "typed")() == b"typed"
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "from env")
    assert passphrase_from(prompt=lambda: "typed")() == b"from env"
    assert passphrase_from(file)() == b"from file"


def test_a_passphrase_comes_from_a_descriptor_once(tmp_path):
    private, _ = generate(tmp_path / "k", passphrase=b"told on a pipe")
    reader, writer = os.pipe()
    os.write(writer, b"told on a pipe\n")
    os.close(writer)
    fetch = passphrase_from(Path(f"fd:{reader}"))
    assert KeyFileSigner(private, fetch).public_key() == KeyFileSigner(private, fetch).public_key()


@pytest.mark.parametrize("name", ["fd:", "fd:x", "fd:-1", "fd:99999999999", "fd:987654"])
def test_what_is_no_descriptor_gives_no_passphrase(name):
    with pytest.raises((UsageError, UnavailableError)):
        passphrase_from(Path(name))()


def test_the_remedy_names_a_command_that_exists(tmp_path):
    with pytest.raises(MalformedError) as caught:
        KeyFileSigner(secret(tmp_path, b"hello"))
    assert "assay keys generate" in caught.value.remedy


def test_the_command_offers_every_kind():
    from assay.interfaces.cli.keys import KINDS as OFFERED

    assert OFFERED == KINDS
