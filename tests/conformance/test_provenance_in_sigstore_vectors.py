"""A well-signed provenance in the words of somebody else's builder: every signature holds, and it vouches for nothing.

The case was made for verifiers of signatures: the statement is of one project's workflow, the certificate of another's.
"""

import json

import pytest

from assay.formats import trustroot
from assay.model.digest import Digest
from assay.model.errors import UntrustedError
from assay.trust import levels
from assay.trust.expect import Expected, Identity
from assay.trust.provenance import Expectation, judge, read
from assay.trust.verify import verify
from support import needs_shared, shared

CASE = "happy-path-intoto-in-dsse-v3"
pytestmark = needs_shared


@pytest.fixture(scope="module")
def evidence():
    folder = shared("vectors", "sigstore")
    (case,) = [one for one in json.loads((folder / "cases.json").read_text()) if one["case"] == CASE]
    identity = Identity(identity=case["certificate_identity"], issuer=case["certificate_oidc_issuer"])
    root = trustroot.read((folder / case["trusted_root"]).read_bytes(), where="root")
    artifact = folder / case["artifact"]
    data = (folder / case["bundle"]).read_bytes()
    expected = Expected(identities=(identity,))
    return verify(data, Digest.of(artifact.read_bytes()), root, expected, "2026-11-02T00:00:00Z", name=CASE)


def test_the_words_of_another_builder_are_level_zero(evidence):
    provenance = read(evidence)
    assert provenance.builder_id != evidence.signer.identity
    assert levels.of(provenance, evidence.signer).build == 0


@pytest.mark.parametrize("asked", [True, False])
def test_a_stranger_is_refused_whether_or_not_the_builder_was_asked_for(evidence, asked):
    builders = (read(evidence).builder_id,) if asked else ()
    with pytest.raises(UntrustedError) as caught:
        judge(evidence, Expectation(builders=builders))
    assert caught.value.code == ("BUILDER_IDENTITY" if asked else "BUILDER_MISMATCH")
