"""What must be believed although it looks unusual (the traps strict verifiers fall into), and what the evidence says."""

import hashlib
import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest

import authorities
import trustworld as w
from assay.formats import bundle as bundles
from assay.formats import trustroot, tsp, vkey
from assay.formats.trustroot import Validity
from assay.model.digest import Digest
from assay.model.errors import UntrustedError
from assay.trust import issue, keyring, notes, stamp
from assay.trust.examine import STEPS, Candidate, enough, examine, judge
from assay.trust.expect import Expected, Identity, Legacy, Require, matches
from assay.trust.verify import verify
from bundlekinds import GOOD, OLD, TRAPS, chained, cosigned, leaf, statement
from logkeys import WITNESSES
from signing import ED25519, SIGNERS, changed


@pytest.mark.parametrize("by", ["certificate", "key"])
@pytest.mark.parametrize("content", ["statement", "artifact"])
@pytest.mark.parametrize("log", w.LOGS, ids=lambda log: log.origin)
def test_every_kind_of_bundle(by, content, log):
    expected = w.BY_IDENTITY if by == "certificate" else w.BY_KEY
    proven = w.check(w.make(by=by, content=content, log=log), expected)
    assert proven.log == log.origin
    assert proven.times == (("2026-11-02T03:04:10Z",) if log.version == 1 else ("2026-11-02T03:04:11Z",))
    assert proven.signer.kind == by
    if by == "certificate":
        assert (proven.signer.identity, proven.signer.issuer) == ("someone@example.org", authorities.ISSUER)
        assert proven.signer.extensions["tokenSubject"] == "someone"
    else:
        assert proven.signer.key_id == keyring.key_id(w.MANAGED.public_key())


def window_ends() -> list[trustroot.TrustedRoot]:
    """Roots whose windows begin or end in the very second of the only verified time."""
    moment = w.STAMPED.strftime("%Y-%m-%dT%H:%M:%SZ")
    made = []
    for window in (Validity(moment), Validity("2026-01-01T00:00:00Z", moment)):
        base = w.roots()
        made.append(w.roots(tlogs=(w.V2.listed(window),)))
        for name in ("certificate_authorities", "timestamp_authorities"):
            made.append(
                w.roots(**{name: tuple(msgspec.structs.replace(a, valid_for=window) for a in getattr(base, name))})
            )
    return made


@pytest.mark.parametrize("case", TRAPS)
def test_believed(case):
    assert w.check(TRAPS[case]()).times


@pytest.mark.parametrize("number", range(6))
def test_windows_are_closed_on_both_ends(number):
    assert w.check(GOOD, root=window_ends()[number])


def test_a_certificate_timestamp_of_a_listed_log_that_does_not_hold_refuses_beside_a_good_one():
    with pytest.raises(UntrustedError) as caught:
        w.check(w.make(leaf=leaf({}, {"extensions": b"x", "signature": w.WORLD.ct_signer.sign(b"other")})))
    assert caught.value.code == "SCT"


def test_roots_with_overlapping_future_and_unknown_rows():
    future, past = Validity("2030-01-01T00:00:00Z"), Validity("2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z")
    root = w.roots(tlogs=(w.V2.listed(past), w.V2.listed(future), w.V2.listed(), w.V2.listed(authorities.WINDOW)))
    (authority,) = root.certificate_authorities
    rows = tuple(msgspec.structs.replace(authority, valid_for=v) for v in (past, authority.valid_for, future))
    assert w.check(GOOD, root=w.again(msgspec.structs.replace(root, certificate_authorities=rows)))


def test_a_log_is_found_by_its_checkpoint_key_id_too():
    row = w.V2.listed(log_id=b"\7" * 32, checkpoint_key_id=w.V2.key_id)
    assert w.check(GOOD, root=w.roots(tlogs=(row,)))


def test_four_bytes_of_an_id_count_only_with_the_name():
    row = w.V2.listed(log_id=w.V2.key_id[:4])
    short = w.make(logged={"log_id": w.V2.key_id[:4]})
    assert w.check(short, root=w.roots(tlogs=(row,)))
    with pytest.raises(UntrustedError) as caught:
        w.check(short, root=w.roots(tlogs=(msgspec.structs.replace(row, base_url="https://other.example"),)))
    assert caught.value.code == "CHECKPOINT_SIGNATURE"


def test_sha512_alone_names_a_subject_whose_bytes_are_known():
    digests = (w.TARGET, Digest("sha512", hashlib.sha512(w.ARTIFACT).hexdigest()))
    made = w.make(statement=statement({"digest": {"sha512": digests[1].hex}}))
    assert w.check(made, target=digests)
    with pytest.raises(UntrustedError) as caught:
        w.check(made)
    assert caught.value.code == "SUBJECT_MISMATCH"
    torn = w.make(statement=statement({"digest": {"sha256": w.TARGET.hex, "sha512": "00" * 64}}))
    assert w.check(torn)  # nobody knows the other digest
    with pytest.raises(UntrustedError):
        w.check(torn, target=digests)


def test_a_pure_ed25519_signature_needs_the_artifact_itself():
    from assay.trust.verify import verify_artifact

    expected = Expected(keys=w.ring(ED25519))
    hint = keyring.key_id(ED25519.public_key())
    content = bundles.MessageSignature(signature=ED25519.sign(w.ARTIFACT))
    data = bundles.write(content, hint)
    proof = verify_artifact(data, w.TARGET, None, expected, w.LATER, name="b", content=w.ARTIFACT)
    assert proof.signer.key_id == hint
    with pytest.raises(UntrustedError) as caught:
        verify_artifact(data, w.TARGET, None, expected, w.LATER, name="b")
    assert caught.value.code == "ALGORITHM"


def test_old_bundles_with_a_promise_alone_are_read_only_when_asked_for():
    data = chained(w.make(log=w.V1, logged={"proof": None}), w.WORLD.ca, w.WORLD.ca_root, version="0.1")
    with pytest.raises(UntrustedError) as caught:
        w.check(data)
    assert caught.value.code == "BUNDLE_MATERIAL"  # the root in its chain
    legacy = Expected(identities=(w.IDENTITY,), legacy=Legacy(v01_promise=True))
    evidence = w.check(data, legacy)
    assert evidence.inclusion == "promised"
    assert {c.step: c.outcome for c in evidence.checks}["inclusion"] == "skip"
    for version in ("0.2", "0.3"):
        other = changed(data, "mediaType", value=OLD + version)
        with pytest.raises(UntrustedError):
            w.check(other, legacy)


def test_a_revoked_key_outlives_by_its_proven_time():
    made = w.make(by="key")
    assert w.check(made, Expected(keys=w.ring(w.MANAGED, revoked_since="2026-11-02T03:04:12Z")))


def test_of_several_windows_of_one_key_the_open_one_counts():
    rows = (*w.ring(w.MANAGED, not_after="2020-01-01T00:00:00Z").keys, *w.ring(w.MANAGED).keys)
    assert w.check(w.make(by="key"), Expected(keys=keyring.Keyring(rows)))


def policy(quorum: str) -> str:
    keys = [notes.key_of(f"witness.example/{i}", WITNESSES[i].public_key(), cosigner=True, where="x") for i in range(3)]
    rows = [f"witness w{i} {vkey.write(key)}" for i, key in enumerate(keys)]
    return "\n".join([*rows, "group all 2 w0 w1 w2", f"quorum {quorum}", ""])


def test_witnesses_are_counted_where_a_policy_asks_for_them():
    asked = Expected(identities=(w.IDENTITY,), require=Require(witnesses=policy("all")))
    assert w.check(cosigned(*WITNESSES[:2]), asked)
    for lacking in (GOOD, cosigned(WITNESSES[0]), cosigned(WITNESSES[3])):
        with pytest.raises(UntrustedError) as caught:
            w.check(lacking, asked)
        assert caught.value.code == "WITNESS_QUORUM"


def test_timestamps_count_one_per_operator():
    twice = tuple(msgspec.structs.replace(a, operator="one") for a in w.roots().timestamp_authorities * 2)
    asked = Expected(identities=(w.IDENTITY,), require=Require(timestamps_count=2))
    stamps = (*GOOD.timestamps, w.stamped(GOOD.signature, at=w.STAMPED + timedelta(seconds=1)))
    with pytest.raises(UntrustedError) as caught:
        w.check(GOOD.but(timestamps=stamps), asked, root=w.roots(timestamp_authorities=twice))
    assert caught.value.code == "TIME_MISSING"
    row = msgspec.structs.replace(
        w.WORLD.listed(w.UNLISTED_TSA.certificate, w.UNLISTED_TSA_ROOT), operator="two", uri="https://two.example"
    )
    both = (*GOOD.timestamps, w.stamped(GOOD.signature, authority=w.UNLISTED_TSA))
    root = w.roots(timestamp_authorities=(*twice, row))
    assert len(w.check(GOOD.but(timestamps=both), asked, root=root).times) == 1


def tsa(**span: Any) -> tuple[stamp.Authority, trustroot.CertificateAuthority]:
    """A timestamp authority whose own certificate is valid for this span, and its row of a root."""
    root, signer = authorities.p384(), authorities.p256()
    whole = {"organization": "short", "start": authorities.START, "end": authorities.END}
    top = issue.root(root, common_name="tsa root", serial=71, below=0, **whole)
    made = issue.timestamping(top, root, signer.public_key(), common_name="tsa", serial=72, **(whole | span))
    return stamp.Authority(certificate=made, signer=signer), w.WORLD.listed(made, top)


def test_a_timestamp_outlives_the_certificate_of_its_authority():
    authority, row = tsa(end=w.STAMPED + timedelta(days=1))  # long ago by now
    made = GOOD.but(timestamps=(w.stamped(GOOD.signature, authority=authority),))
    assert w.check(made, root=w.roots(timestamp_authorities=(row,)))


@pytest.mark.parametrize(
    "span", [{"end": w.STAMPED - timedelta(seconds=1)}, {"start": w.STAMPED + timedelta(seconds=1)}]
)
def test_a_timestamp_outside_the_certificate_of_its_authority_is_refused(span):
    authority, row = tsa(**span)
    said = tsp.Information(
        policy=authority.policy, hash_algorithm="sha256", imprint=hashlib.sha256(GOOD.signature).digest(), serial=5,
        time=w.STAMPED,
    )  # fmt: skip
    token = stamp._granted(said, authority, True)  # an honest authority refuses to
    made = GOOD.but(timestamps=(token,))
    with pytest.raises(UntrustedError) as caught:
        w.check(made, root=w.roots(timestamp_authorities=(row,)))
    assert caught.value.code in {"TIMESTAMP", "TIMESTAMP_WINDOW"}


def test_a_listed_chain_may_begin_at_the_authority_that_issued_the_certificate_in_the_token():
    root = w.roots(timestamp_authorities=(w.WORLD.listed(w.WORLD.tsa_root),))
    assert w.check(GOOD, root=root)
    bare = GOOD.but(timestamps=(w.stamped(GOOD.signature, certificate=False),))
    with pytest.raises(UntrustedError) as caught:
        w.check(bare, root=root)
    assert caught.value.code in {"TIMESTAMP", "TIME_MISSING"}


def test_globs_stand_for_the_whole_text():
    assert w.check(GOOD, Expected(identities=(Identity(identity="*@example.org", issuer="https://*", glob=True),)))
    assert not matches("*@example.org", "x@example.org.evil")
    assert not matches("https://ci.example/*", "xhttps://ci.example/")
    assert matches("a*b*c", "abbc")
    assert not matches("a*bc*c", "abc")
    assert matches("*", "")


def test_a_rows_checks_name_every_step():
    candidates = [Candidate(place="a", data=GOOD.data()), Candidate(place="b", data=w.make(signer=w.STRANGER).data())]
    good, bad = examine(candidates, w.TARGET, w.roots(), w.BY_IDENTITY, w.LATER)
    assert (good.outcome, good.issuer, good.times) == ("verified", authorities.ISSUER, ("2026-11-02T03:04:11Z",))
    assert {c.step for c in good.checks} == set(STEPS)
    assert {c.step for c in good.checks if c.outcome == "skip"} == {"promise", "window", "fork", "witnesses"}
    assert (bad.outcome, bad.code) == ("not-trusted", "SIGNATURE")
    outcomes = {c.step: (c.outcome, c.reason) for c in bad.checks}
    assert outcomes["parse"][0] == "pass"
    assert outcomes["signature"][0] == "fail"
    assert outcomes["identity"] == ("skip", "not reached")
    assert enough([good, good, bad], 1)
    assert not enough([good, good, bad], 2)


@pytest.mark.parametrize("content", ["statement", "artifact"])
def test_judge_takes_either_content(content):
    row = judge(w.make(content=content).data(), (w.TARGET,), w.roots(), w.BY_IDENTITY, w.LATER, name="b")
    assert row.outcome == "verified"
    row = judge(w.make(content=content).data(), (Digest.of(b"x"),), w.roots(), w.BY_IDENTITY, w.LATER, name="b")
    assert row.outcome == "not-trusted"


def test_identity_time_and_form_have_words_of_their_own():
    def word(data: w.Made, expected: Expected = w.BY_IDENTITY) -> str:
        return judge(data.data(), (w.TARGET,), w.roots(), expected, w.LATER, name="b").outcome

    stranger = Expected(identities=(Identity(identity="x", issuer=authorities.ISSUER),))
    assert word(GOOD, stranger) == "wrong-identity"
    assert word(w.make(stamp_at=w.NOW + timedelta(hours=1))) == "outside-validity"
    assert word(GOOD.but(timestamps=(b"",))) == "malformed"


@pytest.mark.parametrize("make", [w.make, lambda: w.make(log=w.V1), lambda: w.make(by="key", content="artifact")])
def test_what_is_written_is_read_again(make):
    made = make()
    read = bundles.read(made.data(), where="b")
    assert (read.entries, read.timestamps, read.certificate) == (made.entries, made.timestamps, made.certificate)
    assert (read.envelope or read.message) == made.content


def test_a_root_comes_back_from_its_file():
    root = w.roots(tlogs=(w.V2.listed(checkpoint_key_id=b"\1" * 32, operator="us"),))
    assert w.again(root) == root
    data = json.loads(trustroot.write(root))
    data["colour"] = 1
    data["tlogs"][0]["publicKey"]["shape"] = 2
    read = trustroot.read(json.dumps(data).encode(), where="root")
    assert read.unknown_names == ("tlogs[0].publicKey.shape", "colour")


def test_two_verifications_give_the_same_evidence():
    data = GOOD.data()
    first, second = (verify(data, w.TARGET, w.roots(), w.BY_IDENTITY, w.LATER, name="b") for _ in range(2))
    assert first == second


ALGORITHMS = {
    # signer: (its name in a version 2 log, hash)
    "p256": ("PKIX_ECDSA_P256_SHA_256", "sha256"),
    "p384": ("PKIX_ECDSA_P384_SHA_384", "sha384"),
    "p384-sha256": ("PKIX_ECDSA_P384_SHA_256", "sha256"),
    "p521": ("PKIX_ECDSA_P521_SHA_512", "sha512"),
    "rsa2048": ("PKIX_RSA_PKCS1V15_2048_SHA256", "sha256"),
}


@pytest.mark.parametrize("by", ["certificate", "key"])
@pytest.mark.parametrize("content", ["statement", "artifact"])
@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_algorithm_by_its_name_in_the_log(by, content, name):
    signer, (details, hash_name) = SIGNERS[name], ALGORITHMS[name]
    expected = w.BY_IDENTITY if by == "certificate" else Expected(keys=w.ring(signer))
    digests = tuple(Digest(h, hashlib.new(h, w.ARTIFACT).hexdigest()) for h in ("sha256", "sha384", "sha512"))
    made = w.make(by=by, content=content, own=signer, details=details, hash_name=hash_name)
    assert w.check(made, expected, target=digests)
    for other, other_hash in ALGORITHMS.values():
        if other == details:
            continue
        lie = w.make(by=by, content=content, own=signer, details=other, hash_name=other_hash)
        with pytest.raises(UntrustedError) as caught:
            w.check(lie, expected, target=digests)
        assert caught.value.code == "ENTRY_MISMATCH"


def test_pure_ed25519_signs_statements_but_stands_in_no_version_2_log():
    expected = Expected(keys=w.ring(ED25519))
    assert w.check(w.make(by="key", own=ED25519, log=w.V1), expected)
    assert w.check(w.make(by="key", own=ED25519, log=None), expected)
    for details in ("PKIX_ED25519", "PKIX_ECDSA_P256_SHA_256"):
        with pytest.raises(UntrustedError) as caught:
            w.check(w.make(by="key", own=ED25519, details=details), expected)
        assert caught.value.code == "ENTRY_MISMATCH"


def test_a_hint_spelt_as_npm_does_names_the_same_key():
    made = w.make(by="key")
    hint = f"SHA256:{made.hint.rstrip('=')}"
    data = changed(made.but(hint=hint).data(), "dsseEnvelope", "signatures", 0, "keyid", value=hint)
    assert w.check(data, w.BY_KEY).signer.key_id == made.hint


def test_keys_and_identities_may_both_be_expected():
    both = Expected(keys=w.ring(w.MANAGED), identities=(w.IDENTITY,))
    assert w.check(GOOD, both).signer.kind == "certificate"
    assert w.check(w.make(by="key"), both).signer.kind == "key"
