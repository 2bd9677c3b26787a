"""Every case of the public Sigstore vectors, twice: given the artifact, and given its digest alone."""

import json
from pathlib import Path

import pytest

from assay import bootstrap
from assay.formats import trustroot
from assay.model.digest import Digest
from assay.model.errors import AssayError, MalformedError, UntrustedError
from assay.trust import keyring
from assay.trust.expect import Expected, Identity
from assay.trust.keyring import Keyring
from assay.trust.verify import Evidence, Proof, verify, verify_artifact
from bundlemutants import mutants
from command import assay
from support import SHARED, needs_shared, shared

NOW = "2026-11-02T00:00:00Z"
CASES = json.loads((SHARED / "vectors/sigstore/cases.json").read_text()) if SHARED else []
BUNDLES = {c["bundle"]: c for c in json.loads((SHARED / "vectors/slsa/cases.json").read_text())} if SHARED else {}
CODES = {
    "bundle-unknown-version_fail": "BUNDLE_VERSION",
    "signature-mismatch_fail": "SIGNATURE",
    "dsse-invalid-sig_fail": "SIGNATURE",
    "checkpoint-wrong-roothash_fail": "CHECKPOINT_ROOT",
    "inclusion-proof-corrupted-hash_fail": "INCLUSION_PROOF",
    "set-invalid-signature_fail": "PROMISE",
    "rekor2-no-timestamp_fail": "TIME_MISSING",
    "invalid-ct-key_fail": "SCT",
    "wrong-hashedrekord-entry_fail": "ENTRY_MISMATCH",
    "managed-key-wrong-key_fail": "",  # the key file itself is refused
}
pytestmark = needs_shared


def judge(case: dict[str, str], artifact: Digest | None = None, data: bytes = b"") -> Evidence | Proof:
    """Raises one of the five errors to refuse."""
    folder: Path = shared("vectors", "sigstore")
    if "key" in case:
        expected = Expected(keys=Keyring((keyring.key((folder / case["key"]).read_bytes(), name="key.pub"),)))
    else:
        issuer = case["certificate_oidc_issuer"]
        expected = Expected(identities=(Identity(identity=case["certificate_identity"], issuer=issuer),))
    data = data or (folder / case["bundle"]).read_bytes()
    roots = trustroot.read((folder / case["trusted_root"]).read_bytes(), where="trusted root")
    artifact = artifact or Digest.of((folder / case["artifact"]).read_bytes())
    door = verify if b'"dsseEnvelope"' in data else verify_artifact
    return door(data, artifact, roots, expected, NOW, name=case["case"])


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["case"])
def test_case(case):
    if case["expect"] == "accept":
        assert judge(case).times
        return
    with pytest.raises(AssayError) as caught:
        judge(case)
    assert getattr(caught.value, "code", "") == CODES[case["case"]]


@pytest.mark.parametrize("case", [c for c in CASES if c["expect"] == "accept"], ids=lambda c: c["case"])
def test_the_same_bundle_does_not_vouch_for_another_artifact(case):
    with pytest.raises(UntrustedError) as caught:
        judge(case, Digest.of(b"other"))
    assert caught.value.code in {"DIGEST_MISMATCH", "SUBJECT_MISMATCH"}


@pytest.mark.parametrize(
    "case", [c for c in CASES if "key" not in c and c["expect"] == "accept"], ids=lambda c: c["case"]
)
@pytest.mark.parametrize("field", ["certificate_identity", "certificate_oidc_issuer"])
def test_nobody_else_is_expected(case, field):
    code = "IDENTITY" if field == "certificate_identity" else "ISSUER"
    for other in (case[field][:-1], case[field] + "x", case[field].upper(), ""):
        with pytest.raises(UntrustedError) as caught:
            judge({**case, field: other})
        assert caught.value.code == code


@pytest.mark.parametrize("case", BUNDLES.values(), ids=lambda c: c["bundle"].removeprefix("bundles/"))
def test_the_bundles_of_slsa_verify(case):
    issuer = case["certificate_oidc_issuer"]
    expected = Expected(identities=(Identity(identity=case["certificate_identity"], issuer=issuer),))
    roots = trustroot.read(shared("vectors", "sigstore", "public-good-trusted-root.json").read_bytes(), where="root")
    data = shared("vectors", "slsa", case["bundle"]).read_bytes()
    target = Digest("sha256", case["subject_sha256"])
    evidence = verify(data, target, roots, expected, NOW, name="b")
    assert evidence.statement.predicate_type == case["predicate_type"]
    assert evidence.inclusion == "proven"


def words(case: dict[str, str], artifact: str) -> bootstrap.BundleWords:
    """A case as clients of the conformance protocol would ask it."""
    folder = shared("vectors", "sigstore")
    return bootstrap.BundleWords(
        bundle=str(folder / case["bundle"]),
        artifact=artifact,
        identity=case.get("certificate_identity", ""),
        issuer=case.get("certificate_oidc_issuer", ""),
        key=str(folder / case["key"]) if "key" in case else "",
        trusted_root=str(folder / case["trusted_root"]),
    )


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["case"])
def test_case_with_artifact_and_with_digest(case):
    path = shared("vectors", "sigstore", case["artifact"])
    for artifact in (str(path), str(Digest.of(path.read_bytes()))):
        if case["case"] == "managed-key-wrong-key_fail":
            with pytest.raises(MalformedError):
                bootstrap.verify_bundle(words(case, artifact))
            continue
        row = bootstrap.verify_bundle(words(case, artifact))
        assert (row.outcome == "verified") == (case["expect"] == "accept")
        assert row.code == CODES.get(case["case"], "")


@pytest.mark.parametrize(
    "case", [c for c in CASES if not c["case"].endswith(("-v0.1", "-v0.2"))][::2], ids=lambda c: c["case"]
)
def test_case_at_the_command_line(case, tmp_path):
    asked = words(case, str(shared("vectors", "sigstore", case["artifact"])))
    by = ["--certificate-identity", asked.identity, "--certificate-oidc-issuer", asked.issuer]
    by = ["--key", asked.key] if asked.key else by
    done = assay("verify-bundle", "--bundle", asked.bundle, *by, "--trusted-root", str(asked.trusted_root),
                 asked.artifact, home=tmp_path)  # fmt: skip
    assert (done.code == 0) == (case["expect"] == "accept"), done.err


ABSENT = {"null", "removed"}
REASONS = (
    # (end of the place, what is done there, why it is believed all the same)
    ("messageDigest", ABSENT, "the digest is a hint: the signature covers the artifact"),
    ("inclusionPromise", ABSENT, "the proof remains, and the time is proven otherwise or not needed"),
    ("timestampVerificationData", ABSENT | {"emptied"}, "the promise proves a time as well"),
    ("rfc3161Timestamps", ABSENT | {"emptied", "shortened"}, "the promise proves a time as well"),
    ("rfc3161Timestamps.0", {"removed"}, "the promise proves a time as well"),
    ("tlogEntries", ABSENT | {"emptied", "shortened"}, "a managed key vouches alone unless a log is required"),
    ("tlogEntries.0", {"removed"}, "a managed key vouches alone unless a log is required"),
    ("keyid", ABSENT, "it was empty"),
    ("inclusionProof.logIndex", ABSENT, "it was 0, which is what absent means"),
    ("inclusionProof.hashes", ABSENT, "it was empty"),
    (
        "envelope",
        {f"without line {n}" for n in (5, 6, 7)},
        "a witness's line, which only a policy of witnesses asks for",
    ),
    ("mediaType", {"other last"}, "version 0.1 with a proof is a good version 0.2"),
)


@pytest.mark.parametrize("case", [c for c in CASES if c["expect"] == "accept"], ids=lambda c: c["case"])
def test_every_mutant_that_is_believed_has_its_reason(case):
    believed = []
    count = 0
    data = shared("vectors", "sigstore", case["bundle"]).read_bytes()
    for path, what, mutant in mutants(data):
        count += 1
        try:
            judge(case, data=mutant)
        except UntrustedError:
            continue
        believed.append((".".join(map(str, path)), what))
    assert count > 350
    assert [
        (place, what)
        for place, what in believed
        if not any(place.endswith(end) and what in done for end, done, _ in REASONS)
    ] == []
    logged = [place for place, _ in believed if place.endswith(("tlogEntries", "tlogEntries.0"))]
    assert not logged or "key" in case
