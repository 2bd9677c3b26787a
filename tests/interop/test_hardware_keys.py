"""Keys that never leave a PKCS#11 token: SoftHSM stands for the hardware, everything above it is the real thing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from assay import bootstrap
from assay.flows.authority_life import Wish
from command import Done, assay
from fakes.layouts import demo_layers, layout
from running_authority import SIGNER, free_port, serving

pytestmark = pytest.mark.interop

LIBRARY = next(
    (
        path
        for path in (Path("/usr/lib/softhsm/libsofthsm2.so"), Path("/usr/lib64/pkcs11/libsofthsm2.so"))
        if path.exists()
    ),
    None,
)
PIN = "2468-1357"
pkcs11 = pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed")
needs_softhsm = pytest.mark.skipif(LIBRARY is None, reason="no SoftHSM here: apt-get install softhsm2")


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A token with two keys, 1 on P-256 and 2 on P-384; the environment that leads to it."""
    (tmp_path / "tokens").mkdir()
    config = tmp_path / "softhsm2.conf"
    config.write_text(f"directories.tokendir = {tmp_path}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
    environment = {"SOFTHSM2_CONF": str(config), "PYKCS11LIB": str(LIBRARY)}
    made = """
import os, pkcs11
from pkcs11.util.ec import encode_named_curve_parameters
session = pkcs11.lib(os.environ["PYKCS11LIB"]).get_token(token_label="assay").open(rw=True, user_pin="PIN")
for number, curve in ((1, "secp256r1"), (2, "secp384r1")):
    where = session.create_domain_parameters(pkcs11.KeyType.EC, {
        pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters(curve)}, local=True)
    where.generate_keypair(id=bytes([number]), label=f"key {number}", store=True)
""".replace("PIN", PIN)
    words = ["softhsm2-util", "--init-token", "--free", "--label", "assay", "--so-pin", "9876", "--pin", PIN]
    both = {**os.environ, **environment}
    subprocess.run(words, check=True, capture_output=True, env=both, timeout=60)
    subprocess.run([sys.executable, "-c", made], check=True, env=both, timeout=60)
    for name, pin in (("pin", PIN), ("wrong", "0000")):
        (tmp_path / name).touch(0o600)
        (tmp_path / name).write_text(pin)
    return environment


@needs_softhsm
@pytest.mark.parametrize("number", [1, 2])
def test_an_image_is_signed_by_a_token_and_verified_by_its_public_half(
    token: dict[str, str], tmp_path: Path, number: int
) -> None:
    layout(tmp_path / "image", demo_layers())
    key = f"hsm:{number}?label=assay"

    def run(*words: str) -> Done:
        return assay(*words, home=tmp_path, cwd=tmp_path, env=token)

    done = run("keys", "public", key, "--passphrase-file", "pin", "--out", "key.pub")
    assert done.code == 0, done.err
    done = run("sign", "oci-dir:image", "--key", key, "--passphrase-file", "pin")
    assert done.code == 0, done.err
    done = run("verify", "oci-dir:image", "--key", "key.pub")
    assert done.code == 0, done.err
    assert b"1 of 1 attestations verified" in done.out
    other = run("keys", "public", f"hsm:{3 - number}?label=assay", "--passphrase-file", "pin", "--out", "other.pub")
    assert other.code == 0, other.err
    assert run("verify", "oci-dir:image", "--key", "other.pub").code == 3


@needs_softhsm
def test_a_wrong_pin_signs_nothing(token: dict[str, str], tmp_path: Path) -> None:
    layout(tmp_path / "image", demo_layers())
    words = ("sign", "oci-dir:image", "--key", "hsm:1?label=assay", "--passphrase-file", "wrong")
    done = assay(*words, home=tmp_path, cwd=tmp_path, env=token)
    assert done.code == 75, done.err
    assert "Traceback" not in done.err
    assert "PinIncorrect" in done.err
    done = assay("verify", "oci-dir:image", "--key", "hsm:1?label=assay", home=tmp_path, cwd=tmp_path, env=token)
    assert done.code != 0


@needs_softhsm
def test_an_authority_keeps_its_certificate_key_in_a_token(
    token: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Certificates signed by the token verify by the trusted root that the authority publishes."""
    for name, value in token.items():
        monkeypatch.setenv(name, value)
    url = f"http://127.0.0.1:{free_port()}"
    wish = Wish(name="acme", url=url, organization="Acme", test_issuer=True)
    bootstrap.make_authority(str(tmp_path / "a"), wish, PIN.encode(), {"ca-1": "hsm:2?label=assay"})
    assert not list((tmp_path / "a/keys").glob("ca-1*"))
    with serving(tmp_path / "a", secret=PIN.encode()) as at:
        (tmp_path / "config.json").write_bytes(at.client_config)
        (tmp_path / "token").write_text(at.token())
        (tmp_path / "file").write_bytes(b"hello")
        done = assay(
            "sign-bundle", "--identity-token", "token", "--bundle", "b.json",
            "--trusted-root", "a/public/trusted_root.json", "--signing-config", "a/public/signing_config.json", "file",
            home=tmp_path, cwd=tmp_path,
        )  # fmt: skip
        assert done.code == 0, done.err
    done = assay(
        "verify-bundle", "--bundle", "b.json", "--certificate-identity", SIGNER, "--certificate-oidc-issuer", at.issuer,
        "--trusted-root", "a/public/trusted_root.json", "file", home=tmp_path, cwd=tmp_path,
    )  # fmt: skip
    assert done.code == 0, done.err
