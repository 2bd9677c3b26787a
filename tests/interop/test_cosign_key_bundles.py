"""Both ways with a real cosign 3: it verifies what we sign, and we verify what it signs, with a managed key."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from assay.adapters.keyfile import KeyFileSigner, generate
from assay.model.digest import Digest
from assay.model.errors import UntrustedError
from assay.trust import dsse, keyring
from assay.trust.expect import Expected
from assay.trust.keyring import Keyring
from assay.trust.verify import verify
from signing import NOW, claim

COSIGN = os.environ.get("ASSAY_COSIGN") or shutil.which("cosign")
pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(COSIGN is None, reason="no cosign on this machine (PATH or ASSAY_COSIGN)"),
]
BLOB = b"an artifact\n"


def cosign(folder: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    """Run it offline, in its own home, with an empty passphrase."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "COSIGN_PASSWORD": ""}
    return subprocess.run([str(COSIGN), *words], cwd=folder, env=environment, capture_output=True, timeout=60)


def check(folder: Path, key: str, bundle: str, kind: str = "urn:test:1") -> int:
    words = ("verify-blob-attestation", "--key", key, "--bundle", bundle, "--insecure-ignore-tlog=true")
    return cosign(folder, *words, "--type", kind, "blob").returncode


@pytest.mark.parametrize("kind", ["ecdsa-p256", "ed25519"])
def test_cosign_verifies_ours(tmp_path, kind):
    (tmp_path / "blob").write_bytes(BLOB)
    for name in ("mine", "other"):
        generate(tmp_path / name, kind)
    (tmp_path / "b.json").write_bytes(dsse.sign(claim(Digest.of(BLOB)), KeyFileSigner(tmp_path / "mine")))
    assert check(tmp_path, "mine.pub", "b.json") == 0
    assert check(tmp_path, "other.pub", "b.json") != 0
    assert check(tmp_path, "mine.pub", "b.json", kind="urn:test:2") != 0
    (tmp_path / "blob").write_bytes(b"another artifact\n")
    assert check(tmp_path, "mine.pub", "b.json") != 0


def test_we_verify_cosigns(tmp_path):
    (tmp_path / "blob").write_bytes(BLOB)
    (tmp_path / "p.json").write_text('{"a":1}')
    assert cosign(tmp_path, "generate-key-pair").returncode == 0
    words = ("attest-blob", "--key", "cosign.key", "--predicate", "p.json", "--type", "urn:test:1", "--yes")
    quiet = ("--bundle", "b.json", "--tlog-upload=false", "--use-signing-config=false", "--new-bundle-format=true")
    assert cosign(tmp_path, *words, *quiet, "blob").returncode == 0
    data = (tmp_path / "b.json").read_bytes()
    keys = Keyring((keyring.key((tmp_path / "cosign.pub").read_bytes(), name="cosign.pub"),))
    evidence = verify(data, Digest.of(BLOB), None, Expected(keys=keys), NOW, name="b.json")
    assert evidence.statement.predicate == {"a": 1}
    with pytest.raises(UntrustedError):
        verify(data, Digest.of(b"other"), None, Expected(keys=keys), NOW, name="b.json")
