"""What we issue: its form, its limits, and that strangers' verifiers accept it."""

import hashlib
import subprocess
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import verification
from hypothesis import given, settings
from hypothesis import strategies as st
from rfc3161_client import TimestampRequestBuilder, VerifierBuilder, decode_timestamp_response

from assay.formats import ct, der, trustroot, tsp
from assay.formats.tsp import Request
from assay.model.errors import MalformedError, UnsupportedError, UntrustedError, UsageError
from assay.trust import certificate, issue, stamp, timestamps
from assay.trust.certificate import NAMES
from authorities import (
    END,
    ISSUER,
    NOW,
    OPENSSL,
    START,
    SUBJECT,
    WINDOW,
    needs_openssl,
    number,
    p256,
    p384,
    world,
)  # fmt: skip
from oidc import rsa_key
from signing import MemorySigner

WORLD = world()
SIGNATURE = b"a signature"
GOOD = Request(hash_algorithm="sha256", imprint=hashlib.sha256(SIGNATURE).digest(), nonce=7, wants_certificate=True)


def pem(*certificates: bytes) -> bytes:
    return b"".join(x509.load_der_x509_certificate(one).public_bytes(Encoding.PEM) for one in certificates)


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=30)
SUBJECTS = st.builds(
    issue.Subject,
    identity=st.from_regex(r"[a-z]{1,8}@[a-z]{1,8}\.example", fullmatch=True),
    identity_kind=st.just("email"),
    issuer=st.sampled_from([ISSUER, "https://other.example/path"]),
    extensions=st.dictionaries(
        st.sampled_from([name for n, name in NAMES.items() if n not in (1, 7, 8)]), TEXTS, max_size=6
    ),
) | st.builds(
    issue.Subject,
    identity=TEXTS.map(lambda text: f"{text}!example.org"),
    identity_kind=st.just("username"),
    issuer=st.just(ISSUER),
)


@settings(max_examples=40)
@given(SUBJECTS, st.binary(min_size=20, max_size=20))
def test_what_is_issued_is_believed_and_says_what_it_was_told(subject, chance):
    data = WORLD.leaf(subject, serial=issue.serial(chance))
    found = certificate.check(data, (), (NOW,), WORLD.roots(), name="x")
    assert (found.identity, found.identity_kind) == (subject.identity, subject.identity_kind)
    assert found.issuer == subject.issuer
    assert found.extensions == {**subject.extensions, "issuer": subject.issuer, "issuerV1": subject.issuer}


def test_the_form_of_a_leaf():
    parsed = x509.load_der_x509_certificate(WORLD.leaf())
    assert parsed.subject == x509.Name([])
    assert parsed.not_valid_before_utc == NOW.replace(microsecond=0)
    assert parsed.not_valid_after_utc - parsed.not_valid_before_utc == timedelta(minutes=10)
    assert parsed.serial_number.bit_length() == 159
    kinds = [(one.oid.dotted_string, one.critical) for one in parsed.extensions]
    assert kinds == [
        ("2.5.29.15", True), ("2.5.29.37", False), ("2.5.29.14", False), ("2.5.29.35", False), ("2.5.29.17", True),
        ("1.3.6.1.4.1.57264.1.1", False), ("1.3.6.1.4.1.57264.1.8", False), ("1.3.6.1.4.1.57264.1.24", False),
        (ct.LIST_OID, False),
    ]  # fmt: skip


def test_the_entry_of_the_issuance_log_is_what_the_timestamp_signs():
    prepared = issue.prepare(SUBJECT, WORLD.client.public_key(), WORLD.ca, now=NOW, serial=number(1))
    done = issue.finish(prepared, WORLD.ct_signer, WORLD.ca_signer)
    tbs, value = ct.without_list(done, where="x")
    (timestamp,) = ct.read_list(value, where="x")
    spki = issue.chain.spki(x509.load_der_x509_certificate(WORLD.ca))
    assert prepared.entry == ct.signed_bytes(spki, tbs, timestamp_ms=timestamp.timestamp_ms)
    assert tbs == prepared.tbs
    assert len(prepared.entry) < 65_536


def test_the_same_words_give_the_same_bytes_but_for_the_signatures():
    first, second = (
        issue.prepare(SUBJECT, WORLD.client.public_key(), WORLD.ca, now=NOW, serial=number(1)) for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize(
    "subject",
    [
        {"identity": ""},
        {"identity": "a b@example.org"},
        {"identity": "jané@example.org"},
        {"identity": "a\n@example.org"},
        {"identity": "x" * 5_000},
        {"identity_kind": "uri", "identity": "https://exämple.org"},
        {"extensions": {"buildTrigger": "x" * 5_000}},
        {"extensions": {name: "x" * 4_000 for n, name in NAMES.items() if n not in (1, 7, 8)}},
    ],
)
def test_identities_no_certificate_can_hold(subject):
    with pytest.raises(UntrustedError) as caught:
        WORLD.leaf(msgspec.structs.replace(SUBJECT, **subject))
    assert caught.value.code == "IDENTITY"


def test_words_nobody_knows():
    with pytest.raises(UsageError):
        WORLD.leaf(msgspec.structs.replace(SUBJECT, extensions={"invented": "x"}))


@pytest.mark.parametrize(
    ("key", "error"),
    [
        (MemorySigner(ed25519.Ed25519PrivateKey.generate()), UnsupportedError),
        (MemorySigner(ec.generate_private_key(ec.SECP256K1())), UnsupportedError),
        (MemorySigner(rsa_key(1024)), UnsupportedError),
    ],
)
def test_keys_that_cannot_sign_for_the_log(key, error):
    with pytest.raises(error):
        WORLD.leaf(spki=key.public_key())


def test_a_damaged_key():
    with pytest.raises(MalformedError):
        WORLD.leaf(spki=b"\x30\x00")


class Liar:
    """A device that says it has one key and signs with another."""

    def __init__(self, said: MemorySigner) -> None:
        self.said = said

    def public_key(self) -> bytes:
        return self.said.public_key()

    def sign(self, data: bytes) -> bytes:
        return p256().sign(data)


@pytest.mark.parametrize(
    "changes", [{"authority": Liar(WORLD.ca_signer)}, {"log": Liar(WORLD.ct_signer)}, {"authority": p384()}]
)
def test_a_signer_that_lies_is_noticed_before_anything_leaves(changes):
    with pytest.raises(UntrustedError) as caught:
        WORLD.leaf(**changes)
    assert caught.value.code == "SIGNER"


def test_an_authority_has_no_ed25519_key():
    signer = MemorySigner(ed25519.Ed25519PrivateKey.generate())
    span = {"organization": "x", "start": START, "end": END, "serial": number(1)}
    with pytest.raises(UnsupportedError):
        issue.root(signer, common_name="r", **span)
    root = p384()
    top = issue.root(root, common_name="r", **span)
    middle = issue.intermediate(top, root, signer.public_key(), common_name="i", **span)
    with pytest.raises(UnsupportedError):
        WORLD.leaf(issuer=middle, authority=signer)


def test_a_log_key_that_browsers_would_not_know():
    with pytest.raises(UnsupportedError):
        WORLD.leaf(log=p384())


@pytest.mark.parametrize("now", [START - timedelta(seconds=1), END - timedelta(days=1, seconds=599), END])
def test_nothing_is_issued_outside_the_intermediate(now):
    with pytest.raises(UntrustedError) as caught:
        WORLD.leaf(now=now)
    assert caught.value.code == "CERT_WINDOW"


def test_an_intermediate_ends_with_its_root_at_the_latest():
    for end in (END, END + timedelta(seconds=1)):
        arguments = {"organization": "x", "common_name": "y", "start": START, "end": end, "serial": number(3)}
        root = p384()
        top = issue.root(root, organization="x", common_name="r", start=START, end=END, serial=number(1))
        if end == END:
            assert issue.intermediate(top, root, p384().public_key(), **arguments)
        else:
            with pytest.raises(UntrustedError, match="not at"):
                issue.intermediate(top, root, p384().public_key(), **arguments)


def test_certificates_after_2049_have_the_other_kind_of_time():
    far = datetime(2060, 1, 1, tzinfo=UTC)
    data = issue.root(p384(), organization="x", common_name="r", start=START, end=far, serial=number(1))
    assert x509.load_der_x509_certificate(data).not_valid_after_utc == far


# What others say.


def test_the_library_finds_a_path():
    def any_extension(*_: object) -> None:
        pass

    present = verification.Criticality.AGNOSTIC
    leaf_policy = verification.ExtensionPolicy.permit_all().require_present(
        x509.SubjectAlternativeName, verification.Criticality.CRITICAL, any_extension
    )
    ca_policy = verification.ExtensionPolicy.webpki_defaults_ca().may_be_present(
        x509.ExtendedKeyUsage, present, any_extension
    )
    verifier = (
        verification.PolicyBuilder()
        .time(NOW)
        .store(verification.Store([x509.load_der_x509_certificate(WORLD.ca_root)]))
        .extension_policies(ca_policy=ca_policy, ee_policy=leaf_policy)
        .build_client_verifier()
    )
    found = verifier.verify(x509.load_der_x509_certificate(WORLD.leaf()), [x509.load_der_x509_certificate(WORLD.ca)])
    assert len(found.chain) == 3


def sigstore_root(made, path):
    """Our trusted root as sigstore reads it; it wants a log, whose key does not matter here."""
    from sigstore.models import TrustedRoot

    roots = made.roots()
    path.write_bytes(trustroot.write(msgspec.structs.replace(roots, tlogs=roots.ctlogs)))
    return TrustedRoot.from_file(str(path))


def test_sigstore_believes_our_certificate_timestamps(tmp_path):
    from sigstore._internal.sct import verify_sct
    from sigstore._internal.trust import KeyringPurpose
    from sigstore.errors import VerificationError

    leaf = x509.load_der_x509_certificate(WORLD.leaf())
    above = [x509.load_der_x509_certificate(one) for one in (WORLD.ca, WORLD.ca_root)]
    verify_sct(leaf, above, sigstore_root(WORLD, tmp_path / "mine").ct_keyring(KeyringPurpose.VERIFY))
    with pytest.raises(VerificationError):
        verify_sct(leaf, above, sigstore_root(world(), tmp_path / "other").ct_keyring(KeyringPurpose.VERIFY))


def test_sigstore_believes_our_timestamps_and_our_path(tmp_path):
    from sigstore.verify.verifier import Verifier

    verifier = Verifier(trusted_root=sigstore_root(WORLD, tmp_path / "root"))
    answer = decode_timestamp_response(stamped(tsp.write_request(GOOD)).response)
    found = verifier._verify_signed_timestamp(answer, SIGNATURE)
    assert found.time == NOW.replace(microsecond=0)
    assert verifier._verify_signed_timestamp(answer, b"other") is None
    chain = verifier._verify_chain_at_time(x509.load_der_x509_certificate(WORLD.leaf()), found)
    assert x509.load_der_x509_certificate(WORLD.ca) in chain


@pytest.mark.parametrize(
    ("kind", "identity"),
    [
        ("email", "someone@example.org"),
        ("uri", "https://ci.example/o/r/.github/workflows/b.yml@refs/heads/main"),
    ],  # no user names: sigstore 4.5.1 takes the header of the text inside an OtherName for a part of it
)
def test_sigstore_reads_the_same_identity_and_issuer(kind, identity, tmp_path):
    from sigstore._internal.sct import verify_sct
    from sigstore._internal.trust import KeyringPurpose
    from sigstore.errors import VerificationError
    from sigstore.verify.policy import Identity, OIDCSourceRepositoryURI

    words = {"sourceRepositoryURI": "https://ci.example/o/r", "tokenSubject": "s"}
    subject = issue.Subject(identity=identity, identity_kind=kind, issuer=ISSUER, extensions=words)
    data = WORLD.leaf(subject)
    mine = certificate.check(data, (), (NOW,), WORLD.roots(), name="x")
    leaf, above = x509.load_der_x509_certificate(data), x509.load_der_x509_certificate(WORLD.ca)
    verify_sct(leaf, [above], sigstore_root(WORLD, tmp_path / "root").ct_keyring(KeyringPurpose.VERIFY))
    Identity(identity=mine.identity, issuer=mine.issuer).verify(leaf)
    OIDCSourceRepositoryURI(mine.extensions["sourceRepositoryURI"]).verify(leaf)
    for wrong in (Identity(identity=identity + "x", issuer=ISSUER), Identity(identity=identity, issuer=ISSUER + "/")):
        with pytest.raises(VerificationError):
            wrong.verify(leaf)


@needs_openssl
def test_openssl_believes_our_certificates(tmp_path):
    for name, certificates in (("root", [WORLD.ca_root]), ("ca", [WORLD.ca]), ("leaf", [WORLD.leaf()])):
        (tmp_path / name).write_bytes(pem(*certificates))
    arguments = ["-CAfile", "root", "-untrusted", "ca", "-attime", str(int(NOW.timestamp())), "-x509_strict", "leaf"]
    found = subprocess.run([OPENSSL, "verify", *arguments], cwd=tmp_path, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    late = [str(int(NOW.timestamp()) + 601) if one.isdecimal() else one for one in arguments]
    assert subprocess.run([OPENSSL, "verify", *late], cwd=tmp_path, capture_output=True).returncode != 0


def stamped(request: bytes, **changes) -> stamp.Stamped:
    arguments = {"now": NOW, "last": None, "serial": number(5), **changes}
    return stamp.respond(request, arguments.pop("authority", WORLD.authority()), **arguments)


@needs_openssl
@pytest.mark.parametrize("signer", [p256(), p384(), MemorySigner(rsa_key())])
@pytest.mark.parametrize("query", [["-sha256"], ["-sha512", "-cert"], ["-sha384", "-no_nonce"]])
def test_openssl_asks_and_believes_our_timestamps(signer, query, tmp_path):
    made = world(signer)
    (tmp_path / "data").write_bytes(SIGNATURE)
    (tmp_path / "root").write_bytes(pem(made.tsa_root))
    (tmp_path / "tsa").write_bytes(pem(made.tsa))
    run = {"cwd": tmp_path, "capture_output": True}
    subprocess.run([OPENSSL, "ts", "-query", "-data", "data", *query, "-out", "query"], check=True, **run)
    answer = stamped((tmp_path / "query").read_bytes(), authority=made.authority())
    (tmp_path / "reply").write_bytes(answer.response)
    verify = ["-in", "reply", "-CAfile", "root", "-untrusted", "tsa", "-attime", str(int(NOW.timestamp()))]
    for asked in (["-queryfile", "query"], ["-data", "data"]):
        found = subprocess.run([OPENSSL, "ts", "-verify", *asked, *verify], **run)
        assert b"Verification: OK" in found.stdout, found.stderr
    (tmp_path / "data").write_bytes(b"other")
    assert subprocess.run([OPENSSL, "ts", "-verify", "-data", "data", *verify], **run).returncode != 0


def test_the_python_client_asks_and_believes_our_timestamps():
    asked = TimestampRequestBuilder().data(SIGNATURE).nonce(nonce=True).build()
    answer = decode_timestamp_response(stamped(asked.as_bytes()).response)
    load = x509.load_der_x509_certificate
    verifier = VerifierBuilder(
        policy_id=x509.ObjectIdentifier(stamp.POLICY), tsa_certificate=load(WORLD.tsa), intermediates=[],
        roots=[load(WORLD.tsa_root)], nonce=asked.nonce,
    ).build()  # fmt: skip
    assert verifier.verify_message(answer, SIGNATURE)


# The timestamp authority's manners.


def test_a_granted_answer_echoes_nonce_and_certificate():
    answer = stamped(tsp.write_request(GOOD))
    token = tsp.read_response(answer.response, where="x").token
    assert (token.information.nonce, token.information.imprint) == (7, GOOD.imprint)
    assert token.certificates == (WORLD.tsa,)
    assert token.certificate_hash == hashlib.sha256(WORLD.tsa).digest()
    assert answer.time == token.information.time == NOW.replace(microsecond=0)
    bare = stamped(tsp.write_request(msgspec.structs.replace(GOOD, wants_certificate=False, nonce=None)))
    token = tsp.read_response(bare.response, where="x").token
    assert (token.certificates, token.information.nonce) == ((), None)


REFUSED = {
    "badDataFormat": b"hello",
    "badAlg": tsp.write_request(GOOD).replace(
        bytes.fromhex("0609608648016503040201"), bytes.fromhex("0609608648016503040204")
    ),
    "unacceptedPolicy": tsp.write_request(msgspec.structs.replace(GOOD, policy="1.2.3")),
    "unacceptedExtension": der.sequence(
        der.one(tsp.write_request(GOOD), where="x").value,
        der.context(0, der.sequence(der.oid("1.2.3"), der.octets(b""))),
    ),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_bad_requests_are_answered_with_the_reason(reason):
    answer = stamped(REFUSED[reason])
    assert answer.time is None
    assert answer.refusal.startswith(reason)
    read = tsp.read_response(answer.response, where="x")
    assert (read.status, read.token) == (tsp.REJECTION, None)
    assert read.text.startswith(reason)


@given(st.binary(max_size=80))
def test_any_request_is_answered(data):
    answer = stamped(data)
    assert answer.refusal
    assert tsp.read_response(answer.response, where="x").status == tsp.REJECTION


def test_time_never_goes_back():
    second = NOW.replace(microsecond=0)
    request = tsp.write_request(GOOD)
    assert stamped(request, last=second).time == second
    assert stamped(request, last=second + timedelta(seconds=1)).time == second + timedelta(seconds=1)
    refused = stamped(request, last=second + timedelta(seconds=2))
    assert refused.refusal.startswith("timeNotAvailable")
    assert stamped(request, now=END + timedelta(days=1)).refusal.startswith("timeNotAvailable")


@settings(max_examples=30)
@given(st.lists(st.integers(-3, 5), max_size=20))
def test_times_of_one_authority_never_decrease(steps):
    now, last = NOW, None
    for step in steps:
        now += timedelta(seconds=step)
        answer = stamp.stamp(GOOD, WORLD.authority(), now=now, last=last, serial=1)
        if answer.time is not None:
            assert last is None or answer.time >= last
            assert abs(answer.time - now) <= timedelta(seconds=2)
            last = answer.time


def test_the_wrong_key_and_kinds_of_keys():
    with pytest.raises(UntrustedError):
        stamped(tsp.write_request(GOOD), authority=stamp.Authority(certificate=WORLD.tsa, signer=p256()))
    with pytest.raises(UntrustedError):
        stamped(
            tsp.write_request(GOOD), authority=stamp.Authority(certificate=WORLD.tsa, signer=Liar(WORLD.tsa_signer))
        )
    ed = world(MemorySigner(ed25519.Ed25519PrivateKey.generate()))
    with pytest.raises(UnsupportedError):
        stamped(tsp.write_request(GOOD), authority=ed.authority())


def test_a_certificate_and_a_timestamp_of_one_authority_fit_together():
    answer = stamped(tsp.write_request(GOOD))
    times = timestamps.check([answer.response], SIGNATURE, WORLD.roots().timestamp_authorities, name="x").verified
    assert certificate.check(WORLD.leaf(), (), times, WORLD.roots(), name="x").issuer == ISSUER
    assert WINDOW.holds(times[0])
