"""Every case of the public Sigstore vectors: managed keys are decided; certificate bundles are refused by name."""

import json
from pathlib import Path

import pytest

from assay.model.digest import Digest
from assay.model.errors import AssayError, UnsupportedError
from assay.trust import keyring
from assay.trust.expect import Expected
from assay.trust.keyring import Keyring
from assay.trust.verify import verify, verify_artifact
from support import SHARED, needs_shared, shared

NOW = "2026-01-01T00:00:00Z"
CASES = json.loads((SHARED / "vectors/sigstore/cases.json").read_text()) if SHARED else []
pytestmark = needs_shared


def judge(case: dict[str, str]) -> None:
    """What the command line would do with this case: raises one of the five errors to refuse."""
    folder: Path = shared("vectors", "sigstore")
    keys = Keyring()
    if "key" in case:
        keys = Keyring((keyring.key((folder / case["key"]).read_bytes(), name="key.pub"),))
    data = (folder / case["bundle"]).read_bytes()
    artifact = Digest.of((folder / case["artifact"]).read_bytes())
    if b'"dsseEnvelope"' in data:
        verify(data, artifact, None, Expected(keys=keys), NOW, name=case["case"])
    else:
        verify_artifact(data, artifact, None, Expected(keys=keys), NOW, name=case["case"])


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["case"])
def test_case(case):
    if "key" in case and case["expect"] == "accept":
        judge(case)
        return
    with pytest.raises(AssayError) as caught:
        judge(case)
    if case["expect"] == "accept":
        # Keyless verification is not part of this version: refused as unsupported, never as untrusted.
        assert isinstance(caught.value, UnsupportedError)


@pytest.mark.parametrize("case", [c for c in CASES if "key" in c and c["expect"] == "accept"], ids=lambda c: c["case"])
def test_the_same_bundle_does_not_vouch_for_another_artifact(case):
    folder = shared("vectors", "sigstore")
    keys = Keyring((keyring.key((folder / case["key"]).read_bytes(), name="key.pub"),))
    with pytest.raises(AssayError) as caught:
        verify_artifact(
            (folder / case["bundle"]).read_bytes(), Digest.of(b"other"), None, Expected(keys=keys), NOW, name="x"
        )
    assert caught.value.code == "DIGEST_MISMATCH"
