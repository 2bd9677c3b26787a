"""Evidence by certificates, as GitHub and keyless signers attach it: by identity and issuer, a root or a profile."""

import json
from pathlib import Path

import pytest

from assay import bootstrap
from assay.adapters.layout_store import LayoutStore
from assay.artifact.referrers import build_referrer
from assay.bootstrap.verification import trust_of
from assay.formats import trustprofile, trustroot
from assay.formats.trustprofile import Profile, SignerRow
from assay.model.errors import UntrustedError, UsageError
from assay.settings import from_environment
from fakes.layouts import demo_layers, layout
from signing import claim
from trustworld import IDENTITY, LATER, V2, make, roots

PROVENANCE = "https://slsa.dev/provenance/v1"
SETTINGS = from_environment({})


@pytest.fixture
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A layout with an attestation by certificate, as `actions/attest-build-provenance` attaches it; a trusted root."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1798070400")  # 2026-12-24
    layout(tmp_path / "image", demo_layers())
    store = LayoutStore(tmp_path / "image")
    subject = store.describe()
    assert subject.digest is not None
    data = make(log=V2, statement=claim(subject.digest, kind=PROVENANCE).payload).data()
    made = build_referrer(data, subject, PROVENANCE, LATER)
    for blob in made.blobs:
        store.push_blob(blob)
    store.push_referrer(made.manifest, made.descriptor, subject.digest)
    (tmp_path / "root.json").write_bytes(trustroot.write(roots()))
    return tmp_path


def verify(folder: Path, **told: object) -> bootstrap.Answer:
    whom = bootstrap.Trusted(**{"trusted_root": str(folder / "root.json"), **told})  # type: ignore[arg-type]
    (answer,) = bootstrap.verify_image(f"oci-dir:{folder}/image", whom, bootstrap.Search(offline=True), SETTINGS)
    return answer


@pytest.mark.parametrize(
    ("identity", "issuer", "outcome", "code"),
    [
        (IDENTITY.identity, IDENTITY.issuer, "verified", 0),
        ("*@example.org", IDENTITY.issuer, "verified", 0),
        ("*", "*", "verified", 0),
        ("*@example.or", IDENTITY.issuer, "wrong-identity", 3),
        ("omeone@example.org", IDENTITY.issuer, "wrong-identity", 3),
        (IDENTITY.identity.upper(), IDENTITY.issuer, "wrong-identity", 3),
        (IDENTITY.identity, IDENTITY.issuer + "/", "wrong-identity", 3),
    ],
)
def test_identity_and_issuer_decide(image: Path, identity: str, issuer: str, outcome: str, code: int) -> None:
    found = verify(image, identities=(identity,), issuers=(issuer,)).collected
    assert [row.outcome for row in found.rows] == [outcome]
    assert found.exit_code() == code
    if not code:
        assert found.evidence[0].signer.identity == IDENTITY.identity
        assert found.evidence[0].times
        assert found.evidence[0].log


def test_another_instances_root_proves_nothing(image: Path) -> None:
    (image / "root.json").write_bytes(trustroot.write(trustroot.TrustedRoot()))
    found = verify(image, identities=(IDENTITY.identity,), issuers=(IDENTITY.issuer,)).collected
    assert [row.outcome for row in found.rows] == ["not-trusted"]


def test_a_profile_says_all_there_is_to_say(image: Path) -> None:
    signer = SignerRow(identity=IDENTITY.identity, issuer=IDENTITY.issuer)
    profile = Profile(name="ours", mode="private", version=1, trusted_root=roots(), signers=(signer,))
    (image / "trust.json").write_bytes(trustprofile.write(profile))
    whom = {"profile": str(image / "trust.json"), "trusted_root": None}
    assert verify(image, **whom).collected.exit_code() == 0
    with pytest.raises(UsageError, match="profile says all"):
        verify(image, profile=str(image / "trust.json"))
    with pytest.raises(UsageError, match="older forms"):
        trust_of(bootstrap.Trusted(profile=str(image / "trust.json"), cosign_v2=True))


def test_an_expired_profile_refuses_everything(image: Path) -> None:
    profile = Profile(name="ours", mode="private", version=1, expires="2026-01-01T00:00:00Z", trusted_root=roots())
    (image / "trust.json").write_bytes(trustprofile.write(profile))
    with pytest.raises(UntrustedError) as caught:
        verify(image, profile=str(image / "trust.json"), trusted_root=None)
    assert caught.value.code == "TRUST_EXPIRED"


def test_the_document_names_identity_times_and_log(image: Path) -> None:
    from assay.interfaces.cli.render import evidence

    answer = verify(image, identities=(IDENTITY.identity,), issuers=(IDENTITY.issuer,))
    (row,) = json.loads(json.dumps(evidence.document(answer.subject, answer.collected)))["rows"]
    assert (row["identity"], row["issuer"], row["outcome"]) == (IDENTITY.identity, IDENTITY.issuer, "verified")
    assert row["times"]
    assert row["log"] == V2.origin
    text = evidence.table(answer.subject, answer.collected, columns=80, colour=False)
    assert f"signed by {IDENTITY.identity}" in text
    assert f"issuer {IDENTITY.issuer}" in text
    assert all(len(line) <= 80 for line in text.splitlines())
    coloured = evidence.table(answer.subject, answer.collected, columns=80, colour=True)
    assert coloured.replace("\x1b[32m", "").replace("\x1b[0m", "") == text, "colour adds nothing that words do not say"


def test_a_log_with_two_histories_is_refused_beside_an_image_too(image: Path) -> None:
    """Two attestations whose log entries are in different trees of nine: a log that lies once is believed no more."""
    store = LayoutStore(image / "image")
    subject = store.describe()
    assert subject.digest is not None
    data = make(log=V2, statement=claim(subject.digest, kind=PROVENANCE).payload).data()
    made = build_referrer(data, subject, PROVENANCE, LATER)
    for blob in made.blobs:
        store.push_blob(blob)
    store.push_referrer(made.manifest, made.descriptor, subject.digest)
    whom = bootstrap.Trusted(
        trusted_root=str(image / "root.json"), identities=(IDENTITY.identity,), issuers=(IDENTITY.issuer,)
    )
    for folder, codes in ((None, ["", ""]), ("seen", ["", "LOG_FORK"]), ("seen", ["", "LOG_FORK"])):
        asked = bootstrap.Search(offline=True, seen_logs=folder and str(image / folder))
        (answer,) = bootstrap.verify_image(f"oci-dir:{image}/image", whom, asked, SETTINGS)
        assert sorted(row.code for row in answer.collected.rows) == codes
        forked = "LOG_FORK" in codes
        assert answer.collected.forked == forked
        assert (answer.collected.exit_code(), answer.collected.outcome()) == (
            (3, "not-trusted") if forked else (0, "verified")
        )
        assert ("a log has signed two histories" in answer.collected.summary()) == forked
    assert len(list((image / "seen").rglob("fork-*"))) == 2
