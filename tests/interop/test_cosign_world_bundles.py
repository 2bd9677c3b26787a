"""What we believe, a real cosign 3 believes: every kind of bundle by certificate and by key, and the unusual ones."""

import os
import shutil
import subprocess

import pytest

import trustworld as w
from assay.formats import trustroot
from bundlekinds import KINDS, TRAPS

COSIGN = os.environ.get("ASSAY_COSIGN") or shutil.which("cosign")
pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(COSIGN is None, reason="no cosign on this machine (PATH or ASSAY_COSIGN)"),
]
MAKERS = {name: (lambda made=made: made) for name, (made, _) in KINDS.items()} | TRAPS
UNSUPPORTED = {
    "statement logged as hashedrekord 0.0.1": "is not a dsse_v001 or intoto_v002 entry",
    "unknown names and fractions in the statement": "decoding json",  # in-toto: unknown names are to be ignored
}
"""What cosign 3.1.3 says that it cannot do."""
OTHER_TYPES = {"subject without name", "one subject of several", "unknown names and fractions in the statement"}


@pytest.fixture
def place(tmp_path):
    (tmp_path / "root.json").write_bytes(trustroot.write(w.roots()))
    (tmp_path / "artifact").write_bytes(w.ARTIFACT)
    (tmp_path / "key.pub").write_text(w.pem(w.MANAGED.public_key(), "PUBLIC KEY"))
    return tmp_path


@pytest.mark.parametrize("case", MAKERS)
def test_what_we_believe_cosign_believes(place, case):
    made = MAKERS[case]()
    data = made if isinstance(made, bytes) else made.data()
    by_key = b'"publicKey":{"hint"' in data
    assert w.check(data, w.BY_KEY if by_key else w.BY_IDENTITY)
    (place / "b.json").write_bytes(data)
    words = ["verify-blob", "--bundle", "b.json", "--trusted-root", "root.json"]
    if b'"dsseEnvelope"' in data:
        words[0] = "verify-blob-attestation"
        words += ["--type", "urn:x:1" if case in OTHER_TYPES else "urn:test:1"]
    if by_key:
        words += ["--key", "key.pub"]
    else:
        words += ["--certificate-identity", w.IDENTITY.identity, "--certificate-oidc-issuer", w.IDENTITY.issuer]
    if b"rfc3161" in data and case != "a timestamp by somebody else beside":
        words.append("--use-signed-timestamps")
    if b"tlogEntries" not in data:
        words.append("--insecure-ignore-tlog")
    env = {"HOME": str(place), "PATH": os.environ["PATH"]}
    done = subprocess.run([str(COSIGN), *words, "artifact"], cwd=place, env=env, capture_output=True, check=False)
    why = UNSUPPORTED.get(case)
    assert (done.returncode == 0) == (why is None), done.stderr
    assert why is None or why.encode() in done.stderr
